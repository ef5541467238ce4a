//! Who gets in at the built-in pages and at `/d` and `/p`: guests, logins, signs, base paths, and ways around them.

use std::time::Duration;

use gate115::{
    config::{Config, Metrics, Mount},
    identity::{Guest, Signing},
    path::VirtualPath,
};
use rstest::rstest;
use sim115::{Content, Sim};

use crate::support::{Reply, Stage, TestApp, users::PASSWORD, world};

const TOKEN: &str = "openlist-testtoken";

fn films(sim: &Sim) {
    sim.file("/Movies/a.mkv", Content::pattern(1000));
    sim.file("/Movies/影 视/b c.mkv", Content::pattern(1000));
    sim.file("/Private/x.mkv", Content::pattern(1000));
}

/// Guests may not read.
pub fn closed() -> Stage {
    world(films).access(|auth, _| {
        auth.guest = Guest::Off;
        auth.token = Some(TOKEN.into());
    })
}

pub async fn sent(app: &TestApp, name: &str, password: &str) -> Reply {
    app.post("/-/login").form(&format!("name={name}&password={password}&next=%2F115")).send().await
}

/// The cookie of a login, as it is sent back.
pub async fn cookie(app: &TestApp, name: &str) -> String {
    let reply = sent(app, name, PASSWORD).await.is(303);
    reply.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn token(app: &TestApp, name: &str) -> String {
    cookie(app, name).await.strip_prefix("gate115=").unwrap().to_owned()
}

/// The first address in a page that begins so.
pub fn link(page: &str, start: &str) -> String {
    let at = page.find(&format!("href=\"{start}")).unwrap_or_else(|| panic!("no {start} in {page}"));
    page[at + 6..].split('"').next().unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn without_a_login_there_is_nothing_but_the_form() {
    let t = closed().start().await;
    for path in ["/", "/115", "/115/Movies/a.mkv", "/115/none", "/-/none"] {
        let page = t.get(path).with("accept", "text/html").send().await.is(401);
        assert!(page.text().contains(r#"<form method="post" action="/-/login">"#), "{path}: {}", page.text());
        assert!(
            page.text().contains(&format!(r#"name="next" type="hidden" value="{path}""#)),
            "{path}: {}",
            page.text()
        );
        assert!(page.header("www-authenticate").starts_with("Bearer"));
        assert!(!page.text().contains("Movies\"") || path.contains("Movies"), "{}", page.text());
        assert_eq!(t.get(path).send().await.is(401).text(), "Log in to see this.\n");
    }
    for path in ["/d/115/Movies/a.mkv", "/p/115/Movies/a.mkv", "/d/115/none", "/d/115", "/d/@pc/main/abc/a.mkv"] {
        let page = t.get(path).with("accept", "text/html").send().await.is(401);
        assert!(page.text().contains(r#"<a href="/-/login">Log in</a>"#), "{}", page.text());
        t.head(path).send().await.is(401);
    }
    assert_eq!(t.api_calls(), 0, "nobody asks 115 for a stranger");
    for path in ["/healthz", "/readyz", "/-/page.css", "/robots.txt", "/-/login"] {
        t.get(path).send().await.is(200);
    }
    t.get("/d/115/../Movies/a.mkv%00").send().await.is(400);
}

#[tokio::test]
async fn how_a_mount_is_is_told_to_whom_it_concerns() {
    let two = |config: &mut Config| {
        let path = VirtualPath::from_plain("/elsewhere").unwrap();
        config.mounts.push(Mount { path, ..config.mounts[0].clone() });
    };
    let t = closed().config(two).access(|_, server| server.metrics = Metrics::Token).start().await;
    let said = async |name: &str| {
        let request =
            if name.is_empty() { t.get("/readyz") } else { t.get("/readyz").with("cookie", &cookie(&t, name).await) };
        request.send().await.is(200).text()
    };
    let stranger = said("").await;
    assert!(stranger.starts_with("A mount works. Log in") && !stranger.contains("/115"), "{stranger}");
    assert_eq!(said("admin").await, "/115 works\n/elsewhere works\n");
    assert_eq!(said("tv").await, "/115 works\n", "his folder is in it");
}

#[tokio::test]
async fn signed_links_of_a_page_work_for_everybody_and_for_nothing_else() {
    let t = closed().start().await;
    let cookie = cookie(&t, "admin").await;
    let page = t.get("/115/Movies/影 视").with("cookie", &cookie).send().await.is(200).text();
    let (d, p) = (link(&page, "/d/"), link(&page, "/p/"));
    assert!(d.starts_with("/d/115/Movies/%E5%BD%B1%20%E8%A7%86/b%20c.mkv?sign=") && d.ends_with("=:0"), "{d}");
    t.get(&d).follow().await.is(200);
    t.head(&d).send().await.is(302);
    t.get(&format!("{d}/")).send().await.is(302);
    t.get(&d.replace('=', "%3D").replace("sign%3D", "sign=").replace(':', "%3A")).send().await.is(302);
    t.get(&format!("{d}&openlist_ts=1")).send().await.is(302);
    assert_eq!(t.get(&p).send().await.is(200).bytes().len(), 1000);
    t.get(&p.replacen("/p/", "/d/", 1)).send().await.is(302);
    let sign = d.split_once('?').unwrap().1;
    for bad in [
        format!("/d/115/Movies/a.mkv?{sign}"),
        format!("/d/115/Movies?{sign}"),
        d[..d.len() - 1].to_owned(),
        format!("{}1800000000", &d[..d.len() - 1]),
        d.replace("sign=", "sign=A"),
        d.split('?').next().unwrap().to_owned(),
    ] {
        let page = t.get(&bad).send().await.is(401);
        assert!(page.text().starts_with("This address needs a valid sign or a login."), "{}", page.text());
    }
    // The page of a file leads to its signed link.
    let reply = t.get("/115/Movies/a.mkv").with("cookie", &cookie).send().await.is(302);
    t.get(reply.header("location")).send().await.is(302);
}

#[tokio::test]
async fn signs_that_others_made_with_the_token_work_and_expire() {
    let t = closed().start().await;
    // The vector of OpenList for a path that is not here: the sign is good, so the path is looked for.
    t.get("/d/115/movie.mkv?sign=SBF4nPMOSjGo2usuRR7LaghJdAtxiS2aMzvx96Wz4PY=:1800000000").send().await.is(404);
    t.get("/d/115/%E7%94%B5%E5%BD%B1/a%20b.mkv?sign=LjF7pnsRHpLWaqVfhVAaiC21pjSZVx_NrTR2dToAHG4=:0")
        .send()
        .await
        .is(404);
    let t = closed()
        .access(|auth, _| {
            auth.guest = Guest::Off;
            auth.link_expiration = Duration::from_secs(600);
        })
        .start()
        .await;
    let cookie = cookie(&t, "ann").await;
    let page = t.get("/115/Movies").with("cookie", &cookie).send().await.is(200).text();
    let d = link(&page, "/d/");
    t.get(&d).send().await.is(302);
    t.advance(Duration::from_secs(601));
    t.get(&d).send().await.is(401);
}

#[tokio::test]
async fn an_earlier_token_still_opens_its_links() {
    let sign = "SBF4nPMOSjGo2usuRR7LaghJdAtxiS2aMzvx96Wz4PY=:1800000000";
    let t = world(|sim| _ = sim.file("/movie.mkv", Content::pattern(10)))
        .access(|auth, _| {
            auth.guest = Guest::Off;
            auth.token = Some("another-token-of-now".into());
            auth.old_tokens = vec![TOKEN.into()];
        })
        .start()
        .await;
    t.get(&format!("/d/115/movie.mkv?sign={sign}")).send().await.is(302);
    t.get("/115").with("authorization", TOKEN).send().await.is(401);
    t.get("/115").with("authorization", "another-token-of-now").send().await.is(200);
}

#[tokio::test]
async fn a_token_in_the_header_does_instead_of_a_sign() {
    let t = closed().start().await;
    let login = token(&t, "ann").await;
    for shown in [TOKEN.to_owned(), login.clone(), format!("Bearer {login}"), format!("bearer {TOKEN}")] {
        t.get("/d/115/Movies/a.mkv").with("authorization", &shown).send().await.is(302);
        t.get("/p/115/Movies/a.mkv").with("authorization", &shown).send().await.is(200);
        t.get("/115").with("authorization", &shown).send().await.is(200);
    }
    for shown in ["x", "Basic YW5uOnMzY3JldC13b3Jk", &login[..login.len() - 2], "eyJhbGciOiJub25lIn0.e30."] {
        t.get("/d/115/Movies/a.mkv").with("authorization", shown).send().await.is(401);
        t.get("/115").with("authorization", shown).send().await.is(401);
    }
}

/// Who asks, for what, with which login, and what he gets: with guests off, and with guests.
#[rstest]
#[case("/", "", 401, 200)]
#[case("/", "ann", 200, 200)]
#[case("/", "tv", 200, 200)]
#[case("/115/Movies", "ann", 200, 200)]
#[case("/115/Movies", "tv", 404, 404)]
#[case("/a.mkv", "tv", 302, 302)]
#[case("/a.mkv", "ann", 404, 404)]
#[case("/..", "tv", 400, 400)]
#[case("/%2e%2e/Private", "tv", 400, 400)]
#[case("/..%2fPrivate", "tv", 404, 404)]
#[case("/%2e%2e%2fPrivate/x.mkv", "tv", 404, 404)]
#[case("/..%5cPrivate", "tv", 404, 404)]
#[case("//Private", "tv", 404, 404)]
#[case("/d/115/Movies/a.mkv", "tv", 302, 302)]
#[case("/d/115/Movies/a.mkv", "", 401, 302)]
#[case("/d/115/Private/x.mkv", "ann", 302, 302)]
#[case("/d/115/Private/x.mkv", "tv", 403, 302)]
#[case("/p/115/Private/x.mkv", "tv", 403, 200)]
#[case("/d/115/Movies/../Private/x.mkv", "tv", 400, 400)]
#[case("/d/115/Movies/%2e%2e/Private/x.mkv", "tv", 400, 400)]
#[case("/d/115/Movies%2f..%2fPrivate%2fx.mkv", "tv", 403, 404)]
#[case("/d/115/Movies2/x.mkv", "tv", 403, 404)]
#[case("/d/115", "tv", 403, 404)]
#[case("/d/115/Movies", "tv", 404, 404)]
#[tokio::test]
async fn everybody_sees_what_he_may(#[case] path: &str, #[case] name: &str, #[case] off: u16, #[case] read: u16) {
    for (guest, want) in [(Guest::Off, off), (Guest::Read, read)] {
        let t = world(films).access(move |auth, _| auth.guest = guest).start().await;
        // The client would take the dots away, so the line is written by hand.
        let cookie = if name.is_empty() { String::new() } else { format!("Cookie: {}\r\n", cookie(&t, name).await) };
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{cookie}Connection: close\r\n\r\n");
        let reply = crate::support::raw(t.address, head.as_bytes()).await;
        let status = reply.split(' ').nth(1).map(str::to_owned);
        assert_eq!(status, Some(want.to_string()), "{path} for {name:?} with guests {guest:?}");
    }
}

#[tokio::test]
async fn a_user_with_a_base_path_sees_it_as_the_root() {
    let t = closed().start().await;
    let cookie = cookie(&t, "tv").await;
    let page = t.get("/").with("cookie", &cookie).send().await.is(200).text();
    assert!(page.contains(r#"<a href="/%E5%BD%B1%20%E8%A7%86">"#) && !page.contains("Private"), "{page}");
    let d = link(&page, "/d/115/Movies/a.mkv?sign=");
    t.get(&d).send().await.is(302);
    let reply = t.get("/?refresh=1").with("cookie", &cookie).send().await.is(302);
    assert_eq!(reply.header("location"), "/");
    let reply = t.get("/影 视/b c.mkv").with("cookie", &cookie).send().await.is(302);
    assert!(reply.header("location").starts_with("/d/115/Movies/%E5%BD%B1%20%E8%A7%86/b%20c.mkv?sign="));
    let page = t.get("/影 视").with("cookie", &cookie).send().await.is(200).text();
    assert!(page.contains(r#"<li><a href="/">All drives</a></li></ol>"#), "{page}");
    // A folder at /d is shown at what he calls it.
    let text = t.get("/d/115/Movies/影 视").with("cookie", &cookie).send().await.is(404).text();
    assert!(text.ends_with("Browse it at /%E5%BD%B1%20%E8%A7%86\n"), "{text}");
}

#[tokio::test]
async fn guests_and_unsigned_links_go_where_they_are_let() {
    let t = world(films).start().await;
    let page = t.get("/115/Movies").send().await.is(200).text();
    assert!(page.contains(r#"<a href="/d/115/Movies/a.mkv">"#), "guests need no sign: {page}");
    assert!(page.contains(r#"<a rel="nofollow" href="/-/login">Log in</a>"#), "{page}");
    t.get("/d/115/Movies/a.mkv?sign=nonsense:0").send().await.is(302);
    let page = t.get("/115/Movies").with("cookie", "gate115=dead").send().await.is(200).text();
    assert!(page.contains(">Log in</a>"), "a dead login is a guest: {page}");
    let t = closed()
        .access(|auth, _| {
            auth.guest = Guest::Off;
            auth.sign = Signing::None;
        })
        .start()
        .await;
    t.get("/d/115/Movies/a.mkv").send().await.is(302);
    t.get("/115/Movies").send().await.is(401);
    t.get("/d/@pc/main/abc/a.mkv").send().await.is(401);
}

#[tokio::test]
async fn warm_signed_links_cost_no_call_and_their_number_no_memory() {
    let t = closed().start().await;
    let page = t.get("/115/Movies").with("authorization", TOKEN).send().await.is(200).text();
    let d = link(&page, "/d/");
    // Every place on its links is taken, one after the other.
    for _ in 0..20 {
        t.get(&d).send().await.is(302);
    }
    let (api, links) = (t.api_calls(), t.link_calls());
    for number in 0..50 {
        t.get(&format!("{d}&x={number}")).send().await.is(302);
        t.get(&format!("/d/115/Movies/a.mkv?sign=nonsense{number}:0")).send().await.is(401);
    }
    assert_eq!((t.api_calls(), t.link_calls()), (api, links));
    // A count that lags behind a little.
    let remembered = format!("{:?}", t.app.namespace());
    assert!(remembered.contains("paths: 0") || remembered.contains("paths: 1"), "{remembered}");
}

#[tokio::test]
async fn a_changed_configuration_holds_at_once() {
    let t = closed().start().await;
    let [ann, tv] = [cookie(&t, "ann").await, cookie(&t, "tv").await];
    let mut auth = t.config.auth.clone();
    auth.users.retain(|user| user.name != "ann");
    t.app.admit(&auth).await.unwrap();
    t.get("/115").with("cookie", &ann).send().await.is(401);
    t.get("/").with("cookie", &tv).send().await.is(200);
    auth.guest = Guest::Read;
    t.app.admit(&auth).await.unwrap();
    t.get("/115").with("cookie", &ann).send().await.is(200);
}
