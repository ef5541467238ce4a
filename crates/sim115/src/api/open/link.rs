//! Links for Open calls: keyed by file id, always bound to the User-Agent that asked (docs/115.md, §4.4 and §4.7).

use serde_json::{Map, Value, json};

use super::super::link;
use super::super::reply::Reply;
use super::misused;
use super::reply::{done, failed};
use crate::api::call::Call;
use crate::sim::Sim;

pub(super) fn downurl(sim: &Sim, call: &Call) -> Reply {
    let (dice, codes) = (&sim.0.dice, call.form.of("pick_code").unwrap_or(""));
    if codes.is_empty() {
        return misused(sim, "open_downurl", "no pick_code");
    }
    let (mut found, mut wrong) = (Map::new(), None);
    for code in codes.split(',') {
        let node = match node(sim, code) {
            Ok(node) => node,
            Err(refusal) => {
                wrong = Some(refusal);
                continue;
            }
        };
        let issued = link::issue(sim, call, &node, "open_downurl");
        found.insert(
            node.id.to_string(),
            json!({ "file_name": node.name, "file_size": node.size(), "pick_code": node.pickcode,
                    "sha1": node.file.as_ref().map_or(String::new(), |file| file.content.sha1()),
                    "url": { "url": issued.url } }),
        );
    }
    match wrong {
        // Nothing found is no error at times.
        Some((70_005 | 50_003 | 50_015, _)) if found.is_empty() && dice.coin() => done(&json!([])),
        Some((number, text)) if found.is_empty() => failed(dice, number, text),
        _ => done(&Value::Object(found)),
    }
}

/// The file a pickcode names, or the number and text of the refusal (§4.3).
fn node(sim: &Sim, code: &str) -> Result<crate::world::Node, (i64, &'static str)> {
    let world = sim.0.world.lock();
    let Some(node) = world.by_code(code) else {
        return Err((if world.is_gone(code) { 70_005 } else { 50_003 }, "文件不存在或已删除。"));
    };
    match &node.file {
        None => Err((50_015, "文件不存在或已删除。")),
        Some(file) if file.incomplete => Err((70_004, "文件上传不完整")),
        Some(file) if file.flagged => Err((50_038, "该文件涉嫌违规，无法下载")),
        Some(_) => Ok(node.clone()),
    }
}
