//! The three calls that give a link, and the link itself, which is read off its own URL (`docs/115.md` §4.1, §4.2, §4.4).

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::call::{Agent, Call, Class};
use crate::cipher::m115::{ClientKey, decode_reply, encode_request};
use crate::error::{Error, Kind};
use crate::gate::{AGENT, Gate, Reply};
use crate::lenient;
use crate::types::{FileId, PickCode};
use crate::wire::{PROAPI, WEBAPI};

/// A link to a file's bytes on the CDN, and the conditions it comes with.
#[derive(Clone)]
pub struct CdnLink {
    /// Where the bytes are; signed, so never to be logged.
    pub url: Url,
    /// What the CDN checks beside the signature.
    pub binding: Binding,
    /// The User-Agent the CDN must be sent, byte for byte; the empty one means that none may be sent. `None`: any.
    pub user_agent: Option<HeaderValue>,
    /// The cookie the CDN must be sent, as `name=value`; always there when the binding is [`Binding::Cookie`].
    pub cookie: Option<SecretString>,
    /// When it ends, unix seconds of the server's clock.
    pub expires: Option<u64>,
    /// How many connections at a time it stands; 0 is any number.
    pub connections: u32,
    /// The same for all links of the account together.
    pub account_connections: u32,
    /// The file's name.
    pub file_name: String,
    /// The file's size in bytes, where the way tells it.
    pub size: Option<u64>,
}

/// What a link is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Nothing: whoever has the URL has the file.
    None,
    /// The User-Agent it was asked for with.
    UserAgent,
    /// The User-Agent and a cookie: no redirect can lead there.
    Cookie,
}

impl fmt::Debug for CdnLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("CdnLink");
        f.field("host", &self.url.host_str()).field("binding", &self.binding).field("expires", &self.expires);
        f.field("connections", &self.connections).field("file_name", &self.file_name).field("size", &self.size);
        f.finish_non_exhaustive()
    }
}

/// What a way's reply says about the file.
pub(crate) struct Found {
    pub(crate) url: String,
    pub(crate) name: Option<String>,
    pub(crate) size: Option<u64>,
}

/// An operation's permission to go past the pause that the firewall of this host has just caused it.
type Blocked = Option<&'static str>;

/// The desktop way: unbound when asked without a User-Agent, bound to it otherwise.
pub(super) async fn chrome(
    gate: &Gate,
    code: &PickCode,
    agent: Option<HeaderValue>,
    blocked: Blocked,
) -> Result<CdnLink, Error> {
    let ask = json!({ "pickcode": code.as_str() });
    let call = Call::post("chrome_downurl", PROAPI, "/app/chrome/downurl").class(Class::Link);
    let (reply, plain) = sealed(gate, call, &ask, agent.clone(), blocked).await?;
    link(&reply, chosen(&reply, &plain, code, None)?, agent)
}

/// The mobile way: always bound to the User-Agent, even to one that calls itself 115's.
pub(super) async fn android(
    gate: &Gate,
    code: &PickCode,
    agent: Option<HeaderValue>,
    blocked: Blocked,
) -> Result<CdnLink, Error> {
    let ask = json!({ "pick_code": code.as_str() });
    let call = Call::post("android_download", PROAPI, "/android/2.0/ufile/download").class(Class::Link);
    let (reply, plain) = sealed(gate, call, &ask, agent.clone(), blocked).await?;
    let found = match plain.get("url") {
        Some(Value::String(url)) => Found { url: url.clone(), name: None, size: None },
        Some(Value::Bool(false) | Value::Null) => return Err(reply.error(Kind::Folder, "a folder has no link")),
        _ => return Err(reply.error(Kind::NotFound, "115 gives no link for this file")),
    };
    link(&reply, found, agent)
}

