//! What a call says, however it says it: JSON, a form or a query, whatever its content type claims.

use std::{convert::Infallible, future::ready, time::Duration};

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, header, request::Parts};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::envelope::Failure;
use crate::{
    error::Error,
    path::{PathError, VirtualPath},
};

/// More than any call that reads has to say.
const MAX_BODY: usize = 1024 * 1024;
/// Fields of a form, of whatever kind, or of a query that are looked at.
const MAX_FIELDS: usize = 256;
const PATIENCE: Duration = Duration::from_secs(20);
/// Whoever sends on what nobody reads pauses no longer.
const PAUSE: Duration = Duration::from_secs(2);
/// Of a body that nobody reads. Who sends more finds the connection closed, maybe before he has the answer.
const MAX_UNREAD: usize = 64 * 1024 * 1024;

/// The fields of a call, their names in lower case. What is not there, or `null`, is the field's default.
#[derive(Debug, Default)]
pub(super) struct Ask(Map<String, Value>);

impl Ask {
    /// The query, and over it the body.
    pub(super) async fn read(request: &Parts, body: Option<Body>) -> Result<Self, Failure> {
        let mut ask = Self::default();
        ask.form(request.uri.query().unwrap_or_default().as_bytes());
        let mut stream = body.unwrap_or_default().into_data_stream();
        let body = match tokio::time::timeout(PATIENCE, whole(&mut stream)).await {
            Ok(Err(failure)) => {
                drain(&mut stream).await;
                return Err(failure);
            }
            Ok(Ok(body)) => body,
            Err(_) => return Err(Failure::new(400, "The body of the call did not arrive in time.")),
        };
        match boundary(&request.headers).filter(|_| !is_json(&body)) {
            Some(boundary) => ask.parts(body, boundary).await?,
            None => ask.body(&body)?,
        }
        Ok(ask)
    }

    fn body(&mut self, body: &[u8]) -> Result<(), Failure> {
        match begun(body) {
            [] => Ok(()),
            said => match serde_json::from_slice(said) {
                Ok(Value::Object(fields)) => {
                    self.0.extend(fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)));
                    Ok(())
                }
                Ok(Value::Null) => Ok(()),
                // It names no field, and what it would be a call for is not what was meant.
                Ok(_) => Err(Failure::new(400, "The body is JSON, but not an object with the fields of the call.")),
                Err(error) if is_json(said) => {
                    Err(Failure::new(400, format!("The body is no JSON that can be read: {error}")))
                }
                Err(_) => {
                    self.form(said);
                    Ok(())
                }
            },
        }
    }

    fn form(&mut self, form: &[u8]) {
        let fields = form_urlencoded::parse(form).take(MAX_FIELDS);
        self.0.extend(fields.map(|(name, value)| (name.to_ascii_lowercase(), Value::String(value.into_owned()))));
    }

    /// The fields of a multipart form; files among them are passed over.
    async fn parts(&mut self, body: Vec<u8>, boundary: String) -> Result<(), Failure> {
        let broken = |error| Failure::new(400, format!("The form cannot be read: {error}"));
        let whole = stream::once(ready(Ok::<_, Infallible>(Bytes::from(body))));
        let mut parts = multer::Multipart::new(whole, boundary);
        for _ in 0..MAX_FIELDS {
            let Some(part) = parts.next_field().await.map_err(broken)? else { break };
            let Some(name) = part.name().filter(|_| part.file_name().is_none()).map(str::to_ascii_lowercase) else {
                continue;
            };
            let value = part.bytes().await.map_err(broken)?;
            self.0.insert(name, Value::String(String::from_utf8_lossy(&value).into_owned()));
        }
        Ok(())
    }

    /// Empty where it is not said.
    pub(super) fn text(&self, name: &str) -> Result<&str, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(wrong(name, "a text")),
        }
    }

    /// Zero where it is not said.
    pub(super) fn number(&self, name: &str) -> Result<i64, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(0),
            Some(Value::Number(number)) => number.as_i64().ok_or_else(|| wrong(name, "a whole number")),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(0),
            Some(Value::String(text)) => text.trim().parse().map_err(|_| wrong(name, "a whole number")),
            Some(_) => Err(wrong(name, "a whole number")),
        }
    }

    /// False where it is not said.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "" | "0" | "false" => Ok(false),
                "1" | "true" => Ok(true),
                _ => Err(wrong(name, "true or false")),
            },
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// The root where it is not said.
    pub(super) fn path(&self, name: &str) -> Result<VirtualPath, Failure> {
        VirtualPath::from_plain(self.text(name)?).map_err(|error| match error {
            // The way out of a base path, if there were one.
            PathError::Dots => Failure::new(403, format!("{error}: permission denied")),
            other => Error::from(other).into(),
        })
    }

    /// Which part of a list is wanted: everything where that is not said.
    pub(super) fn page(&self) -> Result<Page, Failure> {
        let size = usize::try_from(self.number("per_page")?).ok().filter(|size| *size > 0);
        let number = usize::try_from(self.number("page")?).unwrap_or(1).max(1);
        Ok(Page { number, size })
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// From 1 on.
    number: usize,
    /// `None`: no end.
    size: Option<usize>,
}

