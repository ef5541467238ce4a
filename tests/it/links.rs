//! Whose link it is: pools, slots, binding and life, and what it all costs.

use std::time::Duration;

use futures_util::future::join_all;
use gate115::config::MinLife;
use rstest::rstest;
use sim115::{Content, Fault, On, Sim, Times};

use crate::support::{
    Service::{self, Cloud, Open, Share},
    bind_per_client, world,
};

fn film(sim: &Sim) {
    sim.file("/film.mkv", Content::pattern(1_000_000));
    sim.file("/other.mkv", Content::pattern(1_000_000));
}

const LINK_CALLS: [&str; 3] = ["chrome_downurl", "android_download", "files_download"];

#[rstest]
#[tokio::test]
async fn calm_seeking_costs_nothing(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).start().await;
    for _ in 0..20 {
        t.get("/d/115/film.mkv").range("bytes=1000-").follow().await.is(206);
        t.advance(Duration::from_secs(6));
    }
    assert_eq!(t.link_calls(), 1);
}

#[rstest]
#[tokio::test]
async fn wild_scrubbing_costs_five_calls_and_then_none(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).start().await;
    for _ in 0..60 {
        t.get("/d/115/film.mkv").send().await.is(302);
        t.advance(Duration::from_millis(100));
    }
    assert_eq!(t.link_calls(), 5);
}

#[rstest]
#[tokio::test]
async fn eight_connections_of_a_download_manager_all_work(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(|sim| {
        sim.file("/big.bin", Content::pattern(8_000_000));
    })
    .of(of)
    .sim(|sim| sim.throttle(4_000_000))
    .start()
    .await;
    let parts = join_all((0..8u64).map(|n| {
        let range = format!("bytes={}-{}", n * 1_000_000, (n + 1) * 1_000_000 - 1);
        let call = t.get("/d/115/big.bin").range(&range);
        async move { call.follow().await.is(206).bytes().to_vec() }
    }))
    .await;
    assert_eq!(parts.concat(), &Content::pattern(8_000_000).slice(0..8_000_000)[..]);
    assert_eq!((t.link_calls(), t.sim.ledger().cdn_status(403)), (4, 0));
}

#[rstest]
#[tokio::test]
async fn clients_do_not_share_a_capped_link_and_share_a_free_one(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).start().await;
    t.get("/d/115/film.mkv").agent("VLC/3").send().await.is(302);
    t.get("/d/115/film.mkv").agent("Kodi/20").send().await.is(302);
    assert_eq!(t.link_calls(), 2, "c=2 is one client's");

    let t = world(film).of(of).sim(|sim| sim.c(0).uc(0)).start().await;
    for agent in ["VLC/3", "Kodi/20", "Infuse/7"] {
        t.get("/d/115/film.mkv").agent(agent).follow().await.is(200);
    }
    t.get("/p/115/film.mkv").send().await.is(200);
    let links = if of.binds_every_link() { 4 } else { 1 };
    assert_eq!(t.link_calls(), links, "c=0 and unbound is everybody's");
}

#[rstest]
#[tokio::test]
async fn a_crowd_gets_one_call_and_a_caller_that_leaves_harms_nobody(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).sim(|sim| sim.c(0)).start().await;
    t.get("/115").send().await.is(200);
    t.sim.fault(On::Call(of.link_calls()[0]), Times::Always, Fault::Delay(Duration::from_millis(300)));
    let leaver = tokio::time::timeout(Duration::from_millis(50), t.get("/d/115/film.mkv").send()).await;
    assert!(leaver.is_err());
    let replies = join_all((0..20).map(|_| t.get("/d/115/film.mkv").send())).await;
    assert!(replies.into_iter().all(|reply| reply.status == 302));
    assert_eq!(t.link_calls(), 1);
}

#[rstest]
#[tokio::test]
async fn unbound_is_asked_first_and_given_up_for_good_when_it_no_longer_works(#[values(Cloud, Share)] of: Service) {
    let t = world(film).of(of).start().await;
    assert!(t.get("/d/115/film.mkv").send().await.is(302).header("location").contains("&f=&"));
    t.sim.force_f(of.link_calls()[0], Some(1));
    t.get("/d/115/other.mkv").agent("VLC/3").follow().await.is(200);
    assert_eq!(t.link_calls(), 3, "the unbound question, and the bound one");
    t.get("/d/115/other.mkv").agent("Kodi/20").follow().await.is(200);
    t.get("/p/115/other.mkv").send().await.is(200);
    assert_eq!(t.link_calls(), 5, "one link per exact User-Agent from now on");
}

#[rstest]
#[tokio::test]
async fn a_client_without_a_name_gets_a_link_too(#[values(Cloud, Open, Share)] of: Service) {
    for stage in [world(film), world(film).mount(bind_per_client)] {
        let t = stage.of(of).start().await;
        t.get("/d/115/film.mkv").no_agent().follow().await.is(200);
    }
}

#[tokio::test]
async fn a_client_that_calls_itself_115browser_gets_the_android_link() {
    let t = world(film).mount(bind_per_client).start().await;
    t.get("/d/115/film.mkv").agent("Mozilla/5.0 115Browser/27.0").follow().await.is(200);
    assert_eq!(LINK_CALLS.map(|label| t.calls(label)), [0, 1, 0]);
}

