//! An account that 115 limits is left in peace: no call goes out, what is known goes on being served.

use std::time::Duration;

use rstest::rstest;
use sim115::{Content, Fault, On, Sim, Times};

use crate::support::{TestApp, cloud_of, world};

fn films(sim: &Sim) {
    sim.file("/films/known.mkv", Content::pattern(1000));
    sim.file("/films/cold.mkv", Content::pattern(1000));
    sim.folder("/never/seen");
}

/// A gateway that knows one folder and one link, and then meets a fault.
async fn blocked(fault: Fault) -> TestApp {
    let t = world(films).start().await;
    t.get("/115/films").send().await.is(200);
    t.get("/d/115/films/known.mkv").send().await.is(302);
    t.sim.fault(On::AnyApi, Times::Next(1), fault);
    let reply = t.get("/115/never/seen").send().await.is(503);
    assert!(!reply.header("retry-after").is_empty());
    t.sim.ledger().reset();
    t
}

#[rstest]
#[case::firewall(Fault::Waf)]
#[case::captcha(Fault::Captcha)]
#[case::quota(Fault::Errno(770_004, "已达到当前访问上限，请稍后再试"))]
#[case::too_many(Fault::TooManyRequests(30))]
#[tokio::test]
async fn while_115_limits_the_account_nothing_goes_out_and_what_is_known_is_served(#[case] fault: Fault) {
    let t = blocked(fault).await;
    for _ in 0..20 {
        t.get("/d/115/films/known.mkv").send().await.is(302);
        t.get("/115/films").send().await.is(200);
        let reply = t.get("/d/115/films/cold.mkv").send().await.is(503);
        assert!(!reply.header("retry-after").is_empty());
        assert!(reply.text().contains("115"), "{}", reply.text());
        t.get("/115/never/seen").send().await.is(503);
        t.advance(Duration::from_secs(1));
    }
    assert_eq!(t.api_calls(), 0);
    let ready = t.get("/readyz").send().await;
    assert_eq!(ready.status == 200, !ready.text().contains("captcha"), "{}", ready.text());
}

#[tokio::test]
async fn the_firewall_is_given_eleven_minutes() {
    let t = blocked(Fault::Waf).await;
    t.advance(Duration::from_secs(10 * 60));
    t.get("/d/115/films/cold.mkv").send().await.is(503);
    assert_eq!(t.api_calls(), 0);
    t.advance(Duration::from_secs(61));
    t.get("/d/115/films/cold.mkv").send().await.is(302);
}

#[tokio::test]
async fn old_listings_are_served_while_it_lasts_and_say_so() {
    let t = blocked(Fault::Captcha).await;
    t.advance(Duration::from_secs(3 * 86400));
    let page = t.get("/115/films").send().await.is(200).text();
    assert!(page.contains("cold.mkv") && page.contains("captcha"), "{page}");
    t.get("/d/115/films/cold.mkv").send().await.is(503);
    assert_eq!(t.api_calls(), 0);
}

#[tokio::test]
async fn a_captcha_ends_with_a_reload() {
    let t = blocked(Fault::Captcha).await;
    t.advance(Duration::from_secs(86400));
    t.get("/d/115/films/cold.mkv").send().await.is(503);
    assert_eq!(t.api_calls(), 0);
    t.app.reload(&t.config);
    t.get("/d/115/films/cold.mkv").send().await.is(302);
}

#[rstest]
#[case::firewall(Fault::Waf)]
#[case::quota(Fault::TooManyRequests(300))]
#[tokio::test]
async fn what_115_has_set_a_time_for_goes_on_over_a_reload(#[case] fault: Fault) {
    let t = blocked(fault).await;
    let mut config = t.config.clone();
    for read_only in [false, true] {
        config.mounts[0].read_only = read_only;
        t.app.reload(&config);
        t.get("/d/115/films/cold.mkv").send().await.is(503);
    }
    assert_eq!(t.api_calls(), 0, "{:?}", t.sim.ledger().take());
}

#[tokio::test]
async fn mounts_of_one_account_share_its_pause() {
    let t = world(films).start().await;
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = gate115::path::VirtualPath::from_plain("/second").unwrap();
    config.mounts.push(second);
    t.app.reload(&config);
    for _ in 0..200 {
        if t.get("/second").send().await.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Waf);
    t.get("/115/never/seen").send().await.is(503);
    t.sim.ledger().reset();
    t.get("/second/films").send().await.is(503);
    assert_eq!(t.api_calls(), 0);
}

#[tokio::test]
async fn a_captcha_at_the_start_is_not_asked_for_again() {
    let t = world(films)
        .at_once()
        .mount(|_, sim| {
            sim.fault(On::AnyApi, Times::Always, Fault::Captcha);
        })
        .start()
        .await;
    t.failed().await;
    let calls = t.api_calls();
    t.app.reload(&t.config);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(t.api_calls() <= calls + 1, "the reload may try once: {} then {}", calls, t.api_calls());
}

#[tokio::test]
async fn a_dead_cookie_is_502_with_advice_and_is_not_tried_again() {
    let t = world(films).start().await;
    t.get("/115/films").send().await.is(200);
    t.sim.kick(0);
    let reply = t.get("/d/115/films/cold.mkv").send().await.is(502);
    assert!(reply.text().contains("cookie"), "{}", reply.text());
    t.sim.ledger().reset();
    for _ in 0..5 {
        t.get("/d/115/films/cold.mkv").send().await.is(502);
        t.get("/115/never/seen").send().await.is(502);
    }
    assert_eq!(t.api_calls(), 0);
    // A new cookie: the mount is made anew.
    let cookie = t.sim.login_again();
    let mut config = t.config.clone();
    cloud_of(&mut config.mounts[0]).login = gate115::config::Login::cookie(cookie);
    t.app.reload(&config);
    t.mounted().await;
    t.get("/d/115/films/cold.mkv").send().await.is(302);
}

#[tokio::test]
async fn a_firewall_on_one_host_lets_the_last_way_of_that_request_try_another() {
    let t = world(films).start().await;
    t.get("/115/films").send().await.is(200);
    t.sim.ledger().reset();
    for way in ["chrome_downurl", "android_download"] {
        t.sim.fault(On::Call(way), Times::Always, Fault::Waf);
    }
    t.get("/d/115/films/cold.mkv").send().await.is(200);
    assert_eq!((t.calls("chrome_downurl"), t.calls("android_download"), t.calls("files_download")), (1, 0, 1));
    t.get("/115/never/seen").send().await.is(503);
    assert_eq!(t.api_calls(), 2, "then the pause holds");
}

#[tokio::test]
async fn an_unreachable_115_is_told_as_that_and_old_listings_stand_in() {
    let mut t = world(films).start().await;
    t.get("/115/films").send().await.is(200);
    t.lose_115().await;
    t.advance(Duration::from_secs(1801));
    assert!(t.get("/115/films").send().await.is(200).text().contains("listed 30 min ago"));
    let page = t.until("/115/films", |reply| reply.text().contains("cannot be reached")).await.is(200).text();
    assert!(page.contains("cold.mkv"), "{page}");
    t.get("/d/115/films/cold.mkv").send().await.is(502);
    t.get("/115/never/seen").send().await.is(502);
    t.advance(Duration::from_secs(86400));
    t.get("/115/films").send().await.is(502);
}
