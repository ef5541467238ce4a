//! `/d` and `/p`: a file of a mount, as a redirect or as bytes.

use axum::{body::Body, response::Response};
use http::{HeaderValue, Method, Request, StatusCode, header, request::Parts};

use super::{
    Edge, access, addresses,
    counted::Counted,
    error::{self, Hint},
    extract,
    layers::{Peer, RequestId},
};
use crate::{
    deliver::{self, Answer, Route, Way},
    drive::CallerKind,
    error::{Kind, Result},
    identity::is_stable,
    path::VirtualPath,
    vfs::{File, View},
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
pub(super) fn quick<B>(edge: &Edge, request: &Request<B>, peer: Option<Peer>) -> Option<Response> {
    let raw = edge.site.below(request.uri().path())?.strip_prefix("/d/")?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let view = extract::view(edge, request.headers(), peer, None, CallerKind::Player);
    let file = view.at_hand(raw)?;
    // Who is not let in hears why on the long way.
    access::admit(&edge.guard, request.headers(), request.uri().query(), file.path()).ok()?;
    match deliver::plan(Route::Delivered, file.delivery(), file.entry()) {
        Ok(Way::Redirect) => view.link_at_hand(&file).map(|kept| deliver::redirect(&kept)),
        Ok(Way::Hop(proxy)) => addresses::hop(&edge.guard, proxy, file.path()).ok().map(deliver::hop),
        _ => None,
    }
}

pub(super) async fn serve(edge: &Edge, request: &Parts, peer: Option<Peer>, id: &RequestId, route: Route) -> Response {
    match request.method {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => return preflight(),
        _ => return method_not_allowed(),
    }
    let here = route == Route::Through && request.uri.query().is_some_and(wants_it_here);
    let route = if here { Route::Here } else { route };
    // Behind the slash that ends `/d` or `/p`.
    let raw = edge.site.below(request.uri.path()).and_then(|path| path.get(3..)).unwrap_or_default();
    let view = extract::view(edge, &request.headers, peer, None, CallerKind::Player);
    answer(edge, &view, raw, request, id, route).await.unwrap_or_else(|cause| {
        let hint = match cause.kind() {
            Kind::IsFolder => page_of(edge, request, raw).map(Hint::Browse),
            Kind::Stranger => Some(Hint::LogIn),
            _ => None,
        };
        error::respond(edge.site.base(), &request.headers, cause, hint, id.as_str())
    })
}

/// Whether the bytes are to come from here though the mount has a download proxy, which it is that asks so.
fn wants_it_here(query: &str) -> bool {
    query.split('&').any(|pair| pair == "d" || pair.starts_with("d="))
}

/// The file, for whoever may have it. Nobody else learns whether it is there, and 115 is not asked for him.
///
/// A path is what it says. Where that leads nowhere and there is still some `%XX` in it, a program encoded it twice: then it is
/// what it says decoded once more, if whoever asks may have that. So for him, though he may not have the first, it is looked whether
/// it is there.
async fn file(edge: &Edge, view: &View, raw: &str, request: &Parts) -> Result<File> {
    let admit = |path: &VirtualPath| access::admit(&edge.guard, &request.headers, request.uri.query(), path);
    if let Some(file) = view.at_hand(raw) {
        admit(file.path())?;
        return Ok(file);
    }
    let path = VirtualPath::from_uri(raw)?;
    if is_stable(path.as_str()) {
        admit(&path)?;
        return addresses::stable_file(view, raw, &path).await;
    }
    let refused = admit(&path).err();
    let again = decoded_again(&path).filter(|again| !is_stable(again.as_str()) && admit(again).is_ok());
    let Some(again) = again else {
        return match refused {
            Some(fault) => Err(fault.into()),
            None => view.file(raw, &path).await,
        };
    };
    let error = match view.file(raw, &path).await {
        Err(error) if error.kind() == Kind::NotFound => error,
        Err(error) if error.kind() != Kind::IsFolder => return Err(error),
        there => return refused.map_or(there, |fault| Err(fault.into())),
    };
    // Remembered as what it is: what was written may yet come to be a name.
    match view.file(again.to_uri().trim_start_matches('/'), &again).await {
        Err(other) if other.kind() == Kind::NotFound => Err(error),
        found => found,
    }
}

/// The path that is left when one is decoded once more; `None` where nothing was encoded, or where that is no path.
fn decoded_again(path: &VirtualPath) -> Option<VirtualPath> {
    let again = path.as_str().contains('%').then(|| VirtualPath::from_uri(path.as_str()).ok())??;
    (again != *path).then_some(again)
}

/// Where whoever asks can browse this folder, if he can.
fn page_of(edge: &Edge, request: &Parts, raw: &str) -> Option<String> {
    let path = VirtualPath::from_uri(raw).ok()?;
    let own = match access::visitor(edge, &request.headers) {
        Some(visitor) => visitor.own(&path)?,
        None => path,
    };
    Some(format!("{}{}", edge.site.base(), own.to_uri()))
}

async fn answer(
    edge: &Edge,
    view: &View,
    raw: &str,
    request: &Parts,
    id: &RequestId,
    route: Route,
) -> Result<Response> {
    let file = file(edge, view, raw, request).await?;
    match deliver::plan(route, file.delivery(), file.entry())? {
        Way::Redirect => match view.link(&file).await? {
            Some(kept) => Ok(deliver::redirect(&kept)),
            None => relay(edge, view, file, request, id).await,
        },
        Way::Hop(proxy) => Ok(deliver::hop(addresses::hop(&edge.guard, proxy, file.path())?)),
        Way::Relay => relay(edge, view, file, request, id).await,
        Way::Local => Box::pin(local(edge, &file, request, id)).await,
    }
}

async fn relay(edge: &Edge, view: &View, file: File, request: &Parts, id: &RequestId) -> Result<Response> {
    let answer = deliver::answer(&request.method, &request.headers, file.entry(), file.head(deliver::head));
    let body = match answer.bytes {
        Some((first, last)) => {
            let body = edge.relay.open(file, view.caller(), first, last, id.as_str()).await?;
            Body::new(Counted::new(body, &edge.metrics.relayed))
        }
        None => Body::empty(),
    };
    Ok(respond(answer, body))
}

/// Head and bytes are of one and the same opened file, whatever happens at its path meanwhile.
async fn local(edge: &Edge, file: &File, request: &Parts, id: &RequestId) -> Result<Response> {
    let opened = file.open().await?;
    let head = deliver::head_of_opened(&opened);
    let answer = deliver::answer(&request.method, &request.headers, &opened.entry, &head);
    let body = match answer.bytes {
        Some((first, last)) => {
            let body = edge.files.open(opened, first, last, id.as_str()).await?;
            Body::new(Counted::new(body, &edge.metrics.local))
        }
        None => Body::empty(),
    };
    Ok(respond(answer, body))
}

fn respond(answer: Answer, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// A page of another origin may ask for ranges (a player in a browser), with a token if it has one; our cookie stays with us.
fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Range, If-Range, If-Match, If-None-Match, If-Modified-Since"),
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
