//! Connections: HTTP/1.1 alone, each with a time limit for its head and for its standstill, their number bounded.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response, routing::future::RouteFuture};
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{HttpService, service_fn},
};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::{
    layers::Peer,
    patience::{Patience, Taken},
    threads::Threads,
};

/// Connections at a time; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 8192;
/// A client that sends nothing, or half a request, is closed after this long; so is an idle connection.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);
/// A client that takes no byte for this long is closed: a paused player may well take none for some minutes.
const WRITE_PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Most of an answer's bytes that wait in memory for a slow client, and the longest request head.
const BUFFER: usize = 20 * 1024;

const WARN_AGAIN: Duration = Duration::from_secs(60);

/// How long clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub head: Duration,
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: HEAD_PATIENCE, write: WRITE_PATIENCE }
    }
}

/// Opens the ports, all or none.
pub async fn bind(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
        listeners.push(listener);
    }
    Ok(listeners)
}

/// What answers requests: each connection has a clone.
pub trait Answers: Clone + Send + 'static {
    type Answering: Future<Output = Result<Response, Infallible>> + Send + 'static;

    /// Answers a request that came from `peer`.
    fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Self::Answering;
}

impl Answers for Router {
    type Answering = RouteFuture<Infallible>;

    fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Self::Answering {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        self.clone().call(request)
    }
}

/// Serves until `stop`, then lets bodies finish until `drain` has passed.
pub async fn serve(
    listeners: Vec<TcpListener>,
    front: impl Answers,
    limits: Limits,
    stop: CancellationToken,
    drain: Duration,
) {
    let threads = match Threads::start() {
        Ok(threads) => Arc::new(threads),
        Err(error) => return tracing::error!(%error, "no thread for connections can be started"),
    };
    let mut doors = JoinSet::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    for listener in listeners {
        doors.spawn(door(
            listener,
            front.clone(),
            limits,
            Arc::clone(&threads),
            Arc::clone(&places),
            stop.clone(),
            drain,
        ));
    }
    while doors.join_next().await.is_some() {}
}

async fn door(
    listener: TcpListener,
    front: impl Answers,
    limits: Limits,
    threads: Arc<Threads>,
    places: Arc<Semaphore>,
    stop: CancellationToken,
    drain: Duration,
) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut warned: Option<Instant> = None;
    loop {
        let place = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        // It is to be heard of by the loop of its own thread alone.
        let accepted = accepted.map(|(stream, peer)| (stream.into_std(), peer));
        match accepted {
            Ok((stream, peer)) => {
                let (front, watcher) = (front.clone(), graceful.watcher());
                let connection = async move {
                    let _place = place;
                    // What a connection dies of is the client's affair: reset, timeout, nonsense.
                    let ended = match stream.and_then(TcpStream::from_std) {
                        Ok(stream) => {
                            watcher.watch(connection(stream, peer, front, limits)).await.map_err(io::Error::other)
                        }
                        Err(error) => Err(error),
                    };
                    if let Err(error) = ended {
                        tracing::debug!(%peer, %error, "a connection ended");
                    }
                };
                connections.spawn_on(connection, threads.next());
            }
            Err(error) => {
                // Out of file descriptors, mostly: others must end first.
                if warned.is_none_or(|at| at.elapsed() > WARN_AGAIN) {
                    tracing::warn!(%error, "cannot accept connections for now");
                    warned = Some(Instant::now());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let drained = tokio::time::timeout(drain, graceful.shutdown()).await;
    if drained.is_err() {
        tracing::warn!("transfers still under way are cut: the time to drain is over");
    }
    connections.shutdown().await;
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    front: impl Answers,
    limits: Limits,
) -> http1::Connection<
    TokioIo<Taken>,
    impl HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send> + Send,
> {
    // Without it the last, small segment of an answer waits for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| front.answer(request, peer));
    http1::Builder::new()
        .timer(Patience::default())
        .header_read_timeout(limits.head)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Taken::new(stream, limits.write)), service)
}
