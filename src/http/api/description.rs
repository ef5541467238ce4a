//! `/api/openapi.json`: what there is to call, for programs that read such; made of the tables of routes and shapes.

use std::sync::OnceLock;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};

use super::{
    routes::{Noun, ROUTES, TASK_CALLS, TASKS, Who},
    shapes::{self, object, text, the},
};

fn document(base: &str) -> Value {
    let mut paths = doors();
    for (path, who, noun) in ROUTES {
        if !matches!(noun, Noun::Playlist | Noun::Description) {
            paths.insert(format!("/api{path}"), json!({ "post": call(path, *who, *noun) }));
        }
    }
    for (verb, noun) in TASK_CALLS {
        for above in ["", "/admin"] {
            let path = format!("{above}/task/{{kind}}/{verb}");
            let kind = json!({ "name": "kind", "in": "path", "required": true, "schema": { "enum": TASKS } });
            let post = call(&path, Who::User, noun);
            paths.insert(format!("/api{path}"), json!({ "parameters": [kind], "post": post }));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "gate115",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The API of OpenList, for reading. Every call below /api answers to any method, and takes its fields as \
                JSON, as a form or in the query. See docs/API.md.",
        },
        "servers": [{ "url": if base.is_empty() { "/" } else { base } }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "apiKey", "in": "header", "name": "Authorization" } },
            "schemas": shapes::shared(),
        },
    })
}

/// A call that answers with an envelope.
fn call(path: &str, who: Who, noun: Noun) -> Value {
    let (fields, data) = shapes::of(noun);
    let failure = the("Failure");
    let envelope = match data {
        None => failure,
        Some(data) => {
            let success =
                object([("code", json!({ "const": 200 })), ("message", json!({ "const": "success" })), ("data", data)]);
            json!({ "oneOf": [success, failure] })
        }
    };
    let mut call = json!({
        "operationId": path.trim_start_matches('/').replace(['/', '{', '}'], "_"),
        "security": match who {
            Who::Anyone => json!([]),
            Who::Reader => json!([{}, { "token": [] }]),
            Who::User | Who::Admin => json!([{ "token": [] }]),
        },
        "responses": { "200": {
            "description": "The outcome is the code inside.",
            "content": { "application/json": { "schema": envelope } },
        } },
    });
    if let Noun::Refused(why) | Noun::Absent(why) = noun {
        call["description"] = json!(why);
    }
    if !fields.is_empty() {
        let field = |(name, kind): &shapes::Field| ((*name).to_owned(), json!({ "type": [kind, "null"] }));
        let properties: Map<_, _> = fields.iter().map(field).collect();
        let schema = json!({ "schema": { "type": "object", "properties": properties } });
        let content = json!({ "application/json": schema, "application/x-www-form-urlencoded": schema });
        call["requestBody"] = json!({ "content": content });
    }
    call
}

/// What answers with no envelope, and with the real status.
fn doors() -> Map<String, Value> {
    let sign = json!({ "name": "sign", "in": "query", "schema": text() });
    let path = json!({ "name": "path", "in": "path", "required": true, "description": "The full path; / stays as it is.",
        "schema": { "type": "string", "minLength": 1 } });
    let folder = json!({ "name": "path", "in": "query", "description": "The full path.", "schema": text() });
    let open = json!([{}, { "token": [] }]);
    let failed = json!({ "description": "Why not, in words.",
        "content": { "text/plain": { "schema": text() }, "text/html": { "schema": text() } } });
    let bytes = json!({ "description": "The bytes.", "content": { "*/*": {} } });
    let door = |what: &str, redirected: bool| {
        let mut responses = json!({ "200": bytes, "206": bytes, "304": { "description": "As before." },
            "416": { "description": "Beyond the end." }, "default": failed });
        if redirected {
            responses["302"] =
                json!({ "description": "Where the bytes are.", "headers": { "Location": { "schema": text() } } });
        }
        json!({ "parameters": [path, sign], "get": {
            "operationId": what, "security": open, "responses": responses,
        } })
    };
    let plain = |kind: &str| json!({ "description": "As it is.", "content": { kind: { "schema": text() } } });
    let document =
        json!({ "description": "This.", "content": { "application/json": { "schema": { "type": "object" } } } });
    let mut doors = Map::new();
    doors.insert("/d/{path}".to_owned(), door("d", true));
    doors.insert("/p/{path}".to_owned(), door("p", false));
    doors.insert(
        "/api/fs/m3u".to_owned(),
        json!({ "get": {
            "operationId": "fs_m3u", "security": open, "parameters": [folder, sign],
            "responses": { "200": plain("application/vnd.apple.mpegurl"), "default": failed },
        } }),
    );
    doors.insert(
        "/api/openapi.json".to_owned(),
        json!({ "get": { "operationId": "openapi", "security": [], "responses": { "200": document } } }),
    );
    doors.insert(
        "/ping".to_owned(),
        json!({ "get": { "operationId": "ping", "security": [], "responses": { "200": plain("text/plain") } } }),
    );
    doors
}

/// The document, written when somebody first asks for it.
#[derive(Debug, Default)]
pub struct Description(OnceLock<Bytes>);

impl Description {
    pub(super) fn answer(&self, base: &str) -> Response {
        let document = self.0.get_or_init(|| document(base).to_string().into());
        let mut response = Response::new(Body::from(document.clone()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_is_below_the_base_path() {
        assert_eq!(document("")["servers"], json!([{ "url": "/" }]));
        assert_eq!(document("/drive")["servers"], json!([{ "url": "/drive" }]));
    }

    /// What is done has an example, and what is not done stands there with its reason.
    #[test]
    fn every_route_is_in_the_manual() {
        let manual = include_str!("../../../docs/API.md");
        let calls = TASK_CALLS.map(|(verb, noun)| (format!("/task/KIND/{verb}"), Who::User, noun));
        let routes = ROUTES.iter().map(|(path, who, noun)| ((*path).to_owned(), *who, *noun));
        for (path, who, noun) in routes.chain(calls) {
            assert!(manual.contains(&format!("`/api{path}`")), "docs/API.md says nothing of /api{path}");
            let (code, why) = match noun {
                Noun::Refused(why) => (403, why),
                Noun::Absent(why) => (404, why),
                _ => {
                    let start = format!("localhost:5244/api{}", path.replace("KIND", "copy"));
                    let example = |line: &str| {
                        let rest =
                            line.strip_prefix("curl ").and_then(|line| line.split_once(&start)).map(|(_, rest)| rest);
                        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '"', '?']))
                    };
                    assert!(manual.lines().any(example), "docs/API.md has no example of /api{path}");
                    continue;
                }
            };
            let whom = match who {
                Who::Anyone => "anyone",
                Who::Reader => "users; guests where `auth.guest: read`",
                Who::User => "users",
                Who::Admin => "admins",
            };
            let row = format!("| `/api{path}` | {whom} | code {code}: {why} |");
            assert!(manual.contains(&row), "docs/API.md is to say: {row}");
        }
    }
}
