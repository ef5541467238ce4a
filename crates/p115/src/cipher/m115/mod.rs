//! m115, the cipher of the link calls: a byte mixer under bare RSA-1024 (`docs/115.md` §5.1-5.3).
//!
//! One public key serves both directions, so a client can encode requests and decode replies but can do neither of the
//! reverse: those need the server's private exponent and live in the server side (feature `server`).

mod mix;
#[cfg(feature = "server")]
mod server;

use std::fmt;
use std::num::NonZeroU8;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use num_bigint::BigUint;
use rand::Rng as _;

use self::mix::{L, derive, mix};
#[cfg(feature = "server")]
pub use self::server::{Padding, PrivateKey, decode_request, encode_reply};
use super::unhex;

/// Bytes of the modulus, hence of one RSA block.
const BLOCK: usize = 128;
/// Plain bytes in one block: the modulus less `00 02 .. 00` and eight bytes of filler.
const CHUNK: usize = BLOCK - 11;
const EXPONENT: u32 = 0x10001;
/// A link reply is a few hundred bytes; a thousand times that is not a reply, and every block costs a modular power.
const MAX_TEXT: usize = 512 * 1024;

const PRODUCTION: [u8; BLOCK] = unhex(
    "8686980c0f5a24c4b9d43020cd2c22703ff3f450756529058b1cf88f09b86021\
     36477198a6e2683149659bd122c33592fdb5ad47944ad1ea4d36c6b172aad633\
     8c3bb6ac6227502d010993ac967d1aef00f0c8e038de2e4d3bc2ec368af2e9f1\
     0a6f1eda4f7262f136420c07c331b871bf139f74f3010e3c4fe57df3afb71683",
);

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text could not be read, or a key could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// The key is not a hexadecimal number, or the modulus has not exactly 1024 bits.
    #[error("the key is not a hexadecimal number of 1024 bits")]
    Key,
    /// The text is not base64.
    #[error("the text is not base64")]
    Base64,
    /// The text is empty, far too long, or no multiple of the RSA block.
    #[error("the text does not consist of whole RSA blocks")]
    Length,
    /// A block did not decrypt to padding and data: made with another key, or damaged.
    #[error("a block holds no padding: it was made with another key or is damaged")]
    Padding,
}

/// 115's public key: a modulus of exactly 1024 bits with the exponent 65537. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(Arc<BigUint>);

impl PublicKey {
    /// The key of the real servers.
    #[must_use]
    pub fn production() -> Self {
        Self(Arc::new(BigUint::from_bytes_be(&PRODUCTION)))
    }

    /// Another server's modulus, in hexadecimal.
    ///
    /// # Errors
    /// [`CipherError::Key`] when it is no hexadecimal number or has not exactly 1024 bits.
    pub fn from_hex(modulus: &str) -> Result<Self, CipherError> {
        let modulus = number(modulus)?;
        if modulus.bits() != 8 * BLOCK as u64 || !modulus.bit(0) {
            return Err(CipherError::Key);
        }
        Ok(Self(Arc::new(modulus)))
    }

    fn power(&self, block: &[u8]) -> BigUint {
        BigUint::from_bytes_be(block).modpow(&BigUint::from(EXPONENT), &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:x}..)", &*self.0 >> (8 * BLOCK - 32))
    }
}

/// The 16 bytes with which the client blinds its request and the server its reply.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientKey([u8; 16]);

impl ClientKey {
    /// A fresh one for every exchange.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::rng().random())
    }
}

impl From<[u8; 16]> for ClientKey {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey(..)")
    }
}

/// Encodes a request: base64 of as many 128-byte blocks as needed, with random filler (§5.2).
#[must_use]
pub fn encode_request(key: &PublicKey, ck: &ClientKey, plain: &[u8]) -> String {
    let mut rng = rand::rng();
    encode(key, ck, plain, |ps| ps.fill_with(|| rng.random_range(1..=u8::MAX)))
}

