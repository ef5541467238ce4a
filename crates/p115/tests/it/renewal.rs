//! Exchanging tokens: when, how often, in which order with the storing, and what is known when it fails.

use std::sync::Arc;
use std::time::Duration;

use p115::open::{Begin, LEASE, OpenClient, TokenKeeper as _, Tokens, User};
use p115::{Cause, Error, Kind};
use rstest::rstest;
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;

use crate::fake::{Fake, Reply, Request, START, issued, json, refusal, status, tokens};

pub(crate) const REFRESH: &str = "passportapi.115.com/open/refreshToken";
pub(crate) const USER: &str = "proapi.115.com/open/user/info";

/// To whoever has tokens of this generation or a newer one, and an expired token to everybody else.
pub(crate) fn user_for(generation: u64) -> impl Fn(&Request) -> Reply {
    move |request| {
        let bearer = String::from_utf8(request.header("authorization").unwrap().to_vec()).unwrap();
        let has: u64 = bearer.rsplit('-').next().unwrap().parse().unwrap();
        if has >= generation { json(r#"{"state":true,"code":0,"data":{"user_id":"5"}}"#) } else { refusal(40_140_125) }
    }
}

async fn user(client: &OpenClient) -> Result<User, Error> {
    client.user().await
}

fn renewals(fake: &Fake) -> usize {
    fake.places().iter().filter(|place| *place == REFRESH).count()
}

#[tokio::test]
async fn tokens_that_end_soon_are_renewed_before_they_are_used() {
    let fake = Fake::start(|request, _| if request.place == REFRESH { issued(2) } else { user_for(1)(request) }).await;
    let keeper = fake.keeper(tokens(1, Some(301)));
    let client = fake.open(keeper.clone());
    user(&client).await.unwrap();
    assert_eq!(fake.places(), [USER]);
    fake.advance(2);
    user(&client).await.unwrap();
    assert_eq!(fake.places(), [USER, REFRESH, USER]);

    let (renewal, after) = (fake.request(1), fake.request(2));
    assert_eq!((renewal.method.as_str(), renewal.form["refresh_token"].as_str()), ("POST", "refresh-1"));
    assert_eq!((renewal.header("authorization"), renewal.header("cookie")), (None, None));
    assert_eq!(after.header("authorization"), Some(&b"Bearer access-2"[..]));
    let kept = keeper.current().await.unwrap();
    assert_eq!((kept.generation, kept.expires, kept.refresh.expose_secret()), (2, Some(START + 2 + 7200), "refresh-2"));
}

#[tokio::test]
async fn many_refused_calls_make_one_renewal() {
    let held = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&held);
    let fake = Fake::start(move |request, _| match request.place.as_str() {
        REFRESH => Reply::Held(Arc::clone(&permits), Box::new(issued(2))),
        _ => user_for(2)(request),
    })
    .await;
    let client = fake.open_client();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { user(&client).await })
        })
        .collect();
    fake.wait_for(21).await;
    held.add_permits(1);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().id, 5);
    }
    assert_eq!((fake.calls(), renewals(&fake)), (20 + 1 + 20, 1));
}

/// Many calls that all need new tokens share a failure as they would share the tokens.
#[tokio::test]
async fn many_calls_make_one_renewal_that_fails() {
    let fake = Fake::start(|_, _| status(502, "")).await;
    let client = fake.open(fake.keeper(tokens(1, Some(0))));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { user(&client).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().kind, Kind::Transient);
    }
    assert_eq!(fake.places(), [REFRESH]);
}

#[tokio::test]
async fn new_tokens_that_are_refused_too_are_the_end_and_no_loop() {
    let fake = Fake::start(|request, _| if request.place == REFRESH { issued(2) } else { user_for(3)(request) }).await;
    let keeper = fake.keeper(tokens(1, None));
    let client = fake.open(keeper.clone());
    let error = user(&client).await.unwrap_err();
    assert_eq!((error.kind, fake.places()), (Kind::Session, [USER, REFRESH, USER].map(str::to_owned).to_vec()));
    assert_eq!(user(&client).await.unwrap_err().kind, Kind::Paused { cause: Cause::Session });
    assert_eq!(fake.calls(), 3);

    // Until somebody logs in again.
    keeper.log_in(tokens(3, None));
    user(&client).await.unwrap();
    assert_eq!((fake.calls(), client.pause()), (4, None));
}

#[tokio::test]
async fn tokens_of_another_process_are_taken_up_without_asking_115() {
    let fake = Fake::start(|request, _| user_for(2)(request)).await;
    let keeper = fake.keeper(tokens(1, None));
    let client = fake.open(keeper.clone());
    let Begin::Yours { lease, .. } = keeper.begin(1).await.unwrap() else { panic!("the lease is free") };
    let call = tokio::spawn({
        let client = client.clone();
        async move { user(&client).await }
    });
    // While the other is at it the call waits.
    fake.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    keeper.finish(lease, &tokens(2, None)).await.unwrap();
    call.await.unwrap().unwrap();
    assert_eq!(fake.places(), [USER, USER]);
}

