//! How long a folder's page of 10,000 entries takes: by name as it comes, and sorted by size.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use gate115::{
    drive::{Entry, Handle, Kind},
    http::page::{FolderPage, Frame, Rows, Sort, folder},
    path::{Name, VirtualPath},
    vfs::Listing,
};

fn page(criterion: &mut Criterion) {
    let entries = (0..10_000u64).map(|i| Entry {
        handle: Handle::new("1"),
        name: Name::shown(&format!(
            "剧集 <Season {}> E{i:04} & \"more\".{}",
            i % 12,
            ["mkv", "zh.ass", "flac", "unheard"][i as usize % 4]
        )),
        kind: if i % 20 == 0 {
            Kind::Folder
        } else {
            Kind::File { size: i * 7_919_003 % 9_000_000_007, sha1: None, complete: true }
        },
        tag: format!("t{i}").into(),
        modified: 1_700_000_000 + i * 997,
        created: 0,
        thumb: None,
    });
    let listing = Listing::new(entries.collect(), Duration::ZERO);
    let path = VirtualPath::from_plain("/115/电视剧/A series").unwrap_or_else(|_| VirtualPath::root());
    for (label, query) in [("10k by name", ""), ("10k by size", "sort=size&order=desc")] {
        let page = FolderPage {
            frame: Frame::default(),
            path: &path,
            full: &path,
            rows: Rows::Entries(listing.entries()),
            nested: &[],
            sort: Sort::from_query(Some(query)),
            age: Some(Duration::from_secs(60)),
            stale: None,
            refresh: true,
            stable: None,
            playlist: None,
        };
        criterion.bench_function(label, |bencher| bencher.iter(|| folder(black_box(&page))));
    }
}

criterion_group!(benches, page);
criterion_main!(benches);
