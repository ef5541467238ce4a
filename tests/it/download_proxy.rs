//! `delivery: url`: clients are sent to a download proxy, which verifies the sign itself and fetches what `fs/link` says.

use gate115::{
    config::Delivery,
    identity::{Guest, Signing},
};
use percent_encoding::percent_decode_str;
use rstest::rstest;
use serde_json::{Value, json};
use sim115::{Content, Fault, On, Raw, Sim, Times};

use crate::support::{
    Reply,
    Service::{self, Cloud, Open, Share},
    Stage, TestApp, bind_per_client,
    signs::is_of,
    world,
};

const TOKEN: &str = "openlist-testtoken";
const PROXY: &str = "https://worker.example/115";
const SIZE: u64 = 100_000;
const FILM: &str = "/115/%E5%BD%B1%20%E8%A7%86/a%26b%2B%23%25.mkv";

fn films(sim: &Sim) {
    let folder = sim.folder("/影 视");
    sim.file("/影 视/a&b+#%.mkv", Content::pattern(SIZE));
    sim.file("/影 视/empty.txt", Content::pattern(0));
    sim.raw_file(folder, "part.mkv", Content::pattern(9), Raw { incomplete: true, ..Raw::default() });
}

/// A mount with a download proxy; guests may not read.
fn proxied(of: Service) -> Stage {
    let stage = world(films).of(of).access(|auth, _| {
        auth.guest = Guest::Off;
        auth.token = Some(TOKEN.into());
    });
    stage.mount(|mount, sim| {
        mount.delivery = Delivery::Url(PROXY.into());
        bind_per_client(mount, sim);
    })
}

/// What a worker does with what it is asked for: it looks at the sign with its own copy of the token, has the gateway tell where
/// the bytes are, and fetches them with the headers it is told.
async fn worker(t: &TestApp, url: &str) -> Reply {
    let (path, query) = url.strip_prefix(PROXY).unwrap().split_once('?').unwrap();
    let path = percent_decode_str(path).decode_utf8().unwrap();
    let sign = query.strip_prefix("sign=").unwrap();
    assert!(is_of(TOKEN, &path, sign), "the worker does not accept {url}");
    let call = t.post("/api/fs/link").agent("worker/1").with("authorization", TOKEN);
    let answer = call.json(&json!({ "path": path }).to_string()).send().await.is(200);
    let answer: Value = serde_json::from_slice(answer.bytes()).unwrap();
    assert_eq!(answer["code"], 200, "{answer}");
    let link = &answer["data"];
    let mut call = t.call(reqwest::Method::GET, link["url"].as_str().unwrap()).no_agent();
    for (name, values) in link["header"].as_object().unwrap() {
        assert_eq!(name, "User-Agent", "never a cookie");
        for value in values.as_array().unwrap() {
            call = call.with(name, value.as_str().unwrap());
        }
    }
    call.send().await
}

async fn get(t: &TestApp, path: &str) -> Value {
    let call = t.post("/api/fs/get").with("authorization", TOKEN);
    let answer = call.json(&json!({ "path": path }).to_string()).send().await.is(200);
    let mut answer: Value = serde_json::from_slice(answer.bytes()).unwrap();
    answer["data"].take()
}

#[rstest]
#[tokio::test]
async fn clients_go_there_and_the_worker_finds_the_bytes(#[values(Cloud, Open, Share)] of: Service) {
    let t = proxied(of).start().await;
    for path in [format!("/d{FILM}"), format!("/p{FILM}")] {
        for call in [t.get(&path), t.head(&path)] {
            let reply = call.with("authorization", TOKEN).range("bytes=0-9").send().await.is(302);
            let to = reply.header("location");
            assert!(to.starts_with(&format!("{PROXY}{FILM}?sign=")) && to.ends_with(":0"), "{to}");
            assert_eq!((reply.header("cache-control"), reply.header("referrer-policy")), ("no-store", "no-referrer"));
            assert_eq!(reply.header("content-length"), "0");
        }
    }
    assert_eq!(t.link_calls(), 0, "a client that is sent there needs no link");
    let to = t.get(&format!("/d{FILM}")).with("authorization", TOKEN).send().await.header("location").to_owned();
    for _ in 0..2 {
        let bytes = worker(&t, &to).await.is(200);
        assert_eq!(bytes.bytes(), &Content::pattern(SIZE).slice(0..SIZE)[..]);
    }
    assert_eq!(t.link_calls(), 1, "the worker's, and kept");
    assert_eq!(get(&t, "/115/影 视/a&b+#%.mkv").await["raw_url"], to);
    assert_eq!(t.link_calls(), 1);
}

