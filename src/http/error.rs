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
        Kind::Gone | Kind::Ended => StatusCode::GONE,
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
        Kind::Ended => "It has ended",
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

/// Seconds to wait before the same question makes sense again.
pub(super) fn wait(error: &Error) -> Option<u64> {
    error.wait().map(|wait| wait.as_secs().max(1)).or_else(|| default_wait(error.kind()))
}

/// Where to go from a failure.
#[derive(Debug)]
pub(super) enum Hint {
    /// To the folder that was asked for, which is shown here.
    Browse(String),
    LogIn,
}

/// Whether whoever asks shows pages to a person.
pub(super) fn is_browser(asked: &HeaderMap) -> bool {
    let accept = asked.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The answer to a request that failed: a page for browsers, plain text for the rest. What is internal goes along in an
/// extension, for the access log alone. `base` stands before every path of ours.
pub(super) fn respond(base: &str, asked: &HeaderMap, error: Error, hint: Option<Hint>, request_id: &str) -> Response {
    let kind = error.kind();
    let status = status(kind);
    let (content_type, text) = if is_browser(asked) {
        let hint = hint.map(|hint| match hint {
            Hint::Browse(href) => (href, "Browse this folder"),
            Hint::LogIn => (format!("{base}/-/login"), "Log in"),
        });
        let hint = hint.as_ref().map(|(href, text)| (href.as_str(), *text));
        ("text/html; charset=utf-8", page::error(base, status.as_u16(), title(kind), error.message(), hint, request_id))
    } else {
        let hint = match hint {
            Some(Hint::Browse(href)) => format!("Browse it at {href}\n"),
            Some(Hint::LogIn) | None => String::new(),
        };
        ("text/plain; charset=utf-8", format!("{}\n{hint}", error.message()))
    };
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
    advise(&mut response, Some(&error));
    response.extensions_mut().insert(error);
    response
}

/// What the head of a failure says: how long to wait, and that a login is wanted.
pub(super) fn advise(response: &mut Response, error: Option<&Error>) {
    let status = response.status();
    if must_wait(status)
        && let Some(error) = error
        && let Some(wait) = wait(error)
    {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    if status == StatusCode::UNAUTHORIZED {
        // Not Basic, for which browsers would ask in a window of their own.
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"gate115\""));
    }
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
                    assert!(
                        status.is_server_error() || matches!(kind, Kind::Gone | Kind::Ended | Kind::Forbidden),
                        "{kind:?}"
                    )
                }
            }
            assert!(!title(kind).is_empty());
        }
    }

    #[test]
    fn whoever_is_told_to_wait_is_told_how_long() {
        for kind in Kind::ALL {
            let response = respond("", &HeaderMap::new(), Error::new(kind, "x"), None, "id");
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), must_wait(response.status()), "{kind:?}");
            let login = response.headers().contains_key(header::WWW_AUTHENTICATE);
            assert_eq!(login, response.status() == StatusCode::UNAUTHORIZED, "{kind:?}");
        }
    }
}
