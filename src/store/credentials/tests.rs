//! The protocol of a renewal, step by step, and the rule of the newest over any sequence of acts.

use std::time::Duration;

use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::store::{Memory, Sqlite, Watch};

const LIFE: Duration = Duration::from_secs(15);

fn cookie(text: &str) -> Secret {
    Secret::Cookie(text.into())
}

fn tokens(text: &str) -> Secret {
    Secret::Tokens { access: format!("a-{text}").into(), refresh: format!("r-{text}").into(), expires: Some(9) }
}

fn text(held: &Held) -> String {
    match &held.secret {
        Secret::Cookie(cookie) => cookie.expose_secret().to_owned(),
        Secret::Tokens { access, refresh, expires } => {
            assert_eq!(*expires, Some(9));
            assert_eq!(access.expose_secret()[2..], refresh.expose_secret()[2..]);
            refresh.expose_secret()[2..].to_owned()
        }
    }
}

fn print(text: &str) -> Fingerprint {
    Fingerprint::of([&SecretString::from(text)])
}

fn path(text: &str) -> VirtualPath {
    VirtualPath::from_plain(text).unwrap()
}

/// Two processes on one store.
struct Two {
    clock: Clock,
    one: Credentials,
    two: Credentials,
    account: Account,
    store: Arc<dyn Store>,
}

async fn two() -> Two {
    let clock = Clock::default();
    let store: Arc<dyn Store> = Arc::new(Memory::new(clock.clone()));
    let one = Credentials::new(Arc::clone(&store), clock.clone(), "serve");
    let two = Credentials::new(Arc::clone(&store), clock.clone(), "check");
    let account = one.account("115-open", &path("/open"), None).await.unwrap();
    assert_eq!(account.to_string(), "115-open:/open");
    one.log_in(&account, None, &tokens("1")).await.unwrap();
    Two { clock, one, two, account, store }
}

