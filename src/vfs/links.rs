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
    view::Caller,
};
use crate::{
    clock::Clock,
    drive::{Asker, Audience, Binding, Drive, Entry, Handle},
    error::{Error, Kind, Result},
};

/// Files and pools of clients kept at most; what is not used goes after [`IDLE`].
const MAX_FILES: u64 = 20_000;
const MAX_POOLS: u64 = 20_000;
const IDLE: Duration = Duration::from_secs(2 * 3600);
/// How long a relay waits for a place before the client hears 503.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// That the CDN fails for a file is remembered this long.
const RELAY_FAILURE_LIFE: Duration = Duration::from_secs(5);

/// Whose pool it is, where it is not everybody's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Holder {
    Client(IpAddr, Option<HeaderValue>),
    Relay,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PoolKey {
    file: Handle,
    holder: Holder,
}

/// What is known of a file's links, whoever asks: found once for a file, so that it need not be found for each request.
#[derive(Default)]
pub(super) struct FileLinks {
    /// Bound to nobody and without a cap.
    everyones: Mutex<Pool>,
    relays: Mutex<Pool>,
    told: Mutex<Told>,
}

/// What was said of a file itself, and when by our clock.
#[derive(Default)]
struct Told {
    /// By 115.
    refused: Option<(Error, Duration)>,
    /// By the CDN, to our relay.
    relay_failed: Option<(Error, Duration)>,
}

