//! A server that answers from a script and remembers what it was asked, one connection a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use p115::cipher::m115::{Padding, PrivateKey, decode_request, encode_reply};
use p115::open::{DeviceLogin, MemoryKeeper, OpenClient, TokenKeeper, Tokens};
use p115::{Client, Clock, Cookie, Egress, Endpoints, Guard, Limits, Wire};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

pub(crate) const CID: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const SEID: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Unix seconds: 2023-11-14 22:13:20 GMT.
pub(crate) const START: u64 = 1_700_000_000;

/// The simulator key pair of `docs/115.md` §5.10 T5.
const N: &str = "cee772c1500dc22081f279e15dd8b45383e008caedeacc47cb344c6e2eb00520fe0b1eda373e90fac4ab73320b95edabe3a5c1a4636d896eda9fdec6c924547eebff3fa752de407316cebd7419ff163bb5ef229ea98e79b2714b771db70148cc4a8fc1af8159484943fde6d305746d8fa2965991407fe34b5443f54c5f38fb81";
const D: &str = "0e4277cf7869b65520b79a2c4cd83c575c29a2d97f8bb4e006d2782908d933454a94f01fa87a8ca9e7c78c352904c0805dfc64cbe4595e853016a01731b22a0b84947e7e51430d358a6fa817bb4b88377ebbd1140d97571d154819f745bb6ba33c256ae529aa1acf1cebaa8665bc04a15f3d93cc0db192b4aaa42fa2673ad6d1";

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Such as `webapi.115.com/files`.
    pub(crate) place: String,
    pub(crate) query: HashMap<String, String>,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) form: HashMap<String, String>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    pub(crate) fn agent(&self) -> Option<&[u8]> {
        self.header("user-agent")
    }

    pub(crate) fn form(&self, name: &str) -> &str {
        &self.form[name]
    }

    /// What an m115 call asks.
    pub(crate) fn ask(&self) -> Value {
        let (plain, _) = decode_request(&key(), &self.form["data"]).unwrap();
        serde_json::from_slice(&plain).unwrap()
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, extra header lines, body.
    Http(u16, Vec<String>, Vec<u8>),
    /// The connection ends without an answer.
    Reset,
    /// Nothing comes, ever.
    Silence,
    /// A reply that waits for a permit.
    Held(Arc<Semaphore>, Box<Reply>),
}

impl Reply {
    pub(crate) fn with(self, header: &str) -> Self {
        match self {
            Self::Http(status, mut headers, body) => {
                headers.push(header.to_owned());
                Self::Http(status, headers, body)
            }
            other => other,
        }
    }
}

/// JSON, served as HTML as 115 does at times.
pub(crate) fn json(body: &str) -> Reply {
    status(200, body)
}

pub(crate) fn status(status: u16, body: &str) -> Reply {
    Reply::Http(status, Vec::new(), body.as_bytes().to_vec())
}

pub(crate) fn waf() -> Reply {
    status(405, "<!doctypehtml><html><head><title>405</title></head><body>blocked</body></html>")
}

/// The m115 reply to this request.
pub(crate) fn sealed(request: &Request, plain: &str) -> Reply {
    let (_, ck) = decode_request(&key(), &request.form["data"]).unwrap();
    let data = encode_reply(&key(), &ck, [7; 16], plain.as_bytes(), Padding::One);
    json(&format!(r#"{{"state":true,"msg":"","errno":0,"data":"{data}"}}"#))
}

/// `access-1` and `refresh-1` for generation 1, ending so many seconds after the start.
pub(crate) fn tokens(generation: u64, left: Option<u64>) -> Tokens {
    Tokens {
        access: format!("access-{generation}").into(),
        refresh: format!("refresh-{generation}").into(),
        expires: left.map(|left| START + left),
        generation,
    }
}

/// What 115 gives for the tokens of the generation before.
pub(crate) fn issued(generation: u64) -> Reply {
    json(&format!(
        r#"{{"state":1,"code":0,"message":"","data":{{"access_token":"access-{generation}",
        "refresh_token":"refresh-{generation}","expires_in":7200}},"error":"","errno":0}}"#
    ))
}

