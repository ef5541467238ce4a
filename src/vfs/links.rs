//! Links, in small pools: one pool per file and holder, so that calm seeking costs nothing and nobody meets the CDN's caps.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::HeaderValue;
use moka::sync::Cache;
use parking_lot::Mutex;

use super::{
    budget::{Budget, Place, too_many},
    flight::{Flights, Tasks},
    pool::{FINAL_FAILURE_LIFE, Keeping, Kept, Moment, Need, Pool, Step, TAKEN},
};
use crate::{
    clock::Clock,
    drive::{Audience, Binding, Drive, Entry, Handle},
    error::{Error, Kind, Result},
};

/// Pools kept at most; an unused one goes after [`IDLE`].
const MAX_POOLS: u64 = 20_000;
const IDLE: Duration = Duration::from_secs(2 * 3600);
/// How long a relay waits for a place before the client hears 503.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// That the CDN fails for a file is remembered this long.
const RELAY_FAILURE_LIFE: Duration = Duration::from_secs(5);

/// Whose pool it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    /// Everybody: links bound to nobody and without a cap.
    Everyone,
    Client(IpAddr, Option<HeaderValue>),
    Relay,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PoolKey {
    file: Handle,
    holder: Holder,
}

/// What 115 said of a file itself, whoever asked, and when by our clock.
type Refusals = Cache<Handle, (Error, Duration)>;
type Pools = Cache<PoolKey, Arc<Mutex<Pool>>>;

/// The links of one mount.
pub(super) struct Links {
    drive: Arc<dyn Drive>,
    clock: Clock,
    keeping: Keeping,
    pools: Pools,
    refusals: Refusals,
    relay_failures: Refusals,
    flights: Flights<PoolKey, ()>,
    budget: Arc<Budget>,
    numbers: Arc<AtomicU64>,
}

impl Links {
    pub(super) fn new(
        drive: Arc<dyn Drive>,
        clock: Clock,
        keeping: Keeping,
        budget: Arc<Budget>,
        tasks: Tasks,
    ) -> Self {
        // A pool weighs as much as the User-Agent that names it.
        let weight = |key: &PoolKey, _: &Arc<Mutex<Pool>>| match &key.holder {
            Holder::Client(_, Some(agent)) => 1 + u32::try_from(agent.len() / 256).unwrap_or(u32::MAX - 1),
            _ => 1,
        };
        let pools = Cache::builder().max_capacity(MAX_POOLS).weigher(weight).time_to_idle(IDLE).build();
        let (refusals, relay_failures) = (Cache::new(MAX_POOLS), Cache::new(MAX_POOLS));
        Self {
            drive,
            clock,
            keeping,
            pools,
            refusals,
            relay_failures,
            flights: Flights::new(tasks),
            budget,
            numbers: Arc::default(),
        }
    }

    /// A link to send a client to, where one is at hand; `None` where something has to be found out first.
    pub(super) fn at_hand(&self, file: &Entry, address: IpAddr, user_agent: Option<&HeaderValue>) -> Option<Arc<Kept>> {
        let key = PoolKey { file: file.handle.clone(), holder: Holder::Client(address, user_agent.cloned()) };
        let at = Moment::of(&self.clock);
        let own = self.pools.get(&key).and_then(|pool| pool.lock().hand_out(&self.keeping, at, true)?.ok()?);
        own.or_else(|| self.everyones(&key.file, Need::Redirect, at))
    }

