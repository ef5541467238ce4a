//! The way out through a proxy, where the environment names one: a tunnel to the origin.

use std::io;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A proxy that says more than this before the tunnel begins is none.
const LONGEST_HEAD: usize = 8 << 10;

/// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, as the client for 115's API reads them.
pub(super) fn proxies() -> Matcher {
    Matcher::from_env()
}

/// Where the proxy is. Only HTTP is spoken to it; within the tunnel there may be TLS all the same.
pub(super) fn address(proxy: &Intercept) -> io::Result<(&str, u16)> {
    let uri = proxy.uri();
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) => Ok((host.trim_matches(['[', ']']), uri.port_u16().unwrap_or(80))),
        _ => Err(io::Error::other("the proxy that the environment names is not of the form http://host:port")),
    }
}

/// Has the proxy connect to `authority`; from then on the stream leads there.
pub(super) async fn dig(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    proxy: &Intercept,
    authority: &str,
) -> io::Result<()> {
    let mut question = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
    if let Some(login) = proxy.basic_auth() {
        question.extend_from_slice(b"Proxy-Authorization: ");
        question.extend_from_slice(login.as_bytes());
        question.extend_from_slice(b"\r\n");
    }
    question.extend_from_slice(b"\r\n");
    stream.write_all(&question).await?;
    // Byte by byte, since what follows the head is the origin's.
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST_HEAD {
            return Err(io::Error::other("the proxy does not answer as one"));
        }
        head.push(stream.read_u8().await?);
    }
    let status = head.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    match status {
        [b'2', ..] => Ok(()),
        status => {
            let status = String::from_utf8_lossy(&status[..status.len().min(3)]).into_owned();
            Err(io::Error::other(format!("the proxy refuses to connect ({status})")))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn by(proxy: &str) -> Intercept {
        Matcher::builder().all(proxy).build().intercept(&"https://cdn.example/".parse().unwrap()).unwrap()
    }

    #[rstest]
    #[case("http://proxy.lan:3128", Some(("proxy.lan", 3128)))]
    #[case("http://[::1]:3128", Some(("::1", 3128)))]
    #[case("http://user:secret@proxy.lan", Some(("proxy.lan", 80)))]
    #[case("proxy.lan:3128", Some(("proxy.lan", 3128)))]
    #[case("https://proxy.lan:3128", None)]
    #[case("socks5://proxy.lan:1080", None)]
    fn a_proxy_is_an_address(#[case] proxy: &str, #[case] want: Option<(&str, u16)>) {
        assert_eq!(address(&by(proxy)).ok(), want);
    }

    async fn dug(proxy: &str, answer: &str) -> (io::Result<String>, String) {
        let (mut ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(answer.as_bytes()).await.unwrap();
        let done = dig(&mut ours, &by(proxy), "cdn.example:443").await;
        drop(theirs.shutdown().await);
        let mut left = String::new();
        let done = match done {
            Ok(()) => ours.read_to_string(&mut left).await.map(|_| left),
            Err(error) => Err(error),
        };
        drop(ours);
        let mut asked = String::new();
        theirs.read_to_string(&mut asked).await.unwrap();
        (done, asked)
    }

    #[tokio::test]
    async fn what_follows_the_head_is_the_origins() {
        let (done, asked) = dug("http://proxy.lan", "HTTP/1.0 200 OK\r\nVia: 1\r\n\r\nfirst bytes").await;
        assert_eq!(done.unwrap(), "first bytes");
        assert_eq!(asked, "CONNECT cdn.example:443 HTTP/1.1\r\nHost: cdn.example:443\r\n\r\n");
        let (_, asked) = dug("http://user:secret@proxy.lan", "HTTP/1.1 200 OK\r\n\r\n").await;
        assert!(asked.contains("\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), "{asked}");
    }

    #[rstest]
    #[case("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "(407)")]
    #[case("\r\n\r\n", "refuses")]
    #[case("HTTP/1.1 200 OK\r\nand then nothing", "end of file")]
    #[case(&"x".repeat(10_000), "does not answer as one")]
    #[tokio::test]
    async fn what_is_no_proxy_is_an_error(#[case] answer: &str, #[case] want: &str) {
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), async {
            let (mut ours, mut theirs) = tokio::io::duplex(1 << 20);
            theirs.write_all(answer.as_bytes()).await.unwrap();
            theirs.shutdown().await.unwrap();
            dig(&mut ours, &by("http://proxy.lan"), "cdn.example:443").await
        });
        let error = ended.await.unwrap().unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}
