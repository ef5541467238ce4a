//! Where tokens live and who may exchange them: what this crate asks of whoever stores them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::Tokens;

/// The longest that this crate holds a [`Lease`]: one that is older was left behind by a process that died.
pub const LEASE: Duration = Duration::from_secs(15);

/// Where the tokens of one account live. Several processes may share them; whatever `begin` answers decides which of
/// them may ask 115 for new ones.
///
/// A renewal ends the old refresh token the moment 115 answers, so what happens to it is written down before and after:
/// `begin` before the request goes out, `finish` or `abandon` after. What was begun and never ended was cut off, and
/// its outcome is not known. Within one process the calls of a renewal never overlap.
#[async_trait]
pub trait TokenKeeper: fmt::Debug + Send + Sync {
    /// The newest tokens, whoever had them last: this process, another one, or a person who has logged in. Asked before
    /// every call, so it should be quick.
    async fn current(&self) -> Result<Tokens, KeeperError>;

    /// Asks to exchange the tokens of this generation. Before it answers [`Begin::Yours`] it must have written down,
    /// durably, that a renewal of them has begun, and when.
    async fn begin(&self, generation: u64) -> Result<Begin, KeeperError>;

    /// Puts the new tokens in the place of the old ones, durably before it returns; only then are they used. Even if
    /// the lease has run out in the meantime, unless there are newer ones: nobody else has these.
    async fn finish(&self, lease: Lease, new: &Tokens) -> Result<(), KeeperError>;

    /// Gives the lease back without new tokens, and writes down why.
    async fn abandon(&self, lease: Lease, why: Abandon) -> Result<(), KeeperError>;
}

/// Who may exchange the tokens.
#[derive(Debug)]
pub enum Begin {
    /// You, and nobody else for as long as [`LEASE`].
    Yours {
        /// To be given back with the outcome.
        lease: Lease,
        /// What is to be exchanged.
        tokens: Tokens,
        /// When an earlier renewal of these very tokens was begun, in unix seconds, if it was never ended or was
        /// abandoned as [`Abandon::Unknown`].
        unended: Option<u64>,
    },
    /// Nobody: these are newer.
    Newer(Tokens),
    /// Somebody else is at it, and for no longer than this. Asked again in the meantime.
    Busy(Duration),
    /// Nobody for a while: 115 has said so to somebody ([`Abandon::Declined`] with a time).
    Silent {
        /// 115's number.
        code: i64,
        /// How long it still lasts.
        left: Duration,
    },
    /// Nobody: 115 has refused these very tokens for good ([`Abandon::Refused`]).
    Refused(Refusal),
}

/// Why a renewal gave no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandon {
    /// Nothing went out: the tokens are as good as before, and what was not known of them before (`unended`) still is
    /// not.
    Unsent,
    /// 115 answered and did not exchange them; else as [`Abandon::Unsent`].
    Declined {
        /// 115's number, where it sent one.
        code: Option<i64>,
        /// How long it is not to be asked again, where that matters to every process.
        silence: Option<Duration>,
    },
    /// 115 will never take this refresh token again.
    Refused(Refusal),
    /// The request went out and nothing came back that tells what became of it: 115 may have exchanged them.
    Unknown,
}

/// What 115 said of a refresh token that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Its number.
    pub code: i64,
    /// Whether the reason is known to be a renewal of ours whose reply was lost.
    pub lost: bool,
}

/// The right to exchange tokens, under the number its keeper gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease(u64);

impl Lease {
    /// A lease with the keeper's own number.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The keeper's number.
    #[must_use]
    pub const fn id(self) -> u64 {
        self.0
    }
}

/// Tokens could not be read or kept. Its text goes to logs and to people: no secret in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeeperError(String);

impl KeeperError {
    /// What failed, in a sentence.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}
