//! Logging in by QR code: the steps on the wire, the states, and what each refusal tells a person.

use p115::{Kind, LoginApp, LoginFault, QrLogin, QrState, QrTicket, QrToken};
use rstest::rstest;

use crate::fake::{CID, Fake, Reply, SEID, json, waf};

const UID: &str = "8a3f20c1d2e34b5f96a7b8c9d0e1f203";
const TOKEN: &str = r#"{"state":1,"code":0,"message":"","data":{"uid":"8a3f20c1d2e34b5f96a7b8c9d0e1f203",
    "time":1700000000,"sign":"da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "qrcode":"https://115.com/scan/dg-8a3f20c1d2e34b5f96a7b8c9d0e1f203"}}"#;

fn result() -> Reply {
    json(&format!(
        r#"{{"state":1,"code":0,"errno":0,"message":"","error":"","data":{{"user_id":12345678,"user_name":"某人",
            "cookie":{{"UID":"12345678_R1_1700000000","CID":"{CID}","SEID":"{SEID}","KID":"{CID}"}},
            "face":{{}},"is_vip":1,"is_trusted":[]}}}}"#
    ))
}

fn app(name: &str) -> LoginApp {
    name.parse().unwrap()
}

fn token() -> QrToken {
    UID.parse().unwrap()
}

async fn begun(fake: &Fake) -> (QrLogin, QrTicket) {
    let login = QrLogin::new(fake.egress());
    let ticket = login.begin().await.unwrap();
    (login, ticket)
}

