//! `share/snap`: anybody's listing of a share (§9.2, §9.3, quirks 3, 4, 10, 39 and 47).

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use sim115::{Content, FolderId, Raw, Sim};

use crate::support::{Bench, OURS, errno, json_of, number};

const SNAP: &str = "webapi.115.com/share/snap?share_code=sw3abc&receive_code=ab12&cid=0&offset=0&limit=100";

fn listed(body: &Value) -> Vec<&str> {
    body["data"]["list"]
        .as_array()
        .unwrap_or_else(|| panic!("{body}"))
        .iter()
        .map(|e| e["n"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn anybody_with_both_codes_sees_the_root() {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000)).await;
    let share = bench.sim.share("sw3abc", "ab12");
    let (file, folder) = (share.file("/a.mkv", Content::pattern(10)), share.folder("/电影"));
    share.file("/电影/b.mkv", Content::pattern(5));
    for cid in ["", "cid=", "cid=0"] {
        let body = bench.snap("sw3abc", &format!("receive_code=ab12&{cid}")).await;
        assert_eq!((&body["state"], &body["data"]["count"]), (&true.into(), &2.into()));
        assert_eq!(listed(&body), ["电影", "a.mkv"]);
        let (dir, entry) = (&body["data"]["list"][0], &body["data"]["list"][1]);
        assert_eq!((&dir["cid"], &dir["fc"], dir.get("fid")), (&folder.0.to_string().into(), &0.into(), None));
        assert_eq!((&entry["fid"], &entry["fc"]), (&file.0.to_string().into(), &1.into()));
        assert_eq!(entry["cid"], 0, "the number, where a folder has text");
        assert_eq!((&entry["t"], &dir["t"]), (&"1700000000".into(), &"1700000000".into()), "quirk 4");
        assert_eq!((number(&entry["s"]), &entry["sha"]), (10, &Content::pattern(10).sha1().into()));
        assert!(entry["uid"].is_u64() && entry.get("pc").is_none());
        let info = &body["data"]["shareinfo"];
        assert_eq!((&body["data"]["share_state"], &info["share_state"]), (&"1".into(), &"1".into()));
        assert_eq!((number(&info["file_size"]), &info["expire_time"]), (15, &(-1).into()));
        assert_eq!((&info["forbid_reason"], &info["have_vio_file"]), (&"".into(), &0.into()));
        assert!(body["data"]["userinfo"]["user_id"].is_string() && info["snap_id"].is_string());
    }
    let with = json_of(bench.on_share_page("sw3abc", SNAP, Some(&bench.sim.cookie())).send().await.unwrap()).await;
    assert_eq!(listed(&with), ["电影", "a.mkv"], "a cookie changes nothing");
    bench.clean();
}

#[tokio::test]
async fn below_the_root_a_files_cid_is_its_parent() {
    let bench = Bench::new().await;
    let share = bench.sim.share("sw3abc", "ab12");
    let folder = share.folder("/a/b");
    let (file, sub) = (share.file("/a/b/f", Content::pattern(1)), share.folder("/a/b/c"));
    let body = bench.snap("sw3abc", &format!("receive_code=ab12&cid={}", folder.0)).await;
    assert_eq!(listed(&body), ["c", "f"]);
    let (dir, entry) = (&body["data"]["list"][0], &body["data"]["list"][1]);
    assert_eq!((&dir["cid"], &dir["pid"]), (&sub.0.to_string().into(), &folder.0.to_string().into()));
    assert_eq!((&entry["fid"], number(&entry["cid"]) as u64), (&file.0.to_string().into(), folder.0));
    bench.clean();
}

#[tokio::test]
async fn numbers_come_as_texts_at_times() {
    let bench = Bench::new().await;
    bench.sim.share("sw3abc", "ab12").file("/f", Content::pattern(7));
    let mut seen = HashSet::new();
    for _ in 0..40 {
        let data = bench.snap("sw3abc", "receive_code=ab12").await["data"].clone();
        seen.insert(("s", data["list"][0]["s"].is_string()));
        for key in ["file_size", "create_time", "receive_count", "auto_renewal"] {
            seen.insert((key, data["shareinfo"][key].is_string()));
        }
    }
    assert_eq!(seen.len(), 10);
}

#[tokio::test]
async fn pages_are_cut_and_end_empty() {
    let bench = Bench::new().await;
    let share = bench.sim.share("sw3abc", "ab12");
    for n in 0..1_100 {
        share.raw_file(FolderId::ROOT, &format!("{n:04}"), Content::pattern(n), Raw::default());
    }
    let page = async |more: &str| bench.snap("sw3abc", &format!("receive_code=ab12&{more}")).await;
    assert_eq!(listed(&page("").await).len(), 20);
    let cut = page("limit=5000").await;
    assert_eq!((listed(&cut).len(), &cut["data"]["count"]), (1_000, &1_100.into()));
    assert_eq!(listed(&page("limit=1000&offset=1000&asc=1&o=file_name").await)[0], "1000");
    assert_eq!(listed(&page("limit=1&o=file_size&asc=0").await), ["1099"]);
    assert_eq!(listed(&page("offset=1100").await), Vec::<&str>::new());
    bench.sim.short_pages(true);
    bench.sim.miscount(3);
    let mut short = false;
    for _ in 0..20 {
        let body = page("limit=20").await;
        assert_eq!(body["data"]["count"], 1_103);
        short |= listed(&body).len() < 20;
    }
    assert!(short);
    bench.clean();
}

#[tokio::test]
async fn a_share_of_ones_own_is_part_of_the_accounts_tree() {
    let bench = Bench::new().await;
    let file = bench.sim.file("/Movies/a.mkv", Content::pattern(1));
    let single = bench.sim.file("/b.mkv", Content::pattern(2));
    bench.sim.file("/secret", Content::pattern(3));
    let movies = bench.sim.id_of("/Movies").unwrap();
    bench.sim.share_own("sw3abc", "ab12", &[movies, single.into()]);
    let list = async |cid: u64| bench.snap("sw3abc", &format!("receive_code=ab12&cid={cid}")).await;
    assert_eq!(listed(&list(0).await), ["Movies", "b.mkv"]);
    let inside = list(movies.0).await;
    assert_eq!(inside["data"]["list"][0]["fid"], file.0.to_string());
    assert!(bench.sim.rename(file, "c.mkv"));
    assert_eq!(listed(&list(movies.0).await), ["c.mkv"]);
    // Only the owner gets in without the receive code.
    let url = "webapi.115.com/share/snap?share_code=sw3abc";
    let own = json_of(bench.on_share_page("sw3abc", url, Some(&bench.sim.cookie())).send().await.unwrap()).await;
    assert_eq!(own["state"], true);
    assert_eq!(errno(&bench.snap("sw3abc", "").await), 4_100_012);
    bench.clean();
}

#[tokio::test]
async fn what_is_no_folder_of_the_share_is_not_listed() {
    let bench = Bench::new().await;
    let outside = bench.sim.folder("/outside");
    let shared = bench.sim.folder("/shared");
    let file = bench.sim.file("/shared/f", Content::pattern(1));
    bench.sim.share_own("sw3abc", "ab12", &[shared.into()]);
    for cid in [outside.0, file.0, 4_711] {
        assert_eq!(errno(&bench.snap("sw3abc", &format!("receive_code=ab12&cid={cid}")).await), 20_018, "{cid}");
    }
    bench.clean();
}

#[tokio::test]
async fn a_listing_brings_the_page_as_referer_and_known_parameters_only() {
    let bench = Bench::new().await;
    bench.sim.share("sw3abc", "ab12");
    let status = async |referer: Option<&str>| {
        let get = bench.http.get(bench.url(SNAP)).header("user-agent", OURS);
        let get = referer.into_iter().fold(get, |get, referer| get.header("referer", referer));
        get.send().await.unwrap().status().as_u16()
    };
    for right in ["https://115cdn.com/s/sw3abc?password=ab12&", "https://115.com/s/sw3abc"] {
        assert_eq!(status(Some(right)).await, 200, "{right}");
    }
    bench.clean();
    for wrong in [None, Some("https://115.com/"), Some("https://115cdn.com/s/sw3abcd?password=ab12&")] {
        assert_eq!(status(wrong).await, 405, "{wrong:?}");
    }
    assert_eq!(bench.sim.ledger().violations().len(), 3);
    for query in ["page=1", "cid=x", "o=name", "asc=2", "limit=0", "format=xml"] {
        let before = bench.sim.ledger().violations().len();
        assert_eq!(errno(&bench.snap("sw3abc", &format!("receive_code=ab12&{query}")).await), 990_002, "{query}");
        assert_eq!(bench.sim.ledger().violations().len(), before + 1, "{query}");
    }
}

#[tokio::test]
async fn the_firewall_is_for_an_address_and_for_listings_of_shares() {
    let builder = Sim::builder().stopped_at(1_700_000_000).snap_waf_after(2, Duration::from_secs(1));
    let bench = Bench::with(builder).await;
    bench.sim.share("sw3abc", "ab12");
    let status = async || bench.on_share_page("sw3abc", SNAP, None).send().await.unwrap().status().as_u16();
    assert_eq!([status().await, status().await, status().await], [200, 200, 405]);
    let with = bench.on_share_page("sw3abc", SNAP, Some(&bench.sim.cookie()));
    assert_eq!(with.send().await.unwrap().status(), 405, "no cookie helps");
    assert_eq!(bench.json("webapi.115.com/files?cid=0").await["state"], true, "all else goes on");
    let neighbour = Client::builder().local_address("127.0.0.2".parse().ok()).no_proxy().build().unwrap();
    let page = "https://115cdn.com/s/sw3abc?password=ab12&";
    let get = neighbour.get(bench.url(SNAP)).header("user-agent", OURS).header("referer", page);
    assert_eq!(get.send().await.unwrap().status(), 200, "and so do others");
    bench.sim.clock().advance(Duration::from_secs(11 * 60));
    assert_eq!(status().await, 200);
    bench.clean();
}
