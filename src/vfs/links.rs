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
    pool::{Keeping, Kept, Moment, Need, Pool, Step, TAKEN},
};
use crate::{
    clock::Clock,
    drive::{Audience, Binding, Drive, Entry, Handle},
    error::Result,
};

/// Pools kept at most; an unused one goes after [`IDLE`].
const MAX_POOLS: u64 = 20_000;
const IDLE: Duration = Duration::from_secs(2 * 3600);
/// How long a relay waits for a place before the client hears 503.
pub const PATIENCE: Duration = Duration::from_secs(10);

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

type Pools = Cache<PoolKey, Arc<Mutex<Pool>>>;

/// The links of one mount.
pub(super) struct Links {
    drive: Arc<dyn Drive>,
    clock: Clock,
    keeping: Keeping,
    pools: Pools,
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
        let pools = Cache::builder().max_capacity(MAX_POOLS).time_to_idle(IDLE).build();
        Self { drive, clock, keeping, pools, flights: Flights::new(tasks), budget, numbers: Arc::default() }
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

    /// A place on a link for our own relay; waits its turn, at most [`PATIENCE`].
    pub(super) async fn for_relay(&self, file: &Arc<Entry>) -> Result<Lease> {
        let place = self.budget.place(self.clock.clone(), PATIENCE).await?;
        let key = PoolKey { file: file.handle.clone(), holder: Holder::Relay };
        let started = self.clock.now();
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
                    return Ok(Lease { kept, pool, clock: self.clock.clone(), finished: false, place });
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
                self.pool.lock().fail(error.clone(), at);
                Err(error)
            }
        }
    }

    fn pool_of(&self, holder: Holder) -> Arc<Mutex<Pool>> {
        self.pools.get_with(PoolKey { file: self.file.handle.clone(), holder }, Arc::default)
    }
}

/// A relay's place on a link; given back when dropped.
pub struct Lease {
    pub kept: Arc<Kept>,
    pool: Arc<Mutex<Pool>>,
    clock: Clock,
    finished: bool,
    place: Place,
}

impl Lease {
    /// The body came to its end: its place is free at once.
    pub fn finish(&mut self) {
        self.finished = true;
        self.place.finish();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.lock().give_back(&self.kept, self.finished, self.clock.now());
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("kept", &self.kept).finish_non_exhaustive()
    }
}
