//! What 115 names its things by: folder ids, file ids and pick codes, parsed once.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::lenient;

/// The id of a folder, up to 19 digits: above 2^53, so never a float (`docs/115.md` §0.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid(u64);

impl Cid {
    /// The top of the drive.
    pub const ROOT: Self = Self(0);
}

/// The id of a file, or, where either may stand, of a folder: 115 draws both from one sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u64);

impl From<Cid> for FileId {
    fn from(cid: Cid) -> Self {
        Self(cid.0)
    }
}

macro_rules! id {
    ($name:ident) => {
        impl $name {
            /// From the bare number.
            #[must_use]
            pub const fn new(id: u64) -> Self {
                Self(id)
            }

            /// The bare number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                lenient::required_id(from).map(Self)
            }
        }
    };
}

id!(Cid);
id!(FileId);

/// The handle of a file in link calls: lower-case base 36, usually 17 or 18 characters, beginning with `f` for a folder
/// (§0.2, §5.9). Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PickCode(Arc<str>);

/// A text that is no pick code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pick code is 1 to 64 ASCII letters and digits")]
pub struct PickCodeError;

impl PickCode {
    /// The text as 115 gave it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PickCode {
    type Err = PickCodeError;

    /// Wider than what is known of the form, so that a new kind of code does not make a folder unreadable; narrow
    /// enough to be put into a URL or a JSON text as it is.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Self(text.into())).ok_or(PickCodeError)
    }
}

impl fmt::Display for PickCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::proptest;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("dtctprlmfkl4exiok", true)]
    #[case("fd9bxvlgnmpmqq5qqy", true)]
    #[case("ehzzzz", true)]
    #[case("", false)]
    #[case("a b", false)]
    #[case("\"},x", false)]
    #[case("名", false)]
    fn pick_codes(#[case] text: &str, #[case] good: bool) {
        assert_eq!(text.parse::<PickCode>().map(|c| c.to_string()).ok(), good.then(|| text.to_owned()));
    }

    proptest! {
        #[test]
        fn ids_keep_every_digit(id: u64) {
            let cid = Cid::new(id);
            assert_eq!(cid.to_string().parse::<Cid>().unwrap(), cid);
            assert_eq!(serde_json::from_str::<Cid>(&id.to_string()).unwrap(), cid);
            assert_eq!(serde_json::from_str::<FileId>(&format!("\"{id}\"")).unwrap(), FileId::from(cid));
        }
    }

    #[rstest]
    #[case("3.3e18")]
    #[case("-1")]
    #[case("\"\"")]
    #[case("\"12a\"")]
    #[case("null")]
    #[case("[]")]
    #[case("true")]
    fn ids_are_never_guessed(#[case] json: &str) {
        assert!(serde_json::from_str::<Cid>(json).is_err());
    }
}
