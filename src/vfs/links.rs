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
    budget::{Budget, Place},
    flight::{Flights, Tasks},
};
use crate::{
    clock::Clock,
    drive::{Audience, Binding, Drive, Entry, Handle, Link},
    error::{Error, Kind, Result},
};

/// Pools kept at most; an unused one goes after [`IDLE`].
const MAX_POOLS: u64 = 20_000;
const IDLE: Duration = Duration::from_secs(2 * 3600);
/// A slot handed to a client counts as taken this long: a connection that is dropped keeps it for some seconds at the CDN.
const TAKEN: Duration = Duration::from_secs(10);
/// A place of a relay connection that broke off counts as taken this long.
const LINGER: Duration = Duration::from_secs(5);
/// Life a relay needs at least.
const RELAY_LIFE: u64 = 60;
/// How long a link whose URL names no end is kept, in seconds.
const UNNAMED_LIFE: u64 = 300;
/// How long a relay waits for a place before the client hears 503.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Connections of an account where the link names no cap, for the number of links in a pool.
const USUAL_ACCOUNT_CONNECTIONS: u32 = 10;
/// How long a client's pool remembers that the drive gives it nothing but links for a relay.
const RELAY_ONLY: Duration = Duration::from_secs(600);
/// A failure to get a link is remembered this long.
const FAILURE_LIFE: Duration = Duration::from_secs(3);
/// An answer about the file itself this long: asking again for deleted files makes 115 suspicious (docs/115.md).
const FINAL_FAILURE_LIFE: Duration = Duration::from_secs(30);

/// The least life a link needs for a client to be sent to it: most players keep the URL for the whole film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinLife {
    /// Half of its whole life, at most an hour.
    Half,
    /// This much, at most half of its whole life.
    Least(Duration),
}

/// How links are kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// At most this long, however long they live.
    pub at_most: Duration,
    pub min_life: MinLife,
}

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

/// A link as it is kept; the number tells it from a later one.
#[derive(Debug)]
pub struct Kept {
    pub link: Link,
    number: u64,
    /// By our clock.
    fetched: Duration,
    /// Unix seconds: from when to when it works.
    born: u64,
    dies: u64,
}

/// The links of one mount.
pub(super) struct Links {
    drive: Arc<dyn Drive>,
    clock: Clock,
    keeping: Keeping,
    pools: Cache<PoolKey, Arc<Pool>>,
    flights: Flights<PoolKey, ()>,
    budget: Arc<Budget>,
    numbers: Arc<AtomicU64>,
}

#[derive(Default)]
struct Pool(Mutex<State>);

#[derive(Default)]
struct State {
    lanes: Vec<Lane>,
    failed: Option<(Error, Duration)>,
    /// Until then the drive is known to give no link that a client could be sent to.
    relay_only_until: Duration,
}

/// A link and what is taken of it.
struct Lane {
    kept: Arc<Kept>,
    /// When each slot was handed to a client last; empty where the link has no cap.
    handed: Vec<Option<Duration>>,
    /// Relay connections on it: those open, and until when those that broke off linger.
    open: u32,
    lingering: Vec<Duration>,
}

