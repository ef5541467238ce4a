//! What every request passes through, outermost first, and why in this order.
//!
//! 1. request id: everything below may name it;
//! 2. access log: sees the final status, also of a panic;
//! 3. panic guard: a bug costs one answer, not the connection;
//! 4. the quick way, for what can be answered without waiting; else the files, else the routes.
//!
//! No timeout and no compression: a film may take hours, and its bytes are what was asked for.

use std::{
    any::Any,
    convert::Infallible,
    future::{Ready, ready},
    net::{IpAddr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::future::{BoxFuture, Either, FutureExt};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use tokio::time::Instant;
use tower::Service;
use tower_http::catch_panic::CatchPanicLayer;

use super::{Answers, Edge, files, metrics::Door, ui};
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
struct RequestIds(AtomicU64);

impl RequestIds {
    fn next(&self) -> RequestId {
        RequestId(HeaderValue::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// The whole of the edge, as a service.
#[derive(Debug, Clone)]
pub struct Front {
    edge: Arc<Edge>,
    routes: Router,
    ids: Arc<RequestIds>,
}

impl Front {
    /// `seed` makes request ids differ from run to run.
    pub(super) fn new(edge: Arc<Edge>, routes: Router, seed: u64) -> Self {
        let routes = routes.layer(CatchPanicLayer::custom(panicked));
        Self { edge, routes, ids: Arc::new(RequestIds(AtomicU64::new(seed << 20))) }
    }
}

type Answering = Either<Ready<Result<Response, Infallible>>, BoxFuture<'static, Result<Response, Infallible>>>;

impl Front {
    fn pass<B>(&self, request: Request<B>, peer: Option<Peer>, body: impl FnOnce(B) -> Body) -> Answering {
        let id = self.ids.next();
        let seen = Seen::of(&self.edge, &request, peer);
        let quick = catch_unwind(AssertUnwindSafe(|| files::quick(&self.edge, &request, peer)));
        if let Some(response) = quick.unwrap_or_else(|cause| Some(panicked(cause))) {
            self.edge.metrics.answered(Door::Delivered, response.status());
            return Either::Left(ready(Ok(finish(response, id, seen))));
        }
        let path = request.uri().path();
        let door = Door::of(self.edge.site.below(path).unwrap_or(path));
        let edge = Arc::clone(&self.edge);
        // The files are asked for most: they go past the table of routes.
        let Some(route) = self.edge.site.below(request.uri().path()).and_then(files::route) else {
            let mut request = request.map(body);
            if let Err(outside) = self.edge.site.enter(request.uri_mut()) {
                let answer = ui::outside(outside);
                edge.metrics.answered(door, answer.status());
                return Either::Left(ready(Ok(finish(answer, id, seen))));
            }
            request.extensions_mut().insert(id.clone());
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            let answer = self.routes.clone().call(request);
            return Either::Right(Box::pin(async move {
                let answer = answer.await?;
                edge.metrics.answered(door, answer.status());
                Ok(finish(answer, id, seen))
            }));
        };
        let (request, _) = request.into_parts();
        Either::Right(Box::pin(async move {
            let answer = AssertUnwindSafe(files::serve(&edge, &request, peer, &id, route)).catch_unwind().await;
            let answer = answer.unwrap_or_else(panicked);
            edge.metrics.answered(door, answer.status());
            Ok(finish(answer, id, seen))
        }))
    }
}

impl Answers for Front {
    type Answering = Answering;

    fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Answering {
        self.pass(request, Some(Peer(peer)), Body::new)
    }
}

/// As a part of something larger, which says who asks in `Peer`.
impl Service<Request<Body>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        let peer = request.extensions().get::<Peer>().copied();
        self.pass(request, peer, |body| body)
    }
}

/// What the access log says of a request, where it is on.
struct Seen {
    started: Instant,
    method: Method,
    path: String,
    agent: Option<String>,
    client: IpAddr,
}

impl Seen {
    fn of<B>(edge: &Edge, request: &Request<B>, peer: Option<Peer>) -> Option<Self> {
        tracing::enabled!(target: "gate115::access", tracing::Level::INFO).then(|| {
            let agent = request.headers().get(header::USER_AGENT);
            Self {
                started: Instant::now(),
                method: request.method().clone(),
                // The path alone: a query may hold a signature.
                path: request.uri().path().to_owned(),
                agent: agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
                client: edge.site.client(request.headers(), peer),
            }
        })
    }
}

fn finish(mut response: Response, id: RequestId, seen: Option<Seen>) -> Response {
    if let Some(Seen { started, method, path, agent, client }) = seen {
        let ms = started.elapsed().as_millis();
        let error = response.extensions().get::<Error>().map(tracing::field::debug);
        let (id, status) = (id.as_str(), response.status().as_u16());
        tracing::info!(target: "gate115::access", id, %method, path, status, ms, %client, agent, error, "request");
    }
    response.headers_mut().insert(REQUEST_ID, id.0);
    response
}

/// `id` is that of the request, where it is known.
pub(super) fn log_panic(cause: &(dyn Any + Send), id: &str) {
    let text = cause.downcast_ref::<&str>().copied();
    let cause = text.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    tracing::error!(id, cause, "a request panicked: this is a bug, please report it");
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands over the cause")]
fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response<Body> {
    log_panic(cause.as_ref(), "");
    let text = "A mistake of ours. The log of the server says more.\n";
    let mut response = (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
    response.extensions_mut().insert(Error::new(Kind::Internal, "a panic"));
    response
}
