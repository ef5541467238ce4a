//! The byte servers: who may fetch, how many at once, and exactly which bytes (docs/115.md, §4.6).

mod body;
pub(crate) mod link;
mod range;
pub(crate) mod slots;

use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::routing::any;
use serde_json::json;

use self::body::{Break, CdnBody};
use self::link::{Claims, encoded};
use self::range::Part;
use crate::api::call::text;
use crate::api::{png, reply};
use crate::content::digest;
use crate::fault::Fault;
use crate::ledger::Record;
use crate::sim::Sim;

pub(crate) fn router(sim: Sim) -> Router {
    Router::new()
        .route("/cdn/{*rest}", any(direct))
        .route("/cdn-hop/{*rest}", any(hop))
        .route("/thumb/{*rest}", any(thumbnail))
        .with_state(sim)
}

async fn direct(State(sim): State<Sim>, request: Request) -> Response<Body> {
    let (request, _) = request.into_parts();
    let path = request.uri.path().to_owned();
    fetch(&sim, &request, &path, true).await
}

/// `/cdn-hop/<n>/cdn/…`: `n` more redirects, then the bytes. Relative, so that a client has to resolve them.
async fn hop(State(sim): State<Sim>, request: Request) -> Response<Body> {
    let (request, _) = request.into_parts();
    let path = request.uri.path().to_owned();
    let Some((left, rest)) = path.strip_prefix("/cdn-hop/").and_then(|path| path.split_once('/')) else {
        return refusal(&sim, 404, "no such object");
    };
    match left.parse::<u8>() {
        Ok(0) => fetch(&sim, &request, &format!("/{rest}"), false).await,
        Ok(left) => {
            let response = redirect(&request, left - 1, &format!("/{rest}"));
            book(&sim, "cdn_hop", &request, &path, 302);
            response
        }
        Err(_) => refusal(&sim, 404, "no such object"),
    }
}

/// One picture for all of them.
async fn thumbnail(State(sim): State<Sim>, request: Request) -> Response<Body> {
    let (request, _) = request.into_parts();
    let path = request.uri.path().to_owned();
    let mut response = Response::new(Body::from(png::square()));
    insert(response.headers_mut(), header::CONTENT_TYPE, "image/png".to_owned());
    book(&sim, "cdn_thumb", &request, &path, 200);
    stamped(&sim, response)
}

