//! From status, headers and bytes to a reply or an error: the content decides, since 115 serves JSON as HTML and failure as 200.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER, SET_COOKIE};
use serde::Deserialize;

use super::envelope::Envelope;
use crate::call::Call;
use crate::error::{Error, Kind, Site};

/// A reply whose outer layer reports success, or the failure its call expects.
#[derive(Debug)]
pub(crate) struct Reply {
    site: Site,
    body: Vec<u8>,
    pub(crate) envelope: Envelope,
    set_cookie: Vec<String>,
}

impl Reply {
    pub(crate) fn json<'de, T: Deserialize<'de>>(&'de self) -> Result<T, Error> {
        decode(self.site, &self.body)
    }

    /// The one thing in `data`, which for the same call may be an object, an array of one, or an empty array for
    /// "nothing" (quirk 52).
    pub(crate) fn data<'de, T: Deserialize<'de>>(&'de self) -> Result<Option<T>, Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Data<T> {
            Several(Vec<T>),
            One(T),
        }
        #[derive(Deserialize)]
        struct Outer<T> {
            data: Data<T>,
        }
        Ok(match self.json::<Outer<T>>()?.data {
            Data::Several(several) => several.into_iter().next(),
            Data::One(one) => Some(one),
        })
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// `name=value` of every cookie the reply sets.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set_cookie.iter().filter_map(|line| line.split(';').next()?.trim().split_once('='))
    }

    pub(crate) fn error(&self, kind: Kind, message: &str) -> Error {
        Error { code: self.envelope.code, ..Error::new(kind, self.site, message) }
    }
}

pub(crate) fn decode<'de, T: Deserialize<'de>>(site: Site, body: &'de [u8]) -> Result<T, Error> {
    // Not in serde's words: they quote the value, which may be a link.
    serde_json::from_slice(body).map_err(|e| {
        let what = if e.is_data() { "JSON of another shape" } else { "no JSON" };
        Error::new(Kind::Undecodable, site, &format!("{what}, at line {} column {}", e.line(), e.column()))
    })
}

pub(super) fn read(call: &Call<'_>, status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Result<Reply, Error> {
    if let Some(error) = by_status(call, status, headers, &body) {
        return Err(error);
    }
    let envelope: Envelope = decode(call.site, &body)?;
    let bare = call.probe && envelope.code.is_none() && envelope.text.is_empty();
    let expected = envelope.code.is_some() && envelope.code == call.expects;
    if envelope.failed() && !bare && !expected {
        return Err(Error::answered(call.site, call.judge, envelope.code, &envelope.text));
    }
    let set_cookie = headers.get_all(SET_COOKIE).iter().filter_map(|v| v.to_str().ok().map(str::to_owned)).collect();
    Ok(Reply { site: call.site, body, envelope, set_cookie })
}

/// Failures that the status or a page in place of JSON tells of.
fn by_status(call: &Call<'_>, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Error> {
    let page = body.trim_ascii_start().starts_with(b"<");
    let kind = match status.as_u16() {
        405 | 418 => Kind::Waf,
        // The web way to a link says this of a folder; nothing else has been seen to.
        410 => Kind::Folder,
        429 => Kind::Quota,
        500.. => Kind::Transient,
        // Some networks are not served by some hosts; the account is fine.
        403 | 404 if page || body.is_empty() => Kind::WayClosed,
        300..=399 => Kind::WayClosed,
        // Where JSON is due, a page was written by the edge in front of the API.
        _ if page => Kind::Waf,
        401 if body.is_empty() => Kind::Transient,
        200..=299 => return None,
        _ => return other(call, status, body),
    };
    let wait = if kind == Kind::Quota { told_to_wait(headers) } else { None };
    Some(Error::new(kind, call.site, &format!("HTTP {status}")).after(wait))
}

/// A 4xx with a readable reply means what the reply says.
fn other(call: &Call<'_>, status: StatusCode, body: &[u8]) -> Option<Error> {
    match serde_json::from_slice::<Envelope>(body) {
        Ok(reply) if reply.code.is_some() || !reply.text.is_empty() => {
            Some(Error::answered(call.site, call.judge, reply.code, &reply.text))
        }
        _ => {
            let kind = match status.as_u16() {
                401 => Kind::Transient,
                403 | 404 => Kind::WayClosed,
                _ => Kind::Rejected,
            };
            Some(Error::new(kind, call.site, &format!("HTTP {status}")))
        }
    }
}

