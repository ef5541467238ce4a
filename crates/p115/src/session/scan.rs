//! What becomes of a QR code: the one question that every login by a code asks (`docs/115.md` §2).

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;

use crate::call::{Auth, Call, Class};
use crate::error::{Error, Kind, LoginFault, judge_poll};
use crate::gate::Gate;
use crate::wire::QRCODE;

/// What has become of a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QrState {
    /// Nobody has scanned it yet.
    Waiting,
    /// It is scanned, and waits for a tap on the phone.
    Scanned,
    /// It is confirmed: the login gives what it gives, once.
    Confirmed,
    /// Its time is over: begin again.
    Expired,
    /// It was refused on the phone.
    Cancelled,
    /// It ended in a way that 115 does not explain.
    Aborted,
}

/// Asks what has become of the code, which 115 knows by these three. It holds the question until there is news; `None`
/// when there was none for as long as a call may take.
pub(super) async fn news(gate: &Gate, [uid, time, sign]: [&str; 3]) -> Result<Option<QrState>, Error> {
    #[derive(Deserialize)]
    struct Polled {
        #[serde(default)]
        data: Value,
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs());
    let call = Call::get("qr_status", QRCODE, "/get/status/")
        .class(Class::Login)
        .auth(Auth::None)
        .query("uid", uid)
        .query("time", time)
        .query("sign", sign)
        .query("_", now.to_string())
        .judged(judge_poll)
        .once();
    let reply = match gate.send(&call).await {
        Ok(reply) => reply,
        Err(error) if error.kind == Kind::Timeout => return Ok(None),
        Err(error) if error.kind == Kind::Login(LoginFault::Expired) => return Ok(Some(QrState::Expired)),
        Err(error) => return Err(error),
    };
    Ok(Some(QrState::of(reply.json::<Polled>()?.data.get("status"))))
}

impl QrState {
    /// Without a status nobody has scanned it.
    fn of(status: Option<&Value>) -> Self {
        let number = match status {
            None | Some(Value::Null) => Some(0),
            Some(Value::String(text)) if text.is_empty() => Some(0),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_i64(),
        };
        match number {
            Some(0) => Self::Waiting,
            Some(1) => Self::Scanned,
            Some(2) => Self::Confirmed,
            Some(-1) => Self::Expired,
            Some(-2) => Self::Cancelled,
            _ => Self::Aborted,
        }
    }

    /// Whether it is worth asking again.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Scanned)
    }
}
