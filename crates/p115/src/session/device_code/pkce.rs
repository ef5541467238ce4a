//! The proof that who takes the tokens is who asked for the QR code: a secret, and its hash beforehand (`docs/115.md` §5.8).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// 64 characters, of the 43 to 128 that 115 takes.
pub(super) fn verifier() -> SecretString {
    let mut bytes = [0; 48];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// For the method `sha256`.
pub(super) fn challenge(verifier: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T13: the example of 115's own documentation, and a computed one without the padding.
    #[test]
    fn the_challenge_of_a_known_verifier() {
        let official = "IGKN6CJanWxCDPDhHZJrhswQdlcPBGLqExkhyujysXaQ4fJKBk_6dlPJo47s";
        assert_eq!(challenge(&official.into()), "THHodGWg-FZfv8XYz7QArNGIK_aVomSHPldlSOTUtkw");
        assert_eq!(challenge(&"0".repeat(64).into()), "YOBb0bGVry-UES-nGXpciCiQWIQM58bflpN1a8YlD1U");
    }

    #[test]
    fn a_verifier_is_long_enough_and_never_the_same() {
        let (one, other) = (verifier(), verifier());
        assert_eq!(one.expose_secret().len(), 64);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
