//! How much is read from the CDN at once: much for who takes it, little for who does not.

use std::time::Duration;

use tokio::time::Instant;

/// A short range is read in few pieces, and a large file for who takes it: small enough to stay in a processor's own cache.
pub(super) const SHORT_READ: usize = 64 * 1024;
/// The beginning, which is all of a short range.
const SHORT: u64 = 128 * 1024;
/// Then little, until so much was taken without a pause that it cannot all have ended in the buffers of the system.
const SURE: u64 = 16 * 1024 * 1024;
const CAREFUL_READ: usize = 16 * 1024;
/// A pause of the taker.
const PAUSE: Duration = Duration::from_millis(50);

/// What a taker has shown of itself.
#[derive(Debug)]
pub(super) struct Taker {
    in_a_row: u64,
    paused: bool,
    given: Instant,
}

impl Taker {
    pub(super) fn new() -> Self {
        Self { in_a_row: 0, paused: false, given: Instant::now() }
    }

    /// It asks for more: the most that is to be read at once.
    pub(super) fn asks(&mut self) -> usize {
        if self.given.elapsed() > PAUSE {
            self.in_a_row = 0;
            self.paused = true;
        }
        match self.in_a_row {
            few if few < SHORT && !self.paused => SHORT_READ,
            some if some < SURE => CAREFUL_READ,
            _ => SHORT_READ,
        }
    }

    /// It was given so much.
    pub(super) fn takes(&mut self, bytes: usize) {
        self.in_a_row += bytes as u64;
        self.given = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_much_without_a_pause_is_given_much_at_once() {
        let mut taker = Taker::new();
        assert_eq!(taker.asks(), SHORT_READ, "a short range");
        taker.takes(usize::try_from(SHORT).unwrap());
        assert_eq!(taker.asks(), CAREFUL_READ);
        taker.takes(usize::try_from(SURE).unwrap());
        assert_eq!(taker.asks(), SHORT_READ);
        tokio::time::advance(PAUSE * 2).await;
        assert_eq!(taker.asks(), CAREFUL_READ, "it made a pause");
    }
}
