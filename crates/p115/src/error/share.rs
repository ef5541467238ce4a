//! What can be wrong with a share, and what its numbers and phrases say of it (`docs/115.md` §9.3, §9.4).

use super::Kind;
use super::table;

/// Why a share does not give what was asked of it. Shown as a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ShareFault {
    /// The share has a receive code, and none was given.
    #[error("the share asks for a receive code, and none is given")]
    CodeRequired,
    /// It has another receive code.
    #[error("the receive code of the share is wrong")]
    WrongCode,
    /// 115 does not take the text for a share code.
    #[error("115 does not take this text for a share code")]
    Malformed,
    /// There is no such share, or it was deleted.
    #[error("there is no such share, or it has been deleted")]
    Missing,
    /// Its owner has cancelled it.
    #[error("the share has been cancelled")]
    Cancelled,
    /// Its time is over.
    #[error("the share has expired")]
    Expired,
    /// 115 has blocked it for its content.
    #[error("115 has blocked the share for what is in it")]
    Blocked,
    /// Its owner may not share any more.
    #[error("115 does not serve the share: sharing is closed for it")]
    Closed,
    /// 115 has not approved it yet.
    #[error("115 is still reviewing the share")]
    Reviewing,
    /// 115 has not yet made the share's list of files.
    #[error("115 is still building the share's list of files")]
    Building,
    /// Too many share calls came from this address.
    #[error("115 makes share calls from this address wait")]
    Throttled,
    /// 115 says that it is in a state that nobody has explained yet.
    #[error("the share is not available")]
    Unavailable,
    /// Links take an account, and the share was given none. No call was made.
    #[error("files of a share can be listed without a login but not opened: this share has no 115 cookie")]
    NeedsLogin,
}

impl ShareFault {
    /// What a person can do about it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::CodeRequired => "give the receive code: the four characters after `password=` in the share link",
            Self::WrongCode => "check the receive code, or ask the owner of the share for the new one",
            Self::Malformed => "check the share code: what follows `/s/` in the share link",
            Self::Missing | Self::Cancelled | Self::Expired => "ask the owner of the share for a new link",
            Self::Blocked => "nothing can be done here: only the owner can take it up with 115",
            Self::Closed => "ask the owner of the share to look at its state at 115",
            Self::Reviewing => "wait until 115 has approved the share; that may take hours",
            Self::Building => "wait a minute: the share is new",
            Self::Throttled => "wait; fewer share mounts or a lower rate keep this away",
            Self::Unavailable => "open the share link in a browser to see what 115 says of it",
            Self::NeedsLogin => "give the share the cookie of any 115 account",
        }
    }

    /// Whether only the owner or a new configuration can change it, so that asking again soon is pointless.
    #[must_use]
    pub fn lasts(self) -> bool {
        !matches!(self, Self::Reviewing | Self::Building | Self::Throttled | Self::Unavailable)
    }

    /// What `share_state` says, as far as it speaks against the share.
    pub(crate) fn of_state(state: i64) -> Option<Self> {
        Some(match state {
            1 => return None,
            0 | 8 => Self::Reviewing,
            2 | 3 | 6 => Self::Blocked,
            4 => Self::Cancelled,
            5 => Self::Missing,
            7 => Self::Expired,
            _ => Self::Unavailable,
        })
    }
}

/// As [`table::judge`], for calls about a share.
pub(crate) fn judge_share(code: Option<i64>, text: &str) -> Kind {
    let fault = match code {
        // "Busy", as a rule without a text.
        Some(4_100_001) => return Kind::Transient,
        // An id that is no file's.
        Some(4_100_013) => return Kind::Folder,
        Some(4_100_000) => ShareFault::Closed,
        Some(4_100_008) => ShareFault::WrongCode,
        Some(4_100_009 | 4_100_010) => ShareFault::Cancelled,
        Some(4_100_012) => ShareFault::CodeRequired,
        Some(4_100_018) => ShareFault::Expired,
        Some(4_100_026) => ShareFault::Missing,
        Some(4_100_033) => ShareFault::Blocked,
        code => match (table::judge(code, text), by_phrase(text)) {
            (Kind::Refused, Some(fault)) => fault,
            (kind, _) => return kind,
        },
    };
    Kind::Share(fault)
}

/// As [`judge_share`], where the only parameters are the share's own: it is they that are wrong.
pub(crate) fn judge_snap(code: Option<i64>, text: &str) -> Kind {
    match judge_share(code, text) {
        Kind::Rejected => Kind::Share(ShareFault::Malformed),
        kind => kind,
    }
}

fn by_phrase(text: &str) -> Option<ShareFault> {
    const PHRASES: [(&str, ShareFault); 4] = [
        ("快照", ShareFault::Building),
        ("已过期", ShareFault::Expired),
        ("请输入访问码", ShareFault::CodeRequired),
        ("已取消", ShareFault::Cancelled),
    ];
    PHRASES.iter().find(|(phrase, _)| text.contains(phrase)).map(|(_, fault)| *fault)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some(4_100_000), "分享功能已关闭", Kind::Share(ShareFault::Closed))]
    #[case(Some(4_100_001), "", Kind::Transient)]
    #[case(Some(4_100_008), "访问码错误", Kind::Share(ShareFault::WrongCode))]
    #[case(Some(4_100_009), "", Kind::Share(ShareFault::Cancelled))]
    #[case(Some(4_100_010), "", Kind::Share(ShareFault::Cancelled))]
    #[case(Some(4_100_012), "请输入访问码", Kind::Share(ShareFault::CodeRequired))]
    #[case(Some(4_100_013), "", Kind::Folder)]
    #[case(Some(4_100_018), "链接已过期", Kind::Share(ShareFault::Expired))]
    #[case(Some(4_100_026), "", Kind::Share(ShareFault::Missing))]
    #[case(Some(4_100_033), "", Kind::Share(ShareFault::Blocked))]
    #[case(None, "正在生成文件快照", Kind::Share(ShareFault::Building))]
    #[case(Some(-1), "链接已过期", Kind::Share(ShareFault::Expired))]
    #[case(None, "请输入访问码", Kind::Share(ShareFault::CodeRequired))]
    #[case(None, "分享已取消", Kind::Share(ShareFault::Cancelled))]
    #[case(Some(99), "", Kind::Session)]
    #[case(Some(990_001), "", Kind::Session)]
    #[case(Some(990_002), "", Kind::Rejected)]
    #[case(None, "当前版本过低，请升级到最新版本下载。", Kind::WayClosed)]
    #[case(Some(20_018), "", Kind::NotFound)]
    #[case(Some(50_028), "", Kind::TooBig)]
    #[case(None, "", Kind::Refused)]
    fn what_a_failure_says_of_the_share(#[case] code: Option<i64>, #[case] text: &str, #[case] kind: Kind) {
        assert_eq!(judge_share(code, text), kind);
    }

    #[test]
    fn a_listing_has_only_the_share_to_be_wrong_about() {
        assert_eq!(judge_snap(Some(990_002), "参数错误"), Kind::Share(ShareFault::Malformed));
        assert_eq!(judge_snap(Some(4_100_008), ""), Kind::Share(ShareFault::WrongCode));
    }

    #[test]
    fn only_what_may_pass_is_worth_asking_again() {
        assert!(ShareFault::Expired.lasts() && ShareFault::WrongCode.lasts() && ShareFault::NeedsLogin.lasts());
        assert!(!ShareFault::Building.lasts() && !ShareFault::Throttled.lasts());
    }
}
