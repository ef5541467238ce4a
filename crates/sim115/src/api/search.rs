//! The search by name of `webapi…/files/search` (docs/115.md, §3.8).

use serde_json::json;

use super::call::Call;
use super::entry::{entry, escaped};
use super::reply::{Reply, dice_zero};
use crate::index::{REACH, Wanted, hits};
use crate::sim::Sim;

pub(super) const PARAMS: &[&str] =
    &["search_value", "cid", "offset", "limit", "type", "suffix", "fc", "file_label", "date", "aid"];

pub(super) fn search(sim: &Sim, call: &Call) -> Reply {
    let dice = &sim.0.dice;
    let text = |key: &str| call.query.of(key).unwrap_or("");
    let number = |key: &str, default: u64| if text(key).is_empty() { Some(default) } else { text(key).parse().ok() };
    let (Some(cid), Some(offset), Some(limit), Some(kind @ 0..=16), Some(fc @ 0..=2), Some(0 | 1)) = (
        number("cid", 0),
        number("offset", 0),
        number("limit", 32),
        number("type", 0),
        number("fc", 0),
        number("aid", 1),
    ) else {
        return super::misused(sim, "search: a number that is none, or none that is simulated");
    };
    if text("search_value").is_empty() || limit == 0 || limit.saturating_add(offset) > REACH {
        return super::misused(sim, "search: no search_value, no limit, or a page beyond 10000");
    }
    if !text("file_label").is_empty() || !text("date").is_empty() {
        return super::misused(sim, "search: a filter by something this account does not have");
    }
    if text("suffix").bytes().any(|c| !c.is_ascii_alphanumeric()) {
        return Reply::errno(dice, 20_021, "后缀名不正确");
    }
    let wanted = Wanted {
        name: text("search_value").to_lowercase(),
        fc,
        kind,
        suffix: text("suffix").to_ascii_lowercase(),
        ..Wanted::default()
    };
    let world = sim.0.world.lock();
    let found = hits(sim, &world, cid, &wanted);
    let (skip, take) = (usize::try_from(offset).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(usize::MAX));
    let data: Vec<_> = found.iter().skip(skip).take(take).map(|node| entry(sim, node)).collect();
    // The count is never to be relied on.
    let count = (found.len() as u64 + dice.below(3)).saturating_add_signed(sim.0.knobs.lock().miscount);
    let folder = world.node(cid).map_or_else(
        || json!({ "cid": dice.number(0), "pid": dice.number(0), "name": "根目录" }),
        |node| json!({ "cid": dice.number(node.id), "pid": dice.number(node.parent), "name": escaped(&node.name) }),
    );
    Reply::json(json!({
        "state": true, "error": "", "errCode": 0, "errno": dice_zero(dice), "data": data, "count": dice.number(count),
        "offset": offset, "page_size": limit, "folder": folder,
    }))
}
