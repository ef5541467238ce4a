//! Reads the values 115 cannot settle on a type for: numbers as text, three kinds of time, flags as numbers (`docs/115.md` §0.2).
//!
//! Two rules: an id is never guessed (a malformed one is an error, because a missing id means "folder"), while an
//! optional field that makes no sense is treated as absent, because 115 adds and retypes those at will.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Shanghai time is UTC+8 all year.
const SHANGHAI: i64 = 8 * 3600;
const DAY: i64 = 86_400;

/// One JSON value as far as the lenient readers care.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'de> {
    Int(i128),
    Float(f64),
    Bool(bool),
    Text(Cow<'de, str>),
    Null,
    /// An array or an object where a scalar is due; `[]` stands for "nothing" in many replies.
    Compound,
}

impl Scalar<'_> {
    pub(crate) fn int(&self) -> Option<i128> {
        match self {
            Self::Int(n) => Some(*n),
            // Exact only up to 2^53; beyond that the value is somebody else's rounding.
            Self::Float(x) if x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0 => Some(*x as i128),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(flag) => Some(i128::from(*flag)),
            _ => None,
        }
    }

    /// `true`, `1`, `"1"` and their opposites.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            other => other.int().map(|n| n != 0),
        }
    }

    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.into_owned()),
            Self::Int(n) => Some(n.to_string()),
            _ => None,
        }
    }

    /// Unix seconds; 0 stands for "never".
    fn time(&self) -> Option<u64> {
        let seconds = match self {
            Self::Text(text) => text.trim().parse().ok().or_else(|| shanghai(text.trim())),
            other => other.int().and_then(|n| i64::try_from(n).ok()),
        };
        seconds.and_then(|s| u64::try_from(s).ok()).filter(|s| *s != 0)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text or a flag")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(v.into()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(v))
    }

    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(v)))
    }

    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(v.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Compound)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Compound)
    }
}

impl<'de> serde::Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor)
    }
}

fn scalar<'de, D: Deserializer<'de>>(from: D) -> Result<Scalar<'de>, D::Error> {
    from.deserialize_any(ScalarVisitor)
}

/// An integer as number, float or text; anything else is absent.
pub(crate) fn int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(scalar(from)?.int().and_then(|n| i64::try_from(n).ok()))
}

/// A number of bytes, which 115 also writes as a float.
pub(crate) fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match scalar(from)? {
        Scalar::Float(x) => float(x),
        Scalar::Text(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| text.parse().ok().and_then(float))
        }
        other => other.int().and_then(|n| u64::try_from(n).ok()),
    })
}

/// Rounded; beyond 2^53 it is somebody else's rounding already.
fn float(x: f64) -> Option<u64> {
    (x.is_finite() && (0.0..1e18).contains(&x)).then_some(x.round() as u64)
}

/// Whether a flag is set; one that makes no sense is not.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(scalar(from)?.flag().unwrap_or(false))
}

/// A text, or a number taken as text; anything else is absent. The empty text is absent too.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(scalar(from)?.text().filter(|t| !t.is_empty()))
}

/// Unix seconds out of a number, a numeric text or `YYYY-MM-DD HH:MM` in Shanghai.
pub(crate) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(scalar(from)?.time())
}

/// An object of a known form; anything else is absent.
pub(crate) fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(serde_json::Value::deserialize(from)?).ok())
}

/// An id that may be missing: `""` and `null` are "none", anything else that is no id is an error.
pub(crate) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match scalar(from)? {
        Scalar::Null => Ok(None),
        Scalar::Text(text) if text.is_empty() => Ok(None),
        Scalar::Text(text) => text.parse().map(Some).map_err(D::Error::custom),
        Scalar::Int(n) => u64::try_from(n).map(Some).map_err(D::Error::custom),
        _ => Err(D::Error::custom("an id is a whole number or its text")),
    }
}

pub(crate) fn required_id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    id(from)?.ok_or_else(|| D::Error::custom("an id is missing"))
}

/// `YYYY-MM-DD HH:MM[:SS]` in Shanghai as unix seconds.
fn shanghai(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once(' ')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':').or_else(|| numbers(&format!("{clock}:00"), ':'))?;
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    in_range.then(|| days_since_epoch(year, month, day) * DAY + hour * 3600 + minute * 60 + second - SHANGHAI)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(|part| {
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    });
    let out = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(out)
}

