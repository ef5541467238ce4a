//! What it costs to put 10,000 entries in order with a name for each, to find one of them, and to keep them over a restart.
#![expect(clippy::unwrap_used, reason = "in a bench, a panic is the report")]

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gate115::{
    clock::Clock,
    drive::{Entry, Handle, Kind},
    path::Name,
    store::{Sqlite, Store, Table, Value},
    vfs::{Listing, record},
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
        thumb: None,
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

/// As 115 lists files: with a pickcode of its own, and a sum.
fn film(i: u64) -> Entry {
    Entry {
        handle: Handle::new(&format!("f:c{i:016}x")),
        name: Name::shown(&format!("A series of some name S01E{i:04} 1080p.mkv")),
        kind: Kind::File { size: 5_000_000_000 + i, sha1: Some(format!("{i:040x}").into()), complete: true },
        tag: format!("c{i:016}x").into(),
        modified: 1_700_000_000,
        created: 1_700_000_000 + i,
        thumb: None,
    }
}

fn kept(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kept");
    let listing = Listing::new((0..MANY).map(film).collect(), Duration::ZERO);
    let write = || record::write(1, false, listing.entries().iter().map(|entry| &**entry));
    let bytes = write();
    let read = |bytes: &[u8]| record::read(bytes).and_then(|record| Listing::of_shown(record.entries, Duration::ZERO));
    assert_eq!(read(&bytes).map(|listing| listing.entries().len() as u64), Some(MANY));
    group.bench_function("10k entries written", |bencher| bencher.iter(write));
    group.bench_function("10k entries read", |bencher| bencher.iter_with_large_drop(|| read(black_box(&bytes))));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = runtime.block_on(async {
        let store = Sqlite::open(dir.path(), Clock::default()).await.unwrap();
        store.put(Table::Listings, "a", Value::new(bytes.clone())).await.unwrap();
        Arc::new(store) as _
    });
    group.bench_function("10k entries read back from the disk", |bencher| {
        bencher.iter_with_large_drop(|| {
            let stored = runtime.block_on(store.get(Table::Listings, "a")).unwrap();
            stored.and_then(|stored| read(&stored.value.bytes))
        });
    });
    group.finish();
}

criterion_group!(benches, listing, kept);
criterion_main!(benches);
