//! The outer layer of every JSON reply: a success flag in three forms, a number in six places, a text under four names (`docs/115.md` §0.2).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::lenient::Scalar;

/// In the order in which the first non-zero one wins.
const CODES: [&str; 6] = ["errno", "errNo", "errcode", "errCode", "code", "msg_code"];
const TEXTS: [&str; 4] = ["error", "msg", "message", "error_msg"];

#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Envelope {
    pub(crate) state: Option<bool>,
    /// Never 0.
    pub(crate) code: Option<i64>,
    pub(crate) text: String,
}

impl Envelope {
    /// Some replies have no flag; they fail by having a number (§3.8).
    pub(crate) fn failed(&self) -> bool {
        !self.state.unwrap_or(self.code.is_none())
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    /// `[]` is how some calls say "nothing".
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Envelope, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Envelope::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut state = None;
        let mut codes = [None; CODES.len()];
        let mut texts: [Option<String>; TEXTS.len()] = Default::default();
        let place = |names: &[&str], key: &str| names.iter().position(|name| *name == key);
        while let Some(Key(key)) = map.next_key()? {
            if key == "state" {
                state = map.next_value::<Scalar<'_>>()?.flag();
            } else if let Some(i) = place(&CODES, &key) {
                let code = map.next_value::<Scalar<'_>>()?.int();
                codes[i] = code.and_then(|n| i64::try_from(n).ok()).filter(|n| *n != 0);
            } else if let Some(i) = place(&TEXTS, &key) {
                texts[i] = match map.next_value::<Scalar<'_>>()? {
                    Scalar::Text(text) if !text.trim().is_empty() => Some(text.into_owned()),
                    _ => None,
                };
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let text = texts.into_iter().flatten().next().unwrap_or_default();
        Ok(Envelope { state, code: codes.into_iter().flatten().next(), text })
    }
}

impl<'de> serde::Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(EnvelopeVisitor)
    }
}

/// A key, borrowed unless it is escaped.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy as _, prop, prop_oneof, proptest};
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> Envelope {
        serde_json::from_str(&value.to_string()).unwrap()
    }

    #[rstest]
    #[case::fine(json!({"state": true, "errno": 0, "error": ""}), false)]
    #[case::fine_by_number(json!({"state": 1, "code": 0}), false)]
    #[case::fine_with_the_empty_number(json!({"state": true, "errno": "", "data": [{"errno": 5}]}), false)]
    #[case::fine_without_a_flag(json!({"count": 1, "paths": []}), false)]
    #[case::fine_and_empty(json!([]), false)]
    #[case::failed(json!({"state": false}), true)]
    #[case::failed_by_number(json!({"state": 0, "errno": 0, "code": 0, "error": "登录失败"}), true)]
    #[case::failed_by_text(json!({"state": "0"}), true)]
    #[case::failed_without_a_flag(json!({"errno": 99}), true)]
    fn tells_failure(#[case] reply: Value, #[case] failed: bool) {
        assert_eq!(read(&reply).failed(), failed);
    }

    #[test]
    fn the_first_number_that_is_not_zero_wins() {
        let reply = json!({"state": false, "code": 5, "errno": "", "errNo": 0, "errCode": "990009", "errcode": 0});
        assert_eq!(read(&reply).code, Some(990_009));
    }

    #[test]
    fn the_first_text_that_is_not_empty_wins() {
        let reply = json!({"state": false, "error_msg": "d", "message": "c", "msg": " ", "error": null});
        assert_eq!(read(&reply).text, "c");
    }

    #[rstest]
    #[case("\"text\"")]
    #[case("5")]
    #[case("{\"state\":")]
    #[case("")]
    #[case("null")]
    fn is_not_found_in_what_is_no_reply(#[case] body: &str) {
        assert!(serde_json::from_str::<Envelope>(body).is_err());
    }

    proptest! {
        #[test]
        fn every_place_and_every_form(
            place in prop::sample::select(&CODES[..]),
            name in prop::sample::select(&TEXTS[..]),
            code in 1_i64..500_000_000,
            as_text: bool,
            state in prop_oneof![Just(json!(false)), Just(json!(0)), Just(json!("0"))],
            others in prop::collection::vec("[a-z]{9}".prop_map(|key| (key, json!([1, {"state": true}]))), 0..4),
        ) {
            let mut reply = json!({"state": state, name: "因为"});
            reply[place] = if as_text { json!(code.to_string()) } else { json!(code) };
            for (key, value) in others {
                reply[key] = value;
            }
            assert_eq!(read(&reply), Envelope { state: Some(false), code: Some(code), text: "因为".to_owned() });
        }
    }
}
