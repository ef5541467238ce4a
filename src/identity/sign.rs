//! Signs of links: whoever has one may fetch that one file, without a login.
//!
//! A sign is what OpenList makes, so that programs which know the token can make it themselves: HMAC-SHA-256 with the
//! token as key, over the full path, a colon and the expiry in decimal (Unix seconds, 0 for never); in URL-safe base64,
//! followed by a colon and that expiry.
//!
//! A stable link, `/d/@pc/{mount}/{pickcode}/{name}`, is signed by its path without the name: it outlives a rename.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

type Key = Hmac<Sha256>;

/// The base64 of 32 bytes.
const LENGTH: usize = 44;
/// What the path of a stable link begins with, behind `/d`.
const STABLE: &str = "/@pc/";

/// What signs links, and knows a sign that was made with it, or with an earlier token.
pub(super) struct Signs {
    key: Key,
    old: Vec<Key>,
    life: Duration,
}

/// Signs any number of links, which all expire at the same time.
#[derive(Clone)]
pub struct Signer {
    signs: Arc<Signs>,
    /// In decimal, as it is signed.
    expires: String,
}

/// What is wrong with a sign. For the log: whoever made it up learns nothing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignFault {
    #[error("there is no sign")]
    Missing,
    #[error("the sign is cut short or none at all")]
    Malformed,
    #[error("the sign is of another path, another expiry or another token")]
    Wrong,
    #[error("the sign has expired")]
    Expired,
}

impl Signs {
    pub(super) fn new(token: &SecretString, old: &[SecretString], life: Duration) -> Self {
        Self { key: key(token), old: old.iter().map(key).collect(), life }
    }

    /// Signs links as of now.
    pub(super) fn signer(self: &Arc<Self>, now: u64) -> Signer {
        let expires = if self.life.is_zero() { 0 } else { now.saturating_add(self.life.as_secs()) };
        Signer { signs: Arc::clone(self), expires: expires.to_string() }
    }

    /// Whether this sign lets its holder fetch what is at the full path.
    pub(super) fn check(&self, path: &str, sign: &str, now: u64) -> Result<(), SignFault> {
        // Some players put a slash behind every address.
        let sign = sign.strip_suffix('/').unwrap_or(sign);
        let (given, digits) = sign.split_once(':').ok_or(SignFault::Malformed)?;
        if given.len() != LENGTH || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SignFault::Malformed);
        }
        let expires: u64 = digits.parse().map_err(|_| SignFault::Malformed)?;
        let fits = |key: &Key| {
            let mut buffer = [0; LENGTH];
            bool::from(text(&mut buffer, key, signed(path), digits).as_bytes().ct_eq(given.as_bytes()))
        };
        if !fits(&self.key) && !self.old.iter().any(fits) {
            return Err(SignFault::Wrong);
        }
        if expires != 0 && expires <= now { Err(SignFault::Expired) } else { Ok(()) }
    }
}

impl Signer {
    /// The sign of a full path.
    pub fn sign(&self, path: &str) -> String {
        let mut sign = String::with_capacity(LENGTH + 1 + self.expires.len());
        self.write(&mut sign, path);
        sign
    }

    /// Writes it behind what is in `out`.
    pub fn write(&self, out: &mut String, path: &str) {
        self.write_of(out, signed(path));
    }

    /// The sign of all of a path, also of a stable link's: for others, who know nothing of such and look at it all.
    pub fn sign_whole(&self, path: &str) -> String {
        let mut sign = String::new();
        self.write_of(&mut sign, path);
        sign
    }

    fn write_of(&self, out: &mut String, message: &str) {
        out.push_str(text(&mut [0; LENGTH], &self.signs.key, message, &self.expires));
        out.push(':');
        out.push_str(&self.expires);
    }
}

impl fmt::Debug for Signs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signs").field("old", &self.old.len()).field("life", &self.life).finish_non_exhaustive()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// The path of a stable link behind `/d`, but for the name that follows.
pub fn stable_path(mount: &str, pickcode: &str) -> String {
    format!("{STABLE}{mount}/{pickcode}")
}

/// True for the path of a stable link, which needs a sign whatever is configured.
pub fn is_stable(path: &str) -> bool {
    path.starts_with(STABLE)
}

/// Mount and pickcode in the path of a stable link; `None` where it is none, or there is more in it than a name.
pub fn stable_parts(path: &str) -> Option<(&str, &str)> {
    let mut parts = path.strip_prefix(STABLE)?.split('/');
    let (mount, pickcode, _name, more) = (parts.next()?, parts.next()?, parts.next(), parts.next());
    (more.is_none() && !mount.is_empty() && !pickcode.is_empty()).then_some((mount, pickcode))
}

/// What of a path is signed: all of it, but of a stable link.
fn signed(path: &str) -> &str {
    match path.strip_prefix(STABLE) {
        None => path,
        Some(rest) => {
            let end = rest.match_indices('/').nth(1).map_or(path.len(), |(at, _)| STABLE.len() + at);
            &path[..end]
        }
    }
}

fn key(token: &SecretString) -> Key {
    // A key of any length will do: a long one is hashed first.
    Key::new_from_slice(token.expose_secret().as_bytes()).unwrap_or_else(|_| unreachable!("HMAC takes any key"))
}

fn text<'a>(buffer: &'a mut [u8; LENGTH], key: &Key, message: &str, digits: &str) -> &'a str {
    let mut mac = key.clone();
    mac.update(message.as_bytes());
    mac.update(b":");
    mac.update(digits.as_bytes());
    // 32 bytes are 44 letters, and base64 is ASCII.
    let written = URL_SAFE.encode_slice(mac.finalize().into_bytes(), buffer).unwrap_or_default();
    std::str::from_utf8(&buffer[..written]).unwrap_or_default()
}

