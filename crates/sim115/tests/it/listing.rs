//! `files`: quirks 1 to 4, 8 to 10, 12 to 14, 57 and 58.

use std::collections::HashSet;

use serde_json::Value;
use sim115::{Content, FolderId, Raw, Sim};

use crate::support::{Bench, errno, names, number};

const OWN: &str =
    "aid=1&custom_order=2&show_dir=1&cur=1&snap=0&natsort=0&record_open_time=1&count_folders=1&format=json";

fn files(cid: impl std::fmt::Display, more: &str) -> String {
    format!("webapi.115.com/files?cid={cid}&{OWN}&{more}")
}

fn find<'v>(listing: &'v Value, name: &str) -> &'v Value {
    listing["data"].as_array().unwrap().iter().find(|entry| entry["n"] == name).unwrap()
}

#[tokio::test]
async fn a_folder_is_listed_with_its_own_cid_and_path_echoed() {
    let bench = Bench::new().await;
    let movies = bench.sim.folder("/Movies/中文");
    let file = bench.sim.file("/Movies/中文/a.mkv", Content::pattern(10));
    let sub = bench.sim.folder("/Movies/中文/sub");
    let body = bench.json(&files(movies.0, "o=user_ptime&asc=1&fc_mix=1&offset=0&limit=10")).await;
    assert_eq!(body["state"], true);
    assert_eq!(number(&body["cid"]), movies.0 as i64);
    assert_eq!((number(&body["count"]), &body["file_count"], &body["folder_count"]), (2, &1.into(), &1.into()));
    let path: Vec<_> = body["path"].as_array().unwrap().iter().map(|at| at["name"].as_str().unwrap()).collect();
    assert_eq!(path, ["根目录", "Movies", "中文"]);
    // Quirk 2: the same key means the parent in a file and the entry itself in a directory.
    let (a, sub_entry) = (find(&body, "a.mkv"), find(&body, "sub"));
    assert_eq!(a["fid"], file.0.to_string());
    assert_eq!(number(&a["cid"]), movies.0 as i64);
    assert_eq!(number(&sub_entry["cid"]), sub.0 as i64);
    assert!(sub_entry.get("fid").is_none_or(|fid| fid == ""));
    assert!(sub_entry["pc"].as_str().unwrap().starts_with('f'));
    assert_eq!(a["sha"], Content::pattern(10).sha1());
    // Quirk 58.
    assert!(movies.0 > 1 << 53);
    bench.clean();
}

#[tokio::test]
async fn a_wrong_cid_lists_the_root() {
    let bench = Bench::new().await;
    let file = bench.sim.file("/in root.txt", Content::bytes("x"));
    let gone = bench.sim.folder("/gone");
    bench.sim.remove(gone);
    for cid in [file.0, gone.0, 4_711] {
        let body = bench.json(&files(cid, "o=user_ptime&asc=1")).await;
        assert_eq!((&body["state"], number(&body["cid"])), (&true.into(), 0), "{cid}");
        assert_eq!(names(&body), ["in root.txt"]);
    }
    assert_eq!(names(&bench.json("webapi.115.com/files?show_dir=1&cur=1").await), ["in root.txt"]);
}

#[tokio::test]
async fn types_wander_between_number_and_string() {
    let bench = Bench::new().await;
    for n in 0..40 {
        bench.sim.file(&format!("/{n}.txt"), Content::pattern(n));
        bench.sim.folder(&format!("/dir {n}"));
    }
    let (mut seen, mut fids) = (HashSet::new(), HashSet::new());
    for _ in 0..12 {
        let body = bench.json(&files(0, "o=user_ptime&asc=1&limit=100")).await;
        for key in ["cid", "limit", "count", "is_asc"] {
            seen.insert((key, body[key].is_string()));
        }
        for entry in body["data"].as_array().unwrap() {
            for key in ["s", "m", "te", "tp", "to", "aid", "cid"] {
                if let Some(value) = entry.get(key) {
                    seen.insert((key, value.is_string()));
                }
            }
            fids.insert(entry.get("fid").map(|fid| fid == ""));
            if let Some(size) = entry.get("s") {
                assert_eq!(format!("{}.txt", number(size)), entry["n"].as_str().unwrap());
            }
        }
        assert_eq!(body["aid"], "1");
    }
    assert_eq!(seen.len(), 2 * 10, "{seen:?}");
    assert_eq!(fids, HashSet::from([None, Some(true), Some(false)]));
}