#[tokio::test]
async fn too_many_renewals_are_followed_by_ten_minutes_of_silence_in_every_process() {
    let fake = Fake::start(|request, n| match request.place.as_str() {
        REFRESH if n < 3 => json(r#"{"state":0,"code":40140117,"message":"x","data":[]}"#),
        REFRESH => issued(2),
        _ => user_for(1)(request),
    })
    .await;
    let keeper = fake.keeper(tokens(1, Some(200)));
    let (client, other) = (fake.open(keeper.clone()), fake.open(keeper));
    // The old token still lives, and serves.
    user(&client).await.unwrap();
    user(&client).await.unwrap();
    user(&other).await.unwrap();
    assert_eq!((renewals(&fake), client.pause()), (1, None));

    fake.advance(200);
    for client in [&client, &other] {
        let error = user(client).await.unwrap_err();
        assert_eq!((error.kind, error.retry_after), (Kind::Renewals, Some(Duration::from_secs(400))));
        assert_eq!(client.pause().unwrap().cause, Cause::Renewals);
        let error = user(client).await.unwrap_err();
        assert_eq!(error.kind, Kind::Paused { cause: Cause::Renewals });
        assert!(error.meaning().unwrap().contains("too often"));
    }
    fake.advance(399);
    assert!(user(&client).await.is_err());
    assert_eq!(renewals(&fake), 1);
    fake.advance(1);
    user(&client).await.unwrap();
    user(&other).await.unwrap();
    assert_eq!(renewals(&fake), 2);
}

#[rstest]
#[case::broken_off(Reply::Reset)]
#[case::from_the_edge(status(502, "<html>bad gateway</html>"))]
#[case::garbage(json("garbage"))]
#[case::without_tokens(json(r#"{"state":1,"code":0,"data":{}}"#))]
#[tokio::test]
async fn a_lost_reply_is_waited_over_and_then_told_of(#[case] lost: Reply) {
    let fake = Fake::start(move |request, n| match (request.place.as_str(), n) {
        (REFRESH, 0) => lost.clone(),
        (REFRESH, _) => json(r#"{"state":0,"code":40140120,"message":"x","data":[]}"#),
        _ => user_for(1)(request),
    })
    .await;
    let keeper = fake.keeper(tokens(1, Some(0)));
    let client = fake.open(keeper.clone());
    for _ in 0..3 {
        let error = user(&client).await.unwrap_err();
        assert_eq!(error.retry_after, Some(Duration::from_secs(60)), "{error}");
    }
    assert_eq!((fake.calls(), client.pause()), (1, None));

    fake.advance(60);
    let error = user(&client).await.unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::TokensLost, Some(40_140_120)));
    assert!(error.message.contains("begun 60 seconds ago, was cut off before its reply was stored"), "{error}");
    assert!(error.advice().unwrap().contains("log in to 115 again"));
    assert_eq!(user(&client).await.unwrap_err().kind, Kind::Paused { cause: Cause::TokensLost });
    assert_eq!(fake.calls(), 2);

    // A restart knows it, and does not ask again.
    let restarted = fake.open(keeper.clone());
    let error = user(&restarted).await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (Kind::TokensLost, 2));
    assert!(error.message.contains("the reply to an earlier renewal of the tokens was lost"), "{error}");

    keeper.log_in(tokens(3, None));
    user(&client).await.unwrap();
    user(&restarted).await.unwrap();
}

/// Nobody has said when the token ends, but 115 has said that it is over: while no new one can be had, no call goes out.
#[tokio::test]
async fn a_refused_token_is_not_tried_again_while_there_is_no_other() {
    let fake =
        Fake::start(|request, _| if request.place == REFRESH { Reply::Reset } else { user_for(2)(request) }).await;
    let client = fake.open_client();
    for _ in 0..3 {
        assert_eq!(user(&client).await.unwrap_err().kind, Kind::Transport);
    }
    assert_eq!(fake.places(), [USER, REFRESH]);
}

#[tokio::test]
async fn after_a_lost_request_the_old_tokens_still_work() {
    let fake = Fake::start(|request, n| match (request.place.as_str(), n) {
        (REFRESH, 0) => Reply::Reset,
        (REFRESH, _) => issued(2),
        _ => user_for(2)(request),
    })
    .await;
    let client = fake.open(fake.keeper(tokens(1, Some(0))));
    assert_eq!(user(&client).await.unwrap_err().kind, Kind::Transport);
    fake.advance(60);
    user(&client).await.unwrap();
    assert_eq!(fake.places(), [REFRESH, REFRESH, USER]);
}

