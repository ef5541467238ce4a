//! The three ways to a link and what each binds it to: quirks 16 to 18, 20 to 24 and 43.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use sim115::{Content, Fault, FolderId, On, Raw, Times};

use crate::support::{Bench, OURS, PLAYER, cookie_of, errno, json_of, number, param};

async fn fetch(bench: &Bench, url: &str, user_agent: Option<&str>, cookie: Option<&str>) -> (StatusCode, String) {
    let get = bench.http.get(url);
    let get = user_agent.into_iter().fold(get, |get, name| get.header("user-agent", name));
    let get = cookie.into_iter().fold(get, |get, cookie| get.header("cookie", cookie));
    let response = get.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn message(bench: &Bench, url: &str, user_agent: Option<&str>, cookie: Option<&str>) -> String {
    let (status, body) = fetch(bench, url, user_agent, cookie).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status.as_u16(), &body["status"]), (403, &403.into()));
    assert_eq!(body["request_id"].as_str().unwrap().len(), 24);
    body["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn chrome_without_a_user_agent_gives_a_free_link() {
    let bench = Bench::new().await;
    let content = Content::bytes("hello, 115");
    let code = bench.sim.pickcode(bench.sim.file("/a b/电影.mkv", content)).unwrap();
    for asked in [None, Some("")] {
        let (url, cookie) = bench.chrome(&code, asked).await;
        assert_eq!((param(&url, "f").as_str(), cookie), ("", None));
        assert!(url.contains("/%E7%94%B5%E5%BD%B1.mkv?"), "{url}");
        for user_agent in [None, Some(PLAYER), Some(OURS)] {
            assert_eq!(fetch(&bench, &url, user_agent, None).await, (StatusCode::OK, "hello, 115".to_owned()));
        }
    }
    bench.clean();
}

#[tokio::test]
async fn a_link_has_the_documented_parameters() {
    let bench = Bench::new().await;
    let url = bench.free_link("/a.mkv", &Content::pattern(1)).await;
    let (head, query) = url.split_once('?').unwrap();
    let keys: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
    assert_eq!(keys, ["t", "u", "s", "d", "c", "f", "k", "us", "uc", "v"]);
    let token = head.split('/').nth(4).unwrap();
    assert!(token.len() == 40 && token.bytes().all(|c| c.is_ascii_hexdigit()), "{token}");
    assert_eq!(param(&url, "k").len(), 32);
    assert_eq!((param(&url, "u"), param(&url, "c"), param(&url, "uc")), ("12345678".into(), "2".into(), "10".into()));
    let again =
        bench.chrome(&bench.sim.pickcode(sim115::FileId(bench.sim.id_of("/a.mkv").unwrap().0)).unwrap(), None).await.0;
    assert_ne!(param(&url, "k"), param(&again, "k"), "a new link is a new k");
}

#[tokio::test]
async fn a_bound_link_wants_the_user_agent_byte_for_byte() {
    let bench = Bench::new().await;
    let code = bench.sim.pickcode(bench.sim.file("/a.mkv", Content::bytes("x"))).unwrap();
    let by_chrome = bench.chrome(&code, Some(PLAYER)).await.0;
    let by_android = bench.android(&code, Some(PLAYER)).await;
    for url in [by_chrome, by_android] {
        assert_eq!(param(&url, "f"), "1");
        assert_eq!(fetch(&bench, &url, Some(PLAYER), None).await.0, 200);
        for other in [None, Some(""), Some("VLC/3.0.20 LibVLC/3.0.21"), Some(OURS)] {
            assert_eq!(message(&bench, &url, other, None).await, "invalid signature");
        }
    }
    let empty = bench.android(&code, None).await;
    assert_eq!(param(&empty, "f"), "1");
    assert_eq!(fetch(&bench, &empty, Some(""), None).await.0, 200);
    assert_eq!(message(&bench, &empty, Some(PLAYER), None).await, "invalid signature");
    assert_eq!(param(&bench.android(&code, Some(OURS)).await, "f"), "1");
}

#[tokio::test]
async fn the_115_browser_gets_links_that_want_a_cookie() {
    let bench = Bench::new().await;
    let code = bench.sim.pickcode(bench.sim.file("/a.mkv", Content::bytes("x"))).unwrap();
    let (url, cookie) = bench.chrome(&code, Some("x 115bRowser/1")).await;
    assert_eq!(param(&url, "f"), "3");
    assert_eq!(message(&bench, &url, Some("x 115bRowser/1"), None).await, "no cookie value");
    assert_eq!(message(&bench, &url, Some(PLAYER), cookie.as_deref()).await, "invalid signature");
    assert_eq!(fetch(&bench, &url, Some("x 115bRowser/1"), cookie.as_deref()).await.0, 200);
    let (other, _) = bench.chrome(&code, Some("x 115bRowser/1")).await;
    assert_eq!(message(&bench, &other, Some("x 115bRowser/1"), cookie.as_deref()).await, "no cookie value");
    bench.sim.force_f("chrome_downurl", Some(0));
    assert_eq!(param(&bench.chrome(&code, Some(OURS)).await.0, "f"), "0");
    bench.clean();
    assert_eq!(
        fetch(&bench, &url, Some("x 115bRowser/1"), Some(&format!("{}; {}", bench.sim.cookie(), cookie.unwrap())))
            .await
            .0,
        200
    );
    assert_eq!(bench.sim.ledger().violations(), ["cdn: the account's cookie was sent to a byte server"]);
}

