//! Every route, as everybody: each answer is as the description says, and as it was last time.
//!
//! A route that has no answer in `snapshots/` yet fails here. `INSTA_UPDATE=always cargo test --test it every` writes what is new or
//! has changed; `git diff` shows it.

use std::collections::{BTreeMap, BTreeSet};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value, json};

use super::{TOKEN, call, closed, data, envelope, films, login};
use crate::support::{TestApp, bind_per_client, users::PASSWORD, world};

/// What a route is asked; one that does nothing is asked for nothing.
fn asked(route: &str) -> Vec<(&'static str, Value)> {
    let folder = ("folder", json!({ "path": "/115/Movies" }));
    let file = ("file", json!({ "path": "/115/Movies/a b.mkv" }));
    let own_file = ("file below a base path", json!({ "path": "/a b.mkv" }));
    let root = ("root", json!({}));
    let missing = ("missing", json!({ "path": "/115/none" }));
    let up = ("up", json!({ "path": "/115/../Private" }));
    let wrong = ("wrong type", json!({ "path": 1 }));
    match route {
        "/api/auth/login" => vec![
            ("right", json!({ "username": "ann", "password": PASSWORD })),
            ("wrong", json!({ "username": "ann", "password": "wrong" })),
            ("nobody", json!({})),
        ],
        "/api/auth/login/hash" => vec![
            ("right", json!({ "username": "ann", "password": super::auth::hashed(PASSWORD) })),
            ("wrong", json!({ "username": "ann", "password": PASSWORD })),
        ],
        "/api/fs/list" => vec![
            root,
            folder,
            file,
            missing,
            up,
            wrong,
            ("page", json!({ "path": "/115/Movies", "page": 2, "per_page": 1 })),
            ("behind the end", json!({ "path": "/115/Movies", "page": 9, "per_page": 10 })),
            ("empty", json!({ "path": "/115/empty" })),
            ("refresh", json!({ "path": "/115/Movies", "refresh": true })),
        ],
        "/api/fs/get" => vec![root, folder, file, own_file, missing, up, wrong],
        "/api/fs/dirs" => vec![root, folder, file, missing, up, ("from the root", json!({ "force_root": true }))],
        "/api/fs/search" => vec![
            ("everything", json!({ "parent": "/", "keywords": "x" })),
            ("folders", json!({ "parent": "/", "keywords": "影", "scope": 1 })),
            ("page", json!({ "parent": "/", "keywords": "a b", "page": 2, "per_page": 1 })),
            ("no words", json!({ "parent": "/" })),
            ("up", json!({ "parent": "/..", "keywords": "x" })),
        ],
        "/api/fs/link" => vec![file, folder, missing, up],
        "/api/fs/other" => vec![("video_preview", json!({ "path": "/115/Movies/a b.mkv", "method": "video_preview" }))],
        "/api/admin/storage/get" | "/api/admin/user/get" => {
            vec![("first", json!({ "id": 1 })), ("missing", json!({ "id": 9 })), ("nothing", json!({}))]
        }
        "/api/admin/storage/list" | "/api/admin/user/list" => {
            vec![("all", json!({})), ("behind the end", json!({ "page": 9, "per_page": 1 }))]
        }
        "/api/admin/driver/info" => vec![("driver", json!({ "driver": "115 Cloud" })), ("missing", json!({}))],
        "/api/admin/setting/list" | "/api/admin/setting/default" => {
            vec![("group", json!({ "group": 6 })), ("groups", json!({ "groups": "5,0" }))]
        }
        "/api/admin/setting/get" => vec![
            ("key", json!({ "key": "version" })),
            ("keys", json!({ "keys": "version,site_title" })),
            ("token", json!({ "key": "token" })),
            ("keys with the token", json!({ "keys": "token,version" })),
            ("missing", json!({ "key": "tokens" })),
        ],
        _ => vec![("", json!({}))],
    }
}

/// The schemas of the description.
struct Described {
    document: Value,
    schemas: Schemas,
    by_route: BTreeMap<String, SchemaIndex>,
}

