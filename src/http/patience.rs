//! The timer of a connection: one alarm that is set anew only when it rings too early, since nearly every request is in time.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::rt::{Sleep, Timer};
use parking_lot::Mutex;
use tokio::time::Instant;

/// For one connection, whose deadlines only ever move on: hyper asks for the same wait before each request.
#[derive(Debug, Clone)]
pub(super) struct Patience(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

impl Patience {
    /// `first`: the wait that will be asked for.
    pub(super) fn new(first: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(first)))))
    }
}

impl Timer for Patience {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { until: Instant::now() + duration, alarm: self.clone() })
    }

    #[expect(clippy::disallowed_types, reason = "hyper's interface")]
    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { until: Instant::from_std(deadline), alarm: self.clone() })
    }
}

struct Wait {
    until: Instant,
    alarm: Patience,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.alarm.0.lock();
        loop {
            if alarm.deadline() > self.until {
                alarm.as_mut().reset(self.until);
            }
            ready!(pin!(alarm.as_mut()).poll(cx));
            if alarm.deadline() >= self.until {
                return Poll::Ready(());
            }
            // It was set for an earlier request.
            alarm.as_mut().reset(self.until);
        }
    }
}

impl Sleep for Wait {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_time() {
        let timer = Patience::new(Duration::from_secs(20));
        let start = Instant::now();
        drop(timer.sleep(Duration::from_secs(20)));
        tokio::time::advance(Duration::from_secs(15)).await;
        timer.sleep(Duration::from_secs(20)).await;
        assert_eq!(start.elapsed().as_secs(), 35, "the alarm of the first request rang at 20 and was set anew");
        timer.sleep(Duration::from_secs(1)).await;
        assert_eq!(start.elapsed().as_secs(), 36);
        let (long, short) = (timer.sleep(Duration::from_secs(9)), timer.sleep(Duration::from_secs(2)));
        short.await;
        assert_eq!(start.elapsed().as_secs(), 38);
        long.await;
        assert_eq!(start.elapsed().as_secs(), 45);
    }
}
