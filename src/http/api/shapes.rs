//! What each call takes and what it gives, as JSON Schema: `description` is made of it, and tests hold real answers against it.

use serde_json::{Map, Value, json};

use super::routes::Noun;

/// A field that a call takes: its name and its type.
pub(super) type Field = (&'static str, &'static str);

const PATH: Field = ("path", "string");
const PASSWORD: Field = ("password", "string");
const PAGE: [Field; 2] = [("page", "integer"), ("per_page", "integer")];

/// The fields of a call, and its data where it goes well; `None` where it never does.
pub(super) fn of(noun: Noun) -> (&'static [Field], Option<Value>) {
    let (fields, data): (&'static [Field], Value) = match noun {
        Noun::Login | Noun::LoginHash => {
            (&[("username", "string"), PASSWORD, ("otp_code", "string")], object([("token", text())]))
        }
        Noun::Logout => (&[], json!({ "type": "null" })),
        Noun::Me => (&[], the("Person")),
        Noun::Settings => (&[], map(text())),
        Noun::None => (&[], json!({ "type": "array", "maxItems": 0 })),
        Noun::NoneOf => (&[], part(json!({ "not": {} }))),
        Noun::Tasks => (&[], list(the("TaskInfo"))),
        Noun::Idle(_) => (&[], idle()),
        Noun::List => (&[PATH, PASSWORD, PAGE[0], PAGE[1], ("refresh", "boolean")], listed()),
        Noun::Get => (&[PATH, PASSWORD], got()),
        Noun::Dirs => {
            (&[PATH, PASSWORD, ("force_root", "boolean")], list(object([("name", nonempty()), ("modified", time())])))
        }
        Noun::Search => (
            &[("parent", "string"), ("keywords", "string"), ("scope", "integer"), PAGE[0], PAGE[1]],
            part(object([
                ("parent", path()),
                ("name", nonempty()),
                ("is_dir", flag()),
                ("size", whole()),
                ("type", one_of(&[0, 1, 2, 3, 4, 5])),
            ])),
        ),
        Noun::Link => (&[PATH], link()),
        Noun::Storages => (&PAGE, part(the("Storage"))),
        Noun::Storage => (&[("id", "integer")], the("Storage")),
        Noun::DriverNames => (&[], list(nonempty())),
        Noun::Drivers => (&[], map(the("Driver"))),
        Noun::Driver => (&[("driver", "string"), ("name", "string")], the("Driver")),
        Noun::SettingItems => (&[("group", "integer"), ("groups", "string")], list(the("Setting"))),
        Noun::SettingItem => {
            (&[("key", "string"), ("keys", "string")], json!({ "oneOf": [the("Setting"), list(the("Setting"))] }))
        }
        Noun::Users => (&PAGE, part(the("Person"))),
        Noun::User => (&[("id", "integer")], the("Person")),
        Noun::Other => return (&[PATH, ("method", "string")], None),
        Noun::Playlist | Noun::Description | Noun::Absent(_) | Noun::Refused(_) => return (&[], None),
    };
    (fields, Some(data))
}

/// What several calls give.
pub(super) fn shared() -> Value {
    json!({
        "Failure": object([
            ("code", one_of(&[400, 401, 403, 404, 405, 413, 429, 500, 503])),
            ("message", nonempty()),
            ("data", json!({ "type": "null" })),
        ]),
        "Entry": object(entry()),
        "Person": person(),
        "Storage": storage(),
        "Item": item(),
        "Driver": object([("common", list(the("Item"))), ("additional", list(the("Item"))), ("config", driver_config())]),
        "Setting": setting(),
        "TaskInfo": task(),
    })
}

fn entry() -> Vec<(&'static str, Value)> {
    let sha1 = json!({ "type": "string", "pattern": "^[0-9a-f]{40}$" });
    vec![
        ("name", nonempty()),
        ("size", whole()),
        ("is_dir", flag()),
        ("modified", time()),
        ("created", time()),
        ("sign", json!({ "type": "string", "pattern": "^([A-Za-z0-9_-]{43}=:[0-9]+)?$" })),
        ("thumb", text()),
        ("type", one_of(&[0, 1, 2, 3, 4, 5])),
        ("hashinfo", nonempty()),
        ("hash_info", nullable(object([("sha1", sha1)]))),
    ]
}

fn got() -> Value {
    let more = [
        ("raw_url", text()),
        ("readme", text()),
        ("header", text()),
        ("provider", nonempty()),
        ("related", list(the("Entry"))),
    ];
    let mut got = object(entry().into_iter().chain(more));
    got["properties"]["stable_url"] = nonempty();
    got
}

