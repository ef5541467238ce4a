//! `/api/openapi.json`: what there is to call, for programs that read such; made of the table of routes itself.

use axum::{body::Body, response::Response};
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};

use super::routes::{Noun, ROUTES, TASKS, Who};

/// The fields of a call, with their types.
fn fields(noun: Noun) -> &'static [(&'static str, &'static str)] {
    match noun {
        Noun::Login | Noun::LoginHash => &[("username", "string"), ("password", "string"), ("otp_code", "string")],
        Noun::List => &[
            ("path", "string"),
            ("password", "string"),
            ("page", "integer"),
            ("per_page", "integer"),
            ("refresh", "boolean"),
        ],
        Noun::Get => &[("path", "string"), ("password", "string")],
        Noun::Link => &[("path", "string")],
        Noun::Dirs => &[("path", "string"), ("password", "string"), ("force_root", "boolean")],
        Noun::Search => &[
            ("parent", "string"),
            ("keywords", "string"),
            ("scope", "integer"),
            ("page", "integer"),
            ("per_page", "integer"),
        ],
        Noun::Other => &[("path", "string"), ("method", "string")],
        Noun::Storages | Noun::Users => &[("page", "integer"), ("per_page", "integer")],
        Noun::Storage | Noun::User => &[("id", "integer")],
        Noun::Driver => &[("driver", "string"), ("name", "string")],
        Noun::SettingItems => &[("group", "integer"), ("groups", "string")],
        Noun::SettingItem => &[("key", "string"), ("keys", "string")],
        _ => &[],
    }
}

fn operation(who: Who, noun: Noun) -> Value {
    if matches!(noun, Noun::Playlist | Noun::Description) {
        return json!({ "responses": { "200": { "description": "no envelope" }, "default": { "description": "no envelope" } } });
    }
    let properties: Map<String, Value> =
        fields(noun).iter().map(|(name, kind)| ((*name).to_owned(), json!({ "type": [kind, "null"] }))).collect();
    let security = match who {
        Who::Anyone => json!([]),
        Who::Reader => json!([{}, { "token": [] }]),
        Who::User | Who::Admin => json!([{ "token": [] }]),
    };
    json!({
        "security": security,
        "requestBody": { "content": { "application/json": { "schema": { "type": "object", "properties": properties } } } },
        "responses": { "200": {
            "description": "the outcome is the code inside",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Envelope" } } },
        } },
    })
}

fn document(base: &str) -> Value {
    let mut paths = Map::new();
    for (path, who, noun) in ROUTES {
        let verb = if matches!(noun, Noun::Playlist | Noun::Description) { "get" } else { "post" };
        paths.insert((*path).to_owned(), json!({ verb: operation(*who, *noun) }));
    }
    for kind in TASKS {
        for list in ["undone", "done"] {
            paths.insert(format!("/task/{kind}/{list}"), json!({ "post": operation(Who::User, Noun::None) }));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "gate115",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The API of OpenList, for reading. See docs/API.md.",
        },
        "servers": [{ "url": format!("{base}/api") }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "apiKey", "in": "header", "name": "Authorization" } },
            "schemas": { "Envelope": {
                "type": "object",
                "required": ["code", "message", "data"],
                "properties": { "code": { "type": "integer" }, "message": { "type": "string" }, "data": {} },
            } },
        },
    })
}

pub(super) fn answer(base: &str) -> Response {
    let mut response = Response::new(Body::from(document(base).to_string()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_manual() {
        let manual = include_str!("../../../docs/API.md");
        for (path, _, _) in ROUTES {
            assert!(manual.contains(&format!("`/api{path}`")), "docs/API.md says nothing of /api{path}");
        }
    }
}
