//! What is known of a mount's folders: read once, by pages, only as far as somebody needs, kept, and never made up.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use parking_lot::Mutex;

use super::{
    flight::{Flights, Tasks},
    listing::Listing,
};
use crate::{
    clock::Clock,
    drive::{Drive, Entry, Handle, Page},
    error::{Error, Kind, Result},
    path::{Name, tag_of},
};

/// Entries that all folders of a mount hold together at most; about 300 bytes each.
const MAX_ENTRIES: u64 = 400_000;
/// A name that is not in a listing older than this is looked for once more.
const SURE_OF_ABSENCE: Duration = Duration::from_secs(60);
/// A part of a folder older than this is read again from the start instead of being continued: entries move between pages.
const PART_LIFE: Duration = Duration::from_secs(60);
/// A failure is remembered this long, so that a crowd does not repeat it.
const FAILURE_LIFE: Duration = Duration::from_secs(3);
/// A folder is not read anew at a person's wish more often than this.
const REFRESH_FLOOR: Duration = Duration::from_secs(3);
/// 115 shows 50,000 entries of a folder at most; a drive that never ends is cut off here.
const MAX_PAGES: usize = 200;
/// From this many entries on, sorting happens off the async threads.
const MANY: usize = 2_000;

/// How old what we know may be.
#[derive(Debug, Clone, Copy)]
pub struct Ages {
    /// A listing is taken as it is this long.
    pub listing: Duration,
    /// An older one stands in this long when the drive cannot be asked; while the drive is paused, any does.
    pub grace: Duration,
}

/// A folder's listing as it was found.
#[derive(Debug, Clone)]
pub struct Known {
    pub listing: Arc<Listing>,
    /// How old it is.
    pub age: Duration,
    /// Why nothing newer was to be had, where it is past its time.
    pub stale: Option<Error>,
}

/// The folders of one mount.
pub(super) struct Listings {
    drive: Arc<dyn Drive>,
    clock: Clock,
    ages: Ages,
    folders: Cache<Handle, Arc<Folder>>,
    flights: Flights<Handle, ()>,
    generation: Arc<AtomicU64>,
}

/// An entry, and until when its folder is taken as it was read.
pub(super) struct Found {
    pub(super) entry: Arc<Entry>,
    pub(super) until: Duration,
}

#[derive(Default)]
struct Folder(Mutex<State>);

#[derive(Default)]
struct State {
    whole: Option<Arc<Listing>>,
    part: Option<Part>,
    failed: Option<(Error, Duration)>,
    /// What was read before this is past its time.
    distrusted_before: Duration,
    /// When an absent name last made a fresh reading.
    doubted_at: Option<Duration>,
}

impl State {
    fn is_fresh(&self, whole: &Listing, now: Duration, age: Duration) -> bool {
        whole.read_at() >= self.distrusted_before && now.saturating_sub(whole.read_at()) < age
    }

    /// Entries held, which is what the cache counts.
    fn weight(&self) -> u32 {
        let entries = self.whole.as_ref().map_or(0, |whole| whole.entries().len())
            + self.part.as_ref().map_or(0, |part| part.entries.len());
        u32::try_from(entries).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// The pages read so far.
struct Part {
    entries: Vec<Entry>,
    seen: HashSet<Handle>,
    first_of: HashMap<Name, usize>,
    next: u64,
    pages: usize,
    newest_first: bool,
    started: Duration,
}

/// What somebody needs to know of a folder, and how fresh.
struct Need<'a> {
    /// One name, or everything.
    name: Option<&'a str>,
    since: Duration,
}

enum Answer {
    Whole(Arc<Listing>),
    Entry(Found),
    Absent,
}

impl Listings {
    pub(super) fn new(drive: Arc<dyn Drive>, clock: Clock, ages: Ages, tasks: Tasks) -> Self {
        let folders = Cache::builder()
            .max_capacity(MAX_ENTRIES)
            .weigher(|_, folder: &Arc<Folder>| folder.0.lock().weight())
            .build();
        Self { drive, clock, ages, folders, flights: Flights::new(tasks), generation: Arc::default() }
    }

    /// All of a folder. An old listing stands in where the drive cannot be asked, and says so.
    pub(super) async fn whole(&self, folder: &Arc<Entry>, refresh: bool) -> Result<Known> {
        let known = self.folder(folder);
        if refresh {
            let now = self.clock.now();
            let mut state = known.0.lock();
            if state.whole.as_ref().is_some_and(|whole| now.saturating_sub(whole.read_at()) >= REFRESH_FLOOR) {
                state.distrusted_before = now;
                state.failed = None;
                self.generation.fetch_add(1, Ordering::Release);
            }
        }
        match self.settle(folder, &known, None).await {
            Ok(Answer::Whole(listing)) => Ok(self.known(listing, None)),
            Ok(_) => Err(Error::new(Kind::Internal, "A folder was asked for and a file came.")),
            Err(error) => {
                let whole = known.0.lock().whole.clone();
                match whole.filter(|listing| self.may_stand_in(listing, &error)) {
                    Some(listing) => Ok(self.known(listing, Some(error))),
                    None => Err(error),
                }
            }
        }
    }

