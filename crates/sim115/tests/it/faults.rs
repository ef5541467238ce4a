//! Scripted misbehaviour of the APIs and the book that is kept of it: quirk 5 and the transport's own failures.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use sim115::{Content, Fault, LABELS, On, Record, Times};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Bench, OURS, errno};

const ROOT: &str = "webapi.115.com/files?cid=0";

#[tokio::test]
async fn an_error_may_stand_anywhere() {
    let bench = Bench::new().await;
    bench.sim.fault(On::Call("files"), Times::Always, Fault::Errno(990_009, "上次操作未完成"));
    let (mut places, mut texts) = (HashSet::new(), HashSet::new());
    for _ in 0..150 {
        let body = bench.json(ROOT).await;
        assert_eq!((&body["state"], errno(&body)), (&false.into(), 990_009));
        for (key, value) in body.as_object().unwrap() {
            if value == 990_009 || value == "990009" {
                places.insert((key.clone(), value.is_string()));
            }
            if value == "上次操作未完成" {
                texts.insert(key.clone());
            }
            if key == "errno" && value == "" {
                places.insert(("empty errno".to_owned(), true));
            }
        }
    }
    assert_eq!((places.len(), texts.len()), (13, 4), "{places:?} {texts:?}");
    bench.sim.clear_faults();
    bench.sim.fault(On::Call("files"), Times::Next(1), Fault::ErrnoIn("errNo", 20_018, "不存在"));
    assert_eq!(crate::support::number(&bench.json(ROOT).await["errNo"]), 20_018);
}

#[tokio::test]
async fn pages_that_are_no_json() {
    let bench = Bench::new().await;
    for (fault, status) in
        [(Fault::Waf, 405), (Fault::Html, 200), (Fault::Garbage, 200), (Fault::Status(503, "busy"), 503)]
    {
        bench.sim.fault(On::AnyApi, Times::Next(1), fault.clone());
        let response = bench.get(ROOT).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{fault:?}");
        let body = response.bytes().await.unwrap();
        assert!(serde_json::from_slice::<Value>(&body).is_err(), "{fault:?}");
        bench.sim.clear_faults();
    }
    bench.sim.fault(On::AnyApi, Times::Next(1), Fault::VersionTooLow);
    assert_eq!(errno(&bench.json(ROOT).await), 0);
    bench.sim.fault(On::AnyApi, Times::Next(1), Fault::NotLoggedIn);
    assert_eq!(errno(&bench.json(ROOT).await), 99);
}

#[tokio::test]
async fn a_delay_changes_nothing_but_the_time() {
    let bench = Bench::new().await;
    let link = bench.free_link("/f", &Content::bytes("x")).await;
    let api = bench.sim.fault(On::AnyApi, Times::Next(2), Fault::Delay(Duration::from_millis(1)));
    let cdn = bench.sim.fault(On::Cdn, Times::Next(1), Fault::Delay(Duration::from_millis(1)));
    assert_eq!(bench.json(ROOT).await["state"], true);
    bench.sim.fault(On::AnyApi, Times::Next(1), Fault::Captcha);
    assert_eq!(errno(&bench.json(ROOT).await), 911, "and it adds to another fault");
    assert_eq!(bench.http.get(&link).send().await.unwrap().text().await.unwrap(), "x");
    assert_eq!((api.fired(), cdn.fired()), (2, 1));
}

