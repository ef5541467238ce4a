//! The shipped binary where all is as with 115 itself: by https, its certificates checked, and through a proxy where one is named.

use std::{
    io,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use rcgen::{CertifiedKey, KeyPair};
use reqwest::StatusCode;
use rstest::rstest;
use sim115::{Content, Fault, On, Running, Sim, Times};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use crate::binary::{GATE115, free_port};

const SIZE: u64 = 2_000_000;
/// Where the proxies of the machine that runs the tests are named.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"];

fn certificate() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap()
}

/// Speaks TLS before the simulator; gives its port.
async fn https(own: &CertifiedKey<KeyPair>, sim: &Running) -> u16 {
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()).into();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, sim) = (listener.local_addr().unwrap().port(), sim.addr());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let (mut outer, mut inner) = (acceptor.accept(stream).await?, TcpStream::connect(sim).await?);
                copy_bidirectional(&mut outer, &mut inner).await
            });
        }
    });
    port
}

/// A proxy that lets through who says the right password; gives its port, and whither it was sent.
async fn proxy() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(tunnel(stream, Arc::clone(&log)));
        }
    });
    (port, asked)
}

async fn tunnel(mut outer: TcpStream, log: Arc<Mutex<Vec<String>>>) -> io::Result<(u64, u64)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(outer.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let whither = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap().to_owned();
    // user:secret
    if !head.to_lowercase().contains("\r\nproxy-authorization: basic dxnlcjpzzwnyzxq=\r\n") {
        outer.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").await?;
        return Ok((0, 0));
    }
    let mut inner = TcpStream::connect(&whither).await?;
    log.lock().push(whither);
    outer.write_all(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n").await?;
    copy_bidirectional(&mut outer, &mut inner).await
}

/// The gateway, trusting one certificate alone.
struct Gateway {
    child: Child,
    folder: TempDir,
    base: String,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Gateway {
    fn start(sim: &Sim, api: u16, trusted: &CertifiedKey<KeyPair>, proxy: Option<&str>) -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let (config, pem) = (folder.path().join("config.yaml"), folder.path().join("trusted.pem"));
        std::fs::write(&pem, trusted.cert.pem()).unwrap();
        let text = format!(
            "server: {{ listen: \"127.0.0.1:{port}\" }}\ndata_dir: \"{}\"\nauth: {{ guest: read }}\nmounts:\n  - path: /115\n    drive: {{ type: 115-cloud, cookie: \"{}\", rate: 100, wire: {{ base: \"https://127.0.0.1:{api}\", rsa_modulus: \"{}\" }} }}\n",
            folder.path().join("data").display(),
            sim.cookie(),
            sim.root_modulus_hex(),
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(GATE115);
        for name in PROXIES {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        if let Some(proxy) = proxy {
            command.env("HTTPS_PROXY", proxy);
        }
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        command.args(["serve", "-c"]).arg(&config).env("SSL_CERT_FILE", &pem).env("RUST_LOG", "trace");
        let child = command.stderr(log).stdout(Stdio::null()).spawn().unwrap();
        Self { child, folder, base: format!("http://127.0.0.1:{port}") }
    }

    async fn get(&self, path: &str) -> io::Result<(StatusCode, Vec<u8>)> {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let reply = client.get(format!("{}{path}", self.base)).send().await.map_err(io::Error::other)?;
        Ok((reply.status(), reply.bytes().await.map_err(io::Error::other)?.to_vec()))
    }

    /// Waits until `/readyz` says this.
    async fn says(&self, part: &str) {
        let mut told = String::new();
        for _ in 0..400 {
            if let Ok((_, body)) = self.get("/readyz").await {
                told = String::from_utf8(body).unwrap();
                if told.contains(part) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not {part} but {told}; the log: {}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

/// A simulator whose links are by https.
async fn simulator() -> (Sim, Running) {
    let sim = Sim::builder().build();
    sim.file("/film.mkv", Content::pattern(SIZE));
    let running = sim.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    (sim, running)
}

#[rstest]
#[case::directly(false)]
#[case::through_a_proxy(true)]
#[tokio::test(flavor = "multi_thread")]
async fn the_relay_speaks_tls_and_goes_on_where_that_breaks_off(#[case] proxied: bool) {
    let (sim, running) = simulator().await;
    let own = certificate();
    let (api, cdn) = (https(&own, &running).await, https(&own, &running).await);
    sim.set_cdn_base(&format!("https://localhost:{cdn}"));
    let (port, asked) = proxy().await;
    let by = format!("http://user:secret@127.0.0.1:{port}");
    let gateway = Gateway::start(&sim, api, &own, proxied.then_some(&by));
    gateway.says("/115 works").await;
    sim.fault(On::Cdn, Times::Next(1), Fault::CutAfter(700_000));
    let (status, bytes) = gateway.get("/p/115/film.mkv").await.unwrap();
    assert_eq!((status, bytes.len() as u64), (StatusCode::OK, SIZE), "{}", gateway.log());
    assert!(bytes == Content::pattern(SIZE).slice(0..SIZE), "the bytes are others");
    assert!(sim.ledger().count("cdn") >= 2);
    let asked = asked.lock();
    for whither in [format!("127.0.0.1:{api}"), format!("localhost:{cdn}")] {
        assert_eq!(asked.contains(&whither), proxied, "{whither}: {asked:?}");
    }
    assert!(!gateway.log().contains("user:secret") && !gateway.log().to_lowercase().contains("dxnlcjpzzwnyzxq"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_server_that_nobody_vouches_for_gets_no_request() {
    let (sim, running) = simulator().await;
    let own = certificate();
    let (api, cdn) = (https(&own, &running).await, https(&certificate(), &running).await);
    sim.set_cdn_base(&format!("https://localhost:{cdn}"));
    let gateway = Gateway::start(&sim, api, &own, None);
    gateway.says("/115 works").await;
    let (status, body) = gateway.get("/p/115/film.mkv").await.unwrap();
    assert_eq!(status, StatusCode::BAD_GATEWAY, "{}", String::from_utf8_lossy(&body));
    assert_eq!(sim.ledger().count("cdn"), 0);
}

#[rstest]
#[case::another_certificate(None)]
#[case::wrong_password(Some("http://user:other@127.0.0.1"))]
#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_cannot_be_reached_so_is_told_as_that(#[case] by: Option<&str>) {
    let (sim, running) = simulator().await;
    let own = certificate();
    let api = https(&own, &running).await;
    let (port, _) = proxy().await;
    let by = by.map(|by| format!("{by}:{port}"));
    let trusted = if by.is_some() { own } else { certificate() };
    let gateway = Gateway::start(&sim, api, &trusted, by.as_deref());
    gateway.says("cannot be reached").await;
    assert_eq!(sim.ledger().api_total(), 0);
}