/// As `part::idle` writes it.
fn idle() -> Value {
    let never = json!({ "type": "null" });
    object([
        ("obj_count", json!({ "const": 0 })),
        ("is_done", json!({ "const": true })),
        ("last_done_time", never),
        ("error", text()),
    ])
}

fn listed() -> Value {
    object([
        ("content", list(the("Entry"))),
        ("total", whole()),
        ("readme", text()),
        ("header", text()),
        ("write", flag()),
        ("write_content_bypass", flag()),
        ("provider", nonempty()),
    ])
}

fn link() -> Value {
    object([
        ("url", nonempty()),
        ("header", map(list(text()))),
        ("concurrency", whole()),
        ("part_size", whole()),
        ("content_length", whole()),
    ])
}

fn person() -> Value {
    object([
        ("id", json!({ "type": "integer", "minimum": 1 })),
        ("username", nonempty()),
        ("password", json!({ "const": "" })),
        ("base_path", path()),
        ("role", one_of(&[0, 1, 2])),
        ("disabled", flag()),
        ("permission", json!({ "type": "integer", "minimum": 0, "maximum": 65535 })),
        ("sso_id", text()),
        ("allow_ldap", flag()),
        ("otp", flag()),
    ])
}

fn storage() -> Value {
    object([
        ("id", json!({ "type": "integer", "minimum": 1 })),
        ("mount_path", path()),
        ("order", whole()),
        ("driver", nonempty()),
        ("cache_expiration", whole()),
        ("custom_cache_policies", text()),
        ("status", nonempty()),
        ("addition", nonempty()),
        ("remark", text()),
        ("modified", time()),
        ("disabled", flag()),
        ("disable_index", flag()),
        ("enable_sign", flag()),
        ("order_by", text()),
        ("order_direction", text()),
        ("extract_folder", text()),
        ("web_proxy", flag()),
        ("webdav_policy", json!({ "enum": ["302_redirect", "use_proxy_url", "native_proxy"] })),
        ("proxy_range", flag()),
        ("down_proxy_url", text()),
        ("disable_proxy_sign", flag()),
    ])
}

fn item() -> Value {
    object([
        ("name", nonempty()),
        ("type", json!({ "enum": ["string", "number", "float", "bool", "text", "select"] })),
        ("default", text()),
        ("options", text()),
        ("required", flag()),
        ("help", text()),
    ])
}

fn driver_config() -> Value {
    object([
        ("name", nonempty()),
        ("local_sort", flag()),
        ("only_proxy", flag()),
        ("no_cache", flag()),
        ("no_upload", flag()),
        ("need_ms", flag()),
        ("default_root", text()),
        ("alert", text()),
        ("only_indices", flag()),
        ("prefer_proxy", flag()),
    ])
}

fn setting() -> Value {
    object([
        ("key", nonempty()),
        ("value", text()),
        ("help", text()),
        ("type", json!({ "enum": ["string", "number", "bool", "text", "select"] })),
        ("options", text()),
        ("group", whole()),
        ("flag", one_of(&[0, 1, 2, 3])),
        ("index", whole()),
    ])
}

fn task() -> Value {
    object([
        ("id", nonempty()),
        ("name", text()),
        ("creator", text()),
        ("creator_role", json!({ "type": "integer" })),
        ("state", json!({ "type": "integer", "minimum": 0, "maximum": 9 })),
        ("status", text()),
        ("progress", json!({ "type": "number", "minimum": 0, "maximum": 100 })),
        ("start_time", nullable(time())),
        ("end_time", nullable(time())),
        ("total_bytes", whole()),
        ("error", text()),
    ])
}

/// All of these, and nothing else.
pub(super) fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let properties: Map<_, _> = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let required: Vec<_> = properties.keys().cloned().collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn map(values: Value) -> Value {
    Value::from_iter([("type", json!("object")), ("additionalProperties", values)])
}

fn list(items: Value) -> Value {
    Value::from_iter([("type", json!("array")), ("items", items)])
}

/// A part of a list, as `part` writes it.
fn part(items: Value) -> Value {
    object([("content", list(items)), ("total", whole())])
}

fn nullable(schema: Value) -> Value {
    Value::from_iter([("oneOf", vec![schema, json!({ "type": "null" })])])
}

pub(super) fn the(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

fn nonempty() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn path() -> Value {
    json!({ "type": "string", "pattern": "^/" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time", "pattern": "\\.[0-9]{6}Z$" })
}

fn whole() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn one_of(numbers: &[u16]) -> Value {
    json!({ "enum": numbers })
}
