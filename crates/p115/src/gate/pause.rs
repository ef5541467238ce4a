//! When an account must keep still: why, until when, which single call may go out all the same, and what of that outlives the process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::{Cause, Error};

/// The firewall forgets after about this long (`docs/115.md` §7.2).
const WAF: Duration = Duration::from_secs(11 * 60);
/// Each time that the quota is used up again soon after a pause for it, the next one is longer (§11).
const QUOTA: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(10 * 60), Duration::from_secs(60 * 60)];
/// Whatever 115 says, it is asked again after this.
const MAX_QUOTA: Duration = QUOTA[QUOTA.len() - 1];
/// A quota that holds this long after its pause has been left in peace enough.
const CALM: Duration = Duration::from_secs(60 * 60);
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

/// Where the pauses of one account are kept, so that the next start and other processes keep to them.
#[async_trait]
pub trait PauseKeeper: std::fmt::Debug + Send + Sync {
    /// What is kept, if anybody else has written since this was asked last. Asked before every call, so it should be quick.
    /// A keeper that cannot tell says nothing: what is known in memory holds.
    async fn news(&self) -> Option<Kept>;

    /// Keeps this together with what is kept already ([`Kept::merge`]), in one step. False where that was not possible:
    /// it is tried again.
    async fn keep(&self, kept: &Kept) -> bool;
}

/// The pauses of an account as they are kept, with dates in the place of the client's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Grows whenever somebody ends a pause, so that nobody's older word brings it back.
    round: u64,
    pause: Option<KeptPause>,
    quota: Option<KeptQuota>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptPause {
    cause: Cause,
    code: Option<i64>,
    /// Unix seconds.
    until: Option<u64>,
    /// Of which login it was said, by a mark that is no secret; another one has nothing to do with it.
    login: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptQuota {
    step: u8,
    /// Unix seconds.
    until: u64,
}

impl Kept {
    /// What two processes know together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let (newer, older) = if other.round > self.round { (other, self) } else { (self, other) };
        let pause = if newer.round > older.round {
            newer.pause
        } else {
            match (newer.pause, older.pause) {
                (Some(one), Some(two)) => Some(if one.outlasts(&two) { one } else { two }),
                (one, two) => one.or(two),
            }
        };
        let quota = newer.quota.into_iter().chain(older.quota).max_by_key(|quota| quota.until);
        Self { round: newer.round, pause, quota }
    }

    /// As it is once a person has ended what only a person can end; `None` where there is no such pause.
    #[must_use]
    pub fn unblocked(self) -> Option<Self> {
        let ends = self.pause.as_ref().is_some_and(|pause| pause.until.is_none());
        ends.then_some(Self { round: self.round + 1, pause: None, ..self })
    }

    /// Why no call goes out at this date, and until when; the end is `None` where only a person can end it.
    #[must_use]
    pub fn in_force(&self, unix: u64) -> Option<(Cause, Option<u64>)> {
        let pause = self.pause.as_ref().filter(|pause| pause.until.is_none_or(|until| until > unix))?;
        Some((pause.cause, pause.until))
    }
}

impl KeptPause {
    fn outlasts(&self, other: &Self) -> bool {
        outlasts(self.until, other.until)
    }
}

/// Without an end is longest; of two as long, the one that was there.
fn outlasts<T: Ord>(one: Option<T>, other: Option<T>) -> bool {
    match (one, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(other)) => one >= other,
    }
}

/// The pause in force, and what has led to it.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    held: Option<Held>,
    quota: Option<Quota>,
    round: u64,
    /// Something has changed that the keeper does not know yet.
    unkept: bool,
}

#[derive(Debug, Clone)]
struct Held {
    pause: Pause,
    /// Whose answer it was; empty where another process, or an earlier one, has heard it.
    host: &'static str,
    login: Option<Arc<str>>,
}

/// The last pause for a quota.
#[derive(Debug, Clone, Copy)]
struct Quota {
    step: u8,
    until: Duration,
}

impl Pauses {
    pub(super) fn current(&mut self, now: Duration) -> Option<Pause> {
        self.held.take_if(|held| held.pause.until.is_some_and(|until| until <= now));
        self.held.as_ref().map(|held| held.pause)
    }

    /// The pause that stops a call to `host` by an operation that the firewall of `blocked` has just stopped.
    pub(super) fn stops(&mut self, now: Duration, host: &str, blocked: Option<&str>) -> Option<Pause> {
        self.current(now)?;
        let passes = |held: &Held| held.pause.cause == Cause::Waf && blocked == Some(held.host) && host != held.host;
        self.held.as_ref().filter(|held| !passes(held)).map(|held| held.pause)
    }

