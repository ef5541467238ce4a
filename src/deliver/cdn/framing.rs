//! Where a body ends (RFC 9112 §6.3), and whether its connection can be used again.

use bytes::{Buf, BytesMut};
use http::StatusCode;
use httparse::{Header, Status};

/// The longest line of a chunk's size with its extensions, and of the trailers.
const MAX_LINE: usize = 4096;

/// The head's lines about the body contradict each other, or a chunk is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file server's answer is framed wrongly")]
pub(super) struct Misframed;

/// What is still to come of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Framing {
    rest: Rest,
    /// Both sides keep the connection open afterwards.
    pub(super) reusable: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Rest {
    Length(u64),
    /// Bytes left of this chunk, and whether its line break is still to come.
    Chunk {
        left: u64,
        ended: bool,
    },
    Trailers,
    UntilClosed,
}

impl Framing {
    /// `old`: the server speaks HTTP/1.0.
    pub(super) fn of(status: StatusCode, old: bool, lines: &[Header<'_>]) -> Result<Self, Misframed> {
        let closes = has(lines, "connection", "close") || (old && !has(lines, "connection", "keep-alive"));
        let rest = if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            Rest::Length(0)
        } else if has(lines, "transfer-encoding", "chunked") {
            Rest::Chunk { left: 0, ended: true }
        } else if all(lines, "transfer-encoding").next().is_some() {
            Rest::UntilClosed
        } else {
            length(lines)?.map_or(Rest::UntilClosed, Rest::Length)
        };
        let reusable = !closes && rest != Rest::UntilClosed;
        Ok(Self { rest, reusable })
    }

    /// The most that may still come in one piece, as far as is known; 0 at the end.
    pub(super) fn left(&self) -> usize {
        match self.rest {
            Rest::Length(left) | Rest::Chunk { left: left @ 1.., .. } => usize::try_from(left).unwrap_or(usize::MAX),
            _ => usize::MAX,
        }
    }

    /// True where the end of the connection is the end of the body.
    pub(super) fn ends_with_connection(&self) -> bool {
        self.rest == Rest::UntilClosed
    }

    /// How many of the bytes at the front of `read` belong to the body, once what frames them was taken away; 0 where more
    /// has to be read, or at the end.
    pub(super) fn next(&mut self, read: &mut BytesMut) -> Result<usize, Misframed> {
        loop {
            let left = match &mut self.rest {
                Rest::UntilClosed => return Ok(read.len()),
                Rest::Length(left) => *left,
                Rest::Chunk { left: 0, ended: false } => {
                    if read.len() < 2 {
                        return Ok(0);
                    }
                    if !read.starts_with(b"\r\n") {
                        return Err(Misframed);
                    }
                    read.advance(2);
                    self.rest = Rest::Chunk { left: 0, ended: true };
                    continue;
                }
                Rest::Chunk { left: 0, ended: true } => {
                    match httparse::parse_chunk_size(read).map_err(|_| Misframed)? {
                        Status::Partial if read.len() > MAX_LINE => return Err(Misframed),
                        Status::Partial => return Ok(0),
                        Status::Complete((line, 0)) => {
                            read.advance(line);
                            self.rest = Rest::Trailers;
                        }
                        Status::Complete((line, left)) => {
                            read.advance(line);
                            self.rest = Rest::Chunk { left, ended: false };
                        }
                    }
                    continue;
                }
                Rest::Chunk { left, .. } => *left,
                Rest::Trailers => {
                    let Some(line) = read.windows(2).position(|pair| pair == b"\r\n") else {
                        return if read.len() > MAX_LINE { Err(Misframed) } else { Ok(0) };
                    };
                    read.advance(line + 2);
                    if line == 0 {
                        self.rest = Rest::Length(0);
                    }
                    continue;
                }
            };
            return Ok(usize::try_from(left).unwrap_or(usize::MAX).min(read.len()));
        }
    }

    /// Bytes of the body were taken; no more than [`Self::next`] said.
    pub(super) fn took(&mut self, count: usize) {
        if let Rest::Length(left) | Rest::Chunk { left, .. } = &mut self.rest {
            *left -= count as u64;
        }
    }
}

/// The values of all lines of this name, which is in lower case.
pub(super) fn all<'a>(lines: &'a [Header<'_>], name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    lines.iter().filter(move |line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value)
}

/// A number as the grammar has it: without a sign, which `parse` would take.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let (first, more) = digits.split_first()?;
    more.iter().try_fold(digit(first)?, |sum, next| sum.checked_mul(10)?.checked_add(digit(next)?))
}

