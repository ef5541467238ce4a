//! One API request as it came: host, path, parameters and the headers that matter.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, header};
use url::form_urlencoded;

use crate::fault::Fault;
use crate::server::Caller;
use crate::sessions::Session;

/// A form larger than this is no form of ours.
const BODY_LIMIT: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) post: bool,
    pub(crate) method_known: bool,
    pub(crate) query: Params,
    pub(crate) form: Params,
    pub(crate) form_typed: bool,
    pub(crate) headers: HeaderMap,
    /// Whence it came; nowhere when the router was not served by us.
    pub(crate) from: IpAddr,
    /// The living session whose cookie it bears.
    pub(crate) session: Option<Session>,
    /// Set when the script wants the endpoint itself to misbehave.
    pub(crate) fault: Option<Fault>,
}

impl Call {
    pub(crate) async fn read(parts: Parts, body: Body) -> Self {
        let path = parts.uri.path().trim_start_matches('/');
        let (host, path) = path.split_once('/').unwrap_or((path, ""));
        let raw_query = parts.uri.query().unwrap_or("").to_owned();
        let form = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
        let content_type = text(&parts.headers, &header::CONTENT_TYPE).unwrap_or_default();
        Self {
            host: host.to_owned(),
            path: format!("/{path}"),
            query: Params::parse(raw_query.as_bytes()),
            raw_query,
            post: parts.method == Method::POST,
            method_known: [Method::GET, Method::POST].contains(&parts.method),
            form: Params::parse(&form),
            form_typed: content_type.starts_with("application/x-www-form-urlencoded"),
            from: parts.extensions.get::<Caller>().map_or(Ipv4Addr::UNSPECIFIED.into(), |caller| caller.0),
            headers: parts.headers,
            session: None,
            fault: None,
        }
    }

    /// The exact bytes of the User-Agent; empty when absent, which 115 treats alike.
    pub(crate) fn user_agent(&self) -> &[u8] {
        self.headers.get(header::USER_AGENT).map_or(&[], |value| value.as_bytes())
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<String> {
        text(&self.headers, name)
    }
}

/// Header as text, lossy: only for looking at, never for comparing bytes.
pub(crate) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Decoded parameters in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    fn parse(raw: &[u8]) -> Self {
        Self(form_urlencoded::parse(raw).into_owned().collect())
    }

    pub(crate) fn of(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The first key that is not allowed here or comes twice.
    pub(crate) fn stray(&self, allowed: &[&str]) -> Option<&str> {
        self.0.iter().enumerate().find_map(|(at, (name, _))| {
            let twice = self.0[..at].iter().any(|(earlier, _)| earlier == name);
            (twice || !allowed.contains(&name.as_str())).then_some(name.as_str())
        })
    }
}
