//! Failure as the rest of the gateway may know it: a kind to branch on, and 115's own words for the log.

mod authorisation;
mod login;
mod share;
mod table;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::login::LoginFault;
pub(crate) use self::login::{judge_login, judge_poll};
pub use self::share::ShareFault;
pub(crate) use self::share::{judge_share, judge_snap};
pub(crate) use self::table::{ORDER_UNSUPPORTED, judge};

/// What a failure means to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The file or folder does not exist (any more).
    NotFound,
    /// A folder, where only a file will do.
    Folder,
    /// The upload of the file is not complete.
    NotReady,
    /// 115 has flagged the content and does not give it out.
    Flagged,
    /// The session is dead: log in again.
    Session,
    /// 115 does not take the access token (any more); a new one may do.
    Token,
    /// 115 wants to be asked for new tokens later.
    Renewals,
    /// 115 has exchanged the tokens, and the reply with the new ones was lost: log in again.
    TokensLost,
    /// 115 does not serve the app that the account was logged in with.
    App,
    /// The tokens could not be read or kept, here.
    Keeper,
    /// 115 wants a person to solve a captcha.
    Captcha,
    /// 115's web application firewall blocks the account.
    Waf,
    /// Too many calls for 115's taste.
    Quota,
    /// The file is too big for this way to a link.
    TooBig,
    /// The folder has more than 50,000 entries, which 115 does not list.
    TooMany,
    /// This way does not work (any more), which says nothing about the file.
    WayClosed,
    /// Something is wrong with the share.
    Share(ShareFault),
    /// 115 does not log in.
    Login(LoginFault),
    /// 115 rejects the parameters: a mistake of this crate.
    Rejected,
    /// 115 refuses with a number and a text that nobody has explained yet.
    Refused,
    /// 115 stumbled; the same call may work in a moment.
    Transient,
    /// The connection failed.
    Transport,
    /// No complete answer in time.
    Timeout,
    /// The answer is not what the call gives.
    Undecodable,
    /// No call was made: the account is paused.
    Paused {
        /// Why it is.
        cause: Cause,
    },
    /// No call was made: its turn in the rate budget would have come too late.
    Busy,
}

/// Why an account is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The firewall blocked it: eleven minutes.
    Waf,
    /// A captcha waits for a person: until resumed.
    Captcha,
    /// The session is dead: until resumed or replaced.
    Session,
    /// The quota is used up: a minute or as long as 115 says, and longer where it is used up again soon after.
    Quota,
    /// The access token is over, and 115 gives out no new one for ten minutes.
    Renewals,
    /// The tokens were lost on their way here: until resumed or replaced.
    TokensLost,
    /// 115 does not serve the app: until resumed or replaced.
    App,
}

impl Cause {
    /// Whether another login makes it meaningless.
    pub(crate) fn of_login(self) -> bool {
        matches!(self, Self::Session | Self::Renewals | Self::TokensLost | Self::App)
    }
}

