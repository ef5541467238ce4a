//! Going through what is known below a folder, without asking any drive: what memory has, and what is kept over restarts.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use super::{Hit, Start, Wish, aside};
use crate::{
    drive::Handle,
    error::{Error, Result},
    path::VirtualPath,
    vfs::{
        Listing,
        listings::Last,
        mounts::{Mount, Namespace},
    },
};

/// Entries that one search looks at, and folders that it goes through.
const MOST_ENTRIES: usize = 500_000;
const MOST_FOLDERS: usize = 50_000;
/// Folders, and bytes of what is kept of them, that are looked through in one go.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 << 20;

/// One search's way through what is known.
pub(super) struct Walk<'a> {
    namespace: &'a Arc<Namespace>,
    wish: Arc<Wish>,
    hits: usize,
    entries: usize,
    folders: usize,
}

/// What is known below one start.
pub(super) struct Known {
    pub(super) hits: Vec<Hit>,
    /// Where folders are.
    pub(super) places: HashMap<Handle, VirtualPath>,
    /// All there is below is known, by listings that still hold.
    pub(super) whole: bool,
    /// Why what is kept could not be looked at.
    pub(super) failed: Option<Error>,
}

impl Known {
    /// Nothing but where the search begins.
    pub(super) fn none(start: &Start) -> Self {
        let places = HashMap::from([
            (start.mounted.root.handle.clone(), start.mount.path().clone()),
            (start.folder.handle.clone(), start.at.clone()),
        ]);
        Self { hits: Vec::new(), places, whole: false, failed: None }
    }
}

/// What some listings have given.
#[derive(Default)]
struct Seen {
    hits: Vec<Hit>,
    folders: Vec<(VirtualPath, Handle)>,
    entries: usize,
    /// A listing is past its time, or no listing.
    old: bool,
}

impl<'a> Walk<'a> {
    /// `most` hits at most.
    pub(super) fn new(namespace: &'a Arc<Namespace>, wish: &Wish, most: usize) -> Self {
        let wish = Arc::new(wish.clone());
        Self { namespace, wish, hits: most, entries: MOST_ENTRIES, folders: MOST_FOLDERS }
    }

    pub(super) async fn through(&mut self, start: &Start) -> Result<Known> {
        let from = (start.at.clone(), start.folder.handle.clone());
        let mut known = Known { whole: true, ..Known::none(start) };
        let (mut left, mut had) = (VecDeque::from([from]), HashSet::new());
        while !left.is_empty() {
            if self.hits == 0 || self.entries == 0 {
                known.whole = false;
                break;
            }
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < BATCH
                && bytes < BATCH_BYTES
                && let Some((at, folder)) = left.pop_front()
            {
                // A disk that does not answer is asked once.
                match start.mounted.listings.last(&folder, known.failed.is_none()).await {
                    Ok(Some(last)) => {
                        bytes += last.bytes();
                        batch.push((at, last));
                    }
                    Ok(None) => known.whole = false,
                    Err(error) => (known.whole, known.failed) = (false, Some(error)),
                }
            }
            let (namespace, mount) = (Arc::clone(self.namespace), Arc::clone(&start.mount));
            let (mounted, wish, entries) = (Arc::clone(&start.mounted), Arc::clone(&self.wish), self.entries);
            let fresh = move |last| mounted.listings.read_last(last);
            let seen = aside(move || look(&namespace, &mount, &wish, batch, entries, fresh)).await?;
            known.whole &= !seen.old;
            self.entries = self.entries.saturating_sub(seen.entries);
            // Where something was moved meanwhile, two listings may have it, or even have each other.
            for hit in seen.hits {
                if self.hits > 0 && had.insert(hit.entry.handle.clone()) {
                    self.hits -= 1;
                    known.hits.push(hit);
                }
            }
            for (at, folder) in seen.folders {
                if self.folders == 0 {
                    known.whole = false;
                } else if !known.places.contains_key(&folder) {
                    self.folders -= 1;
                    known.places.insert(folder.clone(), at.clone());
                    left.push_back((at, folder));
                }
            }
        }
        Ok(known)
    }
}

/// Looks through listings. `read` gives the entries of one, and whether it still holds.
fn look(
    namespace: &Namespace,
    mount: &Arc<Mount>,
    wish: &Wish,
    batch: Vec<(VirtualPath, Last)>,
    most: usize,
    read: impl Fn(Last) -> Option<(Arc<Listing>, bool)>,
) -> Seen {
    let mut seen = Seen::default();
    for (here, last) in batch {
        let Some((listing, fresh)) = read(last).filter(|_| seen.entries < most) else {
            seen.old = true;
            continue;
        };
        seen.old |= !fresh;
        seen.entries += listing.entries().len();
        // A mount hides what the drive has under its name, and a folder on the way to one is shown in its place.
        let nested = namespace.between(&here);
        for entry in listing.entries() {
            let hidden = nested.iter().any(|name| name == entry.name.as_str());
            if !hidden && wish.takes(entry) {
                seen.hits.push(Hit { folder: here.clone(), entry: Arc::clone(entry) });
            }
            if entry.is_folder() {
                let at = here.join(entry.name.as_str());
                if !hidden || namespace.at(&at).is_some_and(|(innermost, _)| Arc::ptr_eq(innermost, mount)) {
                    seen.folders.push((at, entry.handle.clone()));
                }
            }
        }
    }
    seen
}
