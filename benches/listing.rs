//! What it costs to put 10,000 entries in order with a name for each, and to find one of them.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gate115::{
    drive::{Entry, Handle, Kind},
    path::Name,
    vfs::Listing,
};

const MANY: u64 = 10_000;

/// `names` different ones: where that is less than [`MANY`], the others are namesakes.
fn entries(names: u64) -> Vec<Entry> {
    let entry = |i: u64| Entry {
        handle: Handle::new(&i.to_string()),
        name: Name::shown(&format!("剧集 Season {} E{:04}.mkv", i % names % 12, i % names)),
        kind: if i.is_multiple_of(20) { Kind::Folder } else { Kind::File { size: i, sha1: None, complete: true } },
        tag: format!("t{i}").into(),
        modified: 1_700_000_000 + i,
        // Not in the order in which they come.
        created: 1_700_000_000 + i * 7_919 % 10_007,
    };
    (0..MANY).map(entry).collect()
}

fn listing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("listing");
    for (label, names) in [("10k names", MANY), ("10k entries of 100 names", 100)] {
        let entries = entries(names);
        group.bench_function(label, |bencher| {
            bencher.iter_batched(
                || entries.clone(),
                |entries| Listing::new(entries, Duration::ZERO),
                BatchSize::LargeInput,
            );
        });
    }
    let listing = Listing::new(entries(MANY), Duration::ZERO);
    let last = listing.entries().last().map(|entry| entry.name.clone());
    let there = last.as_ref().map(Name::as_str).unwrap_or_default();
    assert!(listing.find(there).is_some() && listing.find("a file.mkv").is_none());
    group.bench_function("find", |bencher| bencher.iter(|| listing.find(black_box(there))));
    let tagged = last.as_ref().map(|name| name.tagged("t9999", false)).unwrap_or_else(|| Name::shown(""));
    group.bench_function("find by a tag", |bencher| bencher.iter(|| listing.find(black_box(tagged.as_str()))));
    group.finish();
}

criterion_group!(benches, listing);
criterion_main!(benches);