#[tokio::test]
async fn times_have_two_forms() {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000)).await;
    bench.sim.folder("/d");
    bench.sim.raw_file(FolderId::ROOT, "f", Content::bytes(""), Raw { created: Some(1_709_164_800), ..Raw::default() });
    let body = bench.json(&files(0, "o=user_ptime&asc=1")).await;
    assert_eq!(find(&body, "d")["t"], "1700000000");
    assert_eq!(find(&body, "f")["t"], "2024-02-29 08:00");
    assert_eq!(number(&find(&body, "f")["tp"]), 1_709_164_800);
}

#[tokio::test]
async fn orders_are_kept_and_ties_go_by_creation() {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000)).await;
    bench.sim.file("/b10", Content::pattern(1));
    bench.sim.folder("/d");
    bench.sim.file("/b2", Content::pattern(3));
    bench.sim.file("/a", Content::pattern(2));
    let list = async |more: &str| names(&bench.json(&files(0, more)).await);
    assert_eq!(list("o=user_ptime&asc=0&fc_mix=1").await, ["a", "b2", "d", "b10"]);
    assert_eq!(list("o=user_ptime&asc=0&fc_mix=0").await, ["d", "a", "b2", "b10"]);
    assert_eq!(list("o=file_size&asc=0&fc_mix=1").await, ["b2", "a", "b10", "d"]);
    assert_eq!(list("o=file_name&asc=1&fc_mix=1").await, ["a", "b10", "b2", "d"]);
    let natural =
        bench.json("aps.115.com/natsort/files.php?cid=0&asc=1&fc_mix=1&show_dir=1&cur=1&custom_order=2").await;
    assert_eq!(names(&natural), ["a", "b2", "b10", "d"]);
}

#[tokio::test]
async fn without_an_own_order_the_remembered_one_rules() {
    let bench = Bench::new().await;
    bench.sim.file("/b", Content::pattern(1));
    bench.sim.file("/a", Content::pattern(2));
    bench.sim.remember_order(FolderId::ROOT, "file_size", false, true);
    let body = bench.json("webapi.115.com/files?cid=0&show_dir=1&cur=1&o=file_name&asc=1").await;
    assert_eq!(names(&body), ["a", "b"]);
    assert_eq!((&body["order"], number(&body["is_asc"]), number(&body["fc_mix"])), (&"file_size".into(), 0, 1));
    let own = bench.json(&files(0, "o=file_name&asc=0&fc_mix=1")).await;
    assert_eq!((names(&own), &own["order"]), (vec!["b".to_owned(), "a".to_owned()], &"file_name".into()));
}

#[tokio::test]
async fn a_naturally_sorted_folder_refuses_an_order_and_suggests_another() {
    let bench = Bench::new().await;
    let folder = bench.sim.folder("/n");
    bench.sim.natsort(folder);
    let body = bench.json(&files(folder.0, "o=file_name&asc=1")).await;
    assert_eq!((&body["state"], &body["errNo"]), (&false.into(), &20_130_827.into()));
    assert_eq!((&body["order"], number(&body["is_asc"])), (&"user_ptime".into(), 1));
    assert_eq!(bench.json(&files(folder.0, "o=user_ptime&asc=1")).await["state"], true);
}

#[tokio::test]
async fn limits_are_cut_and_pages_end_empty() {
    let bench = Bench::new().await;
    for n in 0..1_200 {
        bench.sim.file(&format!("/{n:04}"), Content::pattern(0));
    }
    let page = async |more: &str| bench.json(&files(0, &format!("o=file_name&asc=1&{more}"))).await;
    let cut = page("limit=5000&offset=0").await;
    assert_eq!((names(&cut).len(), number(&cut["limit"]), number(&cut["count"])), (1150, 1150, 1200));
    assert_eq!(names(&page("limit=1150&offset=1150").await).first().unwrap(), "1150");
    assert_eq!(page("limit=1150&offset=1200").await["data"], serde_json::json!([]));
    assert_eq!(names(&page("").await).len(), 32);
}

