//! The harmless question whether a cookie is logged in, and who its account is (docs/115.md, §1.6).

use serde_json::json;

use super::call::Call;
use super::reply::Reply;
use crate::sim::Sim;

pub(super) const PARAMS: &[&str] = &["ct", "ac", "_"];

/// Answers for a good session; one that is not logged in gets `state` false instead of an error number.
pub(super) fn status(sim: &Sim, call: &Call) -> Reply {
    if (call.query.of("ct"), call.query.of("ac")) == (Some("guide"), Some("status")) {
        Reply::json(json!({ "state": true }))
    } else {
        super::misused(sim, "status wants ct=guide and ac=status")
    }
}

/// The account as the head of 115's pages shows it.
pub(super) fn nav(sim: &Sim, call: &Call) -> Reply {
    if call.query.of("ct") != Some("ajax") {
        return super::misused(sim, "nav wants ct=ajax");
    }
    let privilege =
        if sim.0.dice.coin() { json!([]) } else { json!({ "start": 0, "expire": 0, "state": false, "mark": 0 }) };
    Reply::json(json!({ "state": true, "data": {
        "device": 0, "rank": 0, "liang": 0, "mark": 1, "mark1": 0, "vip": 1, "expire": 1_900_000_000_u64, "global": 0,
        "forever": 0, "is_privilege": false, "privilege": privilege, "user_name": "sim115", "face": "",
        "user_id": sim.0.user_id,
    } }))
}
