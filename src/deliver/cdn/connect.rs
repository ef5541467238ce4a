//! Connections to an origin, with or without TLS, through a proxy where the environment names one.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use hyper_util::client::proxy::matcher::Matcher;
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};

use super::tunnel;

/// For the name, the connection and the handshake together.
const PATIENCE: Duration = Duration::from_secs(10);
/// For one address of several.
const ONE_ADDRESS: Duration = Duration::from_secs(2);

/// No certificate can be checked: the system has none.
#[derive(Debug, thiserror::Error)]
#[error("the system's CA certificates cannot be used: {0}")]
pub struct NoCertificates(#[from] tokio_rustls::rustls::Error);

/// Where a connection leads; cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Origin {
    tls: bool,
    authority: Authority,
}

impl Origin {
    pub(super) fn of(uri: &Uri) -> io::Result<Self> {
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(io::Error::other("neither http nor https")),
        };
        let authority = uri.authority().cloned().ok_or_else(|| io::Error::other("a URL without a host"))?;
        Ok(Self { tls, authority })
    }

    /// As those who choose a proxy want it.
    fn uri(&self) -> Option<Uri> {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}:{}/", self.authority.host(), self.port()).parse().ok()
    }

    fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.tls { 443 } else { 80 })
    }

    /// What stands in `Host`: the port only where it is not the scheme's own, and nobody's name.
    pub(super) fn host_header(&self) -> &str {
        let named = self.authority.as_str();
        let user = named.bytes().rposition(|byte| byte == b'@').map_or(0, |at| at + 1);
        let host = &named[user..];
        host.strip_suffix(if self.tls { ":443" } else { ":80" }).unwrap_or(host)
    }
}

pub(super) struct Connector {
    tls: Option<TlsConnector>,
    proxies: Option<Matcher>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("tls", &self.tls.is_some()).finish()
    }
}

impl Connector {
    pub(super) fn checking() -> Result<Self, NoCertificates> {
        let mut config = ClientConfig::with_platform_verifier()?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Some(TlsConnector::from(Arc::new(config))), proxies: Some(tunnel::proxies()) })
    }

    pub(super) fn plain() -> Self {
        Self { tls: None, proxies: None }
    }

    pub(super) async fn connect(&self, origin: &Origin) -> io::Result<Stream> {
        let connecting = async {
            // Brackets belong to the URL, not to the address.
            let host = origin.authority.host().trim_matches(['[', ']']);
            let stream = self.way_to(origin, host).await?;
            stream.set_nodelay(true)?;
            if !origin.tls {
                return Ok(Stream::Plain(stream));
            }
            let tls = self.tls.as_ref().ok_or_else(|| io::Error::other("https, where none is spoken"))?;
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            Ok(Stream::Tls(Box::new(tls.connect(name, stream).await?)))
        };
        tokio::time::timeout(PATIENCE, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn way_to(&self, origin: &Origin, host: &str) -> io::Result<TcpStream> {
        let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.intercept(&origin.uri()?)) else {
            return reach(host, origin.port()).await;
        };
        let (by, port) = tunnel::address(&proxy)?;
        let mut stream = reach(by, port).await?;
        tunnel::dig(&mut stream, &proxy, &format!("{}:{}", origin.authority.host(), origin.port())).await?;
        Ok(stream)
    }
}

/// The first address that answers. One that does not, as where IPv6 leads nowhere, must not use up the patience.
async fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut addresses: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    // Alternately, beginning with the resolver's favourite.
    if let Some(favourite) = addresses.first().map(std::net::SocketAddr::is_ipv6) {
        let (first, second): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|address| address.is_ipv6() == favourite);
        let longest = first.len().max(second.len());
        addresses = (0..longest).flat_map(|n| [first.get(n), second.get(n)]).flatten().copied().collect();
    }
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for (n, address) in addresses.iter().enumerate() {
        let patience = if n + 1 < addresses.len() { ONE_ADDRESS } else { PATIENCE };
        match tokio::time::timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(cause)) => error = cause,
            Err(_) => error = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(error)
}

/// A connection with or without TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("http://cdn.example/a", "cdn.example")]
    #[case("https://cdn.example/a", "cdn.example")]
    #[case("https://cdn.example:443/a", "cdn.example")]
    #[case("https://cdn.example:8443/a", "cdn.example:8443")]
    #[case("http://[::1]:90/a", "[::1]:90")]
    #[case("http://[::80]/a", "[::80]")]
    #[case("http://someone:secret@cdn.example:8080/a", "cdn.example:8080")]
    fn names_its_host(#[case] uri: &str, #[case] host: &str) {
        assert_eq!(Origin::of(&uri.parse().unwrap()).unwrap().host_header(), host);
    }

    #[rstest]
    #[case("ftp://x/")]
    #[case("/a")]
    fn refuses_what_is_no_origin(#[case] uri: &str) {
        assert!(Origin::of(&uri.parse().unwrap()).is_err());
    }

    #[tokio::test]
    async fn speaks_no_tls_where_it_has_no_certificates() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
        assert!(Connector::plain().connect(&Origin::of(&uri).unwrap()).await.is_err());
    }
}
