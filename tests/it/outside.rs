//! How the gateway is seen from outside: below a path, and through a reverse proxy.

use gate115::identity::Guest;

use crate::{
    access::{closed, link},
    support::users::PASSWORD,
};

#[tokio::test]
async fn everything_is_below_the_base_path() {
    let t = closed().access(|auth, server| {
        auth.guest = Guest::Off;
        server.base_path = "/gw/x".into();
    });
    let t = t.start().await;
    for path in ["/", "/gw/x"] {
        assert_eq!(t.get(path).send().await.is(302).header("location"), "/gw/x/");
    }
    for path in ["/d/115/Movies/a.mkv", "/115", "/gw", "/gw/xy", "/-/page.css"] {
        t.get(path).send().await.is(404);
    }
    for path in ["/healthz", "/readyz", "/gw/x/healthz", "/gw/x/-/page.css"] {
        t.get(path).send().await.is(200);
    }
    let page = t.get("/gw/x/115?sort=size").with("accept", "text/html").send().await.is(401).text();
    assert!(page.contains(r#"value="/gw/x/115?sort=size""#) && page.contains(r#"action="/gw/x/-/login""#), "{page}");
    let reply = t
        .post("/gw/x/-/login")
        .form(&format!("name=ann&password={PASSWORD}&next=%2Fgw%2Fx%2F115"))
        .send()
        .await
        .is(303);
    assert_eq!(reply.header("location"), "/gw/x/115");
    let set = reply.header("set-cookie").to_owned();
    assert!(set.contains("; Path=/gw/x;"), "{set}");
    let cookie = set.split(';').next().unwrap();
    for (path, start) in [
        ("/gw/x/", "/gw/x/115"),
        ("/gw/x/115", "/gw/x/115/Movies"),
        ("/gw/x/115/Movies", "/gw/x/d/115/Movies/a.mkv?sign="),
        ("/gw/x/115/Movies", "/gw/x/p/115/Movies/a.mkv?sign="),
    ] {
        let page = t.get(path).with("cookie", cookie).send().await.is(200).text();
        link(&page, start);
        let outside: Vec<_> = page.split("href=\"").skip(1).filter(|href| !href.starts_with("/gw/x/")).collect();
        assert!(outside.is_empty(), "{path}: {outside:?}");
    }
    let page = t.get("/gw/x/115/Movies").with("cookie", cookie).send().await.is(200).text();
    t.get(&link(&page, "/gw/x/d/")).follow().await.is(200);
    let reply = t.get("/gw/x/115/Movies/a.mkv").with("cookie", cookie).send().await.is(302);
    t.get(reply.header("location")).send().await.is(302);
    let page =
        t.get("/gw/x/d/115/Movies").with("cookie", cookie).with("accept", "text/html").send().await.is(404).text();
    assert!(page.contains(r#"href="/gw/x/115/Movies""#) && page.contains(r#"<a href="/gw/x/">All drives"#), "{page}");
}

#[tokio::test]
async fn behind_a_proxy_the_client_is_who_it_says() {
    let t = closed().access(|auth, server| {
        auth.guest = Guest::Off;
        server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    let t = t.start().await;
    let wrong =
        |from: &'static str| t.post("/-/login").form("name=ann&password=wrong").with("x-forwarded-for", from).send();
    for _ in 0..5 {
        wrong("192.0.2.1").await.is(401);
    }
    wrong("192.0.2.1").await.is(429);
    wrong("192.0.2.2").await.is(401);
    let login = t.post("/-/login").form(&format!("name=ann&password={PASSWORD}")).with("x-forwarded-for", "192.0.2.3");
    let login = login.with("x-forwarded-proto", "https").with("x-forwarded-host", "drive.example");
    let reply = login.with("origin", "https://drive.example").send().await.is(303);
    assert!(reply.header("set-cookie").ends_with("; Secure"), "{reply:?}");
    // Nobody else is believed.
    let t = closed().start().await;
    for number in 0..5 {
        let from = format!("192.0.2.{number}");
        t.post("/-/login").form("name=ann&password=wrong").with("x-forwarded-for", &from).send().await.is(401);
    }
    t.post("/-/login").form("name=ann&password=wrong").with("x-forwarded-for", "192.0.2.9").send().await.is(429);
}
