//! Logging in to the Open Platform with an AppID of one's own: a QR code, a scan, and tokens for it (`docs/115.md` §10.1).

mod pkce;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use self::pkce::{challenge, verifier};
use super::open::Tokens;
use crate::call::{Auth, Call};
use crate::clock::Clock;
use crate::error::{Error, Kind, QR_EXPIRED, Site};
use crate::gate::{Gate, Limits};
use crate::lenient;
use crate::wire::{PASSPORT, QRCODE, Wire};

/// The longest the exchange for tokens may take.
const EXCHANGE: Duration = Duration::from_secs(20);

/// Logs accounts in for one app.
#[derive(Debug)]
pub struct DeviceLogin {
    gate: Gate,
    app_id: String,
}

/// A QR code that waits for its scan. Who stores it can go on in another process.
#[derive(Clone)]
pub struct Ticket {
    /// What the QR code is to say, word for word. Only the 115 app can read it.
    pub qrcode: String,
    /// 115's name for it.
    pub uid: String,
    /// When 115 made it, in its own form.
    pub time: String,
    /// 115's proof that it is 115's.
    pub sign: SecretString,
    /// Our proof that the tokens are for us.
    pub verifier: SecretString,
}

/// How far the owner of the phone has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// Nobody has scanned it yet: ask again.
    Waiting,
    /// Scanned and not confirmed yet: ask again.
    Scanned,
    /// Confirmed: now the tokens can be had, once.
    Confirmed,
    /// Too late: begin again.
    Expired,
    /// The owner has said no.
    Cancelled,
    /// Over for a reason that is only a number so far.
    Aborted(i64),
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("time", &self.time).finish_non_exhaustive()
    }
}

impl DeviceLogin {
    /// `http` should come from [`http_client`](crate::http_client).
    #[must_use]
    pub fn new(http: reqwest::Client, wire: Arc<Wire>, app_id: impl Into<String>, clock: Clock) -> Self {
        Self { gate: Gate::new(http, wire, None, Limits::default(), clock), app_id: app_id.into() }
    }

    /// Asks for a QR code.
    ///
    /// # Errors
    /// `App` when 115 does not serve the AppID, and those of every call.
    pub async fn begin(&self) -> Result<Ticket, Error> {
        #[derive(Deserialize)]
        struct Code {
            #[serde(default, deserialize_with = "lenient::text")]
            uid: Option<String>,
            #[serde(default, deserialize_with = "lenient::text")]
            time: Option<String>,
            #[serde(default, deserialize_with = "lenient::text")]
            sign: Option<String>,
            #[serde(default, deserialize_with = "lenient::text")]
            qrcode: Option<String>,
        }
        let verifier = verifier();
        let call = Call::post("auth_device_code", PASSPORT, "/open/authDeviceCode")
            .auth(Auth::None)
            .form("client_id", self.app_id.as_str())
            .form("code_challenge", challenge(&verifier))
            .form("code_challenge_method", "sha256");
        let reply = self.gate.send(&call).await?;
        let ticket = reply.data::<Code>()?.and_then(|code| {
            let (uid, time, sign) = (code.uid?, code.time?, code.sign?.into());
            Some(Ticket { qrcode: code.qrcode?, uid, time, sign, verifier })
        });
        ticket.ok_or_else(|| reply.error(Kind::Undecodable, "the reply has no QR code"))
    }

    /// How far it has come. 115 holds the answer back until something changes, or for as long as a call may take.
    ///
    /// # Errors
    /// Those of every call; `Refused` when 115 does not know the code.
    pub async fn poll(&self, ticket: &Ticket) -> Result<Scan, Error> {
        let call = Call::get("qrcode_status", QRCODE, "/get/status/")
            .auth(Auth::None)
            .query("uid", ticket.uid.as_str())
            .query("time", ticket.time.as_str())
            .query("sign", ticket.sign.expose_secret())
            .expects(QR_EXPIRED)
            .probe();
        let reply = match self.gate.send(&call).await {
            Err(error) if error.kind == Kind::Timeout => return Ok(Scan::Waiting),
            reply => reply?,
        };
        if reply.envelope.failed() {
            return Ok(Scan::Expired);
        }
        #[derive(Deserialize)]
        struct Outer {
            #[serde(default, deserialize_with = "lenient::object")]
            data: Option<Status>,
        }
        #[derive(Deserialize)]
        struct Status {
            #[serde(default, deserialize_with = "lenient::int")]
            status: Option<i64>,
        }
        Ok(match reply.json::<Outer>()?.data.and_then(|data| data.status) {
            None | Some(0) => Scan::Waiting,
            Some(1) => Scan::Scanned,
            Some(2) => Scan::Confirmed,
            Some(-1) => Scan::Expired,
            Some(-2) => Scan::Cancelled,
            Some(other) => Scan::Aborted(other),
        })
    }

    /// The tokens of a confirmed code, in generation 0: who stores them counts. Asked for once, since a lost reply
    /// takes the tokens with it: then the login begins again.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn finish(&self, ticket: &Ticket) -> Result<Tokens, Error> {
        const SITE: Site = Site { call: "device_code_to_token", host: PASSPORT };
        let call = Call::post(SITE.call, SITE.host, "/open/deviceCodeToToken")
            .auth(Auth::None)
            .form("uid", ticket.uid.as_str())
            .form("code_verifier", ticket.verifier.expose_secret());
        let turn = self.gate.turn(SITE).await?;
        let reply = self.gate.once(turn, &call, EXCHANGE).await?;
        Tokens::issued(&reply, 0, self.gate.clock().unix())
    }

    /// By how many seconds 115's clock is ahead of ours, out of the `Date` of the last reply; right to a second or two.
    #[must_use]
    pub fn skew(&self) -> Option<i64> {
        self.gate.skew()
    }
}
