//! Rotation, the ends of tokens and what is left when an answer is lost (§10.2; quirk 51).

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use sim115::{Builder, Fault, On, OpenTokens, Sim, Times};

use crate::support::Bench;

const DAY: Duration = Duration::from_secs(86_400);

fn still() -> Builder {
    Sim::builder().stopped_at(1_700_000_000)
}

fn pair(body: &Value) -> OpenTokens {
    let text = |key: &str| body["data"][key].as_str().unwrap_or_else(|| panic!("no {key} in {body}")).to_owned();
    OpenTokens { access: text("access_token"), refresh: text("refresh_token") }
}

#[tokio::test]
async fn both_tokens_change_and_the_old_ones_are_dead() {
    let mut said = HashSet::new();
    for seed in 0..8 {
        let bench = Bench::with(still().seed(seed)).await;
        let old = bench.sim.open_tokens();
        assert_eq!(bench.sim.open_tokens(), old);
        let body = bench.refresh(&old.refresh).await;
        assert_eq!((&body["state"], &body["code"], &body["errno"]), (&1.into(), &0.into(), &0.into()));
        assert_eq!(body["data"]["expires_in"], 7_200);
        let new = pair(&body);
        assert!(new.access != old.access && new.refresh != old.refresh && new == bench.sim.open_tokens());
        assert_eq!(bench.as_token(&new.access).await["state"], true);
        assert_eq!(bench.as_token(&old.access).await["code"], 40_140_126);
        let stale = bench.refresh(&old.refresh).await;
        said.insert(stale["code"].as_i64().unwrap());
        assert!([json!({}), json!([])].contains(&stale["data"]), "{stale}");
        assert!([json!(0), json!(false), json!("0")].contains(&stale["state"]), "{stale}");
        assert_eq!(bench.refresh(&new.refresh).await["state"], 1, "the newest still works");
        assert_eq!((bench.sim.ledger().count("open_refresh"), bench.sim.ledger().rotations()), (3, 2));
        bench.clean();
    }
    assert_eq!(said, HashSet::from([40_140_120, 40_140_116]));
}

#[tokio::test]
async fn an_access_token_ends_by_the_clock_or_at_once() {
    let bench = Bench::with(still()).await;
    let tokens = bench.sim.open_tokens();
    let code = async || bench.as_token(&tokens.access).await["code"].to_string();
    bench.sim.clock().advance(Duration::from_secs(7_199));
    assert!(["0", "\"0\""].contains(&code().await.as_str()));
    bench.sim.clock().advance(Duration::from_secs(1));
    assert_eq!(code().await, "40140125");
    let fresh = pair(&bench.refresh(&tokens.refresh).await);
    bench.sim.expire_access();
    assert_eq!(bench.as_token(&fresh.access).await["code"], 40_140_125);
    assert_eq!(bench.refresh(&fresh.refresh).await["state"], 1);
    bench.clean();
}

#[tokio::test]
async fn the_claimed_life_need_not_be_the_real_one() {
    let bench = Bench::with(still().open_access_life(Duration::from_secs(60)).open_expires_in(30 * DAY)).await;
    let body = bench.refresh(&bench.sim.open_tokens().refresh).await;
    assert_eq!(body["data"]["expires_in"], 2_592_000);
    bench.sim.clock().advance(Duration::from_secs(60));
    assert_eq!(bench.as_token(&pair(&body).access).await["code"], 40_140_125);
    bench.sim.set_open_access_life(Duration::from_secs(120));
    let next = pair(&bench.refresh(&pair(&body).refresh).await);
    bench.sim.clock().advance(Duration::from_secs(119));
    assert_eq!(bench.as_token(&next.access).await["state"], true);
}

#[tokio::test]
async fn no_refresh_prolongs_the_authorisation() {
    let bench = Bench::with(still()).await;
    let first = bench.sim.open_tokens();
    bench.sim.clock().advance(364 * DAY);
    let second = pair(&bench.refresh(&first.refresh).await);
    bench.sim.clock().advance(DAY);
    assert_eq!(bench.refresh(&second.refresh).await["code"], 40_140_119);
}

#[tokio::test]
async fn too_many_refreshes_lock_and_asking_again_keeps_locked() {
    let bench = Bench::with(still()).await;
    let mut tokens = bench.sim.open_tokens();
    for _ in 0..3 {
        tokens = pair(&bench.refresh(&tokens.refresh).await);
    }
    assert_eq!(bench.refresh(&tokens.refresh).await["code"], 40_140_117);
    assert_eq!(bench.as_token(&tokens.access).await["state"], true, "the token at hand is not touched");
    bench.sim.clock().advance(Duration::from_secs(300));
    for _ in 0..3 {
        assert_eq!(bench.refresh(&tokens.refresh).await["code"], 40_140_117);
    }
    bench.sim.clock().advance(Duration::from_secs(599));
    assert_eq!(bench.refresh(&tokens.refresh).await["code"], 40_140_117);
    bench.sim.clock().advance(Duration::from_secs(600));
    assert_eq!(bench.refresh(&tokens.refresh).await["state"], 1);
    bench.clean();

    let bench = Bench::with(still().open_refreshes(0, DAY)).await;
    assert_eq!(bench.refresh(&bench.sim.open_tokens().refresh).await["code"], 40_140_117);
}

