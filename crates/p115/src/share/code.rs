//! What names a share: its code and, for most, a receive code; out of whatever people paste (`docs/115.md` §9.1).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use url::Url;

/// The code of a share: what follows `/s/` in its link, about eleven characters that begin with `sw`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareCode(Arc<str>);

/// The four characters that open a share. Cheap to clone, never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReceiveCode(Arc<str>);

/// Which share, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareRef {
    /// The share.
    pub code: ShareCode,
    /// What opens it. Our own shares and some others need none.
    pub receive: Option<ReceiveCode>,
}

/// Why a text names no share. It is never repeated: it may hold the receive code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareRefError {
    /// Nothing.
    #[error("there is no share code: give the share link, or what follows `/s/` in it")]
    Empty,
    /// A link to somewhere else.
    #[error("this is no link of 115: share links begin with https://115.com/s/ or https://115cdn.com/s/")]
    OtherSite,
    /// A link of 115's that leads to no share.
    #[error("this link of 115 leads to no share: share links look like https://115.com/s/sw…?password=…")]
    NoShare,
    /// A number.
    #[error("this is a number, as the cid of a folder is; a share code begins with `sw`")]
    Number,
    /// Upper case.
    #[error("share codes are in lower case: copy the link again, as it was sent")]
    UpperCase,
    /// Any other form.
    #[error("a share code is about eleven lower-case letters and digits and begins with `sw`")]
    Form,
    /// The receive code is not one.
    #[error("a receive code is four letters and digits: what follows `password=` in the share link")]
    ReceiveCode,
}

const HOSTS: [&str; 4] = ["115.com", "115cdn.com", "share.115.com", "anxia.com"];

impl ShareCode {
    /// The text as 115 has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ReceiveCode {
    /// The four characters.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl ShareRef {
    /// The page of the share, which its calls name as the one they come from.
    pub(crate) fn page(&self) -> String {
        format!("https://115cdn.com/s/{}?password={}&", self.code, self.receive())
    }

    /// The receive code, empty where there is none: calls want the parameter all the same.
    pub(crate) fn receive(&self) -> &str {
        self.receive.as_ref().map_or("", ReceiveCode::expose)
    }

    /// The same share with another receive code: one that is given apart from the link outweighs the one in it.
    #[must_use]
    pub fn opened_by(self, receive: Option<ReceiveCode>) -> Self {
        Self { receive: receive.or(self.receive), ..self }
    }
}

impl FromStr for ShareCode {
    type Err = ShareRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        match text {
            "" => Err(ShareRefError::Empty),
            _ if text.bytes().all(|b| b.is_ascii_digit()) => Err(ShareRefError::Number),
            _ if text.bytes().any(|b| b.is_ascii_uppercase()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                Err(ShareRefError::UpperCase)
            }
            _ if (6..=24).contains(&text.len()) && text.starts_with("sw") && text.bytes().all(lower) => {
                Ok(Self(text.into()))
            }
            _ => Err(ShareRefError::Form),
        }
    }
}

impl FromStr for ReceiveCode {
    type Err = ShareRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Self(text.into())).ok_or(ShareRefError::ReceiveCode)
    }
}

impl FromStr for ShareRef {
    type Err = ShareRefError;

    /// A share link with anything around it, `code-receive`, or the code alone.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What 115's own app copies has the title and a sentence on further lines.
        let links = |word: &&str| word.contains("://") || HOSTS.iter().any(|host| word.contains(&format!("{host}/")));
        if let Some(word) = text.split_whitespace().find(links) {
            return of_link(word);
        }
        let word = text.trim().split(['#', '&', '?']).next().unwrap_or_default().trim();
        let (code, receive) = match word.split_once('-') {
            Some((code, receive)) => (code, Some(receive.parse()?)),
            None => (word, None),
        };
        Ok(Self { code: code.parse()?, receive })
    }
}

fn of_link(word: &str) -> Result<ShareRef, ShareRefError> {
    // Whatever the scheme, and whatever is glued to its front.
    let link = format!("https://{}", word.split_once("://").map_or(word, |(_, rest)| rest));
    let url = Url::parse(&link).map_err(|_| ShareRefError::OtherSite)?;
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    if !HOSTS.contains(&host) {
        return Err(ShareRefError::OtherSite);
    }
    let mut parts = url.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
    let code = match (parts.next(), parts.next()) {
        (Some("s"), Some(code)) => code,
        (Some(code), None) if host == "share.115.com" => code,
        _ => return Err(ShareRefError::NoShare),
    };
    let password = url.query_pairs().find(|(name, _)| name == "password").map(|(_, value)| value);
    let (code, receive) = match (code.split_once('-'), password) {
        (_, Some(password)) if !password.is_empty() => (code, Some(password.parse()?)),
        (Some((code, receive)), _) => (code, Some(receive.parse()?)),
        (None, _) => (code, None),
    };
    Ok(ShareRef { code: code.parse()?, receive })
}

