//! `ufile/files`: entries, defaults, pages and the wrong cid (§3.6, §3.7, §10.4; quirks 1, 3, 9, 10, 12, 13, 54, 57, 58).

use std::collections::HashSet;

use serde_json::{Value, json};
use sim115::{Content, FolderId, Raw, Sim};

use crate::support::{Bench, number};

fn names(body: &Value) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|entry| entry["fn"].as_str().unwrap()).collect()
}

fn find<'v>(body: &'v Value, name: &str) -> &'v Value {
    body["data"].as_array().unwrap().iter().find(|entry| entry["fn"] == name).unwrap()
}

#[tokio::test]
async fn a_folder_with_its_own_cid_and_path_echoed() {
    let bench = Bench::new().await;
    let movies = bench.sim.folder("/Movies/中文");
    let file = bench.sim.file("/Movies/中文/a.mkv", Content::pattern(10));
    let sub = bench.sim.folder("/Movies/中文/sub");
    let url =
        format!("ufile/files?cid={}&show_dir=1&cur=1&limit=1150&offset=0&custom_order=1&o=file_name&asc=1", movies.0);
    let body = bench.open_json(&url).await;
    assert_eq!((&body["state"], &body["code"], &body["message"]), (&true.into(), &0.into(), &"".into()));
    assert_eq!((&body["cid"], number(&body["count"])), (&movies.0.into(), 2));
    assert!(movies.0 > 1 << 53);
    let path: Vec<_> = body["path"].as_array().unwrap().iter().map(|at| at["name"].as_str().unwrap()).collect();
    assert_eq!(path, ["根目录", "Movies", "中文"]);
    assert_eq!(number(&body["path"][2]["cid"]), movies.0 as i64);
    assert_eq!(names(&body), ["sub", "a.mkv"]);
    let (a, dir) = (find(&body, "a.mkv"), find(&body, "sub"));
    assert_eq!((&a["fid"], &dir["fid"]), (&json!(file.0.to_string()), &json!(sub.0.to_string())));
    assert_eq!((&a["pid"], &dir["pid"]), (&json!(movies.0.to_string()), &json!(movies.0.to_string())));
    assert_eq!((&a["fc"], &dir["fc"]), (&json!("1"), &json!("0")));
    assert_eq!((&a["fs"], &a["sha1"], &a["ico"]), (&json!(10), &json!(Content::pattern(10).sha1()), &json!("mkv")));
    assert_eq!((&a["fta"], &a["aid"], &a["ism"]), (&json!("1"), &json!("1"), &json!("0")));
    assert_eq!(a["pc"], bench.sim.pickcode(file).unwrap());
    assert!(dir["pc"].as_str().unwrap().starts_with('f'));
    bench.clean();
}

#[tokio::test]
async fn without_parameters_there_are_no_folders_and_twenty_files_of_everything() {
    let bench = Bench::new().await;
    for n in 0..15 {
        bench.sim.file(&format!("/{n:02}"), Content::pattern(n));
        bench.sim.file(&format!("/sub/{n:02}b"), Content::pattern(n));
    }
    for url in ["ufile/files", "ufile/files?cid=&type=&limit=&offset=&suffix=&asc=&o=&custom_order=&cur=&show_dir="] {
        let body = bench.open_json(url).await;
        assert_eq!((names(&body).len(), number(&body["count"]), number(&body["limit"])), (20, 30, 20));
        assert!(names(&body).contains(&"00b") && !names(&body).contains(&"sub"), "it goes down");
    }
    assert_eq!(number(&bench.open_json("ufile/files?cur=1").await["count"]), 15);
    assert_eq!(number(&bench.open_json("ufile/files?cur=1&show_dir=1").await["count"]), 16);
    bench.clean();
}

#[tokio::test]
async fn a_wrong_cid_lists_the_root() {
    let bench = Bench::new().await;
    let file = bench.sim.file("/in root", Content::bytes("x"));
    let gone = bench.sim.folder("/gone");
    bench.sim.remove(gone);
    for cid in [file.0, gone.0, 4_711] {
        let body = bench.open_json(&format!("ufile/files?cid={cid}&show_dir=1&cur=1")).await;
        assert_eq!((&body["state"], &body["cid"], names(&body)), (&true.into(), &0.into(), vec!["in root"]));
    }
    bench.clean();
}

#[tokio::test]
async fn pages_are_cut_at_1150_and_end_in_nothing() {
    let bench = Bench::new().await;
    for n in 0..1_200 {
        bench.sim.file(&format!("/{n:04}"), Content::pattern(n));
    }
    let first = bench.open_json("ufile/files?limit=5000&show_dir=1&cur=1").await;
    assert_eq!((names(&first).len(), number(&first["count"]), number(&first["limit"])), (1_150, 1_200, 1_150));
    let second = bench.open_json("ufile/files?limit=5000&offset=1150&show_dir=1&cur=1").await;
    assert_eq!((names(&second).len(), &second["offset"]), (50, &1_150.into()));
    assert_eq!(names(&second)[0], "1150");
    assert_eq!(bench.open_json("ufile/files?offset=1200&show_dir=1&cur=1").await["data"], json!([]));
    bench.sim.short_pages(true);
    bench.sim.miscount(3);
    let mut lengths = HashSet::new();
    for _ in 0..10 {
        let body = bench.open_json("ufile/files?limit=100&show_dir=1&cur=1").await;
        assert_eq!(number(&body["count"]), 1_203);
        lengths.insert(names(&body).len());
    }
    assert!(lengths.len() > 1 && lengths.iter().all(|n| (50..=100).contains(n)), "{lengths:?}");
}

