//! What is known of a mount's folders: read once, by pages, only as far as somebody needs, kept, and never made up.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;

use super::{
    flight::{Flights, Tasks},
    listing::Listing,
    reading::{Folder, PageRead, Part, State},
};
use crate::{
    clock::Clock,
    drive::{Drive, Entry, Handle},
    error::{Error, Kind, Result},
};

/// Entries that all folders of a mount hold together at most; about 300 bytes each.
const MAX_ENTRIES: u64 = 400_000;
/// A name that is not in a listing older than this is looked for once more.
const SURE_OF_ABSENCE: Duration = Duration::from_secs(60);
/// A failure is remembered this long, so that a crowd does not repeat it.
const FAILURE_LIFE: Duration = Duration::from_secs(3);
/// A folder is not read anew at a person's wish more often than this.
const REFRESH_FLOOR: Duration = Duration::from_secs(3);

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

/// What somebody needs to know of a folder, and how fresh.
struct Need<'a> {
    /// One name, or everything.
    name: Option<&'a str>,
    since: Duration,
    /// When it was asked: what was read after that is new enough, however long the reading took.
    asked: Duration,
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
            let lately =
                state.whole.as_ref().map_or(Duration::ZERO, |whole| whole.read_at()).max(state.distrusted_before);
            // A reading that has begun since is the refreshed one; a part that was left lying is none.
            let going_on =
                |part: &Part| self.flights.has(&folder.handle) || now.saturating_sub(part.touched) < REFRESH_FLOOR;
            let under_way =
                state.part.as_ref().is_some_and(|part| part.started >= state.distrusted_before && going_on(part));
            if state.whole.is_some() && !under_way && now.saturating_sub(lately) >= REFRESH_FLOOR {
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

    /// Folders, and the entries of all of them.
    pub(super) fn held(&self) -> (u64, u64) {
        (self.folders.entry_count(), self.folders.weighted_size())
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
        let mut need = Need { name, since: Duration::ZERO, asked: self.clock.now() };
        loop {
            {
                let mut state = known.0.lock();
                if let Some(answer) = self.answer(&mut state, &mut need) {
                    return Ok(answer);
                }
                let now = self.clock.now();
                let lately = |failed: &&(Error, Duration), life| now.saturating_sub(failed.1) < life;
                let doubted = state.doubt_failed.as_ref().filter(|_| need.since > Duration::ZERO);
                let failed = state.failed.as_ref().filter(|failed| lately(failed, FAILURE_LIFE));
                if let Some((error, _)) = failed.or(doubted.filter(|failed| lately(failed, SURE_OF_ABSENCE))) {
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
                .await
                .inspect_err(|error| {
                    if since > Duration::ZERO && error.kind().cost_a_call() {
                        known.0.lock().doubt_failed = Some((error.clone(), self.clock.now()));
                    }
                })?;
        }
    }

    /// The answer as far as it is known. A miss in a listing that is no longer sure raises the need to a fresh one.
    fn answer(&self, state: &mut State, need: &mut Need<'_>) -> Option<Answer> {
        let now = self.clock.now();
        let fresh =
            |whole: &Arc<Listing>| whole.read_at() >= need.asked || state.is_fresh(whole, now, self.ages.listing);
        let whole = state.whole.clone().filter(fresh);
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
            } else if age <= SURE_OF_ABSENCE {
                return Some(Answer::Absent);
            } else {
                need.since = now.saturating_sub(SURE_OF_ABSENCE).max(Duration::from_nanos(1));
            }
        }
        let part = state.part.as_ref()?;
        let young = part.started >= need.asked || now.saturating_sub(part.started) < self.ages.listing;
        let usable = part.started >= need.since && part.started >= state.distrusted_before && young;
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
