//! What the longest page of a listing costs to read.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use p115::{Cid, FilePage};
use serde_json::json;

fn listing(c: &mut Criterion) {
    let entries: Vec<_> = (0..1150_u64)
        .map(|i| {
            json!({"fid": (3_342_177_983_093_201_749 + i).to_string(), "uid": 12_345_678, "aid": 1,
                "cid": "3342177983093201700", "n": format!("电影 {i:04} (2023) 1080p.mkv"), "s": 5_000_000_000_u64 + i,
                "sta": 1, "pt": "0", "pid": "", "pc": format!("dtctprlmfkl4e{i:04}"), "p": 0, "m": 0,
                "t": "2023-11-15 06:13", "te": "1700000000", "tp": "1700000000", "d": 1, "c": 0, "sh": 0, "e": "",
                "ico": "mkv", "fatr": "0", "sha": format!("{i:040X}"), "q": 0, "hdf": 0, "et": 0, "epos": "-1",
                "fl": [], "u": "", "iv": 1, "vdi": 4, "play_long": 7200, "current_time": 0, "score": 0})
        })
        .collect();
    let body = json!({"state": true, "error": "", "errNo": 0, "data": entries, "count": 1150, "offset": 0,
        "cid": "3342177983093201700", "order": "user_ptime", "is_asc": 0, "fc_mix": 1,
        "path": [{"name": "根目录", "cid": 0}, {"name": "电影", "cid": "3342177983093201700"}]})
    .to_string();
    let cid = Cid::new(3_342_177_983_093_201_700);
    assert_eq!(FilePage::parse(cid, body.as_bytes()).unwrap().entries.len(), 1150);

    let mut group = c.benchmark_group("listing");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("1150 entries", |b| b.iter(|| FilePage::parse(cid, black_box(body.as_bytes())).unwrap()));
    group.finish();
}

criterion_group!(benches, listing);
criterion_main!(benches);
