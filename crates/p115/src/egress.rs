//! Calls that name no account: 115 counts those by the address they come from, so they have a rate and pauses of their own.

use std::fmt;
use std::sync::Arc;

use crate::caller::Caller;
use crate::clock::Clock;
use crate::gate::{Gate, Guard, Pause};
use crate::margin::Margin;
use crate::wire::Wire;

/// This machine's address as 115 sees it. Cheap to clone; clones share rate and pauses.
///
/// One serves all shares of the process, since the firewall judges their listings by address (`docs/115.md` §7.2, §9.2).
/// Logins should have another, or a share that is listed too fast keeps people from logging in.
#[derive(Clone)]
pub struct Egress {
    gate: Gate,
    margin: Arc<Margin>,
}

impl Egress {
    /// `http` as for [`Client::new`](crate::Client::new). For shares [`Limits::shares`](crate::Limits::shares) is the rate that is left alone.
    #[must_use]
    pub fn new(http: reqwest::Client, wire: Arc<Wire>, guard: impl Into<Guard>, clock: Clock) -> Self {
        Self { gate: Gate::new(http, wire, None, guard.into(), clock), margin: Arc::default() }
    }

    /// The same way, for this caller.
    #[must_use]
    pub fn by(&self, caller: Arc<dyn Caller>) -> Self {
        Self { gate: self.gate.by(caller), margin: Arc::clone(&self.margin) }
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// When 115 has told this address to be called again.
    pub(crate) fn margin(&self) -> &Margin {
        &self.margin
    }

    /// The pause in force, if any: the firewall's or a quota's. Accounts are not touched by it.
    #[must_use]
    pub fn pause(&self) -> Option<Pause> {
        self.gate().pause()
    }

    /// As [`Client::hear`](crate::Client::hear).
    pub async fn hear(&self) {
        self.gate.hear().await;
    }

    /// Changes how many calls a second are made from now on; kept within the bounds of [`Limits`](crate::Limits).
    pub fn set_rate(&self, rate: f64) {
        self.gate().set_rate(rate);
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("pause", &self.pause()).finish_non_exhaustive()
    }
}
