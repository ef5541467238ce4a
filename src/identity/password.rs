//! Passwords: what the owner wrote, what somebody offers, and the one form in which they are compared.
//!
//! A client sends either the password or OpenList's static hash of it. So what is kept is argon2id over that static hash,
//! which serves both, and nothing is kept that could be sent in place of a password.

use std::fmt::{self, Write as _};

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

/// Behind every password before it is hashed; part of the protocol (OpenList took it over from its forebear).
const STATIC_SALT: &str = "-https://github.com/alist-org/alist";
/// Longer passwords are a mistake, or meant to keep us busy.
pub const MAX_PASSWORD: usize = 1024;
/// Most memory (KiB), passes and lanes that a hash may ask for: it is worked out for whoever tries to log in.
const MOST: (u32, u32, u32) = (256 * 1024, 16, 16);

/// A password as the owner wrote it: plainly, or as `gate115 passwd` printed it.
#[derive(Debug, Clone)]
pub struct Password(Written);

#[derive(Debug, Clone)]
enum Written {
    Plain(StaticHash),
    Hashed(Hash),
}

/// Why a text is no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("it is empty; write a password, or a hash from `gate115 passwd`")]
    Empty,
    #[error("it is longer than {MAX_PASSWORD} bytes; write a shorter one")]
    TooLong,
    #[error(
        "it begins like a hash and is none of argon2id; write one as `gate115 passwd` prints it, whole and in quotes"
    )]
    NotAHash,
    #[error("this hash takes more memory or time than a login may; make another with `gate115 passwd`")]
    TooCostly,
}

impl Password {
    pub fn read(text: &str) -> Result<Self, PasswordError> {
        match text {
            "" => Err(PasswordError::Empty),
            text if text.len() > MAX_PASSWORD => Err(PasswordError::TooLong),
            text if text.starts_with("$argon2") => Ok(Self(Written::Hashed(Hash::read(text)?))),
            text => Ok(Self(Written::Plain(StaticHash::of(text)))),
        }
    }

    /// Whether what was kept is of it: the very same hash, or one that fits what was written plainly. Takes a while there.
    pub(super) fn is_kept_as(&self, kept: &Hash) -> bool {
        match &self.0 {
            Written::Plain(plain) => kept.fits(plain),
            Written::Hashed(hash) => hash.as_phc() == kept.as_phc(),
        }
    }

    /// The form that is kept. Takes a while where it was written plainly.
    pub(super) fn hashed(&self) -> Hash {
        match &self.0 {
            Written::Plain(plain) => plain.hash(),
            Written::Hashed(hash) => hash.clone(),
        }
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Written::Plain(StaticHash(one)), Written::Plain(StaticHash(other)))
            | (Written::Hashed(Hash(one)), Written::Hashed(Hash(other))) => {
                one.expose_secret() == other.expose_secret()
            }
            (Written::Plain(_), Written::Hashed(_)) | (Written::Hashed(_), Written::Plain(_)) => false,
        }
    }
}

impl Eq for Password {}

/// OpenList's hash of a password, in hex. As good as the password itself to whoever has it.
#[derive(Debug, Clone)]
pub struct StaticHash(SecretString);

impl StaticHash {
    pub fn of(password: &str) -> Self {
        let mut hex = String::with_capacity(64);
        for byte in Sha256::new().chain_update(password).chain_update(STATIC_SALT).finalize() {
            // Writing to a String cannot fail.
            _ = write!(hex, "{byte:02x}");
        }
        Self(hex.into())
    }

    /// As a client sends it.
    pub fn sent(hex: &str) -> Self {
        Self(hex.to_ascii_lowercase().into())
    }

    /// The form that is kept. Takes some 20 ms and 19 MiB: never on an async thread.
    pub fn hash(&self) -> Hash {
        let salt: [u8; 16] = rand::random();
        let made = SaltString::encode_b64(&salt).and_then(|salt| {
            Ok(Argon2::default().hash_password(self.0.expose_secret().as_bytes(), &salt)?.to_string())
        });
        // With a salt of 16 bytes and parameters of its own the library has nothing to refuse; a hash that nothing fits, if it did.
        Hash(made.unwrap_or_default().into())
    }
}

/// What is kept of a password: argon2id over the static hash, in PHC form.
#[derive(Clone)]
pub struct Hash(SecretString);

impl Hash {
    pub fn read(phc: &str) -> Result<Self, PasswordError> {
        let hash = PasswordHash::new(phc).map_err(|_| PasswordError::NotAHash)?;
        let params = Params::try_from(&hash).map_err(|_| PasswordError::NotAHash)?;
        if hash.algorithm != argon2::ARGON2ID_IDENT || hash.salt.is_none() || hash.hash.is_none() {
            return Err(PasswordError::NotAHash);
        }
        if params.m_cost() > MOST.0 || params.t_cost() > MOST.1 || params.p_cost() > MOST.2 {
            return Err(PasswordError::TooCostly);
        }
        Ok(Self(phc.into()))
    }