fn leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let leaps = |y: i64| y / 4 - y / 100 + y / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|m| days_in(year, m)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use proptest::proptest;
    use rstest::rstest;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Int(#[serde(deserialize_with = "int")] Option<i64>);
    #[derive(Debug, Deserialize)]
    struct Bytes(#[serde(deserialize_with = "bytes")] Option<u64>);
    #[derive(Debug, Deserialize)]
    struct Time(#[serde(deserialize_with = "time")] Option<u64>);
    #[derive(Debug, Deserialize)]
    struct Id(#[serde(deserialize_with = "id")] Option<u64>);
    #[derive(Debug, Deserialize)]
    struct Text(#[serde(deserialize_with = "text")] Option<String>);

    proptest! {
        #[test]
        fn a_number_and_its_text_are_the_same(n: i64) {
            assert_eq!(serde_json::from_str::<Int>(&n.to_string()).unwrap().0, Some(n));
            assert_eq!(serde_json::from_str::<Int>(&format!("\"{n}\"")).unwrap().0, Some(n));
        }

        #[test]
        fn an_id_and_its_text_are_the_same(n: u64) {
            assert_eq!(serde_json::from_str::<Id>(&n.to_string()).unwrap().0, Some(n));
            assert_eq!(serde_json::from_str::<Id>(&format!("\"{n}\"")).unwrap().0, Some(n));
        }

        /// Walks the calendar by hand for days up to 2099, apart from the closed formula under test.
        #[test]
        fn the_three_times_agree(days in 1_i64..47_000, minutes in 0_i64..1440) {
            let (mut year, mut left) = (1970, days);
            while left >= 365 + i64::from(leap(year)) {
                left -= 365 + i64::from(leap(year));
                year += 1;
            }
            let mut month = 1;
            while left >= days_in(year, month) {
                left -= days_in(year, month);
                month += 1;
            }
            let stamp = u64::try_from(days * DAY + minutes * 60 - SHANGHAI).unwrap();
            let written = format!("\"{year:04}-{month:02}-{:02} {:02}:{:02}\"", left + 1, minutes / 60, minutes % 60);
            for json in [written, stamp.to_string(), format!("\"{stamp}\"")] {
                assert_eq!(serde_json::from_str::<Time>(&json).unwrap().0, Some(stamp), "{json}");
            }
        }

        #[test]
        fn no_text_upsets_an_optional_field(text in ".{0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(serde_json::from_str::<Int>(&json).unwrap().0, text.trim().parse().ok());
            let time = serde_json::from_str::<Time>(&json).unwrap().0;
            assert!(time.is_none() || text.bytes().any(|b| b.is_ascii_digit()));
        }
    }

    #[rstest]
    #[case("\"2023-11-15 06:13\"", Some(1_700_000_000 - 20))]
    #[case("\"2023-11-15 06:13:20\"", Some(1_700_000_000))]
    #[case("\"2024-02-29 08:00\"", Some(1_709_164_800))]
    #[case("\"2023-02-29 08:00\"", None)]
    #[case("\"2023-13-01 08:00\"", None)]
    #[case("\"2023-1-1\"", None)]
    #[case("\"0\"", None)]
    #[case("0", None)]
    #[case("-5", None)]
    #[case("null", None)]
    #[case("[]", None)]
    #[case("{\"a\":[1]}", None)]
    fn times(#[case] json: &str, #[case] seconds: Option<u64>) {
        assert_eq!(serde_json::from_str::<Time>(json).unwrap().0, seconds);
    }

    #[rstest]
    #[case("true", Some(true))]
    #[case("false", Some(false))]
    #[case("1", Some(true))]
    #[case("0", Some(false))]
    #[case("\"1\"", Some(true))]
    #[case("\"0\"", Some(false))]
    #[case("\"true\"", Some(true))]
    #[case("\"\"", None)]
    #[case("[]", None)]
    fn flags(#[case] json: &str, #[case] flag: Option<bool>) {
        assert_eq!(serde_json::from_str::<Scalar<'_>>(json).unwrap().flag(), flag);
    }

    #[rstest]
    #[case("5.0", Some(5))]
    #[case("5.5", None)]
    #[case("1e300", None)]
    #[case("\" 7 \"", Some(7))]
    #[case("\"\"", None)]
    #[case("[]", None)]
    fn ints(#[case] json: &str, #[case] int: Option<i64>) {
        assert_eq!(serde_json::from_str::<Int>(json).unwrap().0, int);
    }

    #[rstest]
    #[case("5", Some(5))]
    #[case("1.2e15", Some(1_200_000_000_000_000))]
    #[case("1099511627776.4", Some(1_099_511_627_776))]
    #[case("\"1099511627776\"", Some(1_099_511_627_776))]
    #[case("\"1.5E3\"", Some(1500))]
    #[case("-1", None)]
    #[case("-0.5", None)]
    #[case("1e300", None)]
    #[case("\"5 TB\"", None)]
    #[case("null", None)]
    #[case("{}", None)]
    fn sizes(#[case] json: &str, #[case] size: Option<u64>) {
        assert_eq!(serde_json::from_str::<Bytes>(json).unwrap().0, size);
    }

    #[rstest]
    #[case("\"a\\u4e2d\"", Some("a中"))]
    #[case("12", Some("12"))]
    #[case("\"\"", None)]
    #[case("false", None)]
    fn texts(#[case] json: &str, #[case] text: Option<&str>) {
        assert_eq!(serde_json::from_str::<Text>(json).unwrap().0.as_deref(), text);
    }
}
