//! What is kept of one root: the listings of its account or share, and what was found by its path.

use std::{sync::Arc, time::Duration};

use super::{
    MANY, ROWS, Shelf, aside,
    queue::{Change, Key},
    record,
};
use crate::{
    drive::{Entry, Handle},
    store::Table,
    vfs::Listing,
};

/// What is kept of one root's folders.
#[derive(Debug)]
pub struct Memory {
    pub(in crate::vfs) section: Section,
    pub(in crate::vfs) paths: Paths,
    /// All that had been found by its path, and when by our clock.
    pub(in crate::vfs) found: Vec<(Arc<str>, Arc<Entry>, Duration)>,
}

/// The listings of one account or share, whatever mounts show it.
#[derive(Debug, Clone)]
pub(in crate::vfs) struct Section {
    pub(super) shelf: Shelf,
    pub(super) of: Arc<str>,
}

/// What was found by its path below one root.
#[derive(Debug, Clone)]
pub(in crate::vfs) struct Paths {
    pub(super) shelf: Shelf,
    pub(super) prefix: Arc<str>,
}

/// What is kept of a listing, not looked into yet.
pub(in crate::vfs) enum Unread {
    /// It waits to be written.
    Waiting(Arc<Listing>),
    Written {
        bytes: Vec<u8>,
        /// Since it was written.
        doubted: bool,
        shelf: Shelf,
    },
}

/// A listing that was kept.
pub(in crate::vfs) struct Recalled {
    pub(in crate::vfs) listing: Arc<Listing>,
    /// It may stand in, and is not to be believed.
    pub(in crate::vfs) doubted: bool,
}

impl Section {
    fn key(&self, folder: &Handle) -> Key {
        (Table::Listings, format!("{} {}", self.of, folder.as_str()).into())
    }

    /// The folder was read, to its end.
    pub(in crate::vfs) fn keep(&self, folder: &Handle, listing: &Arc<Listing>) {
        let at = self.shelf.0.clock.unix_at(listing.read_at());
        self.shelf.change(self.key(folder), Change::Listing(Arc::clone(listing), at));
    }

    /// What is kept of the folder is no longer to be believed.
    pub(in crate::vfs) fn doubt(&self, folder: &Handle) {
        self.shelf.change(self.key(folder), Change::Doubt);
    }

    /// The folder is no more.
    pub(in crate::vfs) fn forget(&self, folder: &Handle) {
        self.shelf.change(self.key(folder), Change::Gone);
    }

    /// What is kept of the folder; outer `None` where the store could not be asked.
    pub(in crate::vfs) async fn listing(&self, folder: &Handle) -> Option<Option<Recalled>> {
        let Some(unread) = self.unread(folder).await? else { return Some(None) };
        let many = unread.bytes() >= MANY;
        Some(if many { aside(move || unread.read()).await.ok().flatten() } else { unread.read() })
    }

    /// As [`Self::listing`], not looked into yet.
    pub(in crate::vfs) async fn unread(&self, folder: &Handle) -> Option<Option<Unread>> {
        let key = self.key(folder);
        let mut doubted = false;
        match self.shelf.0.queue.lock().find(&key) {
            Some(Change::Listing(listing, _)) => return Some(Some(Unread::Waiting(Arc::clone(listing)))),
            Some(Change::Gone) => return Some(None),
            Some(Change::Doubt) => doubted = true,
            Some(Change::Entry(..) | Change::Bytes(_)) | None => {}
        }
        let stored = self.shelf.find(key.0, &key.1).await?;
        let shelf = self.shelf.clone();
        Some(stored.map(|stored| Unread::Written { bytes: stored.value.bytes, doubted, shelf }))
    }
}

impl Unread {
    /// What is still to be read.
    pub(in crate::vfs) fn bytes(&self) -> usize {
        match self {
            Self::Waiting(_) => 0,
            Self::Written { bytes, .. } => bytes.len(),
        }
    }

    /// `None` where it is damaged, or of another form. Takes a while where it is much.
    pub(in crate::vfs) fn read(self) -> Option<Recalled> {
        match self {
            Self::Waiting(listing) => Some(Recalled { listing, doubted: false }),
            Self::Written { bytes, doubted, shelf } => {
                let record = record::read(&bytes)?;
                let at = shelf.read_at(record.read_at);
                let listing = Listing::of_shown(record.entries, at.unwrap_or_default())?;
                Some(Recalled { listing: Arc::new(listing), doubted: record.doubted || doubted || at.is_none() })
            }
        }
    }
}

impl Paths {
    fn key(&self, path: &str) -> Key {
        (Table::Folders, format!("{}{path}", self.prefix).into())
    }

    /// This stood at the path when it was asked for.
    pub(in crate::vfs) fn keep(&self, path: &str, entry: &Arc<Entry>, at: Duration) {
        let at = self.shelf.0.clock.unix_at(at);
        self.shelf.change(self.key(path), Change::Entry(Arc::clone(entry), at));
    }

    pub(in crate::vfs) fn forget(&self, path: &str) {
        self.shelf.change(self.key(path), Change::Gone);
    }

    /// All of them; without those that cannot be read.
    pub(super) async fn all(&self) -> Vec<(Arc<str>, Arc<Entry>, Duration)> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.shelf.0.store.scan(Table::Folders, &self.prefix, after.as_deref(), ROWS).await;
            let Some(page) = self.shelf.read(page) else { return found };
            for (key, stored) in &page.entries {
                let path = key.strip_prefix(&*self.prefix);
                let one = record::read(&stored.value.bytes).and_then(|mut record| {
                    let at = self.shelf.read_at(record.read_at)?;
                    Some((Arc::from(path?), Arc::new(record.entries.pop()?), at))
                });
                found.extend(one);
            }
            match page.entries.into_iter().next_back() {
                Some((last, _)) if page.more => after = Some(last),
                _ => return found,
            }
        }
    }
}
