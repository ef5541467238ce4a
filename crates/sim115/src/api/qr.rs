//! Logging in by QR code: token, picture, the poll that is held, and the exchange for a cookie (docs/115.md, §2).

use serde_json::{Value, json};

use super::call::Call;
use super::passport::{failed, logged_in, misused};
use super::png::picture;
use super::reply::Reply;
use super::{Endpoint, passport};
use crate::qr::Stage;
use crate::sessions::{Ended, NOT_LOGGED_IN};
use crate::sim::Sim;

/// The version that a scan is said to come from.
const VERSION: &str = "35.6.0.3";

pub(super) fn endpoint(call: &Call) -> Option<Endpoint> {
    if call.host != "qrcodeapi.115.com" {
        return None;
    }
    let found = match call.path.as_str() {
        "/api/1.0/web/1.0/token" | "/api/1.0/web/1.0/token/" => Endpoint::get("qr_token", &[], token),
        "/api/1.0/web/1.0/qrcode" | "/api/1.0/mac/1.0/qrcode" => {
            Endpoint::get("qr_image", &["uid", "qrfrom", "client"], image)
        }
        "/get/status/" => Endpoint::get("qr_status", &["uid", "time", "sign", "_"], status),
        _ => return None,
    };
    Some(Endpoint { login: false, ..found })
}

fn target(uid: &str) -> String {
    format!("https://115.com/scan/dg-{uid}")
}

fn token(sim: &Sim, _: &Call) -> Reply {
    let code = sim.qr_new();
    Reply::json(json!({
        "state": 1, "code": 0, "message": "",
        "data": { "uid": code.uid, "time": code.time, "sign": code.sign, "qrcode": target(&code.uid) },
    }))
}

fn image(sim: &Sim, call: &Call) -> Reply {
    let uid = call.query.of("uid").unwrap_or("");
    match picture(&target(uid)) {
        Some(png) if sim.qr_codes().iter().any(|known| known == uid) => Reply::raw(200, "image/png", png),
        _ => misused(sim, "qr_image: uid is no code"),
    }
}

/// Comes after the hold, see [`Sim::qr_hold`].
fn status(sim: &Sim, call: &Call) -> Reply {
    let of = |key| call.query.of(key).unwrap_or("");
    let uid = of("uid");
    if uid.is_empty() || sim.qr_signed(uid, of("time"), of("sign")) == Some(false) {
        return misused(sim, "qr_status: uid, time and sign are not those of one token");
    }
    let dice = &sim.0.dice;
    let of_stage = |status: i64, text: &str| json!({ "msg": text, "status": status, "version": VERSION });
    let data = match sim.qr_tell(uid) {
        // Quirk 38: "nobody has scanned it yet" in all its shapes.
        Stage::Waiting => match dice.below(4) {
            0 => of_stage(0, ""),
            1 => json!({ "msg": "", "version": VERSION }),
            2 => json!({}),
            _ => json!([]),
        },
        Stage::Scanned => of_stage(1, "扫描成功，请在手机上确认是否登录"),
        Stage::Confirmed => of_stage(2, "已确认登录"),
        Stage::JustExpired => of_stage(-1, "二维码已失效"),
        Stage::Cancelled => of_stage(-2, "已取消登录"),
        Stage::Gone => return failed(dice, 40_199_002, "二维码已失效，请刷新"),
    };
    Reply::json(json!({ "state": 1, "code": 0, "message": "", "data": data }))
}

/// Once only, and only after the phone has agreed. A login ends that of the same letters before it (quirk 36).
pub(super) fn result(sim: &Sim, call: &Call) -> Reply {
    let of = |key| call.form.of(key).unwrap_or("");
    let Some(app) = passport::app(call).filter(|app| app.name == of("app")) else {
        return misused(sim, "qr_result: app is not the one of the path");
    };
    if of("account").is_empty() {
        return misused(sim, "qr_result: no account");
    }
    if app.is_withdrawn() {
        return withdrawn();
    }
    let dice = &sim.0.dice;
    match sim.qr_take(of("account")) {
        Stage::Confirmed => {}
        Stage::Gone => return failed(dice, 40_199_002, "二维码已失效，请刷新"),
        _ => return failed(dice, 40_101_017, "用户验证失败！"),
    }
    let app = app.logging_in(&String::from_utf8_lossy(call.user_agent()));
    let cookie = sim.new_cookie(app);
    let grace = sim.0.knobs.lock().kick_grace;
    let kicked = Ended { grace, number: dice.pick(&[NOT_LOGGED_IN, 40_101_032]) };
    sim.0.sessions.lock().log_in(cookie.clone(), app, sim.now(), kicked);
    logged_in(sim, &cookie)
}

/// Quirk 37: a refusal whose numbers all say success.
fn withdrawn() -> Reply {
    const TEXT: &str = "登录失败,系统已下架!如果你有电脑端的使用需求,我们诚挚邀请你下载体验115产品专属客户端“115浏览器”\
                        或在线使用“115网页端(115.com)”,畅享智能高效云生活。";
    Reply::json(Value::from_iter([
        ("state", json!(0)),
        ("error", json!(TEXT)),
        ("errno", json!(0)),
        ("message", json!(TEXT)),
        ("code", json!(0)),
    ]))
}
