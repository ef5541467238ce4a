//! The description of the API and the manual are true: what is in them answers, as they say.

use serde_json::{Value, json};
use sim115::Content;

use super::{TOKEN, closed, envelope, films};
use crate::support::{Reply, TestApp, users::PASSWORD, world};

async fn document(t: &TestApp) -> Value {
    serde_json::from_slice(t.get("/api/openapi.json").send().await.is(200).bytes()).unwrap()
}

#[tokio::test]
async fn who_may_call_and_the_types_of_fields_are_as_described() {
    let t = closed().start().await;
    let document = document(&t).await;
    assert_eq!((&document["openapi"], &document["servers"][0]["url"]), (&json!("3.1.0"), &json!("/")));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 130, "{}", paths.len());
    for (route, item) in paths {
        let (path, Some(operation)) = (route.replace("{kind}", "copy"), item.get("post")) else { continue };
        let open = operation["security"] == json!([]);
        let stranger = envelope(t.post(&path).json("{}").send().await);
        assert_eq!(stranger["code"] == 401, !open, "{route}: {stranger}");
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        for (field, kind) in schema["properties"].as_object().into_iter().flatten() {
            // Passwords of folders, second factors and methods of others are not looked at.
            if open || matches!(field.as_str(), "password" | "otp_code" | "method") || route == "/api/fs/other" {
                continue;
            }
            let mut wrong = json!({ "keywords": "x" });
            wrong[field] = json!([]);
            let call = t.post(&path).with("authorization", TOKEN);
            let refused = envelope(call.json(&wrong.to_string()).send().await);
            assert_eq!(refused["code"], 400, "{route} {field} {kind}: {refused}");
        }
    }
}

/// What is no envelope has a status and a kind of content that are described.
#[tokio::test]
async fn doors_answer_as_described() {
    let t = world(films).start().await;
    let document = document(&t).await;
    let described = |route: &str, reply: &Reply| {
        let responses = &document["paths"][route]["get"]["responses"];
        let response = responses.get(reply.status.as_str()).unwrap_or(&responses["default"]);
        assert!(response.is_object(), "{route}: {}", reply.status);
        let Some(content) = response.get("content").and_then(Value::as_object) else {
            return assert!(reply.bytes().is_empty(), "{route}: {}", reply.text());
        };
        let kind = reply.header("content-type").split(';').next().unwrap();
        assert!(content.contains_key(kind) || content.contains_key("*/*"), "{route}: {kind}");
    };
    let doors = document["paths"].as_object().unwrap().iter().filter(|(_, item)| item.get("get").is_some());
    assert_eq!(
        doors.map(|(route, _)| &**route).collect::<Vec<_>>(),
        ["/api/fs/m3u", "/api/openapi.json", "/d/{path}", "/p/{path}", "/ping"]
    );
    for (route, paths) in [
        ("/ping", &["/ping"][..]),
        ("/api/openapi.json", &["/api/openapi.json"]),
        ("/api/fs/m3u", &["/api/fs/m3u?path=/115/Movies", "/api/fs/m3u?path=/115/none", "/api/fs/m3u?path=/.."]),
        ("/d/{path}", &["/d/115/Movies/a b.mkv", "/d/115/none", "/d/115", "/d/%00", "/d/"]),
        ("/p/{path}", &["/p/115/Movies/a b.mkv", "/p/115/none", "/p/115", "/p/%00", "/p/"]),
    ] {
        for path in paths {
            for accept in ["*/*", "text/html"] {
                described(route, &t.get(path).with("accept", accept).send().await);
            }
        }
    }
    for range in ["bytes=0-9", "bytes=9999-"] {
        described("/p/{path}", &t.get("/p/115/Movies/a b.mkv").range(range).send().await);
    }
}

/// What stands behind `start` in a line, up to a blank or the quote that it is in.
fn word<'a>(line: &'a str, start: &str, end: &[char]) -> Option<&'a str> {
    line.split_once(start)?.1.split(end).next()
}

#[tokio::test]
async fn every_example_of_the_manual_works() {
    let t = world(|sim| {
        sim.file("/film.mkv", Content::pattern(1000));
        sim.file("/show/E1.mkv", Content::pattern(1000));
    })
    .access(|auth, _| auth.token = Some(TOKEN.into()))
    .start()
    .await;
    let manual = include_str!("../../../docs/API.md");
    let (mut examples, mut stable) = (0, String::new());
    for line in manual.lines().filter(|line| line.starts_with("curl ")) {
        let path = word(line, "localhost:5244", &[' ', '"', '\'']).unwrap_or_else(|| panic!("whose address? {line}"));
        // Its mount, pickcode and sign are somebody's; here those of the example before.
        let path = if path.starts_with("/d/@pc/") { &*stable } else { path };
        let mut call = match word(line, "-d '", &['\'']) {
            Some(body) => {
                t.post(path).body(body.replace("PASSWORD", PASSWORD).replace("HASH", &super::auth::hashed(PASSWORD)))
            }
            None => t.get(path),
        };
        if line.contains("-H \"Authorization: $TOKEN\"") {
            call = call.with("authorization", TOKEN);
        }
        let reply = call.send().await;
        match path.split('?').next().unwrap() {
            "/ping" | "/api/openapi.json" | "/api/fs/m3u" => drop(reply.is(200)),
            "/d/115/film.mkv" => drop(reply.is(302)),
            "/p/115/film.mkv" => drop(reply.is(200)),
            path if path.starts_with("/d/@pc/") => drop(reply.is(302)),
            _ => {
                let want = line.split_once("# code ").map_or(200, |(_, code)| code.parse().unwrap());
                let answer = envelope(reply);
                assert_eq!(answer["code"], want, "{line}");
                if let Some(url) = answer["data"]["stable_url"].as_str() {
                    url.strip_prefix(&t.url("")).unwrap().clone_into(&mut stable);
                }
            }
        }
        examples += 1;
    }
    assert!(examples > 30, "{examples}");
}
