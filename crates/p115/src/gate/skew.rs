//! How far our clock is from 115's: tokens and links end by 115's, and a clock that is wrong by hours explains much.

use parking_lot::Mutex;
use reqwest::header::{DATE, HeaderMap};

/// Seconds by which the server's clock is ahead, out of the `Date` of the last reply that had one.
#[derive(Debug, Default)]
pub(super) struct Skew(Mutex<Option<i64>>);

impl Skew {
    pub(super) fn seconds(&self) -> Option<i64> {
        *self.0.lock()
    }

    /// Right to a second or two: the header has no fractions, and the reply was on its way for a moment.
    pub(super) fn note(&self, headers: &HeaderMap, now: u64) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(|date| date.parse().ok());
        let theirs = date.and_then(|date: httpdate::HttpDate| {
            std::time::SystemTime::from(date).duration_since(std::time::UNIX_EPOCH).ok()
        });
        let ahead =
            theirs.and_then(|theirs| i64::try_from(theirs.as_secs()).ok()?.checked_sub(i64::try_from(now).ok()?));
        if ahead.is_some() {
            *self.0.lock() = ahead;
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::in_step(Some("Tue, 14 Nov 2023 22:13:20 GMT"), Some(0))]
    #[case::theirs_ahead(Some("Wed, 15 Nov 2023 06:13:20 GMT"), Some(8 * 3600))]
    #[case::ours_ahead(Some("Tue, 14 Nov 2023 22:12:19 GMT"), Some(-61))]
    #[case::nonsense(Some("yesterday"), None)]
    #[case::none(None, None)]
    fn reads_the_date(#[case] date: Option<&'static str>, #[case] seconds: Option<i64>) {
        let mut headers = HeaderMap::new();
        headers.extend(date.map(|date| (DATE, date.parse().unwrap())));
        let skew = Skew::default();
        skew.note(&headers, 1_700_000_000);
        assert_eq!(skew.seconds(), seconds);
    }

    #[test]
    fn a_reply_without_a_date_changes_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Tue, 14 Nov 2023 22:13:25 GMT".parse().unwrap());
        let skew = Skew::default();
        skew.note(&headers, 1_700_000_000);
        skew.note(&HeaderMap::new(), 1_700_000_000);
        assert_eq!(skew.seconds(), Some(5));
    }
}
