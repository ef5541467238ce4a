//! Cookies, User-Agents, methods, the firewall and the session probe: quirks 6, 36, 39, 40, 48, 55 and 56.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use sim115::{Content, Fault, On, Sim, Times};

use crate::support::{Bench, OURS, PLAYER, errno, json_of};

const PROBE: &str = "my.115.com/?ct=guide&ac=status&_=1700000000000";
const ROOT: &str = "webapi.115.com/files?cid=0";

#[tokio::test]
async fn only_the_right_cookie_is_logged_in() {
    let bench = Bench::new().await;
    let ask = async |url: &str, cookie: &str| {
        json_of(
            bench.http.get(bench.url(url)).header("user-agent", OURS).header("cookie", cookie).send().await.unwrap(),
        )
        .await
    };
    let right = bench.sim.cookie();
    assert_eq!(ask(PROBE, &right).await, json!({ "state": true }));
    let old = right.split("; KID=").next().unwrap();
    assert_eq!(ask(ROOT, old).await["state"], true, "KID may be missing");
    for wrong in
        ["", "UID=1_R1_1; CID=2; SEID=3", &right.replace("CID=", "CID=0"), right.split("; SEID").next().unwrap()]
    {
        assert_eq!(errno(&ask(ROOT, wrong).await), 99, "{wrong}");
        assert_eq!(ask(PROBE, wrong).await, json!({ "state": false }), "{wrong}");
    }
    bench.clean();
}

#[tokio::test]
async fn a_semicolon_at_the_end_of_the_cookie_meets_the_firewall() {
    let bench = Bench::new().await;
    let cookie = format!("{};", bench.sim.cookie());
    let get = bench.http.get(bench.url(ROOT)).header("user-agent", OURS).header("cookie", cookie);
    let response = get.send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (405, "text/html"));
    assert!(response.text().await.unwrap().starts_with("<!doctypehtml>"));
    assert_eq!(bench.sim.ledger().violations().len(), 1);
}

#[tokio::test]
async fn a_missing_user_agent_is_refused_by_web_calls() {
    let bench = Bench::new().await;
    for url in [ROOT, PROBE, "webapi.115.com/files/download?pickcode=a"] {
        for user_agent in [None, Some("")] {
            let get = bench.http.get(bench.url(url)).header("cookie", bench.sim.cookie());
            let get = user_agent.into_iter().fold(get, |get, name| get.header("user-agent", name));
            assert_eq!(get.send().await.unwrap().status(), 405, "{url} {user_agent:?}");
        }
    }
    assert_eq!(bench.sim.ledger().violations().len(), 6);
}

#[tokio::test]
async fn wrong_methods_and_unknown_endpoints_are_not_found() {
    let bench = Bench::new().await;
    let post = bench.http.post(bench.url(ROOT)).header("user-agent", OURS).header("cookie", bench.sim.cookie());
    assert_eq!(errno(&json_of(post.send().await.unwrap()).await), 980_006);
    assert_eq!(errno(&bench.json("proapi.115.com/app/chrome/downurl?t=1").await), 980_006);
    assert_eq!(errno(&bench.json("webapi.115.com/files/nothing").await), 980_006);
    assert_eq!(bench.sim.ledger().violations().len(), 3);
    assert_eq!(bench.sim.ledger().count("unknown"), 1);
}

#[tokio::test]
async fn a_kicked_session_dies_app_first() {
    let bench = Bench::new().await;
    let code = bench.sim.pickcode(bench.sim.file("/f", Content::pattern(1))).unwrap();
    let app =
        async || errno(&json_of(bench.app("/app/chrome/downurl", &json!({ "pickcode": code }), None).await).await);
    assert_eq!(app().await, 0);
    bench.sim.kick(2);
    assert_eq!(app().await, 99);
    assert_eq!(bench.json(ROOT).await["state"], true);
    assert_eq!(bench.json(ROOT).await["state"], true);
    assert_eq!(errno(&bench.json(ROOT).await), 99);
    assert_eq!(bench.json(PROBE).await, json!({ "state": false }));
    let old = bench.sim.cookie();
    assert_ne!(bench.sim.login_again(), old);
    assert_eq!(app().await, 0);
}

