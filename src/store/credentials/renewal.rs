//! Exchanging a credential for its successor: by one process at a time, written down before and after.
//!
//! The old refresh token is dead the moment 115 answers (docs/115.md), so a process that dies in between must leave
//! behind that it was about to ask. All waits for others are the caller's: nothing here loops or sleeps.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Account, Credentials, Held, Secret, nothing_held,
    record::{Begun, Origin, Record, Silence},
};
use crate::{
    error::Result,
    store::leases::{Lease, Taken},
};

/// Who may exchange the credential.
#[derive(Debug)]
pub enum Begin {
    /// You, and nobody else until the lease ends.
    Yours {
        renewal: Renewal,
        /// What is to be exchanged.
        held: Held,
    },
    /// Nobody: this one is newer than what you had.
    Newer(Held),
    /// Somebody else is at it, and for no longer than this.
    Busy(Duration),
    /// Nobody for a while: 115 has said so ([`Abandon::Declined`] with a silence).
    Silent {
        /// 115's number.
        code: i64,
        left: Duration,
    },
    /// Nobody: 115 has refused this very credential for good ([`Abandon::Refused`]).
    Refused(Refusal),
}

/// A renewal under way, to be given back to [`Credentials::finish`] or [`Credentials::abandon`].
#[derive(Debug)]
pub struct Renewal {
    account: Account,
    generation: u64,
    begun: Begun,
    before: Option<Begun>,
    lease: Lease,
}

impl Renewal {
    /// Another one for each renewal.
    pub fn id(&self) -> u64 {
        self.begun.lease
    }

    /// When an earlier renewal of this very credential was begun, in unix seconds, of which nobody knows how it ended.
    pub fn unended(&self) -> Option<u64> {
        self.before.map(|begun| begun.at)
    }
}

/// Why a renewal brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandon {
    /// Nothing went out: what was known of the credential before is still so.
    Unsent,
    /// 115 answered and exchanged nothing; else as [`Abandon::Unsent`].
    Declined {
        /// 115's number, where it sent one.
        code: Option<i64>,
        /// How long no process is to ask again.
        silence: Option<Duration>,
    },
    /// 115 will never renew this credential.
    Refused(Refusal),
    /// It went out, and nobody knows what became of it: it stays begun and not ended.
    Unknown,
}

/// What 115 said of a credential that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its number.
    pub code: i64,
    /// Whether the reason is known to be a renewal of ours whose reply was lost.
    pub lost: bool,
}

impl Credentials {
    /// Asks to exchange the credential of this generation, for as long as `life`. Before it answers [`Begin::Yours`] it
    /// is on the disk that a renewal has begun. So a store that cannot be written fails here, where nothing is lost yet.
    pub async fn begin(&self, account: &Account, generation: u64, life: Duration) -> Result<Begin> {
        let (record, _) = self.read(account).await?.ok_or_else(|| nothing_held(account))?;
        if let Some(answer) = self.without_lease(&record, generation) {
            return Ok(answer);
        }
        let lease = match self.leases.take(&format!("renewal of {account}"), life).await? {
            Taken::Yours(lease) => lease,
            Taken::Busy(holder) => return Ok(Begin::Busy(self.until(holder.until))),
        };
        match self.mark(account, generation, &lease).await {
            Ok(Marked::Begun(held, begun, before)) => {
                let renewal = Renewal { account: account.clone(), generation, begun, before, lease };
                Ok(Begin::Yours { renewal, held })
            }
            Ok(Marked::Otherwise(answer)) => {
                self.leases.release(&lease).await?;
                Ok(answer)
            }
            Err(error) => {
                // The first failure is the one to tell; a lease that stays ends by itself.
                _ = self.leases.release(&lease).await;
                Err(error)
            }
        }
    }

    /// Puts the new credential in the place of the old one, on the disk before it returns; only then may it be used. Even
    /// if the lease has ended meanwhile, but not in the place of one that is newer by a login or the configuration. The
    /// answer is what holds. After a failure it may be called again: nobody else has the new one.
    pub async fn finish(&self, renewal: &Renewal, new: &Secret) -> Result<Held> {
        let held = self
            .replace(&renewal.account, |before| {
                let of_ours = before.filter(|before| before.generation == renewal.generation)?;
                Some(Record::next(Some(of_ours), new, Origin::Rotation, self.clock.unix()))
            })
            .await?;
        self.give_back(renewal).await;
        Ok(held)
    }

    /// Gives the renewal up and writes down why. Nothing changes where another credential holds by now, or another
    /// process has begun a renewal of this one.
    pub async fn abandon(&self, renewal: &Renewal, why: Abandon) -> Result<()> {
        let now = self.clock.unix();
        loop {
            let Some((mut record, version)) = self.read(&renewal.account).await? else { break };
            if record.generation != renewal.generation || record.begun != Some(renewal.begun) {
                break;
            }
            match why {
                Abandon::Unknown => break,
                Abandon::Unsent => record.begun = renewal.before,
                Abandon::Declined { code, silence } => {
                    record.begun = renewal.before;
                    let until = |length: Duration| now.saturating_add(length.as_secs());
                    record.silence = code.zip(silence).map(|(code, length)| Silence { code, until: until(length) });
                }
                Abandon::Refused(refusal) => record.refused = Some(refusal),
            }
            if self.swap(&renewal.account, Some(version), &record).await?.is_some() {
                break;
            }
        }
        self.give_back(renewal).await;
        Ok(())
    }

    fn without_lease(&self, record: &Record, generation: u64) -> Option<Begin> {
        if record.generation != generation {
            return Some(Begin::Newer(record.held()));
        }
        if let Some(refusal) = record.refused {
            return Some(Begin::Refused(refusal));
        }
        let silence = record.silence.filter(|silence| silence.until > self.clock.unix())?;
        Some(Begin::Silent { code: silence.code, left: self.until(silence.until) })
    }

    /// Writes down that the renewal has begun, if the credential is still the one that was meant.
    async fn mark(&self, account: &Account, generation: u64, lease: &Lease) -> Result<Marked> {
        loop {
            let (mut record, version) = self.read(account).await?.ok_or_else(|| nothing_held(account))?;
            if let Some(answer) = self.without_lease(&record, generation) {
                return Ok(Marked::Otherwise(answer));
            }
            let (held, before) = (record.held(), record.begun);
            let begun = Begun { at: self.clock.unix(), lease: lease.id() };
            record.begun = Some(begun);
            record.silence = None;
            if self.swap(account, Some(version), &record).await?.is_some() {
                return Ok(Marked::Begun(held, begun, before));
            }
        }
    }

    /// What was to be kept is kept by now, so a failure costs others a wait and nothing else.
    async fn give_back(&self, renewal: &Renewal) {
        if let Err(error) = self.leases.release(&renewal.lease).await {
            tracing::warn!(?error, account = %renewal.account, "a lease could not be given back; it ends by itself");
        }
    }

    fn until(&self, unix: u64) -> Duration {
        Duration::from_secs(unix.saturating_sub(self.clock.unix()))
    }
}

enum Marked {
    Begun(Held, Begun, Option<Begun>),
    Otherwise(Begin),
}