#[tokio::test]
async fn a_reset_sends_not_one_byte() {
    let bench = Bench::new().await;
    let link = bench.free_link("/f", &Content::pattern(9)).await;
    let path = link.strip_prefix(&bench.running.base_url()).unwrap().to_owned();
    for (on, path) in [(On::AnyApi, format!("/{ROOT}")), (On::Cdn, path)] {
        bench.sim.fault(on, Times::Next(1), Fault::Reset);
        let mut stream = TcpStream::connect(bench.running.addr()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut got = Vec::new();
        let _ = stream.read_to_end(&mut got).await;
        assert_eq!(String::from_utf8_lossy(&got), "", "{path}");
    }
    assert_eq!(bench.sim.ledger().take().last().unwrap().status, 0);
}

#[tokio::test]
async fn an_answer_is_held_after_its_call_was_booked() {
    let bench = Bench::new().await;
    bench.sim.fault(On::Call("files"), Times::Next(1), Fault::HoldReply(Duration::from_secs(30)));
    let held = tokio::time::timeout(Duration::from_millis(300), bench.get(ROOT).send()).await;
    assert!(held.is_err() && bench.sim.ledger().count("files") == 1);
    bench.sim.fault(On::Call("files"), Times::Next(1), Fault::LoseReply);
    assert!(bench.get(ROOT).send().await.is_err());
    assert_eq!(bench.sim.ledger().count("files"), 2);
    assert_eq!(bench.json(ROOT).await["state"], true);
}

#[tokio::test]
async fn the_date_can_be_wrong() {
    let bench = Bench::with(sim115::Sim::builder().stopped_at(1_700_000_000)).await;
    let date = async |url: &str| bench.get(url).send().await.unwrap().headers()["date"].to_str().unwrap().to_owned();
    assert_eq!(date(ROOT).await, "Tue, 14 Nov 2023 22:13:20 GMT");
    bench.sim.skew_date(-3_600);
    assert_eq!(date(ROOT).await, "Tue, 14 Nov 2023 21:13:20 GMT");
    assert_eq!(date("cdn/nothing").await, "Tue, 14 Nov 2023 21:13:20 GMT");
    assert_eq!(bench.sim.clock().now_unix(), 1_700_000_000);
}

#[tokio::test]
async fn the_book_names_calls_but_no_secret() {
    let bench = Bench::new().await;
    let link = bench.free_link("/f", &Content::pattern(9)).await;
    bench.json(ROOT).await;
    bench.http.get(&link).header("user-agent", "VLC").send().await.unwrap();
    let ledger = bench.sim.ledger();
    assert_eq!((ledger.count("files"), ledger.count("chrome_downurl"), ledger.count("cdn")), (1, 1, 1));
    assert_eq!((ledger.total(), ledger.api_total()), (3, 2));
    let records = ledger.take();
    assert_eq!(
        records[1],
        Record {
            label: "files",
            host: "webapi.115.com".to_owned(),
            path: "/files".to_owned(),
            query: "cid=0".to_owned(),
            user_agent: Some(OURS.to_owned()),
            status: 200,
            errno: None,
        }
    );
    assert_eq!((records[0].user_agent.clone(), records[2].label), (None, "cdn"));
    let book = format!("{records:?} {:?} {ledger:?} {:?}", bench.sim, bench.running);
    let k = crate::support::param(&link, "k");
    assert!(!book.contains(&k) && !book.contains("SEID"));
    assert!(LABELS.contains(&records[2].label));
    assert_eq!((ledger.take().len(), ledger.total()), (0, 3));
    ledger.reset();
    assert_eq!(ledger.total(), 0);
}

#[tokio::test]
async fn one_seed_is_one_behaviour() {
    let list = async |seed: u64| {
        let bench = Bench::with(sim115::Sim::builder().seed(seed).stopped_at(1_700_000_000)).await;
        for n in 0..20 {
            bench.sim.file(&format!("/{n}"), Content::pattern(n));
        }
        bench.json(ROOT).await
    };
    assert_eq!(list(1).await, list(1).await);
    assert_ne!(list(1).await, list(2).await);
}

#[tokio::test]
async fn a_dropped_server_is_gone_and_a_new_one_goes_on() {
    let bench = Bench::new().await;
    bench.sim.file("/f", Content::pattern(1));
    let Bench { sim, running, http } = bench;
    let addr = running.addr();
    running.shutdown().await;
    assert!(TcpStream::connect(addr).await.is_err());
    let running = sim.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let bench = Bench { sim, running, http };
    assert_eq!(crate::support::names(&bench.json("webapi.115.com/files?cid=0&show_dir=1").await), ["f"]);
}