#[tokio::test]
async fn when_the_other_ways_are_closed_the_relay_steps_in() {
    let t = world(film).start().await;
    for way in ["chrome_downurl", "android_download"] {
        t.sim.fault(On::Call(way), Times::Always, Fault::VersionTooLow);
    }
    let reply = t.get("/d/115/film.mkv").send().await.is(200);
    assert_eq!(reply.bytes(), &Content::pattern(1_000_000).slice(0..1_000_000)[..]);
    assert_eq!(t.calls("files_download"), 1);
    t.get("/d/115/film.mkv").range("bytes=5-9").send().await.is(206);
    assert_eq!(t.calls("files_download"), 1, "the link with its cookie is kept");
}

#[rstest]
#[tokio::test]
async fn a_client_is_only_sent_to_a_link_with_life_left(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).sim(|sim| sim.link_ttl(Duration::from_secs(1200))).start().await;
    t.get("/d/115/film.mkv").send().await.is(302);
    t.advance(Duration::from_secs(500));
    t.get("/d/115/film.mkv").send().await.is(302);
    assert_eq!(t.link_calls(), 1);
    t.advance(Duration::from_secs(200));
    t.get("/d/115/film.mkv").follow().await.is(200);
    assert_eq!(t.link_calls(), 2, "half of its life is over");

    t.get("/p/115/film.mkv").send().await.is(200);
    t.advance(Duration::from_secs(1000));
    t.get("/p/115/film.mkv").send().await.is(200);
    assert_eq!(t.link_calls(), 3, "a relay can come back: a minute is enough for it");
}

#[rstest]
#[tokio::test]
async fn the_least_life_can_be_said_and_never_makes_every_request_a_call(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film)
        .of(of)
        .sim(|sim| sim.link_ttl(Duration::from_secs(1200)))
        .mount(|mount, _| mount.cache.min_life = MinLife::Least(Duration::from_secs(36_000)))
        .start()
        .await;
    for _ in 0..5 {
        t.get("/d/115/film.mkv").send().await.is(302);
        t.advance(Duration::from_secs(15));
    }
    assert_eq!(t.link_calls(), 1);
}

#[rstest]
#[tokio::test]
async fn a_link_is_kept_no_longer_than_the_mount_says(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).mount(|mount, _| mount.cache.link = Duration::from_secs(60)).start().await;
    t.get("/d/115/film.mkv").send().await.is(302);
    t.advance(Duration::from_secs(59));
    t.get("/d/115/film.mkv").send().await.is(302);
    assert_eq!(t.link_calls(), 1);
    t.advance(Duration::from_secs(2));
    t.get("/d/115/film.mkv").send().await.is(302);
    assert_eq!(t.link_calls(), 2);
}

#[rstest]
#[tokio::test]
async fn the_relay_counts_its_readers_and_takes_another_link_for_the_third(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).sim(|sim| sim.throttle(2_000_000)).start().await;
    let readers = join_all((0..6).map(|_| t.get("/p/115/film.mkv").send())).await;
    assert!(readers.into_iter().all(|reply| reply.is(200).bytes().len() == 1_000_000));
    assert_eq!((t.link_calls(), t.sim.ledger().cdn_status(403)), (3, 0));
    assert!(t.sim.ledger().cdn_max_open_per_link() <= 2);
}

#[rstest]
#[tokio::test]
async fn past_the_accounts_cap_readers_wait_their_turn_and_then_hear_503(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).sim(|sim| sim.c(1).uc(2).throttle(50_000)).start().await;
    t.get("/p/115/film.mkv").range("bytes=0-9").send().await.is(206);
    // Two that take twenty seconds; one that waits in vain.
    let slow = join_all((0..2).map(|n| {
        let path = if n == 0 { "/p/115/film.mkv" } else { "/p/115/other.mkv" };
        t.get(path).range("bytes=0-999998").send()
    }));
    let late = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        t.get("/p/115/film.mkv").send().await
    };
    let (slow, late) = tokio::join!(tokio::time::timeout(Duration::from_secs(11), slow), late);
    drop(slow);
    let late = late.is(503);
    assert!(!late.header("retry-after").is_empty());
    assert_eq!(t.sim.ledger().cdn_status(403), 0);
}

#[rstest]
#[tokio::test]
async fn a_link_that_is_dead_on_arrival_does_not_make_call_after_call(#[values(Cloud, Open, Share)] of: Service) {
    for route in ["/d", "/p"] {
        let t = world(film).of(of).sim(|sim| sim.link_ttl(Duration::ZERO)).start().await;
        let reply = t.get(&format!("{route}/115/film.mkv")).send().await.is(502);
        assert!(reply.text().contains("clock"), "{}", reply.text());
        assert!(t.link_calls() <= 2, "{}", t.link_calls());
    }
}

#[rstest]
#[tokio::test]
async fn what_115_says_of_a_file_is_said_to_everybody(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(|sim| {
        let root = sim.folder("/");
        sim.raw_file(root, "bad.mkv", Content::pattern(10), sim115::Raw { flagged: true, ..sim115::Raw::default() });
    })
    .of(of)
    .start()
    .await;
    for agent in ["VLC/3", "Kodi/20", "Infuse/7", "mpv/1"] {
        t.get("/d/115/bad.mkv").agent(agent).send().await.is(403);
        t.get("/p/115/bad.mkv").agent(agent).send().await.is(403);
    }
    assert_eq!(t.link_calls(), 1);
}
