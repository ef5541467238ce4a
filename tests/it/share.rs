//! 115 Share: what a path costs, what is wrong with a share, and whose name its files are opened in.

use std::{sync::Arc, time::Duration};

use gate115::{
    app::App,
    config::{Drive, Login, Share as Config},
    error::Kind,
    path::VirtualPath,
    store::{
        Memory, Store,
        credentials::{Credentials, Secret},
    },
    vfs::State,
};
use parking_lot::Mutex;
use rstest::rstest;
use sim115::{Content, Fault, On, Share, ShareState, Times};
use tokio::time::Instant;

use crate::support::{Service, Stage, TestApp, share_of, world};

const CODE: &str = "sw3abcd1234";
const RECEIVE: &str = "ab12";

type Shared = Arc<Mutex<Option<Share>>>;

fn deep(share: &Share) {
    share.file("/a/b/c/film.mkv", Content::pattern(100_000));
    share.file("/a/b/c/other.mkv", Content::pattern(100_000));
    share.file("/top.mkv", Content::pattern(1000));
}

/// A gateway on a share, and the share behind its back.
fn shared(fill: fn(&Share), change: impl FnOnce(&mut Config) + Send + 'static) -> (Stage, Shared) {
    let shared = Shared::default();
    let made = Arc::clone(&shared);
    let stage = world(move |sim| {
        let share = sim.share(CODE, RECEIVE);
        fill(&share);
        *made.lock() = Some(share);
    });
    let stage = stage.of(Service::Share).mount(move |mount, _| {
        let config = share_of(mount);
        config.share = format!("{CODE}-{RECEIVE}").parse().unwrap();
        change(config);
    });
    (stage, shared)
}

async fn started(fill: fn(&Share)) -> (TestApp, Share) {
    let (stage, shared) = shared(fill, |_| {});
    let t = stage.start().await;
    let share = shared.lock().take().unwrap();
    (t, share)
}

#[tokio::test]
async fn a_path_costs_a_listing_a_level_and_then_nothing() {
    let (t, _share) = started(deep).await;
    t.get("/d/115/a/b/c/film.mkv").follow().await.is(200);
    assert_eq!((t.calls("share_snap"), t.calls("share_downurl"), t.api_calls()), (4, 1, 5));
    t.get("/d/115/a/b/c/other.mkv").follow().await.is(200);
    assert_eq!((t.calls("share_snap"), t.calls("share_downurl")), (4, 2), "a neighbour costs its link");
    t.get("/d/115/a/b/c/film.mkv").follow().await.is(200);
    assert_eq!(t.api_calls(), 6, "all is known now");
    t.get("/d/115/a/b/c/nothing.mkv").send().await.is(404);
    assert_eq!(t.api_calls(), 6, "and so is what is not there");
}

#[tokio::test]
async fn without_a_login_it_is_listed_and_says_what_is_missing() {
    let (stage, _shared) = shared(deep, |config| config.login = Login::default());
    let t = stage.start().await;
    assert!(t.get("/115/a/b/c").send().await.is(200).text().contains("film.mkv"));
    let text = t.get("/d/115/top.mkv").send().await.is(502).text();
    assert!(text.contains("gate115 login") && text.contains("`cookie`"), "{text}");
    assert_eq!(t.calls("share_downurl"), 0, "nobody is asked for a link without a login");
}

