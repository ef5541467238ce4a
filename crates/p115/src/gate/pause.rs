//! When an account must keep still: why, until when, which single call may go out all the same, and what of that outlives the process.

use std::cmp::Ordering;
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
    /// What 115 has set a time for: nobody can end it.
    sat_out: Option<KeptPause>,
    /// What somebody can end, by solving a captcha or by another login.
    ended_by_somebody: Option<KeptPause>,
    /// Grows whenever somebody ends a pause, so that nobody's older word brings it back.
    round: u64,
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
    /// What two processes know together; of two words that are as good, the other's.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let ended_by_somebody = match self.round.cmp(&other.round) {
            Ordering::Less => other.ended_by_somebody,
            Ordering::Equal => longer(self.ended_by_somebody, other.ended_by_somebody),
            Ordering::Greater => self.ended_by_somebody,
        };
        Self {
            sat_out: longer(self.sat_out, other.sat_out),
            ended_by_somebody,
            round: self.round.max(other.round),
            quota: self.quota.into_iter().chain(other.quota).max_by_key(|quota| quota.until),
        }
    }

    /// As it is once a person has ended what only a person can end; `None` where there is no such pause.
    #[must_use]
    pub fn unblocked(self) -> Option<Self> {
        let ends = self.ended_by_somebody.as_ref().is_some_and(|pause| pause.until.is_none());
        ends.then_some(Self { round: self.round + 1, ended_by_somebody: None, ..self })
    }

    /// Why no call goes out at this date, and until when; the end is `None` where only a person can end it.
    #[must_use]
    pub fn in_force(&self, unix: u64) -> Option<(Cause, Option<u64>)> {
        let pauses = self.ended_by_somebody.iter().chain(&self.sat_out);
        let mut in_force = pauses.filter(|pause| pause.until.is_none_or(|until| until > unix));
        in_force.next().map(|pause| (pause.cause, pause.until))
    }
}

fn longer(one: Option<KeptPause>, other: Option<KeptPause>) -> Option<KeptPause> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if outlasts(other.until, one.until) { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// Whether the one lasts as long as the other at least; without an end is longest.
fn outlasts<T: Ord>(one: Option<T>, other: Option<T>) -> bool {
    match (one, other) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(one), Some(other)) => one >= other,
    }
}

