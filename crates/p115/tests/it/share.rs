//! Shares: listed by address, opened by account, and each way one can be out of order.

use std::time::Duration;

use p115::{Ask, Binding, Cause, Cid, FileId, Kind, Share, ShareFault, ShareItemKind, ShareRef};
use reqwest::header::HeaderValue;
use rstest::rstest;

use crate::fake::{Fake, Reply, json, sealed, status, waf};

const SNAP: &str = "webapi.115.com/share/snap";
const APP: &str = "proapi.115.com/app/share/downurl";
const SITE: &str = "115cdn.com/webapi/share/downurl";
const WEB: &str = "webapi.115.com/share/downurl";
const ID: FileId = FileId::new(3_342_177_983_093_201_749);
const OURS: &str = "Mozilla/5.0 115Browser/35.6.0.3";
const VERSION: &str = r#"{"state":false,"error":"当前版本过低，请升级到最新版本下载。"}"#;
const CDN_COOKIE: &str = "Set-Cookie: 0123456789abcdef0123456789abcdef=fedcba9876543210fedcba9876543210; path=/aa/";
const PAGE: &str = r#"{"state":true,"errno":0,"data":{"userinfo":{"user_id":"1"},"shareinfo":{"share_title":"电影",
    "share_state":"1","expire_time":-1},"count":1,"share_state":"1","list":[{"fid":"3342177983093201749","cid":0,
    "n":"a.mkv","s":"600","t":"1700000000","fc":1}]}}"#;

fn reference() -> ShareRef {
    "https://115cdn.com/s/sw3abcd1234?password=ab12#".parse().unwrap()
}

fn stranger(fake: &Fake) -> Share {
    Share::new(fake.egress(), reference(), None)
}

fn member(fake: &Fake) -> Share {
    Share::new(fake.egress(), reference(), Some(fake.client()))
}

fn player() -> Ask {
    Ask { user_agent: Some(HeaderValue::from_static("VLC/3")), unbound: false }
}

fn anyone() -> Ask {
    Ask { unbound: true, ..player() }
}

fn file(f: &str) -> String {
    format!(
        r#"{{"fid":"3342177983093201749","fn":"中.mkv","fs":"600","url":{{"url":"https://cdn.example/aa/b.mkv?t=1758082642&c=2&f={f}&uc=10","client":1,"desc":null,"isp":null}}}}"#
    )
}

