//! Whatever is asked and however, the answer is an envelope.

use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use sim115::{Fault, On, Times};

use super::{TOKEN, closed, data, envelope, failure, films};
use crate::support::{raw, world};

#[rstest]
#[case::json("application/json", r#"{"path":"/115/Movies","page":1,"per_page":1,"password":null,"unheard":{}}"#)]
#[case::json_as_form("application/x-www-form-urlencoded", " {\"Path\":\"/115/Movies\",\"per_page\":\"1\"}")]
#[case::json_as_nothing("", r#"{"path":"/115/Movies","per_page":1}"#)]
#[case::form("application/x-www-form-urlencoded", "path=%2F115%2FMovies&per_page=1")]
#[case::form_as_json("application/json", "path=/115/Movies&per_page=1")]
#[case::multipart(
    "multipart/form-data; boundary=x",
    "--x\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\n/115/Movies\r\n--x\r\nContent-Disposition: form-data; name=per_page\r\n\r\n1\r\n--x--\r\n"
)]
#[tokio::test]
async fn a_call_is_understood_however_it_is_written(#[case] content_type: &str, #[case] body: &str) {
    let t = world(films).start().await;
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let mut call = t.call(method, &t.url("/api/fs/list")).body(body.to_owned());
        if !content_type.is_empty() {
            call = call.with("content-type", content_type);
        }
        let envelope = envelope(call.send().await);
        assert_eq!((&envelope["code"], &envelope["data"]["total"]), (&json!(200), &json!(3)), "{envelope}");
        assert_eq!(envelope["data"]["content"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_query_does_as_well() {
    let t = world(films).start().await;
    let envelope = envelope(t.get("/api/fs/list?path=%2F115%2FMovies&per_page=2&page=2&refresh=false").send().await);
    assert_eq!(envelope["data"]["content"][0]["name"], "a b.zh.srt");
    t.head("/api/fs/list?path=/115").send().await.is(200);
}

#[tokio::test]
async fn whatever_is_wrong_is_said_in_the_envelope() {
    let t = world(films).start().await;
    for (body, code) in [
        ("{".to_owned(), 400),
        ("[1,".to_owned(), 400),
        (r#"{"path":1}"#.to_owned(), 400),
        (r#"{"path":"/115","page":{}}"#.to_owned(), 400),
        (format!("{{\"a\":{}", "[".repeat(200_000)), 400),
        (format!("{{\"path\":\"/{}\"}}", "x".repeat(5000)), 400),
        ("x".repeat(1024 * 1024 + 1), 413),
        (r#"{"path":"/115/../etc"}"#.to_owned(), 403),
        (r#"{"path":"/none"}"#.to_owned(), 500),
    ] {
        let reply = envelope(t.post("/api/fs/list").json(&body).send().await);
        assert_eq!(reply["code"], code, "{}: {reply}", &body[..body.len().min(40)]);
    }
    for route in ["/api", "/api/", "/api/none", "/api/fs", "/api/fs/list/x", "/api/task/none/done"] {
        assert_eq!(envelope(t.get(route).send().await)["code"], 404, "{route}");
    }
    assert_eq!(t.api_calls(), 0);
}

/// Whoever sends a film where none is taken hears so, though nobody reads it to its end.
#[tokio::test]
async fn what_is_much_too_long_is_refused_in_an_envelope() {
    let t = closed().start().await;
    for (route, code) in [("/fs/put", 403), ("/fs/form", 403), ("/fs/list", 413), ("/none", 404)] {
        for shown in [TOKEN, ""] {
            let call = t.call(Method::PUT, &t.url(&format!("/api{route}"))).with("authorization", shown);
            let answer = envelope(call.body(vec![b'x'; 8 * 1024 * 1024]).send().await);
            let want = if shown.is_empty() && code != 404 { 401 } else { code };
            assert_eq!(answer["code"], want, "{route}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_ends_as_clients_expect() {
    let t = world(films).start().await;
    for (route, path, code, ending) in [
        ("/fs/get", "/115/none.mkv", 500, "object not found"),
        ("/fs/get", "/none", 500, "object not found"),
        ("/fs/list", "/115/none", 500, "object not found"),
        ("/fs/list", "/115/Movies/a b.mkv", 500, "not a folder"),
        ("/fs/dirs", "/115/Movies/a b.mkv", 500, "not a folder"),
    ] {
        let (was, message) = failure(&t, "", route, &json!({ "path": path })).await;
        assert!(was == code && message.ends_with(ending), "{route} {path}: {was} {message}");
    }
}

#[tokio::test]
async fn a_failure_of_115_is_no_empty_folder_and_no_missing_one() {
    let t = world(films).start().await;
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Waf);
    for _ in 0..2 {
        let (code, message) = failure(&t, "", "/fs/list", &json!({ "path": "/115/Movies" })).await;
        assert!(code == 503 && !message.contains("not found"), "{code} {message}");
    }
    let reply = t.get("/api/fs/list?path=/115/Movies").send().await.is(200);
    assert!(!reply.header("retry-after").is_empty());
}

#[tokio::test]
async fn pages_of_other_origins_may_ask_with_a_token() {
    let t = closed().start().await;
    let reply =
        t.call(Method::OPTIONS, &t.url("/api/fs/list")).with("origin", "https://x.example").send().await.is(204);
    assert!(reply.header("access-control-allow-headers").contains("Authorization"));
    assert!(reply.header("access-control-allow-methods").contains("POST"));
    assert_eq!(t.get("/ping").send().await.is(200).text(), "pong");
}

#[tokio::test]
async fn what_would_change_something_says_why_it_does_not() {
    let t = closed().start().await;
    for route in ["mkdir", "rename", "batch_rename", "regex_rename", "move", "copy", "recursive_move", "remove"]
        .into_iter()
        .chain(["remove_empty_directory", "put", "form", "add_offline_download", "get_direct_upload_info"])
    {
        let route = format!("/fs/{route}");
        let (code, message) = failure(&t, TOKEN, &route, &json!({ "path": "/115/x" })).await;
        assert!(code == 403 && message.contains("only reads"), "{route}: {code} {message}");
        assert_eq!(failure(&t, "", &route, &json!({})).await.0, 401);
    }
    for route in ["/admin/storage/create", "/admin/setting/save", "/admin/user/update", "/me/update"] {
        let (code, message) = failure(&t, TOKEN, route, &json!({})).await;
        assert!(code == 403 && message.contains("config.yaml"), "{route}: {code} {message}");
    }
    assert!(data(&t, TOKEN, "/fs/list", &json!({ "path": "/115" })).await["write"] == false);
}

/// Whoever looks for an answer only when all is sent comes to hear it.
#[tokio::test]
async fn who_sends_a_film_to_a_refusing_route_hears_why() {
    let t = closed().start().await;
    let (path, size) = ("/api/fs/put", 40 * 1024 * 1024);
    let cases =
        [(path, TOKEN, "only reads"), (path, "nobody", "token is invalidated"), ("/api/fs/list", TOKEN, "larger than")];
    for (path, token, wanted) in cases {
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
        );
        let mut sent = head.into_bytes();
        sent.resize(sent.len() + size, b'x');
        let answer = raw(t.address, &sent).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(wanted), "{answer}");
    }
    // Who asks first has sent nothing, and is not told to go on.
    let asked = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {TOKEN}\r\nContent-Length: {size}\r\nExpect: 100-continue\r\n\r\n"
    );
    let answer = raw(t.address, asked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("only reads"), "{answer}");
}