impl Page {
    /// The numbers of what is on this page of a list of so many; none behind its end.
    pub(super) fn of(self, count: usize) -> std::ops::Range<usize> {
        let size = self.size.unwrap_or(usize::MAX);
        let start = (self.number - 1).saturating_mul(size).min(count);
        start..start.saturating_add(size).min(count)
    }
}

/// What stands between the parts of a multipart form; `None` for any other body.
fn boundary(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(header::CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// Where the body begins: some programs write a byte order mark, which says nothing (RFC 8259 §8.1).
fn begun(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start()
}

fn is_json(body: &[u8]) -> bool {
    matches!(begun(body), [b'{' | b'[', ..])
}

/// Reads on what nobody wants to know, a film perhaps, so that whoever sends it comes to hear why: many programs look for an
/// answer only when all is sent. Who asked whether to send it at all (RFC 9110 §10.1.1) has not begun.
pub(super) async fn pass_over(request: &Parts, body: Body) {
    if request.headers.contains_key(header::EXPECT) {
        return;
    }
    drain(&mut body.into_data_stream()).await;
}

/// Reads on and drops it as long as it comes, for a while and up to a bound: the answer does not depend on it.
async fn drain(stream: &mut BodyDataStream) {
    let reading = async {
        let mut left = MAX_UNREAD;
        while let Ok(Some(Ok(piece))) = tokio::time::timeout(PAUSE, stream.next()).await {
            match left.checked_sub(piece.len()) {
                Some(still) => left = still,
                None => return,
            }
        }
    };
    _ = tokio::time::timeout(PATIENCE / 2, reading).await;
}

async fn whole(stream: &mut BodyDataStream) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Failure::new(400, "The body of the call broke off."))?;
        if bytes.len() + piece.len() > MAX_BODY {
            return Err(Failure::new(413, "The body of the call is larger than 1 MiB."));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn wrong(name: &str, wanted: &str) -> Failure {
    Failure::new(400, format!("The field {name} is to be {wanted}."))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn ask(body: &str) -> Result<Ask, Failure> {
        let mut ask = Ask::default();
        ask.body(body.as_bytes())?;
        Ok(ask)
    }

    #[rstest]
    #[case(r#"{"path":"/a","page":2,"refresh":true}"#)]
    #[case(" \n{\"Path\":\"/a\",\"page\":\"2\",\"refresh\":\"true\",\"unheard\":[{}]}")]
    #[case("path=%2Fa&page=2&refresh=1")]
    #[case("\u{feff}{\"path\":\"/a\",\"page\":2,\"refresh\":true}")]
    fn a_call_is_read_however_it_is_written(#[case] body: &str) {
        let ask = ask(body).unwrap();
        assert_eq!(ask.path("path").unwrap().as_str(), "/a");
        assert_eq!((ask.number("page").unwrap(), ask.flag("refresh").unwrap()), (2, true));
    }

    #[rstest]
    #[case("")]
    #[case(r#"{"path":null,"page":null,"refresh":null}"#)]
    #[case(" null ")]
    #[case("path=&page=&refresh=")]
    fn what_is_not_said_is_the_default(#[case] body: &str) {
        let ask = ask(body).unwrap();
        assert!(ask.path("path").unwrap().is_root());
        assert_eq!((ask.number("page").unwrap(), ask.flag("refresh").unwrap()), (0, false));
    }

    #[rstest]
    #[case::object(r#"{"path":{},"page":{},"refresh":{}}"#)]
    #[case::list(r#"{"path":[],"page":[],"refresh":[]}"#)]
    #[case::other(r#"{"path":1,"page":1.5,"refresh":7}"#)]
    #[case::huge(r#"{"path":true,"page":1e99,"refresh":"yes"}"#)]
    fn the_wrong_shape_is_the_callers_mistake(#[case] body: &str) {
        let ask = ask(body).unwrap();
        assert_eq!(ask.path("path").unwrap_err().code, 400);
        assert_eq!(ask.number("page").unwrap_err().code, 400);
        assert_eq!(ask.flag("refresh").unwrap_err().code, 400);
    }

    #[test]
    fn what_is_no_json_and_what_is_too_deep_is_refused() {
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        let no_fields = ["[]", "[{\"path\":\"/\"}]", "\"/a\"", "1", "-1.5", "true"];
        for body in ["{", "{\"a\"}", "[1", "[}", &deep, "{\"a\":\"\\ud800\"}"].into_iter().chain(no_fields) {
            assert_eq!(ask(body).unwrap_err().code, 400, "{}", &body[..body.len().min(20)]);
        }
    }

    #[tokio::test]
    async fn a_multipart_form_is_read_and_its_files_are_not() {
        let part =
            |head: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n");
        let form = [
            part("name=\"Path\"", "/a b"),
            part("name=page", "2"),
            part("name=\"file\"; filename=\"a.mkv\"", "bytes"),
            part("name=refresh", "true"),
        ];
        let body = format!("{}--x--\r\n", form.concat());
        let mut ask = Ask::default();
        ask.parts(body.into_bytes(), "x".to_owned()).await.unwrap();
        assert_eq!(ask.path("path").unwrap().as_str(), "/a b");
        assert_eq!((ask.number("page").unwrap(), ask.flag("refresh").unwrap()), (2, true));
        assert_eq!(ask.text("file").unwrap(), "");
        for broken in ["", "--x", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1", "nothing of the kind"] {
            let failure = Ask::default().parts(broken.into(), "x".to_owned()).await.unwrap_err();
            assert_eq!(failure.code, 400, "{broken}: {}", failure.message);
        }
        let many = format!("{}--x--\r\n", part("name=a", "1").repeat(MAX_FIELDS) + &part("name=path", "/late"));
        let mut ask = Ask::default();
        ask.parts(many.into_bytes(), "x".to_owned()).await.unwrap();
        assert!(ask.path("path").unwrap().is_root(), "more fields than are looked at");
    }

    /// Any JSON, of any shape and depth.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,20}|[\\x00-\\x1f/.%]{0,8}|-?[0-9]{1,30}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::hash_map("path|page|per_page|refresh|[a-zA-Z]{0,8}", inner, 0..8)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// Every field is there, is not, or is the caller's mistake.
    fn look(ask: &Ask) {
        for name in ["path", "page", "per_page", "refresh", ""] {
            for failure in [
                ask.text(name).err(),
                ask.number(name).err(),
                ask.flag(name).err(),
                ask.path(name).err(),
                ask.page().err(),
            ] {
                assert!(failure.is_none_or(|failure| matches!(failure.code, 400 | 403)));
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_json_comes_is_read_or_refused(value in json(), cut in any::<prop::sample::Index>()) {
            let text = value.to_string();
            let twice = format!("{{\"path\":{text},\"PATH\":{text},\"path\":\"/a\",\"page\":{text}}}");
            for body in [&*text, &*twice, &*String::from_utf8_lossy(&twice.as_bytes()[..cut.index(twice.len())])] {
                match ask(body) {
                    Ok(ask) => look(&ask),
                    Err(failure) => prop_assert_eq!(failure.code, 400),
                }
            }
            // Of several fields of a name the last one counts.
            let ask = ask(&twice).unwrap();
            prop_assert_eq!(ask.text("path").unwrap(), "/a");
        }

        #[test]
        fn whatever_form_comes_is_read_or_refused(
            parts in prop::collection::vec("(--x)?(\r\n)?(Content-Disposition: form-data; name=\"?path\"?)?\\PC{0,9}(\r\n)?(\r\n)?(--x--)?", 0..8)
        ) {
            let mut ask = Ask::default();
            let read = ask.parts(parts.concat().into_bytes(), "x".to_owned()).now_or_never();
            match read.expect("nothing to wait for") {
                Ok(()) => look(&ask),
                Err(failure) => prop_assert_eq!(failure.code, 400),
            }
        }

        #[test]
        fn whatever_bytes_come_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut ask = Ask::default();
            if ask.body(&bytes).is_ok() {
                look(&ask);
            }
        }
    }

    #[rstest]
    #[case(0, 0, 0..5)]
    #[case(1, 2, 0..2)]
    #[case(3, 2, 4..5)]
    #[case(4, 2, 5..5)]
    #[case(-1, 3, 0..3)]
    #[case(2, 0, 5..5)]
    #[case(i64::MAX, i64::MAX, 5..5)]
    #[case(1, -1, 0..5)]
    fn a_page_behind_the_end_is_empty(#[case] page: i64, #[case] size: i64, #[case] want: std::ops::Range<usize>) {
        let ask = ask(&format!(r#"{{"page":{page},"per_page":{size}}}"#)).unwrap();
        assert_eq!(ask.page().unwrap().of(5), want);
    }
}