#[tokio::test]
async fn goes_from_a_code_to_a_cookie() {
    let fake = Fake::start(|request, _| match request.place.as_str() {
        "qrcodeapi.115.com/api/1.0/web/1.0/token" => json(TOKEN),
        "qrcodeapi.115.com/get/status" => json(r#"{"state":1,"code":0,"message":"","data":{"msg":"x","status":2}}"#),
        _ => result(),
    })
    .await;
    let (login, ticket) = begun(&fake).await;
    assert_eq!(ticket.text(), format!("https://115.com/scan/dg-{UID}"));
    assert_eq!(login.poll(&ticket).await.unwrap(), Some(QrState::Confirmed));
    let given = login.finish(ticket.token(), app("wechatmini")).await.unwrap();
    assert_eq!((given.user_id, given.user_name.as_deref()), (12_345_678, Some("某人")));
    let cookie = format!("UID=12345678_R1_1700000000; CID={CID}; SEID={SEID}; KID={CID}");
    assert_eq!((given.cookie.header().to_str().unwrap(), given.cookie.device()), (cookie.as_str(), "R1"));

    let poll = fake.request(1);
    assert_eq!((poll.query["uid"].as_str(), poll.query["time"].as_str()), (UID, "1700000000"));
    assert_eq!(poll.query["sign"], "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    let last = fake.request(2);
    assert_eq!(
        (last.method.as_str(), last.place.as_str()),
        ("POST", "passportapi.115.com/app/1.0/wechatmini/1.0/login/qrcode")
    );
    assert_eq!((last.form("account"), last.form("app")), (UID, "wechatmini"));
    assert!((0..3).all(|i| fake.request(i).header("cookie").is_none()));
}

#[tokio::test]
async fn any_process_may_ask_with_the_ticket() {
    let fake = Fake::start(|_, n| if n == 0 { json(TOKEN) } else { json(r#"{"state":1,"data":{"status":1}}"#) }).await;
    let (_, ticket) = begun(&fake).await;
    let kept = serde_json::to_string(&ticket).unwrap();
    let again: QrTicket = serde_json::from_str(&kept).unwrap();
    assert_eq!(again, ticket);
    let elsewhere = QrLogin::new(fake.egress());
    assert_eq!(elsewhere.poll(&again).await.unwrap(), Some(QrState::Scanned));
}

#[rstest]
#[case::waiting(r#"{"state":1,"data":{"msg":"","status":0,"version":"1"}}"#, QrState::Waiting)]
#[case::no_status(r#"{"state":1,"data":{}}"#, QrState::Waiting)]
#[case::empty_list(r#"{"state":1,"data":[]}"#, QrState::Waiting)]
#[case::no_data(r#"{"state":1,"code":0,"message":""}"#, QrState::Waiting)]
#[case::scanned(r#"{"state":1,"data":{"status":"1"}}"#, QrState::Scanned)]
#[case::confirmed(r#"{"state":true,"data":{"status":2}}"#, QrState::Confirmed)]
#[case::expired(r#"{"state":1,"data":{"status":-1}}"#, QrState::Expired)]
#[case::expired_by_number(r#"{"state":0,"code":40199002,"message":"key invalid"}"#, QrState::Expired)]
#[case::not_valid_any_more(r#"{"state":0,"code":0,"message":""}"#, QrState::Expired)]
#[case::cancelled(r#"{"state":1,"data":{"status":-2}}"#, QrState::Cancelled)]
#[case::unknown(r#"{"state":1,"data":{"status":7}}"#, QrState::Aborted)]
#[case::strange(r#"{"state":1,"data":{"status":"?"}}"#, QrState::Aborted)]
#[tokio::test]
async fn the_states_of_a_code(#[case] reply: &'static str, #[case] state: QrState) {
    let fake = Fake::start(move |_, n| if n == 0 { json(TOKEN) } else { json(reply) }).await;
    let (login, ticket) = begun(&fake).await;
    assert_eq!(login.poll(&ticket).await.unwrap(), Some(state));
    assert_eq!(fake.calls(), 2);
}

#[tokio::test]
async fn no_news_in_twenty_seconds_is_no_failure() {
    let fake = Fake::start(|_, n| if n == 0 { json(TOKEN) } else { Reply::Silence }).await;
    let (login, ticket) = begun(&fake).await;
    let poll = tokio::spawn(async move { login.poll(&ticket).await });
    fake.wait_for(2).await;
    tokio::time::pause();
    assert_eq!(poll.await.unwrap().unwrap(), None);
    assert_eq!(fake.calls(), 2);
}

#[tokio::test]
async fn a_poll_that_breaks_off_is_a_failure_and_not_news() {
    let fake = Fake::start(|_, n| if n == 0 { json(TOKEN) } else { Reply::Reset }).await;
    let (login, ticket) = begun(&fake).await;
    assert_eq!(login.poll(&ticket).await.unwrap_err().kind, Kind::Transport);
    assert_eq!(fake.calls(), 2);
}

#[rstest]
#[case("ios", "ios", Some("UPhone/1.0.0"))]
#[case("qios", "ios", Some("OfficePhone/1.0.0"))]
#[case("ipad", "ios", Some("UPad/1.0.0"))]
#[case("qipad", "ios", Some("OfficePad/1.0.0"))]
#[case("desktop", "web", None)]
#[case("alipaymini", "alipaymini", None)]
#[tokio::test]
async fn apple_devices_are_told_apart_by_the_user_agent(
    #[case] name: &str,
    #[case] asked_as: &str,
    #[case] agent: Option<&str>,
) {
    let fake = Fake::start(|_, _| result()).await;
    QrLogin::new(fake.egress()).finish(&token(), app(name)).await.unwrap();
    let request = fake.request(0);
    assert_eq!(request.place, format!("passportapi.115.com/app/1.0/{asked_as}/1.0/login/qrcode"));
    assert_eq!(request.agent(), Some(agent.unwrap_or("Mozilla/5.0 115Browser/35.6.0.3").as_bytes()));
}

/// Input, kind, what the person reads, and that nothing of it is asked twice or holds up the next login.
#[rstest]
#[case(40_101_004, LoginFault::Address, "abnormal", "midnight")]
#[case(40_101_009, LoginFault::Password, "password is wrong", "no password")]
#[case(40_101_010, LoginFault::TwoSteps, "second step", "finish the verification")]
#[case(40_101_017, LoginFault::Unverified, "could not verify", "begin again")]
#[case(40_101_030, LoginFault::NoMobile, "no mobile number", "bind a mobile")]
#[case(40_101_032, LoginFault::Again, "another login", "new code")]
#[case(40_101_033, LoginFault::Repeated, "made already", "good for one login")]
#[case(40_101_035, LoginFault::Removed, "device management", "who removes")]
#[case(40_101_037, LoginFault::Ended, "ended", "new code")]
#[case(40_101_038, LoginFault::Repeated, "made already", "good for one login")]
#[case(40_100_000, LoginFault::Token, "token", "new code")]
#[case(40_199_002, LoginFault::Expired, "expired", "scan the new code")]
#[case(40_109_999, LoginFault::Refused, "refuses", "what 115 says")]
#[tokio::test]
async fn every_refusal_has_its_message_and_advice(
    #[case] code: i64,
    #[case] fault: LoginFault,
    #[case] message: &str,
    #[case] advice: &str,
) {
    let fake = Fake::start(move |_, n| match n {
        0 => json(&format!(r#"{{"state":0,"code":{code},"errno":{code},"message":"","error":""}}"#)),
        _ => result(),
    })
    .await;
    let login = QrLogin::new(fake.egress());
    let error = login.finish(&token(), app("tv")).await.unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Login(fault), Some(code)));
    assert!(error.message.contains(message), "{error}");
    assert!(error.kind.advice().unwrap().contains(advice), "{error}");
    assert_eq!(fake.calls(), 1);
    login.finish(&token(), app("tv")).await.unwrap();
}

#[tokio::test]
async fn an_app_type_that_115_withdraws_later_is_known_by_its_text() {
    let fake = Fake::start(|_, _| {
        json(
            r#"{"state":0,"error":"登录失败,系统已下架!如果你有电脑端的使用需求","errno":0,"message":"登录失败,系统已下架!","code":0}"#,
        )
    })
    .await;
    let error = QrLogin::new(fake.egress()).finish(&token(), app("web")).await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (Kind::Login(LoginFault::Withdrawn), 1));
    assert!(error.message.contains("已下架"), "115's own words are kept: {error}");
}

#[rstest]
#[case::no_cookie(r#"{"state":1,"data":{"user_id":1}}"#)]
#[case::half_a_cookie(r#"{"state":1,"data":{"cookie":{"UID":"1_R1_2","CID":"","SEID":""}}}"#)]
#[case::no_data(r#"{"state":1,"data":[]}"#)]
#[tokio::test]
async fn a_login_without_a_cookie_is_none(#[case] reply: &'static str) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    let error = QrLogin::new(fake.egress()).finish(&token(), app("tv")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Undecodable);
}

#[rstest]
#[case::broken(Reply::Reset, Kind::Transport)]
#[case::stumbled(json(r#"{"state":0,"code":40110000}"#), Kind::Transient)]
#[tokio::test]
async fn a_login_is_asked_for_once(#[case] answer: Reply, #[case] kind: Kind) {
    let fake = Fake::start(move |_, _| answer.clone()).await;
    assert_eq!(QrLogin::new(fake.egress()).finish(&token(), app("tv")).await.unwrap_err().kind, kind);
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn the_firewall_pauses_the_address() {
    let fake = Fake::start(|_, _| waf()).await;
    let egress = fake.egress();
    let login = QrLogin::new(egress.clone());
    assert_eq!(login.begin().await.unwrap_err().kind, Kind::Waf);
    assert!(matches!(login.begin().await.unwrap_err().kind, Kind::Paused { .. }));
    assert!(egress.pause().is_some());
    assert_eq!(fake.calls(), 1);
}

#[rstest]
#[case(UID, true)]
#[case("https://115.com/scan/dg-8a3f20c1d2e34b5f96a7b8c9d0e1f203", true)]
#[case("", false)]
#[case("8a3f20c1 d2e34b5f96a7", false)]
#[case("https://115.com/scan/8a3f20c1d2e34b5f96a7b8c9d0e1f203", false)]
fn tokens_that_were_written_down(#[case] text: &str, #[case] good: bool) {
    assert_eq!(text.parse::<QrToken>().is_ok(), good);
}

#[tokio::test]
async fn neither_token_nor_sign_is_shown() {
    let fake = Fake::start(|_, n| if n == 0 { json(TOKEN) } else { Reply::Reset }).await;
    let (login, ticket) = begun(&fake).await;
    let error = login.poll(&ticket).await.unwrap_err();
    let shown = format!("{ticket:?} {:?} {error} {error:?} {:?}", ticket.token(), error.source);
    assert!(!shown.contains(UID) && !shown.contains("da39a3"), "{shown}");
}
