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

/// A store that fails is not written to more often than this.
const AGAIN: Duration = Duration::from_secs(5);

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
        match self.read().await {
            Ok(kept) => kept,
            Err(error) => {
                self.note(Err(error));
                None
            }
        }
    }

    async fn keep(&self, kept: &Kept) -> bool {
        let lately = |at: &Duration| self.clock.now().saturating_sub(*at) < AGAIN;
        if self.failed.lock().as_ref().is_some_and(lately) {
            return false;
        }
        let outcome = self.write(kept).await;
        self.note(outcome)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("account", &self.account).finish_non_exhaustive()
    }
}