#[tokio::test]
async fn too_many_calls_bring_the_firewall_for_eleven_minutes() {
    let builder = Sim::builder().stopped_at(1_700_000_000).waf_after(3, Duration::from_secs(1));
    let bench = Bench::with(builder).await;
    let status = async || bench.get(ROOT).send().await.unwrap().status().as_u16();
    assert_eq!([status().await, status().await, status().await, status().await], [200, 200, 200, 405]);
    bench.sim.clock().advance(Duration::from_secs(11 * 60 - 1));
    assert_eq!(status().await, 405);
    bench.sim.clock().advance(Duration::from_secs(1));
    assert_eq!(status().await, 200);
}

#[tokio::test]
async fn foreign_user_agents_may_be_too_old_without_a_number() {
    let bench = Bench::with(Sim::builder().require_known_ua(true)).await;
    let code = bench.sim.pickcode(bench.sim.file("/f", Content::pattern(1))).unwrap();
    for (user_agent, known) in [(None, false), (Some(PLAYER), false), (Some(OURS), true), (Some("115disk/30"), true)] {
        let body = json_of(bench.app("/app/chrome/downurl", &json!({ "pickcode": code }), user_agent).await).await;
        assert_eq!(body["state"], known, "{user_agent:?}");
        if !known {
            assert_eq!(body, json!({ "state": false, "error": "当前版本过低，请升级到最新版本下载。" }));
        }
    }
}

#[tokio::test]
async fn quota_comes_in_three_forms() {
    let bench = Bench::new().await;
    bench.sim.fault(On::Call("files"), Times::Next(1), Fault::TooManyRequests(60));
    bench.sim.fault(On::Call("files"), Times::Next(1), Fault::Errno(770_004, "已达到当前访问上限，请稍后再试"));
    bench.sim.fault(On::Call("files"), Times::Next(1), Fault::Errno(0, "已达到当前访问上限，请稍后再试"));
    let limited = bench.get(ROOT).send().await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["x-ratelimit-reset"].to_str().unwrap()), (429, "60"));
    assert_eq!(errno(&bench.json(ROOT).await), 770_004);
    let nameless = bench.json(ROOT).await;
    assert_eq!((&nameless["state"], errno(&nameless)), (&false.into(), 0));
    assert!(nameless.to_string().contains("访问上限"));
    assert_eq!(bench.json(ROOT).await["state"], true);
}

#[tokio::test]
async fn a_captcha_stops_every_api() {
    let bench = Bench::new().await;
    let handle = bench.sim.fault(On::AnyApi, Times::Always, Fault::Captcha);
    assert_eq!(errno(&bench.json(ROOT).await), 911);
    assert_eq!(errno(&bench.json(PROBE).await), 911);
    assert_eq!(handle.fired(), 2);
    bench.sim.clear_faults();
    assert_eq!(bench.json(ROOT).await["state"], true);
}

#[tokio::test]
async fn json_calls_itself_html_at_times_and_is_packed_on_request() {
    let bench = Bench::new().await;
    let mut types = HashSet::new();
    for _ in 0..20 {
        let response = bench.get(ROOT).send().await.unwrap();
        types.insert(response.headers()["content-type"].to_str().unwrap().to_owned());
    }
    let both = ["application/json; charset=utf-8", "text/html; charset=utf-8"].map(str::to_owned);
    assert_eq!(types, HashSet::from(both));
    let raw = reqwest::Client::builder().no_gzip().no_proxy().build().unwrap();
    let ask = async |accepted: &str| {
        let get = raw.get(bench.url(ROOT)).header("user-agent", OURS).header("cookie", bench.sim.cookie());
        get.header("accept-encoding", accepted).send().await.unwrap().bytes().await.unwrap()
    };
    assert_eq!(ask("gzip, br").await[..2], [0x1f, 0x8b]);
    assert_eq!(ask("identity").await[0], b'{');
}
