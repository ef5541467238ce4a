//! `gate115 healthcheck`: one plain request over one connection, for a container whose image has no curl.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use url::Url;

use super::Failure;

/// For the whole exchange.
const PATIENCE: Duration = Duration::from_secs(3);
/// `HTTP/1.1 200` is all that matters of the answer.
const STATUS: usize = 12;

/// Succeeds when the URL answers 200 in time.
pub(super) async fn healthcheck(url: &Url) -> Result<(), Failure> {
    match timeout(PATIENCE, ask(url)).await {
        Ok(Ok(200)) => Ok(()),
        Ok(Ok(status)) => Err(Failure::Sick(format!("it answered with status {status}"))),
        Ok(Err(why)) => Err(Failure::Sick(why)),
        Err(_) => Err(Failure::Sick(format!("no answer within {} seconds", PATIENCE.as_secs()))),
    }
}

async fn ask(url: &Url) -> Result<u16, String> {
    let (Some(host), Some(port), "http") = (url.host_str(), url.port_or_known_default(), url.scheme()) else {
        return Err("only an http:// URL can be asked".into());
    };
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: gate115-healthcheck\r\nConnection: close\r\n\r\n"
    );
    // A URL keeps the brackets of an IPv6 address; a connection is made without them.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let exchange = async {
        let mut connection = TcpStream::connect((name, port)).await?;
        connection.write_all(request.as_bytes()).await?;
        let mut status = [0; STATUS];
        connection.read_exact(&mut status).await?;
        Ok::<_, std::io::Error>(status)
    };
    let status = exchange.await.map_err(|error| error.to_string())?;
    let text = std::str::from_utf8(&status).unwrap_or_default();
    text.strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(1..)?.trim_start().parse().ok())
        .ok_or_else(|| "it does not speak HTTP".to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tokio::net::TcpListener;

    use super::*;

    /// What a server that says `answer` is judged as, and what it was asked.
    async fn asked(bind: &str, answer: &'static str) -> (Result<(), String>, String) {
        let listener = TcpListener::bind(bind).await.unwrap();
        let url = format!("http://{}/healthz", listener.local_addr().unwrap()).parse().unwrap();
        let serve = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1024];
            let length = connection.read(&mut request).await.unwrap();
            connection.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        let (result, request) = tokio::join!(healthcheck(&url), serve);
        (result.map_err(|failure| failure.to_string()), request)
    }

    #[rstest]
    #[case("HTTP/1.1 200 OK\r\n\r\n", Ok(()))]
    #[case("HTTP/1.1 503 Service Unavailable\r\n\r\n", Err("the gateway is not well: it answered with status 503"))]
    #[case("220 smtp.example ESMTP\r\n", Err("the gateway is not well: it does not speak HTTP"))]
    #[case("HTTP/1.é 200 OK", Err("the gateway is not well: it does not speak HTTP"))]
    #[case("HTTP", Err("the gateway is not well: early eof"))]
    #[tokio::test]
    async fn only_200_is_well(#[case] answer: &'static str, #[case] want: Result<(), &str>) {
        let (result, request) = asked("127.0.0.1:0", answer).await;
        assert_eq!(result, want.map_err(str::to_owned));
        assert!(request.starts_with("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
    }

    #[tokio::test]
    async fn what_does_not_answer_is_not_well() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/healthz", listener.local_addr().unwrap()).parse().unwrap();
        tokio::time::pause();
        let failure = healthcheck(&url).await.unwrap_err();
        assert_eq!(failure.to_string(), "the gateway is not well: no answer within 3 seconds");
        assert_eq!(failure.code(), 1);
    }

    #[tokio::test]
    async fn other_schemes_are_refused() {
        let failure = healthcheck(&"https://127.0.0.1:1/healthz".parse().unwrap()).await.unwrap_err();
        assert_eq!(failure.to_string(), "the gateway is not well: only an http:// URL can be asked");
    }
}
