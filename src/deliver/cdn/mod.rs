//! The client for the CDN: GETs whose bytes are read by whoever sends them on, so nothing waits in between.
//!
//! A connection has no task of its own: the one that relays a body reads it, piece by piece, into a buffer that is used again
//! once the piece has gone out. A client with a task for each connection hands every piece from task to task and lets it
//! wait in large buffers; a thousand slow readers then hold hundreds of MiB.

mod body;
mod connect;
mod framing;
mod head;
mod idle;
mod pace;
mod tunnel;
mod wire;

use std::{future::poll_fn, io, sync::Arc, time::Duration};

use http::{HeaderMap, Uri};
use tokio::time::Instant;

use self::{
    connect::{Connector, Origin},
    idle::{Berth, Idle},
    pace::Taker,
    wire::Conn,
};

pub use self::connect::NoCertificates;
pub(super) use self::{body::CdnBody, head::Head};

/// First and last byte of a file that is `size` bytes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) size: u64,
}

/// Fetches from the CDN; follows no redirects, decompresses nothing, has no total timeout. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cdn {
    connector: Arc<Connector>,
    idle: Arc<Idle>,
    /// Each body under way holds a clone.
    takers: Arc<()>,
}

impl Cdn {
    /// Checks certificates against the system's; fails where there are none.
    pub fn new() -> Result<Self, NoCertificates> {
        Ok(Self { connector: Arc::new(Connector::checking()?), idle: Arc::default(), takers: Arc::default() })
    }

    /// For `http` URLs alone: where there is no network, there need be no certificates.
    pub fn without_tls() -> Self {
        Self { connector: Arc::new(Connector::plain()), idle: Arc::default(), takers: Arc::default() }
    }

    /// One GET of a range. Waits `patience` for the head of the answer, and a limit of its own for a connection. One that
    /// was kept and turns out to be dead is replaced.
    pub(super) async fn get(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        span: Span,
        patience: Duration,
    ) -> io::Result<(Head, CdnBody)> {
        let berth = Berth::here(Origin::of(uri)?);
        let question = head::question(uri, &berth.origin, headers, span);
        loop {
            let (mut conn, kept) = match self.idle.take(&berth) {
                Some(conn) => (conn, true),
                None => {
                    let stream = Box::pin(self.connector.connect(&berth.origin)).await?;
                    (Box::new(Conn::new(stream, berth.clone())), false)
                }
            };
            let until = Instant::now() + patience;
            let mut answer = head::Answer::new(&question, span.last - span.first + 1);
            match poll_fn(|cx| answer.poll(&mut conn, cx, until)).await {
                Ok((head, framing)) => {
                    let taker = Taker::new(&self.takers);
                    return Ok((head, CdnBody::new(framing, conn, Arc::clone(&self.idle), taker)));
                }
                // Only where nothing was heard: what times out or answers nonsense is no matter of having been kept.
                Err(error) if kept && !answer.began() && error.kind() != io::ErrorKind::TimedOut => {
                    tracing::debug!(%error, "a connection to the CDN that was kept is dead");
                }
                Err(error) => return Err(error),
            }
        }
    }
}
