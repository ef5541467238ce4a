//! The simulated server's time: the real one plus what a test has added, or a stopped one that only a test moves.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A movable clock; clones share the movement.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    stopped_at: Option<u64>,
    added: AtomicU64,
}

impl Clock {
    /// Follows the system's time; `stopped_at` (unix seconds) makes it stand still instead.
    pub(crate) fn new(stopped_at: Option<u64>) -> Self {
        Self(Arc::new(Inner { stopped_at: stopped_at.map(|s| s * 1000), added: AtomicU64::new(0) }))
    }

    /// Moves this clock, and with it every expiry of the simulator, into the future.
    pub fn advance(&self, by: Duration) {
        self.0.added.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// Unix time in whole seconds.
    pub fn now_unix(&self) -> u64 {
        self.now_ms() / 1000
    }

    pub(crate) fn now_ms(&self) -> u64 {
        let base = self.0.stopped_at.unwrap_or_else(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
        });
        base + self.0.added.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({} s)", self.now_unix())
    }
}

/// `YYYY-MM-DD HH:MM` at +08:00, the form of a file's `t` (docs/115.md, §0.2 and quirk 4).
pub(crate) fn shanghai(unix: u64) -> String {
    let local = unix + 8 * 3600;
    let (year, month, day) = civil(local / 86_400);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", local / 3600 % 24, local / 60 % 60)
}

/// Days since 1970-01-01 as a proleptic Gregorian date.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era_day = shifted % 146_097;
    let era_year = (era_day - era_day / 1460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    let shifted_month = (5 * year_day + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = shifted / 146_097 * 400 + era_year + u64::from(month <= 2);
    (year, month, year_day - (153 * shifted_month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shanghai_is_eight_hours_ahead_and_knows_leap_days() {
        assert_eq!(shanghai(0), "1970-01-01 08:00");
        assert_eq!(shanghai(1_700_000_000), "2023-11-15 06:13");
        assert_eq!(shanghai(1_709_164_800), "2024-02-29 08:00");
        assert_eq!(shanghai(1_735_660_800), "2025-01-01 00:00");
    }

    #[test]
    fn a_stopped_clock_moves_only_when_told() {
        let clock = Clock::new(Some(1_000));
        clock.clone().advance(Duration::from_millis(2_500));
        assert_eq!((clock.now_unix(), clock.now_ms()), (1_002, 1_002_500));
    }
}