fn plain(f: &str) -> Reply {
    json(&format!(r#"{{"state":true,"errno":0,"data":{}}}"#, file(f)))
}

#[tokio::test]
async fn is_listed_without_a_login() {
    let fake = Fake::start(|_, _| json(PAGE)).await;
    let page = stranger(&fake).files(Cid::new(7), 1000, 5000).await.unwrap();
    assert_eq!((page.count, page.offset, page.info.title.as_deref()), (1, 1000, Some("电影")));
    assert_eq!(page.entries[0].kind, ShareItemKind::File { id: ID, size: 600, sha1: None });
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("GET", SNAP));
    let asked = ["share_code", "receive_code", "cid", "offset", "limit", "format"];
    let query = asked.map(|key| request.query[key].as_str());
    assert_eq!(query, ["sw3abcd1234", "ab12", "7", "1000", "1000", "json"]);
    assert_eq!(request.header("cookie"), None);
    assert_eq!(request.header("referer"), Some(&b"https://115cdn.com/s/sw3abcd1234?password=ab12&"[..]));
    assert_eq!(request.agent(), Some(OURS.as_bytes()));
}

#[tokio::test]
async fn an_account_lists_in_its_name_only_when_asked_to() {
    let fake = Fake::start(|_, _| json(PAGE)).await;
    member(&fake).files(Cid::ROOT, 0, 1000).await.unwrap();
    member(&fake).listing_as_account().files(Cid::ROOT, 0, 1000).await.unwrap();
    assert!(fake.request(0).header("cookie").is_none() && fake.request(1).header("cookie").is_some());
}

#[tokio::test]
async fn what_a_listing_meets_in_the_accounts_name_holds_for_the_account() {
    let fake = Fake::start(|_, n| match n {
        0 => json(r#"{"state":false,"errno":99,"error":"请重新登录"}"#),
        _ => json(PAGE),
    })
    .await;
    let client = fake.client();
    let share = Share::new(fake.egress(), reference(), Some(client.clone())).listing_as_account();
    assert_eq!(share.files(Cid::ROOT, 0, 1000).await.unwrap_err().kind, Kind::Session);
    assert_eq!(client.pause().unwrap().cause, Cause::Session);
    // The share itself can still be listed, without the dead login.
    share.files(Cid::ROOT, 0, 1000).await.unwrap();
    assert_eq!(fake.request(1).header("cookie"), None);
}

#[tokio::test]
async fn the_firewall_at_a_listing_stops_the_address_and_not_the_account() {
    let fake = Fake::start(|request, _| match request.place.as_str() {
        SNAP => waf(),
        _ => sealed(request, &file("1")),
    })
    .await;
    let (egress, client) = (fake.egress(), fake.client());
    let share = Share::new(egress.clone(), reference(), Some(client.clone()));
    assert_eq!(share.files(Cid::ROOT, 0, 1000).await.unwrap_err().kind, Kind::Waf);
    let other = Share::new(egress.clone(), "sw3zzzz9999".parse().unwrap(), None);
    assert_eq!(other.info().await.unwrap_err().kind, Kind::Paused { cause: Cause::Waf });
    assert_eq!((egress.pause().unwrap().cause, client.pause()), (Cause::Waf, None));
    share.link(ID, &player()).await.unwrap();
    assert_eq!(fake.places(), [SNAP, APP]);
}

/// Reply, fault, and what a person reads; nothing of it is asked twice or keeps other shares waiting.
#[rstest]
#[case::closed(r#"{"state":false,"errno":4100000,"error":""}"#, ShareFault::Closed, "closed", "owner")]
#[case::wrong(
    r#"{"state":false,"errno":4100008,"error":"访问码错误"}"#,
    ShareFault::WrongCode,
    "访问码错误",
    "check the receive code"
)]
#[case::invalid(r#"{"state":false,"errno":4100009}"#, ShareFault::Cancelled, "cancelled", "new link")]
#[case::cancelled(r#"{"state":false,"errno":"4100010"}"#, ShareFault::Cancelled, "cancelled", "new link")]
#[case::needs_a_code(
    r#"{"state":false,"error":"请输入访问码","errno":4100012,"data":{"is_access":0}}"#,
    ShareFault::CodeRequired,
    "请输入访问码",
    "password="
)]
#[case::expired(r#"{"state":false,"msg":"链接已过期","errno":4100018}"#, ShareFault::Expired, "链接已过期", "new link")]
#[case::missing(r#"{"state":false,"errno":4100026,"error":""}"#, ShareFault::Missing, "no such share", "new link")]
#[case::blocked(r#"{"state":false,"errno":4100033}"#, ShareFault::Blocked, "blocked", "only the owner")]
#[case::malformed(r#"{"state":false,"errno":990002,"error":"参数错误"}"#, ShareFault::Malformed, "参数错误", "/s/")]
#[case::building(
    r#"{"state":false,"error":"正在生成文件快照，请稍候"}"#,
    ShareFault::Building,
    "快照",
    "wait a minute"
)]
#[case::expired_as_a_success(
    r#"{"state":true,"errno":0,"data":{"shareinfo":{"share_state":7,"forbid_reason":"链接已过期","expire_time":1600000000},
        "count":1,"share_state":7,"list":[{"fid":"5","cid":0,"n":"a","s":1}]}}"#,
    ShareFault::Expired,
    "链接已过期",
    "new link"
)]
#[case::cancelled_as_a_success(
    r#"{"state":true,"data":{"shareinfo":{"forbid_reason":""},"share_state":"4","count":0,"list":[]}}"#,
    ShareFault::Cancelled,
    "cancelled",
    "new link"
)]
#[case::under_review(
    r#"{"state":true,"data":{"share_state":0,"count":0,"list":[]}}"#,
    ShareFault::Reviewing,
    "reviewing",
    "wait"
)]
#[tokio::test]
async fn every_fault_has_its_message_and_advice(
    #[case] reply: &'static str,
    #[case] fault: ShareFault,
    #[case] message: &str,
    #[case] advice: &str,
) {
    let fake = Fake::start(move |_, n| json(if n == 0 { reply } else { PAGE })).await;
    let share = stranger(&fake);
    let error = share.info().await.unwrap_err();
    assert_eq!(error.kind, Kind::Share(fault));
    assert!(error.message.contains(message), "{error}");
    assert!(error.kind.advice().unwrap().contains(advice), "{error}");
    assert_eq!(fake.calls(), 1);
    share.info().await.unwrap();
}

