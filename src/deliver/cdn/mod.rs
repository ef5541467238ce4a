//! The client for the CDN: GETs whose bytes are read by whoever sends them on, so nothing waits in between.
//!
//! Each connection is driven by the very task that relays its body. A client that keeps a task for each connection hands every
//! piece from task to task and lets it wait in large buffers; a thousand slow readers then hold hundreds of MiB.

mod body;
mod connect;
mod idle;
mod pace;

use std::{future::poll_fn, io, pin::pin, sync::Arc, task::Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;

use self::{
    connect::{Connector, Origin},
    idle::Idle,
    pace::{Pace, Paced},
};

pub(super) use self::body::CdnBody;
pub use self::connect::NoCertificates;

/// The largest piece that is read at once, for who takes them as fast as they come.
const LARGEST_READ: usize = 256 * 1024;

/// Fetches from the CDN; follows no redirects, decompresses nothing, has no total timeout. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cdn {
    connector: Arc<Connector>,
    idle: Arc<Idle>,
}

/// A GET has no body.
#[derive(Debug)]
struct NoBody;

type Driver = http1::Connection<TokioIo<Paced>, NoBody>;

/// A connection with nobody but its holder to drive it.
struct Conn {
    origin: Origin,
    sender: http1::SendRequest<NoBody>,
    driver: Driver,
    pace: Arc<Pace>,
}

impl Cdn {
    /// Checks certificates against the system's; fails where there are none.
    pub fn new() -> Result<Self, NoCertificates> {
        Ok(Self { connector: Arc::new(Connector::checking()?), idle: Arc::default() })
    }

    /// For `http` URLs alone: where there is no network, there need be no certificates.
    pub fn without_tls() -> Self {
        Self { connector: Arc::new(Connector::plain()), idle: Arc::default() }
    }

    /// One GET. A connection that was kept and turns out to be dead is replaced.
    pub(super) async fn get(&self, uri: &Uri, headers: &HeaderMap) -> io::Result<Response<CdnBody>> {
        let origin = Origin::of(uri)?;
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let mut headers = headers.clone();
        let host = HeaderValue::try_from(origin.host_header()).map_err(io::Error::other)?;
        headers.insert(header::HOST, host);
        loop {
            let (mut conn, kept) = match self.idle.take(&origin) {
                Some(conn) => (conn, true),
                None => (self.open(&origin).await?, false),
            };
            let mut request = Request::new(NoBody);
            *request.uri_mut() = target.parse().map_err(io::Error::other)?;
            *request.headers_mut() = headers.clone();
            match conn.send(request).await {
                Ok(response) => return Ok(response.map(|body| CdnBody::new(body, conn, Arc::clone(&self.idle)))),
                Err(error) if kept => tracing::debug!(%error, "a connection to the CDN that was kept is dead"),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    async fn open(&self, origin: &Origin) -> io::Result<Box<Conn>> {
        let pace = Arc::new(Pace::default());
        let stream = Paced::new(self.connector.connect(origin).await?, Arc::clone(&pace));
        let handshake = http1::Builder::new().max_buf_size(LARGEST_READ).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = handshake.map_err(io::Error::other)?;
        Ok(Box::new(Conn { origin: origin.clone(), sender, driver, pace }))
    }
}

impl Conn {
    async fn send(&mut self, request: Request<NoBody>) -> hyper::Result<Response<Incoming>> {
        let mut answer = pin!(self.sender.send_request(request));
        let driver = &mut self.driver;
        let mut over = false;
        poll_fn(|cx| {
            // When the connection ends, the answer is there or an error is.
            over = over || pin!(&mut *driver).poll(cx).is_ready();
            answer.as_mut().poll(cx)
        })
        .await
    }
}

impl Body for NoBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}