    /// One entry of a folder by its shown name, reading only as many pages as it takes; `None` where it is not there.
    pub(super) async fn find(&self, folder: &Arc<Entry>, name: &str) -> Result<Option<Found>> {
        let known = self.folder(folder);
        match self.settle(folder, &known, Some(name)).await {
            Ok(Answer::Entry(found)) => Ok(Some(found)),
            Ok(_) => Ok(None),
            Err(error) => {
                let whole = known.0.lock().whole.clone();
                let old = whole
                    .filter(|listing| self.may_stand_in(listing, &error))
                    .and_then(|listing| listing.find(name).cloned());
                old.map(|entry| Some(Found { entry, until: Duration::ZERO })).ok_or(error)
            }
        }
    }

    /// Changes whenever anything that was known of any folder is replaced or no longer trusted.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The listing already known and still taken as it is, without any call.
    pub(super) fn fresh(&self, folder: &Handle) -> Option<Arc<Listing>> {
        let known = self.folders.get(folder)?;
        let state = known.0.lock();
        state.whole.clone().filter(|whole| state.is_fresh(whole, self.clock.now(), self.ages.listing))
    }

    /// The listing last read, however old, without any call.
    pub(super) fn last_seen(&self, folder: &Handle) -> Option<Arc<Listing>> {
        self.folders.get(folder)?.0.lock().whole.clone()
    }

    /// Trusts nothing that was read of this folder so far; it still may stand in.
    pub(super) fn distrust(&self, folder: &Handle) {
        if let Some(known) = self.folders.get(folder) {
            let now = self.clock.now();
            let mut state = known.0.lock();
            state.distrusted_before = now;
            state.part = None;
        }
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Forgets a folder that is no more.
    pub(super) fn forget(&self, folder: &Handle) {
        self.folders.invalidate(folder);
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn folder(&self, folder: &Entry) -> Arc<Folder> {
        self.folders.get_with_by_ref(&folder.handle, Arc::default)
    }

    fn known(&self, listing: Arc<Listing>, stale: Option<Error>) -> Known {
        Known { age: self.clock.now().saturating_sub(listing.read_at()), listing, stale }
    }

    fn may_stand_in(&self, listing: &Listing, error: &Error) -> bool {
        match error.kind() {
            Kind::Paused => true,
            kind => {
                kind.is_unreachable()
                    && self.clock.now().saturating_sub(listing.read_at()) < self.ages.listing + self.ages.grace
            }
        }
    }

    /// Reads on until the question is answered.
    async fn settle(&self, folder: &Arc<Entry>, known: &Arc<Folder>, name: Option<&str>) -> Result<Answer> {
        let mut need = Need { name, since: Duration::ZERO };
        loop {
            {
                let mut state = known.0.lock();
                if let Some(answer) = self.answer(&mut state, &mut need) {
                    return Ok(answer);
                }
                let now = self.clock.now();
                if let Some((error, _)) = state.failed.as_ref().filter(|(_, at)| now.saturating_sub(*at) < FAILURE_LIFE)
                {
                    return Err(error.clone());
                }
            }
            let since = need.since;
            self.flights
                .join(&folder.handle, || {
                    let page = PageRead {
                        drive: Arc::clone(&self.drive),
                        clock: self.clock.clone(),
                        entry: Arc::clone(folder),
                        folder: Arc::clone(known),
                        cache: self.folders.clone(),
                        listing_age: self.ages.listing,
                        generation: Arc::clone(&self.generation),
                    };
                    page.read(since)
                })
                .await?;
        }
    }

    /// The answer as far as it is known. A miss in a listing that is no longer sure raises the need to a fresh one.
    fn answer(&self, state: &mut State, need: &mut Need<'_>) -> Option<Answer> {
        let now = self.clock.now();
        let whole = state.whole.clone().filter(|whole| state.is_fresh(whole, now, self.ages.listing));
        let Some(name) = need.name else {
            return whole.map(Answer::Whole);
        };
        if let Some(whole) = whole {
            if let Some(entry) = whole.find(name) {
                let until = whole.read_at() + self.ages.listing;
                return Some(Answer::Entry(Found { entry: Arc::clone(entry), until }));
            }
            let age = now.saturating_sub(whole.read_at());
            if need.since > Duration::ZERO {
                if whole.read_at() >= need.since {
                    return Some(Answer::Absent);
                }
            } else if age <= SURE_OF_ABSENCE
                || state.doubted_at.is_some_and(|at| now.saturating_sub(at) <= SURE_OF_ABSENCE)
            {
                return Some(Answer::Absent);
            } else {
                state.doubted_at = Some(now);
                need.since = now.saturating_sub(SURE_OF_ABSENCE).max(Duration::from_nanos(1));
            }
        }
        let part = state.part.as_ref()?;
        let usable = part.started >= need.since
            && part.started >= state.distrusted_before
            && now.saturating_sub(part.started) < self.ages.listing;
        let entry = part.find(name).filter(|_| usable)?;
        Some(Answer::Entry(Found { entry: Arc::new(entry.clone()), until: part.started + self.ages.listing }))
    }
}

impl fmt::Debug for Listings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listings")
            .field("drive", &self.drive)
            .field("folders", &self.folders.entry_count())
            .finish_non_exhaustive()
    }
}

/// One page to read: the next of the part that is there, or the first.
struct PageRead {
    drive: Arc<dyn Drive>,
    clock: Clock,
    entry: Arc<Entry>,
    folder: Arc<Folder>,
    cache: Cache<Handle, Arc<Folder>>,
    listing_age: Duration,
    generation: Arc<AtomicU64>,
}

impl PageRead {
    async fn read(self, since: Duration) -> Result<()> {
        let started = self.clock.now();
        let part = {
            let mut state = self.folder.0.lock();
            // Another flight may have landed between the question and this one's start.
            if state
                .whole
                .as_ref()
                .is_some_and(|whole| whole.read_at() >= since && state.is_fresh(whole, started, self.listing_age))
            {
                return Ok(());
            }
            let fits = |part: &Part| {
                part.started >= since
                    && part.started >= state.distrusted_before
                    && started.saturating_sub(part.started) < PART_LIFE
            };
            let usable = state.part.as_ref().is_some_and(fits);
            state.part.take().filter(|_| usable)
        };
        let from = part.as_ref().map(|part| part.next);
        match self.drive.list(&self.entry, from).await {
            Ok(page) => {
                let next = page.next;
                let mut part = part.unwrap_or_else(|| Part::new(started));
                part.add(page);
                match next {
                    Some(_) if part.pages >= MAX_PAGES => {
                        return Err(self.fail(Error::new(Kind::Upstream, "The drive lists this folder without end.")));
                    }
                    Some(next) => self.keep(|state| state.part = Some(Part { next, ..part })),
                    None => {
                        let listing = Arc::new(build(part.entries, part.started).await?);
                        self.keep(|state| state.whole = Some(listing));
                        self.generation.fetch_add(1, Ordering::Release);
                    }
                }
                Ok(())
            }
            Err(error) => {
                self.folder.0.lock().part = part;
                Err(self.fail(error))
            }
        }
    }

