//! Device code, its QR poll, and the two ways to a pair of tokens (docs/115.md, §10.1 and §10.2).

use std::time::Duration;

use serde_json::{Value, json};

use super::misused;
use super::reply::{granted, nothing, refused};
use crate::api::call::Call;
use crate::api::reply::Reply;
use crate::open::pkce::{Challenge, Wrong};
use crate::open::tickets::{Stage, Tickets};
use crate::open::{OpenTokens, codes};
use crate::sim::Sim;

/// A QR code that is over, or none of ours.
const QR_OVER: i64 = 40_199_002;

/// How often a held poll looks whether there is news.
const LOOK: Duration = Duration::from_millis(10);

pub(super) fn device_code(sim: &Sim, call: &Call) -> Reply {
    let label = "open_device_code";
    let text = |key: &str| call.form.of(key).unwrap_or("");
    let app = text("client_id");
    if app.is_empty() {
        return misused(sim, label, "no client_id");
    }
    if !sim.open_knobs().apps.iter().any(|known| known == app) {
        return refuse(sim, label, 40_140_100);
    }
    if text("code_challenge").is_empty() {
        return wrong(sim, label, 40_140_101);
    }
    let challenge = match Challenge::read(text("code_challenge"), text("code_challenge_method")) {
        Ok(challenge) => challenge,
        Err(Wrong::Method) => return wrong(sim, label, 40_140_102),
        Err(Wrong::Text) => return misused(sim, label, "code_challenge is no digest of that method"),
    };
    let time = sim.0.clock.now_unix();
    let (uid, sign) = sim.0.open.lock().tickets.open(app, challenge, time);
    granted(&json!({ "uid": uid, "time": time, "qrcode": sim.qr_text(&uid), "sign": sign }))
}

/// A poll is held until there is news, or for as long as the server likes.
pub(in crate::api) async fn hold(sim: &Sim, call: &Call) {
    let news = async {
        while !has_news(sim, call) {
            tokio::time::sleep(LOOK).await;
        }
    };
    // Without news the poll is answered all the same.
    let _ = tokio::time::timeout(sim.open_knobs().qr_hold, news).await;
}

/// Whether a poll is about a code of a device login.
pub(in crate::api) fn knows(sim: &Sim, call: &Call) -> bool {
    call.path == "/get/status/" && sim.0.open.lock().tickets.get(call.query.of("uid").unwrap_or("")).is_some()
}

fn has_news(sim: &Sim, call: &Call) -> bool {
    let (now, life) = sim.qr_time();
    let open = sim.0.open.lock();
    polled(&open.tickets, call).map_or(true, |uid| open.tickets.has_news(uid, now, life))
}

/// The ticket a poll is about; `Err` is the code of its refusal.
fn polled<'c>(tickets: &Tickets, call: &'c Call) -> Result<&'c str, i64> {
    let (uid, sign) = (call.query.of("uid").unwrap_or(""), call.query.of("sign").unwrap_or(""));
    let ticket = tickets.get(uid).ok_or(QR_OVER)?;
    match () {
        () if sign.is_empty() => Err(40_140_103),
        () if sign != ticket.sign || call.query.of("time") != Some(&ticket.time.to_string()) => Err(40_140_104),
        () => Ok(uid),
    }
}

pub(super) fn status(sim: &Sim, call: &Call) -> Reply {
    let label = "qr_status";
    let ((now, life), dice) = (sim.qr_time(), &sim.0.dice);
    let mut open = sim.0.open.lock();
    let uid = match polled(&open.tickets, call) {
        Ok(uid) => uid,
        Err(QR_OVER) => return refused(dice, label, QR_OVER, "二维码已失效"),
        Err(code) => return wrong(sim, label, code),
    };
    let heard = |text: &str, status: i64| json!({ "msg": text, "status": status, "version": &uid[..16] });
    let data = match open.tickets.tell(uid, now, life) {
        // Quirk 38: while nobody has scanned there may be no status, and no data either.
        Some((Stage::Waiting, _)) if dice.coin() => nothing(dice),
        Some((Stage::Waiting, _)) => heard("", 0),
        Some((Stage::Scanned, _)) => heard("扫描成功，请在手机上确认", 1),
        Some((Stage::Confirmed, _)) => heard("已确认登录", 2),
        Some((Stage::Cancelled, _)) => heard("已取消登录", -2),
        Some((Stage::Expired, false)) if dice.coin() => heard("二维码已过期", -1),
        Some((Stage::Expired, _)) | None => return refused(dice, label, QR_OVER, "二维码已失效"),
    };
    Reply::json(json!({ "state": 1, "code": 0, "message": "", "data": data }))
}

pub(super) fn device_token(sim: &Sim, call: &Call) -> Reply {
    let label = "open_device_token";
    let text = |key: &str| call.form.of(key).unwrap_or("");
    let (uid, verifier) = (text("uid"), text("code_verifier"));
    if uid.is_empty() || verifier.is_empty() {
        return misused(sim, label, "no uid or no code_verifier");
    }
    if !(43..=128).contains(&verifier.len()) {
        return wrong(sim, label, 40_140_112);
    }
    let ((now, life), knobs) = (sim.qr_time(), sim.open_knobs());
    let mut open = sim.0.open.lock();
    let (app, met) = match (open.tickets.stage(uid, now, life), open.tickets.get(uid)) {
        (Some(Stage::Confirmed), Some(ticket)) => (ticket.app.clone(), ticket.challenge.is_met_by(verifier)),
        (Some(Stage::Expired), _) => return refused(&sim.0.dice, label, QR_OVER, "二维码已失效"),
        _ => return wrong(sim, label, 40_101_017),
    };
    if !met {
        return wrong(sim, label, 40_140_113);
    }
    open.tickets.redeem(uid);
    let tokens = open.grants.authorise(&app, now, &knobs);
    pair(sim, &tokens)
}

pub(super) fn refresh(sim: &Sim, call: &Call) -> Reply {
    let label = "open_refresh";
    let token = call.form.of("refresh_token").unwrap_or("");
    if token.is_empty() {
        return misused(sim, label, "no refresh_token");
    }
    let knobs = sim.open_knobs();
    let refreshed = sim.0.open.lock().grants.refresh(token, sim.0.clock.now_ms(), &knobs, &sim.0.dice);
    match refreshed {
        Ok(tokens) => {
            sim.0.ledger.rotated();
            pair(sim, &tokens)
        }
        Err(code) => refuse(sim, label, code),
    }
}

fn pair(sim: &Sim, tokens: &OpenTokens) -> Reply {
    let knobs = sim.open_knobs();
    let claimed = knobs.claimed_life.unwrap_or(knobs.access_life).as_secs();
    let data: Value = json!({ "access_token": tokens.access, "refresh_token": tokens.refresh, "expires_in": claimed });
    granted(&data)
}

/// A refusal that a good client may meet.
fn refuse(sim: &Sim, label: &str, code: i64) -> Reply {
    refused(&sim.0.dice, label, code, codes::text(code).unwrap_or_default())
}

/// A refusal that only a client's own mistake can bring.
fn wrong(sim: &Sim, label: &str, code: i64) -> Reply {
    sim.0.ledger.violation(format!("{label}: {code}"));
    refuse(sim, label, code)
}
