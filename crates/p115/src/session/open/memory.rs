//! Tokens kept in memory, by every rule of a keeper: for a login that is only tried, and for tests.

use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{Abandon, Begin, KeeperError, LEASE, Lease, Refusal, TokenKeeper, Tokens};
use crate::clock::Clock;

/// Tokens of one process, gone with it. Clients that share one behave like processes that share a store.
#[derive(Debug)]
pub struct MemoryKeeper {
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    tokens: Tokens,
    /// The newest lease given out, and until when it holds, if it does.
    leases: u64,
    held: Option<Duration>,
    unended: Option<u64>,
    /// What `unended` was before the renewal under way.
    before: Option<u64>,
    silence: Option<(i64, Duration)>,
    refusal: Option<Refusal>,
}

impl Kept {
    fn new(tokens: Tokens, leases: u64) -> Self {
        Self { tokens, leases, held: None, unended: None, before: None, silence: None, refusal: None }
    }
}

impl MemoryKeeper {
    /// Leases and silences are measured by this clock.
    #[must_use]
    pub fn new(tokens: Tokens, clock: Clock) -> Self {
        Self { clock, kept: Mutex::new(Kept::new(tokens, 0)) }
    }

    /// Takes up the tokens of another login; they count as newer whatever their generation says.
    pub fn log_in(&self, tokens: Tokens) {
        let mut kept = self.kept.lock();
        let generation = kept.tokens.generation + 1;
        *kept = Kept::new(Tokens { generation, ..tokens }, kept.leases);
    }
}

#[async_trait]
impl TokenKeeper for MemoryKeeper {
    async fn current(&self) -> Result<Tokens, KeeperError> {
        Ok(self.kept.lock().tokens.clone())
    }

    async fn begin(&self, generation: u64) -> Result<Begin, KeeperError> {
        let now = self.clock.now();
        let mut kept = self.kept.lock();
        if kept.tokens.generation > generation {
            return Ok(Begin::Newer(kept.tokens.clone()));
        }
        if let Some(refusal) = kept.refusal {
            return Ok(Begin::Refused(refusal));
        }
        if let Some((code, until)) = kept.silence.filter(|(_, until)| *until > now) {
            return Ok(Begin::Silent { code, left: until - now });
        }
        if let Some(until) = kept.held.filter(|until| *until > now) {
            return Ok(Begin::Busy(until - now));
        }
        kept.leases += 1;
        kept.held = Some(now + LEASE);
        kept.before = kept.unended.replace(self.clock.unix());
        Ok(Begin::Yours { lease: Lease::new(kept.leases), tokens: kept.tokens.clone(), unended: kept.before })
    }

    async fn finish(&self, _: Lease, new: &Tokens) -> Result<(), KeeperError> {
        let mut kept = self.kept.lock();
        if kept.tokens.generation < new.generation {
            *kept = Kept::new(new.clone(), kept.leases);
        }
        Ok(())
    }

    async fn abandon(&self, lease: Lease, why: Abandon) -> Result<(), KeeperError> {
        let now = self.clock.now();
        let mut kept = self.kept.lock();
        // Another login, or another holder since this one was taken for dead.
        if kept.held.is_none() || kept.leases != lease.id() {
            return Ok(());
        }
        kept.held = None;
        match why {
            Abandon::Unknown => {}
            Abandon::Unsent => kept.unended = kept.before,
            Abandon::Declined { code, silence } => {
                kept.unended = kept.before;
                kept.silence = code.zip(silence).map(|(code, length)| (code, now + length));
            }
            Abandon::Refused(refusal) => {
                kept.refusal = Some(refusal);
            }
        }
        Ok(())
    }
}
