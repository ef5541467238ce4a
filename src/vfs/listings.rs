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
    question::{Answer, Found, Need, SURE_OF_ABSENCE},
    reading::{Folder, PageRead, Part, State},
    shelf::{Section, Unread},
};
use crate::{
    clock::Clock,
    drive::{Asker, Drive, Entry, Handle},
    error::{Error, Kind, Result},
};

/// Entries that all folders of a mount hold together at most; about 300 bytes each.
const MAX_ENTRIES: u64 = 400_000;
/// A failure is remembered this long, so that a crowd does not repeat it.
const FAILURE_LIFE: Duration = Duration::from_secs(3);
/// A folder is not read anew at a person's wish more often than this.
const REFRESH_FLOOR: Duration = Duration::from_secs(3);
/// A listing that could not be looked for in the store is looked for again after this.
const RECALL_AGAIN: Duration = Duration::from_secs(5);
/// A reading that nobody waits for is tried again after this, where it has failed.
const REFRESH_AGAIN: Duration = Duration::from_secs(30);

/// How old what we know may be.
#[derive(Debug, Clone, Copy)]
pub struct Ages {
    /// A listing is taken as it is this long.
    pub listing: Duration,
    /// An older one is shown this long while the folder is read anew, and when the drive cannot be asked; while the drive is
    /// paused, any is.
    pub grace: Duration,
}

/// A folder's listing as it was found.
#[derive(Debug, Clone)]
pub struct Known {
    pub listing: Arc<Listing>,
    /// How old it is.
    pub age: Duration,
    /// Why nothing newer was to be had, where it is past its time and that has been tried.
    pub stale: Option<Error>,
}

/// What was read of a folder last.
pub(super) enum Last {
    /// In memory, and whether it still holds.
    Known(Arc<Listing>, bool),
    /// From before a restart.
    Kept(Unread),
}

impl Last {
    /// What is still to be read of it.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Known(..) => 0,
            Self::Kept(unread) => unread.bytes(),
        }
    }
}

/// The folders of one mount.
pub(super) struct Listings {
    drive: Arc<dyn Drive>,
    clock: Clock,
    ages: Ages,
    /// For how long a listing that is past its time is shown while the folder is read anew.
    overdue: Duration,
    folders: Cache<Handle, Arc<Folder>>,
    flights: Flights<Handle, ()>,
    refreshes: Flights<Handle, ()>,
    recalls: Flights<Handle, ()>,
    generation: Arc<AtomicU64>,
    /// What is kept of them over a restart.
    section: Option<Section>,
}

