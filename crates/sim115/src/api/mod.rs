//! The API hosts: what every call must bring, which endpoint it means, and how its answer leaves.

mod aps;
pub(crate) mod call;
mod entry;
mod files;
mod link;
mod lookup;
mod open;
mod passport;
pub(crate) mod png;
mod qr;
pub(crate) mod reply;
mod search;
mod session;
mod share;
mod share_link;
mod space;
pub(crate) mod waf;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, header};
use serde_json::json;

use self::call::{Call, text};
use self::reply::{Payload, Reply};
use crate::fault::Fault;
use crate::ledger::Record;
use crate::quirk::Dice;
use crate::sessions::NOT_LOGGED_IN;
use crate::sim::Sim;

pub(crate) fn router(sim: Sim) -> Router {
    Router::new().fallback(handle).with_state(sim)
}

/// What proves who is calling.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Cookie,
    /// An access token of the Open Platform.
    Bearer,
    /// Nothing: the call itself is about becoming somebody.
    Nobody,
}

struct Endpoint {
    label: &'static str,
    post: bool,
    caller: Caller,
    query: &'static [&'static str],
    form: &'static [&'static str],
    /// Nobody is answered without a living session; false where a session is of use but not needed.
    login: bool,
    run: fn(&Sim, &Call) -> Reply,
}

type Run = fn(&Sim, &Call) -> Reply;

