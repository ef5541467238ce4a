//! The login of an Open Platform account: two tokens, of which every renewal gives two others (`docs/115.md` §10.2).

mod keeper;
mod memory;
mod renewal;
mod sender;
mod verdict;

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

pub use self::keeper::{Abandon, Begin, KeeperError, LEASE, Lease, Refusal, TokenKeeper};
pub use self::memory::MemoryKeeper;
pub(crate) use self::sender::Session;
use crate::error::{Error, Kind};
use crate::gate::Reply;
use crate::lenient;

/// Tokens are renewed when they have less than this left, in seconds.
const MARGIN: u64 = 5 * 60;
/// How long an access token lives if 115 does not say.
const LIFE: u64 = 7200;

/// The tokens of one login. Never shown by `Debug`.
#[derive(Clone)]
pub struct Tokens {
    /// What every call carries; empty where only a refresh token is at hand.
    pub access: SecretString,
    /// What new tokens are had for, once. Its life of about a year does not grow by renewal.
    pub refresh: SecretString,
    /// When the access token ends, unix seconds of our clock; `None` where nobody has said.
    pub expires: Option<u64>,
    /// Grows by every renewal and every login of the account, so the greater of two is the newer.
    pub generation: u64,
}

impl Tokens {
    /// Whether the access token is still good, as far as its own end tells.
    fn alive(&self, now: u64) -> bool {
        !self.access.expose_secret().is_empty() && self.expires.is_none_or(|end| now < end)
    }

    fn ends_soon(&self, now: u64) -> bool {
        self.expires.is_some_and(|end| end <= now + MARGIN)
    }

    /// `None` where the text can be no token.
    fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.access.expose_secret())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Reads what a login and a renewal give.
    pub(crate) fn issued(reply: &Reply, generation: u64, now: u64) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Issued {
            #[serde(default, deserialize_with = "lenient::text")]
            access_token: Option<String>,
            #[serde(default, deserialize_with = "lenient::text")]
            refresh_token: Option<String>,
            #[serde(default, deserialize_with = "lenient::int")]
            expires_in: Option<i64>,
        }
        let issued = reply.data::<Issued>()?;
        let pair = issued.and_then(|issued| Some((issued.access_token?, issued.refresh_token?, issued.expires_in)));
        let (access, refresh, life) = pair.ok_or_else(|| reply.error(Kind::Undecodable, "the reply has no tokens"))?;
        let life = life.and_then(|life| u64::try_from(life).ok()).filter(|life| *life > 0).unwrap_or(LIFE);
        let expires = Some(now.saturating_add(life));
        Ok(Self { access: access.into(), refresh: refresh.into(), expires, generation })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Tokens");
        f.field("expires", &self.expires).field("generation", &self.generation).finish_non_exhaustive()
    }
}
