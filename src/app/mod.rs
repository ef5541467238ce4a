//! Composition root: configuration and the world in, a gateway out. Alone names both `http` and `backend`.

mod accounts;
mod clients;
mod guards;
mod keeper;
mod login;
mod logins;
mod mounting;
mod probe;
mod running;
mod shares;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use guards::Unblocked;
pub use probe::{Findings, Probe, probe};
pub use running::{raise_limits, serve, settled, stop_on_signal};

use self::accounts::Accounts;
use crate::{
    clock::Clock,
    config::{Config, Metrics, Mount as MountConfig, Server},
    deliver::{Cdn, Files, Patience, Relay},
    drive::Login,
    error::{Error, Kind, Result},
    http,
    identity::{Auth, Guard},
    ledger::Ledger,
    path::VirtualPath,
    store::{Sqlite, Store},
    vfs::{Budget, Mount, Namespace, Shelf, State, Tasks},
};

/// Bodies may go on this long after the wish to stop.
pub const DRAIN: Duration = Duration::from_secs(20);

/// A renewal of tokens may go on this long after that: its reply is the only copy there is.
const SETTLING: Duration = Duration::from_secs(15);

/// What was just learnt may take this long to be written.
const WRITING: Duration = Duration::from_secs(2);

/// Everything that touches the world.
#[derive(Debug, Clone)]
pub struct Deps {
    pub cdn: Cdn,
    pub clock: Clock,
    pub patience: Patience,
    pub limits: http::Limits,
    /// Whether 115's certificates are checked against the system's; false only where there is no network (`demo`).
    pub tls: bool,
    /// What outlives the process, or is shared with another.
    pub store: Arc<dyn Store>,
}

impl Deps {
    /// The real world, with what was kept in `data_dir`.
    pub async fn real(data_dir: &Path) -> Result<Self> {
        let clock = Clock::default();
        let cdn = Cdn::new().map_err(|error| {
            Error::new(
                Kind::Internal,
                "No HTTP client can be built. Are CA certificates installed (package ca-certificates)?",
            )
            .source(error)
        })?;
        Ok(Self {
            cdn,
            store: Arc::new(Sqlite::open(data_dir, clock.clone()).await?),
            clock,
            patience: Patience::default(),
            limits: http::Limits::default(),
            tls: true,
        })
    }
}

/// A gateway: mounts, what is known of them, and the way out to clients.
#[derive(Debug)]
pub struct App {
    deps: Deps,
    namespace: Arc<ArcSwap<Namespace>>,
    /// Connections at the CDN are counted for an account, whatever mounts share it.
    budgets: Mutex<HashMap<String, Arc<Budget>>>,
    accounts: Arc<Accounts>,
    ledger: Arc<Ledger>,
    metrics: Arc<http::Metrics>,
    tasks: Tasks,
    /// What mounts have learnt and keep over a restart.
    shelf: Shelf,
    running: Mutex<Vec<Running>>,
    /// Told of every change to the stored credentials, whoever made it.
    logins: watch::Sender<()>,
    /// Told whenever a pause has begun or ended, in whatever process.
    pauses: watch::Sender<()>,
    heeding: Mutex<Vec<JoinHandle<()>>>,
    server: Server,
    auth: Auth,
    frontend: Arc<ArcSwapOption<http::Frontend>>,
    /// Who may come in; nobody is asked before the doors are opened.
    guard: OnceLock<Arc<Guard>>,
    keeping: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    /// No more calls are made: the ledger may be closed.
    closed: CancellationToken,
}

/// A mount with the configuration it was made from and the task that keeps it up.
#[derive(Debug)]
struct Running {
    config: MountConfig,
    mount: Arc<Mount>,
    stop: CancellationToken,
    keeper: Option<JoinHandle<()>>,
}

impl App {
    /// Opens no port and starts no task.
    pub fn build(config: &Config, deps: Deps) -> Arc<Self> {
        let running: Vec<_> = config.mounts.iter().map(Running::new).collect();
        let tasks = Tasks::here();
        let mounts = running.iter().map(|running| Arc::clone(&running.mount)).collect();
        let namespace = Namespace::new(mounts, &deps.clock, &tasks);
        let namespace = Arc::new(ArcSwap::from_pointee(namespace));
        let ledger = Arc::new(Ledger::new(Arc::clone(&deps.store), deps.clock.clone()));
        let accounts = Arc::new(Accounts::new(&deps.clock, &ledger));
        accounts.configure(config);
        Arc::new(Self {
            metrics: Arc::new(http::Metrics::new(&namespace, &ledger, deps.clock.unix())),
            ledger,
            shelf: Shelf::new(Arc::clone(&deps.store), deps.clock.clone(), tasks.clone()),
            deps,
            accounts,
            namespace,
            budgets: Mutex::default(),
            tasks,
            running: Mutex::new(running),
            logins: watch::Sender::new(()),
            pauses: watch::Sender::new(()),
            heeding: Mutex::default(),
            keeping: Mutex::default(),
            server: config.server.clone(),
            auth: config.auth.clone(),
            frontend: Arc::default(),
            guard: OnceLock::new(),
            stop: CancellationToken::new(),
            closed: CancellationToken::new(),
        })
    }

