//! `/d` and `/p`: a file of a mount, as a redirect or as bytes.

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};

use super::{Edge, error, extract};
use crate::{
    deliver::{self, Route, Way},
    drive::Entry,
    error::{Kind, Result},
    path::VirtualPath,
    vfs::{File, Policy, View},
};

/// The door that a path leads to, if it is one for files.
pub(super) fn route(path: &str) -> Option<Route> {
    let (route, rest) = match path.get(..2)? {
        "/d" => (Route::Delivered, &path[2..]),
        "/p" => (Route::Through, &path[2..]),
        _ => return None,
    };
    (rest.is_empty() || rest.starts_with('/')).then_some(route)
}

/// The 302 for `/d` where everything is known: most requests of a player, and nothing to wait for.
pub(super) fn quick(edge: &Edge, request: &Request) -> Option<Response> {
    let raw = request.uri().path().strip_prefix("/d/")?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let path = VirtualPath::from_uri(raw).ok()?;
    let view = extract::view(edge, request.headers(), request.extensions());
    let redirects = |policy: &Policy, entry: &Entry| {
        matches!(deliver::plan(Route::Delivered, policy.delivery, entry), Ok(Way::Redirect))
    };
    view.link_at_hand(&path, redirects).map(|kept| deliver::redirect(&kept))
}

pub(super) async fn serve(edge: &Edge, request: Request, route: Route) -> Response {
    let (request, _) = request.into_parts();
    match request.method {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => return preflight(),
        _ => return method_not_allowed(),
    }
    let view = extract::view(edge, &request.headers, &request.extensions);
    // Behind the slash that ends `/d` or `/p`.
    let path = match VirtualPath::from_uri(request.uri.path().get(2..).unwrap_or_default()) {
        Ok(path) => path,
        Err(cause) => return error::respond(&request.headers, cause.into(), None, extract::request_id(&request)),
    };
    match answer(edge, &view, &path, &request, route).await {
        Ok(response) => response,
        Err(cause) => {
            let browse = (cause.kind() == Kind::IsFolder).then(|| path.to_uri());
            error::respond(&request.headers, cause, browse.as_deref(), extract::request_id(&request))
        }
    }
}

async fn answer(edge: &Edge, view: &View, path: &VirtualPath, request: &Parts, route: Route) -> Result<Response> {
    let file = view.file(path).await?;
    match deliver::plan(route, file.policy().delivery, &file.entry)? {
        Way::Redirect => match view.link(&file).await? {
            Some(kept) => Ok(deliver::redirect(&kept)),
            None => relay(edge, file, request).await,
        },
        Way::Relay => relay(edge, file, request).await,
    }
}

async fn relay(edge: &Edge, file: File, request: &Parts) -> Result<Response> {
    let answer = deliver::answer(&request.method, &request.headers, &file.entry);
    let body = match answer.bytes {
        Some((first, last)) => Body::new(edge.relay.open(file, first, last, extract::request_id(request)).await?),
        None => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// A page of another origin may ask for ranges (a player in a browser); it gets no credentials to do it with.
fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Range, If-Range, If-Match, If-None-Match, If-Modified-Since"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    response
}

pub(super) fn method_not_allowed() -> Response {
    let mut response = Response::new(Body::from("Only GET and HEAD work here.\n"));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    response
}
