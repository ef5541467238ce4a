//! What guards an account beside its rate: pauses that outlive the process and hold in others, and the count of its calls.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use p115::{Guard, Kept, Limits, Observer, PauseKeeper};
use parking_lot::Mutex;
use tokio::sync::watch::Receiver;

use super::{App, Deps, accounts::Accounts, mounting};
use crate::{
    clock::Clock,
    config::Mount as MountConfig,
    drive::{Drive, Pause},
    error::{Error, Kind, Result},
    ledger::{Ledger, Made},
    store::{Expected, Store, Table, Value, Version, Watch},
};

/// A store that fails is not asked more often than this.
const AGAIN: Duration = Duration::from_secs(5);
/// A call to 115 waits no longer for the store: on a disk that hangs, what is in memory holds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The guard of an account with this name.
pub(super) fn guard(account: &str, limits: Limits, ledger: &Arc<Ledger>, deps: &Deps) -> Guard {
    let counting = Counting { ledger: Arc::clone(ledger), account: account.to_owned() };
    let keeper = Keeper {
        store: Arc::clone(&deps.store),
        clock: deps.clock.clone(),
        account: account.to_owned(),
        seen: Mutex::default(),
        failed: Mutex::default(),
    };
    Guard { limits, keeper: Some(Arc::new(keeper)), observer: Some(Arc::new(counting)) }
}

/// Counts the calls of one account.
#[derive(Debug)]
struct Counting {
    ledger: Arc<Ledger>,
    account: String,
}

impl Observer for Counting {
    fn made(&self, made: &p115::Made<'_>) {
        let (caller, family) = made.caller.names();
        let outcome = made.failure.map_or("ok", p115::Kind::name);
        let (call, class, took) = (made.call, made.class.name(), made.took);
        self.ledger.note(&self.account, &Made { call, class, caller, family, outcome, took });
    }
}

/// What became of the wish to end a pause.
#[derive(Debug)]
pub enum Unblocked {
    /// It is over; this was its reason.
    Ended(Pause),
    /// There is one, and it ends by itself.
    GoesOn(Pause),
    /// There is none.
    Nothing,
}

pub(super) async fn unblock(config: &MountConfig, deps: &Deps, accounts: &Accounts) -> Result<Unblocked> {
    let (drive, _) = mounting::drive(config, deps, accounts).await?;
    drive.hear().await;
    match drive.pause() {
        None => Ok(Unblocked::Nothing),
        Some(pause) if pause.left.is_some() => Ok(Unblocked::GoesOn(pause)),
        Some(pause) => {
            drive.resume();
            // Writes what the store does not know yet.
            drive.hear().await;
            Ok(Unblocked::Ended(pause))
        }
    }
}

