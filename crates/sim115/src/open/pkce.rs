//! The proof that who takes the tokens is who asked for the code (docs/115.md, §5.8).

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

type Hash = fn(&[u8]) -> Vec<u8>;

/// A `code_challenge` as it was sent: the raw digest it stands for and how to make one.
#[derive(Debug)]
pub(crate) struct Challenge {
    hash: Hash,
    digest: Vec<u8>,
}

/// What is wrong with one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Method,
    Text,
}

impl Challenge {
    /// Url-safe without padding, or standard with it; anything else is no challenge.
    pub(crate) fn read(text: &str, method: &str) -> Result<Self, Wrong> {
        let (hash, length): (Hash, _) = match method {
            "sha256" => (|text| Sha256::digest(text).to_vec(), 32),
            "sha1" => (|text| Sha1::digest(text).to_vec(), 20),
            "md5" => (|text| Md5::digest(text).to_vec(), 16),
            _ => return Err(Wrong::Method),
        };
        let digest = BASE64_URL_SAFE_NO_PAD.decode(text).or_else(|_| BASE64_STANDARD.decode(text));
        match digest {
            Ok(digest) if digest.len() == length => Ok(Self { hash, digest }),
            _ => Err(Wrong::Text),
        }
    }

    pub(crate) fn is_met_by(&self, verifier: &str) -> bool {
        (self.hash)(verifier.as_bytes()) == self.digest
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[rstest]
    #[case("sha256", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    #[case("sha256", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM=")]
    #[case("sha1", "wOsdxQV7S8WbaDyF800vBUXoXkY")]
    #[case("md5", "dOhpZjVfcnq21nxfAAm4bQ")]
    fn challenges(#[case] method: &str, #[case] text: &str) {
        let challenge = Challenge::read(text, method).unwrap();
        assert!(challenge.is_met_by(VERIFIER));
        assert!(!challenge.is_met_by(&VERIFIER.to_lowercase()));
    }

    #[rstest]
    #[case("S256", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Wrong::Method)]
    #[case("sha256", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=", Wrong::Text)]
    #[case("sha256", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", Wrong::Text)]
    #[case("sha1", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Wrong::Text)]
    #[case("md5", "", Wrong::Text)]
    fn what_is_none(#[case] method: &str, #[case] text: &str, #[case] wrong: Wrong) {
        assert_eq!(Challenge::read(text, method).unwrap_err(), wrong);
    }
}