impl Listings {
    pub(super) fn new(drive: Arc<dyn Drive>, clock: Clock, ages: Ages, section: Option<Section>, tasks: Tasks) -> Self {
        let folders = Cache::builder()
            .max_capacity(MAX_ENTRIES)
            .weigher(|_, folder: &Arc<Folder>| folder.0.lock().weight())
            .build();
        // A drive that knows how long its listings hold means it.
        let overdue = drive.listings_hold().map_or(ages.grace, |_| Duration::ZERO);
        Self {
            drive,
            clock,
            ages,
            overdue,
            folders,
            flights: Flights::new(tasks.clone()),
            refreshes: Flights::new(tasks.clone()),
            recalls: Flights::new(tasks),
            generation: Arc::default(),
            section,
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// For how long what is past its time is shown while the drive is asked anew.
    pub(super) fn overdue(&self) -> Duration {
        self.overdue
    }

    /// All of a folder. An old listing stands in where the drive cannot be asked, and says so.
    pub(super) async fn whole(self: &Arc<Self>, folder: &Arc<Entry>, refresh: bool, asker: &Asker) -> Result<Known> {
        let known = self.folder(&folder.handle).await;
        if refresh {
            let now = self.clock.now();
            let mut state = known.0.lock();
            let lately =
                state.whole.as_ref().map_or(Duration::ZERO, |whole| whole.read_at()).max(state.distrusted_before);
            // A reading that has begun since is the refreshed one; a part that was left lying is none.
            let flying = self.flights.has(&folder.handle);
            let going_on = |part: &Part| {
                part.started >= state.distrusted_before && (flying || now.saturating_sub(part.touched) < REFRESH_FLOOR)
            };
            let begun = flying && state.begun > lately;
            let under_way = begun || state.part.as_ref().is_some_and(going_on);
            if state.whole.is_some() && !under_way && now.saturating_sub(lately) >= REFRESH_FLOOR {
                state.failed = None;
                self.doubt(&folder.handle, &mut state);
            }
        }
        match self.settle(folder, &known, None, asker).await {
            Ok(Answer::Whole(listing)) => {
                let stale =
                    if self.overdue.is_zero() || !self.is_overdue(&listing) { None } else { self.why_stale(&known) };
                Ok(self.known(listing, stale))
            }
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
    pub(super) async fn find(
        self: &Arc<Self>,
        folder: &Arc<Entry>,
        name: &str,
        asker: &Asker,
    ) -> Result<Option<Found>> {
        let known = self.folder(&folder.handle).await;
        match self.settle(folder, &known, Some(name), asker).await {
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

    /// Something else has changed that was known.
    pub(super) fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The listing already known and still taken as it is, without any call.
    pub(super) async fn fresh(&self, folder: &Handle) -> Option<Arc<Listing>> {
        self.younger(folder, self.ages.listing).await
    }

    /// The listing already known that is shown without a call, also where it is past its time.
    pub(super) async fn shown(&self, folder: &Handle) -> Option<Arc<Listing>> {
        self.younger(folder, self.ages.listing + self.overdue).await
    }

    async fn younger(&self, folder: &Handle, age: Duration) -> Option<Arc<Listing>> {
        let known = self.folder(folder).await;
        let state = known.0.lock();
        state.whole.clone().filter(|whole| state.is_good(whole, self.clock.now(), age))
    }

    /// The listing last read, however old, without any call.
    pub(super) async fn last_seen(&self, folder: &Handle) -> Option<Arc<Listing>> {
        self.folder(folder).await.0.lock().whole.clone()
    }

    /// As [`Self::last_seen`], as far as it is at hand.
    pub(super) fn in_memory(&self, folder: &Handle) -> Option<Arc<Listing>> {
        self.folders.get(folder)?.0.lock().whole.clone()
    }

    /// What was read of a folder last, however old, without any call, and without taking room in memory for it. Without
    /// `kept`, only what is at hand.
    pub(super) async fn last(&self, folder: &Handle, kept: bool) -> Result<Option<Last>> {
        if let Some(known) = self.folders.get(folder) {
            let state = known.0.lock();
            if let Some(whole) = &state.whole {
                let holds = state.is_good(whole, self.clock.now(), self.ages.listing);
                return Ok(Some(Last::Known(Arc::clone(whole), holds)));
            }
            if state.recalled {
                return Ok(None);
            }
        }
        let Some(section) = self.section.as_ref().filter(|_| kept) else { return Ok(None) };
        let unread = section.unread(folder).await;
        let unread = unread.ok_or_else(|| {
            Error::new(Kind::Storage, "What is kept of folders cannot be read. See that the disk of data_dir works.")
        })?;
        Ok(unread.map(Last::Kept))
    }

    /// The entries of what was read last, and whether they still hold; `None` where it is damaged. Takes a while where they
    /// are many.
    pub(super) fn read_last(&self, last: Last) -> Option<(Arc<Listing>, bool)> {
        match last {
            Last::Known(listing, holds) => Some((listing, holds)),
            Last::Kept(unread) => {
                let kept = unread.read()?;
                let holds =
                    !kept.doubted && self.clock.now().saturating_sub(kept.listing.read_at()) < self.ages.listing;
                Some((kept.listing, holds))
            }
        }
    }

    /// Trusts nothing that was read of this folder so far; it still may stand in.
    pub(super) fn distrust(&self, folder: &Handle) {
        let known = self.folders.get_with_by_ref(folder, Arc::default);
        let mut state = known.0.lock();
        state.part = None;
        self.doubt(folder, &mut state);
    }

    fn doubt(&self, folder: &Handle, state: &mut State) {
        state.distrusted_before = self.clock.now();
        if let Some(section) = &self.section {
            section.doubt(folder);
        }
        self.changed();
    }

    /// Forgets a folder that is no more.
    pub(super) fn forget(&self, folder: &Handle) {
        self.folders.invalidate(folder);
        if let Some(section) = &self.section {
            section.forget(folder);
        }
        self.changed();
    }

    /// What is known of a folder, with what was kept of it over a restart.
    async fn folder(&self, folder: &Handle) -> Arc<Folder> {
        let known = self.folders.get_with_by_ref(folder, Arc::default);
        let Some(section) = self.section.as_ref().filter(|_| known.0.lock().is_to_be_recalled(self.clock.now())) else {
            return known;
        };
        let recall = |_| {
            let (section, known, folders, clock, folder) =
                (section.clone(), Arc::clone(&known), self.folders.clone(), self.clock.clone(), folder.clone());
            async move {
                let Some(kept) = section.listing(&folder).await else {
                    // It may be there, and be needed in a pause: it is looked for again.
                    known.0.lock().recall_rests_until = clock.now() + RECALL_AGAIN;
                    return Ok(());
                };
                {
                    let mut state = known.0.lock();
                    state.recalled = true;
                    if let Some(kept) = kept.filter(|_| state.whole.is_none()) {
                        if kept.doubted {
                            state.distrusted_before = clock.now();
                        }
                        state.whole = Some(kept.listing);
                    }
                }
                // Put back so that the cache weighs it anew.
                folders.insert(folder, known);
                Ok(())
            }
        };
        // A look that was broken off has found nothing.
        let _ = self.recalls.join(folder, &Asker::task(), recall).await;
        self.folders.get(folder).unwrap_or(known)
    }

    fn known(&self, listing: Arc<Listing>, stale: Option<Error>) -> Known {
        Known { age: self.clock.now().saturating_sub(listing.read_at()), listing, stale }
    }

    fn may_stand_in(&self, listing: &Listing, error: &Error) -> bool {
        match error.kind() {
            kind if kind.is_rest() => true,
            kind => {
                kind.is_unreachable()
                    && self.clock.now().saturating_sub(listing.read_at()) < self.ages.listing + self.ages.grace
            }
        }
    }

    /// The answer, also by a listing that is past its time: then the folder is read anew, and nobody waits for it.
    async fn settle(
        self: &Arc<Self>,
        folder: &Arc<Entry>,
        known: &Arc<Folder>,
        name: Option<&str>,
        asker: &Asker,
    ) -> Result<Answer> {
        let asked = self.clock.now();
        let within = self.ages.listing + self.overdue;
        let answer = self.read(folder, known, Need::new(name, asked, within), asker).await?;
        let due = {
            let state = known.0.lock();
            let failed = state.refresh_failed.as_ref().filter(|(error, _)| error.kind().cost_a_call());
            let rests = failed.is_some_and(|(_, at)| asked.saturating_sub(*at) < REFRESH_AGAIN);
            state.whole.as_ref().is_some_and(|whole| whole.read_at() < asked && self.is_overdue(whole)) && !rests
        };
        if due && self.drive.pause().is_none() {
            self.refresh(folder, known);
        }
        Ok(answer)
    }

    fn is_overdue(&self, whole: &Listing) -> bool {
        self.clock.now().saturating_sub(whole.read_at()) >= self.ages.listing
    }

    /// Why nobody has read the folder anew, if that is known.
    fn why_stale(&self, known: &Folder) -> Option<Error> {
        if let Some(pause) = self.drive.pause() {
            return Some(Error::new(Kind::Paused, pause.reason).retry_after(pause.left));
        }
        let state = known.0.lock();
        let failed = state.refresh_failed.as_ref().map(|(error, _)| error);
        failed.filter(|error| !error.kind().is_rest()).cloned()
    }

    /// Reads the folder anew, unless somebody is at it; nobody waits.
    fn refresh(self: &Arc<Self>, folder: &Arc<Entry>, known: &Arc<Folder>) {
        self.refreshes.start(&folder.handle, |asker| {
            let (this, folder, known) = (Arc::clone(self), Arc::clone(folder), Arc::clone(known));
            async move {
                let need = Need::new(None, this.clock.now(), this.ages.listing);
                if let Err(error) = this.read(&folder, &known, need, &asker).await {
                    let mut state = known.0.lock();
                    // What the drive says of the folder itself is for the next who asks, who then waits to hear it.
                    if !error.kind().is_unreachable() {
                        this.doubt(&folder.handle, &mut state);
                    }
                    state.refresh_failed = Some((error, this.clock.now()));
                }
                Ok(())
            }
        });
    }

    /// Reads on until the question is answered.
    async fn read(
        &self,
        folder: &Arc<Entry>,
        known: &Arc<Folder>,
        mut need: Need<'_>,
        asker: &Asker,
    ) -> Result<Answer> {
        loop {
            {
                let (state, now) = (known.0.lock(), self.clock.now());
                if let Some(answer) = need.answer(&state, now, self.ages.listing) {
                    return Ok(answer);
                }
                let lately = |failed: &&(Error, Duration), life| now.saturating_sub(failed.1) < life;
                let doubted = state.doubt_failed.as_ref().filter(|_| need.since > Duration::ZERO);
                let failed = state.failed.as_ref().filter(|failed| lately(failed, FAILURE_LIFE));
                if let Some((error, _)) = failed.or(doubted.filter(|failed| lately(failed, SURE_OF_ABSENCE))) {
                    return Err(error.clone());
                }
            }
            let since = need.since;
            self.flights
                .join(&folder.handle, asker, |asker| {
                    let page = PageRead {
                        drive: Arc::clone(&self.drive),
                        asker,
                        clock: self.clock.clone(),
                        entry: Arc::clone(folder),
                        folder: Arc::clone(known),
                        cache: self.folders.clone(),
                        listing_age: self.ages.listing,
                        generation: Arc::clone(&self.generation),
                        section: self.section.clone(),
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
}

impl fmt::Debug for Listings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listings")
            .field("drive", &self.drive)
            .field("folders", &self.folders.entry_count())
            .finish_non_exhaustive()
    }
}