impl Kind {
    /// What a person can do about it, where there is something to do.
    #[must_use]
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::Session | Self::Paused { cause: Cause::Session } => {
                Some("log in to 115 again and store the new cookie or tokens")
            }
            Self::TokensLost | Self::Paused { cause: Cause::TokensLost } => {
                Some("log in to 115 again, or put a new pair of tokens into the configuration")
            }
            Self::App | Self::Paused { cause: Cause::App } => Some("ask whoever runs the app, or use another one"),
            Self::Renewals | Self::Paused { cause: Cause::Renewals } => Some("wait; do not log in again"),
            Self::Keeper => Some("see that the data directory can be written and is not full"),
            Self::Captcha | Self::Paused { cause: Cause::Captcha } => {
                Some("open 115.com in a browser, solve the captcha, then resume the account")
            }
            Self::Waf | Self::Paused { cause: Cause::Waf } => Some("wait; a lower rate keeps the firewall away"),
            Self::Quota | Self::Paused { cause: Cause::Quota } => Some("wait; 115 limits the calls of an account"),
            Self::NotReady => Some("wait until the upload is complete"),
            Self::Flagged => Some("115 blocks this file; only 115 can lift that"),
            Self::Share(fault) => Some(fault.advice()),
            Self::Login(fault) => Some(fault.advice()),
            _ => None,
        }
    }

    /// What it means in a sentence, for the kinds whose name alone does not tell a person.
    #[must_use]
    pub fn sentence(self) -> Option<String> {
        match self {
            Self::Share(fault) => Some(fault.to_string()),
            Self::Login(fault) => Some(fault.to_string()),
            _ => None,
        }
    }

    /// Its name, for whoever counts failures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Folder => "folder",
            Self::NotReady => "not_ready",
            Self::Flagged => "flagged",
            Self::Session => "session",
            Self::Token => "token",
            Self::Renewals => "renewals",
            Self::TokensLost => "tokens_lost",
            Self::App => "app",
            Self::Keeper => "keeper",
            Self::Captcha => "captcha",
            Self::Waf => "waf",
            Self::Quota => "quota",
            Self::TooBig => "too_big",
            Self::TooMany => "too_many",
            Self::WayClosed => "way_closed",
            Self::Share(_) => "share",
            Self::Login(_) => "login",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Transient => "transient",
            Self::Transport => "transport",
            Self::Timeout => "timeout",
            Self::Undecodable => "undecodable",
            Self::Paused { .. } => "paused",
            Self::Busy => "busy",
        }
    }

    /// What it pauses the account for, if it does.
    pub(crate) fn cause(self) -> Option<Cause> {
        Some(match self {
            Self::Waf => Cause::Waf,
            Self::Captcha => Cause::Captcha,
            Self::Session => Cause::Session,
            Self::Quota => Cause::Quota,
            Self::Renewals => Cause::Renewals,
            Self::TokensLost => Cause::TokensLost,
            Self::App => Cause::App,
            _ => return None,
        })
    }

    /// Whether another login makes it meaningless.
    pub(crate) fn of_login(self) -> bool {
        self.cause().is_some_and(Cause::of_login)
    }

    /// Whether a call that only reads may be made again at once.
    pub(crate) fn repeatable(self) -> bool {
        matches!(self, Self::Transport | Self::Timeout | Self::Transient)
    }
}

/// Which call to which host of 115.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) call: &'static str,
    pub(crate) host: &'static str,
}

