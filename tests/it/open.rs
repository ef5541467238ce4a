//! 115 Open: what a path costs, and tokens that change under way.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use gate115::{
    config::Config,
    error::Kind,
    path::VirtualPath,
    store::{
        Memory, Store,
        credentials::{Credentials, Secret},
    },
};
use rstest::rstest;
use sim115::{Content, Fault, On, Raw, Sim, Times};
use tokio::time::Instant;

use crate::support::{Service, Stage, open_of, world};

/// A world whose mount is a drive of the Open Platform with the tokens that are good now.
fn open_world(fill: impl FnOnce(&Sim) + Send + 'static) -> Stage {
    world(fill).of(Service::Open)
}

fn deep(sim: &Sim) {
    for name in ["film.mkv", "other.mkv", "third.mkv"] {
        sim.file(&format!("/a/b/c/d/e/f/{name}"), Content::pattern(100_000));
    }
}

fn calls(sim: &Sim) -> u64 {
    ["open_user_info", "open_files", "open_get_info", "open_downurl", "open_search", "open_refresh"]
        .iter()
        .map(|call| sim.ledger().count(call))
        .sum()
}

#[tokio::test]
async fn a_cold_path_costs_two_calls_and_a_neighbour_the_listing() {
    let t = open_world(deep).start().await;
    t.get("/d/115/a/b/c/d/e/f/film.mkv").send().await.is(302);
    assert_eq!(calls(&t.sim), 2, "the entry by its path, and the link");
    t.get("/d/115/a/b/c/d/e/f/film.mkv").send().await.is(302);
    assert_eq!(calls(&t.sim), 2, "known");
    t.get("/d/115/a/b/c/d/e/f/other.mkv").send().await.is(302);
    assert_eq!(calls(&t.sim), 5, "its folder, the listing, the link");
    t.get("/d/115/a/b/c/d/e/f/third.mkv").send().await.is(302);
    assert_eq!(calls(&t.sim), 6, "the link alone");
    for number in 0..20 {
        t.get(&format!("/d/115/a/b/c/d/e/f/poster{number}.jpg")).send().await.is(404);
    }
    assert_eq!(calls(&t.sim), 6, "the listing is fresh, and says what is not there");
}

#[tokio::test]
async fn a_namesake_in_our_own_spelling_costs_three_calls() {
    let older = Arc::new(OnceLock::new());
    let made = Arc::clone(&older);
    let t = open_world(move |sim| {
        let raw = Raw { created: Some(1_600_000_000), ..Raw::default() };
        let id = sim.raw_file(sim.folder("/a/b/c/d"), "film.mkv", Content::bytes("the older"), raw);
        sim.file("/a/b/c/d/film.mkv", Content::bytes("the newer"));
        made.set(id).unwrap();
    })
    .start()
    .await;
    let pickcode = t.sim.pickcode(*older.get().unwrap()).unwrap();
    let reply = t.get(&format!("/d/115/a/b/c/d/film%20({pickcode}).mkv")).follow().await.is(200);
    assert_eq!((reply.text(), calls(&t.sim)), ("the older".to_owned(), 3), "its folder, the listing, the link");
}

#[tokio::test]
async fn bytes_come_by_both_doors() {
    let t = open_world(deep).start().await;
    let whole = Content::pattern(100_000);
    let part = t.get("/d/115/a/b/c/d/e/f/film.mkv").agent("VLC/3.0").range("bytes=500-999").follow().await.is(206);
    assert_eq!(part.bytes(), &whole.slice(500..1000)[..]);
    let through = t.get("/p/115/a/b/c/d/e/f/film.mkv").range("bytes=500-999").send().await.is(206);
    assert_eq!(through.bytes(), &whole.slice(500..1000)[..]);
    assert!(t.get("/115/a/b/c/d/e/f").send().await.is(200).text().contains("third.mkv"));
}

#[tokio::test]
async fn many_requests_with_a_dead_access_token_make_one_renewal() {
    let t = open_world(|sim| {
        for number in 0..50 {
            sim.file(&format!("/{number}.mkv"), Content::pattern(1000));
        }
    })
    .start()
    .await;
    t.sim.expire_access();
    let asked = (0..50).map(|number| t.get(&format!("/d/115/{number}.mkv")).send());
    for reply in futures_util::future::join_all(asked).await {
        reply.is(302);
    }
    assert_eq!(t.sim.ledger().rotations(), 1);
}

fn with_store(config: &Config, store: &Arc<dyn Store>, t: &crate::support::TestApp) -> Arc<gate115::app::App> {
    let app = gate115::app::App::build(config, t.deps(Arc::clone(store)));
    app.spawn();
    app
}

async fn state(app: &gate115::app::App) -> gate115::vfs::State {
    for _ in 0..500 {
        match app.namespace().mounts()[0].state() {
            gate115::vfs::State::Starting => tokio::time::sleep(Duration::from_millis(10)).await,
            state => return state,
        }
    }
    panic!("the mount never started");
}

