//! Thumbnails: where a small picture of a file is, which whoever looks at the folder may fetch.

use std::{fmt, sync::Arc};

use url::Url;

/// Longer ones are left out.
const LONGEST: usize = 2048;

/// The URL of a thumbnail, http or https. As good as signed, so it is for those who may list the file and for no log; and it is
/// never fetched by us.
#[derive(Clone, PartialEq, Eq)]
pub struct Thumb(Arc<str>);

impl Thumb {
    /// `None` for what is no such URL, or has a login in it.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        (plain && url.as_str().len() <= LONGEST).then(|| Self(url.as_str().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Thumb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thumb")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://thumb.115.com/a_480?s=1&t=2", Some("https://thumb.115.com/a_480?s=1&t=2"))]
    #[case("http://thumb.115.com", Some("http://thumb.115.com/"))]
    #[case("https://imgjump.115.com?x=1", Some("https://imgjump.115.com/?x=1"))]
    #[case::odd_characters("https://a.com/\"><script>", Some("https://a.com/%22%3E%3Cscript%3E"))]
    #[case("", None)]
    #[case("javascript:alert(1)", None)]
    #[case("data:image/png;base64,AAAA", None)]
    #[case("file:///etc/passwd", None)]
    #[case("ftp://a.com/x", None)]
    #[case("//a.com/x", None)]
    #[case("?x=1", None)]
    #[case("https://", None)]
    #[case("https://user:word@a.com/x", None)]
    fn only_what_a_page_may_show_is_a_thumbnail(#[case] text: &str, #[case] kept: Option<&str>) {
        assert_eq!(Thumb::parse(text).as_ref().map(Thumb::as_str), kept);
    }

    #[test]
    fn it_is_bounded_and_no_debug_shows_it() {
        let long = format!("https://a.com/{}", "a".repeat(LONGEST));
        assert!(Thumb::parse(&long).is_none() && Thumb::parse(&format!("https://a.com/{}", "é".repeat(500))).is_none());
        assert_eq!(format!("{:?}", Thumb::parse("https://a.com/secret")), "Some(Thumb)");
    }
}