/// The pauses in force, and what has led to them.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// The firewall's or a quota's. Not to be ended by what ends the other.
    sat_out: Option<Held>,
    /// A captcha's or a login's.
    ended_by_somebody: Option<Held>,
    quota: Option<Quota>,
    round: u64,
    /// How often anything has changed, and how often it had when the keeper was told last.
    changes: u64,
    told: u64,
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
    /// What only a person can end comes first.
    pub(super) fn current(&mut self, now: Duration) -> Option<Pause> {
        self.expire(now);
        self.ended_by_somebody.as_ref().or(self.sat_out.as_ref()).map(|held| held.pause)
    }

    fn expire(&mut self, now: Duration) {
        for place in [&mut self.sat_out, &mut self.ended_by_somebody] {
            place.take_if(|held| held.pause.until.is_some_and(|until| until <= now));
        }
    }

    /// The pause that stops a call to `host` by an operation that the firewall of `blocked` has just stopped.
    pub(super) fn stops(&mut self, now: Duration, host: &str, blocked: Option<&str>) -> Option<Pause> {
        self.expire(now);
        let passes = |held: &Held| held.pause.cause == Cause::Waf && blocked == Some(held.host) && host != held.host;
        let mut held = self.ended_by_somebody.iter().chain(&self.sat_out);
        held.find(|held| !passes(held)).map(|held| held.pause)
    }

    /// The pause that a failure calls for, which is in force from now on unless a longer one of its kind is.
    pub(super) fn begin(&mut self, error: &Error, login: Option<&Arc<str>>, now: Duration) -> Option<Pause> {
        let cause = error.kind.cause()?;
        let length = match cause {
            Cause::Waf => Some(WAF),
            Cause::Quota => Some(self.quota(error.retry_after, now)),
            Cause::Renewals => Some(error.retry_after.unwrap_or(RENEWALS).min(RENEWALS)),
            Cause::Captcha | Cause::Session | Cause::TokensLost | Cause::App => None,
        };
        let pause = Pause { cause, until: length.map(|length| now + length), code: error.code };
        if self.hold(Held { pause, host: error.host, login: login.cloned() }) {
            self.changes += 1;
        }
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
    fn hold(&mut self, held: Held) -> bool {
        let place = self.place(held.pause.cause);
        let holds = place
            .as_ref()
            .is_none_or(|current| current.pause.until.is_some() && outlasts(held.pause.until, current.pause.until));
        if holds {
            *place = Some(held);
        }
        holds
    }

    fn place(&mut self, cause: Cause) -> &mut Option<Held> {
        match cause {
            Cause::Waf | Cause::Quota => &mut self.sat_out,
            Cause::Captcha | Cause::Session | Cause::Renewals | Cause::TokensLost | Cause::App => {
                &mut self.ended_by_somebody
            }
        }
    }

    /// Ends a pause that a person may end; one that 115 wants is sat out.
    pub(super) fn resume(&mut self) {
        self.end(|held| held.pause.until.is_none());
    }

    /// Ends a pause that another login ends; one of this very login, where that is known, goes on.
    pub(super) fn logged_in(&mut self, login: Option<&str>) -> bool {
        self.end(|held| login.is_none() || held.login.as_deref() != login)
    }

    fn end(&mut self, which: impl FnOnce(&Held) -> bool) -> bool {
        let ended = self.ended_by_somebody.take_if(|held| which(held)).is_some();
        if ended {
            self.round += 1;
            self.changes += 1;
        }
        ended
    }

    /// What the keeper does not know yet, and the number to say that it does.
    pub(super) fn unkept(&mut self, now: Duration, unix: u64) -> Option<(Kept, u64)> {
        self.expire(now);
        if self.changes == self.told {
            return None;
        }
        let date = |until: Duration| unix + until.saturating_sub(now).as_secs_f64().ceil() as u64;
        let kept = |held: &Held| KeptPause {
            cause: held.pause.cause,
            code: held.pause.code,
            until: held.pause.until.map(date),
            login: held.login.as_deref().map(str::to_owned),
        };
        let all = Kept {
            sat_out: self.sat_out.as_ref().map(kept),
            ended_by_somebody: self.ended_by_somebody.as_ref().map(kept),
            round: self.round,
            quota: self.quota.map(|quota| KeptQuota { step: quota.step, until: date(quota.until) }),
        };
        Some((all, self.changes))
    }

    /// The keeper knows all up to this number.
    pub(super) fn kept(&mut self, changes: u64) {
        self.told = self.told.max(changes);
    }

    /// Takes up what others have met. A date far away only means that a clock is wrong: no pause is longer than its cause
    /// gives reason for.
    pub(super) fn hear(&mut self, kept: Kept, login: Option<&str>, now: Duration, unix: u64) {
        let Kept { sat_out, ended_by_somebody, round, quota } = kept;
        if let Some(quota) = quota {
            let until = now + Duration::from_secs(quota.until.saturating_sub(unix)).min(MAX_QUOTA);
            let step = quota.step.min(QUOTA.len() as u8 - 1);
            // An end that has passed counts from now: a longer memory does no harm.
            if self.quota.is_none_or(|own| own.until < until) {
                self.quota = Some(Quota { step, until });
            }
        }
        if round < self.round {
            // They have not heard yet that somebody has ended theirs.
            self.changes += 1;
        } else if round > self.round {
            (self.round, self.ended_by_somebody) = (round, None);
        }
        let of_another = |pause: &KeptPause| {
            // Said of a login that is not ours: whoever has that one keeps to it.
            pause.login.is_some() && login.is_some() && pause.login.as_deref() != login
        };
        let ended_by_somebody = ended_by_somebody.filter(|pause| round >= self.round && !of_another(pause));
        for KeptPause { cause, code, until, login } in sat_out.into_iter().chain(ended_by_somebody) {
            let longest = match cause {
                Cause::Waf => WAF,
                Cause::Quota => MAX_QUOTA,
                Cause::Renewals => RENEWALS,
                // Without an end, these.
                Cause::Captcha | Cause::Session | Cause::TokensLost | Cause::App => Duration::MAX,
            };
            let left = |until: u64| Duration::from_secs(until.saturating_sub(unix)).min(longest);
            let until = until.map(|until| now.saturating_add(left(until)));
            // What is known here already, but for the fraction of a second that a date does not have.
            let second = Duration::from_secs(1);
            let known = self.place(cause).as_ref().is_some_and(|own| {
                own.pause.cause == cause && outlasts(own.pause.until.map(|own| own + second), until)
            });
            if !known {
                self.hold(Held { pause: Pause { cause, until, code }, host: "", login: login.map(Into::into) });
            }
        }
        self.expire(now);
    }
}

#[cfg(test)]
mod tests;
