//! Who the token's account is and what room it has (docs/115.md, §10.4).

use serde_json::{Value, json};

use super::super::lookup::readable;
use super::super::reply::Reply;
use super::reply::done;
use crate::api::call::Call;
use crate::sim::Sim;

pub(super) fn info(sim: &Sim, _: &Call) -> Reply {
    let dice = &sim.0.dice;
    let total = sim.open_knobs().space;
    let used = sim.0.world.lock().bytes();
    let room = |size: u64| json!({ "size": dice.number(size), "size_format": readable(size) });
    let face = |size: &str| format!("https://avatars.115.com/face_{size}.jpg");
    let mut reply = done(&json!({
        "user_id": dice.number(sim.0.user_id), "user_name": "sim115", "user_face_s": face("s"),
        "user_face_m": face("m"), "user_face_l": face("l"),
        "rt_space_info": { "all_total": room(total), "all_remain": room(total.saturating_sub(used)),
                           "all_use": room(used) },
        "vip_info": { "level_name": "年费VIP", "expire": 2_000_000_000 },
    }));
    // Quirk 54: here the documents call it a string.
    if let (super::super::reply::Payload::Json(body), true) = (&mut reply.body, dice.coin()) {
        body["code"] = Value::from("0");
    }
    reply
}