/// A relay's place on a link; given back when dropped.
pub struct Lease {
    pub kept: Arc<Kept>,
    pool: Arc<Pool>,
    clock: Clock,
    finished: bool,
    place: Place,
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
        match self.pools.get(&key) {
            Some(pool) => self.hand_out(&mut pool.0.lock(), true)?.ok()?,
            None => self.everyones(&key.file, Need::Redirect),
        }
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
            if let Some(kept) = self.everyones(&key.file, Need::Redirect) {
                return Ok(Some(kept));
            }
            let pool = self.pool(&key);
            if let Some(answer) = self.hand_out(&mut pool.0.lock(), true) {
                return answer;
            }
            if let Err(error) = self.fetch(&key, &pool, file, Audience::Client(user_agent.cloned())).await {
                // A slot that is taken is better than none: the client may well have dropped its connection.
                return self.hand_out(&mut pool.0.lock(), false).unwrap_or(Err(error));
            }
        }
    }

    /// A place on a link for our own relay; waits its turn, at most [`PATIENCE`].
    pub(super) async fn for_relay(&self, file: &Arc<Entry>) -> Result<Lease> {
        let place = self.budget.place(self.clock.clone(), PATIENCE).await?;
        let key = PoolKey { file: file.handle.clone(), holder: Holder::Relay };
        let started = self.clock.now();
        let mut may_fetch = true;
        loop {
            let pool = self.pool(&key);
            if let Some(kept) = self.everyones(&key.file, Need::Relay) {
                self.budget.learn(kept.link.account_connections);
                return Ok(self.lease(kept, pool, place));
            }
            let turn = self.budget.turn();
            let step = self.take_place(&mut pool.0.lock(), may_fetch);
            match step {
                Step::Take(kept) => {
                    self.budget.learn(kept.link.account_connections);
                    return Ok(self.lease(kept, pool, place));
                }
                Step::Fail(error) => return Err(error),
                Step::Fetch => {
                    if let Err(error) = self.fetch(&key, &pool, file, Audience::Gateway).await {
                        if pool.0.lock().lanes.is_empty() {
                            return Err(error);
                        }
                        // A place on one of the links that are there, then.
                        may_fetch = false;
                    }
                }
                Step::Wait(until) => {
                    let now = self.clock.now();
                    let patience = PATIENCE.saturating_sub(now.saturating_sub(started));
                    if patience.is_zero() {
                        return Err(super::budget::too_many());
                    }
                    // A place is given back, or stops to linger, or patience ends: whichever is first.
                    let pause = until
                        .map_or(patience, |until| until.saturating_sub(now).min(patience))
                        .max(Duration::from_millis(1));
                    let _ = tokio::time::timeout(pause, turn).await;
                }
            }
        }
    }

    /// A link that the CDN refused: nobody gets it again. Compares first, so a fresh one that came meanwhile stays.
    pub(super) fn refused(&self, file: &Handle, kept: &Kept) {
        for holder in [Holder::Relay, Holder::Everyone] {
            if let Some(pool) = self.pools.get(&PoolKey { file: file.clone(), holder }) {
                pool.0.lock().lanes.retain(|lane| lane.kept.number != kept.number);
            }
        }
    }

    /// True where the link was not fetched just now, so that a refusal is no news of its being full.
    pub(super) fn is_old(&self, kept: &Kept) -> bool {
        self.clock.now().saturating_sub(kept.fetched) > TAKEN
    }

    fn pool(&self, key: &PoolKey) -> Arc<Pool> {
        self.pools.get_with_by_ref(key, Arc::default)
    }

    fn lease(&self, kept: Arc<Kept>, pool: Arc<Pool>, place: Place) -> Lease {
        Lease { kept, pool, clock: self.clock.clone(), finished: false, place }
    }

    fn everyones(&self, file: &Handle, need: Need) -> Option<Arc<Kept>> {
        let pool = self.pools.get(&PoolKey { file: file.clone(), holder: Holder::Everyone })?;
        let state = pool.0.lock();
        state.lanes.iter().map(|lane| &lane.kept).find(|kept| self.has_life(kept, need)).cloned()
    }

    /// The slot handed out longest ago; `None` where one more link should be fetched first, if there `may` be more.
    fn hand_out(&self, state: &mut State, may: bool) -> Option<Result<Option<Arc<Kept>>>> {
        let now = self.clock.now();
        state.lanes.retain(|lane| self.has_life(&lane.kept, Need::Redirect));
        let mut oldest: Option<(usize, usize, Option<Duration>)> = None;
        for (l, lane) in state.lanes.iter().enumerate() {
            if lane.handed.is_empty() {
                return Some(Ok(Some(Arc::clone(&lane.kept))));
            }
            for (s, &handed) in lane.handed.iter().enumerate() {
                if oldest.is_none_or(|(_, _, best)| handed < best) {
                    oldest = Some((l, s, handed));
                }
            }
        }
        let Some((l, s, handed)) = oldest else {
            return if now < state.relay_only_until { Some(Ok(None)) } else { self.failed(state).map(Err) };
        };
        let taken = handed.is_some_and(|at| now.saturating_sub(at) < TAKEN);
        let most = most_links(&state.lanes[l].kept.link);
        if taken && may && state.lanes.len() < most && self.failed(state).is_none() {
            return None;
        }
        let lane = &mut state.lanes[l];
        lane.handed[s] = Some(now);
        Some(Ok(Some(Arc::clone(&lane.kept))))
    }

    fn take_place(&self, state: &mut State, may_fetch: bool) -> Step {
        let now = self.clock.now();
        state.lanes.retain(|lane| self.has_life(&lane.kept, Need::Relay));
        let mut free_at = None;
        for lane in &mut state.lanes {
            lane.lingering.retain(|&until| until > now);
            let cap = lane.kept.link.connections;
            let taken = lane.open + u32::try_from(lane.lingering.len()).unwrap_or(u32::MAX);
            if cap == 0 || taken < cap {
                lane.open += 1;
                return Step::Take(Arc::clone(&lane.kept));
            }
            let earliest = lane.lingering.iter().min().copied();
            free_at = [free_at, earliest].into_iter().flatten().min();
        }
        if let Some(error) = self.failed(state) {
            return if state.lanes.is_empty() { Step::Fail(error) } else { Step::Wait(free_at) };
        }
        match state.lanes.first() {
            Some(lane) if !may_fetch || state.lanes.len() >= most_links(&lane.kept.link) => Step::Wait(free_at),
            _ => Step::Fetch,
        }
    }

    fn failed(&self, state: &State) -> Option<Error> {
        let (error, at) = state.failed.as_ref()?;
        let life = if matches!(error.kind(), Kind::Gone | Kind::Forbidden | Kind::NotReady) {
            FINAL_FAILURE_LIFE
        } else {
            FAILURE_LIFE
        };
        (self.clock.now().saturating_sub(*at) < life).then(|| error.clone())
    }

    /// One more link for a pool; one at a time, and a task of its own, so a client that leaves wastes nothing.
    async fn fetch(&self, key: &PoolKey, pool: &Arc<Pool>, file: &Arc<Entry>, audience: Audience) -> Result<()> {
        self.flights
            .join(key, || {
                let (drive, clock, pools, numbers) =
                    (Arc::clone(&self.drive), self.clock.clone(), self.pools.clone(), Arc::clone(&self.numbers));
                let (pool, file) = (Arc::clone(pool), Arc::clone(file));
                async move {
                    match drive.link(&file, &audience).await {
                        Ok(link) => {
                            let kept = Arc::new(Kept::new(link, &clock, numbers.fetch_add(1, Ordering::Relaxed)));
                            let of =
                                |holder| pools.get_with(PoolKey { file: file.handle.clone(), holder }, Arc::default);
                            let home = if kept.link.is_everyones() {
                                of(Holder::Everyone)
                            } else if kept.link.binding == Binding::Cookie {
                                pool.0.lock().relay_only_until = clock.now() + RELAY_ONLY;
                                of(Holder::Relay)
                            } else {
                                pool
                            };
                            let mut state = home.0.lock();
                            state.failed = None;
                            state.lanes.retain(|lane| lane.kept.dies > clock.unix());
                            state.lanes.push(Lane::new(kept));
                            Ok(())
                        }
                        Err(error) => {
                            if error.kind().cost_a_call() {
                                pool.0.lock().failed = Some((error.clone(), clock.now()));
                            }
                            Err(error)
                        }
                    }
                }
            })
            .await
    }

    fn has_life(&self, kept: &Kept, need: Need) -> bool {
        let (now, unix) = (self.clock.now(), self.clock.unix());
        let whole = kept.dies.saturating_sub(kept.born);
        let least = match (need, self.keeping.min_life) {
            (Need::Relay, _) => RELAY_LIFE.min(whole / 2),
            (Need::Redirect, MinLife::Half) => (whole / 2).min(3600),
            (Need::Redirect, MinLife::Least(least)) => least.as_secs().min(whole / 2),
        };
        let age = now.saturating_sub(kept.fetched);
        age < self.keeping.at_most && kept.dies > unix && kept.dies - unix >= least
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

#[derive(Clone, Copy)]
enum Need {
    Redirect,
    Relay,
}

enum Step {
    Take(Arc<Kept>),
    Fetch,
    Wait(Option<Duration>),
    Fail(Error),
}

impl Kept {
    fn new(link: Link, clock: &Clock, number: u64) -> Self {
        let born = clock.unix();
        let dies = link.expires.unwrap_or(born + UNNAMED_LIFE);
        Self { link, number, fetched: clock.now(), born, dies }
    }
}

impl Lane {
    fn new(kept: Arc<Kept>) -> Self {
        let slots = kept.link.connections.min(64) as usize;
        Self { kept, handed: vec![None; slots], open: 0, lingering: Vec::new() }
    }
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
        let mut state = self.pool.0.lock();
        if let Some(lane) = state.lanes.iter_mut().find(|lane| lane.kept.number == self.kept.number) {
            lane.open = lane.open.saturating_sub(1);
            if !self.finished && lane.kept.link.connections > 0 {
                lane.lingering.push(self.clock.now() + LINGER);
            }
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("kept", &self.kept).finish_non_exhaustive()
    }
}

fn most_links(link: &Link) -> usize {
    let account = if link.account_connections == 0 { USUAL_ACCOUNT_CONNECTIONS } else { link.account_connections };
    (account / link.connections.max(1)).max(1) as usize
}
