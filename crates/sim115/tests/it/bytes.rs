//! What the CDN sends: ranges, heads, redirects and scripted lies; quirk 59.

use reqwest::{Method, Response};
use rstest::rstest;
use sim115::{Content, Fault, On, Sim, Times};

use crate::support::Bench;

async fn range(bench: &Bench, url: &str, range: &str) -> Response {
    bench.http.get(url).header("range", range).send().await.unwrap()
}

fn head(response: &Response, name: &str) -> String {
    response.headers().get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

#[rstest]
#[case("bytes=0-0", 0, 1)]
#[case("bytes=65535-65536", 65_535, 65_537)]
#[case("bytes=49999999000-", 49_999_999_000, 50_000_000_000)]
#[case("bytes=-7", 49_999_999_993, 50_000_000_000)]
#[tokio::test]
async fn ranges_are_exact(#[case] asked: &str, #[case] from: u64, #[case] to: u64) {
    let bench = Bench::new().await;
    let content = Content::pattern(50_000_000_000);
    let url = bench.free_link("/big.mkv", &content).await;
    let response = range(&bench, &url, asked).await;
    assert_eq!(response.status(), 206);
    assert_eq!(head(&response, "content-range"), format!("bytes {from}-{}/50000000000", to - 1));
    assert_eq!(head(&response, "content-length"), (to - from).to_string());
    assert_eq!(head(&response, "accept-ranges"), "bytes");
    assert!(!head(&response, "x-115-request-id").is_empty());
    assert_eq!(response.bytes().await.unwrap(), content.slice(from..to));
}

#[tokio::test]
async fn a_whole_file_a_head_and_what_is_out_of_reach() {
    let bench = Bench::new().await;
    let content = Content::pattern(200_000);
    let url = bench.free_link("/f", &content).await;
    let whole = bench.http.get(&url).send().await.unwrap();
    let etag = head(&whole, "etag");
    assert_eq!((whole.status().as_u16(), head(&whole, "content-length")), (200, "200000".to_owned()));
    assert_eq!(whole.bytes().await.unwrap(), content.slice(0..200_000));
    let only_head = bench.http.head(&url).send().await.unwrap();
    assert_eq!((only_head.status().as_u16(), head(&only_head, "content-length")), (200, "200000".to_owned()));
    let beyond = range(&bench, &url, "bytes=200000-").await;
    assert_eq!((beyond.status().as_u16(), head(&beyond, "content-range")), (416, "bytes */200000".to_owned()));
    let if_range = |tag: &str| bench.http.get(&url).header("range", "bytes=1-2").header("if-range", tag).send();
    assert_eq!(if_range(&etag).await.unwrap().status(), 206);
    assert_eq!(if_range("\"other\"").await.unwrap().status(), 200);
    bench.sim.remove(sim115::NodeId(bench.sim.id_of("/f").unwrap().0));
    assert_eq!(bench.http.head(&url).send().await.unwrap().status(), 200, "a link outlives its file");
    assert_eq!(bench.http.get(url.replace("/cdn/", "/cdn/0")).send().await.unwrap().status(), 404);
    assert_eq!(bench.http.request(Method::POST, &url).send().await.unwrap().status(), 405);
    assert_eq!(bench.sim.ledger().violations(), ["cdn: method POST"]);
}

#[tokio::test]
async fn an_empty_file_has_no_range() {
    let bench = Bench::new().await;
    let url = bench.free_link("/empty", &Content::bytes("")).await;
    assert_eq!(range(&bench, &url, "bytes=0-").await.status(), 416);
    let whole = bench.http.get(&url).send().await.unwrap();
    assert_eq!((whole.status().as_u16(), head(&whole, "content-length")), (200, "0".to_owned()));
}

#[tokio::test]
async fn a_referer_can_be_unwelcome() {
    let bench = Bench::with(Sim::builder().refuse_referer(true)).await;
    let url = bench.free_link("/f", &Content::bytes("x")).await;
    assert_eq!(bench.http.get(&url).send().await.unwrap().status(), 200);
    assert_eq!(bench.http.get(&url).header("referer", "http://here/").send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_body_can_end_early() {
    let bench = Bench::new().await;
    let content = Content::pattern(1_000_000);
    let url = bench.free_link("/f", &content).await;
    let fault = bench.sim.fault(On::Cdn, Times::Next(1), Fault::CutAfter(300_000));
    let mut response = range(&bench, &url, "bytes=10-").await;
    assert_eq!(head(&response, "content-length"), "999990");
    let mut got = Vec::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => got.extend_from_slice(&chunk),
            end => break end,
        }
    };
    assert!(end.is_err());
    assert_eq!(got, content.slice(10..300_010));
    assert_eq!(fault.fired(), 1);
    assert_eq!(range(&bench, &url, "bytes=0-9").await.status(), 206, "the next one is whole");
}

#[tokio::test]
async fn a_body_can_stall() {
    let bench = Bench::new().await;
    let content = Content::pattern(1_000_000);
    let url = bench.free_link("/f", &content).await;
    bench.sim.fault(On::Cdn, Times::Always, Fault::StallAfter(1_000));
    let mut response = bench.http.get(&url).send().await.unwrap();
    let mut got = Vec::new();
    while got.len() < 1_000 {
        got.extend_from_slice(&response.chunk().await.unwrap().unwrap());
    }
    assert_eq!(got, content.slice(0..1_000));
    assert_eq!(bench.sim.ledger().cdn_open(), 1);
}

#[tokio::test]
async fn the_cdn_can_lie() {
    let bench = Bench::new().await;
    let content = Content::pattern(100);
    let url = bench.free_link("/f", &content).await;
    let etag = head(&bench.http.head(&url).send().await.unwrap(), "etag");
    let next = async |fault: Fault| {
        bench.sim.fault(On::Cdn, Times::Next(1), fault);
        range(&bench, &url, "bytes=10-19").await
    };
    let shifted = next(Fault::WrongRange).await;
    assert_eq!((shifted.status().as_u16(), head(&shifted, "content-range")), (206, "bytes 11-20/100".to_owned()));
    assert_eq!(shifted.bytes().await.unwrap(), content.slice(11..21));
    let ignored = next(Fault::IgnoreRange).await;
    assert_eq!((ignored.status().as_u16(), ignored.bytes().await.unwrap()), (200, content.slice(0..100)));
    assert_eq!(head(&next(Fault::WrongLength).await, "content-range"), "bytes 10-19/99");
    assert_ne!(head(&next(Fault::EtagChange).await, "etag"), etag);
    assert_eq!(next(Fault::Refuse(403)).await.status(), 403);
    assert!(next(Fault::ExpireNow).await.text().await.unwrap().contains("link expired"));
    assert_eq!(next(Fault::Status(500, "oops")).await.status(), 500);
    assert_eq!(bench.sim.ledger().cdn_status(403), 2);
}

#[tokio::test]
async fn redirects_lead_to_the_bytes() {
    let bench = Bench::new().await;
    let content = Content::pattern(100);
    let mut url = bench.free_link("/f", &content).await;
    bench.sim.fault(On::Cdn, Times::Next(1), Fault::Redirect(3));
    for hop in 0..3 {
        let response = bench.http.get(&url).send().await.unwrap();
        assert_eq!(response.status(), 302, "hop {hop}");
        url = reqwest::Url::parse(&url).unwrap().join(&head(&response, "location")).unwrap().to_string();
    }
    assert_eq!(bench.http.get(&url).send().await.unwrap().bytes().await.unwrap(), content.slice(0..100));
    assert_eq!((bench.sim.ledger().count("cdn"), bench.sim.ledger().count("cdn_hop")), (2, 2));
}

#[tokio::test]
async fn the_cdn_can_live_elsewhere() {
    let bench = Bench::new().await;
    let elsewhere = Bench::new().await;
    bench.sim.set_cdn_base("http://cdn.example:9116/");
    let url = bench.free_link("/f", &Content::bytes("x")).await;
    assert!(url.starts_with("http://cdn.example:9116/cdn/"), "{url}");
    let here = url.replace("http://cdn.example:9116", &elsewhere.running.base_url());
    assert_eq!(elsewhere.http.get(&here).send().await.unwrap().status(), 404, "another account");
    let here = url.replace("http://cdn.example:9116", &bench.running.base_url());
    assert_eq!(bench.http.get(&here).send().await.unwrap().status(), 200);
}
