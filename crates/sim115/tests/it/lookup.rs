//! `files/getid`, `category/get` and `files/get_info`: quirks 6, 7, 15 and 58.

use std::collections::HashSet;

use serde_json::json;
use sim115::{Content, FileId, FolderId, NodeId, Raw};

use crate::support::{Bench, errno, number};

#[tokio::test]
async fn getid_knows_directories_only_and_never_says_no() {
    let bench = Bench::new().await;
    let folder = bench.sim.folder("/电影/a b");
    bench.sim.file("/电影/f.mkv", Content::pattern(1));
    let mut strings = HashSet::new();
    let asked = [("/电影/a b", folder.0), ("/电影/f.mkv", 0), ("/nothing", 0), ("/", 0)];
    for (path, id) in asked.into_iter().cycle().take(40) {
        let url = bench.get("webapi.115.com/files/getid").query(&[("path", path)]);
        let body = crate::support::json_of(url.send().await.unwrap()).await;
        assert_eq!((&body["state"], number(&body["id"])), (&true.into(), id as i64), "{path}");
        strings.insert((id == 0, body["id"].is_string()));
    }
    assert_eq!(strings.len(), 4);
    bench.clean();
}

#[tokio::test]
async fn category_has_no_state_and_the_missing_is_an_empty_list() {
    let bench = Bench::new().await;
    let file = bench.sim.file("/a/b/c.mkv", Content::seeded(1, 3_000_000_000));
    let body = bench.json(&format!("webapi.115.com/category/get?cid={}&aid=1", file.0)).await;
    assert!(body.get("state").is_none());
    assert_eq!((&body["file_name"], &body["size"]), (&"c.mkv".into(), &"2.79GB".into()));
    assert_eq!((number(&body["file_category"]), &body["pick_code"]), (1, &bench.sim.pickcode(file).unwrap().into()));
    assert!(body["ptime"].is_string() && body["utime"].is_string());
    let (a, b) = (bench.sim.id_of("/a").unwrap(), bench.sim.id_of("/a/b").unwrap());
    let ids: Vec<_> = body["paths"].as_array().unwrap().iter().map(|at| number(&at["file_id"]) as u64).collect();
    assert_eq!(ids, [0, a.0, b.0]);
    let folder = bench.json(&format!("webapi.115.com/category/get?cid={}", a.0)).await;
    assert_eq!((number(&folder["count"]), number(&folder["folder_count"])), (1, 1));
    assert_eq!((number(&folder["file_category"]), &folder["sha1"]), (0, &"".into()));
    bench.sim.remove(file);
    for cid in [file.0, 0, 17] {
        assert_eq!(bench.json(&format!("webapi.115.com/category/get?cid={cid}")).await, json!([]), "{cid}");
    }
}

#[tokio::test]
async fn get_info_is_a_list_of_one_entry() {
    let bench = Bench::new().await;
    let file = bench.sim.file("/c.mkv", Content::pattern(5));
    let code = bench.sim.pickcode(file).unwrap();
    for query in [format!("file_id={}", file.0), format!("pick_code={code}")] {
        let body = bench.json(&format!("webapi.115.com/files/get_info?{query}")).await;
        assert_eq!((&body["state"], &body["data"][0]["fid"]), (&true.into(), &file.0.to_string().into()));
    }
    let removed = bench.sim.file("/gone.mkv", Content::pattern(5));
    let gone = format!("pick_code={}", bench.sim.pickcode(removed).unwrap());
    assert!(bench.sim.remove(removed));
    for query in ["file_id=0", "file_id=99", "pick_code=", "pick_code=dtctprlmfkl4exiok", &gone] {
        let body = bench.json(&format!("webapi.115.com/files/get_info?{query}")).await;
        assert_eq!(body["state"], false);
        assert!([20_018, 70_005].contains(&errno(&body)), "{body}");
    }
}

#[test]
fn the_tree_is_changed_by_id() {
    let sim = sim115::Sim::builder().build();
    let file = sim.file("/a/f", Content::pattern(1));
    let (a, b) = (sim.folder("/a"), sim.folder("/b/c"));
    assert!(sim.rename(file, "g") && sim.move_to(file, b));
    assert_eq!(sim.id_of("/b/c/g"), Some(NodeId(file.0)));
    assert!(!sim.move_to(sim.folder("/b"), b), "a folder into itself");
    assert!(!sim.move_to(FileId(1), b) && !sim.remove(FileId(1)) && !sim.rename(FileId(1), "x"));
    assert!(sim.remove(sim.folder("/b")));
    assert_eq!((sim.id_of("/b/c/g"), sim.file_count(), sim.pickcode(file)), (None, 0, None));
    assert_eq!(sim.id_of("/a"), Some(a.into()));
    assert_eq!(sim.id_of("/"), Some(FolderId::ROOT.into()));
    let twins = [sim.raw_folder(a, "t"), sim.raw_folder(a, "t")];
    sim.raw_file(a, "t", Content::pattern(1), Raw::default());
    assert_eq!(sim.id_of("/a/t"), Some(twins[0].into()));
}
