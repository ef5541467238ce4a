//! What a gate is given besides its rate: who keeps its pauses, who counts its calls, and who they are for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use p115::{Ask, Caller, Cause, Cid, Class, Client, Guard, Kept, Kind, Limits, Made, Observer, PauseKeeper, Urgency};
use parking_lot::Mutex;

use crate::fake::{Fake, json, refusal, status, tokens, waf};

const EMPTY: &str = r#"{"state":true,"errNo":0,"data":[],"count":0,"offset":0,"cid":"0","path":[],"order":"user_ptime","is_asc":0,"fc_mix":1}"#;

/// What several processes share.
#[derive(Debug, Default)]
struct Shelf(Mutex<(u64, Kept)>);

/// One process's hand on it.
#[derive(Debug, Default)]
struct Hand {
    shelf: Arc<Shelf>,
    seen: Mutex<u64>,
    full: AtomicU32,
}

#[async_trait]
impl PauseKeeper for Hand {
    async fn news(&self) -> Option<Kept> {
        let shelf = self.shelf.0.lock();
        let seen = std::mem::replace(&mut *self.seen.lock(), shelf.0);
        (seen != shelf.0).then(|| shelf.1.clone())
    }

    async fn keep(&self, kept: &Kept) -> bool {
        if self.full.load(Ordering::Relaxed) > 0 {
            self.full.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let mut shelf = self.shelf.0.lock();
        shelf.0 += 1;
        shelf.1 = std::mem::take(&mut shelf.1).merge(kept.clone());
        true
    }
}

fn hand(shelf: &Arc<Shelf>) -> Arc<Hand> {
    Arc::new(Hand { shelf: Arc::clone(shelf), ..Hand::default() })
}

fn kept_by(hand: &Arc<Hand>) -> Guard {
    let keeper = Arc::clone(hand) as Arc<dyn PauseKeeper>;
    Guard { keeper: Some(keeper), ..Guard::from(Limits { rate: 100.0 }) }
}

async fn list(client: &Client) -> Result<(), Kind> {
    client.files(Cid::ROOT, 0, 100).await.map(drop).map_err(|error| error.kind)
}

#[tokio::test]
async fn a_pause_holds_in_every_process_and_after_a_start() {
    let fake = Fake::start(|_, n| if n == 0 { waf() } else { json(EMPTY) }).await;
    let shelf = Arc::default();
    let (one, two) = (fake.guarded(kept_by(&hand(&shelf))), fake.guarded(kept_by(&hand(&shelf))));
    let paused = Err(Kind::Paused { cause: Cause::Waf });
    assert_eq!(list(&one).await, Err(Kind::Waf));
    assert_eq!(list(&two).await, paused);
    let three = fake.guarded(kept_by(&hand(&shelf)));
    assert_eq!(three.pause(), None, "nobody has asked");
    three.hear().await;
    assert_eq!(three.pause().map(|pause| pause.cause), Some(Cause::Waf));
    fake.advance(659);
    assert_eq!(list(&three).await, paused);
    assert_eq!(fake.calls(), 1);
    fake.advance(2);
    assert_eq!(list(&three).await, Ok(()));
}

#[tokio::test]
async fn it_is_kept_before_the_failure_is_told_and_again_where_that_failed() {
    let fake = Fake::start(|_, _| json(r#"{"state":false,"errno":911,"error":"请验证账号"}"#)).await;
    let shelf: Arc<Shelf> = Arc::default();
    let hand = hand(&shelf);
    hand.full.store(1, Ordering::Relaxed);
    let client = fake.guarded(kept_by(&hand));
    assert_eq!(list(&client).await, Err(Kind::Captcha));
    assert_eq!(shelf.0.lock().1, Kept::default(), "the disk is full");
    let paused = Err(Kind::Paused { cause: Cause::Captcha });
    assert_eq!(list(&client).await, paused, "and it holds all the same");
    let in_force = || shelf.0.lock().1.in_force(fake.clock().unix());
    assert_eq!(in_force(), Some((Cause::Captcha, None)));

    client.resume();
    assert_eq!(list(&client).await, Err(Kind::Captcha), "asked anew");
    assert_eq!(in_force(), Some((Cause::Captcha, None)));
    let unblocked = shelf.0.lock().1.clone().unblocked().unwrap();
    *shelf.0.lock() = (99, unblocked);
    assert_eq!((list(&client).await, fake.calls()), (Err(Kind::Captcha), 3), "somebody has ended it elsewhere");
}

#[tokio::test]
async fn a_dead_login_stays_dead_over_a_start_and_another_one_is_tried() {
    let fake = Fake::start(|request, _| {
        let dead = request.header("cookie").is_some_and(|cookie| String::from_utf8_lossy(cookie).contains("_R1_"));
        if dead { json(r#"{"state":false,"errno":990001,"error":"重新登录"}"#) } else { json(EMPTY) }
    })
    .await;
    let shelf = Arc::default();
    let dead = fake.guarded(kept_by(&hand(&shelf)));
    assert_eq!(list(&dead).await, Err(Kind::Session));
    let again = fake.guarded(kept_by(&hand(&shelf)));
    assert_eq!(list(&again).await, Err(Kind::Paused { cause: Cause::Session }));
    assert_eq!(fake.calls(), 1);
    let anew = fake.guarded_as("R2", kept_by(&hand(&shelf)));
    assert_eq!(list(&anew).await, Ok(()));
    assert!(again.log_in(fake.cookie("I1")));
    assert_eq!(list(&again).await, Ok(()));
}

#[tokio::test]
async fn dead_tokens_stay_dead_over_a_start_until_there_are_newer_ones() {
    let fake = Fake::start(|request, _| match request.place.as_str() {
        "passportapi.115.com/open/refreshToken" => json(r#"{"state":0,"code":40140116,"message":"no auth","data":[]}"#),
        _ if request.header("authorization") == Some(b"Bearer access-1") => refusal(40_140_125),
        _ => {
            json(r#"{"state":true,"code":0,"message":"","data":[],"count":0,"cid":0,"offset":0,"limit":100,"path":[]}"#)
        }
    })
    .await;
    let (shelf, keeper) = (Arc::default(), fake.keeper(tokens(1, None)));
    let open = || fake.open_guarded(Arc::clone(&keeper) as _, kept_by(&hand(&shelf)));
    let files = |client: p115::open::OpenClient| async move {
        client.files(Cid::ROOT, 0, 100).await.map(drop).map_err(|error| error.kind)
    };
    assert_eq!(files(open()).await, Err(Kind::Session));
    let calls = fake.calls();
    assert_eq!(files(open()).await, Err(Kind::Paused { cause: Cause::Session }));
    assert_eq!(fake.calls(), calls, "nothing went out");
    keeper.log_in(tokens(2, None));
    assert_eq!(files(open()).await, Ok(()));
}

#[tokio::test]
async fn past_the_firewalls_pause_one_call_goes_out_and_is_not_made_again() {
    let fake =
        Fake::start(|request, _| if request.place.starts_with("proapi") { waf() } else { status(502, "") }).await;
    let client = fake.guarded(Limits { rate: 100.0 }.into());
    let code = "abcdefghijklmnopq".parse().unwrap();
    assert!(client.link(&code, Ask::default()).await.is_err());
    assert_eq!(fake.places(), ["proapi.115.com/app/chrome/downurl", "webapi.115.com/files/download"]);
    assert_eq!(client.pause().map(|pause| pause.cause), Some(Cause::Waf));
}

/// Remembers calls as `class call caller/program failure`.
#[derive(Debug, Default)]
struct Book(Mutex<Vec<String>>);

impl Observer for Book {
    fn made(&self, made: &Made<'_>) {
        let (kind, family) = made.caller.names();
        let failure = made.failure.map_or("ok", Kind::name);
        self.0.lock().push(format!("{} {} {kind}/{family} {failure}", made.class.name(), made.call));
    }
}

#[derive(Debug)]
struct Vlc(Option<Duration>);

impl Caller for Vlc {
    fn urgency(&self) -> Urgency {
        Urgency::Player
    }

    fn deadline(&self) -> Option<Duration> {
        self.0
    }

    fn names(&self) -> (&'static str, &'static str) {
        ("player", "vlc")
    }
}

#[tokio::test]
async fn every_request_is_counted_with_its_class_its_caller_and_what_came_of_it() {
    let fake = Fake::start(|request, n| match n {
        0 => status(502, ""),
        1 => json(EMPTY),
        _ if request.place.starts_with("proapi") => json(r#"{"state":false,"errno":50015,"error":"x"}"#),
        _ => json(r#"{"state":false,"errno":911,"error":"x"}"#),
    })
    .await;
    let book = Arc::new(Book::default());
    let observer = Arc::clone(&book) as Arc<dyn Observer>;
    let client = fake.guarded(Guard { observer: Some(observer), ..Guard::from(Limits { rate: 100.0 }) });
    list(&client).await.unwrap();
    let vlc = client.by(Arc::new(Vlc(None)));
    let code = "abcdefghijklmnopq".parse().unwrap();
    assert_eq!(vlc.link(&code, Ask::default()).await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(list(&vlc).await, Err(Kind::Captcha));
    assert_eq!(list(&vlc).await, Err(Kind::Paused { cause: Cause::Captcha }));
    assert_eq!(
        *book.0.lock(),
        [
            "list files unnamed/unnamed transient",
            "list files unnamed/unnamed ok",
            "link chrome_downurl player/vlc not_found",
            "list files player/vlc captcha",
        ]
    );
    assert_eq!(Class::Change.name(), "change");
}

#[tokio::test]
async fn who_has_no_time_left_does_not_wait_for_a_turn() {
    let fake = Fake::start(|_, _| json(EMPTY)).await;
    let client = fake.guarded(Limits { rate: 0.05 }.into());
    for _ in 0..3 {
        list(&client).await.unwrap();
    }
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let error = client.by(Arc::new(Vlc(Some(Duration::from_secs(3))))).files(Cid::ROOT, 0, 100).await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
    assert_eq!(start.elapsed().as_secs(), 3);
    assert_eq!(fake.calls(), 3);
}
