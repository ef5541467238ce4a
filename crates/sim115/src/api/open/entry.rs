//! One entry of a listing in the keys of the Open Platform (docs/115.md, §3.6), types wandering as they do on the wire.

use serde_json::{Map, Value, json};

use super::super::entry::{labels, thumbnail};
use crate::listing::{kind, suffix};
use crate::sim::Sim;
use crate::world::Node;

pub(super) fn entry(sim: &Sim, node: &Node) -> Value {
    let dice = &sim.0.dice;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("fid", json!(node.id.to_string()));
    put("pid", json!(node.parent.to_string()));
    put("aid", json!("1"));
    put("fc", json!(if node.is_dir() { "0" } else { "1" }));
    put("fn", json!(node.name));
    put("pc", json!(node.pickcode));
    for (key, time) in [("upt", node.modified), ("uet", node.modified), ("uppt", node.created)] {
        put(key, dice.number(time));
    }
    for key in ["fco", "fdesc", "fatr", "uo", "v_img"] {
        put(key, json!(""));
    }
    put("thumb", json!(thumbnail(sim, node)));
    for key in ["isp", "ispl", "cm", "def", "def2"] {
        put(key, json!(0));
    }
    put("ism", json!("0"));
    put("fl", labels(dice));
    match &node.file {
        None => {
            put("fta", json!("1"));
            // What a folder has none of is missing, or empty.
            if dice.coin() {
                put("sha1", json!(""));
                put("ico", json!(""));
            }
            if dice.coin() {
                put("fs", json!(0));
            }
        }
        Some(file) => {
            let ico = suffix(&node.name);
            let video = kind(&ico) == 4;
            put("fs", json!(file.size));
            put("sha1", json!(if file.incomplete { String::new() } else { file.content.sha1() }));
            put("fta", json!(if file.incomplete { dice.pick(&["0", "2"]) } else { "1" }));
            put("isv", json!(u8::from(video)));
            if video {
                put("play_long", dice.pick(&[json!(5400), json!("5400"), json!(5400.5)].each_ref()).clone());
            }
            put("ico", json!(ico));
        }
    }
    Value::Object(out)
}
