//! When an account must keep still: why, until when, and which single call may go out all the same.

use std::time::Duration;

use crate::error::{Cause, Error};

/// The firewall forgets after about this long (`docs/115.md` §7.2).
const WAF: Duration = Duration::from_secs(11 * 60);
const QUOTA: Duration = Duration::from_secs(60);
/// Whatever 115 says, it is asked again after this.
const MAX_QUOTA: Duration = Duration::from_secs(10 * 60);

/// How long 115 is not asked for new tokens once it has found this too often (§10.3, §11).
const RENEWALS: Duration = Duration::from_secs(10 * 60);

/// A time without calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub cause: Cause,
    /// Its end on the client's clock; without one it lasts until it is resumed.
    pub until: Option<Duration>,
    /// 115's number, where the failure had one.
    pub code: Option<i64>,
}

impl Pause {
    /// The pause that a failure calls for.
    pub(super) fn after(error: &Error, now: Duration) -> Option<Self> {
        let cause = error.kind.cause()?;
        let length = match cause {
            Cause::Waf => Some(WAF),
            Cause::Quota => Some(error.retry_after.unwrap_or(QUOTA).min(MAX_QUOTA)),
            Cause::Renewals => Some(error.retry_after.unwrap_or(RENEWALS).min(RENEWALS)),
            Cause::Captcha | Cause::Session | Cause::TokensLost | Cause::App => None,
        };
        Some(Self { cause, until: length.map(|length| now + length), code: error.code })
    }

    fn outlasts(&self, other: &Self) -> bool {
        match (self.until, other.until) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(own), Some(other)) => own >= other,
        }
    }
}

/// The pause in force and the host that caused it.
#[derive(Debug, Default)]
pub(super) struct Pauses(Option<(Pause, &'static str)>);

impl Pauses {
    pub(super) fn current(&mut self, now: Duration) -> Option<Pause> {
        if self.0.is_some_and(|(pause, _)| pause.until.is_some_and(|until| until <= now)) {
            self.0 = None;
        }
        self.0.map(|(pause, _)| pause)
    }

    /// The pause that stops a call to `host` by an operation that the firewall of `blocked` has just stopped.
    pub(super) fn stops(&mut self, now: Duration, host: &str, blocked: Option<&str>) -> Option<Pause> {
        self.current(now)?;
        self.0
            .filter(|(pause, by)| pause.cause != Cause::Waf || blocked != Some(*by) || host == *by)
            .map(|(pause, _)| pause)
    }

    /// Ends a pause that a person may end; one that 115 wants is sat out.
    pub(super) fn resume(&mut self) {
        self.0 = self.0.take().filter(|(pause, _)| pause.until.is_some());
    }

    /// Ends a pause that the login has caused, and no other.
    pub(super) fn logged_in(&mut self) {
        self.0 = self.0.take().filter(|(pause, _)| !pause.cause.of_login());
    }

    /// A shorter pause never cuts a longer one short.
    pub(super) fn begin(&mut self, pause: Pause, host: &'static str) {
        if self.0.is_none_or(|(current, _)| pause.outlasts(&current)) {
            self.0 = Some((pause, host));
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::error::{Kind, Site};

    const START: Duration = Duration::from_secs(100);

    fn after(kind: Kind, retry_after: Option<u64>) -> Option<Option<u64>> {
        let site = Site { call: "files", host: "webapi.115.com" };
        let error = Error::new(kind, site, "").after(retry_after.map(Duration::from_secs));
        Pause::after(&error, START).map(|pause| pause.until.map(|until| (until - START).as_secs()))
    }

    #[rstest]
    #[case(Kind::Waf, None, Some(Some(660)))]
    #[case(Kind::Quota, None, Some(Some(60)))]
    #[case(Kind::Quota, Some(90), Some(Some(90)))]
    #[case(Kind::Quota, Some(9000), Some(Some(600)))]
    #[case(Kind::Captcha, None, Some(None))]
    #[case(Kind::Session, None, Some(None))]
    #[case(Kind::TokensLost, None, Some(None))]
    #[case(Kind::App, None, Some(None))]
    #[case(Kind::Renewals, None, Some(Some(600)))]
    #[case(Kind::Renewals, Some(90), Some(Some(90)))]
    #[case(Kind::Token, None, None)]
    #[case(Kind::Keeper, None, None)]
    #[case(Kind::NotFound, None, None)]
    #[case(Kind::Transport, None, None)]
    fn what_each_failure_costs(#[case] kind: Kind, #[case] told: Option<u64>, #[case] pause: Option<Option<u64>>) {
        assert_eq!(after(kind, told), pause);
    }

    fn pause(cause: Cause, until: Option<u64>) -> Pause {
        Pause { cause, until: until.map(Duration::from_secs), code: None }
    }

    #[test]
    fn ends_by_itself_and_is_not_cut_short() {
        let mut pauses = Pauses::default();
        pauses.begin(pause(Cause::Waf, Some(700)), "a");
        pauses.begin(pause(Cause::Quota, Some(160)), "b");
        assert_eq!(pauses.current(START).unwrap().cause, Cause::Waf);
        assert_eq!(pauses.current(Duration::from_secs(700)), None);
        pauses.begin(pause(Cause::Session, None), "a");
        pauses.begin(pause(Cause::Waf, Some(9000)), "a");
        assert_eq!(pauses.current(Duration::from_secs(8000)).unwrap().cause, Cause::Session);
    }

    #[test]
    fn another_login_ends_what_a_login_has_caused() {
        for (cause, goes_on) in [
            (Cause::Session, false),
            (Cause::TokensLost, false),
            (Cause::App, false),
            (Cause::Renewals, false),
            (Cause::Waf, true),
            (Cause::Quota, true),
            (Cause::Captcha, true),
        ] {
            let mut pauses = Pauses::default();
            pauses.begin(pause(cause, None), "a");
            pauses.logged_in();
            assert_eq!(pauses.current(START).is_some(), goes_on, "{cause:?}");
        }
    }

    #[rstest]
    #[case::another_host(Cause::Waf, "b", Some("a"), false)]
    #[case::the_same_host(Cause::Waf, "a", Some("a"), true)]
    #[case::another_operation(Cause::Waf, "b", None, true)]
    #[case::blocked_elsewhere(Cause::Waf, "b", Some("b"), true)]
    #[case::another_cause(Cause::Session, "b", Some("a"), true)]
    fn only_the_blocked_operation_passes_and_only_elsewhere(
        #[case] cause: Cause,
        #[case] host: &str,
        #[case] blocked: Option<&str>,
        #[case] stopped: bool,
    ) {
        let mut pauses = Pauses::default();
        pauses.begin(pause(cause, Some(700)), "a");
        assert_eq!(pauses.stops(START, host, blocked).is_some(), stopped);
    }
}
