//! The clock everything reads: the machine's, with an offset that a test may push forward.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

/// What the clock shows when it is made: what was learnt before this process began has a time as well.
const BEFORE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Two readings of one clock: one that never goes back (for ages and pauses) and Unix time (for expiry times that 115 wrote).
#[derive(Debug, Clone)]
pub struct Clock {
    start: Instant,
    pushed_ms: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now(), pushed_ms: Arc::default() }
    }
}

impl Clock {
    /// Time since ten years before the clock was made; never goes back.
    pub fn now(&self) -> Duration {
        BEFORE + self.start.elapsed() + self.pushed()
    }

    /// Unix time in whole seconds.
    pub fn unix(&self) -> u64 {
        (SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + self.pushed()).as_secs()
    }

    /// The Unix time of an earlier reading of [`Self::now`]; a second early rather than late.
    pub fn unix_at(&self, now: Duration) -> u64 {
        let age = self.now().saturating_sub(now);
        self.unix().saturating_sub(age.as_secs()).saturating_sub(u64::from(age.subsec_nanos() > 0))
    }

    /// What [`Self::now`] would have said at this Unix time; `None` where that is still to come, so that the time is wrong.
    pub fn now_at(&self, unix: u64) -> Option<Duration> {
        let age = self.unix().checked_sub(unix)?;
        Some(self.now().saturating_sub(Duration::from_secs(age)))
    }

    /// Pushes both readings forward.
    pub fn advance(&self, by: Duration) {
        self.pushed_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn pushed(&self) -> Duration {
        Duration::from_millis(self.pushed_ms.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn a_time_is_the_same_by_another_clock_and_never_younger() {
        let (before, after) = (Clock::default(), Clock::default());
        before.advance(HOUR / 2);
        let read_at = before.now();
        before.advance(HOUR);
        after.advance(HOUR + HOUR / 2);
        let read_at = after.now_at(before.unix_at(read_at)).unwrap();
        let age = after.now() - read_at;
        assert!(age >= HOUR && age <= HOUR + Duration::from_secs(2), "{age:?}");
    }

    #[test]
    fn the_future_is_no_time_and_the_far_past_is_only_long_ago() {
        let clock = Clock::default();
        assert_eq!(clock.now_at(clock.unix() + 10), None);
        assert_eq!(clock.now_at(0), Some(Duration::ZERO));
        assert!(clock.now() >= BEFORE);
    }
}
