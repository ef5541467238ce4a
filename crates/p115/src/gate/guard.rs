//! What a gate is given to guard an account with: a rate, who remembers its pauses, and who counts its calls.

use std::sync::Arc;
use std::time::Duration;

use super::pause::PauseKeeper;
use crate::call::Class;
use crate::caller::Caller;
use crate::error::Kind;

/// How hard an account may be driven.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Calls a second on average; bursts of `max(3, ceil(3 * rate))` are let through. Kept within 0.05..=1000. Links may
    /// take half of it, or one a second where that is more.
    pub rate: f64,
}

/// How an account is guarded: how hard it may be driven, who remembers its pauses, and who counts its calls.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// The rate.
    pub limits: Limits,
    /// Without one, pauses end with the process.
    pub keeper: Option<Arc<dyn PauseKeeper>>,
    /// Told of every call.
    pub observer: Option<Arc<dyn Observer>>,
}

impl From<Limits> for Guard {
    fn from(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

/// Who counts calls.
pub trait Observer: std::fmt::Debug + Send + Sync {
    /// A request went out and came to its end, one way or another. Must be quick.
    fn made(&self, made: &Made<'_>);
}

/// A request that went out.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// The label of the call, such as `files`.
    pub call: &'static str,
    /// What it is to the account.
    pub class: Class,
    /// For whom it was made.
    pub caller: &'a dyn Caller,
    /// What came of it; `None`: an answer as it should be.
    pub failure: Option<Kind>,
    /// From sending to the end of the answer.
    pub took: Duration,
}

impl Limits {
    /// For listing shares, which 115 watches by address: one a second (§11).
    #[must_use]
    pub fn shares() -> Self {
        Self { rate: 1.0 }
    }
}

impl Default for Limits {
    /// Two a second, the rate at which 115 has been seen to leave accounts alone (§11).
    fn default() -> Self {
        Self { rate: 2.0 }
    }
}