#[tokio::test]
async fn the_third_authorisation_kills_the_first() {
    let bench = Bench::with(still()).await;
    let [first, second] = [bench.sim.open_authorise(), bench.sim.open_authorise()];
    assert_eq!(bench.as_token(&first.access).await["state"], true);
    let third = bench.sim.open_authorise();
    for body in [bench.as_token(&first.access).await, bench.refresh(&first.refresh).await] {
        assert_eq!((&body["code"], &body["message"]), (&40_140_116.into(), &"no auth".into()));
    }
    for alive in [&second, &third] {
        assert_eq!(bench.as_token(&alive.access).await["state"], true);
    }
    assert_eq!(bench.refresh(&second.refresh).await["state"], 1);
    assert_eq!(bench.sim.open_tokens(), third);
}

#[tokio::test]
async fn an_authorisation_can_be_revoked_in_the_app() {
    let bench = Bench::with(still().open_authorisations(1)).await;
    let tokens = bench.sim.open_tokens();
    bench.sim.revoke_open();
    assert_eq!(bench.as_token(&tokens.access).await["code"], 40_140_125);
    assert_eq!(bench.refresh(&tokens.refresh).await["code"], 40_140_116);
    let anew = bench.sim.open_tokens();
    assert!(anew != tokens && bench.as_token(&anew.access).await["state"] == true);
}

#[tokio::test]
async fn tokens_that_never_were() {
    let bench = Bench::with(still()).await;
    let tokens = bench.sim.open_tokens();
    let invented = format!("{}.{}", "0".repeat(32), "0".repeat(40));
    for (token, code) in [("x", 40_140_114), (&invented, 40_140_115), (&tokens.access, 40_140_115)] {
        assert_eq!(bench.refresh(token).await["code"], code);
    }
    for (token, code) in [("x", 40_140_123), (&invented, 40_140_124), (&tokens.refresh, 40_140_124)] {
        assert_eq!(bench.as_token(token).await["code"], code);
    }
    bench.clean();
    assert_eq!(bench.refresh("").await["code"], 40_100_000);
    assert_eq!(bench.sim.ledger().violations().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_has_rotated_and_a_refused_one_has_not() {
    let bench = Bench::with(still().open_refreshes(100, DAY)).await;
    let first = bench.sim.open_tokens();
    let next = |fault| bench.sim.fault(On::Call("open_refresh"), Times::Next(1), fault);
    let form = [("refresh_token", first.refresh.as_str())];
    for fault in [Fault::Reset, Fault::Status(502, "bad gateway"), Fault::OpenCode(40_140_117), Fault::Html] {
        next(fault);
        let _ = bench.open_auth("refreshToken", &form).await;
        assert_eq!((bench.sim.open_tokens(), bench.sim.ledger().rotations()), (first.clone(), 0));
    }
    next(Fault::LoseReply);
    assert!(bench.open_auth("refreshToken", &form).await.is_err());
    assert_eq!(bench.sim.ledger().rotations(), 1);
    assert_ne!(bench.sim.open_tokens(), first);
    let stale = bench.refresh(&first.refresh).await["code"].as_i64().unwrap();
    assert!([40_140_120, 40_140_116].contains(&stale));
}

#[tokio::test]
async fn an_answer_can_be_held_before_or_after_the_rotation() {
    let bench = Bench::with(still()).await;
    let first = bench.sim.open_tokens();
    let form = [("refresh_token", first.refresh.as_str())];
    let leave = async |fault| {
        let handle = bench.sim.fault(On::Call("open_refresh"), Times::Next(1), fault);
        let asked = tokio::time::timeout(Duration::from_millis(300), bench.open_auth("refreshToken", &form)).await;
        assert!(asked.is_err() && handle.fired() == 1);
    };
    leave(Fault::Delay(Duration::from_secs(60))).await;
    assert_eq!((bench.sim.open_tokens(), bench.sim.ledger().rotations()), (first.clone(), 0));
    leave(Fault::HoldReply(Duration::from_secs(60))).await;
    assert_eq!(bench.sim.ledger().rotations(), 1);
    assert_ne!(bench.sim.open_tokens(), first);
}

#[test]
fn no_token_is_shown() {
    let sim = Sim::builder().build();
    let tokens = sim.open_tokens();
    assert_eq!(format!("{tokens:?}"), "OpenTokens");
    assert!(!format!("{sim:?}").contains(&tokens.access));
}