#[tokio::test]
async fn the_web_way_is_plain_and_bound_to_a_cookie_of_its_path() {
    let bench = Bench::new().await;
    let file = bench.sim.file("/a.mkv", Content::bytes("x"));
    let code = bench.sim.pickcode(file).unwrap();
    let ask = |code: &str| bench.get(&format!("webapi.115.com/files/download?pickcode={code}"));
    let with_referer = async |code: &str| ask(code).header("referer", "https://115.com/").send().await.unwrap();
    let response = with_referer(&code).await;
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie_of(&response).unwrap();
    let body = json_of(response).await;
    assert_eq!(
        (&body["file_size"], &body["errcode"], &body["file_id"]),
        (&"1".into(), &0.into(), &file.0.to_string().into())
    );
    let url = body["file_url"].as_str().unwrap();
    assert_eq!(param(url, "f"), "3");
    let token = url.split('/').nth(4).unwrap();
    assert!(set.contains(&format!("path=/cdn/{token}/; domain=115.com")) && set.contains("Max-Age="), "{set}");
    let (name, value) = cookie.split_once('=').unwrap();
    assert!([name, value].iter().all(|half| half.len() == 32 && half.bytes().all(|c| c.is_ascii_hexdigit())));
    assert_eq!(fetch(&bench, url, Some(OURS), Some(&cookie)).await.0, 200);
    assert_eq!(message(&bench, url, Some(OURS), None).await, "no cookie value");
    // Quirk 21.
    let folder = bench.sim.pickcode(bench.sim.folder("/dir")).unwrap();
    assert_eq!(with_referer(&folder).await.status(), 410);
    let big = bench.sim.pickcode(bench.sim.file("/big", Content::pattern(200 * 1024 * 1024 + 1))).unwrap();
    assert_eq!(errno(&json_of(with_referer(&big).await).await), 50_028);
    let edge = bench.sim.pickcode(bench.sim.file("/edge", Content::pattern(200 * 1024 * 1024))).unwrap();
    assert_eq!(json_of(with_referer(&edge).await).await["state"], true);
    bench.clean();
    assert_eq!(errno(&json_of(ask(&code).send().await.unwrap()).await), 990_003, "no Referer");
    assert_eq!(bench.sim.ledger().violations().len(), 1);
}

#[tokio::test]
async fn links_end_at_t() {
    let bench = Bench::with(sim115::Sim::builder().stopped_at(1_700_000_000).link_ttl(Duration::from_secs(60))).await;
    let url = bench.free_link("/a", &Content::bytes("x")).await;
    assert_eq!(param(&url, "t"), "1700000060");
    bench.sim.clock().advance(Duration::from_secs(59));
    assert_eq!(fetch(&bench, &url, None, None).await.0, 200);
    bench.sim.clock().advance(Duration::from_secs(1));
    assert_eq!(message(&bench, &url, None, None).await, "link expired");
    let longer = url.replace("t=1700000060", "t=1800000060");
    assert_eq!(message(&bench, &longer, None, None).await, "invalid signature");
}

#[tokio::test]
async fn a_folder_has_no_url_and_the_gone_have_many_shapes() {
    let bench = Bench::new().await;
    let folder = bench.sim.folder("/dir");
    let chrome =
        async |code: &str| json_of(bench.app("/app/chrome/downurl", &json!({ "pickcode": code }), None).await).await;
    let android = async |code: &str| {
        json_of(bench.app("/android/2.0/ufile/download", &json!({ "pick_code": code }), None).await).await
    };
    let dir_code = bench.sim.pickcode(folder).unwrap();
    let dir = bench.unsealed(&chrome(&dir_code).await);
    assert_eq!(dir[folder.0.to_string()]["url"], false);
    assert_eq!(errno(&android(&dir_code).await), 50_015);
    let file = bench.sim.file("/gone", Content::pattern(1));
    let code = bench.sim.pickcode(file).unwrap();
    bench.sim.remove(file);
    let mut shapes = HashSet::new();
    let mut data = HashSet::new();
    for _ in 0..60 {
        let body = chrome(&code).await;
        if body["state"] == true {
            let inner = bench.unsealed(&body);
            match inner.as_object().unwrap().values().next() {
                None => shapes.insert("empty"),
                Some(entry) => {
                    assert!(number(&entry["file_size"]) < 0 && entry["url"] == false);
                    shapes.insert("negative")
                }
            };
        } else {
            assert_eq!(errno(&body), 70_005);
            shapes.insert("error");
            data.insert(body.get("data").map(Value::to_string));
        }
    }
    assert_eq!(shapes, HashSet::from(["empty", "negative", "error"]));
    let all = [None, Some("[]"), Some("{}"), Some("\"\"")].map(|data| data.map(str::to_owned));
    assert_eq!(data, HashSet::from(all));
    assert_eq!(errno(&chrome("cq8zap7l323bbddre").await), 50_003);
    assert_eq!(errno(&android("").await), 50_001);
}

