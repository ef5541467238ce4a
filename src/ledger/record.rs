//! An hour as it lies in the store: each word once, and a line of numbers for each kind of call.

use serde::{Deserialize, Serialize};

use super::sheet::{Count, Labels, Sheet};

/// Of the form below. What has another number is as if it were not there.
const VERSION: u32 = 1;
/// Longer words are none of ours.
const MAX_WORD: usize = 128;

#[derive(Serialize, Deserialize)]
struct Record {
    v: u32,
    accounts: Vec<String>,
    labels: Vec<String>,
    lines: Vec<Line>,
}

/// Account, labels, calls, milliseconds.
#[derive(Serialize, Deserialize)]
struct Line(u16, Labels<u16>, u64, u64);

pub(super) fn encode(sheet: &Sheet) -> serde_json::Result<Vec<u8>> {
    let words = |words: &[std::sync::Arc<str>]| words.iter().map(|word| word.to_string()).collect();
    serde_json::to_vec(&Record {
        v: VERSION,
        accounts: words(sheet.accounts()),
        labels: words(sheet.labels()),
        lines: sheet.numbered().map(|(account, labels, count)| Line(account, labels, count.calls, count.ms)).collect(),
    })
}

/// `None` for what is damaged, or of another version.
pub(super) fn decode(bytes: &[u8]) -> Option<Sheet> {
    let record: Record = serde_json::from_slice(bytes).ok()?;
    let is_word = |word: &String| word.len() <= MAX_WORD && !word.contains(char::is_control);
    if record.v != VERSION || !record.accounts.iter().chain(&record.labels).all(is_word) {
        return None;
    }
    let lines = record
        .lines
        .iter()
        .map(|Line(account, labels, calls, ms)| (*account, *labels, Count { calls: *calls, ms: *ms }));
    let mut sheet = Sheet::default();
    sheet.add_lines(&record.accounts, &record.labels, lines)?;
    Some(sheet)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_sheet_comes_back_and_is_small() {
        let mut sheet = Sheet::default();
        for family in ["vlc", "infuse", "kodi", "browser"] {
            for call in ["files", "chrome_downurl", "getid"] {
                for caller in ["player", "person", "scan", "task"] {
                    let count = Count { calls: 123, ms: 45_678 };
                    sheet.add("115-cloud:12345678", [call, "list", caller, family, "ok"], count);
                }
            }
        }
        let bytes = encode(&sheet).unwrap();
        assert!(bytes.len() < 48 * 32, "{} bytes", bytes.len());
        let back = decode(&bytes).unwrap();
        let sorted = |sheet: &Sheet| {
            let mut lines: Vec<_> = sheet.lines().map(|line| format!("{line:?}")).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(sorted(&back), sorted(&sheet));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::half(r#"{"v":1,"accounts":["a"],"labels":["x"],"lines":[[0,[0,0,0"#)]
    #[case::newer(r#"{"v":2,"accounts":["a"],"labels":["x"],"lines":[[0,[0,0,0,0,0],1,1]]}"#)]
    #[case::no_such_account(r#"{"v":1,"accounts":["a"],"labels":["x"],"lines":[[1,[0,0,0,0,0],1,1]]}"#)]
    #[case::no_such_label(r#"{"v":1,"accounts":["a"],"labels":["x"],"lines":[[0,[0,0,9,0,0],1,1]]}"#)]
    #[case::negative(r#"{"v":1,"accounts":["a"],"labels":["x"],"lines":[[0,[0,0,0,0,0],-1,1]]}"#)]
    #[case::control(r#"{"v":1,"accounts":["\u001b[2J"],"labels":["x"],"lines":[[0,[0,0,0,0,0],1,1]]}"#)]
    fn what_is_damaged_is_not_there(#[case] text: &str) {
        assert!(decode(text.as_bytes()).is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
