//! The caps on open connections, per link (`c`) and per account (`uc`), with slots that outlive an abandoned connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::ledger::Ledger;

#[derive(Clone)]
pub(crate) struct Slots(Arc<Inner>);

struct Inner {
    held: Mutex<HashMap<String, Held>>,
    clock: Clock,
    ledger: Ledger,
}

#[derive(Default)]
struct Held {
    open: u64,
    /// When the slots of abandoned connections become free (ms).
    lingering: Vec<u64>,
}

/// One taken slot; freed when dropped, at once after [`Slot::complete`] and late otherwise (§4.6).
pub(crate) struct Slot {
    slots: Slots,
    link: String,
    linger: Duration,
    complete: bool,
    bytes: u64,
}

impl Slots {
    pub(crate) fn new(clock: Clock, ledger: Ledger) -> Self {
        Self(Arc::new(Inner { held: Mutex::default(), clock, ledger }))
    }

    /// `None` when the link has `c` or the account `uc` connections, lingering ones included; 0 is no cap.
    pub(crate) fn take(&self, link: &str, c: u32, uc: u32, linger: Duration) -> Option<Slot> {
        let now = self.0.clock.now_ms();
        let mut held = self.0.held.lock();
        held.retain(|_, held| {
            held.lingering.retain(|until| *until > now);
            held.open > 0 || !held.lingering.is_empty()
        });
        let used = |held: &Held| held.open + held.lingering.len() as u64;
        let all: u64 = held.values().map(used).sum();
        let here = held.get(link).map_or(0, used);
        if (c > 0 && here >= u64::from(c)) || (uc > 0 && all >= u64::from(uc)) {
            return None;
        }
        let entry = held.entry(link.to_owned()).or_default();
        entry.open += 1;
        self.0.ledger.opened(entry.open);
        Some(Slot { slots: self.clone(), link: link.to_owned(), linger, complete: false, bytes: 0 })
    }
}

impl Slot {
    pub(crate) fn sent(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let inner = &self.slots.0;
        let until = inner.clock.now_ms() + self.linger.as_millis() as u64;
        if let Some(held) = inner.held.lock().get_mut(&self.link) {
            held.open -= 1;
            if !self.complete {
                held.lingering.push(until);
            }
        }
        inner.ledger.closed(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: Duration = Duration::from_secs(3);

    fn slots() -> (Slots, Clock, Ledger) {
        let (clock, ledger) = (Clock::new(Some(1_000)), Ledger::default());
        (Slots::new(clock.clone(), ledger.clone()), clock, ledger)
    }

    #[test]
    fn a_finished_slot_is_free_at_once_and_an_abandoned_one_later() {
        let (slots, clock, ledger) = slots();
        let mut first = slots.take("k", 1, 0, LINGER).unwrap();
        assert!(slots.take("k", 1, 0, LINGER).is_none());
        first.complete();
        drop(first);
        drop(slots.take("k", 1, 0, LINGER).unwrap());
        clock.advance(Duration::from_millis(2_999));
        assert!(slots.take("k", 1, 0, LINGER).is_none());
        clock.advance(Duration::from_millis(1));
        assert!(slots.take("k", 1, 0, LINGER).is_some());
        assert_eq!((ledger.cdn_open(), ledger.cdn_max_open(), ledger.cdn_max_open_per_link()), (0, 1, 1));
    }

    #[test]
    fn the_account_has_its_own_cap_and_zero_is_none() {
        let (slots, _, _) = slots();
        let held: Vec<_> = (0..3).map(|n| slots.take(&format!("k{n}"), 2, 3, LINGER).unwrap()).collect();
        assert!(slots.take("k9", 2, 3, LINGER).is_none());
        assert!(slots.take("k0", 0, 0, LINGER).is_some());
        assert_eq!(held.len(), 3);
    }
}