/// The browser's way: up to 200 MB, and bound to our User-Agent and a cookie.
pub(super) async fn web(gate: &Gate, code: &PickCode, blocked: Blocked) -> Result<CdnLink, Error> {
    #[derive(Deserialize)]
    struct Flat {
        #[serde(default)]
        file_url: Value,
        #[serde(default, deserialize_with = "lenient::text")]
        file_name: Option<String>,
        #[serde(default, deserialize_with = "lenient::int")]
        file_size: Option<i64>,
    }
    let call = Call::get("files_download", WEBAPI, "/files/download")
        .class(Class::Link)
        .query("pickcode", code.as_str())
        .referer("https://115.com/");
    let reply = gate.send_past(&call, blocked).await?;
    let flat: Flat = reply.json()?;
    let url = match flat.file_url {
        Value::String(url) if !url.is_empty() => url,
        Value::Bool(false) => return Err(reply.error(Kind::Folder, "a folder has no link")),
        _ => return Err(reply.error(Kind::WayClosed, "the reply has no link")),
    };
    let size = flat.file_size.and_then(|size| u64::try_from(size).ok());
    link(&reply, Found { url, name: flat.file_name, size }, Some(AGENT))
}

/// Sends an m115 call and opens its reply.
async fn sealed(
    gate: &Gate,
    call: Call<'_>,
    ask: &Value,
    agent: Option<HeaderValue>,
    blocked: Blocked,
) -> Result<(Reply, Value), Error> {
    let (call, ck) = seal(gate, call, ask, agent);
    let reply = gate.send_past(&call, blocked).await?;
    let plain = unseal(gate, &reply, &ck)?;
    Ok((reply, plain))
}

/// Puts what is asked under m115, in the name of whoever will fetch the bytes.
pub(crate) fn seal<'a>(gate: &Gate, call: Call<'a>, ask: &Value, agent: Option<HeaderValue>) -> (Call<'a>, ClientKey) {
    let ck = ClientKey::random();
    let data = encode_request(&gate.wire().keys.m115, &ck, ask.to_string().as_bytes());
    let call = call.query("t", gate.clock().unix().to_string()).form("data", data);
    (call.agent(agent.map_or(Agent::None, Agent::Exactly)), ck)
}

/// What the reply to a sealed call holds.
pub(crate) fn unseal(gate: &Gate, reply: &Reply, ck: &ClientKey) -> Result<Value, Error> {
    let body: Value = reply.json()?;
    // `[]`, `{}` and "" stand for "nothing" here.
    let Some(data) = body.get("data").and_then(Value::as_str).filter(|data| !data.is_empty()) else {
        return Err(reply.error(Kind::WayClosed, "the reply has no sealed part"));
    };
    let plain = decode_reply(&gate.wire().keys.m115, ck, data)
        .map_err(|e| reply.error(Kind::WayClosed, "the reply cannot be deciphered").because(e))?;
    serde_json::from_slice(&plain)
        .map_err(|e| reply.error(Kind::WayClosed, "the deciphered reply is not JSON").because(e))
}

/// The file asked for among those in the reply, which is keyed by a file id that the caller need not know.
pub(crate) fn chosen(reply: &Reply, plain: &Value, code: &PickCode, id: Option<FileId>) -> Result<Found, Error> {
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default, deserialize_with = "lenient::text")]
        file_name: Option<String>,
        #[serde(default, deserialize_with = "lenient::int")]
        file_size: Option<i64>,
        #[serde(default, deserialize_with = "lenient::text")]
        pick_code: Option<String>,
        #[serde(default)]
        url: Value,
    }
    let gone = || reply.error(Kind::NotFound, "115 gives no link for this file");
    if plain.as_array().is_some_and(Vec::is_empty) {
        return Err(gone());
    }
    let mut entries: BTreeMap<String, Entry> = Deserialize::deserialize(plain)
        .map_err(|_: serde_json::Error| reply.error(Kind::WayClosed, "the deciphered reply is none"))?;
    let asked = |(_, entry): &(&String, &Entry)| entry.pick_code.as_deref() == Some(code.as_str());
    let key = id.map(|id| id.to_string()).filter(|id| entries.contains_key(id));
    let key = key.or_else(|| entries.iter().find(asked).map(|(key, _)| key.clone()));
    let entry = match key {
        Some(key) => entries.remove(&key),
        None if entries.len() == 1 => entries.pop_first().map(|(_, entry)| entry),
        None => None,
    };
    let entry = entry.ok_or_else(gone)?;
    // Less than nothing is 115's way to say that there is no such file.
    if entry.file_size.is_some_and(|size| size < 0) {
        return Err(gone());
    }
    match entry.url.get("url").and_then(Value::as_str) {
        Some(url) => Ok(Found {
            url: url.to_owned(),
            name: entry.file_name,
            size: entry.file_size.and_then(|size| u64::try_from(size).ok()),
        }),
        None => Err(reply.error(Kind::Folder, "a folder has no link")),
    }
}

