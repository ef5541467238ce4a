//! What goes wrong at 115 meanwhile: at random moments, a few calls at a time.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use sim115::{Fault, On, Sim, Times};
use tokio::task::JoinHandle;

fn of_cdn() -> Vec<Fault> {
    vec![
        Fault::Reset,
        Fault::Refuse(403),
        Fault::ExpireNow,
        Fault::Status(500, "no"),
        Fault::Delay(Duration::from_millis(200)),
        Fault::CutAfter(0),
        Fault::CutAfter(1),
        Fault::CutAfter(70_000),
        Fault::CutAfter(700_000),
        Fault::StallAfter(30_000),
        Fault::WrongRange,
        Fault::IgnoreRange,
        Fault::WrongLength,
        Fault::EtagChange,
        Fault::Redirect(2),
        Fault::Redirect(9),
        Fault::Garbage,
    ]
}

/// None that looks like the firewall or a quota: those pause an account for longer than a soak lasts.
fn of_apis() -> Vec<Fault> {
    vec![
        Fault::Reset,
        Fault::LoseReply,
        Fault::Status(502, "<html>bad gateway</html>"),
        Fault::Garbage,
        Fault::GarbageData,
        Fault::HostlessUrl,
        Fault::Delay(Duration::from_millis(300)),
        Fault::Errno(990_009, "操作未完成"),
    ]
}

/// Goes on until it is aborted.
pub fn start(sim: &Sim, seed: u64) -> JoinHandle<()> {
    let (sim, mut random) = (sim.clone(), StdRng::seed_from_u64(seed));
    tokio::spawn(async move {
        loop {
            let (on, faults) = if random.random_bool(0.6) { (On::Cdn, of_cdn()) } else { (On::AnyApi, of_apis()) };
            let fault = faults.choose(&mut random).unwrap().clone();
            sim.fault(on, Times::Next(random.random_range(1..4)), fault);
            tokio::time::sleep(Duration::from_millis(random.random_range(50..400))).await;
        }
    })
}
