//! The connections that our relay may have open at the CDN for one account, all files together.

use std::{fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::{Notify, futures::Notified};

use super::pool::LINGER;
use crate::{
    clock::Clock,
    error::{Error, Kind, Result},
};

/// Taken for granted until a link names the account's cap (docs/115.md, `uc`).
const USUAL_CAP: u32 = 10;
/// The places of one account.
pub struct Budget {
    state: Mutex<State>,
    given_back: Notify,
}

struct State {
    /// 0: no cap.
    cap: u32,
    open: u32,
    lingering: Vec<Duration>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { state: Mutex::new(State { cap: USUAL_CAP, open: 0, lingering: Vec::new() }), given_back: Notify::new() }
    }
}

impl Budget {
    /// A place, at once or within `patience`; else [`Kind::Busy`].
    pub(super) async fn place(self: &Arc<Self>, clock: Clock, patience: Duration) -> Result<Place> {
        let started = clock.now();
        let mut now = started;
        loop {
            let turn = self.turn();
            let free_at = {
                let mut state = self.state.lock();
                state.lingering.retain(|&until| until > now);
                let lingering = u32::try_from(state.lingering.len()).unwrap_or(u32::MAX);
                if state.cap == 0 || state.open.saturating_add(lingering) < state.cap {
                    state.open += 1;
                    return Ok(Place { budget: Arc::clone(self), clock, open: false });
                }
                state.lingering.iter().min().copied()
            };
            let left = patience.saturating_sub(now.saturating_sub(started));
            if left.is_zero() {
                return Err(too_many());
            }
            let pause = free_at.map_or(left, |at| at.saturating_sub(now).min(left)).max(Duration::from_millis(1));
            let _ = tokio::time::timeout(pause, turn).await;
            now = clock.now();
        }
    }

    /// Ends when a place is given back after this call.
    pub(super) fn turn(&self) -> Notified<'_> {
        self.given_back.notified()
    }

    /// What a link says of the account: connections at a time, 0 for no cap.
    pub(super) fn learn(&self, cap: u32) {
        let mut state = self.state.lock();
        if state.cap != cap {
            state.cap = cap;
            drop(state);
            self.given_back.notify_waiters();
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Budget").field("cap", &state.cap).field("open", &state.open).finish_non_exhaustive()
    }
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    budget: Arc<Budget>,
    clock: Clock,
    /// A connection is open whose end the CDN may notice late.
    open: bool,
}

impl Place {
    /// Whether a connection is open: one that is given up keeps its place at the CDN for some seconds.
    pub(super) fn set_open(&mut self, open: bool) {
        self.open = open;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut state = self.budget.state.lock();
            state.open = state.open.saturating_sub(1);
            if self.open && state.cap > 0 {
                state.lingering.push(self.clock.now() + LINGER);
            }
        }
        self.budget.given_back.notify_waiters();
    }
}

pub(super) fn too_many() -> Error {
    Error::new(
        Kind::Busy,
        "Too many transfers at once: 115 allows only so many connections. Try again when one has ended.",
    )
    .retry_after(Some(Duration::from_secs(10)))
}
