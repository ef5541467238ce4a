//! The search by name, whose index comes after the fact (docs/115.md, §10.4).

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::misused;
use super::reply::failed;
use crate::api::call::Call;
use crate::index::{REACH, Wanted, hits};
use crate::listing::suffix;
use crate::sim::Sim;
use crate::world::Node;

pub(super) const PARAMS: &[&str] =
    &["search_value", "limit", "offset", "file_label", "cid", "gte_day", "lte_day", "fc", "type", "suffix"];

pub(super) fn search(sim: &Sim, call: &Call) -> Reply {
    let label = "open_search";
    let text = |key: &str| call.query.of(key).unwrap_or("");
    let number = |key: &str, default: u64| if text(key).is_empty() { Some(default) } else { text(key).parse().ok() };
    let day = |key: &str| match text(key) {
        "" => Ok(None),
        day if is_day(day) => Ok(Some(day.to_owned())),
        _ => Err(()),
    };
    let (Some(limit), Some(offset), Some(fc @ 0..=2), Some(kind @ 0..=7), Ok(from), Ok(to)) =
        (number("limit", 20), number("offset", 0), number("fc", 0), number("type", 0), day("gte_day"), day("lte_day"))
    else {
        return misused(sim, label, "a number or a day that is none");
    };
    if text("search_value").is_empty() || limit == 0 || limit.saturating_add(offset) > REACH {
        return misused(sim, label, "no search_value, no limit, or a page beyond 10000");
    }
    if !text("file_label").is_empty() {
        return misused(sim, label, "file_label filters by something this account does not have");
    }
    if text("suffix").bytes().any(|c| !c.is_ascii_alphanumeric()) {
        return failed(&sim.0.dice, 20_021, "后缀名不正确");
    }
    // A folder of -1 is a way to ask for nothing.
    let Some(within) = (if text("cid") == "-1" { Some(None) } else { number("cid", 0).map(Some) }) else {
        return misused(sim, label, "cid is no number");
    };
    let wanted = Wanted {
        name: text("search_value").to_lowercase(),
        from,
        to,
        fc,
        kind,
        suffix: text("suffix").to_ascii_lowercase(),
    };
    let world = sim.0.world.lock();
    let found = within.map_or_else(Vec::new, |cid| hits(sim, &world, cid, &wanted));
    let count = (found.len() as u64).saturating_add_signed(sim.0.knobs.lock().miscount);
    let page = found.iter().skip(offset as usize).take(limit as usize);
    let data: Vec<_> = page.map(|node| hit(sim.0.user_id, node)).collect();
    Reply::json(json!({
        "state": true, "message": "", "code": 0, "data": data, "count": count, "limit": limit, "offset": offset,
    }))
}

fn is_day(day: &str) -> bool {
    let digits = |from: usize, to: usize| day.as_bytes()[from..to].iter().all(u8::is_ascii_digit);
    day.len() == 10 && digits(0, 4) && digits(5, 7) && digits(8, 10) && [4, 7].map(|at| day.as_bytes()[at]) == *b"--"
}

fn hit(user_id: u64, node: &Node) -> Value {
    let is_file = !node.is_dir();
    json!({
        "file_id": node.id.to_string(), "user_id": user_id.to_string(),
        "sha1": node.file.as_ref().filter(|file| !file.incomplete).map_or(String::new(), |file| file.content.sha1()),
        "file_name": node.name, "file_size": node.size().to_string(), "user_ptime": node.created.to_string(),
        "user_utime": node.modified.to_string(), "pick_code": node.pickcode, "parent_id": node.parent.to_string(),
        "area_id": "1", "is_private": 0, "file_category": if is_file { "1" } else { "0" },
        "ico": if is_file { suffix(&node.name) } else { "folder".to_owned() },
    })
}
