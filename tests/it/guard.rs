//! The account behind the mounts: who goes first, who is counted for what, and pauses that a restart does not end.

use std::{sync::Arc, time::Duration};

use gate115::{
    app::{App, Unblocked},
    ledger::{Column, Hours},
    path::VirtualPath,
};
use sim115::{Content, Fault, On, Sim, Times};
use tokio::task::JoinSet;

use crate::support::{TestApp, cloud_of, world};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36";
const VLC: &str = "VLC/3.0.20 LibVLC/3.0.20";

fn films(sim: &Sim) {
    for number in 0..40 {
        sim.file(&format!("/films {number}/a.mkv"), Content::pattern(1000));
    }
}

fn path() -> VirtualPath {
    VirtualPath::from_plain("/115").unwrap()
}

/// Another gateway on the same store, as a command beside `serve` is.
fn beside(t: &TestApp) -> Arc<App> {
    App::build(&t.config, t.deps(Arc::clone(&t.store)))
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never {what}");
}

#[tokio::test]
async fn a_crawler_waits_its_turn_and_a_player_goes_first() {
    let t = world(films).mount(|mount, _| cloud_of(mount).rate = 4.0).start().await;
    let http = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let mut crawler = JoinSet::new();
    for number in 0..36 {
        let request = http.get(t.url(&format!("/115/films%20{number}"))).header("user-agent", "crawler/1");
        crawler.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    // What it may take at once, it has taken.
    until("calls of the crawler", async || t.api_calls() >= 6).await;
    t.get("/d/115/films%2038/a.mkv").agent(VLC).send().await.is(302);
    let mut done = 0;
    while let Some(status) = crawler.try_join_next() {
        assert_eq!(status.unwrap(), 200);
        done += 1;
    }
    // Each page costs it at least a call, of which there are four a second.
    assert!(done < 24, "the player came after {done} pages of the crawler");
    crawler.abort_all();
}

#[tokio::test]
async fn calls_are_counted_for_who_asked() {
    let t = world(films).start().await;
    let before = t.app.ledger().hours(Duration::from_secs(3600)).await.unwrap();
    let account = before.accounts().first().map(|&account| account.to_owned()).unwrap();
    assert!(account.starts_with("115-cloud:"), "{account}");
    let of = |hours: &Hours, column, label: &str| {
        let counts = hours.by(&account, [column]);
        counts.iter().find(|([name], _)| *name == label).map_or(0, |(_, count)| count.calls)
    };
    t.get("/115/films%201").agent(BROWSER).send().await.is(200);
    t.get("/115/films%202").agent("rclone/v1.66").send().await.is(200);
    t.get("/d/115/films%203/a.mkv").agent(VLC).send().await.is(302);
    t.get("/p/115/films%203/a.mkv").agent("Lavf/60").send().await.is(200);
    let now = t.app.ledger().hours(Duration::from_secs(3600)).await.unwrap();
    let grown = |column, label| of(&now, column, label) - of(&before, column, label);
    assert_eq!(of(&before, Column::Caller, "task"), of(&now, Column::Caller, "task"), "the start is ours");
    assert!(of(&before, Column::Caller, "task") > 0);
    assert_eq!(grown(Column::Caller, "person"), 2, "the root, and the folder");
    assert_eq!(grown(Column::Caller, "scan"), 1, "the root is known by then");
    assert_eq!(grown(Column::Family, "browser"), 2);
    assert_eq!(grown(Column::Family, "rclone"), 1);
    assert_eq!(grown(Column::Family, "vlc"), 2, "the folder, and the link");
    assert_eq!(grown(Column::Family, "ffmpeg"), 1, "a link for the relay");
    assert_eq!(grown(Column::Caller, "player"), 3);
    assert_eq!(grown(Column::Class, "link"), t.link_calls());
    assert_eq!(grown(Column::Outcome, "ok"), t.api_calls());
}

#[tokio::test]
async fn a_pause_goes_on_over_a_restart_and_what_is_known_is_served() {
    let mut t = world(films).start().await;
    t.get("/115/films%201").send().await.is(200);
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Waf);
    t.get("/115/films%202").send().await.is(503);
    t.sim.ledger().reset();
    t.restart().await;
    until("a page of what is known", async || t.get("/115/films%201").send().await.status == 200).await;
    t.get("/115/films%202").send().await.is(503);
    t.advance(Duration::from_secs(600));
    t.get("/115/films%202").send().await.is(503);
    assert_eq!(t.api_calls(), 0, "{:?}", t.sim.ledger().take());
    t.advance(Duration::from_secs(61));
    // The mount is tried again when the pause that it waits for is over, by a timer of its own.
    t.restart_well().await;
    t.get("/115/films%202").send().await.is(200);
}

#[tokio::test]
async fn a_captcha_ends_by_an_unblock_beside_it_and_not_by_a_restart() {
    let mut t = world(films).start().await;
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Captcha);
    t.get("/115/films%201").send().await.is(503);
    t.sim.ledger().reset();
    let told = t.get("/115/films%201").send().await.is(503).text();
    assert!(told.contains("gate115 unblock"), "{told}");
    t.restart().await;
    t.failed().await;
    t.get("/115/films%201").send().await;
    assert_eq!(t.api_calls(), 0, "{:?}", t.sim.ledger().take());

    let command = beside(&t);
    let Some(Ok(Unblocked::Ended(pause))) = command.unblock(&path()).await else { panic!("it has not ended") };
    assert!(pause.reason.contains("captcha"), "{}", pause.reason);
    assert!(matches!(command.unblock(&path()).await, Some(Ok(Unblocked::Nothing))));
    command.stop().await;
    // The mount that waited goes on by itself.
    until("the mount works", async || t.get("/115/films%201").send().await.status == 200).await;
}

#[tokio::test]
async fn what_115_has_set_a_time_for_is_not_unblocked() {
    let t = world(films).start().await;
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Waf);
    t.get("/115/films%201").send().await.is(503);
    t.sim.ledger().reset();
    let command = beside(&t);
    assert!(matches!(command.unblock(&path()).await, Some(Ok(Unblocked::GoesOn(_)))));
    assert!(command.unblock(&VirtualPath::from_plain("/other").unwrap()).await.is_none());
    command.stop().await;
    t.get("/115/films%201").send().await.is(503);
    assert_eq!(t.api_calls(), 0);
}

#[tokio::test]
async fn a_pause_met_by_a_command_beside_it_holds_here_at_once() {
    let t = world(films).start().await;
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Captcha);
    let command = beside(&t);
    let probe = command.probe(&path()).await.unwrap();
    assert!(probe.steps.iter().any(|(_, step)| step.as_ref().is_err_and(|why| why.contains("captcha"))), "{probe:?}");
    command.stop().await;
    t.sim.ledger().reset();
    t.get("/115/films%201").send().await.is(503);
    assert_eq!(t.api_calls(), 0);
}