/// The links of one mount.
pub(super) struct Links {
    drive: Arc<dyn Drive>,
    clock: Clock,
    keeping: Keeping,
    files: Cache<Handle, Arc<FileLinks>>,
    clients: Cache<PoolKey, Arc<Mutex<Pool>>>,
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
        Self {
            drive,
            clock,
            keeping,
            files: Cache::builder().max_capacity(MAX_FILES).time_to_idle(IDLE).build(),
            clients: Cache::builder().max_capacity(MAX_POOLS).weigher(weight).time_to_idle(IDLE).build(),
            flights: Flights::new(tasks),
            budget,
            numbers: Arc::default(),
        }
    }

    /// Pools that are kept.
    pub(super) fn held(&self) -> u64 {
        self.files.entry_count() + self.clients.entry_count()
    }

    /// What is known of a file's links.
    pub(super) fn of(&self, file: &Handle) -> Arc<FileLinks> {
        self.files.get_with_by_ref(file, Arc::default)
    }

    /// A link to send a client to, where one is at hand; `None` where something has to be found out first.
    pub(super) fn at_hand(
        &self,
        links: &FileLinks,
        file: &Entry,
        address: IpAddr,
        user_agent: Option<&HeaderValue>,
    ) -> Option<Arc<Kept>> {
        let at = Moment::of(&self.clock);
        links.everyones(Need::Redirect, &self.keeping, at).or_else(|| {
            let key = PoolKey { file: file.handle.clone(), holder: Holder::Client(address, user_agent.cloned()) };
            self.clients.get(&key)?.lock().hand_out(&self.keeping, at, true)?.ok()?
        })
    }

    /// A link to send a client to; `None` where the drive only gives links that nobody can be redirected to.
    pub(super) async fn for_client(
        &self,
        links: &Arc<FileLinks>,
        file: &Arc<Entry>,
        address: IpAddr,
        user_agent: Option<&HeaderValue>,
        asker: &Asker,
    ) -> Result<Option<Arc<Kept>>> {
        let key = PoolKey { file: file.handle.clone(), holder: Holder::Client(address, user_agent.cloned()) };
        links.refusal(self.clock.now())?;
        let pool = self.clients.get_with_by_ref(&key, Arc::default);
        loop {
            let at = Moment::of(&self.clock);
            if let Some(kept) = links.everyones(Need::Redirect, &self.keeping, at) {
                return Ok(Some(kept));
            }
            if let Some(answer) = pool.lock().hand_out(&self.keeping, at, true) {
                return answer;
            }
            let home = Home::Client(Arc::clone(&pool));
            if let Err(error) =
                Box::pin(self.fetch(&key, links, home, file, Audience::Client(user_agent.cloned()), asker)).await
            {
                let at = Moment::of(&self.clock);
                let shared = links.everyones(Need::Anything, &self.keeping, at).map(|kept| Ok(Some(kept)));
                return shared.or_else(|| pool.lock().hand_out(&self.keeping, at, false)).unwrap_or(Err(error));
            }
        }
    }

    /// A place on a link for our own relay; waits its turn, at most [`PATIENCE`]. `anew`: nobody has bytes of it yet.
    pub(super) async fn for_relay(
        &self,
        links: &Arc<FileLinks>,
        file: &Arc<Entry>,
        anew: bool,
        caller: &Caller,
    ) -> Result<Lease> {
        let started = self.clock.now();
        links.refusal(started)?;
        if anew {
            links.relay_failure(started)?;
        }
        let place = self.budget.place(self.clock.clone(), PATIENCE).await?;
        let mut more = true;
        loop {
            let at = Moment::of(&self.clock);
            let turn = self.budget.turn();
            let step = match links.everyones(Need::Relay, &self.keeping, at) {
                Some(kept) => Step::Take(kept),
                None => links.relays.lock().take_place(&self.keeping, at, more),
            };
            match step {
                Step::Take(kept) => {
                    self.budget.learn(kept.link.account_connections);
                    return Ok(Lease { kept, links: Arc::clone(links), clock: self.clock.clone(), open: false, place });
                }
                Step::Fail(error) => return Err(error),
                Step::Fetch => {
                    let key = PoolKey { file: file.handle.clone(), holder: Holder::Relay };
                    let asker = caller.asker(at.now);
                    if let Err(error) =
                        Box::pin(self.fetch(&key, links, Home::Relay, file, Audience::Gateway, &asker)).await
                    {
                        if links.relays.lock().is_empty() {
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

    /// True where the link was not fetched just now, so that a refusal is no news of its being full.
    pub(super) fn is_old(&self, kept: &Kept) -> bool {
        self.clock.now().saturating_sub(kept.fetched) > TAKEN
    }

    /// The CDN does not give this file's bytes: who asks next is told so for a moment, and no link is fetched for it.
    pub(super) fn relay_failed(&self, links: &FileLinks, error: &Error) {
        links.told.lock().relay_failed = Some((error.clone(), self.clock.now()));
    }

    /// One more link for a pool; one at a time, and a task of its own, so a client that leaves wastes nothing.
    async fn fetch(
        &self,
        key: &PoolKey,
        links: &Arc<FileLinks>,
        home: Home,
        file: &Arc<Entry>,
        audience: Audience,
        asker: &Asker,
    ) -> Result<()> {
        self.flights
            .join(key, asker, |asker| {
                let fetch = Fetch {
                    drive: Arc::clone(&self.drive),
                    clock: self.clock.clone(),
                    numbers: Arc::clone(&self.numbers),
                    keeping: self.keeping,
                    links: Arc::clone(links),
                    home,
                    file: Arc::clone(file),
                    asker,
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
            .field("files", &self.files.entry_count())
            .field("clients", &self.clients.entry_count())
            .finish_non_exhaustive()
    }
}

impl FileLinks {
    /// A link that the CDN refused: nobody gets it again.
    pub(super) fn refused(&self, kept: &Kept) {
        self.relays.lock().remove(kept);
        self.everyones.lock().remove(kept);
    }

    /// What 115 has just said of this file to somebody: asking again for deleted files makes it suspicious.
    fn refusal(&self, now: Duration) -> Result<()> {
        still(&mut self.told.lock().refused, now, FINAL_FAILURE_LIFE)
    }

    fn relay_failure(&self, now: Duration) -> Result<()> {
        still(&mut self.told.lock().relay_failed, now, RELAY_FAILURE_LIFE)
    }

    fn everyones(&self, need: Need, keeping: &Keeping, at: Moment) -> Option<Arc<Kept>> {
        self.everyones.lock().any(need, keeping, at)
    }
}

impl fmt::Debug for FileLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLinks").finish_non_exhaustive()
    }
}

fn still(told: &mut Option<(Error, Duration)>, now: Duration, life: Duration) -> Result<()> {
    match told {
        Some((error, at)) if now.saturating_sub(*at) < life => Err(error.clone()),
        told => {
            *told = None;
            Ok(())
        }
    }
}

/// Where a link belongs that is not everybody's.
enum Home {
    Client(Arc<Mutex<Pool>>),
    Relay,
}

/// The question to the drive, as a task holds it.
struct Fetch {
    drive: Arc<dyn Drive>,
    clock: Clock,
    numbers: Arc<AtomicU64>,
    keeping: Keeping,
    links: Arc<FileLinks>,
    home: Home,
    file: Arc<Entry>,
    asker: Asker,
}

impl Fetch {
    /// Puts the link where it belongs: to everybody, to the relay, or to who asked.
    async fn run(self, audience: Audience) -> Result<()> {
        let answer = self.drive.link(&self.file, &audience, &self.asker).await;
        let at = Moment::of(&self.clock);
        let asker = match &self.home {
            Home::Client(pool) => &**pool,
            Home::Relay => &self.links.relays,
        };
        match answer {
            Ok(link) => {
                let kept = Arc::new(Kept::new(link, at, self.numbers.fetch_add(1, Ordering::Relaxed)));
                if !kept.has_life(Need::Anything, &self.keeping, at) {
                    let error = over();
                    asker.lock().fail(error.clone(), at);
                    return Err(error);
                }
                let home = if kept.link.is_everyones() {
                    &self.links.everyones
                } else if kept.link.binding == Binding::Cookie {
                    asker.lock().gives_relay_links_only(at);
                    &self.links.relays
                } else {
                    asker
                };
                home.lock().add(kept, &self.keeping, at);
                Ok(())
            }
            Err(error) => {
                if error.kind().is_final_for_file() {
                    self.links.told.lock().refused = Some((error.clone(), at.now));
                }
                asker.lock().fail(error.clone(), at);
                Err(error)
            }
        }
    }
}

fn over() -> Error {
    Error::new(Kind::Upstream, "115 gave a link whose time is already over. Is this server's clock right?").op("link")
}

/// A relay's place on a link; given back when dropped.
pub struct Lease {
    pub kept: Arc<Kept>,
    links: Arc<FileLinks>,
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
        self.links.relays.lock().give_back(&self.kept, !self.open, self.clock.now());
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("kept", &self.kept).finish_non_exhaustive()
    }
}