fn told_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let header = headers.get("x-ratelimit-reset").or_else(|| headers.get(RETRY_AFTER))?;
    header.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const BLOCKED: &str = "<!doctypehtml><html><head><title>405</title></head></html>";

    fn failure(status: u16, body: &str) -> Option<Kind> {
        let call = Call::get("files", "webapi.115.com", "/files");
        let status = StatusCode::from_u16(status).unwrap();
        read(&call, status, &HeaderMap::new(), body.into()).err().map(|e| e.kind)
    }

    #[rstest]
    #[case(200, r#"{"state":true}"#, None)]
    #[case(200, "[]", None)]
    #[case(200, r#"{"state":false,"errno":99}"#, Some(Kind::Session))]
    #[case(200, BLOCKED, Some(Kind::Waf))]
    #[case(200, "\r\n <html>", Some(Kind::Waf))]
    #[case(200, "", Some(Kind::Undecodable))]
    #[case(200, "nonsense", Some(Kind::Undecodable))]
    #[case(302, "", Some(Kind::WayClosed))]
    #[case(400, r#"{"state":false,"code":990002}"#, Some(Kind::Rejected))]
    #[case(400, "", Some(Kind::Rejected))]
    #[case(401, "", Some(Kind::Transient))]
    #[case(401, r#"{"state":false,"code":99}"#, Some(Kind::Session))]
    #[case(403, BLOCKED, Some(Kind::WayClosed))]
    #[case(403, r#"{"state":false,"errno":911}"#, Some(Kind::Captcha))]
    #[case(404, "Not Found", Some(Kind::WayClosed))]
    #[case(405, BLOCKED, Some(Kind::Waf))]
    #[case(418, "", Some(Kind::Waf))]
    #[case(410, "", Some(Kind::Folder))]
    #[case(429, "", Some(Kind::Quota))]
    #[case(502, BLOCKED, Some(Kind::Transient))]
    fn statuses_and_pages(#[case] status: u16, #[case] body: &str, #[case] kind: Option<Kind>) {
        assert_eq!(failure(status, body), kind);
    }

    #[rstest]
    #[case::object(r#"{"state":true,"data":{"a":1}}"#, Ok(Some(1)))]
    #[case::array(r#"{"state":true,"data":[{"a":1}]}"#, Ok(Some(1)))]
    #[case::nothing(r#"{"state":true,"data":[]}"#, Ok(None))]
    #[case::missing(r#"{"state":true}"#, Err(Kind::Undecodable))]
    #[case::null(r#"{"state":true,"data":null}"#, Err(Kind::Undecodable))]
    #[case::text(r#"{"state":true,"data":"x"}"#, Err(Kind::Undecodable))]
    fn one_thing_in_three_forms(#[case] body: &str, #[case] a: Result<Option<u64>, Kind>) {
        #[derive(Deserialize)]
        struct Thing {
            a: u64,
        }
        let call = Call::get("files", "webapi.115.com", "/files");
        let reply = read(&call, StatusCode::OK, &HeaderMap::new(), body.into()).unwrap();
        assert_eq!(reply.data::<Thing>().map(|thing| thing.map(|thing| thing.a)).map_err(|e| e.kind), a);
    }

    #[test]
    fn hears_how_long_to_wait() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-reset", "42".parse().unwrap());
        let call = Call::get("files", "webapi.115.com", "/files");
        let error = read(&call, StatusCode::TOO_MANY_REQUESTS, &headers, Vec::new()).unwrap_err();
        assert_eq!(error.retry_after, Some(Duration::from_secs(42)));
    }

    #[test]
    fn a_probe_may_be_told_no_but_not_why() {
        let probe = Call::get("status", "my.115.com", "/").probe();
        let read = |body: &str| read(&probe, StatusCode::OK, &HeaderMap::new(), body.into());
        assert_eq!(read(r#"{"state":false}"#).unwrap().envelope.state, Some(false));
        assert_eq!(read(r#"{"state":false,"errno":911}"#).unwrap_err().kind, Kind::Captcha);
    }
}
