//! Calls that name no account: 115 counts those by the address they come from, so they have a rate and pauses of their own.

use std::fmt;
use std::sync::Arc;

use crate::clock::Clock;
use crate::gate::{Gate, Limits, Pause};
use crate::margin::Margin;
use crate::wire::Wire;

/// This machine's address as 115 sees it. Cheap to clone; clones share rate and pauses.
///
/// One serves all shares of the process, since the firewall judges their listings by address (`docs/115.md` §7.2, §9.2).
/// Logins should have another, or a share that is listed too fast keeps people from logging in.
#[derive(Clone)]
pub struct Egress(Arc<Inner>);

struct Inner {
    gate: Gate,
    margin: Margin,
}

impl Egress {
    /// `http` as for [`Client::new`](crate::Client::new). For shares [`Limits::shares`] is the rate that is left alone.
    #[must_use]
    pub fn new(http: reqwest::Client, wire: Arc<Wire>, limits: Limits, clock: Clock) -> Self {
        Self(Arc::new(Inner { gate: Gate::new(http, wire, None, limits, clock), margin: Margin::default() }))
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// When 115 has told this address to be called again.
    pub(crate) fn margin(&self) -> &Margin {
        &self.0.margin
    }

    /// The pause in force, if any: the firewall's or a quota's. Accounts are not touched by it.
    #[must_use]
    pub fn pause(&self) -> Option<Pause> {
        self.gate().pause()
    }

    /// Changes how many calls a second are made from now on; kept within the bounds of [`Limits`].
    pub fn set_rate(&self, rate: f64) {
        self.gate().set_rate(rate);
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("pause", &self.pause()).finish_non_exhaustive()
    }
}
