//! Tokens: what somebody who has logged in shows from then on. JWT, as OpenList's are, though nobody needs to read them.

use std::fmt::{self, Write as _};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};

/// How long a login lasts, in seconds; as long as OpenList's.
pub(super) const LIFE: u64 = 48 * 3600;
/// Another process may have made it, whose clock is a little ahead.
const AHEAD: u64 = 60;
/// Ours have some 300 letters.
const LONGEST: usize = 2048;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) username: String,
    /// What stands for the password that holds ([`super::remembered`]), so that another password ends the login.
    pub(super) pwd: String,
    /// Which login this is.
    pub(super) jti: String,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
}

/// Why somebody is not let in with what he showed; in words that programs look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("token is invalidated")]
    Invalid,
    #[error("token is expired")]
    Expired,
    #[error("token is invalidated: it was logged out")]
    LoggedOut,
    #[error("Password has been changed, login please")]
    PasswordChanged,
    #[error("Current user is disabled, replace please")]
    NoSuchUser,
}

/// Makes and reads them.
pub(super) struct Tokens {
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Tokens {
    pub(super) fn new(key: &[u8]) -> Result<Self> {
        let unusable = |error| Error::new(Kind::Internal, "The key of logins cannot be used.").source(error);
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are read by our clock, below.
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        Ok(Self {
            header: Header::new(Algorithm::HS256),
            encoding: EncodingKey::from_secret(key).map_err(unusable)?,
            decoding: DecodingKey::from_secret(key).map_err(unusable)?,
            validation,
        })
    }

    pub(super) fn make(&self, claims: &Claims) -> Result<String> {
        encode(&self.header, claims, &self.encoding)
            .map_err(|error| Error::new(Kind::Internal, "A token for the login cannot be made.").source(error))
    }

    pub(super) fn read(&self, token: &str, now: u64) -> Result<Claims, Refusal> {
        if token.len() > LONGEST {
            return Err(Refusal::Invalid);
        }
        let read = decode::<Claims>(token, &self.decoding, &self.validation).map_err(|_| Refusal::Invalid)?;
        let claims = read.claims;
        let latest = now.saturating_add(AHEAD);
        if claims.iat > latest || claims.nbf > latest {
            return Err(Refusal::Invalid);
        }
        if claims.exp <= now { Err(Refusal::Expired) } else { Ok(claims) }
    }
}

/// This many random bytes in hex.
pub(super) fn random_hex<const BYTES: usize>() -> String {
    rand::random::<[u8; BYTES]>().iter().fold(String::with_capacity(2 * BYTES), |mut hex, byte| {
        // Writing to a String cannot fail.
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use rstest::rstest;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn claims(iat: u64, exp: u64) -> Claims {
        Claims { username: "admin".into(), pwd: "p".into(), jti: "j".into(), iat, nbf: iat, exp }
    }

    #[rstest]
    #[case::good(NOW, NOW + 1, None)]
    #[case::a_clock_ahead(NOW + 60, NOW + 100, None)]
    #[case::future(NOW + 61, NOW + 100, Some(Refusal::Invalid))]
    #[case::expired(NOW - 10, NOW, Some(Refusal::Expired))]
    fn a_token_holds_from_when_it_was_made_until_its_end(
        #[case] iat: u64,
        #[case] exp: u64,
        #[case] want: Option<Refusal>,
    ) {
        let tokens = Tokens::new(&[7; 32]).unwrap();
        let token = tokens.make(&claims(iat, exp)).unwrap();
        assert_eq!(tokens.read(&token, NOW).err(), want);
        assert_eq!(Tokens::new(&[8; 32]).unwrap().read(&token, NOW).err(), Some(Refusal::Invalid), "a foreign key");
    }

    #[test]
    fn nothing_else_is_a_token() {
        let tokens = Tokens::new(&[7; 32]).unwrap();
        let token = tokens.make(&claims(NOW, NOW + 100)).unwrap();
        let [head, body, sum] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts: {token}") };
        let json = String::from_utf8(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
        let tampered = URL_SAFE_NO_PAD.encode(json.replace("admin", "other"));
        let [none, rsa, other] =
            ["none", "RS256", "HS512"].map(|alg| URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"JWT","alg":"{alg}"}}"#)));
        let same_key = EncodingKey::from_secret(&[7; 32]).unwrap();
        let hs512 = encode(&Header::new(Algorithm::HS512), &claims(NOW, NOW + 100), &same_key).unwrap();
        let no_end = encode(&Header::default(), &serde_json::json!({ "username": "admin" }), &same_key).unwrap();
        for bad in [
            format!("{head}.{tampered}.{sum}"),
            format!("{none}.{body}."),
            format!("{none}.{body}.{sum}"),
            format!("{rsa}.{body}.{sum}"),
            format!("{other}.{body}.{sum}"),
            hs512,
            no_end,
            format!("{head}.{body}"),
            token[..token.len() - 1].to_owned(),
            format!("{token}.x"),
            String::new(),
            "..".to_owned(),
            format!("{head}.{}.{sum}", "a".repeat(LONGEST)),
        ] {
            assert_eq!(tokens.read(&bad, NOW).err(), Some(Refusal::Invalid), "{bad}");
        }
    }
}
