//! What every call shares: headers, repetition, limits, and keeping still when told to.

use std::sync::Arc;
use std::time::Duration;

use p115::{Cause, Cid, Error, Kind, Pause};
use rstest::rstest;
use tokio::sync::Semaphore;

use crate::fake::{CID, Fake, Reply, SEID, json, status, waf};

const PAGE: &str = r#"{"state":true,"errNo":0,"data":[],"count":0,"offset":0,"cid":"0","path":[],"order":"user_ptime","is_asc":0,"fc_mix":1}"#;

async fn list(client: &p115::Client) -> Result<p115::FilePage, Error> {
    client.files(Cid::ROOT, 0, 100).await
}

#[tokio::test]
async fn every_call_carries_the_cookie_as_115_wants_it_and_our_name() {
    let fake = Fake::start(|_, _| json(PAGE)).await;
    list(&fake.client()).await.unwrap();
    let request = fake.request(0);
    let cookie = format!("UID=12345678_R1_1700000000; CID={CID}; SEID={SEID}");
    assert_eq!(request.header("cookie"), Some(cookie.as_bytes()));
    assert_eq!(request.agent(), Some(&b"Mozilla/5.0 115Browser/35.6.0.3"[..]));
    assert_eq!(request.header("accept-encoding"), Some(&b"gzip"[..]));
}

#[tokio::test]
async fn reads_compressed_replies() {
    // gzip of {"state":true}
    const GZIP: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 46, 73, 44, 73, 85, 178, 42, 41, 42, 77, 173, 5, 0, 82, 52, 35,
        229, 14, 0, 0, 0,
    ];
    let fake = Fake::start(|_, _| Reply::Http(200, vec!["Content-Encoding: gzip".to_owned()], GZIP.to_vec())).await;
    assert!(fake.client().alive().await.unwrap());
}

#[rstest]
#[case::server_error(status(502, "<html>bad gateway</html>"))]
#[case::reset(Reply::Reset)]
#[case::busy(json(r#"{"state":false,"errno":"990009","error":"操作未完成"}"#))]
#[case::asked_to_repeat(json(r#"{"state":false,"code":40110000}"#))]
#[tokio::test]
async fn repeats_what_may_pass_twice_at_most(#[case] stumble: Reply) {
    let twice = stumble.clone();
    let fake = Fake::start(move |_, n| if n < 2 { twice.clone() } else { json(PAGE) }).await;
    assert_eq!(list(&fake.client()).await.unwrap().count, 0);
    assert_eq!(fake.calls(), 3);

    let fake = Fake::start(move |_, _| stumble.clone()).await;
    let error = list(&fake.client()).await.unwrap_err();
    assert!(matches!(error.kind, Kind::Transient | Kind::Transport), "{error}");
    assert_eq!((fake.calls(), fake.client().pause()), (3, None));
}

#[rstest]
#[case(json(r#"{"state":false,"errno":20018,"error":"文件不存在"}"#), Kind::NotFound)]
#[case(json(r#"{"state":false,"errNo":990002}"#), Kind::Rejected)]
#[case(json(r#"{"state":false,"msg_code":"50038","message":"违规"}"#), Kind::Flagged)]
#[case(json(r#"{"state":"0","errno":"","error":"文件不存在"}"#), Kind::NotFound)]
#[case(json("neither JSON nor HTML"), Kind::Undecodable)]
#[case(json(""), Kind::Undecodable)]
#[case(status(302, ""), Kind::WayClosed)]
#[tokio::test]
async fn repeats_nothing_that_was_answered(#[case] answer: Reply, #[case] kind: Kind) {
    let fake = Fake::start(move |_, _| answer.clone()).await;
    let client = fake.client();
    assert_eq!(list(&client).await.unwrap_err().kind, kind);
    assert_eq!((fake.calls(), client.pause()), (1, None));
}