fn yours(begin: Begin) -> Renewal {
    match begin {
        Begin::Yours { renewal, .. } => renewal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_renewal_is_one_processs_alone_and_the_other_gets_what_it_brings() {
    let Two { one, two, account, .. } = two().await;
    let Begin::Yours { renewal, held } = one.begin(&account, 1, LIFE).await.unwrap() else { panic!("taken") };
    assert_eq!((text(&held).as_str(), held.generation, renewal.unended()), ("1", 1, None));
    let Begin::Busy(left) = two.begin(&account, 1, LIFE).await.unwrap() else { panic!("not busy") };
    assert!(left > Duration::ZERO && left <= LIFE + Duration::from_secs(1), "{left:?}");
    assert!(two.current(&account).await.unwrap().unwrap().begun.is_some());

    let held = one.finish(&renewal, &tokens("2")).await.unwrap();
    assert_eq!((text(&held).as_str(), held.generation, held.origin, held.begun), ("2", 2, Origin::Rotation, None));
    let Begin::Newer(newer) = two.begin(&account, 1, LIFE).await.unwrap() else { panic!("not newer") };
    assert_eq!((text(&newer).as_str(), newer.generation), ("2", 2));
    let next = yours(two.begin(&account, 2, LIFE).await.unwrap());
    assert_ne!(next.id(), renewal.id());
}

#[tokio::test]
async fn what_was_begun_and_never_ended_is_known_to_who_comes_next() {
    let Two { clock, one, two, account, .. } = two().await;
    let began = clock.unix();
    // Killed here.
    drop(one.begin(&account, 1, LIFE).await.unwrap());
    assert!(two.current(&account).await.unwrap().unwrap().begun.is_some_and(|at| at >= began));
    clock.advance(LIFE + Duration::from_secs(2));
    let renewal = yours(two.begin(&account, 1, LIFE).await.unwrap());
    assert!(renewal.unended().is_some_and(|at| at < began + LIFE.as_secs()), "{renewal:?}");

    // Neither a call that was not sent nor one that 115 put off tells what became of the first.
    two.abandon(&renewal, Abandon::Unsent).await.unwrap();
    let renewal = yours(one.begin(&account, 1, LIFE).await.unwrap());
    assert!(renewal.unended().is_some());
    one.abandon(&renewal, Abandon::Declined { code: Some(40_140_121), silence: None }).await.unwrap();
    let renewal = yours(one.begin(&account, 1, LIFE).await.unwrap());
    assert!(renewal.unended().is_some());

    let lost = Refusal { code: 40_140_120, lost: true };
    one.abandon(&renewal, Abandon::Refused(lost)).await.unwrap();
    for process in [&one, &two] {
        let Begin::Refused(refusal) = process.begin(&account, 1, LIFE).await.unwrap() else { panic!("asked again") };
        assert_eq!(refusal, lost);
        assert_eq!(process.current(&account).await.unwrap().unwrap().refused, Some(lost));
    }
    let held = two.log_in(&account, None, &tokens("new")).await.unwrap();
    assert_eq!((held.generation, held.refused, held.begun), (2, None, None));
    assert_eq!(yours(one.begin(&account, 2, LIFE).await.unwrap()).unended(), None);
}

#[tokio::test]
async fn an_unknown_outcome_stays_begun_and_one_that_was_not_sent_does_not() {
    let Two { one, two, account, .. } = two().await;
    let renewal = yours(one.begin(&account, 1, LIFE).await.unwrap());
    one.abandon(&renewal, Abandon::Unsent).await.unwrap();
    assert_eq!(one.current(&account).await.unwrap().unwrap().begun, None);
    let renewal = yours(two.begin(&account, 1, LIFE).await.unwrap());
    assert_eq!(renewal.unended(), None);
    two.abandon(&renewal, Abandon::Unknown).await.unwrap();
    assert!(one.current(&account).await.unwrap().unwrap().begun.is_some());
    assert!(yours(one.begin(&account, 1, LIFE).await.unwrap()).unended().is_some(), "the lease was given back");
}

#[tokio::test]
async fn a_silence_is_everybodys_and_ends() {
    let Two { clock, one, two, account, .. } = two().await;
    let renewal = yours(one.begin(&account, 1, LIFE).await.unwrap());
    let silence = Some(Duration::from_secs(600));
    one.abandon(&renewal, Abandon::Declined { code: Some(40_140_117), silence }).await.unwrap();
    clock.advance(Duration::from_secs(590));
    let Begin::Silent { code, left } = two.begin(&account, 1, LIFE).await.unwrap() else { panic!("not silent") };
    assert!(code == 40_140_117 && left <= Duration::from_secs(10), "{code} {left:?}");
    clock.advance(Duration::from_secs(11));
    yours(two.begin(&account, 1, LIFE).await.unwrap());
}

#[tokio::test]
async fn a_login_during_a_renewal_is_newer_than_what_it_brings() {
    let Two { one, two, account, .. } = two().await;
    let renewal = yours(one.begin(&account, 1, LIFE).await.unwrap());
    two.log_in(&account, None, &tokens("login")).await.unwrap();
    let held = one.finish(&renewal, &tokens("late")).await.unwrap();
    assert_eq!((text(&held).as_str(), held.generation), ("login", 2));
    one.abandon(&renewal, Abandon::Refused(Refusal { code: 40_140_116, lost: false })).await.unwrap();
    assert_eq!(two.current(&account).await.unwrap().unwrap().refused, None, "115 spoke of the old one");
}

#[tokio::test]
async fn a_renewal_that_took_too_long_still_brings_what_it_has() {
    let Two { clock, one, two, account, .. } = two().await;
    let slow = yours(one.begin(&account, 1, LIFE).await.unwrap());
    clock.advance(LIFE + Duration::from_secs(2));
    let fast = yours(two.begin(&account, 1, LIFE).await.unwrap());
    assert_eq!(text(&one.finish(&slow, &tokens("2")).await.unwrap()), "2");
    two.abandon(&fast, Abandon::Refused(Refusal { code: 40_140_120, lost: true })).await.unwrap();
    let held = two.current(&account).await.unwrap().unwrap();
    assert_eq!((text(&held).as_str(), held.refused), ("2", None));

    let slow = yours(one.begin(&account, 2, LIFE).await.unwrap());
    clock.advance(LIFE + Duration::from_secs(2));
    let fast = yours(two.begin(&account, 2, LIFE).await.unwrap());
    one.abandon(&slow, Abandon::Unsent).await.unwrap();
    assert!(two.current(&account).await.unwrap().unwrap().begun.is_some(), "the other's renewal is under way");
    assert_eq!(text(&two.finish(&fast, &tokens("3")).await.unwrap()), "3");
}

#[tokio::test]
async fn a_login_of_another_process_is_heard_of() {
    let Two { one, two, account, store, .. } = two().await;
    let mut watch = Watch::new(store, Table::Credentials).await.unwrap();
    two.log_in(&account, None, &tokens("new")).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), watch.changed()).await.unwrap();
    assert_eq!(text(&one.current(&account).await.unwrap().unwrap()), "new");
}

