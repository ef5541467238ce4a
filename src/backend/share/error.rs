//! What is wrong with a share, with advice; the rest is as for every drive of 115.

use std::time::Duration;

use p115::{Kind as Wire, ShareFault};

use crate::{
    backend::cloud,
    error::{Error, Kind},
};

/// A share that only its owner or another configuration can mend is asked this rarely (docs/115.md §9.4).
const LASTING: Duration = Duration::from_secs(600);
/// One that 115 is still at work on.
const PASSING: Duration = Duration::from_secs(60);

pub(super) fn translate(cause: &p115::Error) -> Error {
    let Wire::Share(fault) = cause.kind else { return cloud::error::translate(cause) };
    let code = cause.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let (what, advice) = (cloud::error::capital(&fault.to_string()), cloud::error::capital(advice(fault)));
    Error::new(kind(fault), format!("{what}{code}. {advice}."))
        .op(cause.call)
        .retry_after(hold(fault).map(|hold| cause.retry_after.unwrap_or(hold)))
        .source(cause.clone())
}

fn kind(fault: ShareFault) -> Kind {
    match fault {
        ShareFault::CodeRequired | ShareFault::WrongCode | ShareFault::Malformed | ShareFault::NeedsLogin => {
            Kind::Session
        }
        ShareFault::Missing | ShareFault::Cancelled | ShareFault::Expired => Kind::Ended,
        ShareFault::Blocked | ShareFault::Closed => Kind::Forbidden,
        ShareFault::Reviewing | ShareFault::Building | ShareFault::Throttled | ShareFault::Unavailable => Kind::Paused,
    }
}

fn advice(fault: ShareFault) -> &'static str {
    match fault {
        ShareFault::CodeRequired => {
            "write it into the configuration (`receive_code`): the four characters after `password=` in the share link"
        }
        ShareFault::NeedsLogin => {
            "run `gate115 login` for the mount, or give it the cookie of any 115 account (`cookie`)"
        }
        fault => fault.advice(),
    }
}

/// How long nothing is asked of the share; `None` where it is not the share that is at fault.
pub(super) fn hold(fault: ShareFault) -> Option<Duration> {
    match fault {
        ShareFault::NeedsLogin => None,
        fault if fault.lasts() => Some(LASTING),
        _ => Some(PASSING),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(ShareFault::CodeRequired, Kind::Session, "`receive_code`", Some(600))]
    #[case(ShareFault::WrongCode, Kind::Session, "receive code", Some(600))]
    #[case(ShareFault::Malformed, Kind::Session, "`/s/`", Some(600))]
    #[case(ShareFault::NeedsLogin, Kind::Session, "gate115 login", None)]
    #[case(ShareFault::Missing, Kind::Ended, "new link", Some(600))]
    #[case(ShareFault::Cancelled, Kind::Ended, "new link", Some(600))]
    #[case(ShareFault::Expired, Kind::Ended, "new link", Some(600))]
    #[case(ShareFault::Blocked, Kind::Forbidden, "only the owner", Some(600))]
    #[case(ShareFault::Closed, Kind::Forbidden, "owner", Some(600))]
    #[case(ShareFault::Reviewing, Kind::Paused, "approved", Some(60))]
    #[case(ShareFault::Building, Kind::Paused, "a minute", Some(60))]
    #[case(ShareFault::Throttled, Kind::Paused, "rate", Some(60))]
    #[case(ShareFault::Unavailable, Kind::Paused, "browser", Some(60))]
    fn every_fault_has_a_kind_and_advice(
        #[case] fault: ShareFault,
        #[case] kind: Kind,
        #[case] told: &str,
        #[case] held: Option<u64>,
    ) {
        assert_eq!((super::kind(fault), hold(fault)), (kind, held.map(Duration::from_secs)));
        assert!(advice(fault).contains(told), "{}", advice(fault));
    }
}
