//! A credential as it lies in the store: what holds, how it was got, and what is known of its renewal.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    super::{Stored, Value, Version},
    Fingerprint, Refusal,
};
use crate::error::{Error, Kind, Result};

/// What an account logs in with.
#[derive(Clone)]
pub enum Secret {
    /// The text of the cookie.
    Cookie(SecretString),
    /// Both tokens of the Open Platform.
    Tokens {
        /// Empty where only a refresh token is at hand.
        access: SecretString,
        refresh: SecretString,
        /// When the access token ends, unix seconds; `None` where nobody has said.
        expires: Option<u64>,
    },
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cookie(_) => f.debug_struct("Cookie").finish_non_exhaustive(),
            Self::Tokens { expires, .. } => f.debug_struct("Tokens").field("expires", expires).finish_non_exhaustive(),
        }
    }
}

/// How a credential was got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It stood in the configuration.
    Config,
    /// Somebody has logged in.
    Login,
    /// A renewal of the one before.
    Rotation,
}

/// The credential that holds.
#[derive(Debug, Clone)]
pub struct Held {
    pub secret: Secret,
    /// Grows with each credential of the account, so the greater of two is the newer.
    pub generation: u64,
    pub origin: Origin,
    /// When it was got, unix seconds.
    pub since: u64,
    /// When a renewal of it was begun whose outcome nobody has written down, unix seconds. It may be under way.
    pub begun: Option<u64>,
    /// 115 will not renew it any more.
    pub refused: Option<Refusal>,
}

/// The form in the store. Fields may be added with a default; none changes its meaning.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) generation: u64,
    pub(super) origin: Origin,
    pub(super) since: u64,
    secret: Plain,
    /// What the configuration said last time.
    #[serde(default)]
    pub(super) config: Option<Fingerprint>,
    #[serde(default)]
    pub(super) begun: Option<Begun>,
    #[serde(default)]
    pub(super) silence: Option<Silence>,
    #[serde(default)]
    pub(super) refused: Option<Refusal>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plain {
    Cookie(String),
    Tokens { access: String, refresh: String, expires: Option<u64> },
}

/// A renewal was begun: when, and under which lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) at: u64,
    pub(super) lease: u64,
}

/// 115 does not want to be asked before then.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Silence {
    pub(super) code: i64,
    pub(super) until: u64,
}

impl Record {
    /// The credential that follows on `before`, of which only the memory of the configuration stays.
    pub(super) fn next(before: Option<&Self>, secret: &Secret, origin: Origin, now: u64) -> Self {
        Self {
            generation: before.map_or(0, |before| before.generation) + 1,
            origin,
            since: now,
            secret: Plain::of(secret),
            config: before.and_then(|before| before.config.clone()),
            begun: None,
            silence: None,
            refused: None,
        }
    }

    pub(super) fn read(stored: &Stored) -> Result<(Self, Version)> {
        // Without the cause, which may repeat what it could not read.
        let record = serde_json::from_slice(&stored.value.bytes).map_err(|_| unreadable())?;
        Ok((record, stored.version))
    }

    pub(super) fn write(&self) -> Result<Value> {
        serde_json::to_vec(self).map(Value::new).map_err(|_| unreadable())
    }

    pub(super) fn held(&self) -> Held {
        Held {
            secret: self.secret.secret(),
            generation: self.generation,
            origin: self.origin,
            since: self.since,
            begun: self.begun.map(|begun| begun.at),
            refused: self.refused,
        }
    }
}

impl Plain {
    fn of(secret: &Secret) -> Self {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        match secret {
            Secret::Cookie(cookie) => Self::Cookie(text(cookie)),
            Secret::Tokens { access, refresh, expires } => {
                Self::Tokens { access: text(access), refresh: text(refresh), expires: *expires }
            }
        }
    }

    fn secret(&self) -> Secret {
        match self {
            Self::Cookie(cookie) => Secret::Cookie(cookie.as_str().into()),
            Self::Tokens { access, refresh, expires } => {
                Secret::Tokens { access: access.as_str().into(), refresh: refresh.as_str().into(), expires: *expires }
            }
        }
    }
}

fn unreadable() -> Error {
    Error::new(Kind::Storage, "A stored credential is in a form that cannot be read. Log in again.")
}