/// Reads the conditions off the URL.
pub(crate) fn link(reply: &Reply, found: Found, asked_as: Option<HeaderValue>) -> Result<CdnLink, Error> {
    let closed = |what| reply.error(Kind::WayClosed, what);
    let url = cdn_url(&found.url).ok_or_else(|| closed("the link leads nowhere"))?;
    let params: BTreeMap<_, _> = url.query_pairs().collect();
    let number = |key| params.get(key).and_then(|value| value.parse().ok()).unwrap_or(0);
    let binding = match params.get("f").map_or("", |f| f) {
        "" | "0" => Binding::None,
        "1" => Binding::UserAgent,
        "3" => Binding::Cookie,
        _ => return Err(closed("the link is bound to something unknown")),
    };
    let cookie = reply.cookies().find(|(name, value)| is_key(name) && is_key(value));
    let cookie = cookie.filter(|_| binding == Binding::Cookie);
    let cookie = cookie.map(|(name, value)| SecretString::from(format!("{name}={value}")));
    let expires = params.get("t").and_then(|t| t.parse().ok());
    let (connections, account_connections) = (number("c"), number("uc"));
    drop(params);
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    let file_name = found.name.unwrap_or_else(|| percent_decode_str(last).decode_utf8_lossy().into_owned());
    let user_agent = match binding {
        Binding::None => None,
        _ => Some(asked_as.unwrap_or(HeaderValue::from_static(""))),
    };
    let size = found.size;
    Ok(CdnLink { url, binding, user_agent, cookie, expires, connections, account_connections, file_name, size })
}

/// `http:///name` has been seen: a URL parser would take the first part of the path for the host, so this looks itself.
fn cdn_url(text: &str) -> Option<Url> {
    let (scheme, rest) = text.split_once("://")?;
    let has_host = !rest.starts_with(['/', '\\', '?', '#', ':', '@']);
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    Url::parse(text).ok().filter(|url| is_web && has_host && url.has_host())
}

/// Both halves of the CDN cookie are 32 hexadecimal digits.
fn is_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://cdnfhnfile.115cdn.net/aa/b%20c.mkv?t=1&f=", true)]
    #[case("http://127.0.0.1:9115/cdn/aa/b?t=1", true)]
    #[case("http:///name?t=1", false)]
    #[case("https://?t=1", false)]
    #[case("https://:80/name", false)]
    #[case("ftp://host/name", false)]
    #[case("//host/name", false)]
    #[case("", false)]
    fn a_link_has_a_host(#[case] text: &str, #[case] good: bool) {
        assert_eq!(cdn_url(text).map(String::from), good.then(|| text.to_owned()));
    }

    #[test]
    fn debug_hides_the_signature() {
        let link = CdnLink {
            url: Url::parse("https://cdn.example/secretpath/a?k=secretkey").unwrap(),
            binding: Binding::Cookie,
            user_agent: None,
            cookie: Some("secret=cookie".into()),
            expires: Some(5),
            connections: 2,
            account_connections: 10,
            file_name: "a".to_owned(),
            size: None,
        };
        let shown = format!("{link:?}");
        assert!(shown.contains("cdn.example") && !shown.contains("secret"), "{shown}");
    }
}
