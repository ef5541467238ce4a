//! How much is read from the CDN at once: much for who takes it, little for who does not.

use std::time::Duration;

use tokio::time::Instant;

/// A short range is read in few pieces.
pub(super) const SHORT_READ: usize = 64 * 1024;
/// The beginning, which is all of a short range.
const SHORT: u64 = 128 * 1024;
/// Then little, until so much was taken without a pause that it cannot all have ended in the buffers of the system.
const SURE: u64 = 16 * 1024 * 1024;
const CAREFUL_READ: usize = 16 * 1024;
/// Then much: every piece wakes the reader on the one side and the sender on the other.
const LARGE_READ: usize = 256 * 1024;
/// A pause of the taker.
const PAUSE: Duration = Duration::from_millis(50);

/// How the next piece is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// What is there, at most so much.
    AtOnce(usize),
    /// So much, if it comes soon.
    Together(usize),
}

/// What a taker has shown of itself.
#[derive(Debug)]
pub(super) struct Taker {
    in_a_row: u64,
    paused: bool,
    /// When it was given the last piece, until it asks for the next.
    given: Option<Instant>,
}

impl Taker {
    pub(super) fn new() -> Self {
        Self { in_a_row: 0, paused: false, given: None }
    }

    /// It asks for more, or asks again.
    pub(super) fn asks(&mut self) -> Pace {
        if self.given.take().is_some_and(|given| given.elapsed() > PAUSE) {
            self.in_a_row = 0;
            self.paused = true;
        }
        match self.in_a_row {
            few if few < SHORT && !self.paused => Pace::AtOnce(SHORT_READ),
            some if some < SURE => Pace::AtOnce(CAREFUL_READ),
            _ => Pace::Together(LARGE_READ),
        }
    }

    /// It was given so much.
    pub(super) fn takes(&mut self, bytes: usize) {
        self.in_a_row += bytes as u64;
        self.given = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_much_without_a_pause_is_given_much_at_once() {
        let mut taker = Taker::new();
        assert_eq!(taker.asks(), Pace::AtOnce(SHORT_READ), "a short range");
        taker.takes(usize::try_from(SHORT).unwrap());
        assert_eq!(taker.asks(), Pace::AtOnce(CAREFUL_READ));
        taker.takes(usize::try_from(SURE).unwrap());
        assert_eq!(taker.asks(), Pace::Together(LARGE_READ));
        tokio::time::advance(PAUSE * 2).await;
        assert_eq!(taker.asks(), Pace::Together(LARGE_READ), "it is the CDN that made a pause");
        taker.takes(1);
        tokio::time::advance(PAUSE * 2).await;
        assert_eq!(taker.asks(), Pace::AtOnce(CAREFUL_READ), "it made a pause");
    }
}