impl fmt::Display for ShareCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReceiveCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceiveCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::proptest;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::link("https://115.com/s/sw3abcd1234?password=ab12", Some("ab12"))]
    #[case::cdn("https://115cdn.com/s/sw3abcd1234?password=ab12&", Some("ab12"))]
    #[case::fragment("https://115cdn.com/s/sw3abcd1234?password=ab12#", Some("ab12"))]
    #[case::fragment_after_ampersand("https://115.com/s/sw3abcd1234?password=AB12&#", Some("AB12"))]
    #[case::share_site("https://share.115.com/sw3abcd1234?password=ab12", Some("ab12"))]
    #[case::share_site_too("https://share.115.com/s/sw3abcd1234?password=ab12", Some("ab12"))]
    #[case::old_site("http://anxia.com/s/sw3abcd1234?password=ab12", Some("ab12"))]
    #[case::bare_host("115.com/s/sw3abcd1234?password=ab12", Some("ab12"))]
    #[case::www("https://www.115.com/s/sw3abcd1234/", None)]
    #[case::no_code("https://115.com/s/sw3abcd1234", None)]
    #[case::empty_code("https://115.com/s/sw3abcd1234?password=", None)]
    #[case::short_link("https://115.com/s/sw3abcd1234-ab12", Some("ab12"))]
    #[case::as_the_app_copies_it(
        "https://115cdn.com/s/sw3abcd1234?password=ab12&#\n电影 等\n复制这段内容，打开115App",
        Some("ab12")
    )]
    #[case::glued_to_a_sentence("链接：http://115.com/s/sw3abcd1234?password=ab12", Some("ab12"))]
    #[case::in_a_sentence("链接：https://115.com/s/sw3abcd1234?password=ab12 看看", Some("ab12"))]
    #[case::text("sw3abcd1234-ab12", Some("ab12"))]
    #[case::text_and_rest("sw3abcd1234-ab12#", Some("ab12"))]
    #[case::alone("  sw3abcd1234 ", None)]
    fn reads_every_form(#[case] text: &str, #[case] receive: Option<&str>) {
        let share: ShareRef = text.parse().unwrap();
        assert_eq!(share.code.as_str(), "sw3abcd1234");
        assert_eq!(share.receive.as_ref().map(ReceiveCode::expose), receive);
    }

    #[rstest]
    #[case("", ShareRefError::Empty)]
    #[case("https://115.com/s/", ShareRefError::NoShare)]
    #[case("https://115.com/?cid=0&offset=0&mode=wangpan", ShareRefError::NoShare)]
    #[case("https://pan.example.com/s/sw3abcd1234", ShareRefError::OtherSite)]
    #[case("https://115.com.evil.example/s/sw3abcd1234", ShareRefError::OtherSite)]
    #[case("https://", ShareRefError::OtherSite)]
    #[case("3342177983093201749", ShareRefError::Number)]
    #[case("SW3ABCD1234", ShareRefError::UpperCase)]
    #[case("cq8zap7l323bbddre", ShareRefError::Form)]
    #[case("sw", ShareRefError::Form)]
    #[case("sw3abc/../1234", ShareRefError::Form)]
    #[case("sw3abcd1234-ab1", ShareRefError::ReceiveCode)]
    #[case("https://115.com/s/sw3abcd1234?password=ab%2012", ShareRefError::ReceiveCode)]
    fn says_why_it_is_none(#[case] text: &str, #[case] why: ShareRefError) {
        assert_eq!(text.parse::<ShareRef>(), Err(why));
        assert!(!why.to_string().contains("ab1"));
    }

    #[test]
    fn a_receive_code_given_apart_outweighs_the_links() {
        let share: ShareRef = "sw3abcd1234-ab12".parse().unwrap();
        assert_eq!(share.clone().opened_by(None).receive(), "ab12");
        let share = share.opened_by(Some("zz99".parse().unwrap()));
        assert_eq!(share.page(), "https://115cdn.com/s/sw3abcd1234?password=zz99&");
        assert!(!format!("{share:?}").contains("zz99"));
    }

    proptest! {
        #[test]
        fn no_text_upsets_it(text in "\\PC{0,60}") {
            let _ = text.parse::<ShareRef>();
        }

        #[test]
        fn no_link_upsets_it(before in "\\PC{0,9}", host in "(115\\.com|x)", after in "\\PC{0,30}") {
            let _ = format!("{before}https://{host}/s/{after}").parse::<ShareRef>();
        }
    }
}