#[tokio::test]
async fn an_unchanged_configuration_undoes_nothing_and_a_changed_one_wins() {
    let Two { one, two, .. } = two().await;
    let account = one.account("115-cloud", &path("/115"), Some(&print("a"))).await.unwrap();
    assert!(matches!(one.holding(&account, None).await.unwrap(), Holding::Nothing));
    assert!(matches!(one.holding(&account, Some(&print("a"))).await.unwrap(), Holding::Config));
    let held = one.adopt(&account, &print("a"), &cookie("a")).await.unwrap();
    assert_eq!((held.generation, held.origin), (1, Origin::Config));
    let held = two.adopt(&account, &print("a"), &cookie("a")).await.unwrap();
    assert_eq!(held.generation, 1, "another process was faster with the same");

    two.log_in(&account, Some(&print("b")), &cookie("login")).await.unwrap();
    let Holding::Stored(held) = one.holding(&account, Some(&print("b"))).await.unwrap() else { panic!("undone") };
    assert_eq!((text(&held).as_str(), held.origin), ("login", Origin::Login));
    assert!(matches!(one.holding(&account, Some(&print("c"))).await.unwrap(), Holding::Config));
    assert_eq!(text(&one.adopt(&account, &print("c"), &cookie("c")).await.unwrap()), "c");
}