/// [`encode_request`] with every filler byte the same, hence reproducible.
#[must_use]
pub fn encode_request_filled(key: &PublicKey, ck: &ClientKey, plain: &[u8], filler: NonZeroU8) -> String {
    encode(key, ck, plain, |ps| ps.fill(filler.get()))
}

fn encode(key: &PublicKey, ck: &ClientKey, plain: &[u8], mut fill: impl FnMut(&mut [u8])) -> String {
    let buf = blind_request(ck, plain);
    let mut cipher = Vec::with_capacity(buf.len().div_ceil(CHUNK) * BLOCK);
    for chunk in buf.chunks(CHUNK) {
        push_block(&mut cipher, &key.power(&pad(2, chunk, &mut fill)));
    }
    BASE64.encode(cipher)
}

/// Decodes a reply made for this client key; takes both padding types and any number of blocks (§5.2, §5.3).
///
/// # Errors
/// Any [`CipherError`] but `Key`: the text comes from the network.
pub fn decode_reply(key: &PublicKey, ck: &ClientKey, text: &str) -> Result<Vec<u8>, CipherError> {
    let buf = open_blocks(text, |block| key.power(block))?;
    let (sk, body) = buf.split_first_chunk::<16>().ok_or(CipherError::Length)?;
    let mut plain = body.to_vec();
    mix(&mut plain, &derive::<12>(sk));
    plain.reverse();
    mix(&mut plain, &derive::<4>(&ck.0));
    Ok(plain)
}

/// What RSA is applied to: the client key, then the plain text mixed, reversed and mixed again.
fn blind_request(ck: &ClientKey, plain: &[u8]) -> Vec<u8> {
    let mut buf = Vec::with_capacity(16 + plain.len());
    buf.extend_from_slice(&ck.0);
    buf.extend_from_slice(plain);
    let body = &mut buf[16..];
    mix(body, &derive::<4>(&ck.0));
    body.reverse();
    mix(body, &L);
    buf
}

/// `00 kind PS 00 chunk`; filler must hold no zero, which would end the padding early.
fn pad(kind: u8, chunk: &[u8], fill: &mut impl FnMut(&mut [u8])) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let start = BLOCK - chunk.len();
    block[1] = kind;
    fill(&mut block[2..start - 1]);
    block[start..].copy_from_slice(chunk);
    block
}

fn push_block(out: &mut Vec<u8>, number: &BigUint) {
    let bytes = number.to_bytes_be();
    out.resize(out.len() + BLOCK.saturating_sub(bytes.len()), 0);
    out.extend_from_slice(&bytes);
}

/// Undoes base64 and RSA and takes the padding off. Its type is not looked at: real replies were seen with neither
/// documented, so whatever stands before the first zero byte goes.
fn open_blocks(text: &str, power: impl Fn(&[u8]) -> BigUint) -> Result<Vec<u8>, CipherError> {
    if text.len() > MAX_TEXT {
        return Err(CipherError::Length);
    }
    let cipher = BASE64.decode(text.trim_ascii()).map_err(|_| CipherError::Base64)?;
    if cipher.is_empty() || cipher.len() % BLOCK != 0 {
        return Err(CipherError::Length);
    }
    let mut buf = Vec::with_capacity(cipher.len());
    for block in cipher.chunks(BLOCK) {
        // The leading zero of the padding vanishes with the number.
        let bytes = power(block).to_bytes_be();
        let end = bytes.iter().position(|b| *b == 0).ok_or(CipherError::Padding)?;
        buf.extend_from_slice(&bytes[end + 1..]);
    }
    Ok(buf)
}

fn number(hex: &str) -> Result<BigUint, CipherError> {
    BigUint::parse_bytes(hex.trim().as_bytes(), 16).ok_or(CipherError::Key)
}

#[cfg(test)]
mod tests;
