//! Signed links: what is written into one, and what the byte servers read out of it again (docs/115.md, §4.4).

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, header};
use parking_lot::Mutex;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::content::{Content, digest};
use crate::sim::Knobs;
use crate::world::Node;

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(crate) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PLAIN).to_string()
}

/// Makes links and knows them again; keeps only what a link points to, so a link outlives its file's removal.
pub(crate) struct Issuer {
    secret: String,
    user_id: u64,
    point: String,
    base: Mutex<Base>,
    objects: Mutex<HashMap<String, Object>>,
    issued: AtomicU64,
}

#[derive(Default)]
struct Base {
    told: Option<String>,
    served: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) content: Content,
    pub(crate) modified: u64,
}

pub(crate) struct Issued {
    pub(crate) url: String,
    /// A whole `Set-Cookie` value, for f=3.
    pub(crate) cookie: Option<String>,
}

/// A link that a request has proved to be entitled to.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) object: Object,
    pub(crate) k: String,
    pub(crate) c: u32,
    pub(crate) uc: u32,
}

impl Issuer {
    pub(crate) fn new(seed: u64, user_id: u64, point: String) -> Self {
        let secret = digest(&[b"issuer", &seed.to_le_bytes()]);
        let (base, objects) = (Mutex::default(), Mutex::default());
        Self { secret, user_id, point, base, objects, issued: AtomicU64::new(0) }
    }

    pub(crate) fn set_base(&self, url: &str) {
        self.base.lock().told = Some(url.trim_end_matches('/').to_owned());
    }

    pub(crate) fn served_at(&self, url: String) {
        self.base.lock().served = Some(url);
    }

    /// `f` is 0, 1 or 3; `None` leaves it empty, which means the same as 0.
    pub(crate) fn issue(&self, now: u64, knobs: &Knobs, node: &Node, f: Option<u8>, user_agent: &[u8]) -> Issued {
        let Some(file) = &node.file else { return Issued { url: String::new(), cookie: None } };
        let token = digest(&[self.secret.as_bytes(), b"object", &node.id.to_le_bytes()]);
        let object =
            Object { id: node.id, name: node.name.clone(), content: file.content.clone(), modified: node.modified };
        self.objects.lock().insert(token.clone(), object);
        let path = format!("/cdn/{token}/{}", encoded(&node.name));
        let (t, c, uc) = (now + knobs.link_ttl.as_secs(), knobs.c, knobs.uc);
        // The third field of `d` counts: two links of one second are still two links, each with its own cap.
        let n = self.issued.fetch_add(1, Ordering::Relaxed);
        let head = format!(
            "t={t}&u={user}&s=524288000&d=vip-{user}-{point}-{n}-0&c={c}&f={f}",
            user = self.user_id,
            point = self.point,
            f = f.map_or(String::new(), |f| f.to_string()),
        );
        let tail = format!("us=5242880000&uc={uc}&v=1");
        let k = self.sign(&path, &format!("{head}&{tail}"), f.unwrap_or(0), user_agent);
        let cookie = (f == Some(3)).then(|| {
            let (name, value) = self.cookie(&k);
            let left = knobs.link_ttl.as_secs();
            let until = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(t));
            format!("{name}={value}; expires={until}; Max-Age={left}; path=/cdn/{token}/; domain=115.com")
        });
        Issued { url: format!("{}{path}?{head}&k={k}&{tail}", self.base()), cookie }
    }

    /// Where a thumbnail of the file is; whoever has the URL may see it.
    pub(crate) fn thumbnail(&self, node: &Node) -> String {
        let token = digest(&[self.secret.as_bytes(), b"thumbnail", &node.id.to_le_bytes()]);
        format!("{}/thumb/{}_480?s={}&t={}", self.base(), &token[..32], &token[32..], node.modified)
    }

    fn base(&self) -> String {
        let base = self.base.lock();
        base.told.clone().or_else(|| base.served.clone()).unwrap_or_else(|| "http://sim115.invalid".to_owned())
    }

    /// Checks the path and query exactly as they were sent against the request's headers; `Err` is the CDN's message.
    pub(crate) fn claims(
        &self,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        now: u64,
    ) -> Result<Claims, &'static str> {
        let token = path.split('/').nth(2).unwrap_or("");
        let object = self.objects.lock().get(token).cloned().ok_or("no such object")?;
        let of = |key: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value)
        };
        let signed: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("k=")).collect();
        let f = of("f").unwrap_or("").parse().unwrap_or(0);
        let user_agent = headers.get(header::USER_AGENT).map_or(&b""[..], |value| value.as_bytes());
        let k = of("k").unwrap_or("");
        if k != self.sign(path, &signed.join("&"), f, user_agent) {
            return Err("invalid signature");
        }
        let number = |key: &str| of(key).and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
        if number("t") <= now {
            return Err("link expired");
        }
        if f == 3 && !self.has_cookie(k, headers) {
            return Err("no cookie value");
        }
        let cap = |key: &str| u32::try_from(number(key)).unwrap_or(0);
        Ok(Claims { object, k: k.to_owned(), c: cap("c"), uc: cap("uc") })
    }

    fn has_cookie(&self, k: &str, headers: &HeaderMap) -> bool {
        let (name, value) = self.cookie(k);
        let wanted = format!("{name}={value}");
        let sent = headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        sent.flat_map(|cookie| cookie.split(';')).any(|pair| pair.trim() == wanted)
    }

    fn sign(&self, path: &str, query: &str, f: u8, user_agent: &[u8]) -> String {
        let bound = if f == 0 { b"" } else { user_agent };
        digest(&[self.secret.as_bytes(), path.as_bytes(), query.as_bytes(), bound])[..32].to_owned()
    }

    fn cookie(&self, k: &str) -> (String, String) {
        let half = |what: &[u8]| digest(&[self.secret.as_bytes(), what, k.as_bytes()])[..32].to_owned();
        (half(b"name"), half(b"value"))
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuer")
    }
}
