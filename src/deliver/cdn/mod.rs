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

use http::{HeaderMap, Response, Uri};
use tokio::time::Instant;

use self::{
    connect::{Connector, Origin},
    framing::Framing,
    idle::{Berth, Idle},
    pace::Taker,
    wire::Conn,
};

pub(super) use self::body::CdnBody;
pub use self::connect::NoCertificates;

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

    /// One GET, of whose answer about `size` bytes are wanted. Waits `patience` for the head of the answer, and a limit of its
    /// own for a connection. One that was kept and turns out to be dead is replaced.
    pub(super) async fn get(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        size: u64,
        patience: Duration,
    ) -> io::Result<Response<CdnBody>> {
        let berth = Berth::here(Origin::of(uri)?);
        let question = head::question(uri, &berth.origin, headers);
        loop {
            let (mut conn, kept) = match self.idle.take(&berth) {
                Some(conn) => (conn, true),
                None => (Box::new(Conn::new(self.connector.connect(&berth.origin).await?, berth.clone())), false),
            };
            let until = Instant::now() + patience;
            let mut answer = head::Answer::new(&question, size);
            match poll_fn(|cx| answer.poll(&mut conn, cx, until)).await {
                Ok(head) => {
                    let framing = Framing::of(&head).map_err(io::Error::other)?;
                    let taker = Taker::new(&self.takers);
                    return Ok(head.map(|()| CdnBody::new(framing, conn, Arc::clone(&self.idle), taker)));
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
