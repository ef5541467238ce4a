//! What it costs to read a request's path: an everyday one, one of a long Chinese name, and two that mean harm.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use gate115::path::{MAX_PATH, VirtualPath};

fn path(criterion: &mut Criterion) {
    let chinese = VirtualPath::from_plain("/115/电视剧/一个很长的名字 第二季 (2026)/第 01 集 - 开始.mkv")
        .map(|path| path.to_uri());
    let deep = format!("/{}", "%2e%2e%2f".repeat(MAX_PATH / 10));
    let control = "/%01%02%2F".repeat(MAX_PATH / 10);
    let cases = [
        ("typical", "/115/Films/A%20film%20(2026)/A%20film.mkv", true),
        ("chinese", chinese.as_deref().unwrap_or_default(), true),
        ("hostile, too long and refused", &deep, false),
        ("hostile, spelt anew", &control[..MAX_PATH / 2 / 10 * 10], true),
    ];
    let mut group = criterion.benchmark_group("path");
    for (label, raw, is_path) in cases {
        assert_eq!(VirtualPath::from_uri(raw).is_ok(), is_path, "{label}");
        group.bench_function(label, |bencher| bencher.iter(|| VirtualPath::from_uri(black_box(raw))));
    }
    group.finish();
}

criterion_group!(benches, path);
criterion_main!(benches);
