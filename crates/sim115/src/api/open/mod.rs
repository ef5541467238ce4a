//! The Open Platform: its endpoints, what every call must bring, and its two envelopes (docs/115.md, §10).

pub(super) mod auth;
mod entry;
mod files;
mod info;
mod link;
mod reply;
mod search;
mod user;

use axum::http::header;

use self::reply::{failed, refused};
use super::call::Call;
use super::reply::Reply;
use super::{Caller, Endpoint};
use crate::fault::Fault;
use crate::open::{Spent, codes};
use crate::quirk::Dice;
use crate::sim::Sim;

/// What code 406 and its kin say; a client has to know the sentence, because the number may be missing (quirk 55).
const QUOTA: &str = "已达到当前访问上限，请稍后再试";

type Run = fn(&Sim, &Call) -> Reply;

/// `device`: the poll of a QR code is one of a device login.
pub(super) fn endpoint(call: &Call, device: bool) -> Option<Endpoint> {
    let of = |caller, label, post, params, run: Run| {
        let (query, form): (&[&str], &[&str]) = if post { (&[], params) } else { (params, &[]) };
        Some(Endpoint { label, post, caller, query, form, login: false, run })
    };
    let get = |label, params, run| of(Caller::Bearer, label, false, params, run);
    let post = |label, params, run| of(Caller::Bearer, label, true, params, run);
    let auth = |label, params, run| of(Caller::Nobody, label, true, params, run);
    match (call.host.as_str(), call.path.as_str()) {
        ("passportapi.115.com", "/open/authDeviceCode") => {
            auth("open_device_code", &["client_id", "code_challenge", "code_challenge_method"], auth::device_code)
        }
        ("qrcodeapi.115.com", "/get/status/") if device => {
            of(Caller::Nobody, "qr_status", false, &["uid", "time", "sign", "_"], auth::status)
        }
        ("passportapi.115.com", "/open/deviceCodeToToken") => {
            auth("open_device_token", &["uid", "code_verifier"], auth::device_token)
        }
        ("passportapi.115.com", "/open/refreshToken") => auth("open_refresh", &["refresh_token"], auth::refresh),
        ("proapi.115.com", "/open/user/info") => get("open_user_info", &[], user::info),
        ("proapi.115.com", "/open/ufile/files") => get("open_files", files::PARAMS, files::files),
        ("proapi.115.com", "/open/folder/get_info") if call.post => post("open_get_info", &["path"], info::by_path),
        ("proapi.115.com", "/open/folder/get_info") => get("open_get_info", &["file_id"], info::by_id),
        ("proapi.115.com", "/open/ufile/search") => get("open_search", search::PARAMS, search::search),
        ("proapi.115.com", "/open/ufile/downurl") => post("open_downurl", &["pick_code"], link::downurl),
        _ => None,
    }
}

pub(super) fn answer(sim: &Sim, call: &Call, endpoint: &Endpoint) -> Reply {
    let (dice, label) = (&sim.0.dice, endpoint.label);
    let violation = |what: &str| sim.0.ledger.violation(format!("{label}: {what}"));
    if !call.method_known || call.post != endpoint.post {
        violation("wrong method");
        return refused(dice, label, 980_006, "404 Not Found");
    }
    if call.user_agent().is_empty() && label != "open_downurl" {
        violation("no User-Agent");
        return Reply::waf();
    }
    let cookie = call.header(&header::COOKIE).unwrap_or_default();
    if cookie.split(';').any(|pair| !pair.trim().starts_with("acw_tc=") && !pair.trim().is_empty()) {
        violation("a cookie, which the Open Platform has no use for");
        return refused(dice, label, 990_002, "参数错误。");
    }
    if let Err(refusal) = entitled(sim, call, endpoint) {
        return refusal;
    }
    if let Some(stray) = call.query.stray(endpoint.query).or_else(|| call.form.stray(endpoint.form)) {
        return misused(sim, label, &format!("unknown or repeated parameter {stray}"));
    }
    if endpoint.post && !call.form_typed {
        return misused(sim, label, "the form does not call itself one");
    }
    // These calls change what 115 knows: where the script refuses one, nothing must have happened.
    if endpoint.caller == Caller::Nobody && call.fault.as_ref().is_some_and(|fault| *fault != Fault::LoseReply) {
        return Reply::dropped();
    }
    (endpoint.run)(sim, call)
}

/// The token and what is left to spend.
fn entitled(sim: &Sim, call: &Call, endpoint: &Endpoint) -> Result<(), Reply> {
    let (dice, label) = (&sim.0.dice, endpoint.label);
    let sent = call.header(&header::AUTHORIZATION);
    if endpoint.caller == Caller::Nobody {
        return match sent {
            None => Ok(()),
            Some(_) => Err(misused(sim, label, "a token where none belongs")),
        };
    }
    let refusal = |code| Err(refused(dice, label, code, codes::text(code).unwrap_or_default()));
    let Some(token) = sent.as_deref().and_then(|sent| sent.strip_prefix("Bearer ")) else {
        sim.0.ledger.violation(format!("{label}: no Bearer token"));
        return refusal(40_140_123);
    };
    let mut open = sim.0.open.lock();
    if let Err(code) = open.grants.judge(token, sim.0.clock.now_unix()) {
        return refusal(code);
    }
    let knobs = sim.open_knobs();
    match open.budget.spend(sim.0.clock.now_ms(), knobs.rate, knobs.quota) {
        Ok(()) => Ok(()),
        Err(Spent::Rate(reset)) => Err(Reply::too_many(reset)),
        Err(Spent::Quota) => Err(failed(dice, dice.pick(&[406, 770_004, 0, -1]), QUOTA)),
    }
}

/// A parameter error in the endpoint's envelope, noted as a violation.
fn misused(sim: &Sim, label: &str, what: &str) -> Reply {
    sim.0.ledger.violation(format!("{label}: {what}"));
    let code = if reply::is_auth(label) { 40_100_000 } else { 990_002 };
    refused(&sim.0.dice, label, code, codes::text(code).unwrap_or("参数错误。"))
}

/// What the script puts in place of the answer where the envelope matters.
pub(super) fn scripted(dice: &Dice, label: &str, fault: &Fault) -> Option<Reply> {
    let (code, text) = match fault {
        Fault::Errno(code, text) => (*code, *text),
        Fault::OpenCode(code) => (*code, codes::text(*code).unwrap_or_default()),
        Fault::Captcha => (911, "请验证账号"),
        Fault::NotLoggedIn => (99, "请重新登录"),
        _ => return None,
    };
    Some(refused(dice, label, code, text))
}
