//! `Content-Disposition`: shown or saved, and under what name (RFC 6266, RFC 8187).

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::media;
use crate::path::split_extension;

/// What is not an `attr-char` of RFC 8187.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// `inline` or `attachment` as the name's extension allows (see [`media::is_inline`]), with the name twice: in ASCII for
/// old clients, and exactly.
pub fn disposition(name: &str) -> HeaderValue {
    written(if media::is_inline(name) { "inline" } else { "attachment" }, name)
}

/// To be saved under this name, whatever a browser could do with it.
pub fn attachment(name: &str) -> HeaderValue {
    written("attachment", name)
}

fn written(manner: &str, name: &str) -> HeaderValue {
    let text =
        format!("{manner}; filename=\"{}\"; filename*=UTF-8''{}", in_ascii(name), utf8_percent_encode(name, VALUE));
    // All of it is visible ASCII; should that ever be untrue, saving without a name is the safe manner.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

/// The name with `_` for each run of what a quoted string cannot safely hold. `%` is such: some clients decode it there.
fn in_ascii(name: &str) -> String {
    let (stem, extension) = split_extension(name);
    let replaced = |text: &str| {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '"' | '\\' | '%' | '/' => out.push('_'),
                ' '..='~' => out.push(c),
                _ if out.ends_with('_') => {}
                _ => out.push('_'),
            }
        }
        out
    };
    let stem = replaced(stem);
    // A stem of which nothing is left to read had better say that it stands for one.
    let stem = if stem.bytes().any(|b| b.is_ascii_alphanumeric()) { stem.trim() } else { "file" };
    format!("{stem}{}", replaced(extension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::percent_decode_str;
    use rstest::rstest;

    #[rstest]
    #[case("film.mkv", r#"inline; filename="film.mkv"; filename*=UTF-8''film.mkv"#)]
    #[case("a b.pdf", r#"attachment; filename="a b.pdf"; filename*=UTF-8''a%20b.pdf"#)]
    #[case("电影 01.mkv", r#"inline; filename="_ 01.mkv"; filename*=UTF-8''%E7%94%B5%E5%BD%B1%2001.mkv"#)]
    #[case("电影.mkv", r#"inline; filename="file.mkv"; filename*=UTF-8''%E7%94%B5%E5%BD%B1.mkv"#)]
    #[case("a\"b\\c%41;'.txt", r#"inline; filename="a_b_c_41;'.txt"; filename*=UTF-8''a%22b%5Cc%2541%3B%27.txt"#)]
    #[case(
        "x\r\nSet-Cookie: a.svg",
        r#"attachment; filename="x_Set-Cookie: a.svg"; filename*=UTF-8''x%0D%0ASet-Cookie%3A%20a.svg"#
    )]
    #[case("", r#"attachment; filename="file"; filename*=UTF-8''"#)]
    fn says_the_manner_and_the_name_twice(#[case] name: &str, #[case] want: &str) {
        assert_eq!(disposition(name), want);
    }

    proptest::proptest! {
        #[test]
        fn any_name_survives(name in "(?s).{0,40}(\\.(mkv|html|影))?") {
            let value = disposition(&name);
            let text = value.to_str().unwrap();
            let (head, exact) = text.split_once("\"; filename*=UTF-8''").unwrap();
            let (manner, plain) = head.split_once("; filename=\"").unwrap();
            proptest::prop_assert!(matches!(manner, "inline" | "attachment"));
            proptest::prop_assert!(!plain.is_empty());
            proptest::prop_assert!(plain.bytes().all(|b| (b' '..=b'~').contains(&b) && !b"\"\\%".contains(&b)), "{plain}");
            proptest::prop_assert!(exact.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~%".contains(&b)), "{exact}");
            proptest::prop_assert_eq!(percent_decode_str(exact).decode_utf8().unwrap(), name);
        }
    }
}
