//! The bytes of an answer, handed out only as fast as the connection takes them, and the ways in which they stop.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::slots::Slot;
use crate::content::Content;

/// Between the last byte before a cut and the cut itself: what was handed over shall leave the socket's buffer first.
const FLUSH: Duration = Duration::from_millis(50);

/// A break in the body, at an absolute offset of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    Cut(u64),
    Stall(u64),
}

pub(super) struct CdnBody {
    content: Content,
    at: u64,
    end: u64,
    slot: Slot,
    break_at: Option<Break>,
    pace: Option<u64>,
    rest: Option<Pin<Box<Sleep>>>,
    /// All that shall come before the cut was handed over; what remains is to let it leave.
    cutting: bool,
}

impl CdnBody {
    /// Bytes `at..end` of `content`, no faster than `pace` bytes per second.
    pub(super) fn new(
        content: Content,
        (at, end): (u64, u64),
        slot: Slot,
        break_at: Option<Break>,
        pace: Option<u64>,
    ) -> Self {
        Self { content, at, end, slot, break_at, pace: pace.filter(|pace| *pace > 0), rest: None, cutting: false }
    }

    fn limit(&self) -> u64 {
        match self.break_at {
            Some(Break::Cut(at) | Break::Stall(at)) => at.min(self.end),
            None => self.end,
        }
    }
}

impl Body for CdnBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(cx));
            self.rest = None;
            if self.cutting {
                return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
            }
        }
        if self.at >= self.end {
            return Poll::Ready(None);
        }
        if self.at >= self.limit() {
            if !matches!(self.break_at, Some(Break::Cut(_))) {
                // Nothing will ever wake this body; only the peer can end it.
                return Poll::Pending;
            }
            self.cutting = true;
            self.rest = Some(Box::pin(sleep(FLUSH)));
            return self.poll_frame(cx);
        }
        let mut end = self.limit();
        if let Some(pace) = self.pace {
            // Some twenty steps a second keep a slow link smooth.
            end = end.min(self.at + (pace / 20).clamp(1, 64 * 1024));
        }
        let piece = self.content.chunk(self.at, end);
        let sent = piece.len() as u64;
        self.at += sent;
        self.slot.sent(sent);
        if self.at == self.end {
            self.slot.complete();
        } else if let Some(pace) = self.pace {
            self.rest = Some(Box::pin(sleep(Duration::from_secs_f64(sent as f64 / pace as f64))));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}
