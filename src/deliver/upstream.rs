//! One GET at the CDN: the right headers, three redirects by hand, and only an answer that is exactly what was asked for.

use std::{io, time::Duration};

use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use url::Url;

use super::cdn::{Cdn, CdnBody};
use crate::drive::Link;

/// Redirects of the CDN that are followed.
const MAX_REDIRECTS: usize = 3;

/// First and last byte of a file that is `size` bytes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) size: u64,
}

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

pub(super) async fn open(cdn: &Cdn, link: &Link, span: Span, patience: Duration) -> Result<Opened, Failure> {
    let mut uri = Uri::try_from(link.url.as_bytes()).map_err(|_| Failure::Mismatch("the link is no URL"))?;
    let mut headers = link.headers.clone();
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(header::RANGE, range(span)?);
    for _ in 0..=MAX_REDIRECTS {
        let response = cdn.get(&uri, &headers, span.last - span.first + 1, patience).await;
        let response = response.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Failure::Timeout,
            _ => Failure::Transport(error),
        })?;
        let status = response.status();
        if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
            return check(response, span);
        }
        let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
        let to = to.and_then(|to| resolve(&uri, to)).ok_or(Failure::Mismatch("a redirect to nowhere"))?;
        if (to.scheme(), to.authority()) != (uri.scheme(), uri.authority()) {
            headers.remove(header::COOKIE);
        }
        uri = to;
    }
    Err(Failure::Mismatch("it redirects without end"))
}

/// Where a `Location` leads; http and https alone.
fn resolve(from: &Uri, to: &str) -> Option<Uri> {
    let to = Url::parse(&from.to_string()).ok()?.join(to).ok()?;
    matches!(to.scheme(), "http" | "https").then(|| to.as_str().parse().ok())?
}

fn range(span: Span) -> Result<HeaderValue, Failure> {
    HeaderValue::try_from(format!("bytes={}-{}", span.first, span.last))
        .map_err(|_| Failure::Mismatch("the range is none"))
}

fn check(response: Response<CdnBody>, span: Span) -> Result<Opened, Failure> {
    let headers = response.headers();
    let length = number(headers, header::CONTENT_LENGTH);
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            if headers.get(header::CONTENT_RANGE).map(HeaderValue::as_bytes)
                != Some(format!("bytes {}-{}/{}", span.first, span.last, span.size).as_bytes())
            {
                return Err(Failure::Mismatch("another range"));
            }
        }
        // A server that knows no ranges sends everything: fine where everything from the start on is wanted.
        StatusCode::OK if span.first == 0 => {
            if length.is_some_and(|length| length != span.size) {
                return Err(Failure::Mismatch("another length"));
            }
        }
        StatusCode::OK => return Err(Failure::Mismatch("the whole file instead of a range")),
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE) => {
            return Err(Failure::Refused(status));
        }
        status => return Err(Failure::Status(status)),
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Failure::Mismatch("a compressed body"));
    }
    let etag = headers.get(header::ETAG).cloned();
    Ok(Opened { body: response.into_body(), etag })
}

fn number(headers: &HeaderMap, name: header::HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
