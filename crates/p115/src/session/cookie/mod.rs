//! The four cookies of a 115 login, checked and written the one way 115 takes them (`docs/115.md` §1.3, §1.4).

use std::fmt;
use std::str::FromStr;

use reqwest::header::HeaderValue;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use super::paste;

/// A login of one account on one kind of device. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    user_id: u64,
    device: String,
    header: HeaderValue,
}

/// What is wrong with a pasted cookie; names cookies, never their values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CookieError {
    /// Cookies that are not there.
    pub missing: Vec<&'static str>,
    /// Cookies that are there but do not look like 115's.
    pub malformed: Vec<&'static str>,
}

impl Cookie {
    /// Takes whatever people paste: a `Cookie:` header, a list of pairs, a browser extension's JSON export, a cURL
    /// command. Other cookies are dropped; KID may be missing, as old logins have none.
    ///
    /// # Errors
    /// [`CookieError`] when UID, CID or SEID is missing or malformed.
    pub fn parse(text: &str) -> Result<Self, CookieError> {
        let pairs = paste::pairs(text);
        let mut wrong = CookieError::default();
        let mut take = |name: &'static str, fits: fn(&str) -> bool| {
            let found =
                pairs.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str());
            if found.is_empty() {
                wrong.missing.push(name);
            } else if !fits(found) {
                wrong.malformed.push(name);
            }
            found
        };
        let uid = take("UID", |uid| login(uid).is_some());
        let cid = take("CID", |cid| cid.len() == 32 && is_hex(cid));
        let seid = take("SEID", |seid| (32..=512).contains(&seid.len()) && is_hex(seid));
        let kid = pairs.iter().find(|(n, v)| n.eq_ignore_ascii_case("KID") && v.len() == 32 && is_hex(v));

        // No `;` at the end: the firewall blocks requests that have one.
        let mut header = format!("UID={uid}; CID={cid}; SEID={seid}");
        if let Some((_, kid)) = kid {
            header.push_str("; KID=");
            header.push_str(kid);
        }
        match (login(uid), HeaderValue::from_str(&header)) {
            (Some((user_id, device)), Ok(mut header)) if wrong == CookieError::default() => {
                header.set_sensitive(true);
                Ok(Self { user_id, device: device.to_owned(), header })
            }
            _ => Err(wrong),
        }
    }

    /// `UID=..; CID=..; SEID=..; KID=..`, marked sensitive.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The same, to be kept; [`Cookie::parse`] reads it.
    #[must_use]
    pub fn text(&self) -> SecretString {
        String::from_utf8_lossy(self.header.as_bytes()).into_owned().into()
    }

    /// The account's number.
    #[must_use]
    pub fn user_id(&self) -> u64 {
        self.user_id
    }

    /// The kind of device the login was made for, in 115's letters: `A1` web, `R1` the WeChat mini program, ... (§1.5)
    #[must_use]
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Tells this login from others and gives nothing of it away: 64 bits of a sum over more than 300 random ones.
    pub(crate) fn mark(&self) -> String {
        Sha256::digest(self.header.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Logins of a browser may be refused by the app API although they live (§1.5).
    pub(crate) fn is_web(&self) -> bool {
        self.device.starts_with('A')
    }
}

impl FromStr for Cookie {
    type Err = CookieError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie").field("device", &self.device).finish_non_exhaustive()
    }
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (names, what) in [(&self.missing, "missing"), (&self.malformed, "malformed")] {
            if !names.is_empty() {
                parts.push(format!("{} {} {what}", names.join(", "), if names.len() == 1 { "is" } else { "are" }));
            }
        }
        write!(
            f,
            "the 115 cookie cannot be used: {}. Log in at 115.com, open the developer tools (F12), choose Network, \
             reload, and copy the whole Cookie header of a request to webapi.115.com",
            parts.join("; ")
        )
    }
}

impl std::error::Error for CookieError {}

/// `{user id}_{device}_{unix time of login}`.
fn login(uid: &str) -> Option<(u64, &str)> {
    let mut parts = uid.split('_');
    let (user, device, time) = (parts.next()?, parts.next()?, parts.next()?);
    let letters = !device.is_empty() && device.len() <= 8 && device.bytes().all(|b| b.is_ascii_alphanumeric());
    let whole = parts.next().is_none() && letters && !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit());
    let user = user.bytes().all(|b| b.is_ascii_digit()).then(|| user.parse().ok())??;
    (whole && user != 0).then_some((user, device))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
