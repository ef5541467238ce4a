//! Path to directory id, and what one id or pickcode is (docs/115.md, §3.8).

use serde_json::{Value, json};

use super::call::Call;
use super::entry::{entry, escaped};
use super::reply::{Reply, dice_zero};
use crate::quirk::Dice;
use crate::sim::Sim;
use crate::world::{Node, World};

/// Directories only; a file or a missing path is `state` true with id 0 (quirk 15).
pub(super) fn getid(sim: &Sim, call: &Call) -> Reply {
    let dice = &sim.0.dice;
    let Some(path) = call.query.of("path").filter(|path| path.starts_with('/')) else {
        return super::misused(sim, "getid: path is missing or relative");
    };
    let world = sim.0.world.lock();
    let found = world.find(path).filter(|id| world.is_folder(*id)).unwrap_or(0);
    let id = dice.number(found);
    Reply::json(json!({ "state": true, "error": "", "errNo": dice_zero(dice), "id": id, "is_private": dice.number(0) }))
}

/// No `state`; `[]` for the root and for what does not exist (quirk 7).
pub(super) fn category(sim: &Sim, call: &Call) -> Reply {
    if !["", "0", "1"].contains(&call.query.of("aid").unwrap_or("")) {
        return super::misused(sim, "category_get: only aid=1 is simulated");
    }
    let Some(id) = call.query.of("cid").and_then(|cid| cid.parse::<u64>().ok()) else {
        return super::misused(sim, "category_get: cid is no number");
    };
    let world = sim.0.world.lock();
    Reply::json(world.node(id).map_or_else(|| json!([]), |node| stat(&sim.0.dice, &world, node)))
}

fn stat(dice: &Dice, world: &World, node: &Node) -> Value {
    let (files, folders, size) = totals(world, node);
    let mut paths = vec![json!({ "file_id": dice.number(0), "file_name": "根目录" })];
    let above = world.ancestors(node.parent);
    paths.extend(above.iter().map(|up| json!({ "file_id": dice.number(up.id), "file_name": escaped(&up.name) })));
    let is_file = u64::from(!node.is_dir());
    json!({
        "count": dice.number(files), "size": readable(size), "folder_count": dice.number(folders), "show_play_long": 0,
        "play_long": 0, "ptime": node.created.to_string(), "utime": node.modified.to_string(), "is_share": "0",
        "file_name": escaped(&node.name), "pick_code": node.pickcode,
        "sha1": node.file.as_ref().filter(|file| !file.incomplete).map_or(String::new(), |file| file.content.sha1()),
        "is_mark": "0", "fvs": 0, "open_time": 0, "score": 0, "desc": "", "file_category": dice.number(is_file),
        "paths": paths,
    })
}

pub(super) fn totals(world: &World, node: &Node) -> (u64, u64, u64) {
    if !node.is_dir() {
        return (1, 0, node.size());
    }
    world.children(node.id).fold((0, 0, 0), |(files, folders, size), child| {
        let (more_files, more_folders, more) = totals(world, child);
        (files + more_files, folders + more_folders + u64::from(child.is_dir()), size + more)
    })
}

/// "1.23GB": a size for people, which no client can count with.
pub(super) fn readable(size: u64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"];
    let mut amount = size as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < units.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{size}B") } else { format!("{amount:.2}{}", units[unit]) }
}

/// A list of one web entry; the root and the missing are refused.
pub(super) fn info(sim: &Sim, call: &Call) -> Reply {
    let dice = &sim.0.dice;
    let world = sim.0.world.lock();
    let node = match (call.query.of("file_id"), call.query.of("pick_code")) {
        (Some(id), None) => id.parse::<u64>().ok().and_then(|id| world.node(id)),
        (None, Some(code)) => world.by_code(code),
        _ => return super::misused(sim, "get_info wants file_id or pick_code"),
    };
    match node {
        Some(node) => Reply::json(json!({
            "state": true, "code": 0, "message": "", "data": [entry(sim, node)]
        })),
        None => Reply::errno(dice, dice.pick(&[20_018, 70_005]), "文件不存在或已删除。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        assert_eq!(readable(0), "0B");
        assert_eq!(readable(1023), "1023B");
        assert_eq!(readable(1_320_702_444), "1.23GB");
    }
}