fn redirect(request: &Parts, left: u8, path: &str) -> Response<Body> {
    let query = request.uri.query().unwrap_or("");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(location) = HeaderValue::from_str(&format!("/cdn-hop/{left}{path}?{query}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

async fn fetch(sim: &Sim, request: &Parts, path: &str, scripted: bool) -> Response<Body> {
    // Behind a scripted redirect the bytes come as usual, or there would be no end to it.
    let struck = if scripted { sim.0.faults.strike("cdn") } else { crate::fault::Struck::default() };
    if !struck.delay.is_zero() {
        tokio::time::sleep(struck.delay).await;
    }
    let dropped = struck.fault == Some(Fault::Reset);
    let response = match struck.fault {
        Some(Fault::Reset) => reply::dropped(),
        Some(Fault::Refuse(status)) => refusal(sim, status, "forbidden"),
        Some(Fault::ExpireNow) => refusal(sim, 403, "link expired"),
        Some(Fault::Status(status, body)) => plain(status, body.as_bytes()),
        Some(Fault::Garbage) => plain(200, b"\x00\xff\xfe not the file"),
        Some(Fault::Redirect(hops)) => redirect(request, hops.saturating_sub(1), path),
        fault => answer(sim, request, path, fault.as_ref()),
    };
    sim.run_hook("cdn");
    book(sim, "cdn", request, path, if dropped { 0 } else { response.status().as_u16() });
    response
}

fn answer(sim: &Sim, request: &Parts, path: &str, fault: Option<&Fault>) -> Response<Body> {
    let (headers, query) = (&request.headers, request.uri.query().unwrap_or(""));
    let head = request.method == Method::HEAD;
    if !head && request.method != Method::GET {
        sim.0.ledger.violation(format!("cdn: method {}", request.method));
        return refusal(sim, 405, "method not allowed");
    }
    let cookie = text(headers, &header::COOKIE).unwrap_or_default();
    if cookie.contains("SEID=") || cookie.contains("UID=") {
        sim.0.ledger.violation("cdn: the account's cookie was sent to a byte server".to_owned());
    }
    if headers.contains_key(header::AUTHORIZATION) {
        sim.0.ledger.violation("cdn: a token was sent to a byte server".to_owned());
    }
    let knobs = sim.0.knobs.lock().clone();
    if knobs.refuse_referer && headers.contains_key(header::REFERER) {
        return refusal(sim, 403, "invalid referer");
    }
    let claims = match sim.0.issuer.claims(path, query, headers, sim.0.clock.now_unix()) {
        Ok(claims) => claims,
        Err(message) => return refusal(sim, if message == "no such object" { 404 } else { 403 }, message),
    };
    let Some(mut slot) = sim.0.slots.take(&claims.k, claims.c, claims.uc, knobs.linger) else {
        return refusal(sim, 403, "too many connections");
    };
    let size = match fault {
        Some(Fault::WrongLength) => claims.object.content.size().saturating_sub(1),
        _ => claims.object.content.size(),
    };
    let etag = etag(&claims, fault);
    let changed = text(headers, &header::IF_RANGE).is_some_and(|known| known != etag);
    let part = match fault {
        Some(Fault::IgnoreRange) => Part::Whole,
        _ if changed => Part::Whole,
        _ => range::parse(text(headers, &header::RANGE).as_deref(), size),
    };
    let (from, to) = match part {
        Part::Whole => (0, size),
        Part::Range(from, to) if fault == Some(&Fault::WrongRange) => ((from + 1).min(size), (to + 1).min(size)),
        Part::Range(from, to) => (from, to),
        Part::OutOfReach => {
            slot.complete();
            let mut response = refusal(sim, 416, "range not satisfiable");
            insert(response.headers_mut(), header::CONTENT_RANGE, format!("bytes */{size}"));
            return response;
        }
    };
    let break_at = match fault {
        Some(Fault::CutAfter(bytes)) => Some(Break::Cut(from.saturating_add(*bytes))),
        Some(Fault::StallAfter(bytes)) => Some(Break::Stall(from.saturating_add(*bytes))),
        _ => None,
    };
    if head || from == to {
        slot.complete();
    }
    let body = if head {
        Body::empty()
    } else {
        Body::new(CdnBody::new(claims.object.content.clone(), (from, to), slot, break_at, knobs.throttle))
    };
    let mut response = Response::new(body);
    let out = response.headers_mut();
    insert(out, header::CONTENT_LENGTH, (to - from).to_string());
    insert(out, header::ETAG, etag);
    insert(out, header::ACCEPT_RANGES, "bytes".to_owned());
    insert(out, header::CONTENT_TYPE, "application/octet-stream".to_owned());
    insert(out, header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", encoded(&claims.object.name)));
    insert(out, header::LAST_MODIFIED, date(claims.object.modified));
    if part != Part::Whole {
        insert(out, header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to.saturating_sub(1)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    stamped(sim, response)
}

/// Shaped like an object store's, and a function of the content alone.
fn etag(claims: &Claims, fault: Option<&Fault>) -> String {
    let other: &[u8] = if fault == Some(&Fault::EtagChange) { b"other" } else { b"" };
    let hash = digest(&[&claims.object.id.to_le_bytes(), &claims.object.content.size().to_le_bytes(), other]);
    format!("\"{}\"", hash[..32].to_ascii_uppercase())
}

fn refusal(sim: &Sim, status: u16, message: &str) -> Response<Body> {
    let body = json!({ "status": status, "message": message, "request_id": request_id(sim) }).to_string();
    let mut response = plain(status, body.as_bytes());
    insert(response.headers_mut(), header::CONTENT_TYPE, "application/json".to_owned());
    stamped(sim, response)
}

fn plain(status: u16, body: &[u8]) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_vec()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    response
}

fn stamped(sim: &Sim, mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    insert(headers, header::HeaderName::from_static("x-115-request-id"), request_id(sim));
    insert(headers, header::DATE, sim.date());
    response
}

fn request_id(sim: &Sim) -> String {
    digest(&[&sim.0.dice.key()])[..24].to_owned()
}

fn date(unix: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix))
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

fn book(sim: &Sim, label: &'static str, request: &Parts, path: &str, status: u16) {
    let query = request.uri.query().unwrap_or("");
    let open: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("k=")).collect();
    sim.0.ledger.book(Record {
        label,
        host: "cdn".to_owned(),
        path: path.to_owned(),
        query: open.join("&"),
        user_agent: text(&request.headers, &header::USER_AGENT),
        status,
        errno: None,
    });
}
