//! 115 Open: what a path costs, and tokens that change under way.

use std::sync::Arc;

use gate115::{
    config::{Config, Drive, Open},
    error::Kind,
    store::{Memory, Store},
};
use sim115::{Content, Fault, On, Sim, Times};

use crate::support::{Stage, cloud_of, world};

/// A world whose mount is a drive of the Open Platform with the tokens that are good now.
fn open_world(fill: impl FnOnce(&Sim) + Send + 'static) -> Stage {
    world(fill).mount(|mount, sim| {
        let wire = cloud_of(mount).wire.clone();
        let tokens = sim.open_tokens();
        mount.drive = Drive::Open(Open {
            root: 0,
            access_token: Some(tokens.access.into()),
            refresh_token: Some(tokens.refresh.into()),
            app_id: None,
            rate: 1000.0,
            page_size: 1150,
            wire,
        });
    })
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
            gate115::vfs::State::Starting => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
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
    let Drive::Open(open) = &mut config.mounts[0].drive else { panic!("another type") };
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
            let wire = cloud_of(mount).wire.clone();
            let tokens = sim.open_tokens();
            mount.drive = Drive::Open(Open {
                root: sim.id_of("/a/b/c/d/e/f/film.mkv").unwrap().0,
                access_token: Some(tokens.access.into()),
                refresh_token: Some(tokens.refresh.into()),
                app_id: None,
                rate: 1000.0,
                page_size: 1150,
                wire,
            });
        })
        .start()
        .await;
    assert!(t.failed().await.message().contains("is a file"));
}
