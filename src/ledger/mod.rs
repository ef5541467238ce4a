//! The request ledger: how many calls were made upstream, of what kind and for whom, by the hour for thirty days.
//!
//! Counting never waits for the store: calls are counted in memory and brought to the store every few seconds, where the
//! counts of several processes become one.

mod hours;
mod record;
mod running;
mod sheet;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub use hours::{Column, Hours};
pub use running::{BUCKETS, Durations, Running};
pub use sheet::Count;

use self::sheet::{Labels, Sheet};
use crate::{
    clock::Clock,
    error::{Error, Kind, Result},
    store::{Store, Table, Value},
};

/// How long an hour is kept.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * HOUR);
/// What a process that is killed has counted and not stored is of this time at most.
pub const EVERY: Duration = Duration::from_secs(10);

const HOUR: u64 = 3600;
/// Hours that wait in memory for a store that fails. Then the oldest is given up.
const WAITING: usize = 48;
/// How often an hour is merged anew because another process was faster.
const TRIES: u32 = 16;
/// Hours read from the store at once.
const PAGE: usize = 24;
/// Lines of many hours put together.
const SUM_LINES: usize = 20_000;

/// One call upstream that has come to its end. Labels are from sets that are bounded and known when compiled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Made {
    /// The endpoint.
    pub call: &'static str,
    /// list, link, change, login.
    pub class: &'static str,
    /// Who asked: player, person, scan, task.
    pub caller: &'static str,
    /// The family of clients: browser, vlc, infuse, …
    pub family: &'static str,
    /// ok, or what went wrong: `not_found`, waf, quota, …
    pub outcome: &'static str,
    pub took: Duration,
}

impl Made {
    /// In the order of [`Column`].
    fn labels(&self) -> Labels<&'static str> {
        [self.call, self.class, self.caller, self.family, self.outcome]
    }
}

/// Counts calls, in memory and in the store.
pub struct Ledger {
    store: Arc<dyn Store>,
    clock: Clock,
    counted: Mutex<Counted>,
    /// Held while an hour is on its way to the store, so that nobody counts it twice or not at all.
    moving: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Counted {
    /// What is not in the store yet, by hour.
    pending: BTreeMap<u64, Sheet>,
    running: Running,
}

impl Counted {
    fn hour(&mut self, hour: u64) -> &mut Sheet {
        while self.pending.len() >= WAITING && !self.pending.contains_key(&hour) {
            self.pending.pop_first();
        }
        self.pending.entry(hour).or_default()
    }
}

impl Ledger {
    /// Starts no task: see [`Self::keep`].
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock, counted: Mutex::default(), moving: tokio::sync::Mutex::default() }
    }

    /// Counts a call. Quick, and never waits for the store. `account` is service and user, no secret.
    pub fn note(&self, account: &str, made: &Made) {
        let count = Count { calls: 1, ms: u64::try_from(made.took.as_millis()).unwrap_or(u64::MAX) };
        let hour = self.hour();
        let mut counted = self.counted.lock();
        counted.hour(hour).add(account, made.labels(), count);
        counted.running.note(account, made, count);
    }

    /// Brings what was counted to the store. What cannot be stored stays in memory. Not to be dropped half-way.
    pub async fn flush(&self) -> Result<()> {
        let _moving = self.moving.lock().await;
        loop {
            let Some((hour, sheet)) = self.counted.lock().pending.pop_first() else { return Ok(()) };
            if let Err(error) = self.store_hour(hour, &sheet).await {
                self.counted.lock().hour(hour).merge(&sheet);
                return Err(error);
            }
        }
    }

    async fn store_hour(&self, hour: u64, counted: &Sheet) -> Result<()> {
        let ends = (hour + 1) * HOUR + KEPT.as_secs();
        if ends <= self.clock.unix() {
            return Ok(());
        }
        let key = key(hour);
        for _ in 0..TRIES {
            let found = self.store.get(Table::Ledger, &key).await?;
            let version = found.as_ref().map(|stored| stored.version);
            let mut sheet = found.and_then(|stored| record::decode(&stored.value.bytes)).unwrap_or_default();
            sheet.merge(counted);
            let bytes = record::encode(&sheet).map_err(|error| {
                Error::new(Kind::Internal, "An hour of the request ledger cannot be written down.").source(error)
            })?;
            if self.store.swap(Table::Ledger, &key, version, Value::new(bytes).until(ends)).await?.is_some() {
                return Ok(());
            }
        }
        Err(Error::new(Kind::Busy, "Others write the request ledger all the time; it is tried again."))
    }

    /// Brings what was counted to the store every [`EVERY`] until `stop`, and then once more. Where the store fails, counts
    /// wait in memory, and the log says so once.
    pub async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let mut failing = false;
        loop {
            let stopped = stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
            match self.flush().await {
                Ok(()) if failing => {
                    tracing::info!("the request ledger can be stored again");
                    failing = false;
                }
                Ok(()) => {}
                Err(error) => {
                    if !failing {
                        tracing::warn!(?error, "the request ledger cannot be stored; counts wait in memory");
                    }
                    failing = true;
                }
            }
            if stopped {
                return;
            }
        }
    }

    /// What was counted in this hour and those before it, as far back as `back` reaches: by every process that shares the
    /// store, and what waits in this one.
    pub async fn hours(&self, back: Duration) -> Result<Hours> {
        let first = (self.hour() + 1).saturating_sub((back.as_secs() / HOUR).max(1));
        let _moving = self.moving.lock().await;
        let mut sum = Sheet::with_room(SUM_LINES);
        let mut after = key(first.saturating_sub(1));
        loop {
            let page = self.store.scan(Table::Ledger, "", Some(&after), PAGE).await?;
            let hours = page.entries.iter().filter_map(|(_, stored)| record::decode(&stored.value.bytes));
            hours.for_each(|hour| sum.merge(&hour));
            match page.entries.last() {
                Some((last, _)) if page.more => after.clone_from(last),
                _ => break,
            }
        }
        for sheet in self.counted.lock().pending.range(first..).map(|(_, sheet)| sheet) {
            sum.merge(sheet);
        }
        Ok(Hours::new(sum))
    }

    /// What this process has counted since it started.
    pub fn running(&self) -> Running {
        self.counted.lock().running.clone()
    }

    fn hour(&self) -> u64 {
        self.clock.unix() / HOUR
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("waiting", &self.counted.lock().pending.len()).finish_non_exhaustive()
    }
}

/// Keys are in the order of their hours.
fn key(hour: u64) -> String {
    format!("{hour:010}")
}
