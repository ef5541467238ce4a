//! The rate an account is driven at: a token bucket served in order of arrival, on tokio's clock.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

#[derive(Debug)]
pub(super) struct Budget {
    /// Calls a second, as bits: it may change while calls wait.
    rate: AtomicU64,
    /// Calls that wait or are about to take their token.
    waiting: AtomicUsize,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Counts a waiting call for as long as its future lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Budget {
    pub(super) fn new(rate: f64) -> Self {
        let rate = sane(rate);
        let bucket = Mutex::new(Bucket { tokens: burst(rate), at: Instant::now() });
        Self { rate: AtomicU64::new(rate.to_bits()), waiting: AtomicUsize::new(0), bucket }
    }

    pub(super) fn set_rate(&self, rate: f64) {
        self.rate.store(sane(rate).to_bits(), Ordering::Relaxed);
    }

    fn rate(&self) -> f64 {
        f64::from_bits(self.rate.load(Ordering::Relaxed))
    }

    /// How long a call that comes now would wait at least, if any is waiting already.
    pub(super) fn expected_wait(&self) -> Option<Duration> {
        let ahead = self.waiting.load(Ordering::Relaxed);
        (ahead > 0).then(|| Duration::from_secs_f64(ahead as f64 / self.rate()))
    }

    /// Returns when the call may go out. A call that is given up while waiting takes nothing.
    ///
    /// The lock is held while its holder sleeps for the next token (and never over the network): the mutex is fair, so
    /// its queue is the order of service.
    pub(super) async fn take(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        let mut bucket = self.bucket.lock().await;
        loop {
            let (now, rate) = (Instant::now(), self.rate());
            bucket.tokens = (bucket.tokens + now.duration_since(bucket.at).as_secs_f64() * rate).min(burst(rate));
            bucket.at = now;
            if bucket.tokens >= 1.0 {
                bucket.tokens -= 1.0;
                return;
            }
            // Rounded up to the timer's grain, or the loop would spin through the last fraction.
            sleep(Duration::from_secs_f64((1.0 - bucket.tokens) / rate).max(Duration::from_millis(1))).await;
        }
    }
}

fn sane(rate: f64) -> f64 {
    if rate.is_finite() { rate.clamp(0.05, 1000.0) } else { super::Limits::default().rate }
}

fn burst(rate: f64) -> f64 {
    (3.0 * rate).ceil().max(3.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::*;

    /// Milliseconds of virtual time at which each of `n` calls got through.
    async fn arrivals(budget: &Arc<Budget>, n: usize) -> Vec<(usize, u128)> {
        let start = Instant::now();
        let mut calls = JoinSet::new();
        for i in 0..n {
            let budget = Arc::clone(budget);
            calls.spawn(async move {
                budget.take().await;
                (i, start.elapsed().as_millis())
            });
        }
        calls.join_all().await
    }

    #[rstest]
    #[case(2.0, 6)]
    #[case(0.5, 3)]
    #[case(1.5, 5)]
    #[case(f64::NAN, 6)]
    #[case(-1.0, 3)]
    fn the_burst_follows_the_rate(#[case] rate: f64, #[case] burst: u32) {
        assert_eq!(super::burst(sane(rate)), f64::from(burst));
    }

    #[tokio::test(start_paused = true)]
    async fn lets_the_burst_through_and_then_keeps_the_rate_in_order() {
        let seen = arrivals(&Arc::new(Budget::new(2.0)), 10).await;
        let order: Vec<usize> = seen.iter().map(|(i, _)| *i).collect();
        assert_eq!(order, (0..10).collect::<Vec<_>>());
        let halves: Vec<u128> = seen.iter().map(|(_, at)| at / 500).collect();
        assert_eq!(halves, [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_gives_up_takes_nothing() {
        let budget = Arc::new(Budget::new(1.0));
        assert_eq!(arrivals(&budget, 3).await.len(), 3);
        let given_up = timeout(Duration::from_millis(900), budget.take()).await;
        assert!(given_up.is_err());
        assert_eq!(budget.expected_wait(), None);
        let start = Instant::now();
        budget.take().await;
        assert!(start.elapsed() <= Duration::from_millis(102));
    }

    #[tokio::test(start_paused = true)]
    async fn says_how_long_the_queue_is() {
        let budget = Arc::new(Budget::new(1.0));
        let mut calls = JoinSet::new();
        for _ in 0..8 {
            let budget = Arc::clone(&budget);
            calls.spawn(async move { budget.take().await });
        }
        tokio::task::yield_now().await;
        assert_eq!(budget.expected_wait(), Some(Duration::from_secs(5)));
    }
}