impl Described {
    async fn of(t: &TestApp) -> Self {
        let reply = t.get("/api/openapi.json").send().await.is(200);
        let document: Value = serde_json::from_slice(reply.bytes()).unwrap();
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.enable_format_assertions();
        compiler.add_resource("http://gateway/openapi.json", document.clone()).unwrap();
        let calls = document["paths"].as_object().unwrap().iter().filter(|(_, item)| item.get("post").is_some());
        let by_route = calls.map(|(route, _)| {
            let pointer = route.replace('~', "~0").replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
            let schema = "post/responses/200/content/application~1json/schema";
            let at = format!("http://gateway/openapi.json#/paths/{pointer}/{schema}");
            (route.clone(), compiler.compile(&at, &mut schemas).unwrap_or_else(|error| panic!("{route}: {error}")))
        });
        let by_route = by_route.collect();
        Self { document, schemas, by_route }
    }

    /// The answer of a route is as described.
    fn hold(&self, route: &str, answer: &Value) {
        if let Err(error) = self.schemas.validate(answer, self.by_route[route]) {
            panic!("{route} answers otherwise than described:\n{answer:#}\n{error:#}");
        }
    }

    fn is_open(&self, route: &str) -> bool {
        self.document["paths"][route]["post"]["security"] == json!([])
    }

    /// The paths that a route stands for.
    fn paths(&self, route: &str) -> Vec<String> {
        let kinds = self.document["paths"][route]["parameters"][0]["schema"]["enum"].as_array();
        match kinds {
            Some(kinds) => kinds.iter().map(|kind| route.replace("{kind}", kind.as_str().unwrap())).collect(),
            None => vec![route.to_owned()],
        }
    }
}

/// Without what differs from run to run.
fn plain(value: &mut Value, gateway: &str) {
    match value {
        Value::String(text) if text.len() == 27 && text.ends_with('Z') && !text.starts_with("1970") => {
            "[time]".clone_into(text);
        }
        Value::String(text) if text.starts_with(gateway) => *text = text.replacen(gateway, "http://gateway", 1),
        Value::String(text) if text.starts_with("http://127.0.0.1:") => "[link of 115]".clone_into(text),
        Value::String(text) if text.starts_with("/-/icon.svg?v=") => "/-/icon.svg?v=[version]".clone_into(text),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::Array(list) => list.iter_mut().for_each(|value| plain(value, gateway)),
        Value::Object(fields) => {
            if fields.get("key").is_some_and(|key| key == "token") {
                fields.insert("value".to_owned(), json!("[token]"));
            }
            for (name, value) in fields {
                match name.as_str() {
                    "token" => *value = json!("[token]"),
                    _ => plain(value, gateway),
                }
            }
        }
    }
}

/// Every folder is known, so that what is found does not hang on the order of calls.
async fn know(t: &TestApp, shown: &str) {
    for path in ["/115", "/115/Movies", "/115/Movies/影 视", "/115/Private"] {
        data(t, shown, "/fs/list", &json!({ "path": path })).await;
    }
}

