//! One process for the whole time: right bytes, no call during a pause, and no growth.

use std::{sync::atomic::Ordering, time::Duration};

use reqwest::Client;
use sim115::{Fault, On, Times};
use tokio::time::Instant;

use crate::{
    gateway::{Figures, Gateway, command, state, tail, tasks, until},
    load::{Load, client},
    mischief,
    world::World,
};

/// Between one pause and the next.
const BETWEEN: Duration = Duration::from_secs(12);
/// How long an account is left paused.
const PAUSED: Duration = Duration::from_secs(5);

pub async fn run(world: &mut World, length: Duration, seed: u64) {
    let http = client();
    let gateway = Gateway::start(world, &http).await;
    for mount in crate::world::MOUNTS {
        until(world, &http, mount, "works").await;
    }
    let (rest, tasks_at_rest) = (gateway.figures(), tasks(world, &http).await);
    let begun = Instant::now();
    let mut load = Load::start(&world.url(""), seed);
    let mut mischief = mischief::start(&world.sim, seed);
    let mut seen: Vec<(Duration, Figures)> = Vec::new();
    let (mut pauses, mut next) = (0, BETWEEN);
    while begun.elapsed() < length {
        tokio::time::sleep(Duration::from_millis(500)).await;
        load.check();
        seen.push((begun.elapsed(), gateway.figures()));
        if begun.elapsed() > next {
            // No faults but this one, so that the call that meets it is one of the account's.
            mischief.abort();
            world.sim.clear_faults();
            pause(world, &http, pauses % 2 == 1).await;
            pauses += 1;
            mischief = mischief::start(&world.sim, seed + pauses);
            next = begun.elapsed() + BETWEEN;
        }
    }
    mischief.abort();
    world.sim.clear_faults();
    let tally = std::sync::Arc::clone(&load.tally);
    load.end().await;
    report(&seen, &tally, begun.elapsed(), pauses);
    settles(world, &http, &gateway, rest, tasks_at_rest).await;
    for mount in crate::world::MOUNTS {
        let state = state(world, &http, mount).await;
        assert!(state.contains("works"), "{state}: {}", tail(world));
    }
}

/// 115 wants a captcha: from then on nothing goes out for that account, until a person says so.
async fn pause(world: &World, http: &Client, open: bool) {
    let (mount, labels) = if open {
        ("/open", &["open_files", "open_downurl", "open_get_info"][..])
    } else {
        ("/cloud", &["files", "chrome_downurl", "getid"][..])
    };
    for label in labels {
        world.sim.fault(On::Call(label), Times::Next(1), Fault::Captcha);
    }
    until(world, http, mount, "captcha").await;
    world.sim.clear_faults();
    // Calls that were under way when it was heard.
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.sim.ledger().reset();
    tokio::time::sleep(PAUSED).await;
    let calls = world.calls(open);
    assert_eq!(calls, 0, "calls during a pause: {:?}", world.sim.ledger().take());
    assert!(state(world, http, mount).await.contains("captcha"));
    let (done, told) = command(world, &["unblock", mount]);
    assert!(done && told.contains("the pause is over"), "{told}");
    until(world, http, mount, "works").await;
    let begun = Instant::now();
    while world.calls(open) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing goes out after the pause: {}", tail(world));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn report(seen: &[(Duration, Figures)], tally: &crate::load::Tally, length: Duration, pauses: u64) {
    let (good, failed) = (tally.good.load(Ordering::Relaxed), tally.failed.load(Ordering::Relaxed));
    let mib = tally.bytes.load(Ordering::Relaxed) / (1 << 20);
    println!(
        "steady: {:.0} s, {good} requests well answered, {failed} failed by faults, {mib} MiB, {pauses} pauses",
        length.as_secs_f64()
    );
    let threads = seen.iter().map(|(_, figures)| figures.threads).max().unwrap_or(0);
    let most = |part: &[(Duration, Figures)]| part.iter().map(|(_, figures)| figures.resident_mib).fold(0.0, f64::max);
    let fifths: Vec<_> = seen.chunks(seen.len().div_ceil(5)).map(most).collect();
    println!("steady: most resident memory by fifths: {fifths:.1?} MiB, {threads} threads at most");
    assert!(good > 20 * length.as_secs(), "hardly anything was answered");
    assert!(failed < good, "more failures than answers");
    // What is kept fills up in the first part; from then on it stays.
    let (before, after) = (fifths[1].max(fifths[2]), fifths[3].max(fifths[4]));
    assert!(after < before * 1.15 + 4.0, "memory grows: {fifths:.1?}");
}

/// Nothing of the load is left a while after it.
async fn settles(world: &World, http: &Client, gateway: &Gateway, rest: Figures, tasks_at_rest: u64) {
    let begun = Instant::now();
    loop {
        let (now, alive) = (gateway.figures(), tasks(world, http).await);
        // Idle connections to 115 are kept; their number is small and bounded.
        // Of the tasks, two belong to each of these.
        if now.descriptors <= rest.descriptors + 40 && now.threads <= rest.threads + 40 && alive <= tasks_at_rest + 20 {
            println!("steady: after it {now:?} and {alive} tasks, before {rest:?} and {tasks_at_rest} tasks");
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(90),
            "left behind: {now:?}, {alive} tasks, before: {rest:?}, {tasks_at_rest} tasks: {}",
            tail(world)
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
