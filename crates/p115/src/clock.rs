//! Time, as far as it decides something here: a monotonic clock for pauses and the date for tokens, both of which a test can push ahead.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Time passed since some fixed start, and the date. Cheap to clone; clones tell the same time.
#[derive(Clone)]
pub struct Clock {
    passed: Arc<dyn Fn() -> Duration + Send + Sync>,
    unix: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Clock {
    /// The machine's own monotonic time since now, and its date.
    #[must_use]
    pub fn system() -> Self {
        let start = Instant::now();
        Self::new(Arc::new(move || start.elapsed()))
    }

    /// Any other time, which must never run backwards, and the machine's date.
    #[must_use]
    pub fn new(now: Arc<dyn Fn() -> Duration + Send + Sync>) -> Self {
        let date = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { passed: now, unix: Arc::new(date) }
    }

    /// The same time, another date in unix seconds.
    #[must_use]
    pub fn with_unix(self, unix: Arc<dyn Fn() -> u64 + Send + Sync>) -> Self {
        Self { unix, ..self }
    }

    /// Time since the clock's start.
    #[must_use]
    pub fn now(&self) -> Duration {
        (self.passed)()
    }

    /// The date in unix seconds, as this machine believes it to be.
    #[must_use]
    pub fn unix(&self) -> u64 {
        (self.unix)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({:?})", self.now())
    }
}
