//! One alarm for many waits: it is set anew only when it rings too early, since nearly every wait ends in time.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::time::{Instant, Sleep};

/// Ends waits that last too long. To make and throw away a timer for each wait costs a lock twice; this costs nearly nothing.
#[derive(Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once `until` has passed; else the task is woken then, or earlier for nothing.
    pub fn poll(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        let alarm = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        loop {
            if alarm.deadline() > until {
                alarm.as_mut().reset(until);
            }
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= until {
                return Poll::Ready(());
            }
            // It was set for an earlier wait.
            alarm.as_mut().reset(until);
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Alarm").field(&self.0.as_ref().map(|alarm| alarm.deadline())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, time::Duration};

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_time() {
        let (mut alarm, start) = (Alarm::default(), Instant::now());
        for (wait, rings_at) in [(20, 20), (20, 40), (1, 41), (9, 50)] {
            let until = Instant::now() + Duration::from_secs(wait);
            poll_fn(|cx| alarm.poll(cx, until)).await;
            assert_eq!(start.elapsed().as_secs(), rings_at);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_ended_in_time_leaves_the_next_its_full_length() {
        let (mut alarm, start) = (Alarm::default(), Instant::now());
        let until = Instant::now() + Duration::from_secs(20);
        poll_fn(|cx| Poll::Ready(alarm.poll(cx, until).is_pending())).await;
        tokio::time::advance(Duration::from_secs(15)).await;
        let until = Instant::now() + Duration::from_secs(20);
        poll_fn(|cx| alarm.poll(cx, until)).await;
        assert_eq!(start.elapsed().as_secs(), 35, "the alarm of the first wait rang at 20 and was set anew");
        let until = Instant::now() + Duration::from_secs(1);
        poll_fn(|cx| alarm.poll(cx, until)).await;
        assert_eq!(start.elapsed().as_secs(), 36);
    }
}