    /// A link to send a client to; `None` where the drive only gives links that nobody can be redirected to.
    pub(super) async fn for_client(
        &self,
        file: &Arc<Entry>,
        address: IpAddr,
        user_agent: Option<&HeaderValue>,
    ) -> Result<Option<Arc<Kept>>> {
        let key = PoolKey { file: file.handle.clone(), holder: Holder::Client(address, user_agent.cloned()) };
        self.refusal(&key.file)?;
        loop {
            let at = Moment::of(&self.clock);
            if let Some(kept) = self.everyones(&key.file, Need::Redirect, at) {
                return Ok(Some(kept));
            }
            let pool = self.pools.get_with_by_ref(&key, Arc::default);
            if let Some(answer) = pool.lock().hand_out(&self.keeping, at, true) {
                return answer;
            }
            if let Err(error) = self.fetch(&key, &pool, file, Audience::Client(user_agent.cloned())).await {
                let at = Moment::of(&self.clock);
                let shared = self.everyones(&key.file, Need::Anything, at).map(|kept| Ok(Some(kept)));
                return shared.or_else(|| pool.lock().hand_out(&self.keeping, at, false)).unwrap_or(Err(error));
            }
        }
    }

    /// A place on a link for our own relay; waits its turn, at most [`PATIENCE`]. `anew`: nobody has bytes of it yet.
    pub(super) async fn for_relay(&self, file: &Arc<Entry>, anew: bool) -> Result<Lease> {
        self.refusal(&file.handle)?;
        let failure = self.relay_failures.get(&file.handle).filter(|_| anew);
        if let Some((error, at)) = failure
            && self.clock.now().saturating_sub(at) < RELAY_FAILURE_LIFE
        {
            return Err(error);
        }
        let started = self.clock.now();
        let place = self.budget.place(self.clock.clone(), PATIENCE).await?;
        let key = PoolKey { file: file.handle.clone(), holder: Holder::Relay };
        let mut more = true;
        loop {
            let at = Moment::of(&self.clock);
            let pool = self.pools.get_with_by_ref(&key, Arc::default);
            let turn = self.budget.turn();
            let step = match self.everyones(&key.file, Need::Relay, at) {
                Some(kept) => Step::Take(kept),
                None => pool.lock().take_place(&self.keeping, at, more),
            };
            match step {
                Step::Take(kept) => {
                    self.budget.learn(kept.link.account_connections);
                    return Ok(Lease { kept, pool, clock: self.clock.clone(), open: false, place });
                }
                Step::Fail(error) => return Err(error),
                Step::Fetch => {
                    if let Err(error) = self.fetch(&key, &pool, file, Audience::Gateway).await {
                        if pool.lock().is_empty() {
                            return Err(error);
                        }
                        // A place on one of the links that are there, then.
                        more = false;
                    }
                }
                Step::Wait(until) => {
                    let patience = PATIENCE.saturating_sub(at.now.saturating_sub(started));
                    if patience.is_zero() {
                        return Err(too_many());
                    }
                    // A place is given back, or stops to linger, or patience ends: whichever is first.
                    let pause = until.map_or(patience, |until| until.saturating_sub(at.now).min(patience));
                    let _ = tokio::time::timeout(pause.max(Duration::from_millis(1)), turn).await;
                }
            }
        }
    }

    /// A link that the CDN refused: nobody gets it again.
    pub(super) fn refused(&self, file: &Handle, kept: &Kept) {
        for holder in [Holder::Relay, Holder::Everyone] {
            if let Some(pool) = self.pools.get(&PoolKey { file: file.clone(), holder }) {
                pool.lock().remove(kept);
            }
        }
    }

    /// True where the link was not fetched just now, so that a refusal is no news of its being full.
    pub(super) fn is_old(&self, kept: &Kept) -> bool {
        self.clock.now().saturating_sub(kept.fetched) > TAKEN
    }

    /// The CDN does not give this file's bytes: who asks next is told so for a moment, and no link is fetched for it.
    pub(super) fn relay_failed(&self, file: &Handle, error: &Error) {
        self.relay_failures.insert(file.clone(), (error.clone(), self.clock.now()));
    }

    /// What 115 has just said of this file to somebody: asking again for deleted files makes it suspicious.
    fn refusal(&self, file: &Handle) -> Result<()> {
        match self.refusals.get(file) {
            Some((error, at)) if self.clock.now().saturating_sub(at) < FINAL_FAILURE_LIFE => Err(error),
            _ => Ok(()),
        }
    }

