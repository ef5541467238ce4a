//! Logging in by QR code: §2, quirks 37 and 38.

use std::collections::HashSet;
use std::io::Read;
use std::time::Duration;

use flate2::read::ZlibDecoder;
use serde_json::{Value, json};
use sim115::{Fault, On, Phone, Sim, Times};
use tokio::time::Instant;

use crate::support::{Bench, OURS, json_of};

const PLEASE_SCAN: [&str; 4] = ["status 0", "no status", "{}", "[]"];

async fn bench(hold_ms: u64) -> Bench {
    Bench::with(Sim::builder().qr_hold(Duration::from_millis(hold_ms))).await
}

/// Waits until this many polls have come in.
async fn held(bench: &Bench, uid: &str, polls: u64) {
    while bench.sim.qr_polls(uid) < polls {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn shape(data: &Value) -> &'static str {
    match data {
        Value::Array(_) => PLEASE_SCAN[3],
        Value::Object(data) if data.is_empty() => PLEASE_SCAN[2],
        Value::Object(data) if data.contains_key("status") => PLEASE_SCAN[0],
        _ => PLEASE_SCAN[1],
    }
}

#[tokio::test]
async fn a_token_is_a_code_to_be_shown() {
    let bench = bench(0).await;
    let mut uids = HashSet::new();
    for path in ["token/", "token"] {
        let body = bench.anyone(&format!("qrcodeapi.115.com/api/1.0/web/1.0/{path}")).await;
        assert_eq!((&body["state"], &body["code"], &body["message"]), (&1.into(), &0.into(), &"".into()));
        let uid = body["data"]["uid"].as_str().unwrap().to_owned();
        let sign = body["data"]["sign"].as_str().unwrap();
        assert!(uid.len() >= 32 && sign.len() == 40, "{body}");
        assert!(format!("{uid}{sign}").bytes().all(|c| c.is_ascii_hexdigit()));
        assert!(body["data"]["time"].is_u64());
        assert_eq!(body["data"]["qrcode"], format!("https://115.com/scan/dg-{uid}"));
        uids.insert(uid);
    }
    assert_eq!((uids.len(), bench.sim.qr_codes().len()), (2, 2));
    bench.clean();
}

#[tokio::test]
async fn the_picture_can_be_read() {
    let bench = bench(0).await;
    let (uid, _) = bench.code().await;
    for path in [format!("mac/1.0/qrcode?uid={uid}"), format!("web/1.0/qrcode?uid={uid}&qrfrom=1&client=0")] {
        let get = bench.http.get(bench.url(&format!("qrcodeapi.115.com/api/1.0/{path}"))).header("user-agent", OURS);
        let response = get.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "image/png");
        assert_eq!(read(&response.bytes().await.unwrap()), format!("https://115.com/scan/dg-{uid}"));
    }
    bench.clean();
}

/// What a camera reads in a PNG of grey pixels.
fn read(png: &[u8]) -> String {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let edge = u32::from_be_bytes(png[16..20].try_into().unwrap()) as usize;
    assert_eq!(&png[24..26], &[8, 0], "eight bits of grey");
    let length = u32::from_be_bytes(png[33..37].try_into().unwrap()) as usize;
    assert_eq!(&png[37..41], b"IDAT");
    let mut rows = Vec::new();
    ZlibDecoder::new(&png[41..41 + length]).read_to_end(&mut rows).unwrap();
    let mut seen = rqrr::PreparedImage::prepare_from_greyscale(edge, edge, |x, y| rows[y * (edge + 1) + 1 + x]);
    seen.detect_grids()[0].decode().unwrap().1
}

#[tokio::test]
async fn waiting_has_four_shapes_and_takes_its_time() {
    let bench = bench(60).await;
    let (_, poll) = bench.code().await;
    let mut shapes = HashSet::new();
    for _ in 0..4 {
        let before = Instant::now();
        let body = bench.anyone(&poll).await;
        assert!(before.elapsed() >= Duration::from_millis(60), "{body}");
        assert_eq!(body["state"], 1);
        shapes.insert(shape(&body["data"]));
    }
    bench.sim.set_qr_hold(Duration::ZERO);
    for _ in 0..60 {
        shapes.insert(shape(&bench.anyone(&poll).await["data"]));
    }
    assert_eq!(shapes, HashSet::from(PLEASE_SCAN));
    bench.clean();
}

