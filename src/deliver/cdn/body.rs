//! The body of an answer, read by whoever takes it; at the end it gives its connection back.

use std::{
    fmt, io,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    framing::Framing,
    idle::Idle,
    pace::{Pace, Taker},
    wire::Conn,
};

/// Bytes that came are held back this long at most, to go out with more.
const HOLD: Duration = Duration::from_millis(10);

/// Bytes from the CDN.
pub(in crate::deliver) struct CdnBody {
    framing: Framing,
    /// `None` once it is over or broken.
    conn: Option<Box<Conn>>,
    idle: Arc<Idle>,
    taker: Taker,
    /// Until when the bytes that came are held back.
    held: Option<Instant>,
}

impl CdnBody {
    pub(super) fn new(framing: Framing, conn: Box<Conn>, idle: Arc<Idle>, taker: Taker) -> Self {
        Self { framing, conn: Some(conn), idle, taker, held: None }
    }

    /// The next bytes; `None` at the end.
    pub(in crate::deliver) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let Some(conn) = &mut self.conn else { return Poll::Ready(None) };
        let (most, together) = match self.taker.asks() {
            Pace::AtOnce(most) => (most, 1),
            Pace::Together(most) => (most, most),
        };
        let broken: io::Error = loop {
            let there = match self.framing.next(&mut conn.read) {
                Ok(count) => count,
                Err(misframed) => break io::Error::other(misframed),
            };
            let left = self.framing.left();
            if left == 0 {
                self.give_back();
                return Poll::Ready(None);
            }
            let give = there > 0
                && (there >= together.min(left)
                    || match conn.poll_fill(cx, most.min(left) - there) {
                        // More would be better, and is not worth a wait that anybody notices.
                        Poll::Pending => {
                            let until = *self.held.get_or_insert_with(|| Instant::now() + HOLD);
                            ready!(conn.poll_patience(cx, until));
                            true
                        }
                        // What failed will fail again, once this is taken.
                        Poll::Ready(Ok(0) | Err(_)) => true,
                        Poll::Ready(Ok(_)) => false,
                    });
            if give {
                let bytes = conn.take(there);
                self.held = None;
                self.framing.took(there);
                self.taker.takes(there);
                if self.framing.left() == 0 {
                    self.give_back();
                }
                return Poll::Ready(Some(Ok(bytes)));
            }
            if there > 0 {
                continue;
            }
            match ready!(conn.poll_fill(cx, most.min(left))) {
                Ok(0) if self.framing.ends_with_connection() => {
                    self.conn = None;
                    return Poll::Ready(None);
                }
                Ok(0) => break io::ErrorKind::UnexpectedEof.into(),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        self.conn = None;
        Poll::Ready(Some(Err(broken)))
    }

    /// After a [`Self::poll_bytes`] that is pending: ready once `until` has passed.
    pub(in crate::deliver) fn poll_patience(&mut self, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        match &mut self.conn {
            Some(conn) => conn.poll_patience(cx, until).map(drop),
            None => Poll::Ready(()),
        }
    }

    fn give_back(&mut self) {
        if let Some(conn) = self.conn.take().filter(|_| self.framing.reusable) {
            self.idle.keep(conn);
        }
    }
}

impl fmt::Debug for CdnBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdnBody").field("framing", &self.framing).field("taker", &self.taker).finish_non_exhaustive()
    }
}
