//! What it costs to decide how a file goes out, and to write the head of a relayed answer.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use gate115::{
    deliver::{Route, Way, answer, head, plan},
    drive::{Entry, Handle, Kind},
    path::Name,
    vfs::Delivery,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

fn entry() -> Entry {
    Entry {
        handle: Handle::new("3342177983093201749"),
        name: Name::shown("电影 (2026) 1080p.mkv"),
        kind: Kind::File { size: 4_812_345_678, sha1: None, complete: true },
        tag: "dtctprlmfkl4exiok".into(),
        modified: 1_700_000_000,
        created: 1_700_000_000,
        thumb: None,
    }
}

fn deciding(criterion: &mut Criterion) {
    let entry = entry();
    assert_eq!(plan(Route::Delivered, &Delivery::Redirect, &entry).ok(), Some(Way::Redirect));
    criterion.bench_function("plan", |bencher| {
        bencher.iter(|| plan(black_box(Route::Delivered), &Delivery::Redirect, black_box(&entry)));
    });
    let mut asked = HeaderMap::new();
    asked.insert(header::RANGE, HeaderValue::from_static("bytes=1048576-1114111"));
    let head = head(&entry);
    assert_eq!(answer(&Method::GET, &asked, &entry, &head).status, StatusCode::PARTIAL_CONTENT);
    criterion.bench_function("head of a range", |bencher| {
        bencher.iter(|| answer(&Method::GET, black_box(&asked), black_box(&entry), &head));
    });
}

criterion_group!(benches, deciding);
criterion_main!(benches);
