//! SIGKILL at random moments under load: it starts again, nothing is corrupt, and a pause goes on.

use std::{sync::atomic::Ordering, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sim115::{Fault, On, Times};

use gate115::{
    clock::Clock,
    store::{Sqlite, Store as _, Table},
};
use tokio::time::Instant;

use crate::{
    gateway::{Gateway, command, tail, until},
    load::{Load, client},
    mischief,
    world::{MOUNTS, World},
};

pub async fn run(world: &mut World, kills: u32, seed: u64) {
    let http = client();
    let mut random = StdRng::seed_from_u64(seed);
    let mut gateway = Gateway::start(world, &http).await;
    let load = Load::start(&world.url(""), seed + 1);
    load.killing.store(true, Ordering::Relaxed);
    let mut paused = 0;
    for round in 0..kills {
        let mischief = mischief::start(&world.sim, seed + u64::from(round));
        tokio::time::sleep(Duration::from_millis(random.random_range(0..1500))).await;
        mischief.abort();
        world.sim.clear_faults();
        // Every third time the account is paused when it is killed, however short a time.
        if round % 3 == 2 {
            until(world, &http, "/cloud", "works").await;
            world.sim.fault(On::Call("files"), Times::Next(1), Fault::Captcha);
            world.sim.fault(On::Call("chrome_downurl"), Times::Next(1), Fault::Captcha);
            until(world, &http, "/cloud", "captcha").await;
            world.sim.clear_faults();
            // `/readyz` tells of it at once, and what fails because of it is told when it is kept.
            kept(world).await;
            gateway.kill();
            // Calls that were under way are answered, and counted, by then.
            tokio::time::sleep(Duration::from_secs(1)).await;
            world.sim.ledger().reset();
            gateway = Gateway::start(world, &http).await;
            until(world, &http, "/cloud", "captcha").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(world.calls(false), 0, "calls during a pause, after a start: {:?}", world.sim.ledger().take());
            let (done, told) = command(world, &["unblock", "/cloud"]);
            assert!(done && told.contains("the pause is over"), "{told}");
            paused += 1;
        } else {
            gateway.kill();
            gateway = Gateway::start(world, &http).await;
        }
        for mount in MOUNTS {
            until(world, &http, mount, "works").await;
        }
    }
    let tally = std::sync::Arc::clone(&load.tally);
    load.end().await;
    let log = std::fs::read_to_string(world.folder.path().join("log")).unwrap();
    assert!(!log.contains("panicked") && !log.contains("damaged"), "{}", tail(world));
    let damaged = std::fs::read_dir(world.folder.path().join("data")).unwrap().filter_map(Result::ok);
    let damaged: Vec<_> = damaged.filter(|file| file.file_name().to_string_lossy().contains(".damaged-")).collect();
    assert!(damaged.is_empty(), "{damaged:?}");
    let good = tally.good.load(Ordering::Relaxed);
    assert!(kills == 0 || good > 0, "nothing was answered between the kills");
    println!("kills: {kills}, of them {paused} during a pause; {good} requests well answered meanwhile");
}

/// Waits until a pause without an end stands in the gateway's store.
async fn kept(world: &World) {
    let clock = Clock::default();
    let store = Sqlite::open(&world.folder.path().join("data"), clock.clone()).await.unwrap();
    let begun = Instant::now();
    loop {
        let pauses = store.scan(Table::Pauses, "", None, 10).await.unwrap();
        let mut kept =
            pauses.entries.iter().map(|(_, stored)| serde_json::from_slice::<p115::Kept>(&stored.value.bytes));
        if kept.any(|kept| kept.unwrap().in_force(clock.unix()).is_some_and(|(_, until)| until.is_none())) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the pause is not kept: {}", tail(world));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
