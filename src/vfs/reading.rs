//! Reading a folder: what was read of it so far, and the one page that is read next.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use parking_lot::Mutex;

use super::{listing::Listing, shelf::Section};
use crate::{
    clock::Clock,
    drive::{Asker, Drive, Entry, Handle, Page},
    error::{Error, Kind, Result},
    path::{Name, tag_of},
};

/// A part of a folder that nobody continued for this long is read again from the start: entries move between pages.
const PART_LIFE: Duration = Duration::from_secs(60);
/// 115 shows 50,000 entries of a folder at most; a drive that never ends is cut off here.
const MAX_ENTRIES: usize = 100_000;
const MAX_PAGES: usize = 5_000;
/// From this many entries on, sorting happens off the async threads.
const MANY: usize = 2_000;

/// What is known of a folder.
#[derive(Default)]
pub(super) struct Folder(pub(super) Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) whole: Option<Arc<Listing>>,
    pub(super) part: Option<Part>,
    /// When its first page was asked for last.
    pub(super) begun: Duration,
    pub(super) failed: Option<(Error, Duration)>,
    /// What was read before this is past its time.
    pub(super) distrusted_before: Duration,
    /// Why the last fresh reading that an absent name made has failed.
    pub(super) doubt_failed: Option<(Error, Duration)>,
    /// Why the last reading that nobody waited for has failed.
    pub(super) refresh_failed: Option<(Error, Duration)>,
    /// What was kept over a restart has been looked at.
    pub(super) recalled: bool,
    /// Until then the store is left alone: it could not be asked.
    pub(super) recall_rests_until: Duration,
}

impl State {
    /// Younger than `age`, and nobody has said since that it is wrong.
    pub(super) fn is_good(&self, whole: &Listing, now: Duration, age: Duration) -> bool {
        whole.read_at() >= self.distrusted_before && now.saturating_sub(whole.read_at()) < age
    }

    pub(super) fn is_to_be_recalled(&self, now: Duration) -> bool {
        !self.recalled && self.recall_rests_until <= now
    }

    /// Entries held, which is what the cache counts; one with a thumbnail is two.
    pub(super) fn weight(&self) -> u32 {
        let part = self.part.as_ref().map_or(0, |part| u32::try_from(part.entries.len()).unwrap_or(u32::MAX));
        self.whole.as_ref().map_or(0, |whole| whole.weight()).saturating_add(part).saturating_add(1)
    }
}

/// The pages read so far.
pub(super) struct Part {
    entries: Vec<Entry>,
    seen: HashSet<Handle>,
    first_of: HashMap<Name, usize>,
    next: u64,
    pages: usize,
    newest_first: bool,
    pub(super) started: Duration,
    /// When its last page came.
    pub(super) touched: Duration,
}

/// One page to read: the next of the part that is there, or the first.
pub(super) struct PageRead {
    pub(super) drive: Arc<dyn Drive>,
    pub(super) asker: Asker,
    pub(super) clock: Clock,
    pub(super) entry: Arc<Entry>,
    pub(super) folder: Arc<Folder>,
    pub(super) cache: Cache<Handle, Arc<Folder>>,
    pub(super) listing_age: Duration,
    pub(super) generation: Arc<AtomicU64>,
    pub(super) section: Option<Section>,
}

impl PageRead {
    /// Reads the page and takes it in; does nothing where a listing newer than `since` has come meanwhile.
    pub(super) async fn read(self, since: Duration) -> Result<()> {
        let started = self.clock.now();
        let continued = {
            let mut state = self.folder.0.lock();
            // Another flight may have landed between the question and this one's start.
            let fresh =
                |whole: &Arc<Listing>| whole.read_at() >= since && state.is_good(whole, started, self.listing_age);
            if state.whole.as_ref().is_some_and(fresh) {
                return Ok(());
            }
            let floor = since.max(state.distrusted_before);
            let alive = |part: &Part| part.started >= floor && started.saturating_sub(part.touched) < PART_LIFE;
            state.part = state.part.take().filter(alive);
            if state.part.is_none() {
                state.begun = started;
            }
            state.part.as_ref().map(|part| (part.started, part.next))
        };
        let answer = self.drive.list(&self.entry, continued.map(|(_, next)| next), &self.asker).await;
        let page = answer.map_err(|error| self.fail(error))?;
        let next = page.next;
        let mut part = match (continued, self.folder.0.lock().part.take()) {
            (None, _) => Part::new(started),
            (Some(of), Some(part)) if (part.started, part.next) == of => part,
            // No longer trusted: whoever still needs it asks anew.
            (Some(_), _) => return Ok(()),
        };
        part.add(page);
        part.touched = self.clock.now();
        match next {
            Some(_) if part.pages >= MAX_PAGES || part.entries.len() >= MAX_ENTRIES => {
                return Err(self.fail(Error::new(Kind::Upstream, "The drive lists this folder without end.")));
            }
            Some(next) => self.keep(|state| state.part = Some(Part { next, ..part })),
            None => {
                let listing = Arc::new(build(part.entries, part.started).await?);
                let kept = Arc::clone(&listing);
                self.keep(|state| {
                    state.refresh_failed = None;
                    state.whole = Some(listing);
                    // Under the lock, so in step with a distrust that comes meanwhile.
                    match &self.section {
                        Some(section) if kept.read_at() < state.distrusted_before => section.doubt(&self.entry.handle),
                        Some(section) => section.keep(&self.entry.handle, &kept),
                        None => {}
                    }
                });
                self.generation.fetch_add(1, Ordering::Release);
            }
        }
        Ok(())
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
            touched: started,
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
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
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
