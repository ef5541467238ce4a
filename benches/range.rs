//! What it costs to read a `Range` header: a player's, and one that is all digits.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use gate115::deliver::range::{Ranged, parse};

const SIZE: u64 = 4_812_345_678;

fn range(criterion: &mut Criterion) {
    let long = format!("bytes={}-", "9".repeat(8_000));
    let cases = [
        ("a part", "bytes=1048576-1114111", Ranged::Part { first: 1_048_576, last: 1_114_111 }),
        ("to the end", "bytes=4812000000-", Ranged::Part { first: 4_812_000_000, last: SIZE - 1 }),
        ("hostile", &*long, Ranged::Outside),
    ];
    let mut group = criterion.benchmark_group("range");
    for (label, header, want) in cases {
        assert_eq!(parse(header, SIZE), want, "{label}");
        group.bench_function(label, |bencher| bencher.iter(|| parse(black_box(header), SIZE)));
    }
    group.finish();
}

criterion_group!(benches, range);
criterion_main!(benches);
