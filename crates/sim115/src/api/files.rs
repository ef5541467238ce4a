//! The listing of `webapi…/files` (docs/115.md, §3.1 to §3.7).

use serde_json::{Value, json};

use super::call::Call;
use super::entry::{entry, escaped};
use super::reply::{Reply, dice_zero};
use crate::listing::{Ask, ORDERS, matches};
use crate::sim::Sim;
use crate::world::{Order, World};

/// §3.2. Those that only filter by what this account does not have are known but must be idle.
pub(super) const PARAMS: &[&str] = &[
    "aid",
    "cid",
    "offset",
    "limit",
    "o",
    "asc",
    "custom_order",
    "show_dir",
    "cur",
    "nf",
    "fc_mix",
    "natsort",
    "type",
    "suffix",
    "snap",
    "record_open_time",
    "count_folders",
    "format",
    "star",
    "stdir",
    "is_q",
    "is_share",
    "min_size",
    "max_size",
    "r_all",
    "scid",
    "qid",
    "source",
    "code",
];

const IDLE: [&str; 11] =
    ["star", "stdir", "is_q", "is_share", "min_size", "max_size", "r_all", "scid", "qid", "source", "code"];

/// The server cuts larger pages without a word (quirk 12).
const LIMIT: u64 = 1150;

pub(super) struct Page {
    pub(super) offset: u64,
    pub(super) limit: u64,
    asked: Order,
    own_order: bool,
    count_folders: bool,
}

pub(super) fn files(sim: &Sim, call: &Call) -> Reply {
    match read(call) {
        Ok((page, ask)) => webapi(sim, page, ask),
        Err(what) => super::misused(sim, &format!("files: {what}")),
    }
}

pub(super) fn read(call: &Call) -> Result<(Page, Ask), String> {
    let text = |key: &str| call.query.of(key).unwrap_or("");
    let number = |key: &str, default: u64| match text(key) {
        "" => Ok(default),
        value => value.parse::<u64>().map_err(|_| format!("{key}={value} is no number")),
    };
    let flag = |key: &str| match number(key, 0)? {
        n @ (0 | 1) => Ok(n == 1),
        n => Err(format!("{key}={n} is neither 0 nor 1")),
    };
    if let Some(key) = IDLE.iter().find(|key| !["", "0"].contains(&text(key))) {
        return Err(format!("{key} filters by something this account does not have"));
    }
    if number("aid", 1)? > 1 {
        return Err("only aid=1 is simulated".to_owned());
    }
    if !["", "json"].contains(&text("format")) {
        return Err("format is not json".to_owned());
    }
    let by = if text("o").is_empty() { "user_ptime" } else { text("o") };
    if !ORDERS.contains(&by) {
        return Err(format!("o={by} is no order"));
    }
    flag("snap")?;
    flag("natsort")?;
    flag("record_open_time")?;
    let custom = number("custom_order", 0)?;
    let limit = number("limit", 32)?;
    if custom > 2 || limit == 0 {
        return Err("custom_order above 2 or limit 0".to_owned());
    }
    // Own sort 2 may mix; own sort 1 has folders on top whatever fc_mix says.
    let mix = flag("fc_mix")? && custom == 2;
    let asked = Order { by: by.to_owned(), asc: flag("asc")?, mix };
    let page = Page {
        offset: number("offset", 0)?,
        limit,
        asked: asked.clone(),
        own_order: custom > 0,
        count_folders: flag("count_folders")?,
    };
    let ask = Ask {
        cid: number("cid", 0)?,
        order: asked,
        show_dir: flag("show_dir")?,
        cur: flag("cur")?,
        no_files: flag("nf")?,
        kind: number("type", 0)?,
        suffix: text("suffix").to_ascii_lowercase(),
        natural: false,
    };
    Ok((page, ask))
}

fn webapi(sim: &Sim, mut page: Page, mut ask: Ask) -> Reply {
    let world = sim.0.world.lock();
    if let Some(suggested) = world.refused(ask.cid, &page.asked.by) {
        let mut reply = Reply::json(json!({
            "state": false, "error": "排序方式不支持", "errNo": 20_130_827, "order": suggested.by,
            "is_asc": sim.0.dice.number(u64::from(suggested.asc)), "fc_mix": 0, "cid": ask.cid,
        }));
        reply.errno = Some(20_130_827);
        return reply;
    }
    // Quirk 1: what is no folder is listed as the root; only the echoed cid tells.
    if !world.is_folder(ask.cid) {
        ask.cid = 0;
    }
    if !page.own_order || world.is_imposed(ask.cid) {
        ask.order = world.remembered(ask.cid);
    }
    page.limit = page.limit.min(LIMIT);
    envelope(sim, &world, &page, &ask)
}

pub(super) fn envelope(sim: &Sim, world: &World, page: &Page, ask: &Ask) -> Reply {
    let (dice, knobs) = (&sim.0.dice, sim.0.knobs.lock().clone());
    let found = matches(world, ask);
    let folders = found.iter().filter(|node| node.is_dir()).count();
    let mut take = usize::try_from(page.limit).unwrap_or(usize::MAX);
    if knobs.short_pages && take > 1 {
        take -= dice.below(take as u64 / 2 + 1) as usize;
    }
    let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let data: Vec<Value> = found.iter().skip(skip).take(take).map(|node| entry(sim, node)).collect();
    let count = (found.len() as u64).saturating_add_signed(knobs.miscount);
    let mut body = json!({
        "state": true, "error": "", "errNo": 0, "errno": dice_zero(dice), "data": data, "count": dice.number(count),
        "data_source": "DB", "sys_count": dice.number(0), "offset": page.offset, "limit": dice.number(page.limit),
        "page_size": page.limit, "cid": dice.number(ask.cid), "aid": "1", "order": ask.order.by,
        "is_asc": dice.number(u64::from(ask.order.asc)), "fc_mix": u8::from(ask.order.mix),
        "natsort": u8::from(ask.natural), "star": 0, "is_share": 0, "type": ask.kind, "is_q": 0, "r_all": 0,
        "stdir": 0, "cur": u8::from(ask.cur), "suffix": ask.suffix, "min_size": 0, "max_size": 0,
        "uid": sim.0.user_id.to_string(), "record_open_time": "1", "fields": "", "path": path(sim, world, ask.cid),
    });
    if page.count_folders {
        body["folder_count"] = json!(folders);
        body["file_count"] = json!(found.len() - folders);
    }
    Reply::json(body)
}

fn path(sim: &Sim, world: &World, cid: u64) -> Value {
    let dice = &sim.0.dice;
    let mut path = vec![json!({ "name": "根目录", "aid": dice.number(1), "cid": dice.number(0), "pid": dice.number(0),
                                "isp": dice.number(0), "p_cid": "0", "fv": "0", "fvs": 0, "iss": 0 })];
    path.extend(world.ancestors(cid).into_iter().map(|node| {
        json!({ "name": escaped(&node.name), "aid": dice.number(1), "cid": dice.number(node.id),
                "pid": dice.number(node.parent), "isp": dice.number(0), "p_cid": node.parent.to_string(), "fv": "0",
                "fvs": 0, "iss": 0 })
    }));
    Value::Array(path)
}