    fn keep(&self, learn: impl FnOnce(&mut State)) {
        {
            let mut state = self.folder.0.lock();
            state.failed = None;
            learn(&mut state);
        }
        // Put back so that the cache weighs it anew.
        self.cache.insert(self.entry.handle.clone(), Arc::clone(&self.folder));
    }

    fn fail(&self, error: Error) -> Error {
        if error.kind().cost_a_call() {
            self.folder.0.lock().failed = Some((error.clone(), self.clock.now()));
        }
        error
    }
}

async fn build(entries: Vec<Entry>, read_at: Duration) -> Result<Listing> {
    if entries.len() < MANY {
        return Ok(Listing::new(entries, read_at));
    }
    let sorted = tokio::task::spawn_blocking(move || Listing::new(entries, read_at)).await;
    sorted.map_err(|error| Error::new(Kind::Internal, "Sorting a folder failed.").source(error))
}

impl Part {
    fn new(started: Duration) -> Self {
        Self {
            entries: Vec::new(),
            seen: HashSet::new(),
            first_of: HashMap::new(),
            next: 0,
            pages: 0,
            newest_first: true,
            started,
        }
    }

    /// Takes a page in; an entry that moved on to this page while we read is there once only.
    fn add(&mut self, page: Page) {
        self.pages += 1;
        self.newest_first &= page.newest_first;
        for entry in page.entries {
            if self.seen.insert(entry.handle.clone()) {
                self.first_of.entry(entry.name.clone()).or_insert(self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    /// The entry of this name, where these pages alone settle it: nobody further on can have a better claim to it.
    fn find(&self, name: &str) -> Option<&Entry> {
        if !self.newest_first {
            return None;
        }
        if let Some(&first) = self.first_of.get(name) {
            return self.entries.get(first);
        }
        let tag = tag_of(name)?;
        let found = self.entries.iter().find(|entry| &*entry.tag == tag)?;
        (found.name.tagged(tag, found.is_folder()).as_str() == name).then_some(found)
    }
}
