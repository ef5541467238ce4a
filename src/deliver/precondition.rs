//! `If-*` headers against what we know of a file, in the order of RFC 9110 section 13.2.2.

use std::time::SystemTime;

use http::{HeaderMap, HeaderName, header};

/// What a client's copy is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validators<'a> {
    /// A strong entity tag, quotes included.
    pub etag: &'a str,
    pub modified: Option<SystemTime>,
}

/// What the preconditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on; `ranged` says whether a `Range` header still counts.
    Go { ranged: bool },
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Weighs the headers of a GET or HEAD.
pub fn weigh(headers: &HeaderMap, ours: Validators<'_>) -> Verdict {
    // Most requests have none.
    if !headers.keys().any(|name| name.as_str().starts_with("if-")) {
        return Verdict::Go { ranged: true };
    }
    if let Some(tags) = text(headers, header::IF_MATCH) {
        if !lists(&tags, ours.etag, true) {
            return Verdict::Failed;
        }
    } else if let (Some(at), Some(modified)) = (date(headers, header::IF_UNMODIFIED_SINCE), ours.modified)
        && modified > at
    {
        return Verdict::Failed;
    }
    if let Some(tags) = text(headers, header::IF_NONE_MATCH) {
        if lists(&tags, ours.etag, false) {
            return Verdict::NotModified;
        }
    } else if let (Some(at), Some(modified)) = (date(headers, header::IF_MODIFIED_SINCE), ours.modified)
        && modified <= at
    {
        return Verdict::NotModified;
    }
    let ranged = match text(headers, header::IF_RANGE) {
        None => true,
        Some(tag) if tag.starts_with('"') => tag == ours.etag,
        // A date must be exact, and a weak tag never counts (RFC 9110 section 13.1.5).
        Some(_) => date(headers, header::IF_RANGE).is_some_and(|at| Some(at) == ours.modified),
    };
    Verdict::Go { ranged }
}

/// Several lines of one header are one list.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok()
}

fn lists(tags: &str, ours: &str, strong: bool) -> bool {
    tags.trim() == "*"
        || tags.split(',').map(str::trim).any(|tag| match tag.strip_prefix("W/") {
            Some(weak) => !strong && weak == ours,
            None => tag == ours,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::time::{Duration, UNIX_EPOCH};

    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    #[rstest]
    #[case(&[], Verdict::Go { ranged: true })]
    #[case(&[("if-match", "\"a\"")], Verdict::Go { ranged: true })]
    #[case(&[("if-match", "*")], Verdict::Go { ranged: true })]
    #[case(&[("if-match", "\"b\", \"a\"")], Verdict::Go { ranged: true })]
    #[case(&[("if-match", "W/\"a\"")], Verdict::Failed)]
    #[case(&[("if-match", "\"b\"")], Verdict::Failed)]
    #[case(&[("if-unmodified-since", BEFORE)], Verdict::Failed)]
    #[case(&[("if-unmodified-since", SAME)], Verdict::Go { ranged: true })]
    #[case(&[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)], Verdict::Go { ranged: true })]
    #[case(&[("if-none-match", "\"a\"")], Verdict::NotModified)]
    #[case(&[("if-none-match", "W/\"a\"")], Verdict::NotModified)]
    #[case(&[("if-none-match", "\"b\"")], Verdict::Go { ranged: true })]
    #[case(&[("if-none-match", "\"b\""), ("if-modified-since", AFTER)], Verdict::Go { ranged: true })]
    #[case(&[("if-modified-since", SAME)], Verdict::NotModified)]
    #[case(&[("if-modified-since", BEFORE)], Verdict::Go { ranged: true })]
    #[case(&[("if-modified-since", "yesterday")], Verdict::Go { ranged: true })]
    #[case(&[("if-range", "\"a\"")], Verdict::Go { ranged: true })]
    #[case(&[("if-range", "\"b\"")], Verdict::Go { ranged: false })]
    #[case(&[("if-range", "W/\"a\"")], Verdict::Go { ranged: false })]
    #[case(&[("if-range", SAME)], Verdict::Go { ranged: true })]
    #[case(&[("if-range", AFTER)], Verdict::Go { ranged: false })]
    fn weighs(#[case] given: &[(&'static str, &str)], #[case] want: Verdict) {
        let ours = Validators { etag: "\"a\"", modified: Some(UNIX_EPOCH + Duration::from_secs(784_111_777)) };
        let headers =
            given.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        assert_eq!(weigh(&headers, ours), want);
    }
}
