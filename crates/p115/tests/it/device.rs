//! Logging in by a QR code with an AppID of one's own.

use base64::Engine as _;
use p115::Kind;
use p115::QrState;
use p115::open::Ticket;
use rstest::rstest;
use secrecy::ExposeSecret as _;

use crate::fake::{Fake, Reply, START, issued, json};

const BEGUN: &str = r#"{"state":1,"code":0,"message":"","data":{"uid":"aa11","time":1700000000,"sign":"cc33",
    "qrcode":"https://115.com/scan/dg-aa11"},"error":"","errno":0}"#;

fn ticket() -> Ticket {
    Ticket {
        qrcode: "https://115.com/scan/dg-aa11".to_owned(),
        uid: "aa11".to_owned(),
        time: "1700000000".to_owned(),
        sign: "cc33".into(),
        verifier: "v".repeat(64).into(),
    }
}

#[tokio::test]
async fn asks_for_a_code_with_the_hash_of_a_secret() {
    let fake = Fake::start(|_, _| json(BEGUN)).await;
    let ticket = fake.device_login().begin().await.unwrap();
    assert_eq!(
        (ticket.qrcode.as_str(), ticket.uid.as_str(), ticket.time.as_str(), ticket.sign.expose_secret()),
        ("https://115.com/scan/dg-aa11", "aa11", "1700000000", "cc33")
    );
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("POST", "passportapi.115.com/open/authDeviceCode"));
    assert_eq!((request.header("cookie"), request.header("authorization")), (None, None));
    assert_eq!(
        (request.form["client_id"].as_str(), request.form["code_challenge_method"].as_str()),
        ("100195125", "sha256")
    );
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&request.form["code_challenge"]).unwrap();
    assert_eq!(challenge.len(), 32);
    assert!(!format!("{request:?}").contains(ticket.verifier.expose_secret()));
}

#[rstest]
#[case::not_scanned(r#"{"state":1,"code":0,"message":"","data":{}}"#, QrState::Waiting)]
#[case::not_scanned_either(r#"{"state":1,"code":0,"message":"","data":[]}"#, QrState::Waiting)]
#[case::not_scanned_in_so_many_words(r#"{"state":1,"data":{"msg":"","status":0}}"#, QrState::Waiting)]
#[case::scanned(r#"{"state":1,"code":0,"message":"","data":{"msg":"x","status":1,"version":"1"}}"#, QrState::Scanned)]
#[case::confirmed(r#"{"state":1,"data":{"status":"2"}}"#, QrState::Confirmed)]
#[case::too_late(r#"{"state":1,"data":{"status":-1}}"#, QrState::Expired)]
#[case::cancelled(r#"{"state":1,"data":{"status":-2}}"#, QrState::Cancelled)]
#[case::something_new(r#"{"state":1,"data":{"status":7}}"#, QrState::Aborted)]
#[case::gone(r#"{"state":0,"code":40199002,"message":"key invalid","data":{}}"#, QrState::Expired)]
#[case::gone_without_a_word(r#"{"state":0,"code":0,"message":"","data":[]}"#, QrState::Expired)]
#[tokio::test]
async fn how_far_the_scan_is(#[case] reply: &'static str, #[case] state: QrState) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    assert_eq!(fake.device_login().poll(&ticket()).await.unwrap(), Some(state));
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("GET", "qrcodeapi.115.com/get/status"));
    assert_eq!(["uid", "time", "sign"].map(|key| request.query[key].as_str()), ["aa11", "1700000000", "cc33"]);
    assert_eq!((fake.calls(), request.header("cookie"), request.header("authorization")), (1, None, None));
}

#[tokio::test]
async fn an_answer_that_is_held_back_means_waiting() {
    let fake = Fake::start(|_, _| Reply::Silence).await;
    let login = fake.device_login();
    let poll = tokio::spawn(async move { login.poll(&ticket()).await });
    fake.wait_for(1).await;
    // From here on nothing but timers can move, and they move by themselves.
    tokio::time::pause();
    assert_eq!(poll.await.unwrap().unwrap(), None);
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn the_tokens_are_for_who_has_the_secret() {
    let fake = Fake::start(|_, _| issued(7)).await;
    let tokens = fake.device_login().finish(&ticket()).await.unwrap();
    assert_eq!((tokens.access.expose_secret(), tokens.refresh.expose_secret()), ("access-7", "refresh-7"));
    assert_eq!((tokens.expires, tokens.generation), (Some(START + 7200), 0));
    let request = fake.request(0);
    assert_eq!(
        (request.method.as_str(), request.place.as_str()),
        ("POST", "passportapi.115.com/open/deviceCodeToToken")
    );
    assert_eq!((request.form["uid"].as_str(), request.form["code_verifier"].len()), ("aa11", 64));
    assert!(!format!("{tokens:?} {:?}", ticket()).contains("access-7"));
}

#[rstest]
#[case::lost(Reply::Reset, Kind::Transport)]
#[case::no_tokens(json(r#"{"state":1,"data":{"access_token":"a"}}"#), Kind::Undecodable)]
#[case::wrong_secret(json(r#"{"state":0,"code":40140113,"message":"x","data":{}}"#), Kind::Rejected)]
#[case::busy(json(r#"{"state":0,"code":40110000,"message":"x","data":{}}"#), Kind::Transient)]
#[tokio::test]
async fn the_tokens_are_asked_for_once(#[case] reply: Reply, #[case] kind: Kind) {
    let fake = Fake::start(move |_, _| reply.clone()).await;
    assert_eq!(fake.device_login().finish(&ticket()).await.unwrap_err().kind, kind);
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn an_app_that_115_does_not_serve_is_named() {
    let fake = Fake::start(|_, _| json(r#"{"state":0,"code":40140108,"message":"x","data":{}}"#)).await;
    let error = fake.device_login().begin().await.unwrap_err();
    assert_eq!((error.kind, error.meaning()), (Kind::App, Some("115 has not approved the app yet")));
    assert_eq!(fake.calls(), 1);
}
