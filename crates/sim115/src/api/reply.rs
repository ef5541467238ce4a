//! An API answer before it becomes HTTP, and the several ways in which 115 says no.

use std::io::{self, Write};

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use serde_json::{Map, Value, json};

use crate::quirk::Dice;

const WAF_PAGE: &str = "<!doctypehtml><html lang=zh-cn><meta charset=utf-8><title>405</title><body><h1>405</h1>\
<p>很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</p></body></html>";

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Payload,
    pub(crate) errno: Option<i64>,
    pub(crate) headers: Vec<(HeaderName, String)>,
}

#[derive(Debug)]
pub(crate) enum Payload {
    Json(Value),
    Raw {
        content_type: &'static str,
        bytes: Bytes,
    },
    /// Nothing at all: the connection is closed.
    Dropped,
}

impl Reply {
    pub(crate) fn json(value: Value) -> Self {
        Self { status: 200, body: Payload::Json(value), errno: None, headers: Vec::new() }
    }

    pub(crate) fn raw(status: u16, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        let body = Payload::Raw { content_type, bytes: bytes.into() };
        Self { status, body, errno: None, headers: Vec::new() }
    }

    pub(crate) fn dropped() -> Self {
        Self { status: 0, body: Payload::Dropped, errno: None, headers: Vec::new() }
    }

    /// Frequency control; `reset` is in seconds.
    pub(crate) fn too_many(reset: u64) -> Self {
        Self::raw(429, "text/plain", "Too Many Requests")
            .with(HeaderName::from_static("x-ratelimit-reset"), reset.to_string())
    }

    pub(crate) fn waf() -> Self {
        Self::raw(405, "text/html", WAF_PAGE)
    }

    /// An error in the envelope: the number under any of the keys and in either type, the text under any (quirk 5).
    pub(crate) fn errno(dice: &Dice, number: i64, text: &str) -> Self {
        let key = dice.pick(&["errno", "errNo", "errcode", "errCode", "code", "msg_code"]);
        Self::errno_in(dice, key, number, text)
    }

    /// The same with the number under `key` and the other keys of success left as they are then: empty or zero.
    pub(crate) fn errno_in(dice: &Dice, key: &str, number: i64, text: &str) -> Self {
        let mut body = Map::new();
        body.insert("state".to_owned(), json!(false));
        if key != "errno" && dice.coin() {
            body.insert("errno".to_owned(), dice_zero(dice));
        }
        body.insert(key.to_owned(), if dice.coin() { json!(number) } else { json!(number.to_string()) });
        body.insert(dice.pick(&["error", "msg", "message", "error_msg"]).to_owned(), json!(text));
        let mut reply = Self::json(Value::Object(body));
        reply.errno = Some(number);
        reply
    }

    pub(crate) fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// `html` decides whether JSON calls itself text/html (quirk 56); `gzip` whether the client can read it packed.
    pub(crate) fn into_http(self, html: bool, gzip: bool, date: String) -> Response<Body> {
        let (content_type, bytes) = match self.body {
            Payload::Json(value) if html => ("text/html; charset=utf-8", Bytes::from(value.to_string())),
            Payload::Json(value) => ("application/json; charset=utf-8", Bytes::from(value.to_string())),
            Payload::Raw { content_type, bytes } => (content_type, bytes),
            Payload::Dropped => return dropped(),
        };
        let packed = gzip.then(|| pack(&bytes)).and_then(Result::ok);
        let is_packed = packed.is_some();
        let mut response = Response::new(Body::from(packed.map_or(bytes, Bytes::from)));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if is_packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let more = self.headers.into_iter().chain([(header::DATE, date)]);
        for (name, value) in more {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(name, value);
            }
        }
        response
    }
}

/// A response whose body fails before its first byte: the head is never flushed, so the peer sees a closed connection.
pub(crate) fn dropped() -> Response<Body> {
    Response::new(Body::from_stream(stream::once(async {
        Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionAborted))
    })))
}

/// "No error" as the wire has it: 0 or an empty string.
pub(crate) fn dice_zero(dice: &Dice) -> Value {
    if dice.coin() { json!(0) } else { json!("") }
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}
