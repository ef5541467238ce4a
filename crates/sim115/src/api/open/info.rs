//! What one id or one path is, with its ancestors (docs/115.md, §10.4); the answer has three shapes (quirk 52).

use serde_json::{Value, json};

use super::super::lookup::{readable, totals};
use super::super::reply::Reply;
use super::misused;
use super::reply::{done, failed};
use crate::api::call::Call;
use crate::quirk::Dice;
use crate::sim::Sim;
use crate::world::{Node, World};

pub(super) fn by_id(sim: &Sim, call: &Call) -> Reply {
    let Some(id) = call.query.of("file_id").and_then(|id| id.parse::<u64>().ok()) else {
        return misused(sim, "open_get_info", "file_id is no number");
    };
    let world = sim.0.world.lock();
    told(&sim.0.dice, &world, world.node(id))
}

/// The path begins with its separator, so that names with a `/` in them can be said.
pub(super) fn by_path(sim: &Sim, call: &Call) -> Reply {
    let path = call.form.of("path").unwrap_or("");
    let Some(separator @ ('/' | '>')) = path.chars().next() else {
        return misused(sim, "open_get_info", "path does not begin with a separator");
    };
    let world = sim.0.world.lock();
    let found = world.find_parts(path.split(separator).filter(|part| !part.is_empty()));
    told(&sim.0.dice, &world, found.and_then(|id| world.node(id)))
}

fn told(dice: &Dice, world: &World, node: Option<&Node>) -> Reply {
    match node {
        Some(node) if dice.coin() => done(&stat(dice, world, node)),
        Some(node) => done(&json!([stat(dice, world, node)])),
        None if dice.coin() => done(&json!([])),
        None => failed(dice, 430_004, "文件（夹）不存在或已删除。"),
    }
}

fn stat(dice: &Dice, world: &World, node: &Node) -> Value {
    let (files, folders, size) = totals(world, node);
    let mut paths = vec![json!({ "file_id": dice.number(0), "file_name": "根目录" })];
    let above = world.ancestors(node.parent);
    paths.extend(above.iter().map(|up| json!({ "file_id": dice.number(up.id), "file_name": up.name })));
    json!({
        "count": dice.number(files), "size": readable(size), "size_byte": size, "folder_count": dice.number(folders),
        "play_long": 0, "show_play_long": 0, "ptime": node.created.to_string(), "utime": node.modified.to_string(),
        "file_name": node.name, "pick_code": node.pickcode,
        "sha1": node.file.as_ref().filter(|file| !file.incomplete).map_or(String::new(), |file| file.content.sha1()),
        "file_id": node.id.to_string(), "is_mark": "0", "open_time": 0,
        "file_category": if node.is_dir() { "0" } else { "1" }, "paths": paths,
    })
}
