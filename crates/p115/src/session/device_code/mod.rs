//! Logging in to the Open Platform with an AppID of one's own: a QR code, a scan, and tokens for it (`docs/115.md` §10.1).

mod pkce;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use self::pkce::{challenge, verifier};
use super::open::Tokens;
use super::scan::{self, QrState};
use crate::call::{Auth, Call, Class};
use crate::clock::Clock;
use crate::error::{Error, Kind, Site};
use crate::gate::{Gate, Limits};
use crate::lenient;
use crate::wire::{PASSPORT, Wire};

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

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("time", &self.time).finish_non_exhaustive()
    }
}

impl DeviceLogin {
    /// `http` should come from [`http_client`](crate::http_client).
    #[must_use]
    pub fn new(http: reqwest::Client, wire: Arc<Wire>, app_id: impl Into<String>, clock: Clock) -> Self {
        Self { gate: Gate::new(http, wire, None, Limits::default().into(), clock), app_id: app_id.into() }
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
            .class(Class::Login)
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

    /// What has become of the code, as soon as there is news: 115 holds the question until then. `None` when there was
    /// none in twenty seconds: ask again.
    ///
    /// # Errors
    /// Those of every call, and `Login`.
    pub async fn poll(&self, ticket: &Ticket) -> Result<Option<QrState>, Error> {
        scan::news(&self.gate, [&ticket.uid, &ticket.time, ticket.sign.expose_secret()]).await
    }

    /// The tokens of a confirmed code, in generation 0: who stores them counts. Asked for once, since a lost reply
    /// takes the tokens with it: then the login begins again.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn finish(&self, ticket: &Ticket) -> Result<Tokens, Error> {
        const SITE: Site = Site { call: "device_code_to_token", host: PASSPORT };
        let call = Call::post(SITE.call, SITE.host, "/open/deviceCodeToToken")
            .class(Class::Login)
            .auth(Auth::None)
            .form("uid", ticket.uid.as_str())
            .form("code_verifier", ticket.verifier.expose_secret());
        let turn = self.gate.turn(SITE, Class::Login).await?;
        let reply = self.gate.once(turn, &call, EXCHANGE).await?;
        Tokens::issued(&reply, 0, self.gate.clock().unix())
    }

    /// By how many seconds 115's clock is ahead of ours, out of the `Date` of the last reply; right to a second or two.
    #[must_use]
    pub fn skew(&self) -> Option<i64> {
        self.gate.skew()
    }
}
