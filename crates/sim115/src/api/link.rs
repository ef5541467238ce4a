//! The three ways to a link, with their rules on User-Agent, size and folders (docs/115.md, §4.1 to §4.4).

use axum::http::header;
use p115::cipher::m115::{ClientKey, Padding, decode_request, encode_reply};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::reply::Reply;
use crate::cdn::link::{Issued, encoded};
use crate::fault::Fault;
use crate::sessions::Session;
use crate::sim::Sim;
use crate::world::Node;

/// Above this the web way refuses (quirk 21).
pub(super) const WEB_LIMIT: u64 = 200 * 1024 * 1024;

/// Is this a session of a browser, and does an app way turn it away (§1.5)?
pub(super) fn is_barred(sim: &Sim, label: &str, session: &Session) -> bool {
    const APP_WAYS: [&str; 4] = ["chrome_downurl", "android_download", "share_downurl", "share_downurl_plain"];
    session.app.is_browser() && APP_WAYS.contains(&label) && sim.0.knobs.lock().browsers_refused
}

/// `app/chrome/downurl`: free without a User-Agent, bound to it with one, to a cookie as well for 115's own browser.
pub(super) fn chrome(sim: &Sim, call: &Call) -> Reply {
    let (codes, ck) = match open(sim, call, "chrome_downurl", "pickcode") {
        Ok(opened) => opened,
        Err(refusal) => return refusal,
    };
    let dice = &sim.0.dice;
    let (mut found, mut cookies, mut wrong) = (Map::new(), Vec::new(), None);
    for code in codes.split(',') {
        let node = match known(sim, code) {
            Ok(node) => node,
            Err(refusal) => {
                wrong = Some(refusal);
                continue;
            }
        };
        // Quirk 22: a directory has an answer, but no URL in it.
        let url = if node.is_dir() {
            json!(false)
        } else {
            let issued = issue(sim, call, &node, "chrome_downurl");
            cookies.extend(issued.cookie);
            json!({ "url": issued.url, "client": 8, "desc": dice.pick(&[None, Some("")]), "oss_id": encoded(&node.name) })
        };
        found.insert(
            node.id.to_string(),
            json!({ "file_name": node.name, "file_size": dice.number(node.size()), "pick_code": node.pickcode, "url": url }),
        );
    }
    if let (true, Some(refusal)) = (found.is_empty(), wrong) {
        // The same fact in three shapes: an error, an empty object, an entry of negative size.
        return match dice.below(4) {
            0 if refusal.errno == Some(70_005) => sealed(sim, &ck, &json!({})),
            1 if refusal.errno == Some(70_005) => sealed(
                sim,
                &ck,
                &json!({ "0": { "file_name": "", "file_size": -1, "pick_code": codes, "url": false } }),
            ),
            _ => refusal,
        };
    }
    cookies
        .into_iter()
        .fold(sealed(sim, &ck, &Value::Object(found)), |reply, cookie| reply.with(header::SET_COOKIE, cookie))
}

/// `android/2.0/ufile/download` and its twins: one file, always bound to the User-Agent, also to an empty one.
pub(super) fn android(sim: &Sim, call: &Call) -> Reply {
    let (code, ck) = match open(sim, call, "android_download", "pick_code") {
        Ok(opened) => opened,
        Err(refusal) => return refusal,
    };
    let node = match known(sim, &code) {
        Ok(node) if node.is_dir() => return failed(sim, 50_015, "文件不存在或已删除。"),
        Ok(node) => node,
        Err(refusal) => return refusal,
    };
    let issued = issue(sim, call, &node, "android_download");
    let reply = sealed(sim, &ck, &json!({ "url": issued.url }));
    issued.cookie.into_iter().fold(reply, |reply, cookie| reply.with(header::SET_COOKIE, cookie))
}

/// `files/download`: plain JSON, at most 200 MB, always bound to User-Agent and cookie.
pub(super) fn web(sim: &Sim, call: &Call) -> Reply {
    if call.header(&header::REFERER).as_deref() != Some("https://115.com/") {
        sim.0.ledger.violation("files_download: no Referer https://115.com/".to_owned());
        return web_failed(sim, 990_003, "操作失败");
    }
    let code = call.query.of("pickcode").unwrap_or("");
    let world = sim.0.world.lock();
    let Some(node) = world.by_code(code) else {
        return match (code.is_empty(), world.is_gone(code)) {
            (true, _) => web_failed(sim, 50_001, "pickcode为空"),
            (_, true) => web_failed(sim, 70_005, "文件不存在或已删除。"),
            _ => web_failed(sim, 50_003, "文件不存在或已删除。"),
        };
    };
    let Some(file) = &node.file else {
        return Reply::raw(410, "text/html", "<html><head><title>410 Gone</title></head></html>");
    };
    if file.incomplete {
        return web_failed(sim, 70_004, "文件上传不完整");
    }
    if file.size > WEB_LIMIT {
        return web_failed(sim, 50_028, "文件大小超出限制");
    }
    let issued = issue(sim, call, node, "files_download");
    let reply = Reply::json(json!({
        "state": true, "error_msg": "", "errcode": 0, "file_id": node.id.to_string(), "file_name": node.name,
        "file_size": file.size.to_string(), "pick_code": node.pickcode, "file_sha1": file.content.sha1(),
        "file_url": issued.url, "user_id": sim.0.user_id,
    }));
    issued.cookie.into_iter().fold(reply, |reply, cookie| reply.with(header::SET_COOKIE, cookie))
}

