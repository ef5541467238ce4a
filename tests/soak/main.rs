//! The soak: the shipped binary under load and faults for minutes, then killed at random moments under the same load.
//!
//! `cargo test --test soak -- [--seconds 120] [--kills 20] [--seed N] [--binary target/release/gate115]`; not part of a plain
//! `cargo test`. Ends with figures, and with an error at the first wrong byte, at a call during a pause, at a leak, and where a start fails.
#![expect(unreachable_pub, reason = "a test target has no outside")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod gateway;
mod kills;
mod load;
mod mischief;
mod steady;
mod world;

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What the command line asks for.
#[derive(Debug)]
struct Plan {
    seconds: u64,
    kills: u32,
    seed: u64,
    /// Which gateway.
    binary: PathBuf,
}

fn plan() -> Plan {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut plan = Plan { seconds: 120, kills: 20, seed, binary: env!("CARGO_BIN_EXE_gate115").into() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--binary" {
            plan.binary = words.next().expect("--binary FILE").into();
            continue;
        }
        let mut number = || words.next().and_then(|n| n.parse::<u64>().ok()).unwrap_or_else(|| panic!("{word} NUMBER"));
        match word.as_str() {
            "--seconds" => plan.seconds = number(),
            "--kills" => plan.kills = u32::try_from(number()).unwrap(),
            "--seed" => plan.seed = number(),
            _ => panic!("usage: soak [--seconds N] [--kills N] [--seed N] [--binary FILE]"),
        }
    }
    plan
}

fn main() {
    let plan = plan();
    println!("soak: {plan:?}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = world::World::new(plan.binary.canonicalize().unwrap()).await;
        steady::run(&mut world, Duration::from_secs(plan.seconds), plan.seed).await;
        kills::run(&mut world, plan.kills, plan.seed).await;
        assert_eq!(world.sim.ledger().violations(), Vec::<String>::new(), "calls that 115 would not like");
    });
    println!("2 passed, 0 failed");
}
