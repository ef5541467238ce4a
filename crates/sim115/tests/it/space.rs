//! Who the account is and how much it holds: §1.6 and §3.9.

use std::collections::HashSet;

use serde_json::Value;
use sim115::{Content, Sim};

use crate::support::{Bench, errno, json_of};

fn size(space: &Value, key: &str) -> f64 {
    space[key]["size"].as_f64().unwrap_or_else(|| panic!("no number in {space}"))
}

#[tokio::test]
async fn nav_tells_the_user() {
    let bench = Bench::new().await;
    let body = bench.json("my.115.com/?ct=ajax&ac=nav&_=1700000000000").await;
    assert_eq!((&body["state"], &body["data"]["user_id"]), (&true.into(), &12_345_678.into()));
    assert!(body["data"]["vip"].is_u64() && body["data"]["expire"].is_u64());
    assert!(body["data"]["user_name"].is_string() && body["data"]["is_privilege"].is_boolean());
    assert_eq!(errno(&bench.anyone("my.115.com/?ct=ajax&ac=nav").await), 99);
    assert_eq!((bench.sim.ledger().count("nav"), bench.sim.ledger().count("status")), (2, 0));
    bench.clean();
    assert_eq!(errno(&bench.json("my.115.com/?ct=guide&ac=nav").await), 990_002);
}

#[tokio::test]
async fn space_is_total_used_and_remaining() {
    let bench = Bench::with(Sim::builder().space(3_000_000_000_000)).await;
    bench.sim.file("/a/b.mkv", Content::pattern(1_000_000_000_000));
    bench.sim.file("/c", Content::pattern(24));
    let index = bench.json("webapi.115.com/files/index_info?count_space_nums=0").await;
    assert_eq!((&index["state"], &index["data"]["imei_info"]), (&true.into(), &false.into()));
    let app = bench.json("proapi.115.com/android/user/space_info").await;
    for space in [&index["data"]["space_info"], &app["data"]] {
        assert_eq!(size(space, "all_total"), 3e12);
        assert_eq!(size(space, "all_use"), 1_000_000_000_024.0);
        assert_eq!(size(space, "all_remain"), 1_999_999_999_976.0);
        assert_eq!(space["all_total"]["size_format"], "2.73TB");
    }
    bench.clean();
}

#[tokio::test]
async fn a_size_is_written_in_three_ways() {
    let bench = Bench::with(Sim::builder().space(3_000_000_000_000)).await;
    let mut seen = HashSet::new();
    for _ in 0..30 {
        let text = bench.get("proapi.115.com/ios/user/space_info").send().await.unwrap().text().await.unwrap();
        let total = text.split("\"all_total\":{\"size\":").nth(1).unwrap();
        seen.insert(total.split(',').next().unwrap().to_owned());
    }
    assert_eq!(seen, HashSet::from(["3000000000000", "3000000000000.0", "3e12"].map(str::to_owned)));
}

#[tokio::test]
async fn browsers_have_no_app_path() {
    let bench = Bench::new().await;
    for app in ["web", "chrome", "wechatmini"] {
        assert_eq!(errno(&bench.json(&format!("proapi.115.com/{app}/user/space_info")).await), 980_006, "{app}");
    }
    let missing = bench.get("webapi.115.com/files/index_info?count_space_nums=2").send().await.unwrap();
    assert_eq!(errno(&json_of(missing).await), 990_002);
    assert_eq!(bench.sim.ledger().violations().len(), 4);
}
