//! `/p`: bytes through us, exact whatever the CDN does, and an honest end where they cannot be had.

use std::time::Duration;

use rstest::rstest;
use sim115::{Content, Fault, On, Sim, Times};

use crate::support::{
    Service::{self, Cloud, Open, Share},
    TestApp, world,
};

const SIZE: u64 = 3_000_000;

fn film(sim: &Sim) {
    sim.file("/film.mkv", Content::pattern(SIZE));
    sim.file("/page.html", Content::bytes("<script>"));
    sim.file("/电影 \"1\".srt", Content::bytes("1"));
}

fn bytes(range: std::ops::Range<u64>) -> Vec<u8> {
    Content::pattern(SIZE).slice(range).to_vec()
}

async fn stage(of: Service) -> TestApp {
    world(film).of(of).start().await
}

#[rstest]
#[tokio::test]
async fn a_whole_file_and_its_headers(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    let reply = t.get("/p/115/film.mkv").send().await.is(200);
    assert_eq!(reply.bytes(), bytes(0..SIZE));
    for (name, value) in [
        ("content-type", "video/x-matroska"),
        ("content-length", "3000000"),
        ("accept-ranges", "bytes"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert_eq!(reply.header("etag"), format!("\"{}\"", Content::pattern(SIZE).sha1().to_lowercase()));
    assert!(reply.header("content-disposition").starts_with("inline; "));
    for secret in ["set-cookie", "x-115-request-id", "server", "location"] {
        assert!(!reply.headers.contains_key(secret), "{secret} is not ours to tell");
    }
}

#[rstest]
#[case("bytes=0-99", 206, "bytes 0-99/3000000", 0, 100)]
#[case("bytes=2999990-", 206, "bytes 2999990-2999999/3000000", 2_999_990, 3_000_000)]
#[case("bytes=-10", 206, "bytes 2999990-2999999/3000000", 2_999_990, 3_000_000)]
#[case("bytes=2999999-9999999", 206, "bytes 2999999-2999999/3000000", 2_999_999, 3_000_000)]
#[case("bytes=0-1,5-9", 200, "", 0, 3_000_000)]
#[case("lines=1-2", 200, "", 0, 3_000_000)]
#[case("bytes=9-1", 200, "", 0, 3_000_000)]
#[tokio::test]
async fn ranges(
    #[values(Cloud, Open, Share)] of: Service,
    #[case] range: &str,
    #[case] status: u16,
    #[case] content_range: &str,
    #[case] first: u64,
    #[case] end: u64,
) {
    let t = stage(of).await;
    let reply = t.get("/p/115/film.mkv").range(range).send().await.is(status);
    assert_eq!(reply.header("content-range"), content_range);
    assert_eq!(reply.bytes(), bytes(first..end));
}

#[rstest]
#[tokio::test]
async fn what_the_entry_can_answer_costs_no_call(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    let etag = t.head("/p/115/film.mkv").send().await.is(200).header("etag").to_owned();
    t.sim.ledger().reset();
    let head = t.head("/p/115/film.mkv").send().await.is(200);
    assert_eq!(head.header("content-length"), "3000000");
    assert_eq!(t.head("/p/115/film.mkv").range("bytes=5-9").send().await.is(206).header("content-length"), "5");
    t.get("/p/115/film.mkv").with("if-none-match", &etag).send().await.is(304);
    t.get("/p/115/film.mkv").with("if-match", "\"other\"").send().await.is(412);
    let vlc = t.get("/p/115/film.mkv").range("bytes=3000000-").with("if-match", &etag).send().await.is(416);
    assert_eq!(vlc.header("content-range"), "bytes */3000000");
    assert_eq!((t.api_calls(), t.calls("cdn")), (0, 0));
}

#[rstest]
#[tokio::test]
async fn if_range_decides_between_the_part_and_the_whole(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    let etag = t.head("/p/115/film.mkv").send().await.header("etag").to_owned();
    t.get("/p/115/film.mkv").range("bytes=1-2").with("if-range", &etag).send().await.is(206);
    t.get("/p/115/film.mkv").range("bytes=1-2").with("if-range", "\"old\"").send().await.is(200);
}

#[rstest]
#[tokio::test]
async fn what_could_run_in_a_browser_is_a_download(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    let reply = t.get("/p/115/page.html").send().await.is(200);
    assert!(reply.header("content-disposition").starts_with("attachment; "));
    let reply = t.get("/p/115/%E7%94%B5%E5%BD%B1%20%221%22.srt").send().await.is(200);
    assert!(
        reply.header("content-disposition").ends_with("filename*=UTF-8''%E7%94%B5%E5%BD%B1%20%221%22.srt"),
        "{}",
        reply.header("content-disposition")
    );
}

#[rstest]
#[case::cut(Fault::CutAfter(700_000))]
#[case::cut_at_once(Fault::CutAfter(0))]
#[case::stalled(Fault::StallAfter(700_000))]
#[case::reset(Fault::Reset)]
#[case::refused(Fault::Refuse(403))]
#[case::overloaded(Fault::Status(503, "busy"))]
#[case::expired(Fault::ExpireNow)]
#[case::wrong_range(Fault::WrongRange)]
#[case::whole_instead(Fault::IgnoreRange)]
#[case::redirected(Fault::Redirect(3))]
#[tokio::test]
async fn a_fault_of_the_cdn_is_not_seen_by_the_client(#[values(Cloud, Open, Share)] of: Service, #[case] fault: Fault) {
    let t = stage(of).await;
    let handle = t.sim.fault(On::Cdn, Times::Next(1), fault);
    let reply = t.get("/p/115/film.mkv").range("bytes=1000-").send().await.is(206);
    assert!(reply.bytes() == bytes(1000..SIZE), "the bytes differ");
    assert_eq!(handle.fired(), 1);
}

#[rstest]
#[tokio::test]
async fn it_goes_on_at_the_byte_again_and_again(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    let handle = t.sim.fault(On::Cdn, Times::Next(20), Fault::CutAfter(130_000));
    assert!(t.get("/p/115/film.mkv").send().await.is(200).bytes() == bytes(0..SIZE));
    assert_eq!(handle.fired(), 20);
}

#[rstest]
#[tokio::test]
async fn a_link_that_dies_midway_is_replaced(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).sim(|sim| sim.link_ttl(Duration::from_secs(1800))).start().await;
    t.get("/p/115/film.mkv").range("bytes=0-9").send().await.is(206);
    t.sim.fault(On::Cdn, Times::Next(1), Fault::CutAfter(700_000));
    // By the clock of 115 alone, so the refusal comes as a surprise.
    t.sim.after_next("cdn", |sim| sim.clock().advance(Duration::from_secs(3600)));
    let reply = t.get("/p/115/film.mkv").send().await.is(200);
    assert!(reply.bytes() == bytes(0..SIZE));
    assert_eq!(t.link_calls(), 2);
}

#[rstest]
#[tokio::test]
async fn a_link_that_was_refused_is_dropped(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    t.get("/p/115/film.mkv").range("bytes=0-9").send().await.is(206);
    t.advance(Duration::from_secs(60));
    t.sim.fault(On::Cdn, Times::Next(1), Fault::Refuse(403));
    t.get("/p/115/film.mkv").range("bytes=0-9").send().await.is(206);
    t.get("/p/115/film.mkv").range("bytes=0-9").send().await.is(206);
    assert_eq!(t.link_calls(), 2, "one fresh link, which then stays");
}

#[rstest]
#[tokio::test]
async fn a_short_file_never_looks_whole(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    t.sim.fault(On::Cdn, Times::Always, Fault::CutAfter(10_000));
    let reply = t.get("/p/115/film.mkv").send().await.is(200);
    assert_eq!(reply.header("content-length"), "3000000");
    assert!(reply.body.is_err(), "the connection is cut");
}

#[rstest]
#[tokio::test]
async fn another_content_is_not_glued_on(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    t.sim.fault(On::Cdn, Times::Next(1), Fault::CutAfter(700_000));
    t.sim.after_next("cdn", |sim| {
        sim.fault(On::Cdn, Times::Always, Fault::EtagChange);
    });
    let reply = t.get("/p/115/film.mkv").send().await.is(200);
    assert!(reply.body.is_err(), "the connection is cut");
}

#[rstest]
#[case::refused(Fault::Refuse(403), 502)]
#[case::broken(Fault::Status(500, ""), 502)]
#[case::garbled(Fault::WrongRange, 502)]
#[case::endless(Fault::Redirect(9), 502)]
#[tokio::test]
async fn what_fails_from_the_start_has_a_status(
    #[values(Cloud, Open, Share)] of: Service,
    #[case] fault: Fault,
    #[case] status: u16,
) {
    let t = stage(of).await;
    t.sim.fault(On::Cdn, Times::Always, fault);
    t.get("/p/115/film.mkv").range("bytes=1000-").send().await.is(status);
    assert!(t.link_calls() <= 3, "and costs few calls: {}", t.link_calls());
}

#[rstest]
#[tokio::test]
async fn a_client_that_leaves_stops_the_cdn_at_once(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(|sim| {
        sim.file("/huge.bin", Content::pattern(50_000_000_000));
    })
    .of(of)
    .start()
    .await;
    let download = tokio::time::timeout(Duration::from_millis(300), t.get("/p/115/huge.bin").send());
    assert!(download.await.is_err());
    for _ in 0..200 {
        if t.sim.ledger().cdn_open() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} connections of the CDN are still open", t.sim.ledger().cdn_open());
}

#[rstest]
#[tokio::test]
async fn a_client_that_leaves_while_the_cdn_stalls_is_noticed(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).start().await;
    t.sim.fault(On::Cdn, Times::Always, Fault::StallAfter(700_000));
    let download = tokio::time::timeout(Duration::from_millis(200), t.get("/p/115/film.mkv").send());
    assert!(download.await.is_err());
    for _ in 0..40 {
        if t.sim.ledger().cdn_open() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the CDN is still being read");
}

#[rstest]
#[tokio::test]
async fn a_cdn_that_fails_does_not_cost_links(#[values(Cloud, Open, Share)] of: Service) {
    for fault in [Fault::Refuse(403), Fault::Status(503, ""), Fault::Reset] {
        let t = stage(of).await;
        t.sim.fault(On::Cdn, Times::Always, fault.clone());
        for _ in 0..5 {
            t.get("/p/115/film.mkv").send().await.is(502);
        }
        assert!(t.link_calls() <= 2, "{fault:?}: {}", t.link_calls());
    }
}

#[rstest]
#[tokio::test]
async fn not_modified_has_no_length(#[values(Cloud, Open, Share)] of: Service) {
    let t = stage(of).await;
    let etag = t.head("/p/115/film.mkv").send().await.header("etag").to_owned();
    for call in [t.head("/p/115/film.mkv"), t.get("/p/115/film.mkv")] {
        let reply = call.with("if-none-match", &etag).send().await.is(304);
        assert_eq!((reply.header("content-length"), reply.header("etag")), ("", etag.as_str()));
    }
}

#[rstest]
#[tokio::test]
async fn requests_that_open_nothing_take_no_place_at_the_cdn(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(|sim| {
        let root = sim.folder("/");
        sim.raw_file(root, "bad.mkv", Content::pattern(10), sim115::Raw { flagged: true, ..sim115::Raw::default() });
        sim.file("/film.mkv", Content::pattern(1000));
    })
    .of(of)
    .start()
    .await;
    for _ in 0..12 {
        t.get("/p/115/bad.mkv").send().await.is(403);
    }
    // Places that lingered would free up after five seconds only.
    let good = tokio::time::timeout(Duration::from_secs(4), t.get("/p/115/film.mkv").send()).await;
    good.expect("no place was free").is(200);
}
