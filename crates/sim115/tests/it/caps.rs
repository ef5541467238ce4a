//! Open connections per link and per account, and slots that linger: quirk 19.

use std::time::Duration;

use reqwest::Response;
use sim115::{Content, Sim};

use crate::support::Bench;

const BIG: u64 = 50_000_000_000;

async fn open(bench: &Bench, url: &str) -> Response {
    bench.http.get(url).send().await.unwrap()
}

/// Waits until the server has noticed that bodies were dropped.
async fn until_open(bench: &Bench, open: u64) {
    let reached = async {
        while bench.sim.ledger().cdn_open() != open {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reached).await.expect("the server keeps a body open");
}

#[tokio::test]
async fn the_third_connection_is_refused_until_a_slot_stops_lingering() {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000)).await;
    let url = bench.free_link("/f", &Content::pattern(BIG)).await;
    let (mut first, second) = (open(&bench, &url).await, open(&bench, &url).await);
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    assert_eq!(bench.sim.ledger().cdn_open(), 2);
    let third = open(&bench, &url).await;
    assert_eq!(third.status(), 403);
    assert!(third.text().await.unwrap().contains("too many connections"));
    assert!(first.chunk().await.unwrap().is_some(), "existing ones continue");
    drop(second);
    until_open(&bench, 1).await;
    assert_eq!(open(&bench, &url).await.status(), 403, "the abandoned one lingers");
    bench.sim.clock().advance(Duration::from_secs(3));
    assert_eq!(open(&bench, &url).await.status(), 200);
    let ledger = bench.sim.ledger();
    assert_eq!((ledger.cdn_status(403), ledger.cdn_max_open(), ledger.cdn_max_open_per_link()), (2, 2, 2));
}

#[tokio::test]
async fn a_body_read_to_its_end_frees_its_slot_at_once() {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000).c(1)).await;
    let content = Content::pattern(1_000_000);
    let url = bench.free_link("/f", &content).await;
    for _ in 0..5 {
        let response = open(&bench, &url).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.bytes().await.unwrap(), content.slice(0..1_000_000));
        until_open(&bench, 0).await;
    }
    assert_eq!(bench.sim.ledger().cdn_bytes(), 5_000_000);
}

#[tokio::test]
async fn the_account_has_a_cap_over_all_links() {
    let bench = Bench::with(Sim::builder().uc(3)).await;
    let mut held = Vec::new();
    for n in 0..3 {
        let url = bench.free_link(&format!("/{n}"), &Content::pattern(BIG)).await;
        held.push(open(&bench, &url).await);
    }
    let url = bench.free_link("/last", &Content::pattern(BIG)).await;
    assert_eq!(open(&bench, &url).await.status(), 403);
    bench.sim.set_uc(0);
    bench.sim.set_c(0);
    let free = bench.chrome(&bench.sim.pickcode(bench.sim.id_of("/last").unwrap()).unwrap(), None).await.0;
    for _ in 0..5 {
        held.push(open(&bench, &free).await);
    }
    assert!(held.iter().all(|response| response.status() == 200));
    assert_eq!(bench.sim.ledger().cdn_max_open(), 8);
}

#[tokio::test]
async fn a_slow_reader_holds_back_the_server() {
    let bench = Bench::new().await;
    let url = bench.free_link("/f", &Content::pattern(BIG)).await;
    let response = open(&bench, &url).await;
    assert_eq!(response.status(), 200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(response);
    until_open(&bench, 0).await;
    let sent = bench.sim.ledger().cdn_bytes();
    assert!(sent < 100_000_000, "{sent} bytes went out though nobody read them");
}

#[tokio::test]
async fn a_throttled_body_is_still_whole() {
    let bench = Bench::with(Sim::builder().throttle(400_000)).await;
    let content = Content::pattern(60_000);
    let url = bench.free_link("/f", &content).await;
    assert_eq!(open(&bench, &url).await.bytes().await.unwrap(), content.slice(0..60_000));
}
