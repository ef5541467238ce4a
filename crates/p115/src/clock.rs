//! Where pauses take their time from: a monotonic clock that a test can push eleven minutes ahead.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// Time passed since some fixed start. Cheap to clone; clones tell the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// The machine's own monotonic time since now.
    #[must_use]
    pub fn system() -> Self {
        let start = Instant::now();
        Self(Arc::new(move || start.elapsed()))
    }

    /// Any other time; it must never run backwards.
    #[must_use]
    pub fn new(now: Arc<dyn Fn() -> Duration + Send + Sync>) -> Self {
        Self(now)
    }

    /// Time since the clock's start.
    #[must_use]
    pub fn now(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({:?})", self.now())
    }
}