    fn everyones(&self, file: &Handle, need: Need, at: Moment) -> Option<Arc<Kept>> {
        let pool = self.pools.get(&PoolKey { file: file.clone(), holder: Holder::Everyone })?;
        pool.lock().any(need, &self.keeping, at)
    }

    /// One more link for a pool; one at a time, and a task of its own, so a client that leaves wastes nothing.
    async fn fetch(&self, key: &PoolKey, pool: &Arc<Mutex<Pool>>, file: &Arc<Entry>, audience: Audience) -> Result<()> {
        self.flights
            .join(key, || {
                let fetch = Fetch {
                    drive: Arc::clone(&self.drive),
                    clock: self.clock.clone(),
                    pools: self.pools.clone(),
                    numbers: Arc::clone(&self.numbers),
                    keeping: self.keeping,
                    refusals: self.refusals.clone(),
                    pool: Arc::clone(pool),
                    file: Arc::clone(file),
                };
                fetch.run(audience)
            })
            .await
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links")
            .field("drive", &self.drive)
            .field("pools", &self.pools.entry_count())
            .finish_non_exhaustive()
    }
}

/// The question to the drive, as a task holds it.
struct Fetch {
    drive: Arc<dyn Drive>,
    clock: Clock,
    pools: Pools,
    numbers: Arc<AtomicU64>,
    keeping: Keeping,
    refusals: Refusals,
    pool: Arc<Mutex<Pool>>,
    file: Arc<Entry>,
}

impl Fetch {
    /// Puts the link where it belongs: to everybody, to the relay, or to who asked.
    async fn run(self, audience: Audience) -> Result<()> {
        let answer = self.drive.link(&self.file, &audience).await;
        let at = Moment::of(&self.clock);
        match answer {
            Ok(link) => {
                let kept = Arc::new(Kept::new(link, at, self.numbers.fetch_add(1, Ordering::Relaxed)));
                if !kept.has_life(Need::Anything, &self.keeping, at) {
                    let error = over();
                    self.pool.lock().fail(error.clone(), at);
                    return Err(error);
                }
                let home = if kept.link.is_everyones() {
                    self.pool_of(Holder::Everyone)
                } else if kept.link.binding == Binding::Cookie {
                    self.pool.lock().gives_relay_links_only(at);
                    self.pool_of(Holder::Relay)
                } else {
                    self.pool
                };
                home.lock().add(kept, at);
                Ok(())
            }
            Err(error) => {
                if error.kind().is_final_for_file() {
                    self.refusals.insert(self.file.handle.clone(), (error.clone(), at.now));
                }
                self.pool.lock().fail(error.clone(), at);
                Err(error)
            }
        }
    }

    fn pool_of(&self, holder: Holder) -> Arc<Mutex<Pool>> {
        self.pools.get_with(PoolKey { file: self.file.handle.clone(), holder }, Arc::default)
    }
}

fn over() -> Error {
    Error::new(Kind::Upstream, "115 gave a link whose time is already over. Is this server's clock right?").op("link")
}

/// A relay's place on a link; given back when dropped.
pub struct Lease {
    pub kept: Arc<Kept>,
    pool: Arc<Mutex<Pool>>,
    clock: Clock,
    open: bool,
    place: Place,
}

impl Lease {
    /// A connection is about to be opened: given up, it keeps its place at the CDN for some seconds.
    pub fn begin(&mut self) {
        self.open = true;
        self.place.set_open(true);
    }

    /// The body came to its end, or none came: the place is free at once.
    pub fn finish(&mut self) {
        self.open = false;
        self.place.set_open(false);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.lock().give_back(&self.kept, !self.open, self.clock.now());
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("kept", &self.kept).finish_non_exhaustive()
    }
}
