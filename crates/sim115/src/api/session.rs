//! The harmless question whether a cookie is logged in (docs/115.md, §1.6).

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
