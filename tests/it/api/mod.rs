//! The API that OpenList's clients speak: envelopes, logins, reading, and the management pages.

mod admin;
mod auth;
mod description;
mod envelope;
mod every;
mod links;
mod matrix;
mod playlist;
mod reading;
mod searching;
mod searching_disk;
mod shares;
mod thumbnails;

use gate115::identity::Guest;
use serde_json::{Value, json};
use sim115::{Content, Sim};

use crate::support::{Reply, Stage, TestApp, users::PASSWORD, world};

const TOKEN: &str = "openlist-testtoken";

fn films(sim: &Sim) {
    sim.file("/Movies/a b.mkv", Content::pattern(1000));
    sim.file("/Movies/a b.zh.srt", Content::pattern(100));
    sim.file("/Movies/影 视/c.mkv", Content::pattern(1000));
    sim.file("/Private/x.mkv", Content::pattern(1000));
    sim.folder("/empty");
}

/// Guests may not read, and there is a token that is known.
fn closed() -> Stage {
    world(films).access(|auth, _| {
        auth.guest = Guest::Off;
        auth.token = Some(TOKEN.into());
    })
}

/// The envelope in an answer, which is HTTP 200 whatever happened.
#[track_caller]
fn envelope(reply: Reply) -> Value {
    let reply = reply.is(200);
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let envelope: Value = serde_json::from_slice(reply.bytes()).unwrap();
    let mut keys: Vec<_> = envelope.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["code", "data", "message"]);
    assert_eq!(envelope["code"] == 200, envelope["message"] == "success", "{envelope}");
    envelope
}

/// What a call answers, as whoever shows this.
async fn call(t: &TestApp, shown: &str, route: &str, body: &Value) -> Value {
    let call = t.post(&format!("/api{route}")).with("authorization", shown).json(&body.to_string());
    envelope(call.send().await)
}

/// The data of a call that goes well.
async fn data(t: &TestApp, shown: &str, route: &str, body: &Value) -> Value {
    let mut envelope = call(t, shown, route, body).await;
    assert_eq!(envelope["code"], 200, "{route}: {envelope}");
    envelope["data"].take()
}

/// Code and message of a call that fails.
async fn failure(t: &TestApp, shown: &str, route: &str, body: &Value) -> (u64, String) {
    let envelope = call(t, shown, route, body).await;
    assert!(envelope["data"].is_null(), "{envelope}");
    (envelope["code"].as_u64().unwrap(), envelope["message"].as_str().unwrap().to_owned())
}

/// The token of a login.
async fn login(t: &TestApp, name: &str) -> String {
    let data = data(t, "", "/auth/login", &json!({ "username": name, "password": PASSWORD })).await;
    data["token"].as_str().unwrap().to_owned()
}