fn has(lines: &[Header<'_>], name: &'static str, token: &str) -> bool {
    let listed = all(lines, name).flat_map(|line| line.split(|&byte| byte == b','));
    listed.into_iter().any(|found| found.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// The one length that is said, however often.
fn length(lines: &[Header<'_>]) -> Result<Option<u64>, Misframed> {
    let mut length = None;
    for line in all(lines, "content-length") {
        let said = number(line).ok_or(Misframed)?;
        if length.is_some_and(|length| length != said) {
            return Err(Misframed);
        }
        length = Some(said);
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn framing(status: u16, lines: &[(&'static str, &'static str)]) -> Result<Framing, Misframed> {
        let lines: Vec<_> = lines.iter().map(|&(name, value)| Header { name, value: value.as_bytes() }).collect();
        Framing::of(StatusCode::from_u16(status).unwrap(), false, &lines)
    }

    #[rstest]
    #[case(200, &[("content-length", "5")], Rest::Length(5), true)]
    #[case(200, &[("content-length", "5"), ("content-length", "5")], Rest::Length(5), true)]
    #[case(206, &[("content-length", "5"), ("connection", "x, Close")], Rest::Length(5), false)]
    #[case(304, &[("content-length", "5")], Rest::Length(0), true)]
    #[case(200, &[("transfer-encoding", "Chunked"), ("content-length", "5")], Rest::Chunk { left: 0, ended: true }, true)]
    #[case(200, &[("transfer-encoding", "gzip")], Rest::UntilClosed, false)]
    #[case(200, &[], Rest::UntilClosed, false)]
    fn frames(
        #[case] status: u16,
        #[case] lines: &[(&'static str, &'static str)],
        #[case] rest: Rest,
        #[case] reusable: bool,
    ) {
        assert_eq!(framing(status, lines), Ok(Framing { rest, reusable }));
    }

    #[rstest]
    #[case(&[("content-length", "5"), ("content-length", "6")])]
    #[case(&[("content-length", "+5")])]
    #[case(&[("content-length", "5, 5")])]
    #[case(&[("content-length", "99999999999999999999")])]
    fn refuses(#[case] lines: &[(&'static str, &'static str)]) {
        assert_eq!(framing(200, lines), Err(Misframed));
    }

    #[rstest]
    #[case("0", Some(0))]
    #[case("0123", Some(123))]
    #[case("18446744073709551615", Some(u64::MAX))]
    #[case("18446744073709551616", None)]
    #[case("", None)]
    #[case("+1", None)]
    #[case("1 ", None)]
    fn reads_numbers(#[case] digits: &str, #[case] want: Option<u64>) {
        assert_eq!(number(digits.as_bytes()), want);
    }

    #[test]
    fn an_old_server_closes_unless_it_says_otherwise() {
        let head = |keep: &str| {
            let lines = [("Content-Length", "1"), ("Connection", keep)];
            let lines = lines.map(|(name, value)| Header { name, value: value.as_bytes() });
            Framing::of(StatusCode::OK, true, &lines).unwrap().reusable
        };
        assert!(!head("x"));
        assert!(head("keep-alive"));
    }

    /// Feeds a chunked body in pieces: the bytes, whether it came to its end, and what is left over behind it.
    fn unchunk(coded: &[u8], pieces: &[usize]) -> Result<(Vec<u8>, bool, usize), Misframed> {
        let mut framing = framing(200, &[("transfer-encoding", "chunked")]).unwrap();
        let (mut read, mut body, mut fed) = (BytesMut::new(), Vec::new(), 0);
        let mut pieces = pieces.iter().copied().chain(std::iter::repeat(usize::MAX));
        loop {
            loop {
                let count = framing.next(&mut read)?;
                if count == 0 {
                    break;
                }
                body.extend_from_slice(&read.split_to(count));
                framing.took(count);
            }
            if fed == coded.len() || framing.left() == 0 {
                return Ok((body, framing.left() == 0, read.len()));
            }
            let end = fed.saturating_add(pieces.next().unwrap()).min(coded.len());
            read.extend_from_slice(&coded[fed..end]);
            fed = end;
        }
    }

    #[rstest]
    #[case(b"4\r\nabcd\r\n0\r\n\r\n", Ok((b"abcd".to_vec(), true, 0)))]
    #[case(b"4;x=y\r\nabcd\r\n1\r\ne\r\n0\r\nX: y\r\n\r\nrest", Ok((b"abcde".to_vec(), true, 4)))]
    #[case(b"4\r\nab", Ok((b"ab".to_vec(), false, 0)))]
    #[case(b"4\r\nabcd\r\n0\r\n", Ok((b"abcd".to_vec(), false, 0)))]
    #[case(b"4\r\nabcdX\r\n", Err(Misframed))]
    #[case(b"zz\r\n", Err(Misframed))]
    fn takes_chunks_apart(#[case] coded: &[u8], #[case] want: Result<(Vec<u8>, bool, usize), Misframed>) {
        assert_eq!(unchunk(coded, &[]), want);
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_body(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..8),
            pieces in proptest::collection::vec(1usize..20, 0..80),
        ) {
            let mut coded = Vec::new();
            for chunk in &chunks {
                coded.extend(format!("{:x}\r\n", chunk.len()).bytes());
                coded.extend(chunk);
                coded.extend(b"\r\n");
            }
            coded.extend(b"0\r\n\r\n");
            prop_assert_eq!(unchunk(&coded, &pieces), Ok((chunks.concat(), true, 0)));
        }
    }
}