#[tokio::test]
async fn unfinished_and_flagged_files_have_no_app_link() {
    let bench = Bench::new().await;
    let raw = |name, raw| {
        let id = bench.sim.raw_file(FolderId::ROOT, name, Content::pattern(1), raw);
        bench.sim.pickcode(id).unwrap()
    };
    let pending = raw("p", Raw { incomplete: true, ..Raw::default() });
    let flagged = raw("f", Raw { flagged: true, ..Raw::default() });
    for (code, number) in [(&pending, 70_004), (&flagged, 50_038)] {
        let chrome = bench.app("/app/chrome/downurl", &json!({ "pickcode": code }), None).await;
        assert_eq!(errno(&json_of(chrome).await), number);
        let android = bench.app("/android/2.0/ufile/download", &json!({ "pick_code": code }), None).await;
        assert_eq!(errno(&json_of(android).await), number);
    }
}

#[tokio::test]
async fn each_way_has_its_own_key() {
    let bench = Bench::new().await;
    let code = bench.sim.pickcode(bench.sim.file("/a", Content::pattern(1))).unwrap();
    for (path, key, right) in [
        ("/app/chrome/downurl", "pickcode", true),
        ("/app/chrome/downurl", "pick_code", false),
        ("/ios/2.0/ufile/download", "pick_code", true),
        ("/115android/2.0/ufile/download", "pick_code", true),
        ("/android/2.0/ufile/download", "pickcode", false),
    ] {
        let body = json_of(bench.app(path, &json!({ key: code }), None).await).await;
        assert_eq!(errno(&body), if right { 0 } else { 990_002 }, "{path} {key}");
    }
    assert_eq!(bench.sim.ledger().violations().len(), 2);
    assert_eq!((bench.sim.ledger().count("chrome_downurl"), bench.sim.ledger().count("android_download")), (2, 3));
}

#[tokio::test]
async fn the_published_request_is_understood_and_answers_span_blocks() {
    let bench = Bench::new().await;
    // T5: a request for a pickcode that nobody here has.
    let data = "Nr/RPWNF+5d+us3Q8f3iFbvyk61ovUk4J5GVwmsRDSdOOCWQ1GeT89hqhHg4+UhC/PoYf7jVl4FolfKVmrZy/WBYX9eix7byaTnBoCNrBOZdTZRbvT2yIzt3CNTWOz4IHTmLq9Jo6jROM1vtA4aAPMUFea4E9eTo1JV/9IOKCRU=";
    let url = bench.url("proapi.115.com/app/chrome/downurl?t=1700000000");
    let post = bench.http.post(&url).header("cookie", bench.sim.cookie()).form(&[("data", data)]);
    assert_eq!(errno(&json_of(post.send().await.unwrap()).await), 50_003);
    bench.clean();
    let bad = bench.http.post(&url).header("cookie", bench.sim.cookie()).form(&[("data", "bm90aGluZw==")]);
    assert_eq!(errno(&json_of(bad.send().await.unwrap()).await), 990_002);
    // Several at once, so that request and answer take more than one block, each with either padding.
    let codes: Vec<_> =
        (0..8).map(|n| bench.sim.pickcode(bench.sim.file(&format!("/{n}"), Content::pattern(n))).unwrap()).collect();
    for _ in 0..8 {
        let body = json_of(bench.app("/app/chrome/downurl", &json!({ "pickcode": codes.join(",") }), None).await).await;
        assert!(body["data"].as_str().unwrap().len() > 8 * 128);
        assert_eq!(bench.unsealed(&body).as_object().unwrap().len(), 8);
    }
}

#[tokio::test]
async fn scripted_answers_of_link_calls() {
    let bench = Bench::new().await;
    let code = bench.sim.pickcode(bench.sim.file("/a", Content::pattern(1))).unwrap();
    bench.sim.fault(On::Call("chrome_downurl"), Times::Next(1), Fault::HostlessUrl);
    assert!(bench.chrome(&code, None).await.0.starts_with("http:///"));
    bench.sim.fault(On::Call("chrome_downurl"), Times::Next(1), Fault::GarbageData);
    let body = json_of(bench.app("/app/chrome/downurl", &json!({ "pickcode": code }), None).await).await;
    assert_eq!((&body["state"], body["data"].is_string()), (&true.into(), true));
    bench.sim.fault(On::Call("files_download"), Times::Next(1), Fault::Errno(50_028, "文件大小超出限制"));
    let get =
        bench.get(&format!("webapi.115.com/files/download?pickcode={code}")).header("referer", "https://115.com/");
    assert_eq!(json_of(get.send().await.unwrap()).await["errcode"], 50_028);
}