#[tokio::test]
async fn it_takes_up_a_login_that_comes_later() {
    let (stage, _shared) = shared(deep, |config| config.login = Login::default());
    let t = stage.start().await;
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    let app = App::build(&t.config, t.deps(Arc::clone(&store)));
    app.spawn();
    let of = |app: &App| match app.namespace().mounts()[0].state() {
        State::Working(mounted) => Some(mounted.drive().account().to_owned()),
        _ => None,
    };
    let until = async |want: String| {
        let begun = Instant::now();
        while of(&app).as_ref() != Some(&want) {
            assert!(begun.elapsed() < Duration::from_secs(8), "{:?} is not {want}", of(&app));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    until(format!("115-share:{CODE}")).await;
    let credentials = Credentials::new(Arc::clone(&store), t.clock.clone(), "another");
    let path = VirtualPath::from_plain("/115").unwrap();
    let account = credentials.account("115-cloud", &path, None).await.unwrap();
    credentials.log_in(&account, None, &Secret::Cookie(t.sim.cookie().into())).await.unwrap();
    let user = p115::Cookie::parse(&t.sim.cookie()).unwrap().user_id();
    until(format!("115-cloud:{user}")).await;
    app.stop().await;
}

/// What happens to a share, what the mount says before its first listing, and what it says once it is at work.
#[rstest]
#[case::cancelled(|share: &Share| share.set_state(ShareState::Cancelled), Kind::Ended, 410, "new link")]
#[case::deleted(|share: &Share| share.set_state(ShareState::Deleted), Kind::Ended, 410, "new link")]
#[case::expired(|share: &Share| share.set_state(ShareState::Expired), Kind::Ended, 410, "expired")]
#[case::forgotten(|share: &Share| share.forget(), Kind::Ended, 410, "new link")]
#[case::blocked(|share: &Share| share.set_state(ShareState::Violence), Kind::Forbidden, 403, "blocked")]
#[case::flagged(|share: &Share| share.set_state(ShareState::Copyright), Kind::Forbidden, 403, "blocked")]
#[case::other_code(|share: &Share| share.set_receive_code("zz99"), Kind::Session, 502, "receive code")]
#[case::reviewing(|share: &Share| share.set_state(ShareState::Reviewing), Kind::Paused, 503, "reviewing")]
#[case::building(|share: &Share| share.building(1000), Kind::Paused, 503, "building")]
#[tokio::test]
async fn what_is_wrong_is_said_at_the_start_and_at_work(
    #[case] happens: fn(&Share),
    #[case] kind: Kind,
    #[case] status: u16,
    #[case] told: &str,
) {
    let (stage, shared) = shared(deep, |_| {});
    let t = stage.start().await;
    let share = shared.lock().take().unwrap();
    happens(&share);
    let asked = t.calls("share_snap");
    for _ in 0..5 {
        let reply = t.get("/d/115/a/b/c/film.mkv").send().await.is(status);
        assert!(reply.text().contains(told), "{}", reply.text());
        assert_eq!(reply.header("retry-after").is_empty(), status != 503);
    }
    assert_eq!(t.calls("share_snap"), asked + 1, "asked once, and then left alone for a while");

    let app = App::build(&t.config, t.deps(Arc::new(Memory::new(t.clock.clone()))));
    app.spawn();
    let begun = Instant::now();
    let error = loop {
        match app.namespace().mounts()[0].state() {
            State::Failed(error) => break error,
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
    };
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.message().contains(told), "{error}");
    let rare = matches!(kind, Kind::Ended | Kind::Forbidden | Kind::Session);
    assert!(error.wait().unwrap() >= Duration::from_secs(if rare { 300 } else { 5 }), "{:?}", error.wait());
    app.stop().await;
}

#[tokio::test]
async fn a_share_that_is_right_again_is_asked_again_after_a_while() {
    let (t, share) = started(deep).await;
    share.set_state(ShareState::Cancelled);
    t.get("/115/a").send().await.is(410);
    share.set_state(ShareState::Normal);
    t.get("/115/a").send().await.is(410);
    t.advance(Duration::from_secs(601));
    t.get("/115/a").send().await.is(200);
}

#[tokio::test]
async fn a_missing_receive_code_is_asked_for() {
    let (stage, _shared) = shared(deep, |config| config.share = CODE.parse().unwrap());
    let t = stage.at_once().start().await;
    let error = t.failed().await;
    assert!(error.kind() == Kind::Session && error.message().contains("`receive_code`"), "{error}");
}

#[tokio::test]
async fn a_root_is_a_folder_of_the_share() {
    let (stage, shared) = shared(deep, |_| {});
    let t = stage.start().await;
    let share = shared.lock().take().unwrap();
    let store: Arc<dyn Store> = Arc::new(Memory::new(t.clock.clone()));
    let state = async |root: u64| {
        let mut config = t.config.clone();
        let Drive::Share(share) = &mut config.mounts[0].drive else { panic!("another type") };
        share.root = root;
        let app = App::build(&config, t.deps(Arc::clone(&store)));
        app.spawn();
        for _ in 0..500 {
            match app.namespace().mounts()[0].state() {
                State::Starting => tokio::time::sleep(Duration::from_millis(10)).await,
                State::Working(mounted) => {
                    let root = mounted.drive().root().await.unwrap();
                    let page = mounted.drive().list(&root, None, &gate115::drive::Asker::task()).await.unwrap();
                    app.stop().await;
                    return Ok(page.entries.len());
                }
                State::Failed(error) => {
                    app.stop().await;
                    return Err(error);
                }
            }
        }
        panic!("the mount never started");
    };
    assert_eq!(state(share.id_of("/a/b/c").unwrap().0).await.unwrap(), 2);
    for wrong in [share.id_of("/top.mkv").unwrap().0, 12345] {
        let error = state(wrong).await.unwrap_err();
        assert!(error.message().contains(&format!("no folder with the cid {wrong} in the share")), "{error}");
    }
}

#[tokio::test]
async fn a_player_that_115_does_not_like_is_served_through_us() {
    let (stage, _shared) = shared(deep, |_| {});
    let t = stage.sim(|sim| sim.require_known_ua(true)).start().await;
    // No link for this client, so no redirect; the bytes all the same.
    let reply = t.get("/d/115/top.mkv").agent("VLC/3").send().await.is(200);
    assert_eq!(reply.bytes(), &Content::pattern(1000).slice(0..1000)[..]);
}

#[tokio::test]
async fn it_waits_as_long_as_115_says() {
    let (t, _share) = started(deep).await;
    t.sim.fault(On::Call("share_snap"), Times::Next(1), Fault::Margin(1));
    assert!(t.get("/115/a").send().await.is(200).text().contains("/b"));
    t.sim.fault(On::Call("share_snap"), Times::Always, Fault::Margin(60));
    let reply = t.get("/115/a/b").send().await.is(503);
    assert!(reply.text().contains("from this address wait"), "{}", reply.text());
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[tokio::test]
async fn all_shares_are_listed_at_one_rate_and_a_mount_of_the_same_user_is_the_same_account() {
    let (t, _share) = started(deep).await;
    let mut config = t.config.clone();
    let Drive::Share(slow) = &mut config.mounts[0].drive else { panic!("another type") };
    slow.rate = 2.0;
    for path in ["/second", "/third"] {
        let mut mount = config.mounts[0].clone();
        mount.path = VirtualPath::from_plain(path).unwrap();
        if let Drive::Share(share) = &mut mount.drive {
            share.rate = 100.0;
        }
        config.mounts.push(mount);
    }
    let app = App::build(&config, t.deps(Arc::new(Memory::new(t.clock.clone()))));
    app.spawn();
    let begun = Instant::now();
    while !app.namespace().mounts().iter().all(|mount| matches!(mount.state(), State::Working(_))) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let begun = Instant::now();
    for number in 0..12 {
        let State::Working(mounted) = app.namespace().mounts()[number % 3].state() else { panic!("it has stopped") };
        mounted.drive().root().await.unwrap();
    }
    assert!(begun.elapsed() > Duration::from_secs(2), "twelve calls at two a second, six of them at once");
    app.stop().await;
}

#[tokio::test]
async fn dead_logins_of_a_share_stop_its_links_and_not_its_folders() {
    let (t, _share) = started(deep).await;
    t.get("/115/a/b/c").send().await.is(200);
    t.sim.login_again();
    let text = t.get("/d/115/a/b/c/film.mkv").send().await.is(502).text();
    assert!(text.contains("cookie is dead"), "{text}");
    t.advance(Duration::from_secs(3600));
    t.get("/115/a/b/c").send().await.is(200);
}

#[rstest]
#[case(Fault::NotLoggedIn)]
#[case(Fault::Captcha)]
#[tokio::test]
async fn a_listing_that_asks_for_a_login_is_left_alone_for_a_while(#[case] fault: Fault) {
    let (t, _share) = started(deep).await;
    t.sim.fault(On::Call("share_snap"), Times::Always, fault);
    for _ in 0..5 {
        t.get("/115/a").send().await;
    }
    assert_eq!(t.calls("share_snap"), 2, "once in the account's name, and once without it");
    let text = t.get("/115/a").send().await.is(503).text();
    assert!(text.contains("in a browser"), "{text}");
}