#[tokio::test]
async fn a_held_poll_ends_when_the_phone_acts() {
    let bench = bench(30_000).await;
    let (uid, poll) = bench.code().await;
    let act = async |polls: u64, phone: fn(&Sim, &str) -> bool| {
        held(&bench, &uid, polls).await;
        assert!(phone(&bench.sim, &uid));
    };
    let before = Instant::now();
    let (scanned, ()) = tokio::join!(bench.anyone(&poll), act(1, Sim::qr_scan));
    assert_eq!(scanned["data"]["status"], 1);
    let (confirmed, ()) = tokio::join!(bench.anyone(&poll), act(2, Sim::qr_confirm));
    assert_eq!(confirmed["data"]["status"], 2);
    assert_eq!(bench.anyone(&poll).await["data"]["status"], 2, "and it stays so");
    assert!(before.elapsed() < Duration::from_secs(20));
    assert!(!bench.sim.qr_scan(&uid) && !bench.sim.qr_confirm(&uid) && !bench.sim.qr_cancel("00"));
    bench.clean();
}

#[tokio::test]
async fn the_phone_may_act_by_itself() {
    let bench = bench(0).await;
    bench.sim.phone_acts(2, Phone::Scan);
    bench.sim.phone_acts(3, Phone::Cancel);
    let (_, poll) = bench.code().await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(bench.anyone(&poll).await["data"]["status"].as_i64().unwrap_or(0));
    }
    assert_eq!(seen, [0, 0, 1, -2, -2]);
}

#[tokio::test]
async fn a_code_expires_under_a_poll_and_is_unknown_afterwards() {
    let bench = bench(30_000).await;
    let (uid, poll) = bench.code().await;
    let expire = async {
        held(&bench, &uid, 1).await;
        bench.sim.clock().advance(Duration::from_secs(301));
    };
    let (over, ()) = tokio::join!(bench.anyone(&poll), expire);
    assert_eq!((&over["state"], &over["data"]["status"]), (&1.into(), &(-1).into()));
    for _ in 0..2 {
        let late = bench.anyone(&poll).await;
        assert_eq!((&late["state"], &late["code"]), (&0.into(), &40_199_002.into()));
    }
    assert!(!bench.sim.qr_scan(&uid));
    assert_eq!(json_of(bench.exchange(&uid, "tv", OURS).await).await["code"], 40_199_002);
    bench.clean();
}

#[tokio::test]
async fn a_confirmed_code_is_worth_one_cookie() {
    let bench = bench(0).await;
    let (uid, _) = bench.code().await;
    assert_eq!(json_of(bench.exchange(&uid, "alipaymini", OURS).await).await["code"], 40_101_017, "not yet scanned");
    assert!(bench.sim.qr_scan(&uid) && bench.sim.qr_confirm(&uid));
    let response = bench.exchange(&uid, "alipaymini", OURS).await;
    let set: Vec<_> =
        response.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    let body = json_of(response).await;
    assert_eq!((&body["state"], &body["code"], &body["data"]["user_id"]), (&1.into(), &0.into(), &12_345_678.into()));
    let part = |name: &str| body["data"]["cookie"][name].as_str().unwrap().to_owned();
    assert!(part("UID").starts_with("12345678_R2_"), "{}", part("UID"));
    assert_eq!((part("CID").len(), part("SEID").len(), part("KID").len()), (32, 120, 32));
    for (at, name) in ["UID", "CID", "SEID", "KID"].into_iter().enumerate() {
        assert_eq!(set[at], format!("{name}={}; path=/; domain=.115.com; HttpOnly", part(name)));
    }
    assert_eq!(bench.json("webapi.115.com/files?cid=0").await["state"], true, "it is the current one");
    assert!(bench.sim.cookie().contains(&part("SEID")));
    assert_eq!(json_of(bench.exchange(&uid, "alipaymini", OURS).await).await["code"], 40_199_002, "only one");
    bench.clean();
}

