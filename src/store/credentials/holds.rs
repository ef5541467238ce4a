//! Which credential holds: the newest of what the configuration says and what the store has.

use std::fmt::Write as _;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// By what a text of the configuration is known again: a SHA-256, from which nobody gets back to a cookie or token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of all that the configuration says of one credential, in a fixed order.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut hash = Sha256::new_with_prefix("gate115 credential");
        for part in parts {
            let part = part.expose_secret();
            // With its length: two parts are not one.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut hex = String::with_capacity(64);
        for byte in hash.finalize() {
            _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }
}

/// Where the newest credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newest {
    /// In the store: got by a login or a rotation, or taken from the configuration before.
    Stored,
    /// In the configuration: it has changed, or nothing is stored.
    Config,
    /// Nowhere.
    None,
}

/// The rule. `remembered` is what the configuration said when the stored credential was looked at last (`None` outside:
/// nothing is stored; inside: it said nothing), and `config` what it says now. A configuration that has changed is
/// newer than whatever is stored; one that has not is as old as it was. One that says nothing any more takes nothing away.
pub fn newest(remembered: Option<Option<&Fingerprint>>, config: Option<&Fingerprint>) -> Newest {
    match (remembered, config) {
        (None, None) => Newest::None,
        (None, Some(_)) => Newest::Config,
        (Some(remembered), Some(now)) if remembered != Some(now) => Newest::Config,
        (Some(_), _) => Newest::Stored,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("nothing at all", None, None, Newest::None)]
    #[case("first start", None, Some("a"), Newest::Config)]
    #[case("restart", Some(Some("a")), Some("a"), Newest::Stored)]
    #[case("edited", Some(Some("a")), Some("b"), Newest::Config)]
    #[case("written after a login", Some(None), Some("a"), Newest::Config)]
    #[case("login alone", Some(None), None, Newest::Stored)]
    #[case("taken out of the file", Some(Some("a")), None, Newest::Stored)]
    fn the_newest_holds(
        #[case] name: &str,
        #[case] remembered: Option<Option<&str>>,
        #[case] config: Option<&str>,
        #[case] want: Newest,
    ) {
        let print = |text: &str| Fingerprint::of([&SecretString::from(text)]);
        let remembered = remembered.map(|text| text.map(print));
        assert_eq!(newest(remembered.as_ref().map(Option::as_ref), config.map(print).as_ref()), want, "{name}");
    }

    #[test]
    fn a_fingerprint_tells_texts_apart_and_shows_none() {
        let [one, two, both]: [SecretString; 3] = ["UID=1_A1_1; ".into(), "CID=2".into(), "UID=1_A1_1; CID=2".into()];
        let print = Fingerprint::of([&one, &two]);
        assert_eq!(print, Fingerprint::of([&one, &two]));
        assert_ne!(print, Fingerprint::of([&both]));
        assert_ne!(print, Fingerprint::of([&two, &one]));
        assert!(!format!("{print:?}").contains("UID"), "{print:?}");
    }
}
