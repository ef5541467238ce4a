//! Where the bytes are: `raw_url` of `fs/get`, and `fs/link`.

use gate115::config::Delivery;
use serde_json::json;
use sim115::{Fault, On, Times};

use super::{TOKEN, closed, data, envelope, failure, films, login};
use crate::support::{bind_per_client, world};

#[tokio::test]
async fn a_file_comes_with_a_link_for_the_callers_own_player() {
    let t = closed().mount(bind_per_client).start().await;
    data(&t, TOKEN, "/fs/list", &json!({ "path": "/115/Movies" })).await;
    for agent in ["VLC/3.0.20", "Infuse-Direct/8.1"] {
        let call = t.post("/api/fs/get").agent(agent).with("authorization", TOKEN);
        let got = envelope(call.json(r#"{"path":"/115/Movies/a b.mkv"}"#).send().await);
        let got = &got["data"];
        assert_eq!((&got["name"], &got["type"], &got["provider"]), (&json!("a b.mkv"), &json!(2), &json!("115 Cloud")));
        assert_eq!(got["related"][0]["name"], "a b.zh.srt");
        let url = got["raw_url"].as_str().unwrap();
        let bytes = t.call(reqwest::Method::GET, url).agent(agent).send().await.is(200);
        assert_eq!(bytes.bytes().len(), 1000);
    }
    let folder = data(&t, TOKEN, "/fs/get", &json!({ "path": "/115/Movies" })).await;
    assert_eq!((&folder["raw_url"], &folder["is_dir"], &folder["related"]), (&json!(""), &json!(true), &json!([])));
    for (path, name) in [("/", "root"), ("/115", "115")] {
        let mount = data(&t, TOKEN, "/fs/get", &json!({ "path": path })).await;
        assert_eq!((&mount["name"], &mount["is_dir"]), (&json!(name), &json!(true)));
    }
}

#[tokio::test]
async fn what_is_relayed_has_an_address_of_ours() {
    let t = closed().mount(|mount, _| mount.delivery = Delivery::Proxy).start().await;
    let tv = login(&t, "tv").await;
    let got = data(&t, &tv, "/fs/get", &json!({ "path": "/a b.mkv" })).await;
    let url = got["raw_url"].as_str().unwrap();
    assert!(url.starts_with(&t.url("/p/115/Movies/a%20b.mkv?sign=")), "{url}");
    assert_eq!(t.call(reqwest::Method::GET, url).send().await.is(200).bytes().len(), 1000);
    assert_eq!(t.link_calls(), 1, "for the relay alone");
}

#[tokio::test]
async fn while_no_link_can_be_had_the_signed_address_stands_in() {
    let t = closed().start().await;
    data(&t, TOKEN, "/fs/list", &json!({ "path": "/115/Movies" })).await;
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Waf);
    failure(&t, TOKEN, "/fs/list", &json!({ "path": "/115/Private" })).await;
    let got = data(&t, TOKEN, "/fs/get", &json!({ "path": "/115/Movies/a b.mkv" })).await;
    let url = got["raw_url"].as_str().unwrap();
    assert!(url.starts_with(&t.url("/d/115/Movies/a%20b.mkv?sign=")), "{url}");
    t.call(reqwest::Method::GET, url).send().await.is(503);
}

#[tokio::test]
async fn addresses_of_ours_begin_as_the_client_sees_them() {
    let t = world(films)
        .access(|_, server| {
            server.base_path = "/drive".to_owned();
            server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        })
        .mount(|mount, _| mount.delivery = Delivery::Proxy)
        .start()
        .await;
    let raw_url = async |headers: &[(&str, &str)]| {
        let mut call = t.get("/drive/api/fs/get?path=/115/Movies/a%20b.mkv");
        for (name, value) in headers {
            call = call.with(name, value);
        }
        envelope(call.send().await)["data"]["raw_url"].as_str().unwrap().to_owned()
    };
    assert_eq!(raw_url(&[]).await, t.url("/drive/p/115/Movies/a%20b.mkv"));
    let proxied = [("x-forwarded-host", "tv.example"), ("x-forwarded-proto", "https")];
    assert_eq!(raw_url(&proxied).await, "https://tv.example/drive/p/115/Movies/a%20b.mkv");
    let bad = [("x-forwarded-host", "evil.example/x?y="), ("x-forwarded-proto", "https")];
    assert!(!raw_url(&bad).await.contains("evil"), "a host is no more than a host");
}

#[tokio::test]
async fn a_proxy_gets_a_link_and_never_a_cookie() {
    let t = closed().mount(bind_per_client).start().await;
    let call = t.post("/api/fs/link").agent("worker/1").with("authorization", TOKEN);
    let got = envelope(call.json(r#"{"path":"/115/Movies/a b.mkv"}"#).send().await);
    let link = &got["data"];
    assert_eq!(link["header"], json!({ "User-Agent": ["worker/1"] }), "{link}");
    assert_eq!(
        (&link["concurrency"], &link["part_size"], &link["content_length"]),
        (&json!(0), &json!(0), &json!(1000))
    );
    let url = link["url"].as_str().unwrap();
    t.call(reqwest::Method::GET, url).agent("worker/1").send().await.is(200);
    let (code, message) = failure(&t, TOKEN, "/fs/link", &json!({ "path": "/115/Movies" })).await;
    assert!(code == 500 && message.ends_with("not a file"), "{message}");
    assert_eq!(failure(&t, TOKEN, "/fs/other", &json!({ "path": "/115", "method": "video_preview" })).await.0, 405);
}