    /// Starts what keeps the mounts up, and what keeps the ledger.
    pub fn spawn(self: &Arc<Self>) {
        self.keeping.lock().get_or_insert_with(|| tokio::spawn(Arc::clone(&self.ledger).keep(self.closed.clone())));
        self.heed(logins::heed(Arc::clone(self)));
        self.heed(guards::heed(Arc::clone(self)));
        for running in &mut *self.running.lock() {
            self.keep_up(running);
        }
    }

    /// Goes on until the end of this gateway.
    fn heed(&self, what: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.heeding.lock().push(tokio::spawn(async move {
            stop.run_until_cancelled(what).await;
        }));
    }

    fn keep_up(self: &Arc<Self>, running: &mut Running) {
        if running.keeper.is_none() {
            let keeper = mounting::keep_up(Arc::clone(self), running.config.clone(), Arc::clone(&running.mount));
            let stop = running.stop.clone();
            running.keeper = Some(tokio::spawn(async move {
                stop.run_until_cancelled(keeper).await;
            }));
        }
    }

    /// What answers requests, and the password of the admin if one was made up just now: to be shown once. Called once.
    pub async fn open(&self) -> Result<(http::Front, Option<SecretString>)> {
        let (guard, made_up) = Guard::open(&self.auth, Arc::clone(&self.deps.store), self.deps.clock.clone()).await?;
        let guard = Arc::clone(self.guard.get_or_init(|| Arc::new(guard)));
        let heeding = Arc::clone(&guard);
        self.heed(async move { heeding.heed().await });
        self.show(self.frontend(self.server.frontend_dir.as_deref()).await?);
        let Server { base_path, public_url, trusted_proxies, .. } = &self.server;
        let site = http::Site::new(base_path, public_url.as_ref(), trusted_proxies.clone());
        let relay = Relay::new(self.deps.cdn.clone(), self.deps.patience);
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() & 0xffff_ffff;
        let edge = http::Edge {
            namespace: Arc::clone(&self.namespace),
            relay,
            files: Files::default(),
            guard,
            site,
            frontend: Arc::clone(&self.frontend),
            ledger: Arc::clone(&self.ledger),
            metrics: Arc::clone(&self.metrics),
            metrics_are_open: self.server.metrics == Metrics::Open,
            description: http::Description::default(),
        };
        Ok((http::front(edge, seed), made_up))
    }

    /// The frontend in this folder, fit for this gateway; none where there is none.
    pub async fn frontend(&self, dir: Option<&Path>) -> Result<Option<http::Frontend>> {
        match dir {
            Some(dir) => http::Frontend::open(dir, &self.server.base_path).await.map(Some),
            None => Ok(None),
        }
    }

    /// Shows this frontend from now on, or the built-in pages.
    pub fn show(&self, frontend: Option<http::Frontend>) {
        self.frontend.store(frontend.map(Arc::new));
    }

    /// Who may come in, once [`open`](Self::open) has read that.
    pub fn guard(&self) -> Option<&Arc<Guard>> {
        self.guard.get()
    }

    /// Takes up who may come in from a changed configuration, and gives what [`Self::open`] gives.
    pub async fn admit(&self, auth: &Auth) -> Result<Option<SecretString>> {
        match self.guard.get() {
            Some(guard) => guard.configure(auth).await,
            None => Ok(None),
        }
    }

    pub fn namespace(&self) -> Arc<Namespace> {
        self.namespace.load_full()
    }

    /// Serves until `stop`, then drains.
    pub async fn serve(
        self: &Arc<Self>,
        listeners: Vec<TcpListener>,
        front: impl http::Answers,
        stop: CancellationToken,
    ) {
        http::serve(listeners, front, self.deps.limits, stop, DRAIN).await;
        self.stop().await;
    }

