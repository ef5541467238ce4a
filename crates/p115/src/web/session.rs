//! Is the login alive, and whose is it? Asked where asking has no side effect (`docs/115.md` §1.5, §1.6).

use std::sync::Arc;

use serde::Deserialize;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::lenient;
use crate::session::Cookie;
use crate::wire::{MY, PROAPI};

/// How a login stands with 115.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It lives.
    Alive,
    /// Another login of the same kind of device has taken its place, or it was removed: folders may still be listed for
    /// a while, links are not given any more.
    Kicked,
    /// 115 does not know it.
    LoggedOut,
}

impl Standing {
    /// What a person should do about it.
    #[must_use]
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::Alive => None,
            Self::Kicked => Some(
                "another login of the same kind of device has ended this one: log in again as an app type that nobody \
                 uses, such as wechatmini",
            ),
            Self::LoggedOut => Some("log in to 115 again and store the new cookie"),
        }
    }
}

/// Whose login it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account's number.
    pub id: u64,
    /// Its name.
    pub name: Option<String>,
    /// Its rank among paying members; 0 for none.
    pub vip: i64,
    /// When the membership ends, unix seconds.
    pub vip_until: Option<u64>,
}

/// Never `check/sso`, which looks the same and logs out other sessions of the same device class.
pub(crate) async fn alive(gate: &Gate) -> Result<bool, Error> {
    let call = Call::get("status", MY, "/").query("ct", "guide").query("ac", "status").probe();
    loop {
        let asked = gate.cookie();
        match gate.send(&call).await {
            Ok(reply) if reply.envelope.state == Some(true) => return Ok(true),
            Ok(reply) if reply.envelope.state.is_none() => {
                return Err(reply.error(Kind::Undecodable, "the reply has no state"));
            }
            Ok(_) if another(gate, asked) => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind == Kind::Session => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// These calls say that a login is dead without failing; whether there is another one to ask for.
fn another(gate: &Gate, asked: Option<Arc<Cookie>>) -> bool {
    asked.is_some_and(|asked| gate.fall_back(&asked))
}

/// The web API first: it goes on answering a login that the app API has ended. What the app API tells a browser's login
/// says nothing, and neither does an answer that is not about the login.
pub(crate) async fn standing(gate: &Gate) -> Result<Standing, Error> {
    if !alive(gate).await? {
        return Ok(Standing::LoggedOut);
    }
    match gate.send(&Call::get("app_space_info", PROAPI, "/android/user/space_info")).await {
        Ok(_) => Ok(Standing::Alive),
        Err(error) if error.kind == Kind::Session => Ok(Standing::Kicked),
        Err(error) if matches!(error.kind, Kind::WayClosed | Kind::Rejected | Kind::Refused) => Ok(Standing::Alive),
        Err(error) => Err(error),
    }
}

pub(crate) async fn user(gate: &Gate) -> Result<User, Error> {
    #[derive(Deserialize)]
    struct Nav {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        #[serde(deserialize_with = "lenient::required_id")]
        user_id: u64,
        #[serde(default, deserialize_with = "lenient::text")]
        user_name: Option<String>,
        #[serde(default, deserialize_with = "lenient::int")]
        vip: Option<i64>,
        #[serde(default, deserialize_with = "lenient::time")]
        expire: Option<u64>,
    }
    let call = Call::get("nav", MY, "/").query("ct", "ajax").query("ac", "nav").probe();
    let reply = loop {
        let asked = gate.cookie();
        let reply = gate.send(&call).await?;
        if !reply.envelope.failed() {
            break reply;
        }
        if !another(gate, asked) {
            return Err(reply.error(Kind::Session, "115 does not know this login"));
        }
    };
    let Data { user_id, user_name, vip, expire } = reply.json::<Nav>()?.data;
    Ok(User { id: user_id, name: user_name, vip: vip.unwrap_or(0), vip_until: expire })
}
