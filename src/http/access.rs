//! Whether whoever asks may have it: a sign in the address, a login in a header or a cookie, or nothing at all.

use std::borrow::Cow;

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use super::Edge;
use crate::{
    error::{Error, Kind},
    identity::{Guard, Identity, Refusal, SignFault, is_stable},
    path::VirtualPath,
};

/// The cookie that holds the token of a login.
pub(super) const COOKIE: &str = "gate115";

/// Why somebody may not have a file. For the log: to the client all that is wrong looks alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Sign(SignFault),
    /// Of a stable link, for which nothing else will do.
    #[error("of a stable link: {0}")]
    Stable(SignFault),
    #[error(transparent)]
    Login(Refusal),
    #[error("the path is outside of the user's base path")]
    Outside,
}

/// Lets whoever asks have the file at this full path: everybody may, or the address has a sign, or there is a login that
/// reaches it. A stable link is good by its sign alone: nobody's base path says where its file lies.
pub(super) fn admit(guard: &Guard, headers: &HeaderMap, query: Option<&str>, path: &VirtualPath) -> Result<(), Fault> {
    if guard.is_open(path.as_str()) { Ok(()) } else { shows(guard, headers, query, path) }
}

/// As [`admit`], for what is in a folder: links without signs are for who knows a path, and tell nobody any.
pub(super) fn admit_reader(
    guard: &Guard,
    headers: &HeaderMap,
    query: Option<&str>,
    path: &VirtualPath,
) -> Result<(), Fault> {
    if guard.guest().is_some() { Ok(()) } else { shows(guard, headers, query, path) }
}

fn shows(guard: &Guard, headers: &HeaderMap, query: Option<&str>, path: &VirtualPath) -> Result<(), Fault> {
    let sign = sign(query).map_or(Err(SignFault::Missing), |sign| guard.check_sign(path.as_str(), &sign));
    let Err(sign) = sign else { return Ok(()) };
    if is_stable(path.as_str()) {
        return Err(Fault::Stable(sign));
    }
    let mut fault = Fault::Sign(sign);
    for shown in shown(headers) {
        match guard.identify(shown) {
            Ok(identity) if identity.sees(path) => return Ok(()),
            Ok(_) => fault = Fault::Outside,
            Err(refusal) if fault == Fault::Sign(SignFault::Missing) => fault = Fault::Login(refusal),
            Err(_) => {}
        }
    }
    Err(fault)
}

/// Who asks for a page; `None` where a login is needed first.
pub(super) fn visitor(edge: &Edge, headers: &HeaderMap) -> Option<Identity> {
    shown(headers).find_map(|shown| edge.guard.identify(shown).ok()).or_else(|| edge.guard.guest())
}

/// The logins that a request shows: in `Authorization`, bare as OpenList's clients send it or as `Bearer`, and in our cookie.
fn shown(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    authorization(headers).into_iter().chain(cookie(headers)).filter(|shown| !shown.is_empty())
}

/// The token in `Authorization`; what cannot be read is no token, and not none.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or("?");
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value.trim(),
    };
    (!token.is_empty()).then_some(token)
}

/// The token in our cookie.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn sign(query: Option<&str>) -> Option<Cow<'_, str>> {
    let written = query?.split('&').find_map(|pair| pair.strip_prefix("sign="))?;
    Some(if written.contains('%') { percent_decode_str(written).decode_utf8_lossy() } else { Cow::Borrowed(written) })
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Outside => Self::new(Kind::NotAllowed, "Your login does not reach this path."),
            Fault::Stable(_) => Self::new(
                Kind::Stranger,
                "This address needs its sign, and a login does not replace that. Take the stable link anew from the page of the \
                 file's folder: those that were handed out before may have expired.",
            ),
            Fault::Sign(_) | Fault::Login(_) => Self::new(
                Kind::Stranger,
                "This address needs a valid sign or a login. Take the link from the page of its folder: those that were handed out \
                 before may have expired.",
            ),
        }
        .source(fault)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], &[])]
    #[case(&[("authorization", "abc")], &["abc"])]
    #[case(&[("authorization", "Bearer abc")], &["abc"])]
    #[case(&[("authorization", "bearer  abc ")], &["abc"])]
    #[case(&[("authorization", "")], &[])]
    #[case(&[("authorization", "Basic eDp5")], &["Basic eDp5"])]
    #[case(&[("cookie", "a=b; gate115=abc; c=d")], &["abc"])]
    #[case(&[("cookie", "gate1150=abc; xgate115=abc")], &[])]
    #[case(&[("cookie", "a=b"), ("cookie", "gate115=abc"), ("authorization", "x")], &["x", "abc"])]
    fn a_login_is_found_wherever_it_is_shown(#[case] list: &[(&str, &str)], #[case] want: &[&str]) {
        let headers: HeaderMap =
            list.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
        assert_eq!(shown(&headers).collect::<Vec<_>>(), want);
    }

    #[rstest]
    #[case(None, None)]
    #[case(Some(""), None)]
    #[case(Some("sign=ab-_=:0"), Some("ab-_=:0"))]
    #[case(Some("x=1&sign=ab%3D%3a0&y"), Some("ab=:0"))]
    #[case(Some("design=x"), None)]
    #[case(Some("sign="), Some(""))]
    fn a_sign_is_found_in_the_query(#[case] query: Option<&str>, #[case] want: Option<&str>) {
        assert_eq!(sign(query).as_deref(), want);
    }
}
