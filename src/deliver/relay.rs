//! The relay: bytes from the CDN through us, which go on at the byte they had reached when the CDN breaks off.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::{
    cdn::{Cdn, CdnBody, Span},
    upstream::{self, Failure, Opened},
};
use crate::{
    error::{Error, Kind, Result},
    vfs::{Caller, File, Lease},
};

/// Breaks in a row, without [`PROGRESS`] between them, after which the relay gives up.
const MAX_BREAKS: u32 = 4;
/// Bytes that make a break count as a new one.
const PROGRESS: u64 = 64 * 1024;
/// GETs for one (re)opening.
const MAX_TRIES: u32 = 4;

/// How long the relay waits for the CDN.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of an answer.
    pub head: Duration,
    /// For the next byte. There is no total: a film may take as long as it likes.
    pub idle: Duration,
    /// Before a link that was refused is tried again: a connection that was dropped keeps its slot for some seconds.
    pub refused: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(15), idle: Duration::from_secs(15), refused: Duration::from_secs(1) }
    }
}

/// Fetches bytes from the CDN.
#[derive(Debug, Clone)]
pub struct Relay {
    cdn: Cdn,
    patience: Patience,
}

impl Relay {
    pub fn new(cdn: Cdn, patience: Patience) -> Self {
        Self { cdn, patience }
    }

    /// The bytes `first..=last` of a file. Waits until the CDN has begun to send them, so that what fails at the start
    /// can be said with a status.
    pub async fn open(&self, file: File, caller: &Caller, first: u64, last: u64, id: &str) -> Result<RelayBody> {
        let span = Span { first, last, size: file.entry().size() };
        let source = Arc::new(Source { relay: self.clone(), file, caller: caller.clone(), id: id.into() });
        let stream = source.open(span, true, None).await?;
        Ok(RelayBody {
            source,
            etag: stream.etag.clone(),
            phase: Phase::Streaming(stream),
            next: first,
            left: last - first + 1,
            last,
            breaks: 0,
            since_break: 0,
            waiting: None,
        })
    }
}

struct Source {
    relay: Relay,
    file: File,
    caller: Caller,
    /// Of the request, for the log.
    id: Box<str>,
}

struct Stream {
    body: CdnBody,
    etag: Option<HeaderValue>,
    lease: Lease,
}

impl Source {
    /// Opens the rest of the file on a link that works. A refusal may only mean that all connections of the link are taken,
    /// so the same link is tried once more after a moment; then, once, a fresh one. What says nothing of the link keeps it.
    async fn open(&self, span: Span, anew: bool, etag: Option<&HeaderValue>) -> Result<Stream> {
        let mut last = None;
        let mut replaced = false;
        for attempt in 0..MAX_TRIES {
            let mut lease = self.file.lease(anew && attempt == 0, &self.caller).await?;
            lease.begin();
            match upstream::open(&self.relay.cdn, &lease.kept, span, self.relay.patience.head).await {
                Ok(Opened { etag: Some(got), .. }) if etag.is_some_and(|etag| *etag != got) => {
                    return Err(broken("The file changed while it was being sent."));
                }
                Ok(Opened { body, etag, .. }) => return Ok(Stream { body, etag, lease }),
                Err(failure) => {
                    tracing::info!(id = self.id, file = %self.file.entry().name, attempt, %failure, "the CDN did not give the bytes");
                    // No answer was begun, so nothing lingers.
                    lease.finish();
                    let refused = matches!(failure, Failure::Refused(_));
                    if refused && !replaced && (attempt > 0 || self.file.is_old(&lease.kept)) {
                        self.file.refused(&lease.kept);
                        replaced = true;
                    } else if attempt + 1 < MAX_TRIES {
                        drop(lease);
                        tokio::time::sleep(self.relay.patience.refused).await;
                    }
                    last = Some(failure);
                }
            }
        }
        let error = match last {
            Some(failure @ Failure::Timeout) => {
                Error::new(Kind::Timeout, "The file server of 115 did not answer in time. Try again in a moment.")
                    .op("relay")
                    .source(failure)
            }
            Some(failure) => {
                broken("The file server of 115 did not give the bytes of this file. Try again in a moment.")
                    .source(failure)
            }
            None => broken("The file server of 115 was not asked."),
        };
        self.file.relay_failed(&error);
        Err(error)
    }

