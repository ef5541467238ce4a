//! Links to files of a share: sealed and plain app call, the share site, the web with its limit, and without login
//! where the sharer allows it (docs/115.md, §9.2).

use axum::http::header;
use serde_json::{Value, json};

use super::Endpoint;
use super::call::Call;
use super::link::{WEB_LIMIT, failed, is_foreign, issue, refused, sealed, unsealed};
use super::reply::Reply;
use super::share::{is_share_page, over, unlocked};
use crate::apps;
use crate::cdn::link::Issued;
use crate::share::{ShareState, Shared};
use crate::sim::Sim;
use crate::world::Node;

const KEYS: [&str; 3] = ["share_code", "receive_code", "file_id"];
const PLAIN: &[&str] = &["share_code", "receive_code", "file_id", "dl"];

pub(super) fn endpoint(call: &Call) -> Option<Endpoint> {
    const SKIP: &str = "/share/skip_login_downurl";
    let skip = || Endpoint { login: false, ..Endpoint::post("share_skip_login", &KEYS, skip_login) };
    let found = match (call.host.as_str(), call.path.as_str()) {
        // One path, two calls: sealed when posted, plain when got.
        ("proapi.115.com", "/app/share/downurl") if call.post => Endpoint::sealed("share_downurl", app),
        ("proapi.115.com", "/app/share/downurl") => Endpoint::get("share_downurl_plain", PLAIN, plain),
        ("115cdn.com", "/webapi/share/downurl") => Endpoint::get("share_downurl_site", PLAIN, site),
        ("webapi.115.com", "/share/downurl") => Endpoint::get("share_downurl_web", PLAIN, web),
        ("webapi.115.com", SKIP) => skip(),
        ("proapi.115.com", path) if path.strip_prefix("/app") == Some(SKIP) => skip(),
        ("115cdn.com", path) if path.strip_prefix("/webapi") == Some(SKIP) => skip(),
        ("proapi.115.com", path) => {
            let prefix = path.strip_prefix('/')?.strip_suffix("/2.0/share/downurl")?;
            return apps::is_prefix(prefix).then(|| Endpoint::get("share_downurl_plain", PLAIN, plain));
        }
        _ => return None,
    };
    Some(found)
}

fn app(sim: &Sim, call: &Call) -> Reply {
    let (inner, ck) = match unsealed(sim, call, "share_downurl", &["share_code", "receive_code", "file_id", "user_id"])
    {
        Ok(unsealed) => unsealed,
        Err(refusal) => return refusal,
    };
    let Some([code, receive, id]) = texts(&KEYS.map(|key| inner.get(key).and_then(Value::as_str))) else {
        return super::misused(sim, "share_downurl: share_code, receive_code and file_id are not all texts");
    };
    match link(sim, call, "share_downurl", [code, receive, id]) {
        Ok((data, issued)) => with_cookie(sealed(sim, &ck, &data), issued),
        Err(refusal) => refusal,
    }
}

fn texts<'t>(all: &[Option<&'t str>; 3]) -> Option<[&'t str; 3]> {
    Some([all[0]?, all[1]?, all[2]?])
}

fn plain(sim: &Sim, call: &Call) -> Reply {
    if is_foreign(sim, call) {
        return super::version_too_low();
    }
    asked(sim, call, "share_downurl_plain")
}

/// Wants the page of the share as Referer, like the site whose own call it is.
fn site(sim: &Sim, call: &Call) -> Reply {
    if !is_share_page(call, call.query.of("share_code").unwrap_or("")) {
        return super::misused(sim, "share_downurl_site: no Referer of the share's page");
    }
    asked(sim, call, "share_downurl_site")
}

fn web(sim: &Sim, call: &Call) -> Reply {
    asked(sim, call, "share_downurl_web")
}

