//! What can go wrong when a login is made, and what its numbers and phrases mean (`docs/115.md` §2).

use super::Kind;
use super::table;

/// Why 115 does not log in. Shown as a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LoginFault {
    /// The QR code was not confirmed in time.
    #[error("the QR code has expired")]
    Expired,
    /// 115 has taken the app type out of service.
    #[error("115 does not log in this type of app any more")]
    Withdrawn,
    /// 115 mistrusts the address.
    #[error("115 finds logins from this address abnormal")]
    Address,
    /// A password is wrong.
    #[error("115 says that the password is wrong")]
    Password,
    /// The account has two-step verification on.
    #[error("115 wants a second step of verification")]
    TwoSteps,
    /// 115 could not verify the user.
    #[error("115 could not verify the user")]
    Unverified,
    /// The account has no mobile number.
    #[error("the account has no mobile number, which 115 wants for this")]
    NoMobile,
    /// The login that was to be used has ended.
    #[error("115 asks for another login")]
    Again,
    /// The same code was used for a login before.
    #[error("115 says that this login was made already")]
    Repeated,
    /// Somebody removed the device.
    #[error("the device was logged out in 115's device management")]
    Removed,
    /// The login was ended.
    #[error("the login has been ended")]
    Ended,
    /// 115 misses a parameter, or does not like one.
    #[error("115 does not take the QR code's token")]
    Token,
    /// Any other refusal.
    #[error("115 refuses the login")]
    Refused,
}

impl LoginFault {
    /// What a person can do about it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Expired => "begin again and scan the new code within a few minutes",
            Self::Withdrawn => "choose another type of app, such as wechatmini",
            Self::Address => {
                "wait, at times until midnight in China, or choose another type of app: it is mostly `web` that is refused"
            }
            Self::Password => "scan a QR code with the 115 app: no password is used here",
            Self::TwoSteps => "finish the verification in the 115 app, then begin again",
            Self::Unverified => "begin again; if it stays so, log in to the 115 app anew first",
            Self::NoMobile => "bind a mobile number to the account in the 115 app, then begin again",
            Self::Again | Self::Ended => "begin again with a new code",
            Self::Repeated => "begin again with a new code: each one is good for one login",
            Self::Removed => "log in again; see in the 115 app who removes devices",
            Self::Token => {
                "begin again with a new code; a token that was written down is good only once and for minutes"
            }
            Self::Refused => "read what 115 says, then begin again with a new code",
        }
    }
}

/// As [`table::judge`], for calls of a login: what ends a session elsewhere is only this login's own failure here.
pub(crate) fn judge_login(code: Option<i64>, text: &str) -> Kind {
    let fault = match code {
        Some(40_199_002) => LoginFault::Expired,
        Some(40_101_004) => LoginFault::Address,
        Some(40_101_009) => LoginFault::Password,
        Some(40_101_010) => LoginFault::TwoSteps,
        Some(40_101_017) => LoginFault::Unverified,
        Some(40_101_030) => LoginFault::NoMobile,
        Some(40_101_032) => LoginFault::Again,
        Some(40_101_033 | 40_101_038) => LoginFault::Repeated,
        Some(40_101_035) => LoginFault::Removed,
        Some(40_101_037) => LoginFault::Ended,
        Some(40_100_000) => LoginFault::Token,
        // "Taken off the shelves", with every number 0.
        None if text.contains("下架") => LoginFault::Withdrawn,
        code => match table::judge(code, text) {
            Kind::Session => LoginFault::Again,
            Kind::Refused | Kind::NotFound => LoginFault::Refused,
            kind => return kind,
        },
    };
    Kind::Login(fault)
}

/// As [`judge_login`], for the poll: there a failure without a number says that the code is not valid any more.
pub(crate) fn judge_poll(code: Option<i64>, text: &str) -> Kind {
    match judge_login(code, text) {
        Kind::Login(LoginFault::Refused) if code.is_none() => Kind::Login(LoginFault::Expired),
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some(40_199_002), "", Kind::Login(LoginFault::Expired))]
    #[case(Some(40_101_099), "", Kind::Login(LoginFault::Again))]
    #[case(Some(99), "", Kind::Login(LoginFault::Again))]
    #[case(None, "登录失败,系统已下架!", Kind::Login(LoginFault::Withdrawn))]
    #[case(None, "", Kind::Login(LoginFault::Refused))]
    #[case(Some(123), "?", Kind::Login(LoginFault::Refused))]
    #[case(Some(911), "", Kind::Captcha)]
    #[case(Some(-1), "操作过于频繁", Kind::Quota)]
    #[case(Some(40_110_000), "", Kind::Transient)]
    fn what_a_failure_says_of_the_login(#[case] code: Option<i64>, #[case] text: &str, #[case] kind: Kind) {
        assert_eq!(judge_login(code, text), kind);
    }

    #[test]
    fn a_poll_without_a_number_is_about_the_code() {
        assert_eq!(judge_poll(None, ""), Kind::Login(LoginFault::Expired));
        assert_eq!(judge_poll(Some(123), ""), Kind::Login(LoginFault::Refused));
    }
}
