//! How a failure is told to a client: one table from kind to status, and a small page in plain words.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::page;
use crate::error::{Error, Kind};

/// The status of each kind of failure.
pub(super) fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::TooLong => StatusCode::URI_TOO_LONG,
        Kind::NotFound | Kind::IsFolder => StatusCode::NOT_FOUND,
        Kind::Stranger => StatusCode::UNAUTHORIZED,
        Kind::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Kind::Gone => StatusCode::GONE,
        Kind::NotAllowed | Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotReady | Kind::Paused | Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Session | Kind::Upstream => StatusCode::BAD_GATEWAY,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Kind::Storage | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn must_wait(status: StatusCode) -> bool {
    matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "Not a path",
        Kind::TooLong => "Too long",
        Kind::NotFound => "Not found",
        Kind::IsFolder => "A folder",
        Kind::Stranger => "Who are you?",
        Kind::NotAllowed => "Not allowed",
        Kind::TooOften => "Too many tries",
        Kind::Gone => "Gone",
        Kind::Forbidden => "This file is refused",
        Kind::NotReady => "Not ready yet",
        Kind::Paused => "115 is being left in peace",
        Kind::Busy => "Too busy",
        Kind::Session => "Login needed",
        Kind::Upstream => "The drive failed",
        Kind::Timeout => "The drive did not answer",
        Kind::Storage => "The disk of the gateway fails",
        Kind::Internal => "A mistake of ours",
    }
}

/// Seconds to wait where the failure itself says none.
fn default_wait(kind: Kind) -> Option<u64> {
    match kind {
        Kind::NotReady | Kind::Paused | Kind::TooOften => Some(60),
        Kind::Busy => Some(5),
        _ => None,
    }
}

/// The answer to a request that failed: a page for browsers, plain text for the rest. What is internal goes along in an
/// extension, for the access log alone. `browse`: where the folder that was asked for can be seen.
pub(super) fn respond(asked: &HeaderMap, error: Error, browse: Option<&str>, request_id: &str) -> Response {
    let kind = error.kind();
    let status = status(kind);
    let browser = asked
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let (content_type, text) = if browser {
        let hint = browse.map(|href| (href, "Browse this folder"));
        ("text/html; charset=utf-8", page::error(status.as_u16(), title(kind), error.message(), hint, request_id))
    } else {
        let hint = browse.map(|href| format!("Browse it at {href}\n")).unwrap_or_default();
        ("text/plain; charset=utf-8", format!("{}\n{hint}", error.message()))
    };
    let wait =
        error.wait().map(|wait| wait.as_secs().max(1)).or_else(|| default_wait(kind)).filter(|_| must_wait(status));
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::CSP));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Some(wait) = wait {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    response.extensions_mut().insert(error);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    #[test]
    fn every_kind_has_a_status_that_fits_its_fault() {
        for kind in Kind::ALL {
            let status = status(kind);
            match kind.fault() {
                Fault::Caller => assert!(status.is_client_error(), "{kind:?}"),
                Fault::Ours => assert!(status.is_server_error(), "{kind:?}"),
                Fault::Upstream => {
                    assert!(status.is_server_error() || matches!(kind, Kind::Gone | Kind::Forbidden), "{kind:?}")
                }
            }
            assert!(!title(kind).is_empty());
        }
    }

    #[test]
    fn whoever_is_told_to_wait_is_told_how_long() {
        for kind in Kind::ALL {
            let response = respond(&HeaderMap::new(), Error::new(kind, "x"), None, "id");
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), must_wait(response.status()), "{kind:?}");
        }
    }
}
