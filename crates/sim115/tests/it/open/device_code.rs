//! Device code, PKCE and the held poll (§10.1, §5.8; quirk 38).

use std::collections::HashSet;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use sim115::{Builder, Fault, On, Sim, Times};

use crate::support::{Bench, OURS, json_of};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const APP: &str = "100000115";

fn still() -> Builder {
    Sim::builder().stopped_at(1_700_000_000).open_qr_hold(Duration::from_millis(50))
}

async fn code(bench: &Bench) -> Value {
    let form = [("client_id", APP), ("code_challenge", CHALLENGE), ("code_challenge_method", "sha256")];
    bench.open_auth_json("authDeviceCode", &form).await["data"].take()
}

async fn poll(bench: &Bench, code: &Value) -> Value {
    let url = bench.url("qrcodeapi.115.com/get/status/");
    let sign = code["sign"].as_str().unwrap();
    let query =
        [("uid", code["uid"].as_str().unwrap()), ("time", &code["time"].to_string()), ("sign", sign), ("_", "1")];
    json_of(bench.http.get(url).header("user-agent", OURS).query(&query).send().await.unwrap()).await
}

async fn redeem(bench: &Bench, uid: &str, verifier: &str) -> Value {
    bench.open_auth_json("deviceCodeToToken", &[("uid", uid), ("code_verifier", verifier)]).await
}

#[tokio::test]
async fn from_a_code_to_tokens_that_work() {
    let bench = Bench::with(still()).await;
    let form = [("client_id", APP), ("code_challenge", CHALLENGE), ("code_challenge_method", "sha256")];
    let body = bench.open_auth_json("authDeviceCode", &form).await;
    assert_eq!(
        (&body["state"], &body["code"], &body["errno"], &body["error"]),
        (&1.into(), &0.into(), &0.into(), &"".into())
    );
    let code = &body["data"];
    assert_eq!(code["time"], 1_700_000_000);
    let (uid, text) = (code["uid"].as_str().unwrap(), code["qrcode"].as_str().unwrap());
    assert!(uid.len() >= 32 && code["sign"].as_str().unwrap().len() == 40);
    assert_eq!(bench.sim.open_qr_codes(), [text]);

    assert!(!bench.sim.open_confirm(text) && bench.sim.open_scan(text) && !bench.sim.open_scan(text));
    assert_eq!(poll(&bench, code).await["data"]["status"], 1);
    assert!(bench.sim.open_confirm(text) && !bench.sim.open_cancel(text));
    let told = poll(&bench, code).await;
    assert_eq!((&told["state"], &told["code"], &told["data"]["status"]), (&1.into(), &0.into(), &2.into()));
    assert!(told["data"]["msg"].is_string() && told["data"]["version"].is_string());

    let body = redeem(&bench, uid, VERIFIER).await;
    assert_eq!((&body["state"], &body["data"]["expires_in"]), (&1.into(), &7_200.into()));
    let tokens = bench.sim.open_tokens();
    assert_eq!(
        (&body["data"]["access_token"], &body["data"]["refresh_token"]),
        (&tokens.access.into(), &tokens.refresh.into())
    );
    let access = body["data"]["access_token"].as_str().unwrap();
    assert_eq!(bench.as_token(access).await["state"], true);
    bench.clean();

    assert_eq!(redeem(&bench, uid, VERIFIER).await["code"], 40_101_017, "once");
    assert_eq!(poll(&bench, code).await["code"], 40_199_002);
}

#[tokio::test]
async fn a_poll_is_held_until_there_is_news() {
    let bench = Bench::with(Sim::builder().open_qr_hold(Duration::from_secs(60))).await;
    let code = code(&bench).await;
    let (sim, text) = (bench.sim.clone(), code["qrcode"].as_str().unwrap().to_owned());
    let phone = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(sim.open_scan(&text));
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(sim.open_cancel(&text));
    });
    assert_eq!(poll(&bench, &code).await["data"]["status"], 1);
    assert_eq!(poll(&bench, &code).await["data"]["status"], -2);
    phone.await.unwrap();
    bench.sim.fault(On::Call("qr_status"), Times::Next(1), Fault::Errno(40_101_004, "IP登录异常"));
    let scripted = poll(&bench, &code).await;
    assert_eq!((&scripted["code"], &scripted["message"]), (&40_101_004.into(), &"IP登录异常".into()));
    bench.clean();
}

#[tokio::test]
async fn while_nobody_scans_the_status_may_be_missing() {
    let bench = Bench::with(still()).await;
    let code = code(&bench).await;
    let mut shapes = HashSet::new();
    for _ in 0..20 {
        let body = poll(&bench, &code).await;
        assert_eq!(body["state"], 1);
        assert!(body["data"].get("status").is_none_or(|status| *status == 0), "{body}");
        shapes.insert(match &body["data"] {
            Value::Array(_) => "[]",
            data if data.get("status").is_none() => "{}",
            _ => "0",
        });
    }
    assert_eq!(shapes, HashSet::from(["[]", "{}", "0"]));
}

