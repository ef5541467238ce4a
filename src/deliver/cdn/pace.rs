//! How much is read from the CDN at once: much for who takes it, little for who does not.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take},
    time::Instant,
};

use super::{LARGEST_READ, connect::Stream};

/// A short range is read in few pieces, with the head of the answer before it.
const SHORT: u64 = 128 * 1024;
const SHORT_READ: u64 = 80 * 1024;
/// Then little, until so much was taken without a pause that it cannot all have ended in the buffers of the system.
const SURE: u64 = 16 * 1024 * 1024;
const CAREFUL_READ: u64 = 8 * 1024;
/// A pause of the taker.
const PAUSE: Duration = Duration::from_millis(50);

/// The limit of the next read, set by who takes the bytes.
#[derive(Debug)]
pub(super) struct Pace(AtomicU64);

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicU64::new(SHORT_READ))
    }
}

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

    /// It asks for more.
    pub(super) fn asks(&mut self, pace: &Pace) {
        if self.given.elapsed() > PAUSE {
            self.in_a_row = 0;
            self.paused = true;
        }
        pace.0.store(limit(self.in_a_row, self.paused), Ordering::Relaxed);
    }

    /// It was given so much.
    pub(super) fn takes(&mut self, bytes: usize) {
        self.in_a_row += bytes as u64;
        self.given = Instant::now();
    }
}

fn limit(in_a_row: u64, paused: bool) -> u64 {
    match in_a_row {
        few if few < SHORT && !paused => SHORT_READ,
        some if some < SURE => CAREFUL_READ,
        _ => LARGEST_READ as u64,
    }
}

/// A connection that reads no more at once than its pace allows.
pub(super) struct Paced {
    stream: Take<Stream>,
    pace: Arc<Pace>,
}

impl Paced {
    pub(super) fn new(stream: Stream, pace: Arc<Pace>) -> Self {
        Self { stream: stream.take(0), pace }
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let limit = self.pace.0.load(Ordering::Relaxed);
        self.stream.set_limit(limit);
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_much_without_a_pause_is_given_much_at_once() {
        let (pace, mut taker) = (Pace::default(), Taker::new());
        let next = |taker: &mut Taker| {
            taker.asks(&pace);
            pace.0.load(Ordering::Relaxed)
        };
        assert_eq!(next(&mut taker), SHORT_READ, "a short range");
        taker.takes(usize::try_from(SHORT).unwrap());
        assert_eq!(next(&mut taker), CAREFUL_READ);
        taker.takes(usize::try_from(SURE).unwrap());
        assert_eq!(next(&mut taker), LARGEST_READ as u64);
        tokio::time::advance(PAUSE * 2).await;
        assert_eq!(next(&mut taker), CAREFUL_READ, "it made a pause");
    }
}
