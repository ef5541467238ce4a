//! `files/search`: filters, reach, a count that is not to be relied on, and an index that lags (§3.8).

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use sim115::{Content, Sim};

use crate::support::{Bench, errno, number};

async fn search(bench: &Bench, query: &str) -> Value {
    bench.json(&format!("webapi.115.com/files/search?{query}")).await
}

fn names(body: &Value) -> Vec<&str> {
    let mut names: Vec<_> = body["data"].as_array().unwrap().iter().map(|hit| hit["n"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn names_are_found_below_a_folder() {
    let bench = Bench::new().await;
    let tv = bench.sim.folder("/tv");
    let file = bench.sim.file("/tv/deep/Show.mkv", Content::pattern(7));
    bench.sim.folder("/shows");
    bench.sim.file("/show.txt", Content::pattern(1));
    for (query, found) in [
        ("", vec!["Show.mkv", "show.txt", "shows"]),
        ("&fc=1", vec!["shows"]),
        ("&fc=2&limit=200", vec!["Show.mkv", "show.txt"]),
        ("&type=4&aid=1", vec!["Show.mkv"]),
        ("&suffix=txt", vec!["show.txt"]),
        (&*format!("&cid={}", tv.0), vec!["Show.mkv"]),
    ] {
        assert_eq!(names(&search(&bench, &format!("search_value=show{query}")).await), found, "{query}");
    }
    let body = search(&bench, &format!("search_value=SHOW&cid={}", tv.0)).await;
    let hit = &body["data"][0];
    assert_eq!(
        (&hit["fid"], number(&hit["cid"])),
        (&file.0.to_string().into(), bench.sim.id_of("/tv/deep").unwrap().0 as i64)
    );
    assert_eq!((&body["state"], &body["folder"]["name"]), (&true.into(), &"tv".into()));
    assert_eq!(names(&search(&bench, "search_value=nothing").await), Vec::<&str>::new());
    bench.clean();
}

#[tokio::test]
async fn the_count_is_not_to_be_relied_on_and_the_index_comes_after_the_fact() {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000).search_lag(Duration::from_secs(30))).await;
    bench.sim.file("/show", Content::pattern(1));
    assert_eq!(names(&search(&bench, "search_value=show").await), Vec::<&str>::new());
    bench.sim.clock().advance(Duration::from_secs(30));
    let mut counts = HashSet::new();
    for _ in 0..40 {
        let body = search(&bench, "search_value=show").await;
        assert_eq!(names(&body), ["show"]);
        counts.insert(number(&body["count"]));
    }
    assert!(counts.len() > 1, "{counts:?}");
    bench.clean();
}

#[tokio::test]
async fn pages_up_to_ten_thousand_and_nothing_odd() {
    let bench = Bench::new().await;
    for n in 0..35 {
        bench.sim.file(&format!("/show {n:02}"), Content::pattern(1));
    }
    for (query, count) in [("", 32), ("&offset=32", 3), ("&limit=10", 10), ("&limit=20&offset=9980", 0)] {
        assert_eq!(names(&search(&bench, &format!("search_value=show{query}")).await).len(), count, "{query}");
    }
    assert_eq!(errno(&search(&bench, "search_value=show&suffix=.mkv").await), 20_021);
    bench.clean();
    let wrong =
        ["&limit=20&offset=9981", "&limit=0", "&fc=3", "&cid=-1", "&file_label=1", "&date=today", "&aid=7", "&o=x"];
    for query in wrong {
        assert_eq!(errno(&search(&bench, &format!("search_value=show{query}")).await), 990_002, "{query}");
    }
    assert_eq!(errno(&search(&bench, "search_value=").await), 990_002);
    assert_eq!(bench.sim.ledger().violations().len(), wrong.len() + 1);
}

#[tokio::test]
async fn pictures_and_videos_have_a_thumbnail_and_nothing_else_has() {
    let bench = Bench::new().await;
    for name in ["/a.mkv", "/b.jpg", "/c.txt", "/d/e.txt"] {
        bench.sim.file(name, Content::pattern(10));
    }
    let web = bench.json("webapi.115.com/files?cid=0&show_dir=1&cur=1&limit=100").await;
    let open = bench.open_json("ufile/files?cid=0&show_dir=1&cur=1&limit=100").await;
    for (body, name, url) in [(&web, "n", "u"), (&open, "fn", "thumb")] {
        for entry in body["data"].as_array().unwrap() {
            let (name, url) = (entry[name].as_str().unwrap(), entry[url].as_str().unwrap());
            let expected = ["a.mkv", "b.jpg"].contains(&name);
            assert_eq!(url.starts_with(&format!("{}/thumb/", bench.running.base_url())), expected, "{name}: {url}");
            assert!(expected || url.is_empty(), "{name}: {url}");
        }
    }
    let url =
        web["data"].as_array().unwrap().iter().find_map(|entry| entry["u"].as_str().filter(|url| !url.is_empty()));
    let picture = bench.http.get(url.unwrap()).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert!(picture.bytes().await.unwrap().starts_with(b"\x89PNG"));
    bench.clean();
    let bench = Bench::with(Sim::builder().bare_thumbnails()).await;
    bench.sim.file("/a.mkv", Content::pattern(10));
    let web = bench.json("webapi.115.com/files?cid=0&show_dir=1&cur=1").await;
    assert!(web["data"][0]["u"].as_str().unwrap().starts_with("?s="), "{web}");
}