/// For tests of what is signed elsewhere.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) fn signer(token: &str) -> Signer {
        Arc::new(Signs::new(&token.into(), &[], Duration::ZERO)).signer(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn signs(token: &str, old: &[&str], life: u64) -> Arc<Signs> {
        let old: Vec<_> = old.iter().map(|token| SecretString::from(*token)).collect();
        Arc::new(Signs::new(&token.into(), &old, Duration::from_secs(life)))
    }

    /// The vectors of OpenList, for the token `openlist-testtoken`.
    #[rstest]
    #[case("/115/电影/a b.mkv", 0, "LjF7pnsRHpLWaqVfhVAaiC21pjSZVx_NrTR2dToAHG4=:0")]
    #[case("/115/movie.mkv", 1_800_000_000, "SBF4nPMOSjGo2usuRR7LaghJdAtxiS2aMzvx96Wz4PY=:1800000000")]
    fn signs_are_openlists(#[case] path: &str, #[case] expires: u64, #[case] want: &str) {
        let now = 1_700_000_000;
        let signs = signs("openlist-testtoken", &[], expires.saturating_sub(now));
        assert_eq!(signs.signer(now).sign(path), want);
        assert_eq!(signs.check(path, want, now), Ok(()));
        assert_eq!(signs.check(path, &format!("{want}/"), now), Ok(()), "a slash behind it");
        if expires != 0 {
            assert_eq!(signs.check(path, want, expires - 1), Ok(()));
            assert_eq!(signs.check(path, want, expires), Err(SignFault::Expired));
        }
    }

    #[test]
    fn a_sign_is_good_for_its_path_its_expiry_and_its_token_alone() {
        let ours = signs("one", &[], 0);
        let sign = ours.signer(0).sign("/115/a");
        let mac = sign.strip_suffix(":0").unwrap();
        for (path, sign, want) in [
            ("/115/b", &sign, SignFault::Wrong),
            ("/115/a/", &sign, SignFault::Wrong),
            ("/115/a", &format!("{mac}:1"), SignFault::Wrong),
            ("/115/a", &format!("{mac}:00"), SignFault::Wrong),
            ("/115/a", &format!("{mac}:+0"), SignFault::Malformed),
            ("/115/a", &format!("{mac}:99999999999999999999"), SignFault::Malformed),
            ("/115/a", &format!("{mac}:"), SignFault::Malformed),
            ("/115/a", &mac.to_owned(), SignFault::Malformed),
            ("/115/a", &sign[1..].to_owned(), SignFault::Malformed),
            ("/115/a", &format!("{}:0", mac.replace('=', "A")), SignFault::Wrong),
            ("/115/a", &format!("{sign}//"), SignFault::Malformed),
            ("/115/a", &String::new(), SignFault::Malformed),
        ] {
            assert_eq!(ours.check(path, sign, 5), Err(want), "{path} {sign}");
        }
        assert_eq!(signs("two", &[], 0).check("/115/a", &sign, 5), Err(SignFault::Wrong));
        assert_eq!(signs("two", &["zero", "one"], 0).check("/115/a", &sign, 5), Ok(()), "an earlier token");
        assert_ne!(signs("two", &["one"], 0).signer(0).sign("/115/a"), sign, "only the token of now signs");
        assert!(!format!("{ours:?}{:?}", ours.signer(0)).contains("one"));
    }

    #[test]
    fn a_stable_link_is_signed_without_its_name() {
        let ours = signs("one", &[], 3600);
        let path = stable_path("main", "abc123");
        assert_eq!(path, "/@pc/main/abc123");
        let sign = ours.signer(100).sign(&path);
        assert!(sign.ends_with(":3700"), "{sign}");
        for name in ["", "/a.mkv", "/renamed/b.mkv"] {
            assert_eq!(ours.check(&format!("{path}{name}"), &sign, 100), Ok(()), "{name}");
        }
        for other in
            ["/@pc/main/abc124/a.mkv", "/@pc/other/abc123/a.mkv", "/@pc/main/abc123x", "/@pc/main", "/115/a.mkv"]
        {
            assert_eq!(ours.check(other, &sign, 100), Err(SignFault::Wrong), "{other}");
        }
        assert!(is_stable("/@pc/main/abc123/a.mkv") && !is_stable("/@pcx/main/abc123"));
        // For those who look at all of it.
        let whole = ours.signer(100).sign_whole("/@pc/main/abc123/a.mkv");
        assert_eq!(ours.check("/@pc/main/abc123/a.mkv", &whole, 100), Err(SignFault::Wrong));
        assert_eq!(ours.signer(100).sign_whole("/115/a"), ours.signer(100).sign("/115/a"));
    }

    #[rstest]
    #[case("/@pc/m/abc/a b.mkv", Some(("m", "abc")))]
    #[case("/@pc/m/abc", Some(("m", "abc")))]
    #[case("/@pc/m/abc/", Some(("m", "abc")))]
    #[case("/@pc/m/abc/a/b", None)]
    #[case("/@pc/m", None)]
    #[case("/@pc/", None)]
    #[case("/@pc//abc/a", None)]
    #[case("/115/@pc/m/abc", None)]
    fn a_stable_link_names_a_mount_and_a_pickcode(#[case] path: &str, #[case] parts: Option<(&str, &str)>) {
        assert_eq!(stable_parts(path), parts);
    }

    proptest! {
        #[test]
        fn no_text_is_a_sign_by_chance(path in "/.{0,20}", sign in ".{0,60}") {
            prop_assert!(signs("one", &["two"], 0).check(&path, &sign, 0).is_err());
        }
    }
}