/// A failure of the Open Platform.
pub(crate) fn refusal(code: i64) -> Reply {
    json(&format!(r#"{{"state":false,"code":{code},"message":"no auth","data":[]}}"#))
}

fn http() -> reqwest::Client {
    p115::http_client().no_proxy().build().unwrap()
}

fn key() -> PrivateKey {
    PrivateKey::from_hex(N, D).unwrap()
}

type Script = Arc<dyn Fn(&Request, usize) -> Reply + Send + Sync>;

pub(crate) struct Fake {
    base: String,
    seen: Arc<Mutex<Vec<Request>>>,
    arrived: Arc<Notify>,
    /// What the clients' clocks show; their date starts at [`START`].
    time: Arc<Mutex<Duration>>,
    /// Ends the server with the test.
    _server: JoinSet<()>,
}

impl Fake {
    /// `script` is given each request and how many came before it.
    pub(crate) async fn start(script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (seen, arrived) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let script: Script = Arc::new(script);
        let mut server = JoinSet::new();
        let (log, bell) = (Arc::clone(&seen), Arc::clone(&arrived));
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&script), Arc::clone(&log), Arc::clone(&bell)));
            }
        });
        Self { base, seen, arrived, time: Arc::default(), _server: server }
    }

    /// A fast client with the login of a WeChat mini program.
    pub(crate) fn client(&self) -> Client {
        self.client_of("R1", 100.0)
    }

    pub(crate) fn client_of(&self, device: &str, rate: f64) -> Client {
        self.guarded_as(device, Limits { rate }.into())
    }

    pub(crate) fn guarded(&self, guard: Guard) -> Client {
        self.guarded_as("R1", guard)
    }

    pub(crate) fn guarded_as(&self, device: &str, guard: Guard) -> Client {
        Client::new(http(), self.wire(), self.cookie(device), guard, self.clock())
    }

    pub(crate) fn cookie(&self, device: &str) -> Cookie {
        Cookie::parse(&format!("UID=12345678_{device}_1700000000; CID={CID}; SEID={SEID};")).unwrap()
    }

    pub(crate) fn open(&self, keeper: Arc<dyn TokenKeeper>) -> OpenClient {
        self.open_guarded(keeper, Limits { rate: 100.0 }.into())
    }

    pub(crate) fn open_guarded(&self, keeper: Arc<dyn TokenKeeper>, guard: Guard) -> OpenClient {
        OpenClient::new(http(), self.wire(), keeper, guard, self.clock())
    }

    /// With one host elsewhere.
    pub(crate) fn open_with(&self, keeper: Arc<dyn TokenKeeper>, host: &str, url: &str) -> OpenClient {
        let endpoints = Endpoints::base(&self.base).unwrap().with_host(host, url).unwrap();
        let wire = Arc::new(Wire::production().with_endpoints(endpoints));
        OpenClient::new(http(), wire, keeper, Limits { rate: 100.0 }, self.clock())
    }

    /// A client with tokens that nobody has said an end of.
    pub(crate) fn open_client(&self) -> OpenClient {
        self.open(self.keeper(tokens(1, None)))
    }

    pub(crate) fn keeper(&self, tokens: Tokens) -> Arc<MemoryKeeper> {
        Arc::new(MemoryKeeper::new(tokens, self.clock()))
    }

    pub(crate) fn device_login(&self) -> DeviceLogin {
        DeviceLogin::new(http(), self.wire(), "100195125", self.clock())
    }

    /// A fast way without an account.
    pub(crate) fn egress(&self) -> Egress {
        Egress::new(http(), self.wire(), Limits { rate: 100.0 }, self.clock())
    }

    fn wire(&self) -> Arc<Wire> {
        let wire = Wire::production()
            .with_endpoints(Endpoints::base(&self.base).unwrap())
            .with_m115(p115::cipher::m115::PublicKey::from_hex(N).unwrap());
        Arc::new(wire)
    }

    pub(crate) fn clock(&self) -> Clock {
        let (time, date) = (Arc::clone(&self.time), Arc::clone(&self.time));
        Clock::new(Arc::new(move || *time.lock())).with_unix(Arc::new(move || START + date.lock().as_secs()))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        *self.time.lock() += Duration::from_secs(seconds);
    }

    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().len()
    }

    /// The places asked, in order.
    pub(crate) fn places(&self) -> Vec<String> {
        self.seen.lock().iter().map(|request| request.place.clone()).collect()
    }

    pub(crate) fn request(&self, i: usize) -> Request {
        self.seen.lock()[i].clone()
    }

    pub(crate) async fn wait_for(&self, calls: usize) {
        while self.calls() < calls {
            self.arrived.notified().await;
        }
    }
}

async fn serve(mut stream: TcpStream, script: Script, seen: Arc<Mutex<Vec<Request>>>, arrived: Arc<Notify>) {
    let Some(request) = read(&mut stream).await else { return };
    let mut reply = {
        let mut seen = seen.lock();
        let reply = script(&request, seen.len());
        seen.push(request);
        reply
    };
    arrived.notify_one();
    if let Reply::Held(permits, held) = reply {
        permits.acquire().await.unwrap().forget();
        reply = *held;
    }
    match reply {
        Reply::Http(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Whatever\r\nContent-Type: text/html; charset=utf-8\r\n");
            for header in headers {
                head += &format!("{header}\r\n");
            }
            head += &format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await.unwrap();
            // A client that has had enough may be gone by now.
            let _ = stream.write_all(&body).await;
        }
        Reply::Silence => std::future::pending().await,
        Reply::Reset | Reply::Held(..) => {}
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut buf = Vec::new();
    let end = loop {
        if let Some(end) = buf.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut buf).await.ok()? == 0 {
            return None;
        }
    };
    let mut lines = buf[..end].split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let first = String::from_utf8(lines.next()?.to_vec()).unwrap();
    let headers: Vec<(String, Vec<u8>)> = lines
        .filter_map(|line| {
            let colon = line.iter().position(|b| *b == b':')?;
            let name = String::from_utf8_lossy(&line[..colon]).to_lowercase();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        })
        .collect();
    let length = headers.iter().find(|(n, _)| n == "content-length");
    let length: usize = length.map_or(0, |(_, v)| String::from_utf8_lossy(v).parse().unwrap());
    while buf.len() < end + 4 + length {
        assert_ne!(stream.read_buf(&mut buf).await.unwrap(), 0, "the request is cut short");
    }
    let mut words = first.split(' ');
    let method = words.next()?.to_owned();
    let url = url::Url::parse(&format!("http://fake{}", words.next()?)).unwrap();
    Some(Request {
        method,
        place: url.path().trim_matches('/').to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers,
        form: url::form_urlencoded::parse(&buf[end + 4..]).into_owned().collect(),
    })
}
