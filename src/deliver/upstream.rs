//! One GET at the CDN: the right headers, three redirects by hand, and only an answer that is exactly what was asked for.

use std::{borrow::Cow, io, time::Duration};

use http::{HeaderValue, StatusCode, Uri, header};
use url::Url;

use super::cdn::{Cdn, CdnBody, Head, Span};
use crate::vfs::Kept;

/// Redirects of the CDN that are followed.
const MAX_REDIRECTS: usize = 3;

/// Why a GET gave no bytes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// 403 and its like: the link is bound to something else, expired, or has no connection left.
    #[error("the file server refused the link ({0})")]
    Refused(StatusCode),
    #[error("the file server answered {0}")]
    Status(StatusCode),
    /// Not the bytes that were asked for.
    #[error("the file server sent something else: {0}")]
    Mismatch(&'static str),
    #[error("the file server did not answer in time")]
    Timeout,
    #[error("the connection to the file server failed")]
    Transport(#[source] io::Error),
}

/// Bytes of the file, from `span.first` on, and the entity tag they came with.
pub(super) struct Opened {
    pub(super) body: CdnBody,
    pub(super) etag: Option<HeaderValue>,
}

pub(super) async fn open(cdn: &Cdn, kept: &Kept, span: Span, patience: Duration) -> Result<Opened, Failure> {
    let mut uri = Cow::Borrowed(kept.uri.as_ref().ok_or(Failure::Mismatch("the link is no URL"))?);
    let mut headers = Cow::Borrowed(&kept.link.headers);
    for _ in 0..=MAX_REDIRECTS {
        let answer = cdn.get(&uri, &headers, span, patience).await;
        let (head, body) = answer.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Failure::Timeout,
            _ => Failure::Transport(error),
        })?;
        if !head.status.is_redirection() || head.status == StatusCode::NOT_MODIFIED {
            check(&head, span)?;
            return Ok(Opened { body, etag: head.etag });
        }
        let to = head.location.as_ref().and_then(|to| to.to_str().ok());
        let to = to.and_then(|to| resolve(&uri, to)).ok_or(Failure::Mismatch("a redirect to nowhere"))?;
        if (to.scheme(), to.authority()) != (uri.scheme(), uri.authority()) {
            headers.to_mut().remove(header::COOKIE);
        }
        uri = Cow::Owned(to);
    }
    Err(Failure::Mismatch("it redirects without end"))
}

/// Where a `Location` leads; http and https alone.
fn resolve(from: &Uri, to: &str) -> Option<Uri> {
    let to = Url::parse(&from.to_string()).ok()?.join(to).ok()?;
    matches!(to.scheme(), "http" | "https").then(|| to.as_str().parse().ok())?
}

fn check(head: &Head, span: Span) -> Result<(), Failure> {
    match head.status {
        StatusCode::PARTIAL_CONTENT if head.span == Some(span) => {}
        StatusCode::PARTIAL_CONTENT => return Err(Failure::Mismatch("another range")),
        // A server that knows no ranges sends everything: fine where everything from the start on is wanted.
        StatusCode::OK if span.first == 0 => {
            if head.length.is_some_and(|length| length != span.size) {
                return Err(Failure::Mismatch("another length"));
            }
        }
        StatusCode::OK => return Err(Failure::Mismatch("the whole file instead of a range")),
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE) => {
            return Err(Failure::Refused(status));
        }
        status => return Err(Failure::Status(status)),
    }
    if head.coded {
        return Err(Failure::Mismatch("a compressed body"));
    }
    Ok(())
}
