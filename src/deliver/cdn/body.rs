//! The body of an answer, which drives its own connection and gives it back at the end.

use std::{
    fmt, io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;

use super::{Conn, idle::Idle, pace::Taker};

/// Bytes from the CDN.
pub(in crate::deliver) struct CdnBody {
    incoming: Incoming,
    /// `None` once it is over.
    conn: Option<Box<Conn>>,
    idle: Arc<Idle>,
    taker: Taker,
}

impl CdnBody {
    pub(super) fn new(incoming: Incoming, conn: Box<Conn>, idle: Arc<Idle>) -> Self {
        Self { incoming, conn: Some(conn), idle, taker: Taker::new() }
    }

    /// The next bytes; `None` at the end.
    pub(in crate::deliver) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(conn) = &self.conn {
            self.taker.asks(&conn.pace);
        }
        if let Poll::Ready(bytes) = self.poll_incoming(cx) {
            return Poll::Ready(bytes);
        }
        // Nothing is there: let the connection read. What it read is there at once.
        if let Some(conn) = &mut self.conn
            && pin!(&mut conn.driver).poll(cx).is_ready()
        {
            self.conn = None;
        }
        match self.poll_incoming(cx) {
            Poll::Pending if self.conn.is_none() => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            polled => polled,
        }
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            let Some(frame) = ready!(pin!(&mut self.incoming).poll_frame(cx)) else { return Poll::Ready(None) };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => return Poll::Ready(Some(Err(io::Error::other(error)))),
            };
            // A trailer is no byte of the file.
            if let Ok(data) = frame.into_data() {
                self.taker.takes(data.len());
                return Poll::Ready(Some(Ok(data)));
            }
        }
    }
}

impl Drop for CdnBody {
    fn drop(&mut self) {
        // Only where all of it was taken: what is still on its way would be taken for the next answer.
        if let Some(conn) = self.conn.take().filter(|_| self.incoming.is_end_stream()) {
            self.idle.keep(conn);
        }
    }
}

impl fmt::Debug for CdnBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdnBody").field("taker", &self.taker).finish_non_exhaustive()
    }
}
