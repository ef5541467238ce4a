//! Scripted misbehaviour: which calls fail, how often, and in what manner.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::ledger::LABELS;
use crate::open::codes;

/// Calls for a link that are answered under the cipher.
const SEALED: [&str; 3] = ["chrome_downurl", "android_download", "share_downurl"];
/// Those that are not.
const PLAIN: [&str; 6] = [
    "files_download",
    "open_downurl",
    "share_downurl_plain",
    "share_downurl_site",
    "share_downurl_web",
    "share_skip_login",
];

/// Which calls a fault waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Calls of one endpoint, by its ledger label.
    Call(&'static str),
    /// Every call of an API host.
    AnyApi,
    /// Every request for bytes.
    Cdn,
}

/// How often it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The next `n` matching calls.
    Next(u64),
    /// Every matching call.
    Always,
    /// The `n`th matching call, the `2n`th, and so on.
    Every(u64),
}

/// What happens. Each kind says where it can happen; elsewhere it does not strike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// API: this number and text, under whichever of the six number keys and four text keys chance picks (quirk 5).
    Errno(i64, &'static str),
    /// API: the number under exactly this key.
    ErrnoIn(&'static str, i64, &'static str),
    /// Open calls: this code of [`OPEN_CODES`](crate::OPEN_CODES) with its text.
    OpenCode(i64),
    /// Anywhere: a bare HTTP answer.
    Status(u16, &'static str),
    /// API: HTTP 429 with `X-RateLimit-Reset: <seconds>` (quirk 55).
    TooManyRequests(u64),
    /// API: the 405 page of the web application firewall (§7.2).
    Waf,
    /// API: 911, the account must be verified by hand (quirk 40).
    Captcha,
    /// API: 99, not logged in.
    NotLoggedIn,
    /// API: an HTML page with status 200.
    Html,
    /// Anywhere: bytes that are neither JSON nor what was asked for, with status 200.
    Garbage,
    /// m115 calls: a good envelope around data that no key decodes.
    GarbageData,
    /// Link calls: a link whose URL has no host (§4.2).
    HostlessUrl,
    /// API: "the version is too low", without any number (quirk 48).
    VersionTooLow,
    /// Calls for shares: `{"margin":N}` and nothing else: come back in as many seconds (quirk 42).
    Margin(u64),
    /// Anywhere: the answer comes this much later, otherwise as usual; adds to another fault.
    Delay(Duration),
    /// API: the call takes effect at once, its answer comes this much later; adds to another fault. Under
    /// [`Delay`](Self::Delay) a client that leaves meanwhile has asked for nothing; here it has, and does not hear of it.
    HoldReply(Duration),
    /// Anywhere: the connection is closed without an answer, and nothing was done.
    Reset,
    /// API: the call takes effect, but the connection is closed without an answer.
    LoseReply,
    /// CDN: refusal with this status (403 is the usual one) and no stated cause.
    Refuse(u16),
    /// CDN: 403 as for a link whose time is over.
    ExpireNow,
    /// CDN: the connection is closed after this many body bytes, though more were announced.
    CutAfter(u64),
    /// CDN: this many body bytes, then nothing more on an open connection.
    StallAfter(u64),
    /// CDN: 206, but of a range one byte further on.
    WrongRange,
    /// CDN: 200 with the whole file whatever was asked.
    IgnoreRange,
    /// CDN: the file claims to be one byte shorter than it is.
    WrongLength,
    /// CDN: the ETag of a different content.
    EtagChange,
    /// CDN: this many redirects before the bytes.
    Redirect(u8),
}

impl Fault {
    fn strikes(&self, label: &str) -> bool {
        let sealed = SEALED.contains(&label);
        match self {
            Self::Delay(_) | Self::Reset | Self::Status(..) | Self::Garbage => true,
            Self::GarbageData => sealed,
            Self::OpenCode(_) => label.starts_with("open_"),
            Self::HostlessUrl => sealed || PLAIN.contains(&label),
            Self::Margin(_) => label.starts_with("share_"),
            Self::Errno(..)
            | Self::ErrnoIn(..)
            | Self::TooManyRequests(_)
            | Self::Waf
            | Self::Captcha
            | Self::NotLoggedIn
            | Self::Html
            | Self::HoldReply(_)
            | Self::LoseReply
            | Self::VersionTooLow => !label.starts_with("cdn"),
            Self::Refuse(_)
            | Self::ExpireNow
            | Self::CutAfter(_)
            | Self::StallAfter(_)
            | Self::WrongRange
            | Self::IgnoreRange
            | Self::WrongLength
            | Self::EtagChange
            | Self::Redirect(_) => label == "cdn",
        }
    }
}

#[derive(Debug)]
struct Rule {
    on: On,
    times: Times,
    fault: Fault,
    seen: AtomicU64,
    fired: AtomicU64,
}

/// Tells how often a fault has struck; dropping it changes nothing.
#[derive(Clone, Debug)]
pub struct FaultHandle(Arc<Rule>);

impl FaultHandle {
    /// Calls it has struck so far.
    pub fn fired(&self) -> u64 {
        self.0.fired.load(Ordering::Relaxed)
    }
}

/// What a call must suffer.
#[derive(Default)]
pub(crate) struct Struck {
    pub(crate) delay: Duration,
    pub(crate) hold: Duration,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Arc<Rule>>>);

impl Faults {
    pub(crate) fn add(&self, on: On, times: Times, fault: Fault) -> FaultHandle {
        if let On::Call(label) = on {
            assert!(LABELS.contains(&label), "no such label: {label}");
        }
        if let Fault::OpenCode(code) = fault {
            assert!(codes::text(code).is_some(), "no such authorisation code: {code}");
        }
        let rule = Arc::new(Rule { on, times, fault, seen: AtomicU64::new(0), fired: AtomicU64::new(0) });
        self.0.lock().push(Arc::clone(&rule));
        FaultHandle(rule)
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    /// The first rule that matches wins; the others do not count the call as theirs, so scripts can be queued.
    pub(crate) fn strike(&self, label: &'static str) -> Struck {
        let mut struck = Struck::default();
        let rules = self.0.lock();
        for rule in rules.iter() {
            let delays = matches!(rule.fault, Fault::Delay(_) | Fault::HoldReply(_));
            if !rule.matches(label) || (struck.fault.is_some() && !delays) {
                continue;
            }
            let seen = rule.seen.fetch_add(1, Ordering::Relaxed) + 1;
            let due = match rule.times {
                Times::Next(n) => seen <= n,
                Times::Always => true,
                Times::Every(n) => n > 0 && seen.is_multiple_of(n),
            };
            if !due {
                continue;
            }
            rule.fired.fetch_add(1, Ordering::Relaxed);
            match &rule.fault {
                Fault::Delay(by) => struck.delay += *by,
                Fault::HoldReply(by) => struck.hold += *by,
                fault => struck.fault = Some(fault.clone()),
            }
        }
        struck
    }
}

impl Rule {
    fn matches(&self, label: &'static str) -> bool {
        let here = match self.on {
            On::Call(name) => name == label,
            On::AnyApi => !label.starts_with("cdn"),
            On::Cdn => label == "cdn",
        };
        here && self.fault.strikes(label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_queue_and_count() {
        let faults = Faults::default();
        let first = faults.add(On::Call("files"), Times::Next(1), Fault::Waf);
        let second = faults.add(On::AnyApi, Times::Every(2), Fault::Captcha);
        let struck: Vec<_> = (0..4).map(|_| faults.strike("files").fault).collect();
        assert_eq!(struck, [Some(Fault::Waf), None, Some(Fault::Captcha), None]);
        assert_eq!((first.fired(), second.fired()), (1, 1));
    }

    #[test]
    fn a_fault_strikes_only_where_it_has_a_meaning() {
        let faults = Faults::default();
        faults.add(On::Call("cdn"), Times::Always, Fault::Captcha);
        faults.add(On::AnyApi, Times::Always, Fault::CutAfter(1));
        let delay = faults.add(On::Cdn, Times::Always, Fault::Delay(Duration::from_secs(1)));
        assert_eq!(faults.strike("cdn").fault, None);
        assert_eq!(faults.strike("files").fault, None);
        assert_eq!(delay.fired(), 1);
    }
}
