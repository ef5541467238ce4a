//! Logins beside and against each other: §1.5, §1.6, the devices, quirks 6 and 36.

use serde_json::{Value, json};
use sim115::{Content, Sim};

use crate::support::{Bench, OURS, errno, json_of};

const ROOT: &str = "webapi.115.com/files?cid=0";
const APS: &str = "aps.115.com/natsort/files.php?cid=0";
const SPACE: &str = "proapi.115.com/android/user/space_info";
const DEVICES: &str = "passportapi.115.com/app/1.0/web/1.0/login_log/login_devices";
const SSO: &str = "passportapi.115.com/app/1.0/web/1.0/check/sso?_=1700000000000";

/// Letters of the listed devices, the caller's own marked.
fn listed(devices: &Value) -> Vec<(&str, bool)> {
    let list = devices["list"].as_array().unwrap();
    list.iter().map(|device| (device["ssoent"].as_str().unwrap(), device["is_current"] == 1)).collect()
}

#[tokio::test]
async fn a_login_of_the_same_app_ends_the_one_before_app_first() {
    let bench = Bench::with(Sim::builder().kick_grace(2)).await;
    let first = bench.log_in("wechatmini").await;
    let other = bench.log_in("alipaymini").await;
    assert!(bench.sim.is_logged_in(&first) && bench.sim.is_logged_in(&other));
    let second = bench.log_in("wechatmini").await;
    assert_eq!([&first, &other, &second].map(|cookie| bench.sim.is_logged_in(cookie)), [false, true, true]);
    let refused = errno(&bench.json_as(&first, SPACE).await);
    assert!([99, 40_101_032].contains(&refused), "{refused}");
    assert_eq!(bench.json_as(&first, DEVICES).await["code"], 40_101_032, "the passport knows as well");
    assert_eq!(bench.json_as(&first, ROOT).await["state"], true);
    assert_eq!(bench.json_as(&first, APS).await["state"], true);
    assert_eq!(errno(&bench.json_as(&first, ROOT).await), refused, "the grace is over");
    for cookie in [&other, &second] {
        assert_eq!(bench.json_as(cookie, SPACE).await["state"], true);
    }
    bench.clean();
}

#[tokio::test]
async fn both_numbers_of_a_kicked_session_occur() {
    let bench = Bench::new().await;
    let mut seen = [false; 2];
    for _ in 0..20 {
        let old = bench.log_in("tv").await;
        bench.log_in("tv").await;
        let number = errno(&bench.json_as(&old, SPACE).await);
        seen[usize::from(number == 99)] = [99, 40_101_032].contains(&number);
    }
    assert_eq!(seen, [true, true]);
}

#[tokio::test]
async fn devices_are_the_living_sessions_newest_first() {
    let bench = Bench::new().await;
    let phone = bench.sim.login_elsewhere("ios");
    let own = bench.log_in("alipaymini").await;
    let body = bench.json_as(&own, DEVICES).await;
    assert_eq!(body["state"], 1);
    assert_eq!(listed(&body["data"]), [("R2", true), ("D1", false), ("R1", false)]);
    assert_eq!(listed(&bench.json_as(&phone, DEVICES).await["data"]), [("R2", false), ("D1", true), ("R1", false)]);
    for key in ["is_current", "ssoent", "utime", "device", "name", "icon", "desc", "ip", "city", "is_unusual"] {
        assert!(body["data"]["list"][0].get(key).is_some(), "{key}");
    }
    for key in ["ip", "device", "device_id", "network", "os", "city", "utime"] {
        assert!(body["data"]["last"].get(key).is_some(), "{key}");
    }
    assert_eq!(body["data"]["last"]["device"], "alipaymini");
    bench.clean();
}

#[tokio::test]
async fn a_kicked_session_that_is_still_served_finds_itself_on_no_list() {
    let bench = Bench::new().await;
    let old = bench.log_in("tv").await;
    bench.log_in("tv").await;
    let body = bench.json_as(&old, "webapi.115.com/files/index_info?count_space_nums=0").await;
    assert_eq!(listed(&body["data"]["login_devices_info"]), [("I1", false), ("R1", false)]);
    bench.clean();
}

#[tokio::test]
async fn check_sso_says_zero_for_yes_and_logs_the_others_out() {
    let bench = Bench::new().await;
    let [one, two, phone] = ["web", "desktop", "ios"].map(|app| bench.sim.login_elsewhere(app));
    let body = bench.json_as(&one, SSO).await;
    assert_eq!((&body["state"], &body["errno"], &body["data"]["user_id"]), (&0.into(), &0.into(), &12_345_678.into()));
    assert_eq!([&one, &two, &phone].map(|cookie| bench.sim.is_logged_in(cookie)), [true, false, true]);
    assert_eq!(errno(&bench.json_as(&two, ROOT).await), 40_101_032, "at once, everywhere");
    let dead = bench.json_as(&two, SSO).await;
    assert_ne!(dead["state"], 0);
    assert_eq!((&dead["code"], &dead["data"]["user_id"]), (&40_101_032.into(), &0.into()));
    assert_eq!(bench.sim.ledger().violations().len(), 2, "no client of ours may call it");
}

#[tokio::test]
async fn a_logout_ends_that_session_alone() {
    let bench = Bench::new().await;
    let (kept, left) = (bench.sim.cookie(), bench.sim.login_elsewhere("tv"));
    let url = bench.url("passportapi.115.com/app/1.0/tv/1.0/logout/index");
    let post = async || {
        json_of(bench.http.post(&url).header("user-agent", OURS).header("cookie", &left).send().await.unwrap()).await
    };
    assert_eq!(post().await, json!({ "state": 1 }));
    assert_eq!(post().await["code"], 40_101_037);
    assert!(bench.sim.is_logged_in(&kept) && !bench.sim.is_logged_in(&left));
    bench.clean();
}

#[tokio::test]
async fn nobody_has_no_devices_and_an_unknown_app_no_path() {
    let bench = Bench::new().await;
    let body = bench.anyone(DEVICES).await;
    assert_eq!((&body["state"], &body["code"]), (&0.into(), &40_101_032.into()));
    bench.clean();
    assert_eq!(errno(&bench.json(&DEVICES.replace("web", "atari")).await), 980_006);
    assert_eq!(bench.sim.ledger().violations().len(), 1);
}

#[tokio::test]
async fn app_ways_may_turn_a_browser_away() {
    let bench = Bench::with(Sim::builder().refuse_browsers(true)).await;
    let code = bench.sim.pickcode(bench.sim.file("/f", Content::pattern(1))).unwrap();
    let app =
        async || errno(&json_of(bench.app("/app/chrome/downurl", &json!({ "pickcode": code }), None).await).await);
    assert_eq!(app().await, 0);
    bench.log_in("web").await;
    assert_eq!(app().await, 99);
    assert_eq!(bench.json(ROOT).await["state"], true);
    assert_eq!(bench.json(SPACE).await["state"], true, "only the ways to a link");
    bench.sim.refuse_browsers(false);
    assert_eq!(app().await, 0);
    bench.clean();
}
