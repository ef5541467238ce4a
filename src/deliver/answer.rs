//! The head of a relayed answer, from the entry alone: status, headers, and which bytes are to follow.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{
    disposition, media,
    precondition::{self, Validators, Verdict},
    range::{self, Ranged},
};
use crate::drive::{Entry, Kind, Opened};

/// What to say before any byte was fetched.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// First and last byte of the body; `None` where there is no body to fetch.
    pub bytes: Option<(u64, u64)>,
}

/// What every answer says of a file.
pub fn head(entry: &Entry) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(14);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(etag) = HeaderValue::try_from(etag(entry)) {
        headers.insert(header::ETAG, etag);
    }
    if let Some(modified) = entry.modified_at()
        && let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(modified))
    {
        headers.insert(header::LAST_MODIFIED, date);
    }
    let name = entry.name.as_str();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media::content_type(name)));
    headers.insert(header::CONTENT_DISPOSITION, disposition::disposition(name));
    headers
}

/// What every answer says of a file that is open.
pub fn head_of_opened(opened: &Opened) -> HeaderMap {
    let mut headers = head(&opened.entry);
    // Nobody summed it up: which content it is, the disk says.
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", opened.version)) {
        headers.insert(header::ETAG, etag);
    }
    headers
}

/// Answers a GET or HEAD for a file with this [`head`]: preconditions, range and headers, without any upstream call.
pub fn answer(method: &Method, asked: &HeaderMap, entry: &Entry, head: &HeaderMap) -> Answer {
    let size = entry.size();
    let etag = head.get(header::ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default();
    let mut headers = head.clone();
    let ranged = match precondition::weigh(asked, Validators { etag, modified: entry.modified_at() }) {
        Verdict::NotModified => return bodiless(StatusCode::NOT_MODIFIED, headers),
        Verdict::Failed => return bodiless(StatusCode::PRECONDITION_FAILED, headers),
        Verdict::Go { ranged } => ranged,
    };
    // Several `Range` lines are several ranges: the whole.
    let mut lines = asked.get_all(header::RANGE).iter();
    let range = match (lines.next().and_then(|line| line.to_str().ok()), lines.next()) {
        (Some(line), None) if ranged => range::parse(line, size),
        _ => Ranged::Whole,
    };
    let (status, first, length) = match range {
        Ranged::Outside => {
            if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
                headers.insert(header::CONTENT_RANGE, value);
            }
            return bodiless(StatusCode::RANGE_NOT_SATISFIABLE, headers);
        }
        Ranged::Whole => (StatusCode::OK, 0, size),
        Ranged::Part { first, last } => {
            if let Ok(value) = HeaderValue::try_from(content_range(first, last, size)) {
                headers.insert(header::CONTENT_RANGE, value);
            }
            (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let bytes = (method == Method::GET && length > 0).then(|| (first, first + length - 1));
    Answer { status, headers, bytes }
}

/// What `format!` would give, in less than half the time: it is made for each answer.
fn content_range(first: u64, last: u64, size: u64) -> String {
    let [mut of_first, mut of_last, mut of_size] = [(); 3].map(|()| itoa::Buffer::new());
    ["bytes ", of_first.format(first), "-", of_last.format(last), "/", of_size.format(size)].concat()
}

fn bodiless(status: StatusCode, mut headers: HeaderMap) -> Answer {
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_DISPOSITION);
    // A 304 says nothing of a length: it would be the file's.
    if status != StatusCode::NOT_MODIFIED {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Answer { status, headers, bytes: None }
}

/// Strong, and the same for as long as the content is: its SHA-1; where 115 says none, what names this content there.
fn etag(entry: &Entry) -> String {
    match &entry.kind {
        Kind::File { sha1: Some(sha1), .. } => format!("\"{sha1}\""),
        _ => format!("\"{}-{}\"", entry.tag, entry.size()),
    }
}
