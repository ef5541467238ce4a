//! How large the account is and what of it is used, with the devices that one of the two calls adds (docs/115.md, §3.9).

use serde_json::{Value, json};

use super::call::Call;
use super::lookup::readable;
use super::reply::Reply;
use super::{Endpoint, passport};
use crate::apps;
use crate::quirk::Dice;
use crate::sim::Sim;

/// `/{app}/user/space_info`
pub(super) fn endpoint(call: &Call) -> Option<Endpoint> {
    let prefix = call.path.strip_prefix('/')?.strip_suffix("/user/space_info")?;
    let here = call.host == "proapi.115.com" && apps::is_prefix(prefix);
    here.then(|| Endpoint::get("space_info", &[], info))
}

fn info(sim: &Sim, _: &Call) -> Reply {
    literal(sim, &json!({ "state": true, "data": space(sim) }))
}

pub(super) fn index(sim: &Sim, call: &Call) -> Reply {
    if !["0", "1"].contains(&call.query.of("count_space_nums").unwrap_or("0")) {
        return super::misused(sim, "index_info: count_space_nums is neither 0 nor 1");
    }
    literal(
        sim,
        &json!({ "state": true, "data": {
        "space_info": space(sim), "login_devices_info": passport::devices(sim, call.session.as_ref()),
        "imei_info": false,
    } }),
    )
}

fn space(sim: &Sim) -> Value {
    let total = sim.0.knobs.lock().space;
    let used = sim.0.world.lock().bytes();
    let of = |size: u64| json!({ "size": number(&sim.0.dice, size), "size_format": readable(size) });
    json!({ "all_total": of(total), "all_remain": of(total.saturating_sub(used)), "all_use": of(used) })
}

/// Marks what [`literal`] turns into a number as 115 writes large ones: plain, with a fraction, or with an exponent.
fn number(dice: &Dice, size: u64) -> Value {
    match dice.below(3) {
        0 => json!(size),
        1 => json!(format!("\u{1}{size}.0\u{1}")),
        _ => json!(format!("\u{1}{:e}\u{1}", size as f64)),
    }
}

fn literal(sim: &Sim, value: &Value) -> Reply {
    let text = value.to_string().replace("\"\\u0001", "").replace("\\u0001\"", "");
    let content_type = sim.0.dice.pick(&["application/json; charset=utf-8", "text/html; charset=utf-8"]);
    Reply::raw(200, content_type, text)
}
