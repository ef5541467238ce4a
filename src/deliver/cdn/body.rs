//! The body of an answer, read by whoever takes it; at the end it gives its connection back.

use std::{
    fmt, io,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{framing::Framing, idle::Idle, pace::Taker, wire::Conn};

/// Bytes from the CDN.
pub(in crate::deliver) struct CdnBody {
    framing: Framing,
    /// `None` once it is over or broken.
    conn: Option<Box<Conn>>,
    idle: Arc<Idle>,
    taker: Taker,
}

impl CdnBody {
    pub(super) fn new(framing: Framing, conn: Box<Conn>, idle: Arc<Idle>) -> Self {
        Self { framing, conn: Some(conn), idle, taker: Taker::new() }
    }

    /// The next bytes; `None` at the end.
    pub(in crate::deliver) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let Some(conn) = &mut self.conn else { return Poll::Ready(None) };
        let most = self.taker.asks();
        let broken: io::Error = loop {
            let count = match self.framing.next(&mut conn.read) {
                Ok(count) => count,
                Err(misframed) => break io::Error::other(misframed),
            };
            if self.framing.is_over() {
                self.give_back();
                return Poll::Ready(None);
            }
            if count > 0 {
                let bytes = conn.take(count);
                self.framing.took(count);
                self.taker.takes(count);
                if self.framing.is_over() {
                    self.give_back();
                }
                return Poll::Ready(Some(Ok(bytes)));
            }
            match conn.poll_fill(cx, self.framing.left().min(most)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) if self.framing.ends_with_connection() => {
                    self.conn = None;
                    return Poll::Ready(None);
                }
                Poll::Ready(Ok(0)) => break io::ErrorKind::UnexpectedEof.into(),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => break error,
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
