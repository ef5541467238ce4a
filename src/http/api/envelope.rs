//! Answers of the API: always HTTP 200, with the outcome in an envelope, and one table from our failures to its codes.

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{
    error::{Error, Kind},
    http::error,
};

#[derive(Serialize)]
struct Envelope<'a, T> {
    code: u16,
    message: &'a str,
    data: Option<T>,
}

/// Why a call failed, as its caller is told.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: u16,
    pub(super) message: String,
    /// What the access log says of it.
    cause: Option<Box<Error>>,
}

pub(super) type Answer = Result<Response, Failure>;

impl Failure {
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), cause: None }
    }
}

/// The code of each kind of failure, and what clients look for at the end of its message.
fn told(kind: Kind) -> (u16, Option<&'static str>) {
    match kind {
        Kind::Invalid | Kind::TooLong => (400, None),
        Kind::Stranger => (401, None),
        Kind::NotAllowed => (403, Some("permission denied")),
        Kind::TooOften => (429, None),
        // Strm generators take it for the end of a file and delete theirs, so nothing else may end so: no whole share, say.
        Kind::NotFound | Kind::Gone => (500, Some("object not found")),
        Kind::IsFolder => (500, Some("not a file")),
        Kind::Paused | Kind::Busy => (503, None),
        Kind::Ended
        | Kind::Forbidden
        | Kind::NotReady
        | Kind::Session
        | Kind::Upstream
        | Kind::Timeout
        | Kind::Storage
        | Kind::Internal => (500, None),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, ending) = told(error.kind());
        let message = match ending {
            Some(ending) => format!("{} {ending}", error.message().trim_end()),
            None => error.message().to_owned(),
        };
        Self { code, message, cause: Some(Box::new(error)) }
    }
}

/// Data, as it went well.
pub(super) fn success(data: impl Serialize) -> Answer {
    Ok(write(&Envelope { code: 200, message: "success", data: Some(data) }))
}

/// Nothing to say but that it went well.
pub(super) fn done() -> Answer {
    Ok(write(&Envelope::<()> { code: 200, message: "success", data: None }))
}

pub(super) fn failed(failure: Failure) -> Response {
    let Failure { code, message, cause } = failure;
    let mut response = write(&Envelope::<()> { code, message: &message, data: None });
    if let Some(cause) = cause {
        if let Some(wait) = error::wait(&cause) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response.extensions_mut().insert(*cause);
    }
    response
}

fn write<T: Serialize>(envelope: &Envelope<'_, T>) -> Response {
    // Of our own types, whose keys are all texts: nothing of it can fail.
    let json = serde_json::to_vec(envelope).unwrap_or_default();
    let mut response = Response::new(Body::from(json));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// Pages of other origins may ask, with a token of theirs. `*` does not stand for `Authorization`, so that is named.
pub(super) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, OPTIONS"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, Range, File-Path, As-Task, Overwrite, Password, *"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each kind of failure is to a client of OpenList.
    const WANTED: [(Kind, u16, &str); 18] = [
        (Kind::Invalid, 400, "X."),
        (Kind::TooLong, 400, "X."),
        (Kind::NotFound, 500, "X. object not found"),
        (Kind::IsFolder, 500, "X. not a file"),
        (Kind::Stranger, 401, "X."),
        (Kind::NotAllowed, 403, "X. permission denied"),
        (Kind::TooOften, 429, "X."),
        (Kind::Gone, 500, "X. object not found"),
        (Kind::Ended, 500, "X."),
        (Kind::Forbidden, 500, "X."),
        (Kind::NotReady, 500, "X."),
        (Kind::Paused, 503, "X."),
        (Kind::Busy, 503, "X."),
        (Kind::Session, 500, "X."),
        (Kind::Upstream, 500, "X."),
        (Kind::Timeout, 500, "X."),
        (Kind::Storage, 500, "X."),
        (Kind::Internal, 500, "X."),
    ];

    #[test]
    fn every_kind_has_its_code_and_its_words() {
        assert_eq!(WANTED.map(|(kind, _, _)| kind), Kind::ALL);
        for (kind, code, message) in WANTED {
            let failure = Failure::from(Error::new(kind, "X."));
            assert_eq!((failure.code, &*failure.message), (code, message), "{kind:?}");
            assert_eq!(failed(failure).status(), StatusCode::OK, "{kind:?}");
        }
    }
}
