//! `/d`: always a 302 that nobody remembers, to a link that this very client can use.

use rstest::rstest;
use sim115::{Content, Raw, Sim};

use crate::support::{
    Service::{self, Cloud, Open, Share},
    bind_per_client, world,
};

fn film(sim: &Sim) {
    sim.file("/film.mkv", Content::pattern(100_000));
}

#[rstest]
#[tokio::test]
async fn get_and_head_take_the_same_road(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).start().await;
    for call in [t.get("/d/115/film.mkv"), t.head("/d/115/film.mkv")] {
        let reply = call.send().await.is(302);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_eq!(reply.header("content-length"), "0");
        assert!(reply.header("location").contains("/cdn/"));
    }
}

#[rstest]
#[tokio::test]
async fn ranges_and_preconditions_speak_of_what_the_cdn_sent(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).start().await;
    for (name, value) in [
        ("range", "bytes=999999999-"),
        ("if-none-match", "*"),
        ("if-match", "\"x\""),
        ("if-modified-since", "Sun, 06 Nov 2094 08:49:37 GMT"),
    ] {
        t.get("/d/115/film.mkv").with(name, value).send().await.is(302);
    }
    let part = t.get("/d/115/film.mkv").range("bytes=500-999").follow().await.is(206);
    assert_eq!(part.bytes(), &Content::pattern(100_000).slice(500..1000)[..]);
}

#[rstest]
#[tokio::test]
async fn a_referer_never_reaches_the_cdn_from_us(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).sim(|sim| sim.refuse_referer(true)).start().await;
    t.get("/p/115/film.mkv").with("referer", "http://elsewhere/").send().await.is(200);
}

#[rstest]
#[tokio::test]
async fn a_folder_says_where_to_browse_it(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).start().await;
    for path in ["/d/115", "/p/115", "/d", "/d/"] {
        let reply = t.get(path).send().await.is(404);
        assert!(reply.text().contains("Browse it at /"), "{path}: {}", reply.text());
    }
    let page = t.get("/d/115").with("accept", "text/html,*/*").send().await.is(404);
    assert!(page.text().contains("href=\"/115\""), "{}", page.text());
}

#[rstest]
#[tokio::test]
async fn a_flagged_file_is_403(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(|sim| {
        let root = sim.folder("/");
        sim.raw_file(root, "bad.mkv", Content::pattern(10), Raw { flagged: true, ..Raw::default() });
    })
    .of(of)
    .start()
    .await;
    t.get("/d/115/bad.mkv").send().await.is(403);
    assert_eq!(
        (t.link_calls(), t.calls("android_download"), t.calls("files_download")),
        (1, 0, 0),
        "an answer about the file is final"
    );
}

#[rstest]
#[tokio::test]
async fn an_empty_file_needs_no_link(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(|sim| {
        sim.file("/empty.nfo", Content::bytes(""));
    })
    .of(of)
    .start()
    .await;
    for route in ["/d", "/p"] {
        let reply = t.get(&format!("{route}/115/empty.nfo")).send().await.is(200);
        assert_eq!((reply.bytes().len(), reply.header("content-length")), (0, "0"));
        t.get(&format!("{route}/115/empty.nfo")).range("bytes=0-").send().await.is(416);
    }
    assert_eq!((t.link_calls(), t.calls("cdn")), (0, 0));
}

#[rstest]
#[tokio::test]
async fn delivery_proxy_relays_at_d(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).mount(|mount, _| mount.delivery = gate115::config::Delivery::Proxy).start().await;
    let reply = t.get("/d/115/film.mkv").send().await.is(200);
    assert_eq!(reply.bytes(), &Content::pattern(100_000).slice(0..100_000)[..]);
}

#[tokio::test]
async fn other_methods_are_refused_and_preflights_answered() {
    let t = world(film).start().await;
    for method in [reqwest::Method::POST, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let reply = t.call(method, &t.url("/d/115/film.mkv")).send().await.is(405);
        assert_eq!(reply.header("allow"), "GET, HEAD, OPTIONS");
    }
    let reply = t.call(reqwest::Method::OPTIONS, &t.url("/p/115/film.mkv")).send().await.is(204);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(reply.header("access-control-allow-credentials").is_empty());
}

#[rstest]
#[tokio::test]
async fn a_link_bound_to_a_user_agent_is_bound_to_the_exact_one(#[values(Cloud, Open, Share)] of: Service) {
    let t = world(film).of(of).mount(bind_per_client).start().await;
    let reply = t.get("/d/115/film.mkv").agent("Infuse/7 (中)").send().await.is(302);
    let to = reply.header("location").to_owned();
    assert!(to.contains("&f=1&"), "{to}");
    t.call(reqwest::Method::GET, &to).agent("Infuse/7 (中)").send().await.is(200);
    t.call(reqwest::Method::GET, &to).agent("VLC/3").send().await.is(403);
}
