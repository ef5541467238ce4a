//! Who may see what is the administrator's business: the metrics and the ledger.

use axum::{body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Whom they are shown to.
#[derive(Debug, Clone)]
pub enum Admission {
    Everybody,
    /// Who has the token; of it only the digest is kept, so that its length takes no time either.
    Token([u8; 32]),
    Nobody,
}

const ASK: &str = "This is for the administrator: send the token of the configuration (auth.token) as \
                   `Authorization: Bearer TOKEN`. A browser asks for a name and a password: the password is the token, \
                   and any name will do.\n";
const OFF: &str = "This is for the administrator, and there is no token to know one by. Write auth.token into the \
                   configuration, or server.metrics: open to show it to everybody who can reach the port.\n";

impl Admission {
    pub fn token(token: &str) -> Self {
        Self::Token(digest(token.as_bytes()))
    }

    /// The answer to whoever may not see it; `None` where the request may go on.
    pub(super) fn refusal(&self, asked: &HeaderMap) -> Option<Response> {
        match self {
            Self::Everybody => None,
            Self::Token(token) if given(asked).is_some_and(|given| digest(&given).ct_eq(token).into()) => None,
            Self::Token(_) => {
                let mut response = refuse(StatusCode::UNAUTHORIZED, ASK);
                for challenge in ["Bearer realm=\"gate115\"", "Basic realm=\"gate115\", charset=\"UTF-8\""] {
                    response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
                }
                Some(response)
            }
            Self::Nobody => Some(refuse(StatusCode::NOT_FOUND, OFF)),
        }
    }
}

/// The token of a request: bare, after `Bearer`, or as the password of `Basic`.
fn given(asked: &HeaderMap) -> Option<Vec<u8>> {
    let value = asked.get(header::AUTHORIZATION)?.as_bytes().trim_ascii();
    let Some(space) = value.iter().position(|&byte| byte == b' ') else { return Some(value.to_owned()) };
    let (scheme, rest) = (&value[..space], value[space..].trim_ascii());
    if scheme.eq_ignore_ascii_case(b"bearer") {
        Some(rest.to_owned())
    } else if scheme.eq_ignore_ascii_case(b"basic") {
        let pair = STANDARD.decode(rest).ok()?;
        let colon = pair.iter().position(|&byte| byte == b':')?;
        Some(pair[colon + 1..].to_owned())
    } else {
        None
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn refuse(status: StatusCode, why: &'static str) -> Response {
    let mut response = Response::new(Body::from(why));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn status(admission: &Admission, authorization: Option<&str>) -> Option<StatusCode> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        admission.refusal(&headers).map(|response| response.status())
    }

    #[rstest]
    #[case::bare("s3cret", true)]
    #[case::bearer("Bearer s3cret", true)]
    #[case::small("bearer   s3cret", true)]
    #[case::browser("Basic eDpzM2NyZXQ=", true)] // x:s3cret
    #[case::browser_without_a_name("Basic OnMzY3JldA==", true)]
    #[case::another("Bearer s3creT", false)]
    #[case::longer("Bearer s3cretx", false)]
    #[case::empty("", false)]
    #[case::empty_bearer("Bearer ", false)]
    #[case::another_scheme("Digest s3cret", false)]
    #[case::as_the_name("Basic czNjcmV0Og==", false)] // s3cret:
    #[case::no_base64("Basic s3cret", false)]
    fn the_token_is_known_in_every_form(#[case] authorization: &str, #[case] known: bool) {
        let want = (!known).then_some(StatusCode::UNAUTHORIZED);
        assert_eq!(status(&Admission::token("s3cret"), Some(authorization)), want);
        assert_eq!(status(&Admission::Everybody, Some(authorization)), None);
        assert_eq!(status(&Admission::Nobody, Some(authorization)), Some(StatusCode::NOT_FOUND));
    }

    #[test]
    fn it_is_not_shown() {
        assert!(!format!("{:?}", Admission::token("s3cret")).contains("s3cret"));
        assert_eq!(status(&Admission::token("s3cret"), None), Some(StatusCode::UNAUTHORIZED));
    }
}
