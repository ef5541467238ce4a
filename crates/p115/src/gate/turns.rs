//! Whose turn it is: token buckets for an account and for its links, and the most urgent call first, on tokio's clock.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::call::Class;
use crate::caller::{Caller, Urgency};

/// Calls under way at a time.
const IN_FLIGHT: usize = 8;
/// Of those, what is left for players and persons.
const KEPT_FREE: usize = 2;
/// Calls that wait and are as urgent at least; whoever comes then is told so.
const MAX_WAITING: usize = 512;
/// A call that waits looks again after this long at most: it may have become more urgent meanwhile.
const LOOK: Duration = Duration::from_millis(250);

/// Hands out turns.
#[derive(Debug)]
pub(super) struct Turns {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    rate: f64,
    /// Every call takes a token of this one.
    account: Bucket,
    /// Links take one of this one besides.
    links: Bucket,
    waiting: Vec<Waiting>,
    next: u64,
    in_flight: usize,
    /// 115 does one change at a time (`docs/115.md` §11).
    changing: bool,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    class: Class,
    caller: Arc<dyn Caller>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// A call's place among those under way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    class: Class,
}

/// A call's place in the queue; given up when dropped.
struct Queued<'a> {
    turns: &'a Turns,
    number: u64,
}

/// Why a call does not even queue: it would wait at least this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLate(pub(super) Duration);

impl Turns {
    pub(super) fn new(rate: f64) -> Self {
        let rate = sane(rate);
        let full = || Bucket { tokens: burst(rate), at: Instant::now() };
        let (account, links) = (full(), full());
        let state = State { rate, account, links, waiting: Vec::new(), next: 0, in_flight: 0, changing: false };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// What had rested has rested at the new rate too: a full bucket stays full.
    pub(super) fn set_rate(&self, rate: f64) {
        let mut state = self.state.lock();
        state.refill(Instant::now());
        let (rate, before) = (sane(rate), state.rate);
        let grown = burst(rate) / burst(before);
        state.account.tokens *= grown;
        state.links.tokens *= grown;
        state.rate = rate;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Returns when the call may go out, or at once where it would wait longer than `patience`. Whoever gives up while
    /// waiting takes nothing.
    pub(super) async fn take(
        &self,
        class: Class,
        caller: &Arc<dyn Caller>,
        patience: Duration,
    ) -> Result<Turn<'_>, TooLate> {
        let queued = self.queue(class, caller, patience)?;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let wait = {
                let mut state = self.state.lock();
                state.refill(Instant::now());
                match state.wait(queued.number) {
                    None => {
                        state.go(class);
                        break;
                    }
                    Some(wait) => wait,
                }
            };
            // Either way there is news.
            let _ = timeout(wait.clamp(Duration::from_millis(1), LOOK), changed).await;
        }
        drop(queued);
        Ok(Turn { turns: self, class })
    }

    fn queue(&self, class: Class, caller: &Arc<dyn Caller>, patience: Duration) -> Result<Queued<'_>, TooLate> {
        let mut state = self.state.lock();
        let urgency = caller.urgency();
        let ahead = state.waiting.iter().filter(|other| other.caller.urgency() <= urgency).count();
        let wait = Duration::from_secs_f64(ahead as f64 / state.rate);
        if wait > patience || ahead >= MAX_WAITING {
            return Err(TooLate(wait));
        }
        let number = state.next;
        state.next += 1;
        state.waiting.push(Waiting { number, class, caller: Arc::clone(caller) });
        Ok(Queued { turns: self, number })
    }
}

impl State {
    fn refill(&mut self, now: Instant) {
        let (most, rate) = (burst(self.rate), self.rate);
        self.account.refill(now, rate, most);
        self.links.refill(now, links(rate), most);
    }

    /// How long until this call could go out at the earliest; `None`: now, and nobody goes first.
    fn wait(&self, number: u64) -> Option<Duration> {
        let Some(own) = self.waiting.iter().find(|of| of.number == number) else { return Some(LOOK) };
        let ready = |of: &&Waiting| self.ready(of) == Some(Duration::ZERO);
        let first = self.waiting.iter().filter(ready).min_by_key(|of| (of.caller.urgency(), of.number));
        match first {
            Some(first) if first.number == number => None,
            _ => Some(self.ready(own).filter(|wait| !wait.is_zero()).unwrap_or(LOOK)),
        }
    }

    /// How long the tokens for this call take to come; `None` where it waits for other calls to end.
    fn ready(&self, of: &Waiting) -> Option<Duration> {
        let background = of.caller.urgency() == Urgency::Background;
        let places = if background { IN_FLIGHT - KEPT_FREE } else { IN_FLIGHT };
        if self.in_flight >= places || (of.class == Class::Change && self.changing) {
            return None;
        }
        // A burst is not for whoever reads everything: a player that comes after finds tokens.
        let kept = if background { (burst(self.rate) / 2.0).floor() } else { 0.0 };
        let account = self.account.wait(1.0 + kept, self.rate);
        let link = if of.class == Class::Link { self.links.wait(1.0, links(self.rate)) } else { Duration::ZERO };
        Some(account.max(link))
    }

    fn go(&mut self, class: Class) {
        self.account.tokens -= 1.0;
        if class == Class::Link {
            self.links.tokens -= 1.0;
        }
        self.in_flight += 1;
        self.changing |= class == Class::Change;
    }
}

impl Bucket {
    fn refill(&mut self, now: Instant, rate: f64, most: f64) {
        self.tokens = (self.tokens + now.duration_since(self.at).as_secs_f64() * rate).min(most);
        self.at = now;
    }

    fn wait(&self, tokens: f64, rate: f64) -> Duration {
        // What is missing by less than this is there: sums of fractions are not exact.
        let missing = tokens - self.tokens - 1e-6;
        if missing <= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(missing / rate) }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state.lock();
        state.in_flight -= 1;
        if self.class == Class::Change {
            state.changing = false;
        }
        drop(state);
        self.turns.changed.notify_waiters();
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.turns.state.lock().waiting.retain(|of| of.number != self.number);
        self.turns.changed.notify_waiters();
    }
}

fn sane(rate: f64) -> f64 {
    if rate.is_finite() { rate.clamp(0.05, 1000.0) } else { super::Limits::default().rate }
}

/// Calls that may follow each other at once after a rest.
fn burst(rate: f64) -> f64 {
    (3.0 * rate).ceil().max(3.0)
}

/// Links are asked for at half the rate, and at one a second where the account has that (`docs/115.md` §11).
fn links(rate: f64) -> f64 {
    (rate / 2.0).max(rate.min(1.0))
}

#[cfg(test)]
mod tests;
