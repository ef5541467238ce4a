//! The listing, with defaults that show neither folders nor more than twenty (docs/115.md, §3.6, §3.7 and §10.4).

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::entry::entry;
use super::misused;
use crate::api::call::Call;
use crate::listing::{Ask, matches};
use crate::sim::Sim;
use crate::world::{Order, World};

pub(super) const PARAMS: &[&str] =
    &["cid", "type", "limit", "offset", "suffix", "asc", "o", "custom_order", "stdir", "star", "cur", "show_dir"];

const ORDERS: [&str; 4] = ["file_name", "file_size", "user_utime", "file_type"];

/// Larger pages are cut without a word (quirk 12).
const LIMIT: u64 = 1150;

struct Page {
    offset: u64,
    limit: u64,
    own_order: bool,
}

pub(super) fn files(sim: &Sim, call: &Call) -> Reply {
    match read(call) {
        Ok((page, ask)) => list(sim, &page, ask),
        Err(what) => misused(sim, "open_files", &what),
    }
}

/// An empty parameter is a missing one.
fn read(call: &Call) -> Result<(Page, Ask), String> {
    let text = |key: &str| call.query.of(key).unwrap_or("");
    let up_to = |key: &str, default: u64, most: u64| match text(key) {
        "" => Ok(default),
        value => match value.parse::<u64>() {
            Ok(number) if number <= most => Ok(number),
            _ => Err(format!("{key}={value} is no number up to {most}")),
        },
    };
    if let Some(key) = ["stdir", "star"].iter().find(|key| !["", "0"].contains(&text(key))) {
        return Err(format!("{key} filters by something this account does not have"));
    }
    let by = if text("o").is_empty() { "file_name" } else { text("o") };
    if !ORDERS.contains(&by) {
        return Err(format!("o={by} is no order"));
    }
    let custom = up_to("custom_order", 0, 2)?;
    let limit = up_to("limit", 20, u64::MAX)?;
    if limit == 0 {
        return Err("limit 0".to_owned());
    }
    let page = Page { offset: up_to("offset", 0, u64::MAX)?, limit: limit.min(LIMIT), own_order: custom > 0 };
    let ask = Ask {
        cid: up_to("cid", 0, u64::MAX)?,
        order: Order { by: by.to_owned(), asc: up_to("asc", 0, 1)? == 1, mix: custom == 2 },
        show_dir: up_to("show_dir", 0, 1)? == 1,
        cur: up_to("cur", 0, 1)? == 1,
        no_files: false,
        kind: up_to("type", 0, 7)?,
        suffix: text("suffix").to_ascii_lowercase(),
        natural: false,
    };
    Ok((page, ask))
}

fn list(sim: &Sim, page: &Page, mut ask: Ask) -> Reply {
    let world = sim.0.world.lock();
    // Quirk 1: what is no folder is listed as the root; only the echoed cid tells.
    if !world.is_folder(ask.cid) {
        ask.cid = 0;
    }
    if !page.own_order || world.is_imposed(ask.cid) {
        ask.order = world.remembered(ask.cid);
    }
    let (dice, knobs) = (&sim.0.dice, sim.0.knobs.lock().clone());
    let found = matches(&world, &ask);
    let mut take = usize::try_from(page.limit).unwrap_or(usize::MAX);
    if knobs.short_pages && take > 1 {
        take -= dice.below(take as u64 / 2 + 1) as usize;
    }
    let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let data: Vec<Value> = found.iter().skip(skip).take(take).map(|node| entry(sim, node)).collect();
    let count = (found.len() as u64).saturating_add_signed(knobs.miscount);
    Reply::json(json!({
        "state": true, "message": "", "code": 0, "data": data, "count": dice.number(count), "sys_count": 0,
        "offset": page.offset, "limit": dice.number(page.limit), "aid": dice.number(1), "cid": ask.cid,
        "order": ask.order.by, "is_asc": dice.number(u64::from(ask.order.asc)), "min_size": 0, "max_size": 0,
        "sys_dir": "", "hide_data": "", "record_open_time": "1", "star": 0, "type": ask.kind, "suffix": ask.suffix,
        "cur": u8::from(ask.cur), "stdir": 0, "fields": "", "path": path(sim, &world, ask.cid),
    }))
}

fn path(sim: &Sim, world: &World, cid: u64) -> Value {
    let dice = &sim.0.dice;
    let at = |name: &str, id: u64, parent: u64| {
        json!({ "name": name, "aid": dice.number(1), "cid": dice.number(id), "pid": dice.number(parent),
                "isp": dice.number(0), "p_cid": parent.to_string(), "fv": "0" })
    };
    let above = world.ancestors(cid);
    let below = above.iter().map(|node| at(&node.name, node.id, node.parent));
    Value::Array(std::iter::once(at("根目录", 0, 0)).chain(below).collect())
}
