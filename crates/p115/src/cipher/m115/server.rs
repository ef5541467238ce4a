//! The server's half of m115, for a simulator that owns a private key: reads requests and makes replies (`docs/115.md` §5.3).

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use num_bigint::BigUint;

use super::mix::{L, derive, mix};
use super::{BASE64, BLOCK, CHUNK, CipherError, ClientKey, PublicKey, number, open_blocks, pad, push_block};

/// A modulus of exactly 1024 bits and its private exponent. Cheap to clone.
#[derive(Clone)]
pub struct PrivateKey {
    n: PublicKey,
    d: Arc<BigUint>,
}

impl PrivateKey {
    /// From modulus and private exponent, both in hexadecimal; the public exponent is 65537.
    ///
    /// # Errors
    /// [`CipherError::Key`] when one is no hexadecimal number or the modulus has not exactly 1024 bits.
    pub fn from_hex(modulus: &str, exponent: &str) -> Result<Self, CipherError> {
        Ok(Self { n: PublicKey::from_hex(modulus)?, d: Arc::new(number(exponent)?) })
    }

    /// The half that clients are told.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.n.clone()
    }

    fn power(&self, block: &[u8]) -> BigUint {
        BigUint::from_bytes_be(block).modpow(&self.d, &self.n.0)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("n", &self.n).finish_non_exhaustive()
    }
}

/// The two PKCS#1 paddings a reply may carry; nobody documents which one 115 uses, so a client is shown both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Type 1, filled with `FF`.
    One,
    /// Type 2, filled with `02`.
    Two,
}

/// Reads a request: the plain text, and the client key the reply must be made with.
///
/// # Errors
/// Any [`CipherError`] but `Key`: the text comes from a client.
pub fn decode_request(key: &PrivateKey, text: &str) -> Result<(Vec<u8>, ClientKey), CipherError> {
    let buf = open_blocks(text, |block| key.power(block))?;
    let (ck, body) = buf.split_first_chunk::<16>().ok_or(CipherError::Length)?;
    let mut plain = body.to_vec();
    mix(&mut plain, &L);
    plain.reverse();
    mix(&mut plain, &derive::<4>(ck));
    Ok((plain, ClientKey(*ck)))
}

/// Makes the reply to a request that carried `ck`; `sk` is the server's own 16 bytes.
#[must_use]
pub fn encode_reply(key: &PrivateKey, ck: &ClientKey, sk: [u8; 16], plain: &[u8], padding: Padding) -> String {
    let buf = blind_reply(ck, sk, plain);
    let (kind, filler) = match padding {
        Padding::One => (1, 0xff),
        Padding::Two => (2, 2),
    };
    let mut cipher = Vec::with_capacity(buf.len().div_ceil(CHUNK) * BLOCK);
    for chunk in buf.chunks(CHUNK) {
        push_block(&mut cipher, &key.power(&pad(kind, chunk, &mut |ps| ps.fill(filler))));
    }
    BASE64.encode(cipher)
}

pub(super) fn blind_reply(ck: &ClientKey, sk: [u8; 16], plain: &[u8]) -> Vec<u8> {
    let mut buf = Vec::with_capacity(16 + plain.len());
    buf.extend_from_slice(&sk);
    buf.extend_from_slice(plain);
    let body = &mut buf[16..];
    mix(body, &derive::<4>(&ck.0));
    body.reverse();
    mix(body, &derive::<12>(&sk));
    buf
}
