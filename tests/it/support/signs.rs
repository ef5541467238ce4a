//! Signs as others make them who know the token: nothing of the gateway's own is used.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The sign of this text, good until then (Unix seconds; 0 for ever).
pub fn sign(token: &str, message: &str, expires: u64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(format!("{message}:{expires}").as_bytes());
    format!("{}:{expires}", URL_SAFE.encode(mac.finalize().into_bytes()))
}

/// Whether a sign is of this text.
pub fn is_of(token: &str, message: &str, given: &str) -> bool {
    let expires = given.rsplit(':').next().unwrap().parse().unwrap();
    sign(token, message, expires) == given
}