    /// Ends every task this gateway owns.
    pub async fn stop(&self) {
        let keepers: Vec<_> = self
            .running
            .lock()
            .iter_mut()
            .filter_map(|running| {
                running.stop.cancel();
                running.keeper.take()
            })
            .collect();
        self.stop.cancel();
        let heeding = std::mem::take(&mut *self.heeding.lock());
        for task in keepers.into_iter().chain(heeding) {
            let _ = task.await;
        }
        if tokio::time::timeout(WRITING, self.shelf.written()).await.is_err() {
            tracing::warn!("not all that was learnt of folders could be kept; it is asked for anew");
        }
        self.tasks.stop().await;
        if tokio::time::timeout(SETTLING, self.accounts.settled()).await.is_err() {
            tracing::warn!("a renewal of tokens is cut off; the next start will find out what became of it");
        }
        self.closed.cancel();
        let keeping = self.keeping.lock().take();
        match keeping {
            Some(keeping) => drop(keeping.await),
            // Nothing was served, but a login makes calls too.
            None => write_down(&self.ledger).await,
        }
    }

    /// The calls that were made to 115.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Takes up a changed configuration: mounts that stayed as they were keep all they know, and a pause that only a
    /// person can end is ended; transfers go on.
    pub fn reload(self: &Arc<Self>, config: &Config) {
        self.accounts.configure(config);
        let mut running = self.running.lock();
        let mut old = std::mem::take(&mut *running);
        let mut kept = 0;
        for mount in &config.mounts {
            if let Some(place) = old.iter().position(|old| old.config == *mount) {
                let same = old.swap_remove(place);
                if let State::Working(mounted) = same.mount.state() {
                    mounted.drive().resume();
                    running.push(same);
                    kept += 1;
                    continue;
                }
                // Not working: a new start, at once.
                same.stop.cancel();
            }
            running.push(Running::new(mount));
        }
        for gone in old {
            gone.stop.cancel();
        }
        self.put_up(&mut running);
        tracing::info!(mounts = running.len(), kept, "the configuration was read again");
    }

    /// Starts these mounts anew, without what was known of them: another account is behind them. Transfers go on.
    fn restart(self: &Arc<Self>, paths: &[VirtualPath]) {
        if paths.is_empty() {
            return;
        }
        let mut running = self.running.lock();
        for old in running.iter_mut().filter(|of| paths.contains(&of.config.path)) {
            tracing::info!(mount = %old.config.path, "somebody has logged in with another account; the mount starts anew");
            old.stop.cancel();
            *old = Running::new(&old.config);
        }
        self.put_up(&mut running);
    }

    /// Shows these mounts, and keeps up those that nothing does yet.
    fn put_up(self: &Arc<Self>, running: &mut [Running]) {
        let mounts = running.iter().map(|running| Arc::clone(&running.mount)).collect();
        self.namespace.store(Arc::new(Namespace::new(mounts, &self.deps.clock, &self.tasks)));
        for running in running {
            self.keep_up(running);
        }
    }

    /// The way to log in to the account behind this mount; `None` where there is no such mount, or nothing to log in to.
    pub fn login(&self, mount: &VirtualPath) -> Option<Arc<dyn Login>> {
        let running = self.running.lock();
        let of = running.iter().find(|running| running.config.path == *mount)?;
        login::of(&of.config, &self.accounts, &self.deps)
    }

    /// Tries what this mount can do, step by step; `None` where there is no such mount.
    pub async fn probe(&self, mount: &VirtualPath) -> Option<Probe> {
        let config = self.running.lock().iter().find(|of| of.config.path == *mount)?.config.clone();
        Some(probe::probe_mount(&config, &self.deps, &self.accounts).await)
    }

    /// Ends a pause of the account behind this mount that only a person can end; gives what it was. `None` where there is no
    /// such mount.
    pub async fn unblock(&self, mount: &VirtualPath) -> Option<Result<Unblocked>> {
        let config = self.running.lock().iter().find(|of| of.config.path == *mount)?.config.clone();
        Some(guards::unblock(&config, &self.deps, &self.accounts).await)
    }

    fn budget(&self, account: &str) -> Arc<Budget> {
        Arc::clone(self.budgets.lock().entry(account.to_owned()).or_default())
    }
}

impl Running {
    fn new(config: &MountConfig) -> Self {
        let mount = Arc::new(Mount::new(config.path.clone(), mounting::policy(config)));
        Self { config: config.clone(), mount, stop: CancellationToken::new(), keeper: None }
    }
}

/// Brings what was counted to the store at the end of a command.
async fn write_down(ledger: &Ledger) {
    if let Err(error) = ledger.flush().await {
        tracing::warn!(?error, "the calls of this command are missing in the request ledger");
    }
}

/// The addresses that listeners really have: port 0 becomes a number.
pub fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}
