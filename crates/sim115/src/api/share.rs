//! The listing of a share, open to everybody who has its two codes (docs/115.md, §9.2 to §9.4).

use axum::http::header;
use serde_json::{Map, Value, json};

use super::Endpoint;
use super::call::Call;
use super::entry::{escaped, labels, thumbnail};
use super::reply::{Reply, dice_zero};
use crate::listing::{ORDERS, sort, suffix};
use crate::share::{ShareState, Shared, is_code};
use crate::sim::Sim;
use crate::world::{Node, Order, World};

/// The server cuts larger pages without a word.
const LIMIT: usize = 1000;

const PARAMS: &[&str] = &["share_code", "receive_code", "cid", "offset", "limit", "asc", "o", "format"];

pub(super) fn endpoint(call: &Call) -> Option<Endpoint> {
    let here = call.host == "webapi.115.com" && call.path == "/share/snap";
    here.then(|| Endpoint { login: false, ..Endpoint::get("share_snap", PARAMS, snap) })
}

struct Ask {
    cid: u64,
    offset: usize,
    limit: usize,
    order: Order,
}

fn snap(sim: &Sim, call: &Call) -> Reply {
    if sim.0.snap_waf.lock().blocks(call.from, sim.0.clock.now_ms()) {
        return Reply::waf();
    }
    let code = call.query.of("share_code").unwrap_or("");
    if !is_share_page(call, code) {
        sim.0.ledger.violation("share_snap: no Referer of the share's page".to_owned());
        return Reply::waf();
    }
    let ask = match read(call) {
        Ok(ask) => ask,
        Err(what) => return super::misused(sim, &format!("share_snap: {what}")),
    };
    let (shared, own) = match unlocked(sim, call, code, call.query.of("receive_code").unwrap_or("")) {
        Ok(unlocked) => unlocked,
        Err(refusal) => return refusal,
    };
    let dice = &sim.0.dice;
    if sim.0.shares.lock().is_building(code) {
        return Reply::json(
            json!({ "state": false, "error": "正在生成文件快照，请稍后再试", "errno": dice_zero(dice) }),
        );
    }
    let state = shared.state(sim.now());
    // Quirk 46: that it is over may be said by a number or by a share that shows nothing.
    if !own
        && dice.coin()
        && let Some(refusal) = over(sim, state)
    {
        return refusal;
    }
    let shows = match state {
        ShareState::Normal => true,
        ShareState::Auditing => own,
        ShareState::Expired => own || dice.coin(),
        _ => false,
    };
    let world = shared.world.lock();
    if ask.cid != 0 && !(world.is_folder(ask.cid) && shared.holds(&world, ask.cid)) {
        return Reply::errno(dice, 20_018, "文件不存在或已删除。");
    }
    let found = if shows { entries(&world, &shared, &ask) } else { Vec::new() };
    answer(sim, &shared, &world, state, &ask, &found)
}

/// `https://115cdn.com/s/{code}?password={receive code}&`, and the same on the older host (§1.3).
pub(super) fn is_share_page(call: &Call, code: &str) -> bool {
    let referer = call.header(&header::REFERER).unwrap_or_default();
    let page = ["https://115cdn.com/s/", "https://115.com/s/"].into_iter().find_map(|page| referer.strip_prefix(page));
    page.and_then(|page| page.strip_prefix(code)).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
}

fn read(call: &Call) -> Result<Ask, String> {
    let text = |key: &str| call.query.of(key).unwrap_or("");
    let number = |key: &str, default: u64| match text(key) {
        "" => Ok(default),
        value => value.parse::<u64>().map_err(|_| format!("{key}={value} is no number")),
    };
    let by = if text("o").is_empty() { "file_name" } else { text("o") };
    if !ORDERS.contains(&by) {
        return Err(format!("o={by} is no order"));
    }
    if !["", "json"].contains(&text("format")) {
        return Err("format is not json".to_owned());
    }
    let (asc, limit) = (number("asc", 1)?, number("limit", 20)?);
    if asc > 1 || limit == 0 {
        return Err("asc above 1 or limit 0".to_owned());
    }
    Ok(Ask {
        cid: number("cid", 0)?,
        offset: usize::try_from(number("offset", 0)?).unwrap_or(usize::MAX),
        limit: usize::try_from(limit).unwrap_or(LIMIT).min(LIMIT),
        order: Order { by: by.to_owned(), asc: asc == 1, mix: false },
    })
}

/// The share that the two codes open, and whether it is the caller's own, which needs no receive code.
pub(super) fn unlocked(sim: &Sim, call: &Call, code: &str, receive: &str) -> Result<(Shared, bool), Reply> {
    let dice = &sim.0.dice;
    if !is_code(code) {
        return Err(Reply::errno(dice, 990_002, "参数错误。"));
    }
    let Some(shared) = sim.0.shares.lock().of(code).cloned() else {
        return Err(Reply::errno(dice, 4_100_026, "分享链接不存在或已被删除"));
    };
    let own = call.session.is_some() && shared.user_id == sim.0.user_id;
    if receive.is_empty() && !own {
        let mut reply = Reply::json(
            json!({ "state": false, "error": "请输入访问码", "errno": 4_100_012, "data": { "is_access": 0 } }),
        );
        reply.errno = Some(4_100_012);
        return Err(reply);
    }
    if receive != shared.receive && !(receive.is_empty() && own) {
        return Err(Reply::errno(dice, 4_100_008, "访问码错误，请重新输入"));
    }
    Ok((shared, own))
}

