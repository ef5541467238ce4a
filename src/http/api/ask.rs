//! What a call says, however it says it: JSON, a form or a query, whatever its content type claims.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use http::request::Parts;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::envelope::Failure;
use crate::{
    error::Error,
    path::{PathError, VirtualPath},
};

/// More than any call that reads has to say.
const MAX_BODY: usize = 1024 * 1024;
/// Fields of a form or a query that are looked at.
const MAX_FIELDS: usize = 256;
const PATIENCE: Duration = Duration::from_secs(20);

/// The fields of a call, their names in lower case. What is not there, or `null`, is the field's default.
#[derive(Debug, Default)]
pub(super) struct Ask(Map<String, Value>);

impl Ask {
    /// The query, and over it the body.
    pub(super) async fn read(request: &Parts, body: Body) -> Result<Self, Failure> {
        let mut ask = Self::default();
        ask.form(request.uri.query().unwrap_or_default().as_bytes());
        let body = tokio::time::timeout(PATIENCE, whole(body)).await;
        let body = body.map_err(|_| Failure::new(400, "The body of the call did not arrive in time."))??;
        ask.body(&body)?;
        Ok(ask)
    }

    fn body(&mut self, body: &[u8]) -> Result<(), Failure> {
        match body.trim_ascii_start() {
            [] => Ok(()),
            json @ [b'{', ..] => {
                let fields: Map<String, Value> = serde_json::from_slice(json)
                    .map_err(|error| Failure::new(400, format!("The body is no JSON that can be read: {error}")))?;
                self.0.extend(fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)));
                Ok(())
            }
            // A list names no field; calls that read have no use for one.
            json @ [b'[', ..] => serde_json::from_slice::<Vec<Value>>(json)
                .map(drop)
                .map_err(|error| Failure::new(400, format!("The body is no JSON that can be read: {error}"))),
            form => {
                self.form(form);
                Ok(())
            }
        }
    }

    fn form(&mut self, form: &[u8]) {
        let fields = form_urlencoded::parse(form).take(MAX_FIELDS);
        self.0.extend(fields.map(|(name, value)| (name.to_ascii_lowercase(), Value::String(value.into_owned()))));
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

async fn whole(body: Body) -> Result<Vec<u8>, Failure> {
    let (mut stream, mut bytes) = (body.into_data_stream(), Vec::new());
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
    fn a_call_is_read_however_it_is_written(#[case] body: &str) {
        let ask = ask(body).unwrap();
        assert_eq!(ask.path("path").unwrap().as_str(), "/a");
        assert_eq!((ask.number("page").unwrap(), ask.flag("refresh").unwrap()), (2, true));
    }

    #[rstest]
    #[case("")]
    #[case(r#"{"path":null,"page":null,"refresh":null}"#)]
    #[case("[]")]
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
        for body in ["{", "{\"a\"}", "[1", "[}", &deep, "{\"a\":\"\\ud800\"}"] {
            assert_eq!(ask(body).unwrap_err().code, 400, "{}", &body[..body.len().min(20)]);
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