    /// The pause that a failure calls for, which is in force from now on unless a longer one is.
    pub(super) fn begin(&mut self, error: &Error, login: Option<&Arc<str>>, now: Duration) -> Option<Pause> {
        let cause = error.kind.cause()?;
        let length = match cause {
            Cause::Waf => Some(WAF),
            Cause::Quota => Some(self.quota(error.retry_after, now)),
            Cause::Renewals => Some(error.retry_after.unwrap_or(RENEWALS).min(RENEWALS)),
            Cause::Captcha | Cause::Session | Cause::TokensLost | Cause::App => None,
        };
        let pause = Pause { cause, until: length.map(|length| now + length), code: error.code };
        self.hold(Held { pause, host: error.host, login: login.cloned() });
        Some(pause)
    }

    /// How long the quota is left alone. Answers to calls that were under way together are one.
    fn quota(&mut self, told: Option<Duration>, now: Duration) -> Duration {
        let step = match self.quota {
            Some(last) if now < last.until => last.step,
            Some(last) if now < last.until + CALM => (last.step + 1).min(QUOTA.len() as u8 - 1),
            _ => 0,
        };
        let least = QUOTA[usize::from(step)];
        let length = if step == 0 { told.unwrap_or(least) } else { told.unwrap_or_default().max(least) }.min(MAX_QUOTA);
        self.quota = Some(Quota { step, until: now + length });
        length
    }

    /// A shorter pause never cuts a longer one short.
    fn hold(&mut self, held: Held) {
        if self.held.as_ref().is_none_or(|current| outlasts(held.pause.until, current.pause.until)) {
            self.held = Some(held);
            self.unkept = true;
        }
    }

    /// Ends a pause that a person may end; one that 115 wants is sat out.
    pub(super) fn resume(&mut self) {
        self.end(|held| held.pause.until.is_none());
    }

    /// Ends a pause that a login has caused, or that another login ends; one of this very login, where that is known, goes on.
    pub(super) fn logged_in(&mut self, login: Option<&str>) -> bool {
        self.end(|held| {
            let ends = held.pause.cause.of_login() || held.pause.cause == Cause::Captcha;
            ends && (login.is_none() || held.login.as_deref() != login)
        })
    }

    fn end(&mut self, which: impl FnOnce(&Held) -> bool) -> bool {
        let ended = self.held.take_if(|held| which(held)).is_some();
        if ended {
            self.round += 1;
            self.unkept = true;
        }
        ended
    }

    /// What the keeper does not know yet, which counts as known from now on.
    pub(super) fn take_unkept(&mut self, now: Duration, unix: u64) -> Option<Kept> {
        let date = |until: Duration| unix + until.saturating_sub(now).as_secs_f64().ceil() as u64;
        self.current(now);
        std::mem::take(&mut self.unkept).then(|| Kept {
            round: self.round,
            pause: self.held.as_ref().map(|held| KeptPause {
                cause: held.pause.cause,
                code: held.pause.code,
                until: held.pause.until.map(date),
                login: held.login.as_deref().map(str::to_owned),
            }),
            quota: self.quota.map(|quota| KeptQuota { step: quota.step, until: date(quota.until) }),
        })
    }

    /// The keeper did not take it.
    pub(super) fn not_kept(&mut self) {
        self.unkept = true;
    }

    /// Takes up what others have met. A date far away only means that a clock is wrong: no pause is longer than its cause
    /// gives reason for.
    pub(super) fn hear(&mut self, kept: Kept, login: Option<&str>, now: Duration, unix: u64) {
        let unkept = self.unkept;
        if kept.round < self.round {
            self.unkept = true;
            return;
        }
        if kept.round > self.round {
            (self.round, self.held) = (kept.round, None);
        }
        if let Some(quota) = kept.quota {
            let until = now + Duration::from_secs(quota.until.saturating_sub(unix)).min(MAX_QUOTA);
            let step = quota.step.min(QUOTA.len() as u8 - 1);
            // An end that has passed counts from now: a longer memory does no harm.
            if self.quota.is_none_or(|own| own.until < until) {
                self.quota = Some(Quota { step, until });
            }
        }
        let Some(KeptPause { cause, code, until, login: of }) = kept.pause else { return };
        if until.is_none() && of.is_some() && login.is_some() && of.as_deref() != login {
            // Said of a login that another has followed: nobody need hear it again.
            self.round += 1;
            self.unkept = true;
            return;
        }
        let longest = match cause {
            Cause::Waf => WAF,
            Cause::Quota => MAX_QUOTA,
            Cause::Renewals => RENEWALS,
            // Without an end, these.
            Cause::Captcha | Cause::Session | Cause::TokensLost | Cause::App => Duration::MAX,
        };
        let until = until.map(|until| now.saturating_add(Duration::from_secs(until.saturating_sub(unix)).min(longest)));
        // What is known here already, but for the fraction of a second that a date does not have.
        let same = |own: &Held| own.pause.until.map(|own| own + Duration::from_secs(1)) >= until;
        if self.held.as_ref().is_none_or(|own| own.pause.cause != cause || !same(own)) {
            self.hold(Held { pause: Pause { cause, until, code }, host: "", login: of.map(Into::into) });
        }
        self.unkept = unkept;
        self.current(now);
    }
}

#[cfg(test)]
mod tests;
