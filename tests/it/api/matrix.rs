//! Who gets what by which path through which door: a table of what must come out. Nothing outside of a base path is ever named,
//! listed, found, linked or given.

use std::{fmt::Write as _, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gate115::{identity::Guest, store::secrets::Secrets};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rstest::rstest;
use serde_json::{Value, json};
use sim115::{Content, Sim};

use super::{TOKEN, call, data, login};
use crate::support::{Stage, TestApp, raw, world};

/// What is outside of `/115/Movies`, the base path of tv, has this in its name.
const OUTSIDE: &str = "SECRET";

fn fill(sim: &Sim) {
    sim.file("/Movies/film.mkv", Content::pattern(1000));
    sim.file("/Movies/sub/in.mkv", Content::pattern(1000));
    // Begins as the base path does.
    sim.file("/MoviesX/SECRET.mkv", Content::pattern(1000));
    sim.file("/Movies.SECRET.mkv", Content::pattern(1000));
    sim.file("/SECRET/SECRET.mkv", Content::pattern(1000));
}

fn stage(guest: Guest) -> Stage {
    world(fill).access(move |auth, _| {
        auth.guest = guest;
        auth.token = Some(TOKEN.into());
    })
}

/// A gateway whose listings are all known, so that nothing is hidden by not being known.
async fn known(guest: Guest) -> TestApp {
    let t = stage(guest).start().await;
    for path in ["/", "/115", "/115/Movies", "/115/Movies/sub", "/115/MoviesX", "/115/SECRET"] {
        data(&t, TOKEN, "/fs/list", &json!({ "path": path })).await;
    }
    t
}

/// What is shown and must not be good for anything.
async fn bad_tokens(t: &TestApp) -> Vec<(&'static str, String)> {
    let good = login(t, "admin").await;
    let [head, body, sum] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    let key = Secrets::new(Arc::clone(&t.store)).find("session-key").await.unwrap().unwrap();
    let made = |changed: Value, algorithm: Algorithm, key: &[u8]| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(key).unwrap()).unwrap()
    };
    let same = made(json!({}), Algorithm::HS256, &key);
    assert_eq!(call(t, &same, "/me", &json!({})).await["code"], 200, "the tokens below are wrong in one thing alone");
    let now = claims["iat"].as_u64().unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
    let other = URL_SAFE_NO_PAD.encode(claims.to_string().replace("\"admin\"", "\"ann\""));
    let ended = login(t, "admin").await;
    t.get("/api/auth/logout").with("authorization", &ended).send().await.is(200);
    vec![
        ("expired", made(json!({ "exp": now - 1 }), Algorithm::HS256, &key)),
        ("of the future", made(json!({ "iat": now + 3600, "nbf": now + 3600 }), Algorithm::HS256, &key)),
        ("not yet good", made(json!({ "nbf": now + 3600 }), Algorithm::HS256, &key)),
        ("with a foreign key", made(json!({}), Algorithm::HS256, b"another key")),
        ("with another algorithm", made(json!({}), Algorithm::HS512, &key)),
        ("of nobody", made(json!({ "username": "eve" }), Algorithm::HS256, &key)),
        ("of another password", made(json!({ "pwd": "0" }), Algorithm::HS256, &key)),
        (
            "without an end",
            encode(&Header::default(), &json!({ "username": "admin" }), &EncodingKey::from_secret(&key).unwrap())
                .unwrap(),
        ),
        ("with no algorithm", format!("{none}.{body}.")),
        ("with no algorithm, and a sum", format!("{none}.{body}.{sum}")),
        ("tampered", format!("{head}.{other}.{sum}")),
        ("cut short", good[..good.len() - 1].to_owned()),
        ("logged out", ended),
        ("nearly the token", TOKEN[..TOKEN.len() - 1].to_owned()),
        ("the token and more", format!("{TOKEN}x")),
    ]
}

