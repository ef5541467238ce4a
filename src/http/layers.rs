//! What every request passes through, outermost first, and why in this order.
//!
//! 1. request id: everything below may name it;
//! 2. access log: sees the final status, also of a panic;
//! 3. panic guard: a bug costs one answer, not the connection;
//! 4. the routes.
//!
//! No timeout and no compression: a film may take hours, and its bytes are what was asked for.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::{Error, Kind};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Names a request in our log and to the client.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) HeaderValue);

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// Numbers requests; the start differs from run to run.
#[derive(Debug)]
pub(super) struct RequestIds(AtomicU64);

impl RequestIds {
    pub(super) fn starting_at(seed: u64) -> Self {
        Self(AtomicU64::new(seed << 20))
    }

    fn next(&self) -> RequestId {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        RequestId(HeaderValue::try_from(format!("{number:x}")).unwrap_or_else(|_| HeaderValue::from_static("0")))
    }
}

pub(super) fn wrap(routes: Router, ids: RequestIds) -> Router {
    let ids = std::sync::Arc::new(ids);
    routes.layer(CatchPanicLayer::custom(panicked)).layer(middleware::from_fn(move |request: Request, next: Next| {
        let id = ids.next();
        outermost(request, next, id)
    }))
}

async fn outermost(mut request: Request, next: Next, id: RequestId) -> Response {
    request.extensions_mut().insert(id.clone());
    let log = tracing::enabled!(target: "gate115::access", tracing::Level::INFO).then(|| {
        let agent = request
            .headers()
            .get(header::USER_AGENT)
            .map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
        // The path alone: a query may hold a signature.
        (
            Instant::now(),
            request.method().clone(),
            request.uri().path().to_owned(),
            agent,
            request.extensions().get::<Peer>().copied(),
        )
    });
    let mut response = next.run(request).await;
    if let Some((started, method, path, agent, peer)) = log {
        let ms = started.elapsed().as_millis();
        let peer = peer.map(|Peer(peer)| tracing::field::display(peer.ip()));
        let error = response.extensions().get::<Error>().map(tracing::field::debug);
        tracing::info!(
            target: "gate115::access",
            id = id.as_str(), %method, path, status = response.status().as_u16(), ms, peer, agent, error, "request"
        );
    }
    response.headers_mut().insert(REQUEST_ID, id.0);
    response
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands over the cause")]
fn panicked(cause: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    let cause =
        cause.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| cause.downcast_ref::<String>().cloned());
    tracing::error!(cause, "a request panicked: this is a bug, please report it");
    let mut response =
        (StatusCode::INTERNAL_SERVER_ERROR, "A mistake of ours. The log of the server says more.\n").into_response();
    response.extensions_mut().insert(Error::new(Kind::Internal, "a panic"));
    response
}
