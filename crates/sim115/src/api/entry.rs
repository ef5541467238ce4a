//! One entry of a listing in the short web keys (docs/115.md, §3.5), types wandering as they do on the wire.

use serde_json::{Map, Value, json};

use crate::clock::shanghai;
use crate::listing::{kind, suffix};
use crate::quirk::Dice;
use crate::sim::Sim;
use crate::world::Node;

pub(super) fn entry(sim: &Sim, node: &Node) -> Value {
    let dice = &sim.0.dice;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("n", json!(escaped(&node.name)));
    put("pc", json!(node.pickcode));
    put("aid", if node.is_dir() { json!("1") } else { dice.number(1) });
    put("te", dice.number(node.modified));
    put("tu", dice.number(node.modified));
    put("tp", dice.number(node.created));
    put("to", dice.number(0));
    put("m", dice.number(0));
    put("u", json!(thumbnail(sim, node)));
    put("fl", labels(dice));
    match &node.file {
        None => {
            // Quirk 2: a directory's own id stands in `cid`; `fid` is missing or empty.
            put("cid", dice.number(node.id));
            put("pid", json!(node.parent.to_string()));
            if dice.coin() {
                put("fid", json!(""));
            }
            put("t", json!(node.modified.to_string()));
            put("fc", json!(0));
            put("ico", json!("folder"));
        }
        Some(file) => {
            put("fid", json!(node.id.to_string()));
            put("cid", dice.number(node.parent));
            if dice.coin() {
                put("pid", json!(""));
            }
            put("uid", json!(sim.0.user_id));
            put("t", json!(shanghai(node.modified)));
            put("s", dice.number(file.size));
            put("sha", json!(if file.incomplete { String::new() } else { file.content.sha1() }));
            let ico = suffix(&node.name);
            if kind(&ico) == 4 {
                put("iv", json!(1));
                put("vdi", json!(4));
                put("play_long", dice.pick(&[json!(5400), json!("5400"), json!(5400.5)].each_ref()).clone());
            }
            put("ico", json!(ico));
            if dice.coin() {
                put("fc", json!(1));
            }
            put("c", json!(u8::from(file.flagged)));
        }
    }
    Value::Object(out)
}

/// The URL of a picture's or a video's thumbnail, or the bare query of one (§1.1); `""` of anything else.
pub(super) fn thumbnail(sim: &Sim, node: &Node) -> String {
    let complete = node.file.as_ref().is_some_and(|file| !file.incomplete);
    if !complete || !matches!(kind(&suffix(&node.name)), 2 | 4) {
        return String::new();
    }
    let url = sim.0.issuer.thumbnail(node);
    if !sim.0.knobs.lock().bare_thumbnails {
        return url;
    }
    url.split_once('?').map_or_else(String::new, |(_, query)| format!("?{query}"))
}

pub(super) fn labels(dice: &Dice) -> Value {
    if dice.below(8) > 0 {
        return json!([]);
    }
    json!([{ "id": "1", "name": "label", "sort": dice.number(0), "color": "#FF4B30", "is_default": 0,
             "create_time": 1_700_000_000, "update_time": 1_700_000_000 }])
}

/// Some emoji come as `[\x02<decimal code point>]`; which ones is not documented, here one block of them does.
pub(super) fn escaped(name: &str) -> String {
    name.chars().fold(String::new(), |mut out, c| {
        if ('\u{1f440}'..='\u{1f4ff}').contains(&c) {
            out.push_str(&format!("[\u{2}{}]", u32::from(c)));
        } else {
            out.push(c);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_escape() {
        assert_eq!(escaped("a👊😀"), "a[\u{2}128074]😀");
    }
}
