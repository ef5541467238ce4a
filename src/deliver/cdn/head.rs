//! The heads: our question, and the answer's up to its empty line.

use std::{
    io,
    task::{Context, Poll, ready},
};

use bytes::Buf;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri, Version, header};
use httparse::Status;
use tokio::time::Instant;

use super::{connect::Origin, pace::SHORT_READ, wire::Conn};

/// The longest head of an answer, and the most lines in it.
const MAX_HEAD: usize = 32 * 1024;
const MAX_LINES: usize = 96;
/// What a head takes beside the body that comes with it.
const USUAL_HEAD: usize = 1024;
/// Interim answers (1xx) before the real one.
const MAX_INTERIM: usize = 8;
/// The lines that anybody here looks at.
const WANTED: [HeaderName; 7] = [
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ETAG,
    header::LOCATION,
    header::TRANSFER_ENCODING,
];

/// A GET in HTTP/1.1 (RFC 9112 §3). A `Uri` and a `HeaderValue` hold no line break, so no header can be smuggled in.
pub(super) fn question(uri: &Uri, origin: &Origin, headers: &HeaderMap) -> Vec<u8> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut question = Vec::with_capacity(1024);
    for part in ["GET ", target, " HTTP/1.1\r\nhost: ", &origin.host_header(), "\r\n"] {
        question.extend_from_slice(part.as_bytes());
    }
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            question.extend_from_slice(part);
        }
    }
    question.extend_from_slice(b"\r\n");
    question
}

/// An answer under way.
pub(super) struct Answer<'a> {
    unsent: &'a [u8],
    flushed: bool,
    read_at_once: usize,
    began: bool,
    interim: usize,
}

impl<'a> Answer<'a> {
    /// To `question`; about `size` bytes of body are to follow.
    pub(super) fn new(question: &'a [u8], size: u64) -> Self {
        let body = usize::try_from(size).unwrap_or(usize::MAX).min(SHORT_READ);
        Self { unsent: question, flushed: false, read_at_once: body + USUAL_HEAD, began: false, interim: 0 }
    }

    /// True once a byte of it was read.
    pub(super) fn began(&self) -> bool {
        self.began
    }

    /// Sends the question and reads the head; what follows it stays in `conn.read`.
    pub(super) fn poll(
        &mut self,
        conn: &mut Conn,
        cx: &mut Context<'_>,
        until: Instant,
    ) -> Poll<io::Result<Response<()>>> {
        match self.poll_head(conn, cx) {
            Poll::Pending => conn.poll_patience(cx, until).map(Err),
            ready => ready,
        }
    }

    fn poll_head(&mut self, conn: &mut Conn, cx: &mut Context<'_>) -> Poll<io::Result<Response<()>>> {
        while !self.unsent.is_empty() {
            match ready!(conn.poll_send(cx, self.unsent))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.unsent = &self.unsent[sent..],
            }
        }
        if !self.flushed {
            ready!(conn.poll_flush(cx))?;
            self.flushed = true;
        }
        loop {
            while let Some((head, length)) = parse(&conn.read)? {
                conn.read.advance(length);
                if !head.status().is_informational() {
                    return Poll::Ready(Ok(head));
                }
                self.interim += 1;
                if self.interim > MAX_INTERIM || head.status() == StatusCode::SWITCHING_PROTOCOLS {
                    return Poll::Ready(Err(io::Error::other("an answer to another question")));
                }
            }
            if conn.read.len() > MAX_HEAD {
                return Poll::Ready(Err(io::Error::other("the head of the answer is too long")));
            }
            if ready!(conn.poll_fill(cx, self.read_at_once))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.began = true;
        }
    }
}

/// The head that `read` begins with, and its length; `None` where more of it is to come.
fn parse(read: &[u8]) -> io::Result<Option<(Response<()>, usize)>> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_LINES];
    let mut parsed = httparse::Response::new(&mut lines);
    let Status::Complete(length) = parsed.parse(read).map_err(io::Error::other)? else { return Ok(None) };
    let mut head = Response::new(());
    *head.status_mut() = StatusCode::from_u16(parsed.code.unwrap_or_default()).map_err(io::Error::other)?;
    *head.version_mut() = if parsed.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    for line in parsed.headers {
        if let Some(name) = WANTED.iter().find(|name| line.name.eq_ignore_ascii_case(name.as_str())) {
            let value = HeaderValue::from_bytes(line.value).map_err(io::Error::other)?;
            head.headers_mut().append(name, value);
        }
    }
    Ok(Some((head, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_in_one_piece() {
        let uri: Uri = "http://cdn.example:8080/a%20b?t=1".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        let question = question(&uri, &Origin::of(&uri).unwrap(), &headers);
        let want = "GET /a%20b?t=1 HTTP/1.1\r\nhost: cdn.example:8080\r\nrange: bytes=0-1\r\n\r\n";
        assert_eq!(String::from_utf8(question).unwrap(), want);
    }

    #[test]
    fn reads_a_head_and_leaves_the_body() {
        let (head, length) = parse(b"HTTP/1.1 206 X\r\nETag: \"a\"\r\nServer: s\r\n\r\nbody").unwrap().unwrap();
        assert_eq!((head.status(), length), (StatusCode::PARTIAL_CONTENT, 40));
        assert_eq!(head.headers().len(), 1, "only what is looked at");
        assert_eq!(head.headers()[header::ETAG], "\"a\"");
        assert!(parse(b"HTTP/1.1 206 X\r\nETag: ").unwrap().is_none());
        assert!(parse(b"SSH-2.0-x\r\n").is_err());
    }
}
