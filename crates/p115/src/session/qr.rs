//! A login by QR code: the code, what becomes of it, and the cookie at its end (`docs/115.md` §2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::app::LoginApp;
use super::cookie::Cookie;
use super::scan::{self, QrState};
use crate::call::{Agent, Call, Class};
use crate::egress::Egress;
use crate::error::{Error, Kind, judge_login};
use crate::lenient;
use crate::wire::{PASSPORT, QRCODE};

/// What a QR code stands for, 115's `uid`: once the code is confirmed, whoever has this can take the login. Never shown
/// by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QrToken(String);

/// A text that is no QR code token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a QR code token is 115's `uid`: 16 to 128 letters and digits, as 115's token call gives it or as it stands after \
     `dg-` in the text of the code"
)]
pub struct QrTokenError;

/// A login under way. Plain data, so that any process may ask what became of it. Secret, as its token is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrTicket {
    uid: QrToken,
    time: i64,
    sign: String,
    text: String,
}

/// What a login gives.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The cookie of the new login.
    pub cookie: Cookie,
    /// The account's number.
    pub user_id: u64,
    /// The account's name, where 115 tells it.
    pub user_name: Option<String>,
}

/// Logs in by QR code. Needs no account; see [`Egress`] for which one to give it.
#[derive(Debug, Clone)]
pub struct QrLogin(Egress);

impl QrLogin {
    /// By way of this address.
    #[must_use]
    pub fn new(egress: Egress) -> Self {
        Self(egress)
    }

    /// A new code. It lives for some five minutes (inferred; only the poll knows).
    ///
    /// # Errors
    /// `Login`, `Transport`, `Timeout`, `Transient`, `Waf`, `Quota`, `Paused`, `Busy` and `Undecodable`.
    pub async fn begin(&self) -> Result<QrTicket, Error> {
        #[derive(Deserialize)]
        struct Begun {
            data: Token,
        }
        #[derive(Deserialize)]
        struct Token {
            uid: QrToken,
            #[serde(deserialize_with = "lenient::int")]
            time: Option<i64>,
            sign: String,
            #[serde(default, deserialize_with = "lenient::text")]
            qrcode: Option<String>,
        }
        let call = Call::get("qr_token", QRCODE, "/api/1.0/web/1.0/token/").class(Class::Login).judged(judge_login);
        let reply = self.0.gate().send(&call).await?;
        let Token { uid, time, sign, qrcode } = reply.json::<Begun>()?.data;
        let time = time.ok_or_else(|| reply.error(Kind::Undecodable, "the token has no time"))?;
        let text = qrcode.unwrap_or_else(|| format!("{TEXT}{}", uid.0));
        Ok(QrTicket { uid, time, sign, text })
    }

    /// What has become of the code, as soon as there is news: 115 holds the question until then. `None` when there was
    /// none in twenty seconds: ask again. A caller that goes on asking may pass over a `Transport` failure too.
    ///
    /// # Errors
    /// As [`QrLogin::begin`].
    pub async fn poll(&self, ticket: &QrTicket) -> Result<Option<QrState>, Error> {
        scan::news(self.0.gate(), [ticket.uid.0.as_str(), &ticket.time.to_string(), &ticket.sign]).await
    }

    /// Takes the login that was confirmed, as this type of app. It works once for a code, so it is not repeated: after a
    /// `Transport` or `Timeout` failure 115 may have logged in without our hearing of it, and a new code is due.
    ///
    /// A token that was written down instead of a ticket, as other programs' configurations have it, will do.
    ///
    /// # Errors
    /// As [`QrLogin::begin`].
    pub async fn finish(&self, token: &QrToken, app: LoginApp) -> Result<LoggedIn, Error> {
        let name = app.asked_as();
        let call = Call::post("qr_result", PASSPORT, format!("/app/1.0/{name}/1.0/login/qrcode/"))
            .class(Class::Login)
            .form("account", token.0.as_str())
            .form("app", name)
            .agent(app.agent().map_or(Agent::Ours, Agent::Exactly))
            .judged(judge_login)
            .once();
        let reply = self.0.gate().send(&call).await?;
        let Given { cookie, user_id, user_name } = reply.json::<Finished>()?.data;
        let cookie = Cookie::parse(&cookie.header())
            .map_err(|e| reply.error(Kind::Undecodable, "the login has no whole cookie").because(e))?;
        let user_id = user_id.unwrap_or(cookie.user_id());
        Ok(LoggedIn { cookie, user_id, user_name })
    }
}

#[derive(Deserialize)]
struct Finished {
    data: Given,
}

#[derive(Deserialize)]
struct Given {
    cookie: Parts,
    #[serde(default, deserialize_with = "lenient::id")]
    user_id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    user_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Parts {
    uid: String,
    cid: String,
    seid: String,
    #[serde(default, deserialize_with = "lenient::text")]
    kid: Option<String>,
}

impl Parts {
    fn header(&self) -> String {
        let kid = self.kid.as_deref().map(|kid| format!("; KID={kid}")).unwrap_or_default();
        format!("UID={}; CID={}; SEID={}{kid}", self.uid, self.cid, self.seid)
    }
}

/// What 115's own codes say before the token.
const TEXT: &str = "https://115.com/scan/dg-";

impl QrTicket {
    /// The text to put into the QR code.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What [`QrLogin::finish`] takes the login by.
    #[must_use]
    pub fn token(&self) -> &QrToken {
        &self.uid
    }
}

impl FromStr for QrToken {
    type Err = QrTokenError;

    /// The bare token, or the text of the code.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let token = text.strip_prefix(TEXT).unwrap_or(text);
        let fits = (16..=128).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Self(token.to_owned())).ok_or(QrTokenError)
    }
}

impl TryFrom<String> for QrToken {
    type Error = QrTokenError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<QrToken> for String {
    fn from(token: QrToken) -> Self {
        token.0
    }
}

impl fmt::Debug for QrToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QrToken(..)")
    }
}

impl fmt::Debug for QrTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QrTicket").field("time", &self.time).finish_non_exhaustive()
    }
}
