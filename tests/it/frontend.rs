//! A frontend in place of the built-in pages: its page, its files, and what of ours stays where it was.

use std::{fs, path::Path, time::Duration};

use gate115::identity::Guest;
use rstest::rstest;
use serde_json::{Value, json};
use sim115::{Content, Sim};
use tempfile::TempDir;

use crate::{
    support::{Stage, TestApp, raw, world},
    users,
};

const PAGE: &str = r#"<!doctype html><html><head>
<link rel="manifest" href="/manifest.json">
<link rel="icon" href="https://elsewhere.example/logo/logo.svg"><link rel="apple-touch-icon" href="https://elsewhere.example/logo/logo.png">
<script>window.CONFIG = { cdn: undefined, api: undefined, base_path: undefined, main_color: undefined }</script>
</head><body><p>Loading...</p><p>Loading...</p></body></html>
"#;

fn films(sim: &Sim) {
    sim.file("/static/film.mkv", Content::pattern(1000));
}

/// A small frontend, with something beside it that is nobody's business.
fn unpacked() -> TempDir {
    let dir = TempDir::new().unwrap();
    let file = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    file("secret.txt", "secret");
    file("dist/index.html", PAGE);
    file("dist/VERSION", "secret");
    file("dist/assets/index-abc.js", "let x = 1;");
    file("dist/assets/a b%20c.css", "p {}");
    file("dist/assets/empty.wasm", "");
    file("dist/static/page/index.html", "<p>of its own</p>");
    dir
}

/// The gateway with this frontend, below this path.
fn stage(dir: &Path, base: &'static str) -> Stage {
    let dir = dir.join("dist");
    world(films).access(move |auth, server| {
        auth.guest = Guest::Off;
        server.base_path = base.into();
        server.frontend_dir = Some(dir);
    })
}

async fn started(base: &'static str) -> (TestApp, TempDir) {
    let dir = unpacked();
    (stage(dir.path(), base).start().await, dir)
}

#[rstest]
#[case("", "cdn: \"\"", "base_path: \"/\"")]
#[case("/gw/x", "cdn: \"/gw/x\"", "base_path: \"/gw/x\"")]
#[tokio::test]
async fn its_page_knows_where_it_is(#[case] base: &'static str, #[case] cdn: &str, #[case] path: &str) {
    let (t, _dir) = started(base).await;
    let page = t.get(&format!("{base}/")).send().await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-cache", "same-origin"));
    let text = page.text();
    for part in [cdn, path, "api: undefined", "main_color: \"#1890ff\"", &format!("href=\"{base}/manifest.json\"")] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.contains("<p>gate115</p><p>Loading...</p>") && !text.contains("elsewhere.example"), "{text}");
    let icons: Vec<_> =
        text.split("href=\"").filter_map(|part| part.split('"').next()).filter(|href| href.contains("/-/")).collect();
    assert_eq!(icons.len(), 2, "{text}");
    for icon in icons {
        assert!(icon.starts_with(base) && t.get(icon).send().await.is(200).header("content-type") == "image/svg+xml");
    }
    // What it looks at itself, whoever asks and whatever the path leads to.
    for path in [
        "/115",
        "/115/static/film.mkv",
        "/@manage/settings/site?x=1",
        "/@login",
        "/none",
        "/VERSION",
        "/index.html",
        "/lite/assets/x.js",
    ] {
        assert_eq!(t.get(&format!("{base}{path}")).send().await.is(200).text(), text, "{path}");
    }
    let head = t.head(&format!("{base}/115")).send().await.is(200);
    assert_eq!((head.header("content-length"), head.bytes()), (text.len().to_string().as_str(), &b""[..]));
    if !base.is_empty() {
        assert_eq!(t.get("/").send().await.is(302).header("location"), format!("{base}/"));
        t.get("/assets/index-abc.js").send().await.is(404);
    }
    assert_eq!(t.api_calls(), 0);
}