/// Every route that wants a login, from the description.
async fn closed_routes(t: &TestApp) -> Vec<String> {
    let document: Value = serde_json::from_slice(t.get("/api/openapi.json").send().await.is(200).bytes()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let closed = paths.filter(|(_, item)| item["post"].is_object() && item["post"]["security"] != json!([]));
    closed.map(|(path, _)| path.trim_start_matches("/api").replace("{kind}", "copy")).collect()
}

#[rstest]
#[case(Guest::Off)]
#[case(Guest::Read)]
#[tokio::test]
async fn a_bad_token_opens_nothing_whoever_may_read(#[case] guest: Guest) {
    let t = known(guest).await;
    let (bad, routes) = (bad_tokens(&t).await, closed_routes(&t).await);
    assert!(routes.len() > 100, "{}", routes.len());
    let calls = t.api_calls();
    for (what, token) in &bad {
        for shown in [token.clone(), format!("Bearer {token}")] {
            for route in &routes {
                let answer = call(&t, &shown, route, &json!({ "path": "/115/Movies/film.mkv", "keywords": "x" })).await;
                assert_eq!(answer["code"], 401, "{route} with a token {what}: {answer}");
            }
            let refused = if guest == Guest::Off { 401 } else { 302 };
            t.get("/d/115/Movies/film.mkv").with("authorization", &shown).send().await.is(refused);
            let refused = if guest == Guest::Off { 401 } else { 200 };
            let cookie = format!("gate115={token}");
            for path in ["/p/115/Movies/film.mkv", "/115/Movies", "/api/fs/m3u?path=/115/Movies"] {
                t.get(path).with("authorization", &shown).send().await.is(refused);
                t.get(path).with("cookie", &cookie).send().await.is(refused);
            }
            t.get("/ledger").with("authorization", &shown).send().await.is(401);
            t.get("/metrics").with("authorization", &shown).send().await.is(401);
        }
    }
    assert!(t.api_calls() - calls <= t.link_calls(), "nothing but links is asked of 115");
}

/// Who may call a route, said once more and independently of the table of routes.
fn least(route: &str) -> usize {
    let reads =
        ["/me", "/fs/list", "/fs/get", "/fs/dirs", "/fs/search", "/fs/other", "/fs/archive/meta", "/fs/archive/list"];
    match route {
        reading if reads.contains(&reading) => 1,
        "/fs/link" => 3,
        admin if admin.starts_with("/admin/") && !admin.starts_with("/admin/task/") => 3,
        _ => 2,
    }
}

#[tokio::test]
async fn every_route_is_for_whom_it_is() {
    let (t, open) = (known(Guest::Off).await, known(Guest::Read).await);
    let [tv, ann, admin] = [login(&t, "tv").await, login(&t, "ann").await, login(&t, "admin").await];
    let everybody = [
        (&t, "", 0),
        (&open, "", 1),
        (&t, &*tv, 2),
        (&t, &*ann, 2),
        (&t, &*admin, 3),
        (&t, TOKEN, 3),
        (&open, TOKEN, 3),
    ];
    let refused = ["Guest user is disabled, login please", "Guests may not do this", "You are not an admin"];
    for route in closed_routes(&t).await {
        for (t, shown, rank) in everybody {
            let answer = call(t, shown, &route, &json!({ "path": "/film.mkv", "keywords": "x" })).await;
            let (code, message) = (&answer["code"], answer["message"].as_str().unwrap());
            if rank < least(&route) {
                assert_eq!(code, if rank == 0 { 401 } else { 403 }, "{route}: {answer}");
                assert!(message.starts_with(refused[rank]), "{route}: {answer}");
                assert!(answer["data"].is_null());
            } else {
                assert!(*code != 401 && !refused.iter().any(|word| message.starts_with(word)), "{route}: {answer}");
            }
        }
    }
    for page in ["/ledger", "/metrics"] {
        for (t, shown, rank) in everybody {
            let call = t.get(page).with("authorization", shown);
            assert_eq!(call.send().await.status == 200, rank == 3, "{page} for {rank}");
        }
    }
}

/// Paths as tv writes them, with the codes of `fs/list`, `fs/get` and `fs/dirs`.
const OWN: [(&str, [u64; 3]); 34] = [
    ("", [200, 200, 200]),
    ("/", [200, 200, 200]),
    ("//", [200, 200, 200]),
    ("/sub", [200, 200, 200]),
    ("sub//", [200, 200, 200]),
    ("/film.mkv", [500, 200, 500]),
    ("/sub/in.mkv", [500, 200, 500]),
    ("/..", [403, 403, 403]),
    ("..", [403, 403, 403]),
    ("/.", [403, 403, 403]),
    ("/../MoviesX", [403, 403, 403]),
    ("/../MoviesX/SECRET.mkv", [403, 403, 403]),
    ("/../../115/SECRET", [403, 403, 403]),
    ("/sub/../../SECRET", [403, 403, 403]),
    ("/sub/./../..//SECRET", [403, 403, 403]),
    ("/..%2fMoviesX", [500, 500, 500]),
    ("/%2e%2e/MoviesX", [500, 500, 500]),
    ("/%2e%2e%2fMoviesX", [500, 500, 500]),
    ("/%252e%252e/MoviesX", [500, 500, 500]),
    ("\\..\\MoviesX", [500, 500, 500]),
    ("/..\\MoviesX", [500, 500, 500]),
    ("/sub\\..\\..\\MoviesX", [500, 500, 500]),
    ("/．．/MoviesX", [500, 500, 500]),
    ("X", [500, 500, 500]),
    ("/X", [500, 500, 500]),
    (".SECRET.mkv", [500, 500, 500]),
    ("//MoviesX", [500, 500, 500]),
    ("/MoviesX/SECRET.mkv", [500, 500, 500]),
    ("/115/MoviesX", [500, 500, 500]),
    ("/115/Movies/film.mkv", [500, 500, 500]),
    ("//115/SECRET", [500, 500, 500]),
    ("/film.mkv\0/../../SECRET", [400, 400, 400]),
    ("/\0", [400, 400, 400]),
    ("/../\0", [403, 403, 403]),
];

#[rstest]
#[case(Guest::Off)]
#[case(Guest::Read)]
#[tokio::test]
async fn a_user_gets_nothing_outside_of_his_base_path_from_the_api(#[case] guest: Guest) {
    let t = known(guest).await;
    let tv = login(&t, "tv").await;
    let mut table = String::new();
    for (path, want) in OWN {
        let mut codes = Vec::new();
        for route in ["/fs/list", "/fs/get", "/fs/dirs"] {
            let answer = call(&t, &tv, route, &json!({ "path": path })).await;
            // A refusal may say the path again, as it was asked for.
            assert!(!answer["data"].to_string().contains(OUTSIDE), "{route} {path:?}: {answer}");
            let told = answer["message"].as_str().unwrap();
            assert!(!told.contains(OUTSIDE) || path.contains(OUTSIDE), "{route} {path:?}: {answer}");
            codes.push(answer["code"].as_u64().unwrap());
        }
        if codes != want {
            writeln!(table, "{path:?}: {codes:?}, not {want:?}").unwrap();
        }
        for words in ["mkv", "secret", "movies", "."] {
            for scope in 0..3 {
                let ask = json!({ "parent": path, "keywords": words, "scope": scope });
                let found = call(&t, &tv, "/fs/search", &ask).await;
                assert!(!found["data"].to_string().contains(OUTSIDE), "search in {path:?}: {found}");
                let inside = ["/", "/sub"];
                for hit in found["data"]["content"].as_array().into_iter().flatten() {
                    assert!(inside.contains(&hit["parent"].as_str().unwrap()), "search in {path:?}: {hit}");
                }
            }
        }
        for (route, code) in [("/fs/link", 403), ("/fs/other", 405)] {
            let answer = call(&t, &tv, route, &json!({ "path": path, "method": "video_preview" })).await;
            assert_eq!(answer["code"], code, "{route} {path:?}: {answer}");
        }
        let answer = call(&t, &tv, "/fs/dirs", &json!({ "path": path, "force_root": true })).await;
        assert_eq!(answer["code"], if path.contains('\0') { want[2] } else { 403 }, "{path:?}: {answer}");
    }
    assert!(table.is_empty(), "\n{table}");
    // By whatever name the path comes, and wherever it stands.
    for (query, body) in [("?path=/../MoviesX", ""), ("", "path=%2F..%2FMoviesX"), ("?Path=%2f%2e%2e%2fMoviesX", "{}")]
    {
        let call = t.post(&format!("/api/fs/list{query}")).with("authorization", &tv).body(body);
        assert_eq!(super::envelope(call.send().await)["code"], 403, "{query} {body}");
    }
    // Everybody else finds what is there.
    let ann = login(&t, "ann").await;
    for shown in [&*ann, TOKEN] {
        let found = data(&t, shown, "/fs/search", &json!({ "parent": "/", "keywords": "secret" })).await;
        assert_eq!(found["total"], 4, "{found}");
        data(&t, shown, "/fs/list", &json!({ "path": "/115/MoviesX" })).await;
    }
}

/// Paths at `/d`, and what a stranger, tv, and ann get there while guests may not read.
const FULL: [(&str, u16, u16, u16); 33] = [
    ("/115/Movies/film.mkv", 401, 302, 302),
    ("/115/Movies/sub/in.mkv", 401, 302, 302),
    ("//115//Movies//film.mkv", 401, 302, 302),
    ("/115/Movies/film.mkv/", 401, 302, 302),
    ("/115/Movies/%66ilm.mkv", 401, 302, 302),
    // Encoded once too often: by what it says, where that may be had.
    ("/115/Movies/%2566ilm.mkv", 401, 302, 302),
    ("/115/Movies%2ffilm.mkv", 401, 403, 404),
    ("/115/Movies", 401, 404, 404),
    ("/115", 401, 403, 404),
    ("/", 401, 403, 404),
    ("", 401, 403, 404),
    ("/115/MoviesX/SECRET.mkv", 401, 403, 302),
    ("/115/Movies.SECRET.mkv", 401, 403, 302),
    ("/115/SECRET/SECRET.mkv", 401, 403, 302),
    ("//115//MoviesX//SECRET.mkv", 401, 403, 302),
    ("/115/%4doviesX/SECRET.mkv", 401, 403, 302),
    ("/115/%254doviesX/SECRET.mkv", 401, 403, 302),
    ("/115/Movies/../MoviesX/SECRET.mkv", 400, 400, 400),
    ("/115/Movies/%2e%2e/MoviesX/SECRET.mkv", 400, 400, 400),
    ("/115/Movies/%2e./MoviesX/SECRET.mkv", 400, 400, 400),
    ("/115/Movies/./film.mkv", 400, 400, 400),
    ("/115/Movies/..%2fMoviesX/SECRET.mkv", 401, 404, 404),
    ("/115/Movies/..%2fMoviesX%2fSECRET.mkv", 401, 404, 404),
    ("/115/Movies%2f..%2fMoviesX%2fSECRET.mkv", 401, 403, 404),
    ("/115/Movies/%252e%252e/MoviesX/SECRET.mkv", 401, 404, 404),
    ("/115/Movies/..%5cMoviesX%5cSECRET.mkv", 401, 404, 404),
    ("/115/Movies/..\\MoviesX\\SECRET.mkv", 401, 404, 404),
    ("/115/Movies/film.mkv%00", 400, 400, 400),
    ("/115/Movies/%ff", 400, 400, 400),
    ("/115/Movies/%00/../../SECRET/SECRET.mkv", 400, 400, 400),
    // A stable link is good by its sign alone, whoever asks.
    ("/@pc/115/abc/SECRET.mkv", 401, 401, 401),
    ("/%40pc/115/abc/SECRET.mkv", 401, 401, 401),
    ("/%2540pc/115/abc/SECRET.mkv", 401, 403, 404),
];

/// Status, head and body of a request whose line is sent as it is.
async fn sent(t: &TestApp, path: &str, headers: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n");
    let reply = raw(t.address, head.as_bytes()).await;
    (reply.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{path}: {reply}")), reply)
}

fn authorization(token: &str) -> String {
    if token.is_empty() { String::new() } else { format!("Authorization: {token}\r\n") }
}

#[tokio::test]
async fn a_user_gets_no_bytes_outside_of_his_base_path() {
    let t = known(Guest::Off).await;
    let (tv, ann, admin) = (login(&t, "tv").await, login(&t, "ann").await, login(&t, "admin").await);
    let everybody = |stranger, tv_gets, ann_gets| {
        [("", stranger), (&*tv, tv_gets), (&*ann, ann_gets), (&*admin, ann_gets), (TOKEN, ann_gets)]
    };
    let mut table = String::new();
    for (path, stranger, tv_gets, ann_gets) in FULL {
        for (door, given) in [("/d", 302), ("/p", 200)] {
            for (shown, want) in everybody(stranger, tv_gets, ann_gets) {
                let want = if want == 302 { given } else { want };
                for headers in [authorization(shown), format!("Cookie: gate115={shown}\r\n")] {
                    let (status, reply) = sent(&t, &format!("{door}{path}"), &headers).await;
                    let whom = [(&*tv, "tv"), (&*ann, "ann"), (&*admin, "admin"), (TOKEN, "the token"), ("", "nobody")];
                    let whom = whom.iter().find(|(token, _)| *token == shown).unwrap().1;
                    if status != want {
                        writeln!(table, "{door}{path} for {whom}: {status}, not {want}").unwrap();
                    }
                    assert!(whom != "tv" || !matches!(status, 200..400) || !reply.contains(OUTSIDE), "{path}: {reply}");
                }
            }
        }
    }
    assert!(table.is_empty(), "\n{table}");
    // Guests who may read get all of it, whatever they show; still nothing by way of dots.
    let t = known(Guest::Read).await;
    for (path, .., want) in FULL {
        assert_eq!(sent(&t, &format!("/d{path}"), "").await.0, want, "{path}");
    }
}

/// What tv gets as pages: his paths, and a login page or nothing for all others.
#[tokio::test]
async fn a_user_sees_no_page_outside_of_his_base_path() {
    for guest in [Guest::Off, Guest::Read] {
        let t = known(guest).await;
        let tv = login(&t, "tv").await;
        for (path, want) in [
            ("/", 200),
            ("/sub", 200),
            ("//sub/", 200),
            ("/film.mkv", 302),
            ("/sub/in.mkv", 302),
            ("/..", 400),
            ("/../MoviesX", 400),
            ("/%2e%2e/MoviesX", 400),
            ("/sub/%2e%2e/%2e%2e/SECRET", 400),
            ("/..%2fMoviesX", 404),
            ("/%2e%2e%2fMoviesX%2fSECRET.mkv", 404),
            ("/%252e%252e/MoviesX", 404),
            ("/..%5cMoviesX", 404),
            ("/..\\MoviesX", 404),
            ("//MoviesX", 404),
            ("/X", 404),
            ("/.SECRET.mkv", 404),
            ("/115", 404),
            ("/115/MoviesX/SECRET.mkv", 404),
            ("/115/Movies/film.mkv", 404),
            ("/%00", 400),
        ] {
            for headers in [authorization(&tv), format!("Cookie: gate115={tv}\r\n")] {
                for query in ["", "?refresh=1"] {
                    let (status, reply) = sent(&t, &format!("{path}{query}"), &headers).await;
                    // Reading anew leads back to the page.
                    assert!(status == want || want == 200 && status == 302, "{path}{query}: {status}, not {want}");
                    // A refusal may say the path again, as it was asked for.
                    assert!(!reply.contains(OUTSIDE) || status >= 400 && path.contains(OUTSIDE), "{path}: {reply}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_user_gets_no_playlist_outside_of_his_base_path() {
    let t = known(Guest::Off).await;
    let (tv, ann) = (login(&t, "tv").await, login(&t, "ann").await);
    for (path, stranger, tv_gets, ann_gets) in [
        ("/115/Movies", 401, 200, 200),
        ("%2F115%2FMovies%2Fsub", 401, 200, 200),
        ("/115", 401, 403, 200),
        ("/", 401, 403, 200),
        ("", 401, 403, 200),
        ("/115/MoviesX", 401, 403, 200),
        ("/115/SECRET", 401, 403, 200),
        ("/115//Movies//..//SECRET", 400, 400, 400),
        ("/115/Movies/%2e%2e/MoviesX", 400, 400, 400),
        ("/115/Movies/%252e%252e/MoviesX", 401, 404, 404),
        ("/115/Movies%255c..%255cMoviesX", 401, 403, 404),
        ("/115/Movies\\..\\MoviesX", 401, 403, 404),
        ("/115/Movies%00", 400, 400, 400),
        ("/115/Movies&path=/115/MoviesX", 401, 200, 200),
    ] {
        for (shown, want) in [("", stranger), (&*tv, tv_gets), (&*ann, ann_gets)] {
            let (status, reply) = sent(&t, &format!("/api/fs/m3u?path={path}"), &authorization(shown)).await;
            assert_eq!(status, want, "{path} for {shown:?}");
            assert!(shown != tv || !reply.contains(OUTSIDE), "{path}: {reply}");
        }
    }
}