#[tokio::test]
async fn the_sign_is_there_whatever_is_configured() {
    for (guest, signing) in [(Guest::Read, Signing::All), (Guest::Off, Signing::None)] {
        let t = proxied(Cloud)
            .access(move |auth, _| {
                auth.guest = guest;
                auth.sign = signing;
                auth.token = Some(TOKEN.into());
            })
            .start()
            .await;
        let reply = t.get(&format!("/d{FILM}")).send().await.is(302);
        worker(&t, reply.header("location")).await.is(200);
    }
}

#[tokio::test]
async fn nobody_is_sent_there_who_may_not_have_the_file() {
    let t = proxied(Cloud).start().await;
    for path in [format!("/d{FILM}"), format!("/p{FILM}"), format!("/d{FILM}?sign=x:0"), format!("/p{FILM}?d")] {
        let reply = t.get(&path).send().await.is(401);
        assert!(!reply.headers.contains_key("location"));
    }
    assert_eq!(t.api_calls(), 0);
    for (path, status) in
        [("/d/115/影 视", 404), ("/d/115/none.mkv", 404), ("/d/115/影 视/part.mkv", 503), ("/p/115/影 视", 404)]
    {
        t.get(path).with("authorization", TOKEN).send().await.is(status);
    }
}

/// What nobody can be sent to is fetched by us, and `d` keeps the worker from coming back to itself.
#[tokio::test]
async fn what_only_we_can_fetch_the_worker_gets_from_us() {
    let t = proxied(Cloud).start().await;
    for way in ["chrome_downurl", "android_download"] {
        t.sim.fault(On::Call(way), Times::Always, Fault::VersionTooLow);
    }
    let to = t.get(&format!("/d{FILM}")).with("authorization", TOKEN).send().await.is(302);
    let bytes = worker(&t, to.header("location")).await.is(200);
    assert_eq!(bytes.bytes(), &Content::pattern(SIZE).slice(0..SIZE)[..]);
    for query in ["d", "d=", "x&d=1"] {
        let part = t.get(&format!("/p{FILM}?{query}")).with("authorization", TOKEN).range("bytes=5-9").send().await;
        assert_eq!(part.is(206).bytes().len(), 5);
    }
    t.get(&format!("/p{FILM}?dd=1")).with("authorization", TOKEN).send().await.is(302);
    // An empty file has no link at all.
    let to = t.get("/d/115/影 视/empty.txt").with("authorization", TOKEN).send().await.is(302);
    assert!(worker(&t, to.header("location")).await.is(200).bytes().is_empty());
}

/// The worker looks at the whole path, and asks for the file by it.
#[rstest]
#[tokio::test]
async fn stable_links_go_there_too(#[values(Cloud, Open)] of: Service) {
    let t = proxied(of).start().await;
    let got = get(&t, "/115/影 视/a&b+#%.mkv").await;
    let stable = got["stable_url"].as_str().unwrap().strip_prefix(&t.url("")).unwrap().to_owned();
    assert!(t.sim.rename(t.sim.id_of("/影 视/a&b+#%.mkv").unwrap(), "renamed.mkv"));
    let reply = t.get(&stable).send().await.is(302);
    let to = reply.header("location");
    assert!(to.starts_with(&format!("{PROXY}/@pc/")) && to.contains("/a%26b%2B%23%25.mkv?sign="), "{to}");
    assert_eq!(worker(&t, to).await.is(200).bytes().len() as u64, SIZE);
    // What the worker is given does not open our own door, which looks at another part of it.
    let sign = to.split_once("?sign=").unwrap().1;
    t.get(&format!("{}?sign={sign}", stable.split('?').next().unwrap())).send().await.is(401);
    let call = t.post("/api/fs/link").with("authorization", TOKEN).json(r#"{"path":"/@pc/x/y/z"}"#).send().await;
    assert!(call.is(200).text().contains("object not found"));
}

#[tokio::test]
async fn management_pages_see_it() {
    let t = proxied(Cloud).start().await;
    let answer = t.post("/api/admin/storage/list").with("authorization", TOKEN).json("{}").send().await.is(200);
    let answer: Value = serde_json::from_slice(answer.bytes()).unwrap();
    let storage = &answer["data"]["content"][0];
    assert_eq!(
        (&storage["web_proxy"], &storage["webdav_policy"], &storage["down_proxy_url"], &storage["disable_proxy_sign"]),
        (&json!(true), &json!("use_proxy_url"), &json!(PROXY), &json!(false))
    );
}
