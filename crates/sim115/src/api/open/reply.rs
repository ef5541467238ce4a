//! The two envelopes of the Open Platform: of the authorisation hosts, and of the file calls (docs/115.md, §10.2 and §10.4).

use serde_json::{Value, json};

use super::super::reply::Reply;
use crate::quirk::Dice;

/// Does this endpoint answer in the envelope of the authorisation hosts?
pub(super) fn is_auth(label: &str) -> bool {
    ["open_device_code", "qr_status", "open_device_token", "open_refresh"].contains(&label)
}

/// Success of an authorisation call: `state` is a number.
pub(super) fn granted(data: &Value) -> Reply {
    Reply::json(json!({ "state": 1, "code": 0, "message": "", "data": data, "error": "", "errno": 0 }))
}

/// Success of a file call: `state` is a bool.
pub(super) fn done(data: &Value) -> Reply {
    Reply::json(json!({ "state": true, "message": "", "code": 0, "data": data }))
}

/// Failure of a file call.
pub(super) fn failed(dice: &Dice, code: i64, text: &str) -> Reply {
    let mut reply = Reply::json(json!({ "state": false, "message": text, "code": code, "data": nothing(dice) }));
    reply.errno = Some(code);
    reply
}

/// Failure in the envelope of the endpoint `label`.
pub(super) fn refused(dice: &Dice, label: &str, code: i64, text: &str) -> Reply {
    if !is_auth(label) {
        return failed(dice, code, text);
    }
    let state = dice.pick(&[json!(0), json!(false), json!("0")].each_ref()).clone();
    let (error, errno) = dice.pick(&[("", 0), (text, code)]);
    let mut reply = Reply::json(json!({
        "state": state, "code": code, "message": text, "data": nothing(dice), "error": error, "errno": errno,
    }));
    reply.errno = Some(code);
    reply
}

/// "No data" as the platform has it.
pub(super) fn nothing(dice: &Dice) -> Value {
    if dice.coin() { json!([]) } else { json!({}) }
}