#[rstest]
#[case("")]
#[case("/gw")]
#[tokio::test]
async fn its_files_are_kept_for_long(#[case] base: &'static str) {
    let (t, _dir) = started(base).await;
    let at = |path: &str| format!("{base}{path}");
    let script = t.get(&at("/assets/index-abc.js")).send().await.is(200);
    assert_eq!((script.header("content-type"), &*script.text()), ("text/javascript", "let x = 1;"));
    assert_eq!(script.header("cache-control"), "public, max-age=15552000");
    assert_eq!((script.header("x-content-type-options"), script.header("accept-ranges")), ("nosniff", "bytes"));
    let seen = script.header("last-modified").to_owned();
    let again = t.get(&at("/assets/index-abc.js")).with("if-modified-since", &seen).send().await.is(304);
    assert_eq!((again.header("cache-control"), again.bytes()), ("public, max-age=15552000", &b""[..]));
    let part = t.get(&at("/assets/index-abc.js")).range("bytes=4-6").send().await.is(206);
    assert_eq!((part.header("content-range"), &*part.text()), ("bytes 4-6/10", "x ="));
    assert_eq!(
        t.get(&at("/assets/index-abc.js")).range("bytes=99-").send().await.is(416).header("cache-control"),
        "no-store"
    );
    assert_eq!(t.head(&at("/assets/index-abc.js")).send().await.is(200).header("content-length"), "10");
    assert_eq!(t.get(&at("/assets/a%20b%2520c.css")).send().await.is(200).header("content-type"), "text/css");
    assert_eq!(t.get(&at("/assets/empty.wasm")).send().await.is(200).header("content-type"), "application/wasm");
    assert_eq!(t.get(&at("/static/page/index.html")).send().await.is(200).text(), "<p>of its own</p>");
    for path in
        ["/assets/none.js", "/assets", "/assets/", "/static/page", "/static/page/", "/images/x.png", "/streamer"]
    {
        let reply = t.get(&at(path)).send().await.is(404);
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn nothing_outside_of_its_folders_is_given() {
    let (t, dir) = started("").await;
    std::os::unix::fs::symlink(dir.path().join("dist/assets/index-abc.js"), dir.path().join("dist/static/link.js"))
        .unwrap();
    for path in [
        "/assets/../VERSION",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/assets/%2fetc/passwd",
        "/assets//etc/passwd",
        "/assets/.%00./x",
        "/assets/%00",
        "/assets/%ff",
        &format!("/assets/{}", "a".repeat(300)),
    ] {
        let reply =
            raw(t.address, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert!(reply.starts_with("HTTP/1.1 404 "), "{path}: {reply}");
        assert!(!reply.contains("secret") && !reply.contains("root:"), "{path}: {reply}");
    }
    t.get("/static/link.js").send().await.is(200);
}

#[tokio::test]
async fn it_is_only_read() {
    let (t, _dir) = started("").await;
    for path in ["/", "/115", "/assets/index-abc.js", "/@manage"] {
        for method in ["POST", "PUT", "DELETE", "PROPFIND", "OPTIONS"] {
            let reply = t.call(method.parse().unwrap(), &t.url(path)).send().await.is(405);
            assert!(reply.header("allow").contains("GET"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn our_own_routes_stay() {
    let (t, _dir) = started("").await;
    for (path, status) in [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 401),
        ("/ledger", 401),
        ("/-/login", 200),
        ("/-/page.css", 200),
        ("/robots.txt", 200),
        ("/favicon.ico", 302),
        ("/ping", 200),
        ("/d/115/static/film.mkv", 401),
        ("/p/115/static/film.mkv", 401),
        ("/api/none", 200),
    ] {
        let reply = t.get(path).send().await.is(status);
        assert!(!reply.text().contains("Loading..."), "{path}");
    }
    let envelope: Value = serde_json::from_slice(t.get("/api/none").send().await.bytes()).unwrap();
    assert_eq!(envelope["code"], 404);
}

#[rstest]
#[case("", "/")]
#[case("/gw", "/gw/")]
#[tokio::test]
async fn a_browser_may_keep_it_as_a_program(#[case] base: &'static str, #[case] start: &str) {
    let (t, _dir) = started(base).await;
    let reply = t.get(&format!("{base}/manifest.json")).send().await.is(200);
    assert_eq!(reply.header("content-type"), "application/manifest+json");
    let mut manifest: Value = serde_json::from_slice(reply.bytes()).unwrap();
    let icon = manifest["icons"][0]["src"].take();
    t.get(icon.as_str().unwrap()).send().await.is(200);
    let icons = json!([{ "src": null, "sizes": "any", "type": "image/svg+xml" }]);
    let want =
        json!({ "name": "gate115", "display": "standalone", "scope": start, "start_url": start, "icons": icons });
    assert_eq!(manifest, want);
}

#[tokio::test]
async fn it_is_read_anew_with_the_configuration_and_may_go() {
    let (t, dir) = started("").await;
    let dist = dir.path().join("dist");
    fs::write(dist.join("index.html"), "<p>Loading...</p>").unwrap();
    assert!(t.get("/").send().await.is(200).text().contains("base_path"), "once a start, not once a request");
    t.app.show(t.app.frontend(Some(&dist)).await.unwrap());
    assert_eq!(t.get("/").send().await.is(200).text(), "<p>gate115</p>");
    fs::remove_file(dist.join("index.html")).unwrap();
    let error = t.app.frontend(Some(&dist)).await.unwrap_err();
    assert!(error.message().contains("server.frontend_dir") && error.message().contains("index.html"), "{error:?}");
    assert_eq!(t.get("/").send().await.is(200).text(), "<p>gate115</p>");
    t.app.show(t.app.frontend(None).await.unwrap());
    t.get("/").with("accept", "text/html").send().await.is(401);
    t.get("/assets/index-abc.js").with("accept", "text/html").send().await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_gateway_takes_up_what_has_become_of_it() {
    let stage = users::Stage::new();
    let at = |path: &str| stage.folder.path().join(path);
    let index = |folder: &str, text: &str| {
        fs::create_dir_all(at(folder)).unwrap();
        fs::write(at(folder).join("index.html"), text).unwrap();
    };
    let shown = async |want: &str| {
        for _ in 0..400 {
            if stage.get("/", "").await.unwrap().2 == want {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{:?}, not {want:?}: {}", stage.get("/", "").await, stage.log("log"));
    };
    let guests = "auth: { guest: read }";
    index("one", "first");
    index("two/dist", "another");
    stage.write(", frontend_dir: one", guests);
    let process = stage.start("log").await;
    shown("first").await;
    index("one", "second");
    process.hang_up();
    shown("second").await;
    stage.write(", frontend_dir: nowhere", guests);
    process.hang_up();
    for _ in 0..400 {
        if stage.log("log").contains("is no folder") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(stage.log("log").contains("server.frontend_dir: \"nowhere\" is no folder"), "{}", stage.log("log"));
    shown("second").await;
    stage.write(", frontend_dir: two", guests);
    process.hang_up();
    shown("another").await;
    stage.write("", guests);
    process.hang_up();
    for _ in 0..400 {
        if stage.get("/", "").await.unwrap().2.contains("href=\"/m\"") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(stage.get("/", "").await.unwrap().2.contains("href=\"/m\""), "the built-in page is back");
    assert!(!stage.log("log").contains("taken up at the next start only"), "{}", stage.log("log"));
}
