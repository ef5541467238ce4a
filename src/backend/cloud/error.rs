//! What the wire says went wrong, as a failure with advice for the person who runs this gateway.

use p115::{Cause, Kind as Wire, LoginFault};

use crate::{
    drive::Pause,
    error::{Error, Kind},
};

const LOG_IN: &str = "The 115 cookie is dead: 115 asks for a new login, as it does after another login of the same kind of device. Run `gate115 login` for the mount; or log in to 115 again, put the new cookie into the configuration (`cookie`), and reload (SIGHUP) or restart.";
const CAPTCHA: &str = "115 wants a captcha solved (911). Open 115.com in a browser with this account, solve it, then run `gate115 unblock` for the mount. No calls go out until then, also after a restart.";
const WAF: &str = "115's firewall has blocked the account for a while (405). No calls go out until the pause is over; links and listings that are known still work. A lower `rate` keeps this away.";
const QUOTA: &str = "115 limits how often the account may ask. No calls go out until the pause is over; links and listings that are known still work.";

const REFUSES: &str = "115 refuses";
const LOOK: &str =
    "Try again in a moment; if it stays so, open 115.com in a browser with this account to see what is wrong";

const KICKED: &str = "115 still lists folders for this cookie and gives it no links: another login of the same kind of device has ended it. Run `gate115 login` for the mount, as an app type that nobody uses, such as wechatmini.";

pub(in crate::backend) fn kicked_session() -> Error {
    Error::new(Kind::Session, KICKED)
}

pub(in crate::backend) fn dead_session() -> Error {
    Error::new(Kind::Session, LOG_IN)
}

pub(crate) fn translate(cause: &p115::Error) -> Error {
    let (kind, message) = match cause.kind {
        Wire::NotFound | Wire::Folder => (Kind::NotFound, "115 has no such folder any more.".to_owned()),
        Wire::NotReady => {
            (Kind::NotReady, "The upload of this file has not ended at 115. Open it once it has.".to_owned())
        }
        Wire::Flagged => (Kind::Forbidden, "115 has flagged this file and does not give it out.".to_owned()),
        Wire::Session | Wire::Paused { cause: Cause::Session } => (Kind::Session, LOG_IN.to_owned()),
        Wire::Captcha | Wire::Paused { cause: Cause::Captcha } => (Kind::Paused, CAPTCHA.to_owned()),
        Wire::Waf | Wire::Paused { cause: Cause::Waf } => (Kind::Paused, WAF.to_owned()),
        Wire::Quota | Wire::Paused { cause: Cause::Quota } => (Kind::Paused, QUOTA.to_owned()),
        Wire::Busy => {
            (Kind::Busy, "Too many questions to 115 are waiting for their turn. Try again in a moment.".to_owned())
        }
        Wire::Timeout => (Kind::Timeout, "115 did not answer in time. Try again in a moment.".to_owned()),
        Wire::Transport => (Kind::Upstream, "115 cannot be reached. Check this server's network and DNS.".to_owned()),
        Wire::TooBig => (
            Kind::Upstream,
            "115 gives files over 200 MB only by ways that do not work at the moment. Try again later.".to_owned(),
        ),
        Wire::TooMany => (
            Kind::Upstream,
            "115 does not list a folder of more than 50,000 entries. Move some of them to other folders at 115."
                .to_owned(),
        ),
        Wire::Login(fault) => (Kind::Session, login(fault, cause)),
        Wire::Transient => (Kind::Upstream, said(cause, "115 stumbled", "Try again in a moment")),
        Wire::WayClosed => {
            (Kind::Upstream, said(cause, "115 no longer answers what this version asks", "Look for a newer gate115"))
        }
        Wire::Rejected => (
            Kind::Upstream,
            said(cause, "115 does not understand what this version asks", "Look for a newer gate115, or report this"),
        ),
        Wire::Undecodable => (
            Kind::Upstream,
            said(
                cause,
                "115's answer cannot be read",
                "Try again in a moment; if it stays so, look for a newer gate115",
            ),
        ),
        Wire::Refused => (Kind::Upstream, said(cause, REFUSES, LOOK)),
        // What a login by tokens or a share may be told, and this drive is not: as strange as any other refusal.
        Wire::Token
        | Wire::Renewals
        | Wire::TokensLost
        | Wire::App
        | Wire::Keeper
        | Wire::Paused { cause: Cause::Renewals | Cause::TokensLost | Cause::App }
        | Wire::Share(_) => (Kind::Upstream, said(cause, REFUSES, LOOK)),
    };
    Error::new(kind, message).op(cause.call).retry_after(cause.retry_after).source(cause.clone())
}

/// Of a link, "not found" is another thing than of a folder: the file is listed, and gone.
pub(in crate::backend) fn of_link(error: Error) -> Error {
    if error.kind() == Kind::NotFound {
        Error::new(Kind::Gone, "This file is listed, but 115 says that it is gone.").op("link").source(error)
    } else {
        error
    }
}

/// Why 115 does not log in, what it says itself, and what to do.
fn login(fault: LoginFault, cause: &p115::Error) -> String {
    let code = cause.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let said = if cause.message.is_empty() { String::new() } else { format!(" It says: {}.", cause.message) };
    let (what, advice) = (capital(&fault.to_string()), capital(fault.advice()));
    format!("{what}{code}.{said} {advice}.")
}

pub(in crate::backend) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What happened, in 115's number and words too, and what to do.
fn said(cause: &p115::Error, what: &str, advice: &str) -> String {
    let words = cause.message.trim_end_matches(['.', '。']);
    let quoted = match (cause.code, words) {
        (None, "") => String::new(),
        (None, words) => format!(" ({words})"),
        (Some(code), "") => format!(" ({code})"),
        (Some(code), words) => format!(" ({code}: {words})"),
    };
    format!("{what}{quoted}. {advice}.")
}

/// A word for the cause of a pause.
pub(in crate::backend) fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::Waf => "waf",
        Cause::Captcha => "captcha",
        Cause::Session => "session",
        Cause::Quota => "quota",
        Cause::Renewals => "renewals",
        Cause::TokensLost => "tokens_lost",
        Cause::App => "app",
    }
}

pub(in crate::backend) fn pause(pause: &p115::Pause, now: std::time::Duration) -> Pause {
    let reason = match pause.cause {
        // Those of a login by tokens, which this drive has none of, ask for another login as well.
        Cause::Session | Cause::Renewals | Cause::TokensLost | Cause::App => LOG_IN,
        Cause::Captcha => CAPTCHA,
        Cause::Waf => WAF,
        Cause::Quota => QUOTA,
    };
    Pause {
        cause: word(pause.cause),
        reason: reason.to_owned(),
        left: pause.until.map(|until| until.saturating_sub(now)),
    }
}