impl Endpoint {
    fn get(label: &'static str, query: &'static [&'static str], run: Run) -> Self {
        Self { label, post: false, caller: Caller::Cookie, query, form: &[], login: true, run }
    }

    fn post(label: &'static str, form: &'static [&'static str], run: Run) -> Self {
        Self { label, post: true, caller: Caller::Cookie, query: &[], form, login: true, run }
    }

    /// A sealed form (§4.2).
    fn sealed(label: &'static str, run: Run) -> Self {
        Self { query: &["t"], ..Self::post(label, &["data"], run) }
    }
}

fn endpoint(call: &Call) -> Option<Endpoint> {
    let found = match (call.host.as_str(), call.path.as_str()) {
        ("webapi.115.com", "/files") => Endpoint::get("files", files::PARAMS, files::files),
        ("aps.115.com", "/natsort/files.php") => Endpoint::get("natsort", files::PARAMS, aps::natsort),
        ("webapi.115.com", "/files/getid") => Endpoint::get("getid", &["path"], lookup::getid),
        ("webapi.115.com", "/category/get") => Endpoint::get("category_get", &["cid", "aid"], lookup::category),
        ("webapi.115.com", "/files/get_info") => Endpoint::get("get_info", &["file_id", "pick_code"], lookup::info),
        ("webapi.115.com", "/files/search") => Endpoint::get("search", search::PARAMS, search::search),
        ("webapi.115.com", "/files/download") => Endpoint::get("files_download", &["pickcode", "dl"], link::web),
        ("webapi.115.com", "/files/index_info") => Endpoint::get("index_info", &["count_space_nums"], space::index),
        ("my.115.com", "/") if call.query.of("ac") == Some("nav") => {
            Endpoint::get("nav", session::PARAMS, session::nav)
        }
        ("my.115.com", "/") => Endpoint::get("status", session::PARAMS, session::status),
        ("proapi.115.com", "/app/chrome/downurl") => Endpoint::sealed("chrome_downurl", link::chrome),
        ("proapi.115.com", "/android/2.0/ufile/download" | "/ios/2.0/ufile/download")
        | ("proapi.115.com", "/115android/2.0/ufile/download") => Endpoint::sealed("android_download", link::android),
        _ => {
            return space::endpoint(call)
                .or_else(|| passport::endpoint(call))
                .or_else(|| qr::endpoint(call))
                .or_else(|| share::endpoint(call))
                .or_else(|| share_link::endpoint(call));
        }
    };
    Some(found)
}

async fn handle(State(sim): State<Sim>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut call = Call::read(parts, body).await;
    // A code of a device login is the Open Platform's, any other the cookie login's.
    let device = open::auth::knows(&sim, &call);
    let endpoint = open::endpoint(&call, device).or_else(|| endpoint(&call));
    let label = endpoint.as_ref().map_or("unknown", |endpoint| endpoint.label);
    let struck = sim.0.faults.strike(label);
    if !struck.delay.is_zero() {
        tokio::time::sleep(struck.delay).await;
    }
    call.fault = struck.fault;
    // Only what is answered from the codes has anything to wait for.
    if label == "qr_status" && call.fault.is_none() {
        if device {
            open::auth::hold(&sim, &call).await;
        } else {
            sim.qr_hold(call.query.of("uid").unwrap_or("")).await;
        }
    }
    // The call is judged even where the script overrules the answer: a violation is one under any weather.
    let usual = answer(&sim, &mut call, endpoint.as_ref());
    let reply = match &call.fault {
        Some(fault) => scripted(&sim.0.dice, label, &call.host, fault).unwrap_or(usual),
        None => usual,
    };
    sim.run_hook(label);
    sim.0.ledger.book(Record {
        label,
        host: call.host.clone(),
        path: call.path.clone(),
        query: unsigned(&call.raw_query),
        user_agent: text(&call.headers, &header::USER_AGENT),
        status: reply.status,
        errno: reply.errno,
    });
    if !struck.hold.is_zero() {
        tokio::time::sleep(struck.hold).await;
    }
    let gzip = call.header(&header::ACCEPT_ENCODING).is_some_and(|accepted| accepted.contains("gzip"));
    // The file calls of the Open Platform are the one place where JSON is always called so.
    let html = sim.0.dice.coin() && !(call.host == "proapi.115.com" && call.path.starts_with("/open/"));
    reply.into_http(html, gzip, sim.date())
}

/// A query without what lets one log in: the code and its signature.
fn unsigned(query: &str) -> String {
    let secret = |pair: &&str| pair.starts_with("uid=") || pair.starts_with("sign=");
    query.split('&').filter(|pair| !secret(pair)).collect::<Vec<_>>().join("&")
}

fn answer(sim: &Sim, call: &mut Call, endpoint: Option<&Endpoint>) -> Reply {
    let violation = |what: String| sim.0.ledger.violation(format!("{}{}: {what}", call.host, call.path));
    let cookie = call.header(&header::COOKIE);
    if cookie.as_ref().is_some_and(|cookie| cookie.trim_end().ends_with(';')) {
        violation("the Cookie ends in a semicolon".to_owned());
        return Reply::waf();
    }
    // The firewall counts by cookie, and these calls have none.
    if let Some(endpoint) = endpoint.filter(|endpoint| endpoint.caller != Caller::Cookie) {
        return open::answer(sim, call, endpoint);
    }
    if sim.0.waf.lock().blocks(sim.0.clock.now_ms()) {
        return Reply::waf();
    }
    let Some(endpoint) = endpoint else {
        violation("no such endpoint".to_owned());
        return Reply::errno(&sim.0.dice, 980_006, "404 Not Found");
    };
    if !call.method_known || call.post != endpoint.post {
        violation("wrong method".to_owned());
        return Reply::errno(&sim.0.dice, 980_006, "404 Not Found");
    }
    let app = call.host == "proapi.115.com";
    if !app && call.user_agent().is_empty() {
        violation("no User-Agent".to_owned());
        return Reply::waf();
    }
    let at_once = app || passport::speaks(&call.host);
    let verdict = sim.0.sessions.lock().judge(cookie.as_deref(), at_once);
    if let Some(stray) = verdict.stray {
        violation(format!("a cookie of no account: {stray}"));
    }
    match verdict.session {
        Ok(session) if link::is_barred(sim, endpoint.label, &session) => {
            return not_logged_in(sim, endpoint.label, &call.host, NOT_LOGGED_IN);
        }
        Ok(session) => call.session = Some(session),
        Err(number) if endpoint.login => return not_logged_in(sim, endpoint.label, &call.host, number),
        Err(_) => {}
    }
    let misused = if passport::speaks(&call.host) { passport::misused } else { misused };
    if let Some(stray) = call.query.stray(endpoint.query).or_else(|| call.form.stray(endpoint.form)) {
        return misused(sim, &format!("{}: unknown or repeated parameter {stray}", endpoint.label));
    }
    if !endpoint.form.is_empty() && !call.form_typed {
        return misused(sim, &format!("{}: the form does not call itself one", endpoint.label));
    }
    (endpoint.run)(sim, call)
}

fn not_logged_in(sim: &Sim, label: &str, host: &str, number: i64) -> Reply {
    let dice = &sim.0.dice;
    match label {
        "status" => Reply::json(json!({ "state": false })),
        _ if passport::speaks(host) => passport::not_logged_in(dice, number),
        // Shares say it in either of two numbers (§9.4).
        _ if label.starts_with("share_") => Reply::errno(dice, dice.pick(&[number, 990_001]), "请先登录"),
        _ => Reply::errno(dice, number, "请重新登录"),
    }
}

/// A parameter error, noted as a violation.
fn misused(sim: &Sim, what: &str) -> Reply {
    sim.0.ledger.violation(what.to_owned());
    Reply::errno(&sim.0.dice, 990_002, "参数错误。")
}

/// What the script puts in place of the answer; nothing where the endpoint itself has to misbehave.
fn scripted(dice: &Dice, label: &str, host: &str, fault: &Fault) -> Option<Reply> {
    if label.starts_with("open_")
        && let Some(reply) = open::scripted(dice, label, fault)
    {
        return Some(reply);
    }
    Some(match fault {
        Fault::Errno(number, text) if passport::speaks(host) => passport::failed(dice, *number, text),
        Fault::NotLoggedIn if passport::speaks(host) => passport::not_logged_in(dice, NOT_LOGGED_IN),
        Fault::Errno(number, text) if label == "files_download" => {
            let mut reply = Reply::json(json!({ "state": false, "errcode": number, "error_msg": text }));
            reply.errno = Some(*number);
            reply
        }
        Fault::Errno(number, text) => Reply::errno(dice, *number, text),
        Fault::ErrnoIn(key, number, text) => Reply::errno_in(dice, key, *number, text),
        Fault::Status(status, body) => Reply::raw(*status, "text/plain", *body),
        Fault::TooManyRequests(reset) => Reply::too_many(*reset),
        Fault::Waf => Reply::waf(),
        Fault::Captcha => Reply::errno(dice, 911, "请验证账号"),
        Fault::NotLoggedIn => Reply::errno(dice, 99, "请重新登录"),
        Fault::Html => Reply::raw(200, "text/html; charset=utf-8", "<html><body>系统维护中</body></html>"),
        Fault::Garbage => Reply::raw(200, "text/html; charset=utf-8", &b"{\"state\":true,\"da\x00\xff\xfe"[..]),
        Fault::GarbageData => {
            Reply::json(json!({ "state": true, "msg": "", "errno": 0, "data": "R2FyYmFnZSwgbm90IGEgYmxvY2s=" }))
        }
        Fault::VersionTooLow => version_too_low(),
        Fault::Margin(seconds) => Reply::json(json!({ "margin": seconds })),
        Fault::Reset | Fault::LoseReply => Reply::dropped(),
        _ => return None,
    })
}

/// Quirk 48: a refusal with no number at all.
fn version_too_low() -> Reply {
    Reply {
        body: Payload::Json(json!({ "state": false, "error": "当前版本过低，请升级到最新版本下载。" })),
        ..Reply::json(json!(null))
    }
}