/// Everything up to the pickcode inside the sealed form.
fn open(sim: &Sim, call: &Call, label: &str, key: &str) -> Result<(String, ClientKey), Reply> {
    let (inner, ck) = unsealed(sim, call, label, &[key, "user_id"])?;
    match inner.get(key) {
        Some(Value::String(code)) if code.is_empty() => Err(failed(sim, 50_001, "pickcode为空")),
        Some(Value::String(code)) => Ok((code.clone(), ck)),
        _ => Err(super::misused(sim, &format!("{label}: no text under {key} in the sealed form"))),
    }
}

/// Quirk 48, where it is switched on: is the User-Agent none of 115's own?
pub(super) fn is_foreign(sim: &Sim, call: &Call) -> bool {
    let own = [&b"115Browser"[..], b"115disk", b"115Desktop", b"115wangpan"];
    let known = own.iter().any(|name| call.user_agent().windows(name.len()).any(|window| window == *name));
    sim.0.knobs.lock().known_ua && !known
}

/// The sealed form, which may have these keys only.
pub(super) fn unsealed(
    sim: &Sim,
    call: &Call,
    label: &str,
    keys: &[&str],
) -> Result<(Map<String, Value>, ClientKey), Reply> {
    let misused = |what: &str| super::misused(sim, &format!("{label}: {what}"));
    if call.query.of("t").and_then(|t| t.parse::<u64>().ok()).is_none() {
        return Err(misused("t is not the time"));
    }
    if is_foreign(sim, call) {
        return Err(super::version_too_low());
    }
    let private = sim.0.key.as_ref().ok_or_else(|| misused("the simulator has no key"))?;
    let data = call.form.of("data").unwrap_or("");
    let (plain, ck) = decode_request(private, data).map_err(|_| misused("data cannot be deciphered"))?;
    let Ok(Value::Object(inner)) = serde_json::from_slice(&plain) else {
        return Err(misused("the sealed form is no JSON object"));
    };
    if let Some(stray) = inner.keys().find(|name| !keys.contains(&name.as_str())) {
        return Err(misused(&format!("unknown key {stray} in the sealed form")));
    }
    Ok((inner, ck))
}

pub(super) fn issue(sim: &Sim, call: &Call, node: &Node, label: &'static str) -> Issued {
    let knobs = sim.0.knobs.lock().clone();
    let user_agent = call.user_agent();
    let browser = user_agent.to_ascii_lowercase().windows(10).any(|window| window == b"115browser");
    let f = knobs.force_f.get(label).copied().map(Some).unwrap_or(match label {
        "files_download" | "share_downurl_web" => Some(3),
        "android_download" | "open_downurl" => Some(1),
        _ if user_agent.is_empty() => None,
        _ if browser => Some(3),
        _ => Some(1),
    });
    let mut issued = sim.0.issuer.issue(sim.0.clock.now_unix(), &knobs, node, f, user_agent);
    if call.fault == Some(Fault::HostlessUrl)
        && let Some((_, path)) = issued.url.split_once("/cdn/")
    {
        issued.url = format!("http:///{path}");
    }
    issued
}

/// A copy of what a pickcode names, so that the tree is not locked while an answer is being sealed.
fn known(sim: &Sim, code: &str) -> Result<Node, Reply> {
    let world = sim.0.world.lock();
    let node = world.by_code(code).cloned();
    let gone = world.is_gone(code);
    drop(world);
    let node = node.ok_or_else(|| missing(sim, code, gone))?;
    refused(sim, &node).map_or(Ok(node), Err)
}

/// What an existing file can be refused for by the app ways.
pub(super) fn refused(sim: &Sim, node: &Node) -> Option<Reply> {
    let file = node.file.as_ref()?;
    if file.incomplete {
        return Some(failed(sim, 70_004, "文件上传不完整"));
    }
    file.flagged.then(|| failed(sim, 50_038, "该文件涉嫌违规，无法下载"))
}

fn missing(sim: &Sim, code: &str, gone: bool) -> Reply {
    match (code.is_empty(), gone) {
        (true, _) => failed(sim, 50_001, "pickcode为空"),
        (_, true) => failed(sim, 70_005, "文件不存在或已删除。"),
        _ => failed(sim, 50_003, "文件不存在或已删除。"),
    }
}

/// An error whose `data` is anything but a sealed text.
pub(super) fn failed(sim: &Sim, number: i64, text: &str) -> Reply {
    let mut reply = Reply::errno(&sim.0.dice, number, text);
    if let super::reply::Payload::Json(body) = &mut reply.body {
        match sim.0.dice.below(4) {
            0 => body["data"] = json!([]),
            1 => body["data"] = json!({}),
            2 => body["data"] = json!(""),
            _ => {}
        }
    }
    reply
}

fn web_failed(sim: &Sim, number: i64, text: &str) -> Reply {
    let mut reply = Reply::json(
        json!({ "state": false, "error_msg": text, "errcode": sim.0.dice.pick(&[json!(number), json!(number.to_string())].each_ref()) }),
    );
    reply.errno = Some(number);
    reply
}

/// Sealed with either padding (quirk 24).
pub(super) fn sealed(sim: &Sim, ck: &ClientKey, plain: &Value) -> Reply {
    let Some(private) = &sim.0.key else { return Reply::dropped() };
    let padding = if sim.0.dice.coin() { Padding::One } else { Padding::Two };
    let data = encode_reply(private, ck, sim.0.dice.key(), plain.to_string().as_bytes(), padding);
    Reply::json(json!({ "state": true, "msg": "", "errno": 0, "data": data }))
}
