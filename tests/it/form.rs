//! The login form and the logout: what they set, whom they slow down, and whose forms are taken.

use std::time::Duration;

use rstest::rstest;

use crate::{
    access::{closed, cookie, sent},
    support::users::PASSWORD,
};

#[tokio::test]
async fn a_login_by_the_form_opens_the_pages_until_the_logout() {
    let t = closed().start().await;
    let reply = sent(&t, "ann", PASSWORD).await.is(303);
    assert_eq!(reply.header("location"), "/115");
    let set = reply.header("set-cookie");
    for part in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Max-Age=172800"] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(!set.contains("Secure"), "this connection is not encrypted");
    let cookie = set.split(';').next().unwrap();
    let page = t.get("/115/Movies").with("cookie", cookie).send().await.is(200).text();
    assert!(page.contains(r#"<form method="post" action="/-/logout">ann <button>Log out</button>"#), "{page}");
    t.get("/d/115/Movies/a.mkv").with("cookie", cookie).follow().await.is(200);
    t.get("/p/115/Movies/a.mkv").with("cookie", cookie).send().await.is(200);

    t.get("/-/logout").with("cookie", cookie).send().await.is(405);
    let out = t.post("/-/logout").with("cookie", cookie).send().await.is(303);
    assert!(out.header("set-cookie").starts_with("gate115=; Path=/; Max-Age=0"), "{out:?}");
    t.get("/115/Movies").with("cookie", cookie).send().await.is(401);
    t.get("/d/115/Movies/a.mkv").with("cookie", cookie).send().await.is(401);
}

#[tokio::test]
async fn a_wrong_login_is_told_and_after_five_has_to_wait() {
    let t = closed().start().await;
    for _ in 0..5 {
        let page = sent(&t, "ann", "%3Cwrong%3E").await.is(401);
        assert!(page.text().contains("The name or the password is wrong."), "{}", page.text());
        assert!(page.text().contains(r#"value="/115""#) && page.header("set-cookie").is_empty(), "{}", page.text());
    }
    let page = sent(&t, "ann", PASSWORD).await.is(429);
    assert!(page.text().contains("Too many wrong logins") && !page.header("retry-after").is_empty(), "{page:?}");
    sent(&t, "admin", PASSWORD).await.is(303);
    t.advance(Duration::from_secs(301));
    sent(&t, "ann", PASSWORD).await.is(303);
    t.post("/-/login").form(&"x".repeat(20_000)).send().await.is(400);
    t.post("/-/login").send().await.is(401);
    t.post("/-/login").form("\u{0}%ff=&&==%").send().await.is(401);
}

/// What a browser says of the form, and whether it is taken.
#[rstest]
#[case::same(&[("sec-fetch-site", "same-origin")], true)]
#[case::cross(&[("sec-fetch-site", "cross-site"), ("origin", "http://HOST")], false)]
#[case::neighbour(&[("sec-fetch-site", "same-site")], false)]
#[case::own_origin(&[("origin", "http://HOST")], true)]
#[case::other_origin(&[("origin", "http://evil.example")], false)]
#[case::other_port(&[("origin", "http://127.0.0.1:1")], false)]
#[case::hidden_origin(&[("origin", "null")], false)]
#[tokio::test]
async fn only_our_own_pages_send_our_forms(#[case] said: &[(&str, &str)], #[case] taken: bool) {
    let t = closed().start().await;
    let host = t.address.to_string();
    let cookie = cookie(&t, "ann").await;
    let mut login = t.post("/-/login").form(&format!("name=ann&password={PASSWORD}"));
    let mut logout = t.post("/-/logout").with("cookie", &cookie);
    for (name, value) in said {
        let value = value.replace("HOST", &host);
        (login, logout) = (login.with(name, &value), logout.with(name, &value));
    }
    login.send().await.is(if taken { 303 } else { 403 });
    logout.send().await.is(if taken { 303 } else { 403 });
    t.get("/115").with("cookie", &cookie).send().await.is(if taken { 401 } else { 200 });
}

#[rstest]
#[case("/115/Movies?sort=size", "/115/Movies?sort=size")]
#[case("//evil.example/x", "/")]
#[case("/\\evil.example", "/")]
#[case("https://evil.example", "/")]
#[case("/a\r\nset-cookie: x=y", "/")]
#[case("", "/")]
#[tokio::test]
async fn nobody_is_sent_elsewhere_after_a_login(#[case] next: &str, #[case] want: &str) {
    let t = closed().start().await;
    let next: String = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let reply = t.post("/-/login").form(&format!("name=ann&password={PASSWORD}&next={next}")).send().await.is(303);
    assert_eq!(reply.header("location"), want);
}