#[tokio::test]
async fn a_busy_share_is_asked_again() {
    let fake = Fake::start(|_, n| json(if n < 2 { r#"{"state":false,"errno":4100001}"# } else { PAGE })).await;
    stranger(&fake).info().await.unwrap();
    assert_eq!(fake.calls(), 3);
}

#[tokio::test]
async fn waits_as_long_as_it_is_told() {
    let fake = Fake::start(|_, n| json(if n == 0 { r#"{"margin":1}"# } else { PAGE })).await;
    let share = stranger(&fake);
    let start = tokio::time::Instant::now();
    share.info().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(fake.calls(), 2);
}

#[tokio::test]
async fn does_not_wait_longer_than_half_a_minute_and_says_so() {
    let fake = Fake::start(|_, n| json(if n == 0 { r#"{"margin":"90"}"# } else { PAGE })).await;
    let egress = fake.egress();
    let share = Share::new(egress.clone(), reference(), None);
    let error = share.info().await.unwrap_err();
    assert_eq!(error.kind, Kind::Share(ShareFault::Throttled));
    assert!(error.retry_after.unwrap() > Duration::from_secs(80), "{error:?}");
    assert!(error.message.contains("wait") && error.kind.advice().is_some());
    // It is the address that was told: no other share asks either.
    let other = Share::new(egress, "sw3zzzz9999".parse().unwrap(), None);
    assert_eq!(other.info().await.unwrap_err().kind, Kind::Share(ShareFault::Throttled));
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn who_is_told_to_wait_again_and_again_gives_up() {
    let fake = Fake::start(|_, _| json(r#"{"margin":1}"#)).await;
    let error = stranger(&fake).info().await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (Kind::Share(ShareFault::Throttled), 4));
}

#[tokio::test]
async fn a_link_without_a_login_is_refused_before_the_call() {
    let fake = Fake::start(|_, _| json(PAGE)).await;
    let error = stranger(&fake).link(ID, &player()).await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (Kind::Share(ShareFault::NeedsLogin), 0));
    assert!(error.message.contains("no 115 cookie") && error.kind.advice().unwrap().contains("cookie"));
}

#[tokio::test]
async fn for_a_client_asks_the_app_api_in_its_name() {
    let fake = Fake::start(|request, _| sealed(request, &file("1"))).await;
    let link = member(&fake).link(ID, &player()).await.unwrap();
    assert_eq!((link.binding, link.user_agent), (Binding::UserAgent, player().user_agent));
    assert_eq!((link.file_name.as_str(), link.size, link.connections), ("中.mkv", Some(600), 2));
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("POST", APP));
    assert_eq!(request.agent(), Some(&b"VLC/3"[..]));
    assert!(request.header("cookie").is_some() && request.query.contains_key("t"));
    let ask = serde_json::json!({"share_code": "sw3abcd1234", "receive_code": "ab12", "file_id": ID.to_string()});
    assert_eq!(request.ask(), ask);
}

#[tokio::test]
async fn for_anyone_asks_without_a_name() {
    let fake = Fake::start(|request, _| sealed(request, &file(""))).await;
    let link = member(&fake).link(ID, &anyone()).await.unwrap();
    assert_eq!((link.binding, fake.request(0).agent(), fake.calls()), (Binding::None, None, 1));
}

#[tokio::test]
async fn a_name_that_is_refused_is_replaced_by_115s_and_remembered() {
    let fake = Fake::start(|request, _| match request.agent() {
        Some(agent) if agent == OURS.as_bytes() => sealed(request, &file("1")),
        _ => json(VERSION),
    })
    .await;
    let share = member(&fake);
    for calls in [3, 4] {
        let link = share.link(ID, &anyone()).await.unwrap();
        assert_eq!((link.binding, link.user_agent), (Binding::UserAgent, Some(HeaderValue::from_static(OURS))));
        assert_eq!(fake.calls(), calls);
    }
    let agents: Vec<_> = (0..4).map(|i| fake.request(i).agent().map(<[u8]>::to_vec)).collect();
    let [vlc, ours] = [Some(b"VLC/3".to_vec()), Some(OURS.as_bytes().to_vec())];
    assert_eq!(agents, [None, vlc, ours.clone(), ours]);
}

#[tokio::test]
async fn as_115_a_link_may_want_a_cookie() {
    let fake = Fake::start(|request, _| match request.agent() {
        Some(agent) if agent == OURS.as_bytes() => sealed(request, &file("3")).with(CDN_COOKIE),
        _ => json(VERSION),
    })
    .await;
    let link = member(&fake).link(ID, &player()).await.unwrap();
    assert_eq!((link.binding, link.cookie.is_some()), (Binding::Cookie, true));
}

#[rstest]
#[case::unknown_call(json(r#"{"state":false,"errno":980006}"#))]
#[case::not_served(status(403, "<html>"))]
#[case::too_big(json(r#"{"state":false,"errno":50028}"#))]
#[case::nothing_sealed(json(r#"{"state":true,"data":[]}"#))]
#[case::firewall(waf())]
#[tokio::test]
async fn after_the_app_api_comes_the_share_site(#[case] closed: Reply) {
    let fake = Fake::start(move |request, _| match request.place.as_str() {
        APP => closed.clone(),
        SITE => plain("1"),
        other => panic!("{other}"),
    })
    .await;
    let link = member(&fake).link(ID, &player()).await.unwrap();
    assert_eq!((link.binding, link.user_agent), (Binding::UserAgent, player().user_agent));
    assert_eq!(fake.places(), [APP, SITE]);
    let request = fake.request(1);
    assert_eq!((request.method.as_str(), request.agent()), ("GET", Some(&b"VLC/3"[..])));
    let asked = ["share_code", "receive_code", "file_id", "dl"].map(|key| request.query[key].as_str());
    assert_eq!(asked, ["sw3abcd1234", "ab12", "3342177983093201749", "1"]);
    assert_eq!(request.header("referer"), Some(&b"https://115cdn.com/s/sw3abcd1234?password=ab12&"[..]));
}

#[rstest]
#[case::closed(json(r#"{"state":false,"errno":980006}"#))]
#[case::firewall_there_too(waf())]
#[tokio::test]
async fn past_the_firewall_only_one_more_way_is_tried(#[case] site: Reply) {
    let fake = Fake::start(move |request, _| if request.place == SITE { site.clone() } else { waf() }).await;
    let client = fake.client();
    let share = Share::new(fake.egress(), reference(), Some(client.clone()));
    assert_eq!(share.link(ID, &anyone()).await.unwrap_err().kind, Kind::Waf);
    assert_eq!((fake.places(), client.pause().unwrap().cause), (vec![APP.to_owned(), SITE.to_owned()], Cause::Waf));
}

#[rstest]
#[case::found(plain("3").with(CDN_COOKIE), Ok(Binding::Cookie))]
#[case::too_big(json(r#"{"state":false,"errno":50028}"#), Err(Kind::TooBig))]
#[case::no_cookie(plain("3"), Err(Kind::WayClosed))]
#[case::no_data(json(r#"{"state":true,"data":[]}"#), Err(Kind::WayClosed))]
#[tokio::test]
async fn the_last_resort_is_the_web(#[case] answer: Reply, #[case] found: Result<Binding, Kind>) {
    let fake = Fake::start(move |request, _| match request.place.as_str() {
        WEB => answer.clone(),
        _ => json(r#"{"state":false,"errno":980006}"#),
    })
    .await;
    let link = member(&fake).link(ID, &player()).await;
    assert_eq!(link.map(|link| link.binding).map_err(|e| e.kind), found);
    assert_eq!(fake.places(), [APP, SITE, WEB]);
    assert_eq!(fake.request(2).agent(), Some(OURS.as_bytes()));
}

#[rstest]
#[case::expired(r#"{"state":false,"msg":"链接已过期","errno":4100018}"#, Kind::Share(ShareFault::Expired))]
#[case::cancelled(r#"{"state":false,"errno":4100010}"#, Kind::Share(ShareFault::Cancelled))]
#[case::wrong_code(r#"{"state":false,"errno":4100008}"#, Kind::Share(ShareFault::WrongCode))]
#[case::no_file(r#"{"state":false,"errno":4100013}"#, Kind::Folder)]
#[case::gone(r#"{"state":false,"errno":20018,"error":"文件不存在"}"#, Kind::NotFound)]
#[case::our_mistake(r#"{"state":false,"errno":990002}"#, Kind::Rejected)]
#[case::logged_out(r#"{"state":false,"errno":990001}"#, Kind::Session)]
#[case::captcha(r#"{"state":false,"errno":911}"#, Kind::Captcha)]
#[tokio::test]
async fn an_answer_ends_the_search(#[case] reply: &'static str, #[case] kind: Kind) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    let error = member(&fake).link(ID, &anyone()).await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (kind, 1));
}

#[rstest]
#[case::folder(r#"{"fid":"3342177983093201749","fn":"d","fs":0,"url":false}"#, Kind::Folder)]
#[case::nothing(r#"{"fid":"3342177983093201749","fn":"d","fs":0,"url":null}"#, Kind::Folder)]
#[case::less_than_nothing(r#"{"fs":-1,"url":{"url":"https://h/"}}"#, Kind::NotFound)]
#[tokio::test]
async fn a_sealed_answer_ends_the_search(#[case] told: &'static str, #[case] kind: Kind) {
    let fake = Fake::start(move |request, _| sealed(request, told)).await;
    let error = member(&fake).link(ID, &player()).await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (kind, 1));
}

#[tokio::test]
async fn a_link_to_another_file_is_none() {
    let fake = Fake::start(|request, _| match request.place.as_str() {
        APP => sealed(request, &file("1").replace("3342177983093201749", "5")),
        _ => plain("1"),
    })
    .await;
    member(&fake).link(ID, &player()).await.unwrap();
    assert_eq!(fake.places(), [APP, SITE]);
}

#[tokio::test]
async fn a_link_that_is_made_to_wait_waits() {
    let fake =
        Fake::start(|request, n| if n == 0 { json(r#"{"margin":1}"#) } else { sealed(request, &file("1")) }).await;
    member(&fake).link(ID, &player()).await.unwrap();
    assert_eq!(fake.places(), [APP, APP]);
}

#[tokio::test]
async fn the_receive_code_is_not_shown() {
    let fake = Fake::start(|_, _| Reply::Reset).await;
    let share = member(&fake);
    let error = share.info().await.unwrap_err();
    let shown = format!("{share:?} {error} {error:?} {:?}", error.source);
    assert!(shown.contains("sw3abcd1234") && !shown.contains("ab12"), "{shown}");
}