fn skip_login(sim: &Sim, call: &Call) -> Reply {
    let code = call.form.of("share_code").unwrap_or("");
    if sim.0.shares.lock().of(code).is_some_and(|shared| !shared.skip_login) {
        return failed(sim, 990_001, "请先登录");
    }
    answer(sim, call, "share_skip_login", texts(&KEYS.map(|key| call.form.of(key))))
}

/// By query, which says `dl=1`.
fn asked(sim: &Sim, call: &Call, label: &'static str) -> Reply {
    if !["", "1"].contains(&call.query.of("dl").unwrap_or("")) {
        return super::misused(sim, &format!("{label}: dl is not 1"));
    }
    answer(sim, call, label, texts(&KEYS.map(|key| call.query.of(key))))
}

fn answer(sim: &Sim, call: &Call, label: &'static str, keys: Option<[&str; 3]>) -> Reply {
    let Some(keys) = keys else {
        return super::misused(sim, &format!("{label}: share_code, receive_code or file_id is missing"));
    };
    match link(sim, call, label, keys) {
        Ok((data, issued)) => with_cookie(Reply::json(json!({ "state": true, "data": data })), issued),
        Err(refusal) => refusal,
    }
}

/// The body of the answer, and the link in it where there is one.
fn link(
    sim: &Sim,
    call: &Call,
    label: &'static str,
    [code, receive, id]: [&str; 3],
) -> Result<(Value, Option<Issued>), Reply> {
    let Ok(id) = id.parse::<u64>() else {
        return Err(super::misused(sim, &format!("{label}: file_id is no id")));
    };
    let (shared, own) = unlocked(sim, call, code, receive)?;
    if let Some(refusal) = closed(sim, &shared, own) {
        return Err(refusal);
    }
    let dice = &sim.0.dice;
    let Some(node) = held(&shared, id) else {
        let nothing = json!({ "fid": "", "fn": "", "fs": -1, "url": false });
        let gone = || failed(sim, dice.pick(&[70_005, 20_018]), "文件不存在或已删除。");
        return if dice.coin() { Ok((nothing, None)) } else { Err(gone()) };
    };
    let described =
        |url: Value| json!({ "fid": node.id.to_string(), "fn": node.name, "fs": dice.number(node.size()), "url": url });
    if node.is_dir() {
        return match dice.below(3) {
            0 => Ok((described(json!(false)), None)),
            1 => Ok((described(json!(null)), None)),
            _ => Err(failed(sim, 4_100_013, "文件不存在")),
        };
    }
    if let Some(refusal) = refused(sim, &node) {
        return Err(refusal);
    }
    if ["share_downurl_web", "share_skip_login"].contains(&label) && node.size() > WEB_LIMIT {
        return Err(failed(sim, 50_028, "文件大小超出限制"));
    }
    let issued = issue(sim, call, &node, label);
    let url = json!({ "url": issued.url, "client": 1, "desc": dice.pick(&[None, Some("")]), "isp": null });
    Ok((described(url), Some(issued)))
}

/// A link is to be had of a share in good state only, or of one's own in audit.
fn closed(sim: &Sim, shared: &Shared, own: bool) -> Option<Reply> {
    let state = shared.state(sim.now());
    match state {
        ShareState::Normal => None,
        ShareState::Auditing if own => None,
        ShareState::Expired => {
            let mut reply = Reply::json(json!({ "state": false, "msg": "链接已过期", "errno": 4_100_018 }));
            reply.errno = Some(4_100_018);
            Some(reply)
        }
        _ => over(sim, state).or_else(|| Some(failed(sim, 4_100_000, "分享不可用"))),
    }
}

fn held(shared: &Shared, id: u64) -> Option<Node> {
    let world = shared.world.lock();
    world.node(id).filter(|node| shared.holds(&world, node.id)).cloned()
}

fn with_cookie(reply: Reply, issued: Option<Issued>) -> Reply {
    let cookie = issued.and_then(|issued| issued.cookie);
    cookie.into_iter().fold(reply, |reply, cookie| reply.with(header::SET_COOKIE, cookie))
}
