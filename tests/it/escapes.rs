//! Paths that a program encoded twice: literally first, and a sign is of what is meant.

use gate115::identity::Guest;
use sim115::{Content, Sim};

use crate::support::{Stage, signs, users::PASSWORD, world};

/// Of `/115/电影/a b.mkv`, by the token below, for ever.
const SIGN: &str = "LjF7pnsRHpLWaqVfhVAaiC21pjSZVx_NrTR2dToAHG4=:0";
const TWICE: &str = "/d/115/%25E7%2594%25B5%25E5%25BD%25B1/a%2520b.mkv";

fn films(sim: &Sim) {
    sim.file("/电影/a b.mkv", Content::pattern(1000));
    sim.file("/Private/x.mkv", Content::pattern(1000));
    sim.file("/100%25/a b.mkv", Content::pattern(500));
    sim.file("/100%/a b.mkv", Content::pattern(700));
}

fn closed() -> Stage {
    world(films).access(|auth, _| {
        auth.guest = Guest::Off;
        auth.token = Some("openlist-testtoken".into());
    })
}

#[tokio::test]
async fn what_was_encoded_twice_is_found_by_the_sign_of_what_is_meant() {
    let t = closed().start().await;
    assert_eq!(t.get(&format!("{TWICE}?sign={SIGN}")).follow().await.is(200).bytes().len(), 1000);
    let calls = t.api_calls();
    assert_eq!(t.get(&format!("{TWICE}?sign={SIGN}")).follow().await.is(200).bytes().len(), 1000);
    assert_eq!(t.api_calls(), calls, "that there is no such name is known, too");
    t.get(TWICE).send().await.is(401);
    t.get(&format!("/d/115/Private%252Fx.mkv?sign={SIGN}")).send().await.is(401);
    t.get(&format!("/d/115/%252e%252e/x.mkv?sign={SIGN}")).send().await.is(401);
    // Three times is once too often.
    t.get(&format!("{}?sign={SIGN}", TWICE.replace("%25", "%2525"))).send().await.is(401);
}

#[tokio::test]
async fn a_name_that_is_there_is_taken_as_it_is() {
    let t = world(films).start().await;
    for _ in 0..2 {
        assert_eq!(t.get("/p/115/100%2525/a%20b.mkv").send().await.is(200).bytes().len(), 500);
        assert_eq!(t.get("/p/115/100%25/a%20b.mkv").send().await.is(200).bytes().len(), 700);
        assert_eq!(t.get("/p/115/100%2525/a%2520b.mkv").send().await.is(200).bytes().len(), 700);
    }
    let page = t.get("/p/115/none/a%2520b.mkv").send().await.is(404);
    assert!(page.text().contains("none"), "{}", page.text());
    t.get("/p/115/%252e%252e/a.mkv").send().await.is(404);
}

#[tokio::test]
async fn the_sign_of_what_is_meant_opens_nothing_that_is_there_under_the_other_name() {
    let t = closed().start().await;
    let sign = signs::sign("openlist-testtoken", "/115/100%/a b.mkv", 0);
    // Both are there: `100%25`, which the address says, and `100%`, which the sign says.
    t.get(&format!("/p/115/100%2525/a%20b.mkv?sign={sign}")).send().await.is(401);
    t.get(&format!("/p/115/100%2525?sign={}", signs::sign("openlist-testtoken", "/115/100%", 0))).send().await.is(401);
    let there = t.get(&format!("/p/115/100%25/a%2520b.mkv?sign={sign}")).send().await.is(200);
    assert_eq!(there.bytes().len(), 700, "of this name there is only the one");
}

#[tokio::test]
async fn a_base_path_holds_for_what_is_meant() {
    let t = closed().start().await;
    let login = t.post("/-/login").form(&format!("name=tv&password={PASSWORD}&next=%2F")).send().await.is(303);
    let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
    for path in
        ["/d/115/Movies/%252e%252e/Private/x.mkv", "/d/115/%2550rivate/x.mkv", "/d/115/Movies%252f..%252fPrivate"]
    {
        let status = t.get(path).with("cookie", &cookie).send().await.status.as_u16();
        assert!(matches!(status, 403 | 404), "{path}: {status}");
    }
}