/// A call that did not give what it should.
#[derive(Debug, Clone)]
pub struct Error {
    /// What it means.
    pub kind: Kind,
    /// 115's number, where it sent one that is not 0; of a pause, the number that began it.
    pub code: Option<i64>,
    /// 115's own text or ours, one line, at most 300 characters, never a secret.
    pub message: String,
    /// The label of the call, such as `files`.
    pub call: &'static str,
    /// 115's name for the host, whatever address stands for it.
    pub host: &'static str,
    /// When to come back, where that is known.
    pub retry_after: Option<Duration>,
    /// What broke below.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: Kind, site: Site, message: &str) -> Self {
        let message = clean(message);
        Self { kind, code: None, message, call: site.call, host: site.host, retry_after: None, source: None }
    }

    /// From the number and the text of a reply that reports failure.
    pub(crate) fn answered(site: Site, judge: fn(Option<i64>, &str) -> Kind, code: Option<i64>, text: &str) -> Self {
        let kind = judge(code, text);
        // A refusal that 115 leaves without a text is put into words.
        let words = if text.trim().is_empty() { kind.sentence() } else { None };
        Self { code, ..Self::new(kind, site, words.as_deref().unwrap_or(text)) }
    }

    /// A failure that we know ourselves, in our words.
    pub(crate) fn plain(kind: Kind, site: Site) -> Self {
        Self::new(kind, site, &kind.sentence().unwrap_or_default())
    }

    pub(crate) fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Whether another way to a link is pointless: this one has answered about the file or the account. Everything else
    /// only says that this way, or its host, does not work.
    #[must_use]
    pub fn final_for_link(&self) -> bool {
        match self.kind {
            Kind::TooBig | Kind::WayClosed | Kind::Undecodable | Kind::Waf | Kind::Transport | Kind::Timeout => false,
            // A numbered stumble is 115's answer; an unnumbered one (5xx after every retry) is a broken way.
            Kind::Transient => self.code.is_some(),
            _ => true,
        }
    }

    /// What 115's number means in plain words, where it is one of authorisation (`docs/115.md` §10.3).
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        self.row().map(|row| row.meaning)
    }

    /// What a person can do about it: about this very number where that is known, else about the kind.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        self.row().map(|row| row.advice).or(self.kind.advice())
    }

    /// The row of its number, unless more is known than the number says.
    fn row(&self) -> Option<&'static authorisation::Row> {
        authorisation::find(self.code?).filter(|row| match self.kind {
            Kind::Paused { cause } => row.kind.cause() == Some(cause),
            kind => row.kind == kind,
        })
    }

    /// A login is asked for in the words that 115 has for a token, too: 99, or no number at all.
    pub(crate) fn asks_for_login(&self) -> bool {
        self.kind == Kind::Session && matches!(self.code, None | Some(-1 | 99 | 990_001))
    }

    /// Whether 115 will never take this refresh token again.
    pub(crate) fn buries_refresh_token(&self) -> bool {
        self.code.is_some_and(authorisation::buries_refresh_token)
    }

    /// Whether this is what 115 says of a refresh token that it has already exchanged.
    pub(crate) fn says_exchanged(&self) -> bool {
        self.code.is_some_and(authorisation::says_exchanged)
    }

    /// Whether the connection failed before anything could have gone out.
    pub(crate) fn unsent(&self) -> bool {
        let cause = self.source.as_deref().and_then(|source| source.downcast_ref::<reqwest::Error>());
        cause.is_some_and(|e| e.is_connect() || e.is_builder())
    }

    /// 115 knows no such login, whatever that means for this call.
    pub(crate) fn denies_login(&self) -> bool {
        judge(self.code, &self.message) == Kind::Session
    }

    /// 115 wants a newer client, which it judges by the User-Agent.
    pub(crate) fn wants_newer_client(&self) -> bool {
        self.kind == Kind::WayClosed && table::too_old(&self.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "115 {} ({}): {:?}", self.call, self.host, self.kind)?;
        if let Some(code) = self.code {
            write!(f, " {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}

/// One bounded line: the text comes from the network and goes to a log.
fn clean(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const SITE: Site = Site { call: "files", host: "webapi.115.com" };

    #[test]
    fn a_message_is_one_bounded_line() {
        let error = Error::answered(SITE, judge, Some(99), &format!("a\nb\u{1b}{}", "长".repeat(900)));
        assert_eq!(error.message.chars().count(), 300);
        assert!(error.message.starts_with("a b 长"));
        assert!(error.to_string().starts_with("115 files (webapi.115.com): Session 99: a b 长"), "{error}");
    }

    #[rstest]
    #[case(Kind::TooBig, None, false)]
    #[case(Kind::WayClosed, Some(980_006), false)]
    #[case(Kind::Undecodable, None, false)]
    #[case(Kind::Waf, None, false)]
    #[case(Kind::Transport, None, false)]
    #[case(Kind::Timeout, None, false)]
    #[case(Kind::Transient, None, false)]
    #[case(Kind::Transient, Some(50038), true)]
    #[case(Kind::NotFound, Some(50015), true)]
    #[case(Kind::Folder, None, true)]
    #[case(Kind::NotReady, Some(70004), true)]
    #[case(Kind::Flagged, Some(50038), true)]
    #[case(Kind::Session, Some(99), true)]
    #[case(Kind::Captcha, Some(911), true)]
    #[case(Kind::Quota, Some(406), true)]
    #[case(Kind::Rejected, Some(990_002), true)]
    #[case(Kind::Refused, Some(7), true)]
    #[case(Kind::Paused { cause: Cause::Waf }, None, true)]
    #[case(Kind::Busy, None, true)]
    fn which_answers_end_the_search_for_a_link(#[case] kind: Kind, #[case] code: Option<i64>, #[case] last: bool) {
        assert_eq!(Error { code, ..Error::new(kind, SITE, "") }.final_for_link(), last);
    }
}
