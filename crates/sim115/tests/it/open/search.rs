//! `ufile/search`: filters, reach and an index that lags (§10.4).

use std::time::Duration;

use serde_json::{Value, json};
use sim115::{Content, FolderId, Raw, Sim};

use crate::support::Bench;

async fn found(bench: &Bench, more: &str) -> String {
    let body = bench.open_json(&format!("ufile/search?search_value=show&{more}")).await;
    let mut names: Vec<_> =
        body["data"].as_array().unwrap().iter().map(|hit| hit["file_name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names.join(" ")
}

#[tokio::test]
async fn names_are_found_below_a_folder() {
    let bench = Bench::new().await;
    let tv = bench.sim.folder("/tv");
    let file = bench.sim.file("/tv/deep/Show.mkv", Content::pattern(7));
    bench.sim.folder("/shows");
    bench.sim.file("/show.txt", Content::pattern(1));
    assert_eq!(found(&bench, "").await, "Show.mkv show.txt shows");
    assert_eq!(found(&bench, &format!("cid={}", tv.0)).await, "Show.mkv");
    assert_eq!(found(&bench, "cid=-1").await, "");
    assert_eq!(found(&bench, "fc=1").await, "shows");
    assert_eq!(found(&bench, "fc=2").await, "Show.mkv show.txt");
    assert_eq!(found(&bench, "type=4").await, "Show.mkv");
    assert_eq!(found(&bench, "suffix=txt").await, "show.txt");
    let body = bench.open_json("ufile/search?search_value=SHOW.mkv&limit=5&offset=0").await;
    assert_eq!((&body["count"], &body["limit"], &body["offset"]), (&json!(1), &json!(5), &json!(0)));
    let hit = &body["data"][0];
    assert_eq!((&hit["file_id"], &hit["file_size"]), (&json!(file.0.to_string()), &json!("7")));
    assert_eq!((&hit["file_category"], &hit["is_private"]), (&json!("1"), &json!(0)));
    assert_eq!((&hit["sha1"], &hit["area_id"]), (&json!(Content::pattern(7).sha1()), &json!("1")));
    assert!(
        ["user_id", "user_ptime", "user_utime", "pick_code", "parent_id", "ico"].iter().all(|key| hit[key].is_string())
    );
    bench.clean();
}

#[tokio::test]
async fn days_are_those_of_shanghai() {
    let bench = Bench::new().await;
    // 2023-11-14 23:59:59 and 2023-11-15 00:00:00, both at +08:00.
    for (name, created) in [("show old", 1_699_977_599), ("show new", 1_699_977_600)] {
        let raw = Raw { created: Some(created), ..Raw::default() };
        bench.sim.raw_file(FolderId::ROOT, name, Content::pattern(1), raw);
    }
    assert_eq!(found(&bench, "gte_day=2023-11-15").await, "show new");
    assert_eq!(found(&bench, "lte_day=2023-11-14").await, "show old");
    assert_eq!(found(&bench, "gte_day=2023-11-14&lte_day=2023-11-15").await, "show new show old");
}

#[tokio::test]
async fn the_index_comes_after_the_fact() {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000).search_lag(Duration::from_secs(30))).await;
    bench.sim.file("/show", Content::pattern(1));
    assert_eq!(found(&bench, "").await, "");
    bench.sim.clock().advance(Duration::from_secs(30));
    assert_eq!(found(&bench, "").await, "show");
}

#[tokio::test]
async fn pages_of_twenty_up_to_ten_thousand() {
    let bench = Bench::new().await;
    for n in 0..25 {
        bench.sim.file(&format!("/show {n:02}"), Content::pattern(1));
    }
    let page = async |more: &str| bench.open_json(&format!("ufile/search?search_value=show&{more}")).await;
    let names = |body: &Value| body["data"].as_array().unwrap().len();
    let (first, second) = (page("").await, page("offset=20").await);
    assert_eq!((names(&first), names(&second), &first["count"]), (20, 5, &json!(25)));
    assert_eq!(page("limit=20&offset=9980").await["data"], json!([]));
    bench.clean();
    assert_eq!(page("suffix=.mkv").await["code"], 20_021);
    bench.clean();
    for wrong in ["limit=20&offset=9981", "limit=0", "fc=3", "gte_day=2023-1-1", "type=9", "file_label=1", "cid=x"] {
        assert_eq!(page(wrong).await["code"], 990_002, "{wrong}");
    }
    assert_eq!(bench.open_json("ufile/search?search_value=").await["code"], 990_002);
    assert_eq!(bench.sim.ledger().violations().len(), 8);
}
