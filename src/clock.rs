//! The clock everything reads: the machine's, with an offset that a test may push forward.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

/// Two readings of one clock: time since it was made (for ages and pauses) and Unix time (for expiry times that 115 wrote).
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
    /// Time since the clock was made; never goes back.
    pub fn now(&self) -> Duration {
        self.start.elapsed() + self.pushed()
    }

    /// Unix time in whole seconds.
    pub fn unix(&self) -> u64 {
        (SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + self.pushed()).as_secs()
    }

    /// Pushes both readings forward.
    pub fn advance(&self, by: Duration) {
        self.pushed_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn pushed(&self) -> Duration {
        Duration::from_millis(self.pushed_ms.load(Ordering::Relaxed))
    }
}