#[tokio::test]
async fn every_answer_is_as_described_and_as_it_was() {
    let t = closed().mount(bind_per_client).start().await;
    let open = world(films).mount(bind_per_client).access(|auth, _| auth.token = Some(TOKEN.into())).start().await;
    know(&t, TOKEN).await;
    know(&open, "").await;
    let tv = login(&t, "tv").await;
    let everybody = [("a stranger", &t, ""), ("a guest", &open, ""), ("a user", &t, &*tv), ("an admin", &t, TOKEN)];
    let described = Described::of(&t).await;
    let (mut refused, mut kept) = (BTreeMap::new(), BTreeSet::new());
    for route in described.by_route.keys() {
        let everybody = if described.is_open(route) { &everybody[..1] } else { &everybody };
        let mut answers = Map::new();
        for (case, ask) in asked(route) {
            let mut by_whom = Map::new();
            for (who, t, shown) in everybody {
                let mut said = Vec::new();
                for path in described.paths(route) {
                    let mut answer = call(t, shown, path.strip_prefix("/api").unwrap(), &ask).await;
                    described.hold(route, &answer);
                    plain(&mut answer, &t.url(""));
                    said.push(answer);
                }
                said.dedup();
                assert_eq!(said.len(), 1, "{route}: not the same for all: {said:?}");
                by_whom.insert((*who).to_owned(), said.remove(0));
            }
            answers.insert(case.to_owned(), Value::Object(by_whom));
        }
        let well = answers.values().flat_map(|by_whom| by_whom.as_object().unwrap().values());
        let well = well.filter(|answer| answer["code"] == 200).count();
        let succeeds = described.document["paths"][route]["post"]["responses"]["200"]["content"]["application/json"]
            ["schema"]["oneOf"]
            .is_array();
        assert_eq!(well > 0, succeeds, "{route} goes well where it is described so, and nowhere else");
        if answers.len() == 1 && !succeeds {
            // Codes in the order of `everybody`; what an admin is told, or anyone.
            let (by_whom, last) = (&answers.values().next().unwrap(), everybody.last().unwrap().0);
            let codes: Vec<_> = everybody.iter().map(|(who, ..)| by_whom[who]["code"].to_string()).collect();
            refused
                .insert(route.clone(), format!("{}: {}", codes.join(" "), by_whom[last]["message"].as_str().unwrap()));
            continue;
        }
        let name = route.trim_start_matches("/api/").replace('/', ".").replace(['{', '}'], "");
        settings().bind(|| insta::assert_json_snapshot!(name.clone(), answers));
        kept.insert(format!("{name}.snap"));
    }
    settings().bind(|| insta::assert_json_snapshot!("refused", refused));
    kept.insert("refused.snap".to_owned());
    // A snapshot that nothing is held against any more would be taken for true.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/api/snapshots");
    let there: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".snap"))
        .collect();
    assert_eq!(there, kept);
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// JSON of any shape, a form, a multipart form and no text at all: always an envelope that is as described, and never a bug of ours.
#[tokio::test]
async fn nothing_that_is_sent_is_answered_with_a_bug() {
    let t = closed().start().await;
    let described = Described::of(&t).await;
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\n/115\r\n--x--\r\n";
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let many = format!("{{{}}}", (0..5000).map(|n| format!("\"f{n}\":{n}")).collect::<Vec<_>>().join(","));
    let bodies: [(&str, &[u8]); 16] = [
        ("application/json", b"null"),
        ("application/json", b"[[],{}]"),
        ("application/json", br#"{"path":{},"page":[],"per_page":{},"keywords":[],"id":{},"parent":1,"username":{}}"#),
        (
            "application/json",
            br#"{"path":"\u0000","parent":"\u0000","keywords":"\u0000","username":"\u0000","id":1e400}"#,
        ),
        ("application/json", br#"{"path":"/\ud83d","parent":"\udfff"}"#),
        ("application/json", br#"{"id":99999999999999999999999999,"page":-9223372036854775809,"per_page":1e308}"#),
        ("application/json", br#"{"path":"/a","path":{},"PATH":[]}"#),
        ("application/json", deep.as_bytes()),
        ("application/json", many.as_bytes()),
        ("application/json", &[0xff, 0xfe, b'{', b'}']),
        ("application/x-www-form-urlencoded", b"path=%ff%00&page=x&id=%zz&&&==&=&keywords"),
        ("multipart/form-data; boundary=x", multipart.as_bytes()),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data; boundary=x", b"{\"path\":\"/115\"}"),
        ("multipart/form-data", multipart.as_bytes()),
        ("", &[0; 1000]),
    ];
    for route in described.by_route.keys() {
        let path = described.paths(route).swap_remove(0);
        for (content_type, body) in bodies {
            for query in ["", "?path=%00&page=%ff&id=-&sign", "?%&=&&path[]=1"] {
                let call = t.post(&format!("{path}{query}")).with("authorization", TOKEN);
                let call = if content_type.is_empty() { call } else { call.with("content-type", content_type) };
                let answer = envelope(call.body(body.to_vec()).send().await);
                described.hold(route, &answer);
                assert!(!answer["message"].as_str().unwrap().contains("mistake of ours"), "{route}: {answer}");
            }
        }
    }
}
