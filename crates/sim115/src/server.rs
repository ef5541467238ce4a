//! The listening side: one address, HTTP/1.1, every connection owned and ended with its server.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};

/// More connections than this wait in the kernel's queue.
const CONNECTIONS: usize = 16_384;

/// The address a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) IpAddr);

/// A listening simulator. Dropping it closes the port and cuts every connection.
pub struct Running {
    addr: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://IP:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Ends it and waits until the port is closed and the connections are cut.
    pub async fn shutdown(mut self) {
        self.accepting.abort();
        // Only the abort can end this wait, so its outcome says nothing.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({})", self.addr)
    }
}

pub(crate) async fn start(router: Router, addr: SocketAddr) -> io::Result<Running> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    Ok(Running { addr, accepting: tokio::spawn(accept(listener, router)) })
}

/// Owns the connections: aborting it drops the set, and with it each of them.
async fn accept(listener: TcpListener, router: Router) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, from)) => {
                let router = router.clone().layer(Extension(Caller(from.ip())));
                drop(connections.spawn(serve(stream, router, permit)));
            }
            // Out of descriptors, mostly: give the open connections a moment to end.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}

async fn serve(stream: TcpStream, router: Router, _permit: OwnedSemaphorePermit) {
    // Without it small answers would wait for the peer's acknowledgement; a failure only costs speed.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    // A connection ends in an error whenever a client leaves or a script cuts it: nothing to report.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