    /// Why an answer that has begun cannot be ended: its client only sees the connection cut.
    fn give_up(&self, at: u64, error: Error) -> io::Error {
        tracing::warn!(id = self.id, file = %self.file.entry().name, at, ?error, "a transfer was cut");
        io::Error::other(error)
    }
}

fn broken(message: &str) -> Error {
    Error::new(Kind::Upstream, message).op("relay")
}

/// A response body of exactly the bytes asked for, or an error that cuts the connection: never a short end.
pub struct RelayBody {
    source: Arc<Source>,
    etag: Option<HeaderValue>,
    phase: Phase,
    next: u64,
    left: u64,
    last: u64,
    breaks: u32,
    since_break: u64,
    /// For the next byte, until then.
    waiting: Option<Instant>,
}

#[expect(clippy::large_enum_variant, reason = "it streams nearly all the time")]
enum Phase {
    Streaming(Stream),
    Reopening(BoxFuture<'static, Result<Stream>>),
    Done,
}

impl RelayBody {
    /// Waits for the next bytes; `None` where the upstream broke off, stalled or ended early.
    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Phase::Streaming(stream) = &mut self.phase else { return Poll::Ready(None) };
        match stream.body.poll_bytes(cx) {
            Poll::Ready(Some(Ok(data))) => {
                self.waiting = None;
                Poll::Ready(Some(data))
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::info!(file = %self.source.file.entry().name, at = self.next, %error, "the CDN broke off");
                Poll::Ready(None)
            }
            Poll::Ready(None) => {
                tracing::info!(file = %self.source.file.entry().name, at = self.next, "the CDN ended early");
                Poll::Ready(None)
            }
            Poll::Pending => {
                let idle = self.source.relay.patience.idle;
                let until = *self.waiting.get_or_insert_with(|| Instant::now() + idle);
                ready!(stream.body.poll_patience(cx, until));
                tracing::info!(file = %self.source.file.entry().name, at = self.next, "the CDN stalled");
                Poll::Ready(None)
            }
        }
    }

    fn reopen(&mut self) -> io::Result<()> {
        if self.since_break >= PROGRESS {
            self.breaks = 0;
        }
        self.breaks += 1;
        self.since_break = 0;
        self.waiting = None;
        if self.breaks > MAX_BREAKS {
            let error = broken("The file server of 115 breaks off again and again.");
            return Err(self.source.give_up(self.next, error));
        }
        let (source, etag) = (Arc::clone(&self.source), self.etag.clone());
        let span = Span { first: self.next, last: self.last, size: source.file.entry().size() };
        // The old stream goes first: its place may be the one that the next needs.
        self.phase = Phase::Done;
        self.phase = Phase::Reopening(Box::pin(async move { source.open(span, false, etag.as_ref()).await }));
        Ok(())
    }
}

impl Body for RelayBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        loop {
            if this.left == 0 {
                if let Phase::Streaming(mut stream) = std::mem::replace(&mut this.phase, Phase::Done) {
                    stream.lease.finish();
                }
                return Poll::Ready(None);
            }
            match &mut this.phase {
                Phase::Streaming(_) => match ready!(this.poll_stream(cx)) {
                    Some(mut data) => {
                        if data.is_empty() {
                            continue;
                        }
                        if data.len() as u64 > this.left {
                            data.truncate(usize::try_from(this.left).unwrap_or(usize::MAX));
                        }
                        let count = data.len() as u64;
                        this.next += count;
                        this.left -= count;
                        this.since_break += count;
                        if this.left == 0
                            && let Phase::Streaming(stream) = &mut this.phase
                        {
                            stream.lease.finish();
                        }
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    None => {
                        if let Err(error) = this.reopen() {
                            this.phase = Phase::Done;
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                },
                Phase::Reopening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(stream) => {
                        this.etag = this.etag.take().or_else(|| stream.etag.clone());
                        this.phase = Phase::Streaming(stream);
                    }
                    Err(error) => {
                        this.phase = Phase::Done;
                        return Poll::Ready(Some(Err(this.source.give_up(this.next, error))));
                    }
                },
                Phase::Done => return Poll::Ready(Some(Err(io::Error::other("the relay has failed")))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl fmt::Debug for RelayBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayBody").field("next", &self.next).field("left", &self.left).finish_non_exhaustive()
    }
}