#[tokio::test]
async fn mounts_with_one_credential_share_an_account_wherever_they_move() {
    let Two { one, .. } = two().await;
    let first = one.account("115-open", &path("/a"), Some(&print("x"))).await.unwrap();
    one.adopt(&first, &print("x"), &tokens("x")).await.unwrap();
    let renewal = yours(one.begin(&first, 1, LIFE).await.unwrap());
    one.finish(&renewal, &tokens("x2")).await.unwrap();
    for (kind, mount, config, want) in [
        ("115-open", "/b", Some(print("x")), "115-open:/a"),
        ("115-open", "/open", Some(print("x")), "115-open:/a"),
        ("115-open", "/b", Some(print("y")), "115-open:/b"),
        ("115-open", "/b", None, "115-open:/b"),
        ("115-cloud", "/b", Some(print("x")), "115-cloud:/b"),
    ] {
        assert_eq!(one.account(kind, &path(mount), config.as_ref()).await.unwrap().to_string(), want);
    }
    let moved = one.account("115-open", &path("/b"), Some(&print("x"))).await.unwrap();
    let Holding::Stored(held) = one.holding(&moved, Some(&print("x"))).await.unwrap() else { panic!("begun anew") };
    assert_eq!(text(&held), "x2");
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let Two { one, account, store, .. } = two().await;
    one.log_in(&account, Some(&print("config")), &tokens("hunter2")).await.unwrap();
    let shown = format!("{:?} {:?}", one.holding(&account, None).await, one.begin(&account, 2, LIFE).await);
    assert!(shown.contains("Yours") && !shown.contains("hunter2"), "{shown}");
    let stored = store.get(Table::Credentials, &account.to_string()).await.unwrap().unwrap();
    assert!(String::from_utf8(stored.value.bytes.clone()).unwrap().contains("r-hunter2"));
    assert!(!format!("{stored:?}").contains("hunter2"));

    store
        .put(Table::Credentials, &account.to_string(), crate::store::Value::new(*br#"{"secret":"hunter2"}"#))
        .await
        .unwrap();
    let error = one.current(&account).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    one.log_in(&account, None, &tokens("again")).await.unwrap();
    assert_eq!(text(&one.current(&account).await.unwrap().unwrap()), "again", "as the failure said");
}

#[tokio::test]
async fn without_a_credential_a_renewal_says_to_log_in() {
    let Two { one, .. } = two().await;
    let nobody = one.account("115-open", &path("/new"), None).await.unwrap();
    assert!(one.current(&nobody).await.unwrap().is_none());
    assert_eq!(one.begin(&nobody, 1, LIFE).await.unwrap_err().kind(), Kind::Session);
}

/// What is done to an account; after each act the process is started again.
#[derive(Debug, Clone)]
enum Act {
    Config(Option<u8>),
    Login,
    Rotation,
    LostRotation,
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => prop::option::weighted(0.8, 0..3_u8).prop_map(Act::Config),
        2 => Just(Act::Login),
        3 => Just(Act::Rotation),
        1 => Just(Act::LostRotation),
        2 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_newest_act_wins(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(newest_wins(&acts));
    }
}

/// Each process is a handle of its own on the file, dropped without a word.
async fn newest_wins(acts: &[Act]) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::default();
    let mut config: Option<u8> = None;
    let mut expected: Option<String> = None;
    let mut generation = 0;
    let mut lost = false;
    for (step, act) in acts.iter().enumerate() {
        let store = Arc::new(Sqlite::open(dir.path(), clock.clone()).await.unwrap());
        let credentials = Credentials::new(store, clock.clone(), "test");
        let written = |config: Option<u8>| config.map(|number| format!("config-{number}"));
        let account = credentials.account("115-open", &path("/open"), None).await.unwrap();
        match act {
            Act::Config(now) => {
                if *now != config && now.is_some() {
                    expected = written(*now);
                }
                config = *now;
            }
            Act::Login => {
                let name = format!("login-{step}");
                let said = written(config);
                credentials.log_in(&account, said.as_deref().map(print).as_ref(), &tokens(&name)).await.unwrap();
                expected = Some(name);
            }
            Act::Rotation | Act::LostRotation => {
                if let Some(held) = credentials.current(&account).await.unwrap() {
                    clock.advance(LIFE * 2);
                    let renewal = yours(credentials.begin(&account, held.generation, LIFE).await.unwrap());
                    if matches!(act, Act::Rotation) {
                        let name = format!("rotation-{step}");
                        credentials.finish(&renewal, &tokens(&name)).await.unwrap();
                        expected = Some(name);
                    }
                }
            }
            Act::Restart => {}
        }
        // The start of a process that reads the configuration.
        let store = Arc::new(Sqlite::open(dir.path(), clock.clone()).await.unwrap());
        let credentials = Credentials::new(store, clock.clone(), "serve");
        let said = written(config);
        let fingerprint = said.as_deref().map(print);
        let held = match credentials.holding(&account, fingerprint.as_ref()).await.unwrap() {
            Holding::Stored(held) => Some(held),
            Holding::Config => {
                let (fingerprint, said) = (fingerprint.unwrap(), said.unwrap());
                Some(credentials.adopt(&account, &fingerprint, &tokens(&said)).await.unwrap())
            }
            Holding::Nothing => None,
        };
        assert_eq!(held.as_ref().map(text), expected, "after step {step} of {acts:?}");
        let newer = held.as_ref().map_or(0, |held| held.generation);
        assert!(newer >= generation, "generations grow");
        lost = newer == generation && (lost || matches!(act, Act::LostRotation) && held.is_some());
        assert_eq!(held.is_some_and(|held| held.begun.is_some()), lost, "after step {step} of {acts:?}");
        generation = newer;
    }
}