#[tokio::test]
async fn the_letters_are_those_of_the_app() {
    let bench = bench(0).await;
    for (app, letters) in [("web", "A1"), ("ios", "D1"), ("android", "F1"), ("tv", "I1"), ("qandroid", "M1")] {
        assert!(bench.log_in(app).await.starts_with(&format!("UID=12345678_{letters}_")), "{app}");
    }
    for (user_agent, letters) in
        [("UPhone/1.0.0", "D1"), ("OfficePhone/1.0.0", "N1"), ("UPad/1.0.0", "H1"), ("OfficePad/1.0.0", "O1")]
    {
        let (uid, _) = bench.code().await;
        assert!(bench.sim.qr_scan(&uid) && bench.sim.qr_confirm(&uid));
        let body = json_of(bench.exchange(&uid, "ios", user_agent).await).await;
        assert!(body["data"]["cookie"]["UID"].as_str().unwrap().contains(letters), "{user_agent}");
    }
    bench.clean();
}

#[tokio::test]
async fn the_desktop_programs_are_refused_without_a_number() {
    let bench = bench(0).await;
    let text = "登录失败,系统已下架!如果你有电脑端的使用需求,我们诚挚邀请你下载体验115产品专属客户端“115浏览器”或在线使用“115网页端(115.com)”,畅享智能高效云生活。";
    for app in ["linux", "mac", "windows"] {
        let (uid, poll) = bench.code().await;
        assert!(bench.sim.qr_scan(&uid) && bench.sim.qr_confirm(&uid));
        assert_eq!(
            json_of(bench.exchange(&uid, app, OURS).await).await,
            json!({ "state": 0, "error": text, "errno": 0, "message": text, "code": 0 })
        );
        assert_eq!(bench.anyone(&poll).await["data"]["status"], 2, "the code is not used up by it");
    }
    bench.clean();
}

#[tokio::test]
async fn a_login_fails_with_its_number_in_code() {
    let bench = bench(0).await;
    for number in [40_101_004, 40_101_010, 40_101_030, 40_101_035] {
        bench.sim.fault(On::Call("qr_result"), Times::Next(1), Fault::Errno(number, "IP登录异常,请稍候再登录！"));
        let (uid, _) = bench.code().await;
        let body = json_of(bench.exchange(&uid, "tv", OURS).await).await;
        assert_eq!((&body["state"], &body["code"]), (&0.into(), &number.into()));
        assert_eq!(body["message"], "IP登录异常,请稍候再登录！");
        bench.sim.clear_faults();
    }
}

#[tokio::test]
async fn what_is_not_of_one_token_is_refused() {
    let bench = bench(0).await;
    let (uid, poll) = bench.code().await;
    let refused = async |rest: &str| {
        let before = bench.sim.ledger().violations().len();
        let body = bench.anyone(rest).await;
        assert_eq!((&body["state"], &body["code"]), (&0.into(), &40_100_000.into()), "{rest}");
        assert_eq!(bench.sim.ledger().violations().len(), before + 1, "{rest}");
    };
    refused(&poll.replace("sign=", "sign=0")).await;
    refused(&poll.replace("time=", "time=0")).await;
    refused(&format!("{poll}&app=web")).await;
    refused("qrcodeapi.115.com/get/status/").await;
    refused("qrcodeapi.115.com/api/1.0/mac/1.0/qrcode?uid=0").await;
    refused("qrcodeapi.115.com/api/1.0/web/1.0/token/?a=1").await;
    let url = bench.url("passportapi.115.com/app/1.0/tv/1.0/login/qrcode/");
    let post = bench.http.post(url).header("user-agent", OURS).form(&[("account", &*uid), ("app", "web")]);
    assert_eq!(json_of(post.send().await.unwrap()).await["code"], 40_100_000);
    let unknown = poll.replace(&uid, "00112233445566778899aabbccddeeff");
    assert_eq!(bench.anyone(&unknown).await["code"], 40_199_002);
    let book = format!("{:?}", bench.sim.ledger().take());
    assert!(!book.contains(&uid) && !book.contains("sign="), "{book}");
}