#[tokio::test]
async fn pages_may_be_short_and_the_tree_may_change_between_them() {
    let bench = Bench::new().await;
    for n in 0..100 {
        bench.sim.file(&format!("/{n:03}"), Content::pattern(0));
    }
    bench.sim.short_pages(true);
    bench.sim.miscount(7);
    let (mut seen, mut short) = (Vec::new(), false);
    while seen.len() < 100 {
        let body = bench.json(&files(0, &format!("o=file_name&asc=1&limit=20&offset={}", seen.len()))).await;
        assert_eq!(number(&body["count"]), 107);
        short |= names(&body).len() < 20 && seen.len() + 20 < 100;
        seen.extend(names(&body));
    }
    assert!(short);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 100);
    bench.sim.short_pages(false);
    bench.sim.after_next("files", |sim| {
        sim.file("/late", Content::pattern(0));
    });
    assert_eq!(number(&bench.json(&files(0, "o=file_name&asc=1")).await["count"]), 107);
    assert_eq!(number(&bench.json(&files(0, "o=file_name&asc=1")).await["count"]), 108);
}

#[tokio::test]
async fn without_show_dir_and_cur_the_list_is_of_everything_below() {
    let bench = Bench::new().await;
    bench.sim.file("/a/deep/x.mkv", Content::pattern(0));
    bench.sim.file("/y.srt", Content::pattern(0));
    let list = async |more: &str| names(&bench.json(&format!("webapi.115.com/files?cid=0&{more}")).await);
    assert_eq!(list("show_dir=0&cur=0").await, ["x.mkv", "y.srt"]);
    assert_eq!(list("").await, ["x.mkv", "y.srt"]);
    assert_eq!(list("show_dir=0&cur=1").await, ["y.srt"]);
    assert_eq!(list("show_dir=1").await, ["a", "y.srt"]);
    assert_eq!(list("show_dir=1&nf=1").await, ["a"]);
    assert_eq!(list("show_dir=1&type=4").await, ["x.mkv"]);
    assert_eq!(list("show_dir=1&suffix=srt").await, ["y.srt"]);
}

#[tokio::test]
async fn names_may_be_anything_and_come_twice() {
    let bench = Bench::new().await;
    let raw = |name: &str| bench.sim.raw_file(FolderId::ROOT, name, Content::pattern(0), Raw::default());
    raw("a/b\u{1}.mkv");
    raw("twin");
    raw("twin");
    bench.sim.raw_folder(FolderId::ROOT, "twin");
    bench.sim.raw_folder(FolderId::ROOT, "twin");
    raw("👊😀");
    let listed = names(&bench.json(&files(0, "o=file_name&asc=1&fc_mix=1")).await);
    assert_eq!(listed, ["a/b\u{1}.mkv", "twin", "twin", "twin", "twin", "[\u{2}128074]😀"]);
}

#[tokio::test]
async fn an_unfinished_upload_has_no_hash_and_a_size_may_be_wrong() {
    let bench = Bench::new().await;
    let raw = Raw { incomplete: true, size: Some(9), ..Raw::default() };
    let file = bench.sim.raw_file(FolderId::ROOT, "f", Content::bytes("abc"), raw);
    let entry = async || find(&bench.json(&files(0, "")).await, "f").clone();
    let pending = entry().await;
    assert_eq!((&pending["sha"], number(&pending["s"])), (&"".into(), 9));
    assert!(bench.sim.complete(file));
    assert_eq!(entry().await["sha"], Content::bytes("abc").sha1());
}

#[tokio::test]
async fn what_the_sheet_does_not_name_is_refused() {
    let bench = Bench::new().await;
    for query in
        ["cid=0&page=1", "cid=0&cid=1", "cid=x", "cid=0&o=name", "cid=0&limit=0", "cid=0&asc=2", "cid=0&star=1"]
    {
        let before = bench.sim.ledger().violations().len();
        assert_eq!(errno(&bench.json(&format!("webapi.115.com/files?{query}")).await), 990_002, "{query}");
        assert_eq!(bench.sim.ledger().violations().len(), before + 1, "{query}");
    }
}
