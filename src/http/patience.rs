//! The limits of a connection: for the next request's head, and for a client that takes nothing.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{Sleep, Timer};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};

use crate::alarm::Alarm;

/// hyper's timer, for one connection: hyper asks for the same wait before each request.
#[derive(Debug, Clone, Default)]
pub(super) struct Patience(Arc<Mutex<Alarm>>);

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
        self.alarm.0.lock().poll(cx, self.until)
    }
}

impl Sleep for Wait {}

/// A connection that fails once its client has taken nothing for `limit`, though there was something to take.
pub(super) struct Taken {
    stream: TcpStream,
    limit: Duration,
    alarm: Alarm,
    /// When the client's standstill becomes too long.
    until: Option<Instant>,
}

impl Taken {
    pub(super) fn new(stream: TcpStream, limit: Duration) -> Self {
        Self { stream, limit, alarm: Alarm::default(), until: None }
    }

    fn watched(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.until = None;
            return written;
        }
        let until = *self.until.get_or_insert_with(|| Instant::now() + self.limit);
        self.alarm.poll(cx, until).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Taken {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Taken {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watched(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watched(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_of_one_connection_each_end_at_their_own_time() {
        let timer = Patience::default();
        let start = Instant::now();
        drop(timer.sleep(Duration::from_secs(20)));
        tokio::time::advance(Duration::from_secs(15)).await;
        timer.sleep(Duration::from_secs(20)).await;
        assert_eq!(start.elapsed().as_secs(), 35);
        let (long, short) = (timer.sleep(Duration::from_secs(9)), timer.sleep(Duration::from_secs(2)));
        short.await;
        assert_eq!(start.elapsed().as_secs(), 37);
        long.await;
        assert_eq!(start.elapsed().as_secs(), 44);
    }
}
