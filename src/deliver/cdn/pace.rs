//! How much is read from the CDN at once: much for who takes it, little for who does not.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

/// A short range is read in few pieces.
pub(super) const SHORT_READ: usize = 64 * 1024;
/// The beginning, which is all of a short range.
const SHORT: u64 = 128 * 1024;
/// Then very much: every piece wakes the reader on the one side and the sender on the other.
const LARGEST_READ: usize = 512 * 1024;
/// Where more bodies than this are under way at once, memory counts: each is given little,
const FEW: usize = 8;
const CAREFUL_READ: usize = 16 * 1024;
/// until it has taken so much without a pause that it cannot all have ended in the buffers of the system; then much.
const SURE: u64 = 16 * 1024 * 1024;
const LARGE_READ: usize = 128 * 1024;
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

/// What a taker has shown of itself, and how many there are.
#[derive(Debug)]
pub(super) struct Taker {
    takers: Arc<()>,
    in_a_row: u64,
    paused: bool,
    /// When it was given the last piece, until it asks for the next.
    given: Option<Instant>,
}

impl Taker {
    /// One more: each holds a clone of `takers`.
    pub(super) fn new(takers: &Arc<()>) -> Self {
        Self { takers: Arc::clone(takers), in_a_row: 0, paused: false, given: None }
    }

    /// It asks for more, or asks again.
    pub(super) fn asks(&mut self) -> Pace {
        if self.given.take().is_some_and(|given| given.elapsed() > PAUSE) {
            self.in_a_row = 0;
            self.paused = true;
        }
        match self.in_a_row {
            few if few < SHORT && !self.paused => Pace::AtOnce(SHORT_READ),
            _ if Arc::strong_count(&self.takers) <= FEW => Pace::Together(LARGEST_READ),
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
    async fn one_of_many_is_given_much_at_once_when_it_has_taken_much_without_a_pause() {
        let takers = Arc::default();
        let others: Vec<_> = (0..FEW).map(|_| Taker::new(&takers)).collect();
        let mut taker = Taker::new(&takers);
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
        drop(others);
        assert_eq!(taker.asks(), Pace::Together(LARGEST_READ), "it is alone");
    }
}
