//! Login, logout and the devices: `state` is a number here, and the error stands in `code` (docs/115.md, §1.6 and §2).

use axum::http::header;
use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Reply, dice_zero};
use super::{Endpoint, qr};
use crate::apps::App;
use crate::quirk::Dice;
use crate::sessions::{Ended, NOT_LOGGED_IN, Session, pairs};
use crate::sim::Sim;

/// "Please log in again".
const LOG_IN_AGAIN: i64 = 40_101_032;

pub(super) fn speaks(host: &str) -> bool {
    ["passportapi.115.com", "qrcodeapi.115.com"].contains(&host)
}

/// `/app/1.0/{app}/1.0/…`
pub(super) fn endpoint(call: &Call) -> Option<Endpoint> {
    let (_, action) = route(call).filter(|_| call.host == "passportapi.115.com")?;
    match action {
        "login/qrcode/" => {
            Some(Endpoint { login: false, ..Endpoint::post("qr_result", &["account", "app"], qr::result) })
        }
        "check/sso" => Some(Endpoint { login: false, ..Endpoint::get("check_sso", &["_"], check_sso) }),
        "login_log/login_devices" => Some(Endpoint::get("login_devices", &[], login_devices)),
        "logout/index" => Some(Endpoint::post("logout", &[], logout)),
        _ => None,
    }
}

fn route(call: &Call) -> Option<(App, &str)> {
    let (app, rest) = call.path.strip_prefix("/app/1.0/")?.split_once('/')?;
    Some((App::named(app)?, rest.strip_prefix("1.0/")?))
}

/// The app type that the path names.
pub(super) fn app(call: &Call) -> Option<App> {
    route(call).map(|(app, _)| app)
}

pub(super) fn ok(data: &Value) -> Reply {
    Reply::json(json!({ "state": 1, "code": 0, "errno": 0, "error": "", "message": "", "data": data }))
}

pub(super) fn failed(dice: &Dice, number: i64, text: &str) -> Reply {
    let errno = if dice.coin() { json!(number) } else { json!(0) };
    let data = if dice.coin() { json!([]) } else { json!({}) };
    let mut reply = Reply::json(
        json!({ "state": 0, "code": number, "errno": errno, "error": text, "message": text, "data": data }),
    );
    reply.errno = Some(number);
    reply
}

pub(super) fn not_logged_in(dice: &Dice, number: i64) -> Reply {
    failed(dice, if number == NOT_LOGGED_IN { LOG_IN_AGAIN } else { number }, "请重新登录")
}

/// A bad or missing parameter, noted as a violation.
pub(super) fn misused(sim: &Sim, what: &str) -> Reply {
    sim.0.ledger.violation(what.to_owned());
    failed(&sim.0.dice, 40_100_000, "参数错误！")
}

/// Looks like a probe, but 0 is "yes" here, and every other session of the same letters is logged out by it.
fn check_sso(sim: &Sim, call: &Call) -> Reply {
    sim.0.ledger.violation("check/sso logs other sessions out; the harmless probe is my.115.com".to_owned());
    let Some(session) = &call.session else {
        let mut reply = Reply::json(json!({
            "state": 1, "code": LOG_IN_AGAIN, "errno": LOG_IN_AGAIN, "error": "请重新登录", "message": "请重新登录",
            "check_ssd": false, "expire": 0, "data": { "expire": 0, "link": "", "user_id": 0 },
        }));
        reply.errno = Some(LOG_IN_AGAIN);
        return reply;
    };
    let dead = Ended { grace: 0, number: LOG_IN_AGAIN };
    let others = sim.0.sessions.lock().end_others(&session.cookie, session.app, dead);
    Reply::json(json!({
        "state": 0, "code": 0, "errno": 0, "error": "", "message": "", "check_ssd": others > 0, "expire": 0,
        "data": { "expire": 0, "link": "", "user_id": sim.0.user_id },
    }))
}

fn login_devices(sim: &Sim, call: &Call) -> Reply {
    ok(&devices(sim, call.session.as_ref()))
}

/// The living sessions, newest first; none is the caller's where his has been kicked and is still served.
pub(super) fn devices(sim: &Sim, caller: Option<&Session>) -> Value {
    let dice = &sim.0.dice;
    let sessions = sim.0.sessions.lock();
    let list: Vec<_> = sessions
        .living()
        .rev()
        .map(|session| {
            let own = caller.is_some_and(|caller| caller.cookie == session.cookie);
            json!({
                "is_current": u8::from(own), "ssoent": session.app.letters, "utime": dice.number(session.since),
                "device": session.app.name, "name": format!("115 ({})", session.app.name), "icon": session.app.name,
                "desc": "", "ip": "192.0.2.115", "city": "深圳", "is_unusual": 0,
            })
        })
        .collect();
    let last = sessions.living().next_back().map_or_else(
        || json!({}),
        |session| {
            json!({
                "ip": "192.0.2.115", "device": session.app.name, "device_id": "", "network": "", "os": session.app.name,
                "city": "深圳", "utime": dice.number(session.since),
            })
        },
    );
    json!({ "last": last, "list": list })
}

fn logout(sim: &Sim, call: &Call) -> Reply {
    if let Some(session) = &call.session {
        sim.0.sessions.lock().end(&session.cookie, Ended { grace: 0, number: 40_101_037 });
    }
    Reply::json(json!({ "state": 1 }))
}

/// What a login hands over: the cookie twice, as data and as the browser's own.
pub(super) fn logged_in(sim: &Sim, cookie: &str) -> Reply {
    let parts: serde_json::Map<_, _> = pairs(cookie).map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let dice = &sim.0.dice;
    let reply = Reply::json(json!({
        "state": 1, "code": 0, "errno": dice_zero(dice), "error": "", "message": "",
        "data": {
            "cookie": parts, "user_id": sim.0.user_id, "user_name": "sim115", "mobile": "138****0115", "is_vip": 1,
            "face": { "face_l": "", "face_m": "", "face_s": "" }, "from": "", "alert": "", "bind_mobile": 1,
            "country": "CN", "email": "", "is_chang_passwd": 0, "is_first_login": 0,
            "is_trusted": dice.pick(&[json!(false), json!(0), json!("0"), json!(null)].each_ref()), "mark": 0,
        },
    }));
    pairs(cookie).fold(reply, |reply, (name, value)| {
        reply.with(header::SET_COOKIE, format!("{name}={value}; path=/; domain=.115.com; HttpOnly"))
    })
}