    /// As it is written into a configuration.
    pub fn as_phc(&self) -> &str {
        self.0.expose_secret()
    }

    /// Takes as long as making it did, right or wrong: never on an async thread.
    pub(super) fn fits(&self, offered: &StaticHash) -> bool {
        PasswordHash::new(self.as_phc())
            .is_ok_and(|hash| Argon2::default().verify_password(offered.0.expose_secret().as_bytes(), &hash).is_ok())
    }

    /// How much work it is to look at, for comparing.
    pub(super) fn cost(&self) -> u64 {
        let params = PasswordHash::new(self.as_phc()).ok().and_then(|hash| Params::try_from(&hash).ok());
        params.map_or(0, |params| u64::from(params.m_cost()) * u64::from(params.t_cost()))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}

/// A password that nobody has to think up: 20 letters and digits that are not mistaken for each other.
pub(super) fn made_up() -> SecretString {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let text: String =
        rand::random::<[u8; 20]>().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const STATIC_HASH_OF_ADMIN: &str = "6fcb57cd10b2c11d765dcf16148d99130afd895082af83725ee8bb181b1d2b0f";

    /// A hash that is quick to look at.
    fn quick(password: &str) -> Hash {
        let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
        let salt = SaltString::encode_b64(b"0123456789abcdef").unwrap();
        let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let StaticHash(hash) = StaticHash::of(password);
        Hash(argon2.hash_password(hash.expose_secret().as_bytes(), &salt).unwrap().to_string().into())
    }

    #[test]
    fn the_static_hash_is_openlists() {
        let StaticHash(hash) = StaticHash::of("admin");
        // printf 'admin-https://github.com/alist-org/alist' | sha256sum
        assert_eq!(hash.expose_secret(), STATIC_HASH_OF_ADMIN);
        let StaticHash(sent) = StaticHash::sent(&STATIC_HASH_OF_ADMIN.to_uppercase());
        assert_eq!(sent.expose_secret(), STATIC_HASH_OF_ADMIN);
    }

    /// Made by the reference implementation.
    #[test]
    fn the_stored_form_is_argon2id_over_the_static_hash() {
        let hash =
            Hash::read("$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$32nAOdqWPeP3WEelBQIRn+DiWQdtrcgawid1x8gMaMA")
                .unwrap();
        assert!(hash.fits(&StaticHash::of("s3cret-word")) && !hash.fits(&StaticHash::of("s3cret-work")));
    }

    #[test]
    fn one_hash_serves_the_password_and_its_static_hash() {
        let hash = Hash::read(StaticHash::of("s3cret").hash().as_phc()).unwrap();
        assert!(hash.fits(&StaticHash::of("s3cret")));
        let StaticHash(sent) = StaticHash::of("s3cret");
        assert!(hash.fits(&StaticHash::sent(sent.expose_secret())));
        assert!(!hash.fits(&StaticHash::of("s3cret ")));
        assert!(!hash.fits(&StaticHash::sent("s3cret")), "the password is no static hash");
        assert!(!hash.fits(&StaticHash::sent(hash.as_phc())), "what is kept cannot be sent");
        assert_ne!(hash.as_phc(), StaticHash::of("s3cret").hash().as_phc(), "each has a salt of its own");
        assert!(hash.cost() > quick("s3cret").cost());
    }

    #[rstest]
    #[case("", Some(PasswordError::Empty))]
    #[case("x", None)]
    #[case("$argon", None)]
    #[case("$argon2", Some(PasswordError::NotAHash))]
    #[case("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ", Some(PasswordError::NotAHash))]
    #[case("$argon2i$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg", Some(PasswordError::NotAHash))]
    #[case("$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg", None)]
    #[case(
        "$argon2id$v=19$m=4000000,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
        Some(PasswordError::TooCostly)
    )]
    #[case(
        "$argon2id$v=19$m=64,t=100,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
        Some(PasswordError::TooCostly)
    )]
    fn a_password_is_plain_or_a_hash_that_can_be_looked_at(#[case] text: &str, #[case] want: Option<PasswordError>) {
        assert_eq!(Password::read(text).err(), want);
    }

    #[test]
    fn passwords_are_compared_by_what_was_written_and_never_shown() {
        let password = Password::read("s3cret").unwrap();
        assert_eq!(password, Password::read("s3cret").unwrap());
        assert_ne!(password, Password::read("other").unwrap());
        assert_ne!(password, Password::read(quick("s3cret").as_phc()).unwrap());
        assert!(Password::read(&"x".repeat(MAX_PASSWORD + 1)).is_err());
        let StaticHash(hash) = StaticHash::of("s3cret");
        let shown = format!("{password:?}{:?}", quick("s3cret"));
        assert!(
            !shown.contains("s3cret") && !shown.contains(hash.expose_secret()) && !shown.contains("$argon2"),
            "{shown}"
        );
    }

    #[test]
    fn made_up_passwords_differ_and_can_be_typed() {
        let (one, other) = (made_up(), made_up());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(one.expose_secret().len() == 20 && one.expose_secret().bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