#[tokio::test]
async fn a_restart_goes_on_with_the_rotated_tokens_and_a_changed_configuration_wins() {
    let t = open_world(deep).start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    let first = with_store(&t.config, &store, &t);
    assert!(matches!(state(&first).await, gate115::vfs::State::Working(_)));
    t.sim.expire_access();
    first.stop().await;

    // Dies with the first call: the tokens are renewed, and those of the configuration are dead from now on.
    let second = with_store(&t.config, &store, &t);
    assert!(matches!(state(&second).await, gate115::vfs::State::Working(_)));
    assert_eq!(t.sim.ledger().rotations(), 1);
    second.stop().await;
    let third = with_store(&t.config, &store, &t);
    assert!(matches!(state(&third).await, gate115::vfs::State::Working(_)), "the file still has the old ones");
    assert_eq!(t.sim.ledger().rotations(), 1);
    third.stop().await;

    t.sim.revoke_open();
    let fresh = t.sim.open_authorise();
    let mut config = t.config.clone();
    let open = open_of(&mut config.mounts[0]);
    (open.access_token, open.refresh_token) = (Some(fresh.access.into()), Some(fresh.refresh.into()));
    let fourth = with_store(&config, &store, &t);
    assert!(matches!(state(&fourth).await, gate115::vfs::State::Working(_)));
    assert_eq!(t.sim.ledger().rotations(), 1, "the new pair of the configuration, as it is");
    fourth.stop().await;
}

#[tokio::test]
async fn dead_tokens_say_how_to_log_in_again_and_are_not_asked_for_in_a_loop() {
    let t = open_world(deep).start().await;
    t.sim.revoke_open();
    let text = t.get("/d/115/a/b/c/d/e/f/film.mkv").send().await.is(502).text();
    assert!(text.contains("refresh_token"), "{text}");
    let asked = t.sim.ledger().count("open_refresh");
    for number in 0..5 {
        t.get(&format!("/d/115/{number}")).send().await.is(502);
    }
    assert_eq!(t.sim.ledger().count("open_refresh"), asked);
}

#[tokio::test]
async fn a_lost_reply_to_a_renewal_is_told_from_dead_tokens() {
    let t = open_world(deep).start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    let first = with_store(&t.config, &store, &t);
    assert!(matches!(state(&first).await, gate115::vfs::State::Working(_)));
    first.stop().await;
    t.sim.expire_access();
    t.sim.fault(On::Call("open_refresh"), Times::Next(1), Fault::LoseReply);
    let second = with_store(&t.config, &store, &t);
    assert!(matches!(state(&second).await, gate115::vfs::State::Failed(_)));
    second.stop().await;
    assert_eq!(t.sim.ledger().rotations(), 1, "115 has exchanged them, and nobody heard");

    let third = with_store(&t.config, &store, &t);
    let gate115::vfs::State::Failed(error) = state(&third).await else { panic!("it cannot work") };
    assert_eq!(error.kind(), Kind::Session);
    assert!(error.message().contains("its reply never arrived"), "{}", error.message());
    assert!(error.message().contains("refresh_token"), "{}", error.message());
    third.stop().await;
}

#[tokio::test]
async fn a_root_that_is_not_there_is_named() {
    let t = open_world(deep)
        .at_once()
        .mount(|mount, sim| {
            open_of(mount).root = sim.id_of("/a/b/c/d/e/f/film.mkv").unwrap().0;
        })
        .start()
        .await;
    assert!(t.failed().await.message().contains("is a file"));
}

/// What another process does that logs in: new tokens, stored for the mount.
async fn log_in_elsewhere(t: &crate::support::TestApp, store: &Arc<dyn Store>) {
    let fresh = t.sim.open_authorise();
    let credentials = Credentials::new(Arc::clone(store), t.clock.clone(), "login");
    let account = credentials.account("115-open", &t.config.mounts[0].path, None).await.unwrap();
    let secret = Secret::Tokens { access: fresh.access.into(), refresh: fresh.refresh.into(), expires: None };
    credentials.log_in(&account, None, &secret).await.unwrap();
}

async fn within_seconds(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(6), "not {what} within seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_mount_that_could_not_start_takes_up_a_login_of_another_process() {
    let t = open_world(deep).start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    t.sim.revoke_open();
    let app = with_store(&t.config, &store, &t);
    assert!(matches!(state(&app).await, gate115::vfs::State::Failed(_)));
    log_in_elsewhere(&t, &store).await;
    let works = || matches!(app.namespace().mounts()[0].state(), gate115::vfs::State::Working(_));
    within_seconds("at work", works).await;
    app.stop().await;
}