/// What a killed process leaves: a renewal begun and never ended. "no auth" to a call is then worth one question, which
/// it is not otherwise.
#[rstest]
#[case(40_140_116)]
#[case(40_140_120)]
#[tokio::test]
async fn a_renewal_that_was_cut_off_is_recognised(#[case] code: i64) {
    let fake = Fake::start(move |request, _| refusal(if request.place == REFRESH { code } else { 40_140_116 })).await;
    let keeper = fake.keeper(tokens(1, None));
    keeper.begin(1).await.unwrap();
    fake.advance(LEASE.as_secs());
    let error = user(&fake.open(keeper.clone())).await.unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::TokensLost, Some(code)), "{error}");
    assert_eq!(fake.places(), [USER, REFRESH]);
    assert!(error.message.contains("15 seconds ago"), "{error}");

    let fake = Fake::start(|_, _| refusal(40_140_116)).await;
    let error = user(&fake.open_client()).await.unwrap_err();
    assert_eq!((error.kind, fake.places()), (Kind::Session, vec![USER.to_owned()]));
}

#[tokio::test]
async fn a_renewal_that_was_cut_off_before_it_went_out_is_made_again() {
    let fake = Fake::start(|request, _| match request.place.as_str() {
        REFRESH => issued(2),
        _ if request.header("authorization") == Some(b"Bearer access-2") => user_for(2)(request),
        _ => refusal(40_140_116),
    })
    .await;
    let keeper = fake.keeper(tokens(1, None));
    keeper.begin(1).await.unwrap();
    fake.advance(LEASE.as_secs());
    user(&fake.open(keeper)).await.unwrap();
    assert_eq!(fake.places(), [USER, REFRESH, USER]);
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_cut_off_the_renewal() {
    let held = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&held);
    let fake = Fake::start(move |_, _| Reply::Held(Arc::clone(&permits), Box::new(issued(2)))).await;
    let keeper = fake.keeper(tokens(1, Some(0)));
    let client = fake.open(keeper.clone());
    let call = tokio::spawn({
        let client = client.clone();
        async move { user(&client).await }
    });
    fake.wait_for(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    held.add_permits(1);
    client.settled().await;
    assert_eq!(keeper.current().await.unwrap().generation, 2);
}

#[tokio::test]
async fn tokens_that_live_shortly_are_not_renewed_at_every_call() {
    let short = r#"{"state":1,"data":{"access_token":"access-2","refresh_token":"refresh-2","expires_in":"100"}}"#;
    let fake =
        Fake::start(move |request, _| if request.place == REFRESH { json(short) } else { user_for(1)(request) }).await;
    let client = fake.open(fake.keeper(tokens(1, Some(0))));
    for _ in 0..3 {
        user(&client).await.unwrap();
    }
    assert_eq!(renewals(&fake), 1);
    fake.advance(100);
    user(&client).await.unwrap();
    assert_eq!(renewals(&fake), 2);
}

#[tokio::test]
async fn one_token_of_the_two_is_enough_to_begin_with() {
    let fake = Fake::start(|request, _| if request.place == REFRESH { issued(2) } else { user_for(2)(request) }).await;
    let refresh_only = fake.keeper(Tokens { access: "".into(), ..tokens(1, None) });
    user(&fake.open(refresh_only)).await.unwrap();
    assert_eq!(fake.places(), [REFRESH, USER]);

    let access_only = fake.keeper(Tokens { refresh: "".into(), ..tokens(1, None) });
    let error = user(&fake.open(access_only)).await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (Kind::Session, 3));
    assert!(error.message.contains("no refresh token"), "{error}");
}

#[tokio::test]
async fn a_token_that_fits_no_header_is_exchanged_and_not_sent() {
    let fake = Fake::start(|request, _| if request.place == REFRESH { issued(2) } else { user_for(2)(request) }).await;
    let keeper = fake.keeper(Tokens { access: "a\nb".into(), ..tokens(1, None) });
    user(&fake.open(keeper)).await.unwrap();
    assert_eq!(fake.places(), [REFRESH, USER]);
}

#[tokio::test]
async fn a_paused_account_asks_for_no_tokens() {
    let fake = Fake::start(|_, _| status(405, "<html>blocked</html>")).await;
    let client = fake.open(fake.keeper(tokens(1, Some(0))));
    assert_eq!(user(&client).await.unwrap_err().kind, Kind::Waf);
    let before = fake.calls();
    fake.advance(10);
    assert_eq!(user(&client).await.unwrap_err().kind, Kind::Paused { cause: Cause::Waf });
    assert_eq!(fake.calls(), before);
}

#[tokio::test]
async fn no_token_is_in_what_may_be_logged() {
    let fake = Fake::start(|_, _| Reply::Reset).await;
    let keeper = fake.keeper(tokens(1, Some(0)));
    let client = fake.open(keeper.clone());
    let error = user(&client).await.unwrap_err();
    let begun = keeper.begin(1).await.unwrap();
    let shown = format!("{client:?} {keeper:?} {begun:?} {error} {error:?} {:?}", error.source);
    assert!(!shown.contains("access-1") && !shown.contains("refresh-1"), "{shown}");
}
