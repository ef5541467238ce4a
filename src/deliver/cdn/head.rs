//! The heads: our question, and the answer's up to its empty line.

use std::{
    io,
    mem::MaybeUninit,
    task::{Context, Poll, ready},
};

use bytes::Buf;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use httparse::{ParserConfig, Status};
use tokio::time::Instant;

use super::{
    Span,
    connect::Origin,
    framing::{Framing, all, number},
    pace::SHORT_READ,
    wire::Conn,
};

/// The longest head of an answer, and the most lines in it.
const MAX_HEAD: usize = 32 * 1024;
const MAX_LINES: usize = 96;
/// What a head takes beside the body that comes with it.
const USUAL_HEAD: usize = 1024;
/// Interim answers (1xx) before the real one.
const MAX_INTERIM: usize = 8;

/// What the head of an answer says, as far as anybody here wants to know.
#[derive(Debug)]
pub(in crate::deliver) struct Head {
    pub(in crate::deliver) status: StatusCode,
    /// The range that it says to be, where it is one.
    pub(in crate::deliver) span: Option<Span>,
    pub(in crate::deliver) length: Option<u64>,
    /// The bytes are not those of the file but, say, compressed.
    pub(in crate::deliver) coded: bool,
    pub(in crate::deliver) etag: Option<HeaderValue>,
    pub(in crate::deliver) location: Option<HeaderValue>,
}

/// A GET of a range in HTTP/1.1 (RFC 9112 §3). A `Uri` and a `HeaderValue` hold no line break, so no header can be smuggled in.
pub(super) fn question(uri: &Uri, origin: &Origin, headers: &HeaderMap, span: Span) -> Vec<u8> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut question = Vec::with_capacity(1024);
    for part in ["GET ", target, " HTTP/1.1\r\nhost: ", origin.host_header(), "\r\n"] {
        question.extend_from_slice(part.as_bytes());
    }
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            question.extend_from_slice(part);
        }
    }
    let (mut first, mut last) = (itoa::Buffer::new(), itoa::Buffer::new());
    let (first, last) = (first.format(span.first), last.format(span.last));
    for part in ["accept-encoding: identity\r\nrange: bytes=", first, "-", last, "\r\n\r\n"] {
        question.extend_from_slice(part.as_bytes());
    }
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
    ) -> Poll<io::Result<(Head, Framing)>> {
        match self.poll_head(conn, cx) {
            Poll::Pending => conn.poll_patience(cx, until).map(Err),
            ready => ready,
        }
    }

    fn poll_head(&mut self, conn: &mut Conn, cx: &mut Context<'_>) -> Poll<io::Result<(Head, Framing)>> {
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
            while !conn.read.is_empty()
                && let Some((head, framing, length)) = parse(&conn.read)?
            {
                conn.read.advance(length);
                if !head.status.is_informational() {
                    return Poll::Ready(Ok((head, framing)));
                }
                self.interim += 1;
                if self.interim > MAX_INTERIM || head.status == StatusCode::SWITCHING_PROTOCOLS {
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

/// The head that `read` begins with, how the body behind it is framed, and its length; `None` where more of it is to come.
fn parse(read: &[u8]) -> io::Result<Option<(Head, Framing, usize)>> {
    let mut lines = [const { MaybeUninit::uninit() }; MAX_LINES];
    let mut parsed = httparse::Response::new(&mut []);
    let done = ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, read, &mut lines);
    let Status::Complete(length) = done.map_err(io::Error::other)? else { return Ok(None) };
    let (lines, old) = (&*parsed.headers, parsed.version == Some(0));
    let status = StatusCode::from_u16(parsed.code.unwrap_or_default()).map_err(io::Error::other)?;
    let framing = Framing::of(status, old, lines).map_err(io::Error::other)?;
    let value = |name| all(lines, name).next().map(HeaderValue::from_bytes).transpose().map_err(io::Error::other);
    let head = Head {
        status,
        span: all(lines, "content-range").next().and_then(span),
        length: all(lines, "content-length").next().and_then(number),
        coded: all(lines, "content-encoding").any(|coding| coding != b"identity"),
        etag: value("etag")?,
        location: value("location")?,
    };
    Ok(Some((head, framing, length)))
}

/// `bytes <first>-<last>/<size>`.
fn span(range: &[u8]) -> Option<Span> {
    let mut numbers = range.strip_prefix(b"bytes ")?.splitn(2, |&byte| byte == b'/');
    let mut ends = numbers.next()?.splitn(2, |&byte| byte == b'-');
    let [first, last, size] = [ends.next()?, ends.next()?, numbers.next()?].map(number);
    Some(Span { first: first?, last: last?, size: size? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn asks_in_one_piece() {
        let uri: Uri = "http://cdn.example:8080/a%20b?t=1".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(http::header::USER_AGENT, HeaderValue::from_static("x"));
        let question = question(&uri, &Origin::of(&uri).unwrap(), &headers, Span { first: 0, last: 1, size: 2 });
        let want = "GET /a%20b?t=1 HTTP/1.1\r\nhost: cdn.example:8080\r\nuser-agent: x\r\n\
            accept-encoding: identity\r\nrange: bytes=0-1\r\n\r\n";
        assert_eq!(String::from_utf8(question).unwrap(), want);
    }

    #[test]
    fn reads_a_head_and_leaves_the_body() {
        let read = b"HTTP/1.1 206 X\r\nETag: \"a\"\r\nServer: s\r\nContent-LENGTH: 3\r\ncontent-range: bytes 2-4/9\r\n\r\nbody";
        let (head, framing, length) = parse(read).unwrap().unwrap();
        assert_eq!((head.status, length), (StatusCode::PARTIAL_CONTENT, read.len() - 4));
        assert_eq!(head.etag.unwrap(), "\"a\"");
        assert_eq!((head.span, head.length), (Some(Span { first: 2, last: 4, size: 9 }), Some(3)));
        assert_eq!((head.coded, head.location, framing.left()), (false, None, 3));
        assert!(parse(b"HTTP/1.1 206 X\r\nETag: ").unwrap().is_none());
        assert!(parse(b"SSH-2.0-x\r\n").is_err());
    }

    #[test]
    fn a_coded_body_and_a_redirect_are_seen() {
        let (head, ..) = parse(b"HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Encoding: gzip\r\n\r\n").unwrap().unwrap();
        assert_eq!((head.coded, head.location.unwrap()), (true, HeaderValue::from_static("/b")));
        let (head, ..) = parse(b"HTTP/1.1 200 X\r\nContent-Encoding: identity\r\n\r\n").unwrap().unwrap();
        assert!(!head.coded);
    }

    #[rstest]
    #[case("bytes 0-1/2", Some((0, 1, 2)))]
    #[case("bytes 0-1/*", None)]
    #[case("bytes */2", None)]
    #[case("bytes 0-1", None)]
    #[case("bytes +0-1/2", None)]
    #[case("bytes 0-1/2/3", None)]
    #[case("bytes 0--1/2", None)]
    #[case("bytes -/", None)]
    #[case("items 0-1/2", None)]
    fn reads_which_range_it_is(#[case] said: &str, #[case] want: Option<(u64, u64, u64)>) {
        assert_eq!(span(said.as_bytes()), want.map(|(first, last, size)| Span { first, last, size }));
    }
}
