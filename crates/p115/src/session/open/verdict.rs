//! What a failed renewal says of the old tokens: as good as before, over, or nobody knows (`docs/115.md` §10.2, §10.3).

use std::time::Duration;

use super::{Abandon, Refusal};
use crate::error::{Error, Kind};

/// How long 115 is not asked again once it has found this too often: every process keeps to it.
const SILENCE: Duration = Duration::from_secs(10 * 60);
/// How long the old tokens are left alone after a reply was lost. Asking again is the only way to find out what became
/// of them, and asking often is what 115 answers by silence.
const DOUBT: Duration = Duration::from_secs(60);

/// `unended` is when an earlier renewal of the same tokens was begun that has not told its outcome.
pub(super) fn verdict(mut error: Error, unended: Option<u64>, now: u64) -> (Abandon, Error) {
    let code = error.code;
    match (error.kind, code) {
        // A pause has a number, too: that of the failure which began it.
        (Kind::Paused { .. } | Kind::Busy, _) => (Abandon::Unsent, error),
        (_, Some(code)) if error.buries_refresh_token() => {
            let begun = unended.filter(|_| error.says_exchanged());
            if let Some(begun) = begun {
                error.kind = Kind::TokensLost;
                error.message = format!(
                    "a renewal of the tokens, begun {} ago, was cut off before its reply was stored; 115 had exchanged \
                     them by then, so the new ones are lost and it refuses the old ones ({code})",
                    ago(now.saturating_sub(begun))
                );
            }
            (Abandon::Refused(Refusal { code, lost: begun.is_some() }), error)
        }
        (Kind::Renewals, _) => {
            error.retry_after = Some(SILENCE);
            (Abandon::Declined { code, silence: Some(SILENCE) }, error)
        }
        // Said of the access token, which was not even sent: whatever it means, a person has to look at it.
        (Kind::Token, _) => {
            error.kind = Kind::Session;
            (Abandon::Declined { code, silence: None }, error)
        }
        (Kind::Transport | Kind::Timeout, _) if error.unsent() => (Abandon::Unsent, error),
        (Kind::Transport | Kind::Timeout | Kind::Undecodable, _) | (Kind::Transient, None) => {
            error.message = format!("no readable reply to a renewal of the tokens: {}", error.message);
            error.retry_after = Some(DOUBT);
            (Abandon::Unknown, error)
        }
        _ => (Abandon::Declined { code, silence: None }, error),
    }
}

/// A time that has passed, in its greatest unit.
fn ago(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=119 => (seconds, "seconds"),
        120..=7_199 => (seconds / 60, "minutes"),
        7_200..=172_799 => (seconds / 3600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::error::judge;
    use crate::error::{Cause, Site};

    const SITE: Site = Site { call: "refresh_token", host: "passportapi.115.com" };
    const LOST: Abandon = Abandon::Refused(Refusal { code: 40_140_120, lost: true });

    fn declined(code: i64) -> Abandon {
        Abandon::Declined { code: Some(code), silence: None }
    }

    #[rstest]
    #[case::revoked(40_140_116, None, Abandon::Refused(Refusal { code: 40_140_116, lost: false }), Kind::Session)]
    #[case::newer_elsewhere(40_140_120, None, Abandon::Refused(Refusal { code: 40_140_120, lost: false }), Kind::Session)]
    #[case::lost(40_140_120, Some(700), LOST, Kind::TokensLost)]
    #[case::lost_by_another_number(
        40_140_116,
        Some(700),
        Abandon::Refused(Refusal { code: 40_140_116, lost: true }),
        Kind::TokensLost
    )]
    #[case::expired_in_doubt(
        40_140_119,
        Some(700),
        Abandon::Refused(Refusal { code: 40_140_119, lost: false }),
        Kind::Session
    )]
    #[case::too_often(
        40_140_117,
        Some(700),
        Abandon::Declined { code: Some(40_140_117), silence: Some(SILENCE) },
        Kind::Renewals
    )]
    #[case::failed(40_140_121, None, declined(40_140_121), Kind::Transient)]
    #[case::app_stopped(40_140_109, None, declined(40_140_109), Kind::App)]
    #[case::not_logged_in(99, None, declined(99), Kind::Session)]
    #[case::said_of_the_other_token(40_140_125, None, declined(40_140_125), Kind::Session)]
    fn what_a_number_says(#[case] code: i64, #[case] unended: Option<u64>, #[case] why: Abandon, #[case] kind: Kind) {
        let (told, error) = verdict(Error::answered(SITE, judge, Some(code), "x"), unended, 1000);
        assert_eq!((told, error.kind), (why, kind));
    }

    #[rstest]
    #[case(Kind::Timeout, Abandon::Unknown)]
    #[case(Kind::Transport, Abandon::Unknown)]
    #[case(Kind::Transient, Abandon::Unknown)]
    #[case(Kind::Undecodable, Abandon::Unknown)]
    #[case(Kind::Paused { cause: Cause::Waf }, Abandon::Unsent)]
    #[case(Kind::Waf, Abandon::Declined { code: None, silence: None })]
    #[case(Kind::Quota, Abandon::Declined { code: None, silence: None })]
    fn what_no_number_says(#[case] kind: Kind, #[case] why: Abandon) {
        assert_eq!(verdict(Error::new(kind, SITE, "x"), None, 1000).0, why);
    }

    #[rstest]
    #[case(0, "0 seconds")]
    #[case(119, "119 seconds")]
    #[case(300, "5 minutes")]
    #[case(7_200, "2 hours")]
    #[case(200_000, "2 days")]
    fn how_long_ago(#[case] seconds: u64, #[case] said: &str) {
        assert_eq!(ago(seconds), said);
        let (_, error) = verdict(Error::answered(SITE, judge, Some(40_140_120), "x"), Some(1000), 1000 + seconds);
        assert!(error.message.contains(said), "{error}");
    }
}
