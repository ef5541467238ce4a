//! Every authorisation code of §10.3 can be had, from both kinds of hosts.

use serde_json::json;
use sim115::{Fault, OPEN_CODES, On, Times};

use crate::support::Bench;

/// §10.3, typed off.
const TABLE: [i64; 40] = [
    40_100_000, 40_101_017, 40_110_000, 40_140_100, 40_140_101, 40_140_102, 40_140_103, 40_140_104, 40_140_105,
    40_140_106, 40_140_107, 40_140_108, 40_140_109, 40_140_110, 40_140_111, 40_140_112, 40_140_113, 40_140_114,
    40_140_115, 40_140_116, 40_140_117, 40_140_118, 40_140_119, 40_140_120, 40_140_121, 40_140_122, 40_140_123,
    40_140_124, 40_140_125, 40_140_126, 40_140_127, 40_140_128, 40_140_129, 40_140_130, 40_140_131, 40_140_132,
    40_140_133, 40_140_134, 40_140_135, 40_140_136,
];

#[test]
fn the_table_is_whole() {
    assert_eq!(OPEN_CODES.map(|(code, _)| code), TABLE);
    assert!(OPEN_CODES.iter().all(|(_, text)| !text.is_empty()));
}

#[tokio::test]
async fn every_code_can_be_had() {
    let bench = Bench::new().await;
    let tokens = bench.sim.open_tokens();
    for (code, text) in OPEN_CODES {
        bench.sim.fault(On::Call("open_user_info"), Times::Next(1), Fault::OpenCode(code));
        let body = bench.as_token(&tokens.access).await;
        assert_eq!((&body["state"], &body["code"], &body["message"]), (&false.into(), &code.into(), &text.into()));
        bench.sim.fault(On::Call("open_refresh"), Times::Next(1), Fault::OpenCode(code));
        let body = bench.refresh(&tokens.refresh).await;
        assert_eq!((&body["code"], &body["message"]), (&code.into(), &text.into()));
        assert!([json!(0), json!(false), json!("0")].contains(&body["state"]), "{body}");
        assert!([json!({}), json!([])].contains(&body["data"]), "{body}");
        assert_eq!(bench.sim.ledger().take().last().unwrap().errno, Some(code));
    }
    assert_eq!(bench.sim.open_tokens(), tokens);
    bench.clean();
}

#[tokio::test]
async fn other_numbers_stand_under_code_as_well() {
    let bench = Bench::new().await;
    let scripted = [(Fault::NotLoggedIn, 99), (Fault::Captcha, 911), (Fault::Errno(20_018, "x"), 20_018)];
    for (fault, code) in scripted {
        bench.sim.fault(On::Call("open_files"), Times::Next(1), fault);
        assert_eq!(bench.open_json("ufile/files").await["code"], code);
    }
}

#[test]
#[should_panic(expected = "no such authorisation code")]
fn a_code_outside_the_table_is_a_mistake_of_the_test() {
    sim115::Sim::builder().build().fault(On::AnyApi, Times::Always, Fault::OpenCode(1));
}