#[tokio::test]
async fn a_renewal_of_its_own_is_no_login_to_be_tried_at_once() {
    let t = open_world(deep).start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    t.sim.expire_access();
    t.sim.after_next("open_refresh", |sim| {
        sim.fault(On::Call("open_user_info"), Times::Always, Fault::Status(500, ""));
    });
    let app = with_store(&t.config, &store, &t);
    assert!(matches!(state(&app).await, gate115::vfs::State::Failed(_)));
    assert_eq!(t.sim.ledger().rotations(), 1);
    let asked = t.sim.ledger().api_total();
    // Longer than a change goes unheard, shorter than the first pause.
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert_eq!(t.sim.ledger().api_total(), asked);
    app.stop().await;
}

#[tokio::test]
async fn a_mount_without_tokens_starts_with_the_first_login() {
    let t = open_world(deep).start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    let mut config = t.config.clone();
    let open = open_of(&mut config.mounts[0]);
    (open.access_token, open.refresh_token) = (None, None);
    let app = with_store(&config, &store, &t);
    let gate115::vfs::State::Failed(error) = state(&app).await else { panic!("with what?") };
    assert!(error.message().contains("refresh_token"), "{}", error.message());

    log_in_elsewhere(&t, &store).await;
    let works = || matches!(app.namespace().mounts()[0].state(), gate115::vfs::State::Working(_));
    within_seconds("at work", works).await;
    app.stop().await;
}

#[tokio::test]
async fn an_account_that_waits_for_a_login_goes_on_with_one_before_anybody_asks() {
    let t = open_world(deep).start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    let app = with_store(&t.config, &store, &t);
    let gate115::vfs::State::Working(mounted) = state(&app).await else { panic!("it does not work") };
    t.sim.revoke_open();
    let root = mounted.drive().root().await;
    assert_eq!(root.unwrap_err().kind(), Kind::Session);
    assert!(mounted.drive().pause().is_some());

    log_in_elsewhere(&t, &store).await;
    within_seconds("awake", || mounted.drive().pause().is_none()).await;
    mounted.drive().root().await.unwrap();
    app.stop().await;
}

#[tokio::test]
async fn mounts_with_one_credential_are_one_account() {
    let t = open_world(deep).start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/second").unwrap();
    config.mounts.push(second);
    t.sim.expire_access();
    let app = with_store(&config, &store, &t);
    let works = |number: usize| matches!(app.namespace().mounts()[number].state(), gate115::vfs::State::Working(_));
    within_seconds("both at work", || works(0) && works(1)).await;
    assert_eq!(t.sim.ledger().rotations(), 1, "a renewal for one would have ended the other's tokens");
    app.stop().await;
}

#[tokio::test]
async fn the_strictest_rate_of_an_account_holds_as_long_as_its_mount_is_there() {
    let t = open_world(deep).start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/second").unwrap();
    let slow = open_of(&mut second);
    slow.rate = 2.0;
    config.mounts.push(second);
    let app = with_store(&config, &store, &t);
    let gate115::vfs::State::Working(mounted) = state(&app).await else { panic!("it does not work") };
    let twelve = async || {
        let begun = Instant::now();
        for _ in 0..12 {
            mounted.drive().root().await.unwrap();
        }
        begun.elapsed()
    };
    let slow = twelve().await;
    config.mounts.pop();
    app.reload(&config);
    let fast = twelve().await;
    // At the rate of before it would take longer, since nothing is saved up any more.
    assert!(slow > Duration::from_secs(2) && fast < slow, "{slow:?}, then {fast:?}");
    app.stop().await;
}

/// What 115 answers to a renewal, and what a person is told to do about it.
#[rstest]
#[case(40_140_114, "`refresh_token`")]
#[case(40_140_115, "`refresh_token`")]
#[case(40_140_116, "`refresh_token`")]
#[case(40_140_119, "`refresh_token`")]
#[case(40_140_120, "`refresh_token`")]
#[case(40_140_106, "`app_id`")]
#[case(40_140_107, "`app_id`")]
#[case(40_140_108, "log in again")]
#[case(40_140_109, "log in again")]
#[case(40_140_110, "log in again")]
#[case(40_140_118, "log in again")]
#[tokio::test]
async fn every_end_of_tokens_says_what_to_do(#[case] code: i64, #[case] advice: &str) {
    let t = open_world(deep).start().await;
    t.sim.expire_access();
    t.sim.fault(On::Call("open_refresh"), Times::Always, Fault::OpenCode(code));
    let text = t.get("/d/115/a/b/c/d/e/f/film.mkv").send().await.is(502).text();
    assert!(text.contains(advice) && text.contains(&code.to_string()), "{text}");
    let asked = t.sim.ledger().count("open_refresh");
    for number in 0..5 {
        let again = t.get(&format!("/d/115/{number}")).send().await.is(502).text();
        assert!(again.contains(advice), "{again}");
    }
    assert_eq!((asked, t.sim.ledger().count("open_refresh")), (1, 1), "asked once");
}
