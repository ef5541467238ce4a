//! What a keeper of tokens is asked, in which order with the calls, and what follows when it fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use p115::Kind;
use p115::open::{Abandon, Begin, KeeperError, Lease, MemoryKeeper, TokenKeeper, Tokens};
use parking_lot::Mutex;
use rstest::rstest;
use tokio::sync::Semaphore;

use crate::fake::{Fake, Reply, START, issued, json, status, tokens};
use crate::renewal::{REFRESH, USER, user_for};

/// A keeper that writes down what it is asked, and cannot store anything while it is `full`.
#[derive(Debug)]
struct Watched {
    inner: Arc<MemoryKeeper>,
    log: Arc<Mutex<Vec<String>>>,
    full: AtomicBool,
}

impl Watched {
    fn new(inner: Arc<MemoryKeeper>, log: &Arc<Mutex<Vec<String>>>) -> Arc<Self> {
        Arc::new(Self { inner, log: Arc::clone(log), full: AtomicBool::new(false) })
    }
}

#[async_trait]
impl TokenKeeper for Watched {
    async fn current(&self) -> Result<Tokens, KeeperError> {
        self.inner.current().await
    }

    async fn begin(&self, generation: u64) -> Result<Begin, KeeperError> {
        self.log.lock().push(format!("begin {generation}"));
        self.inner.begin(generation).await
    }

    async fn finish(&self, lease: Lease, new: &Tokens) -> Result<(), KeeperError> {
        if self.full.load(Ordering::Relaxed) {
            return Err(KeeperError::new("no space left on device"));
        }
        // Long enough for a request that does not wait to overtake it.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.log.lock().push(format!("finish {}", new.generation));
        self.inner.finish(lease, new).await
    }

    async fn abandon(&self, lease: Lease, why: Abandon) -> Result<(), KeeperError> {
        self.log.lock().push(format!("abandon {why:?}"));
        self.inner.abandon(lease, why).await
    }
}

#[tokio::test]
async fn new_tokens_are_stored_before_they_are_used() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&log);
    let fake = Fake::start(move |request, _| {
        let call = request.place.rsplit('/').next().unwrap_or_default();
        asked.lock().push(call.to_owned());
        if request.place == REFRESH { issued(2) } else { user_for(2)(request) }
    })
    .await;
    let keeper = Watched::new(fake.keeper(tokens(1, None)), &log);
    fake.open(keeper).user().await.unwrap();
    assert_eq!(*log.lock(), ["info", "begin 1", "refreshToken", "finish 2", "info"]);
}

#[tokio::test]
async fn who_has_waited_for_the_tokens_asks_for_no_lease() {
    let log = Arc::default();
    let held = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&held);
    let fake = Fake::start(move |request, _| match request.place.as_str() {
        REFRESH => Reply::Held(Arc::clone(&permits), Box::new(issued(2))),
        _ => user_for(2)(request),
    })
    .await;
    let client = fake.open(Watched::new(fake.keeper(tokens(1, None)), &log));
    let calls = [client.clone(), client].map(|client| tokio::spawn(async move { client.user().await }));
    fake.wait_for(3).await;
    held.add_permits(1);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(log.lock().join(", "), "begin 1, finish 2");
}

/// What is not known of an earlier renewal is not known any better after one that told nothing.
#[rstest]
#[case(Abandon::Unsent)]
#[case(Abandon::Declined { code: Some(40_140_121), silence: None })]
#[tokio::test]
async fn a_doubt_stays_until_115_settles_it(#[case] why: Abandon) {
    let fake = Fake::start(|_, _| json("{}")).await;
    let keeper = fake.keeper(tokens(1, None));
    let mut doubts = Vec::new();
    for why in [why, Abandon::Unknown, why, why] {
        let Begin::Yours { lease, unended, .. } = keeper.begin(1).await.unwrap() else { panic!("the lease is free") };
        doubts.push(unended.map(|begun| begun - START));
        keeper.abandon(lease, why).await.unwrap();
        fake.advance(10);
    }
    assert_eq!(doubts, [None, None, Some(10), Some(10)]);
}

#[tokio::test]
async fn tokens_that_cannot_be_stored_are_not_used_and_not_lost() {
    let log = Arc::default();
    let fake = Fake::start(|request, _| if request.place == REFRESH { issued(2) } else { user_for(2)(request) }).await;
    let keeper = Watched::new(fake.keeper(tokens(1, Some(0))), &log);
    keeper.full.store(true, Ordering::Relaxed);
    let client = fake.open(keeper.clone());
    let error = client.user().await.unwrap_err();
    assert_eq!((error.kind, fake.places()), (Kind::Keeper, vec![REFRESH.to_owned()]));
    assert!(error.message.contains("no space left on device"), "{error}");

    keeper.full.store(false, Ordering::Relaxed);
    fake.advance(3);
    client.user().await.unwrap();
    assert_eq!(
        (fake.places(), log.lock().join(", ")),
        (vec![REFRESH.to_owned(), USER.to_owned()], "begin 1, finish 2".to_owned())
    );
}

#[tokio::test]
async fn what_never_went_out_leaves_no_doubt() {
    let log = Arc::default();
    let fake = Fake::start(|request, _| user_for(1)(request)).await;
    let keeper = Watched::new(fake.keeper(tokens(1, Some(0))), &log);
    // Nobody listens there.
    let client = fake.open_with(keeper, "passportapi.115.com", "http://127.0.0.1:1");
    let error = client.user().await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (Kind::Transport, 0));
    assert_eq!(*log.lock(), ["begin 1", "abandon Unsent"]);
}

#[rstest]
#[case::lost(Reply::Reset, "abandon Unknown")]
#[case::too_often(
    json(r#"{"state":0,"code":40140117}"#),
    "abandon Declined { code: Some(40140117), silence: Some(600s) }"
)]
#[case::limited(status(429, ""), "abandon Declined { code: None, silence: None }")]
#[case::over(json(r#"{"state":0,"code":40140119}"#), "abandon Refused(Refusal { code: 40140119, lost: false })")]
#[tokio::test]
async fn the_keeper_hears_how_it_ended(#[case] reply: Reply, #[case] end: &str) {
    let log = Arc::default();
    let fake = Fake::start(move |_, _| reply.clone()).await;
    let keeper = Watched::new(fake.keeper(tokens(1, Some(0))), &log);
    fake.open(keeper).user().await.unwrap_err();
    assert_eq!((log.lock().join(", "), fake.calls()), (format!("begin 1, {end}"), 1));
}
