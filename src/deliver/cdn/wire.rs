//! A connection and what was read from it and not taken yet.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::{io::AsyncWrite, time::Instant};
use tokio_util::io::poll_read_buf;

use super::{connect::Stream, idle::Berth};
use crate::alarm::Alarm;

/// A connection with nobody but its holder to drive it.
pub(super) struct Conn {
    pub(super) berth: Berth,
    stream: Stream,
    /// What was read and not taken.
    pub(super) read: BytesMut,
    /// The size `read` was made for.
    made_for: usize,
    alarm: Alarm,
}

impl Conn {
    pub(super) fn new(stream: Stream, berth: Berth) -> Self {
        Self { berth, stream, read: BytesMut::new(), made_for: 0, alarm: Alarm::default() }
    }

    /// Sends what it can of `bytes`: how much that was.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    /// Sends what the layers below (TLS) have held back.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Reads once, at most `most` bytes more: how many came, 0 at the end. Takes memory only when there is something to read.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<io::Result<usize>> {
        if let Stream::Plain(stream) = &self.stream {
            ready!(stream.poll_read_ready(cx))?;
        }
        // A piece keeps the whole of its memory for as long as it waits: a small one is not to keep much.
        if self.read.is_empty() && !(most..=2 * most).contains(&self.made_for) {
            self.read = BytesMut::with_capacity(most);
            self.made_for = most;
        }
        self.read.reserve(most);
        poll_read_buf(Pin::new(&mut self.stream), cx, &mut (&mut self.read).limit(most))
    }

    /// Takes the first `count` of the bytes that were read.
    pub(super) fn take(&mut self, count: usize) -> Bytes {
        self.read.split_to(count).freeze()
    }

    /// Fails once `until` has passed.
    pub(super) fn poll_patience(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<io::Error> {
        self.alarm.poll(cx, until).map(|()| io::ErrorKind::TimedOut.into())
    }

    /// Gives back the memory it needs for reading.
    pub(super) fn rest(&mut self) {
        self.read = BytesMut::new();
        self.made_for = 0;
    }

    /// True where the connection is open and has nothing to say: what would come now is no answer to a question of ours.
    pub(super) fn rests(&mut self) -> bool {
        self.read.is_empty() && self.poll_fill(&mut Context::from_waker(Waker::noop()), 1).is_pending()
    }
}