#[rstest]
#[case::firewall(waf(), Kind::Waf, Cause::Waf, Some(660))]
#[case::old_firewall(status(418, ""), Kind::Waf, Cause::Waf, Some(660))]
#[case::firewall_with_200(json("<!doctypehtml><title>405</title>"), Kind::Waf, Cause::Waf, Some(660))]
#[case::too_many(status(429, ""), Kind::Quota, Cause::Quota, Some(60))]
#[case::too_many_and_told(status(429, "").with("X-RateLimit-Reset: 90"), Kind::Quota, Cause::Quota, Some(90))]
#[case::too_many_and_told_too_much(status(429, "").with("X-RateLimit-Reset: 9000"), Kind::Quota, Cause::Quota, Some(3600))]
#[case::quota(json(r#"{"state":false,"code":770004,"message":"x"}"#), Kind::Quota, Cause::Quota, Some(60))]
#[case::quota_by_text(
    json(r#"{"state":false,"code":-1,"message":"已达到当前访问上限，请稍后再试"}"#),
    Kind::Quota,
    Cause::Quota,
    Some(60)
)]
#[case::captcha(json(r#"{"state":false,"errno":911,"error":"请验证账号"}"#), Kind::Captcha, Cause::Captcha, None)]
#[case::logged_out(json(r#"{"state":false,"errno":99,"error":"请重新登录"}"#), Kind::Session, Cause::Session, None)]
#[case::logged_out_by_text(
    json(r#"{"state":0,"errno":0,"msg":"登录超时，请重新登录"}"#),
    Kind::Session,
    Cause::Session,
    None
)]
#[tokio::test]
async fn a_paused_account_makes_no_call(
    #[case] answer: Reply,
    #[case] kind: Kind,
    #[case] cause: Cause,
    #[case] seconds: Option<u64>,
) {
    let fake = Fake::start(move |_, n| if n == 0 { answer.clone() } else { json(PAGE) }).await;
    let client = fake.client();
    let length = seconds.map(Duration::from_secs);
    let error = list(&client).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (kind, length));
    assert_eq!(client.pause(), Some(Pause { cause, until: length, code: error.code }));

    fake.advance(seconds.unwrap_or(1_000_000) - 1);
    let error = list(&client).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (Kind::Paused { cause }, length.map(|_| Duration::from_secs(1))));
    assert_eq!(client.alive().await.unwrap_err().kind, Kind::Paused { cause });
    assert_eq!(fake.calls(), 1);

    fake.advance(1);
    if seconds.is_none() {
        assert!(list(&client).await.is_err(), "such a pause does not end by itself");
        client.resume();
    }
    assert_eq!(list(&client).await.unwrap().count, 0);
    assert_eq!((fake.calls(), client.pause()), (2, None));
}

#[tokio::test]
async fn a_call_that_queued_notices_the_pause() {
    let held = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&held);
    let fake = Fake::start(move |_, _| Reply::Held(Arc::clone(&permits), Box::new(waf()))).await;
    let client = fake.client();
    let calls: Vec<_> = (0..12)
        .map(|_| {
            tokio::spawn({
                let c = client.clone();
                async move { list(&c).await }
            })
        })
        .collect();
    fake.wait_for(8).await;
    held.add_permits(12);
    let mut paused = 0;
    for call in calls {
        match call.await.unwrap().unwrap_err().kind {
            Kind::Waf => {}
            Kind::Paused { cause: Cause::Waf } => paused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((fake.calls(), paused), (8, 4));
}

#[tokio::test]
async fn at_most_eight_calls_are_under_way() {
    let held = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&held);
    let fake = Fake::start(move |_, _| Reply::Held(Arc::clone(&permits), Box::new(json(PAGE)))).await;
    let client = fake.client();
    let calls: Vec<_> = (0..12)
        .map(|_| {
            tokio::spawn({
                let c = client.clone();
                async move { list(&c).await }
            })
        })
        .collect();
    fake.wait_for(8).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fake.calls(), 8);
    held.add_permits(12);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(fake.calls(), 12);
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_one_try() {
    let fake = Fake::start(|_, _| Reply::Silence).await;
    let client = fake.client();
    let call = tokio::spawn(async move { list(&client).await });
    fake.wait_for(1).await;
    // From here on nothing but timers can move, and they move by themselves.
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    assert_eq!(call.await.unwrap().unwrap_err().kind, Kind::Timeout);
    assert!(start.elapsed() <= Duration::from_secs(21));
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn a_call_whose_turn_would_come_too_late_is_not_made() {
    let fake = Fake::start(|_, _| json(PAGE)).await;
    let client = fake.client_of("R1", 0.05);
    for _ in 0..3 {
        list(&client).await.unwrap();
    }
    tokio::time::pause();
    let spawn = || {
        tokio::spawn({
            let c = client.clone();
            async move { list(&c).await }
        })
    };
    // The first of these would get the next token, the others those of 40 and 60 seconds from now.
    let (first, second, third) = (spawn(), spawn(), spawn());
    for late in [third, second] {
        let error = late.await.unwrap().unwrap_err();
        assert_eq!(error.kind, Kind::Busy);
        assert!(error.retry_after.is_some());
    }
    first.abort();
    assert!(fake.calls() <= 4);
}

#[tokio::test]
async fn an_endless_reply_is_cut_off() {
    let fake = Fake::start(|_, _| Reply::Http(200, Vec::new(), vec![b' '; 33 * 1024 * 1024])).await;
    assert_eq!(list(&fake.client()).await.unwrap_err().kind, Kind::Undecodable);
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn no_secret_is_in_what_may_be_logged() {
    let fake = Fake::start(|_, _| Reply::Reset).await;
    let client = fake.client();
    let error = list(&client).await.unwrap_err();
    let shown = format!("{client:?} {error} {error:?} {:?}", error.source);
    assert!(!shown.contains(SEID) && !shown.contains(CID) && !shown.contains("cid=0"), "{shown}");
}