#[tokio::test]
async fn the_folder_remembers_its_order_unless_told() {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000)).await;
    bench.sim.raw_file(FolderId::ROOT, "b", Content::pattern(1), Raw::default());
    bench.sim.raw_file(FolderId::ROOT, "a", Content::pattern(2), Raw::default());
    bench.sim.folder("/c");
    let ask = async |more: &str| bench.open_json(&format!("ufile/files?show_dir=1&cur=1&{more}")).await;
    assert_eq!(names(&ask("o=file_size&asc=1&custom_order=1").await), ["c", "b", "a"]);
    assert_eq!(names(&ask("o=file_size&asc=0&custom_order=2").await), ["a", "b", "c"]);
    bench.sim.remember_order(FolderId::ROOT, "file_size", false, false);
    let body = ask("o=file_name&asc=1&custom_order=0").await;
    assert_eq!((names(&body), &body["order"], number(&body["is_asc"])), (vec!["c", "a", "b"], &"file_size".into(), 0));
    bench.sim.impose_order(FolderId::ROOT, "file_size", true, false);
    assert_eq!(names(&ask("o=file_name&asc=1&custom_order=1").await), ["c", "b", "a"]);
    bench.clean();
}

#[tokio::test]
async fn filters_go_down() {
    let bench = Bench::new().await;
    for path in ["/a.mkv", "/sub/b.mkv", "/c.srt", "/sub/d.MP3"] {
        bench.sim.file(path, Content::pattern(1));
    }
    let found = async |more: &str| {
        let body = bench.open_json(&format!("ufile/files?show_dir=1&{more}")).await;
        let mut names: Vec<_> = names(&body).into_iter().map(str::to_owned).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(found("type=4").await, "a.mkv b.mkv");
    assert_eq!(found("suffix=mp3").await, "d.MP3");
    assert_eq!(found("type=4&cur=1").await, "a.mkv sub");
    bench.clean();
}

#[tokio::test]
async fn types_wander() {
    let bench = Bench::new().await;
    for n in 0..10 {
        bench.sim.file(&format!("/{n}.mkv"), Content::pattern(n));
        bench.sim.folder(&format!("/dir {n}"));
    }
    let mut seen = HashSet::new();
    for _ in 0..12 {
        let body = bench.open_json("ufile/files?show_dir=1&cur=1&limit=100").await;
        assert!(body["cid"].is_u64() && body["code"].is_u64());
        for key in ["limit", "count", "aid", "is_asc"] {
            seen.insert((key, body[key].is_string()));
        }
        for entry in body["data"].as_array().unwrap() {
            assert!(["fid", "pid", "aid", "fc", "fn", "pc", "fta"].iter().all(|key| entry[key].is_string()), "{entry}");
            for key in ["upt", "uet", "uppt"] {
                seen.insert((key, entry[key].is_string()));
            }
            if entry["fc"] == "0" {
                seen.insert(("dir fs", entry.get("fs").is_none()));
                seen.insert(("dir sha1", entry.get("sha1").is_none()));
            } else {
                assert!(entry["fs"].is_u64(), "{entry}");
                seen.insert(("play_long", entry["play_long"].is_string()));
            }
        }
    }
    assert_eq!(seen.len(), 20, "{seen:?}");
}

#[tokio::test]
async fn an_upload_under_way_is_marked() {
    let bench = Bench::new().await;
    let raw = Raw { incomplete: true, ..Raw::default() };
    let file = bench.sim.raw_file(FolderId::ROOT, "half", Content::pattern(5), raw);
    let mut marks = HashSet::new();
    for _ in 0..20 {
        let body = bench.open_json("ufile/files?cur=1").await;
        assert_eq!(find(&body, "half")["sha1"], "");
        marks.insert(find(&body, "half")["fta"].as_str().unwrap().to_owned());
    }
    assert_eq!(marks, HashSet::from(["0", "2"].map(str::to_owned)));
    bench.sim.complete(file);
    assert_eq!(find(&bench.open_json("ufile/files?cur=1").await, "half")["fta"], "1");
}

#[tokio::test]
async fn what_open_does_not_know() {
    let bench = Bench::new().await;
    let wrong =
        ["o=user_ptime", "custom_order=3", "limit=0", "limit=x", "asc=2", "show_dir=2", "type=8", "star=1", "cid=-1"];
    for more in wrong {
        assert_eq!(bench.open_json(&format!("ufile/files?{more}")).await["code"], 990_002, "{more}");
    }
    assert_eq!(bench.sim.ledger().violations().len(), wrong.len());
}