/// Hears of pauses that other processes begin or end, so that pages and `/readyz` show them; every call asks by itself.
pub(super) async fn heed(app: Arc<App>) {
    let mut watch = loop {
        match Watch::new(Arc::clone(&app.deps.store), Table::Pauses).await {
            Ok(watch) => break watch,
            Err(error) => {
                tracing::warn!(?error, "the store cannot be asked for pauses; it is asked again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    loop {
        watch.changed().await;
        app.accounts.hear().await;
        app.pauses.send_replace(());
    }
}

/// Waits until the pause of a drive that could not be started because of it has been ended by somebody.
pub(super) async fn ended(drive: &Option<Arc<dyn Drive>>, heard: &mut Receiver<()>) {
    if let Some(drive) = drive.as_ref().filter(|drive| drive.pause().is_some()) {
        while heard.changed().await.is_ok() {
            // `heed` has asked the store before it told of the change.
            if drive.pause().is_none() {
                return;
            }
        }
    }
    std::future::pending().await
}

/// The pauses of one account in the store.
struct Keeper {
    store: Arc<dyn Store>,
    clock: Clock,
    account: String,
    /// The table as it was when it was looked at last.
    seen: Mutex<Option<Version>>,
    /// When the store failed last, if it has not worked since.
    failed: Mutex<Option<Duration>>,
}

impl Keeper {
    async fn read(&self) -> Result<Option<Kept>> {
        let version = self.store.version(Table::Pauses).await?;
        if *self.seen.lock() == Some(version) {
            return Ok(None);
        }
        let stored = self.store.get(Table::Pauses, &self.account).await?;
        *self.seen.lock() = Some(version);
        // One that cannot be read says nothing: 115 will say it again.
        Ok(stored.and_then(|stored| serde_json::from_slice(&stored.value.bytes).ok()))
    }

    async fn write(&self, kept: &Kept) -> Result<()> {
        loop {
            let stored = self.store.get(Table::Pauses, &self.account).await?;
            let before = stored.as_ref().and_then(|stored| serde_json::from_slice::<Kept>(&stored.value.bytes).ok());
            let merged = before.unwrap_or_default().merge(kept.clone());
            let bytes = serde_json::to_vec(&merged)
                .map_err(|error| Error::new(Kind::Internal, "A pause cannot be put into words.").source(error))?;
            let expected = stored.map_or(Expected::Nothing, |stored| Expected::Version(stored.version));
            let written = self.store.write(Table::Pauses, &self.account, expected, Some(Value::new(bytes))).await?;
            if written.is_some() {
                return Ok(());
            }
            // Another process was quicker: once more, with what it wrote.
        }
    }

    /// As long as somebody may wait for it.
    async fn soon<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let late = |_| Error::new(Kind::Timeout, "The disk of data_dir does not answer.");
        tokio::time::timeout(PATIENCE, work).await.map_err(late).flatten()
    }

    fn has_failed_lately(&self) -> bool {
        self.failed.lock().is_some_and(|at| self.clock.now().saturating_sub(at) < AGAIN)
    }

    /// Says once that the store fails, and once that it works again.
    fn note(&self, outcome: Result<()>) -> bool {
        let mut failed = self.failed.lock();
        match outcome {
            Ok(()) => {
                if failed.take().is_some() {
                    tracing::info!(account = self.account, "pauses of the account can be kept again");
                }
                true
            }
            Err(error) => {
                if failed.replace(self.clock.now()).is_none() {
                    tracing::error!(
                        account = self.account,
                        ?error,
                        "pauses of the account cannot be kept: until that works they hold in this process alone"
                    );
                }
                false
            }
        }
    }
}

#[async_trait]
impl PauseKeeper for Keeper {
    async fn news(&self) -> Option<Kept> {
        if self.has_failed_lately() {
            return None;
        }
        match self.soon(self.read()).await {
            Ok(kept) => {
                self.note(Ok(()));
                kept
            }
            Err(error) => {
                self.note(Err(error));
                None
            }
        }
    }

    async fn keep(&self, kept: &Kept) -> bool {
        if self.has_failed_lately() {
            return false;
        }
        let outcome = self.soon(self.write(kept)).await;
        self.note(outcome)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("account", &self.account).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;
    use crate::store::{Memory, Page, Stored};

    /// A disk that hangs when it is told to.
    #[derive(Debug)]
    struct Hanging {
        store: Memory,
        hangs: AtomicBool,
        asked: AtomicU32,
    }

    impl Hanging {
        async fn answer(&self) {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        }
    }

    #[async_trait]
    impl Store for Hanging {
        async fn get(&self, table: Table, key: &str) -> Result<Option<Stored>> {
            self.answer().await;
            self.store.get(table, key).await
        }

        async fn write(
            &self,
            table: Table,
            key: &str,
            expected: Expected,
            value: Option<Value>,
        ) -> Result<Option<Version>> {
            self.answer().await;
            self.store.write(table, key, expected, value).await
        }

        async fn scan(&self, table: Table, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page> {
            self.store.scan(table, prefix, after, limit).await
        }

        async fn version(&self, table: Table) -> Result<Version> {
            self.answer().await;
            self.store.version(table).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_holds_up_no_call_for_long() {
        let clock = Clock::default();
        let store =
            Arc::new(Hanging { store: Memory::new(clock.clone()), hangs: true.into(), asked: AtomicU32::default() });
        let keeper = Keeper {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: clock.clone(),
            account: "115-cloud:7".to_owned(),
            seen: Mutex::default(),
            failed: Mutex::default(),
        };
        let begun = clock.now();
        assert_eq!(keeper.news().await, None);
        assert!(!keeper.keep(&Kept::default()).await);
        assert_eq!(keeper.news().await, None);
        let waited = clock.now() - begun;
        assert!(waited < PATIENCE + Duration::from_millis(100), "{waited:?}");
        assert_eq!(store.asked.load(Ordering::Relaxed), 1, "it is left alone for a while");

        store.hangs.store(false, Ordering::Relaxed);
        assert!(!keeper.keep(&Kept::default()).await, "not yet");
        tokio::time::advance(AGAIN).await;
        assert!(keeper.keep(&Kept::default()).await);
        assert_eq!(keeper.news().await, Some(Kept::default()));
        assert_eq!(keeper.news().await, None, "once");
    }
}