#[tokio::test]
async fn a_code_has_an_end() {
    let mut first = HashSet::new();
    for seed in 0..8 {
        let bench = Bench::with(still().seed(seed)).await;
        let code = code(&bench).await;
        bench.sim.clock().advance(Duration::from_secs(299));
        assert_eq!(poll(&bench, &code).await["state"], 1);
        bench.sim.clock().advance(Duration::from_secs(1));
        assert!(bench.sim.open_qr_codes().is_empty() && !bench.sim.open_scan(code["qrcode"].as_str().unwrap()));
        let body = poll(&bench, &code).await;
        first.insert(if body["data"]["status"] == -1 { json!(-1) } else { body["code"].clone() });
        let body = poll(&bench, &code).await;
        assert_eq!(body["code"], 40_199_002);
        assert!([json!(0), json!(false), json!("0")].contains(&body["state"]), "{body}");
        assert_eq!(redeem(&bench, code["uid"].as_str().unwrap(), VERIFIER).await["code"], 40_199_002);
        bench.clean();
    }
    assert_eq!(first, HashSet::from([json!(-1), json!(40_199_002)]));
}

#[rstest]
#[case("", CHALLENGE, "sha256", 40_100_000)]
#[case(APP, "", "sha256", 40_140_101)]
#[case(APP, CHALLENGE, "S256", 40_140_102)]
#[case(APP, CHALLENGE, "", 40_140_102)]
#[case(APP, "short", "sha256", 40_100_000)]
#[case(APP, CHALLENGE, "md5", 40_100_000)]
#[tokio::test]
async fn what_no_good_client_asks(#[case] app: &str, #[case] text: &str, #[case] method: &str, #[case] code: i64) {
    let bench = Bench::with(still()).await;
    let form = [("client_id", app), ("code_challenge", text), ("code_challenge_method", method)];
    let body = bench.open_auth_json("authDeviceCode", &form).await;
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(bench.sim.ledger().violations().len(), 1);
    assert!(bench.sim.open_qr_codes().is_empty());
}

#[tokio::test]
async fn an_app_must_be_known() {
    let bench = Bench::with(still().open_apps(["1", "2"])).await;
    let ask = async |app: &str| {
        let form = [("client_id", app), ("code_challenge", CHALLENGE), ("code_challenge_method", "sha256")];
        bench.open_auth_json("authDeviceCode", &form).await["code"].take()
    };
    assert_eq!([ask("2").await, ask("3").await], [0, 40_140_100]);
    assert_eq!(bench.sim.open_app_id(), "1");
    bench.clean();
}

#[tokio::test]
async fn tokens_want_the_right_verifier_and_a_confirmed_code() {
    let bench = Bench::with(still()).await;
    let code = code(&bench).await;
    let (uid, text) = (code["uid"].as_str().unwrap(), code["qrcode"].as_str().unwrap());
    assert_eq!(redeem(&bench, uid, VERIFIER).await["code"], 40_101_017);
    assert!(bench.sim.open_scan(text) && bench.sim.open_confirm(text));
    assert_eq!(redeem(&bench, uid, &VERIFIER[1..]).await["code"], 40_140_112);
    assert_eq!(redeem(&bench, uid, &"x".repeat(129)).await["code"], 40_140_112);
    assert_eq!(redeem(&bench, uid, &VERIFIER.replace('d', "e")).await["code"], 40_140_113);
    assert_eq!(redeem(&bench, "1", VERIFIER).await["code"], 40_101_017);
    assert_eq!(bench.sim.ledger().violations().len(), 5);
    assert_eq!(redeem(&bench, uid, VERIFIER).await["state"], 1);
}

#[tokio::test]
async fn a_poll_is_signed() {
    let bench = Bench::with(still()).await;
    let code = code(&bench).await;
    let with = async |key: &str, value: Value| {
        let mut code = code.clone();
        code[key] = value;
        poll(&bench, &code).await["code"].take()
    };
    assert_eq!(with("sign", json!("")).await, 40_140_103);
    assert_eq!(with("sign", json!("0")).await, 40_140_104);
    assert_eq!(with("time", json!(1)).await, 40_140_104);
    assert_eq!(bench.sim.ledger().violations().len(), 3);
    let book = format!("{:?}", bench.sim.ledger().take());
    assert!(!book.contains(code["uid"].as_str().unwrap()) && !book.contains("sign="));
}

#[tokio::test]
async fn a_lost_answer_leaves_a_code_used_and_a_reset_does_not() {
    let bench = Bench::with(still()).await;
    let code = code(&bench).await;
    let (uid, text) = (code["uid"].as_str().unwrap(), code["qrcode"].as_str().unwrap());
    assert!(bench.sim.open_scan(text) && bench.sim.open_confirm(text));
    let form = [("uid", uid), ("code_verifier", VERIFIER)];
    bench.sim.fault(On::Call("open_device_token"), Times::Next(1), Fault::Reset);
    assert!(bench.open_auth("deviceCodeToToken", &form).await.is_err());
    bench.sim.fault(On::Call("open_device_token"), Times::Next(1), Fault::LoseReply);
    assert!(bench.open_auth("deviceCodeToToken", &form).await.is_err());
    bench.clean();
    assert_eq!(redeem(&bench, uid, VERIFIER).await["code"], 40_101_017);
}
