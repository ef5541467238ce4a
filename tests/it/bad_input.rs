//! Bad input gets a clear answer with the real status; nothing is lost and nothing leaks.

use std::time::Duration;

use gate115::http::Limits;
use rstest::rstest;
use sim115::{Content, Sim};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{raw, world};

fn film(sim: &Sim) {
    sim.file("/film.mkv", Content::pattern(1000));
}

#[rstest]
#[case("/d/115/../115/film.mkv", 400)]
#[case("/d/115/%2e%2e/x", 400)]
#[case("/d/%2E%2E/%2e%2e/etc/passwd", 400)]
#[case("/d/115/./film.mkv", 400)]
#[case("/d/115/fi%00lm.mkv", 400)]
#[case("/d/115/%ff%fe", 400)]
#[case("/d/115%2Ffilm.mkv", 404)]
#[case("/d/115/..%2f..%2fetc%2fpasswd", 404)]
#[case("/d/115/..%5c..%5cwindows", 404)]
#[case("/115/%2e%2e/", 400)]
#[case("/d//115///film.mkv", 302)]
#[case("/d/115/film.mkv/", 302)]
#[case("/d/115/film.mkv/below", 404)]
#[case("/dd/115/film.mkv", 404)]
#[tokio::test]
async fn paths(#[case] path: &str, #[case] status: u16) {
    let t = world(film).start().await;
    let answer =
        raw(t.address, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(!answer.contains("passwd:") && !answer.contains("UID="));
}

#[rstest]
#[case(format!("/d/115/{}", "a".repeat(2000)), 414)]
#[case(format!("/d/115{}", "/abc".repeat(4500)), 414)]
#[case(format!("/d/115/{}", "a".repeat(100_000)), 431)]
#[tokio::test]
async fn what_is_too_long_is_told_so(#[case] path: String, #[case] status: u16) {
    let t = world(film).start().await;
    let answer =
        raw(t.address, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await;
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")) || status == 431 && answer.starts_with("HTTP/1.1 414 "),
        "{}",
        &answer[..answer.len().min(300)]
    );
    assert_eq!(t.api_calls(), 0);
}

#[rstest]
#[case("bytes=99999999999999999999999999999999-", 416)]
#[case("bytes=0-99999999999999999999999999999999", 206)]
#[case("bytes=-99999999999999999999999999999999", 206)]
#[case("bytes=a-b", 200)]
#[case("bytes=--1", 200)]
#[case("=", 200)]
#[tokio::test]
async fn range_headers(#[case] range: &str, #[case] status: u16) {
    let t = world(film).start().await;
    t.get("/p/115/film.mkv").range(range).send().await.is(status);
    let huge = format!("bytes={}", "0-1,".repeat(4000));
    t.get("/p/115/film.mkv").range(&huge).send().await.is(200);
}

#[tokio::test]
async fn header_floods_are_refused() {
    let t = world(film).start().await;
    let many: String = (0..300).map(|n| format!("x-{n}: y\r\n")).collect();
    let answer = raw(t.address, format!("GET /d/115/film.mkv HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn clients_that_say_nothing_or_half_a_request_are_closed() {
    let limits = Limits { head: Duration::from_millis(300), ..Limits::default() };
    let t = world(film).limits(limits).start().await;
    for start in ["", "GET /d/115/film.mkv HT", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let answer = raw(t.address, start.as_bytes()).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    // HTTP/2 without asking is no half request either.
    let answer = raw(t.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_closed() {
    let limits = Limits { write: Duration::from_millis(500), ..Limits::default() };
    let t = world(|sim| {
        sim.file("/huge.bin", Content::pattern(50_000_000_000));
    })
    .limits(limits)
    .start()
    .await;
    let mut stream = TcpStream::connect(t.address).await.unwrap();
    stream.write_all(b"GET /p/115/huge.bin HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut head = [0; 100];
    stream.read_exact(&mut head).await.unwrap();
    for _ in 0..100 {
        if t.sim.ledger().cdn_open() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the transfer to nobody goes on");
}

#[tokio::test]
async fn no_answer_holds_a_secret() {
    let t = world(film).start().await;
    let cookie = t.sim.cookie();
    let secrets: Vec<&str> =
        cookie.split("; ").filter_map(|pair| pair.split_once('=')).map(|(_, value)| value).collect();
    assert_eq!(secrets.len(), 4);
    for path in ["/", "/115", "/readyz", "/healthz", "/d/115/nothing", "/d/115", "/p/115/film.mkv"] {
        let reply = t.get(path).send().await;
        let all = format!("{:?}{}", reply.headers, reply.text());
        assert!(secrets.iter().all(|secret| !all.contains(secret)), "{path}: {all}");
        assert!(!all.contains("/cdn/"), "{path} tells an upstream URL");
    }
    let debug = format!("{:?} {:?}", t.app, t.config);
    assert!(secrets.iter().all(|secret| !debug.contains(secret)), "{debug}");
}