/// How a share that is no more is refused, where it is refused by number.
pub(super) fn over(sim: &Sim, state: ShareState) -> Option<Reply> {
    let dice = &sim.0.dice;
    Some(match state {
        ShareState::Cancelled => Reply::errno(dice, dice.pick(&[4_100_009, 4_100_010]), "分享已取消"),
        ShareState::Deleted => Reply::errno(dice, 4_100_026, "分享链接不存在或已被删除"),
        ShareState::Copyright | ShareState::Pornography | ShareState::Violence => {
            Reply::errno(dice, 4_100_033, "链接已被屏蔽")
        }
        ShareState::Normal | ShareState::Auditing | ShareState::Reviewing | ShareState::Expired => return None,
    })
}

fn entries<'w>(world: &'w World, shared: &Shared, ask: &Ask) -> Vec<&'w Node> {
    let mut found: Vec<_> = if ask.cid == 0 {
        shared.roots(world).into_iter().filter_map(|id| world.node(id)).collect()
    } else {
        world.children(ask.cid).collect()
    };
    sort(&mut found, &ask.order, false);
    found
}

fn answer(sim: &Sim, shared: &Shared, world: &World, state: ShareState, ask: &Ask, found: &[&Node]) -> Reply {
    let (dice, knobs) = (&sim.0.dice, sim.0.knobs.lock().clone());
    let roots: Vec<_> = shared.roots(world).into_iter().filter_map(|id| world.node(id)).collect();
    let mut take = ask.limit;
    if knobs.short_pages && take > 1 {
        take -= dice.below(take as u64 / 2 + 1) as usize;
    }
    let list: Vec<_> =
        found.iter().skip(ask.offset).take(take).map(|node| entry(sim, node, ask.cid == 0, shared.user_id)).collect();
    // Quirk 41: a text as long as all is well, a number when it is not.
    let well = state == ShareState::Normal;
    let share_state = if well { json!("1") } else { json!(state as u8) };
    let reason = match state {
        ShareState::Expired => "链接已过期",
        ShareState::Normal | ShareState::Auditing | ShareState::Reviewing => "",
        _ => "链接已失效",
    };
    let flagged = roots.iter().any(|node| has_flagged(world, node));
    let size: u64 = roots.iter().map(|node| size(world, node)).sum();
    let receive = if shared.user_id == sim.0.user_id { "" } else { &shared.receive };
    Reply::json(json!({ "state": true, "error": "", "errno": dice_zero(dice), "data": {
        "userinfo": { "user_id": shared.user_id.to_string(), "user_name": "sharer", "face": "" },
        "shareinfo": {
            "snap_id": "115", "file_size": dice.number(size),
            "share_title": roots.first().map_or(String::new(), |node| escaped(&node.name)),
            "share_state": share_state, "forbid_reason": reason, "create_time": dice.number(shared.created),
            "receive_code": receive, "receive_count": dice.number(3),
            "expire_time": shared.expires.map_or(json!(-1), |at| json!(at)), "file_category": 0,
            "auto_renewal": dice.number(0), "auto_fill_recvcode": dice.number(0), "can_report": 1, "can_notice": 0,
            "have_vio_file": u8::from(flagged), "has_receive_code": 1, "share_duration": -1,
        },
        "count": (found.len() as u64).saturating_add_signed(if found.is_empty() { 0 } else { knobs.miscount }),
        "list": list, "share_state": share_state,
        "user_appeal": { "can_appeal": 0, "can_share_appeal": 0, "can_global_appeal": 0, "popup_appeal_page": 0 },
    } }))
}

/// Quirk 4: `t` is unix seconds in text, for files too. There is no pickcode.
fn entry(sim: &Sim, node: &Node, in_root: bool, user_id: u64) -> Value {
    let dice = &sim.0.dice;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("n", json!(escaped(&node.name)));
    put("uid", json!(user_id));
    put("t", json!(node.modified.to_string()));
    put("u", json!(thumbnail(sim, node)));
    put("fl", labels(dice));
    put("d", json!(1));
    put("e", json!(""));
    put("ns", json!(escaped(&node.name)));
    match &node.file {
        None => {
            put("cid", json!(node.id.to_string()));
            put("pid", if in_root { json!("0") } else { json!(node.parent.to_string()) });
            put("fc", json!(0));
            put("ico", json!("folder"));
            put("s", dice.number(0));
            put("c", json!(0));
        }
        Some(file) => {
            put("fid", json!(node.id.to_string()));
            // The number 0 in the root, where a folder's own is a text.
            put("cid", if in_root { json!(0) } else { dice.number(node.parent) });
            put("fc", json!(1));
            put("ico", json!(suffix(&node.name)));
            put("s", dice.number(file.size));
            put("sha", json!(if file.incomplete { String::new() } else { file.content.sha1() }));
            put("c", json!(u8::from(file.flagged)));
        }
    }
    Value::Object(out)
}

fn size(world: &World, node: &Node) -> u64 {
    node.size() + world.children(node.id).map(|child| size(world, child)).sum::<u64>()
}

fn has_flagged(world: &World, node: &Node) -> bool {
    node.file.as_ref().is_some_and(|file| file.flagged)
        || world.children(node.id).any(|child| has_flagged(world, child))
}
