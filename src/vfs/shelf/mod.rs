//! What mounts have learnt, kept over a restart: listings, what was found by path, and what a mount was at its last start.
//!
//! Nobody waits for a write: changes go to a bounded queue that one task works off. A disk that is full or gone is said once, and
//! tried again until it works.

mod memory;
mod queue;
pub mod record;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

pub use self::memory::Memory;
pub(in crate::vfs) use self::memory::{Paths, Section, Unread};
use self::queue::{Change, Key, Queue};
use super::flight::Tasks;
use crate::{
    clock::Clock,
    drive::{Entry, Handle, Kind as EntryKind},
    error::{Error, Kind, Result},
    path::Name,
    store::{Store, Stored, Table, Value},
};

/// How long a write that failed waits until it is tried again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Somebody waits for what is looked up: not for a disk that hangs.
const PATIENCE: Duration = Duration::from_secs(2);
/// Larger records are not kept: some 80,000 entries.
const LARGEST: usize = 8 << 20;
/// Longer keys are not kept.
const LONGEST_KEY: usize = 1000;
/// From this many bytes on, a record is read off the async threads.
const MANY: usize = 64 << 10;
/// Rows that one look at the store brings.
const ROWS: usize = 10_000;

/// The shelf that all mounts of a gateway share.
#[derive(Clone)]
pub struct Shelf(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Clock,
    tasks: Tasks,
    queue: Mutex<Queue>,
    /// A task works off the queue.
    writing: AtomicBool,
    /// Told when there is nothing left in it.
    idle: Notify,
    failing: AtomicBool,
    unreadable: AtomicBool,
}

/// What a mount was when it was started last: what it shows while it cannot be started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// As [`crate::drive::Drive::account`] had it.
    pub account: String,
    /// As [`crate::drive::Drive::listed_as`] had it.
    pub listed_as: String,
    pub root: Entry,
}

/// A [`Start`] as it is stored.
#[derive(Serialize, Deserialize)]
struct StartRecord {
    account: String,
    listed_as: String,
    handle: String,
    name: String,
    tag: String,
}

impl Shelf {
    pub fn new(store: Arc<dyn Store>, clock: Clock, tasks: Tasks) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            tasks,
            queue: Mutex::default(),
            writing: AtomicBool::default(),
            idle: Notify::new(),
            failing: AtomicBool::default(),
            unreadable: AtomicBool::default(),
        }))
    }

    /// What is kept of the folders of `listed_as` below `root`.
    pub async fn memory(&self, listed_as: &str, root: &Entry) -> Memory {
        let section = Section { shelf: self.clone(), of: listed_as.into() };
        let prefix = format!("{listed_as} {} ", root.handle.as_str()).into();
        let paths = Paths { shelf: self.clone(), prefix };
        let found = paths.all().await;
        Memory { section, paths, found }
    }

    /// What the mount of this key was when it was started last.
    pub async fn start(&self, key: &str) -> Option<Start> {
        let stored = self.find(Table::Starts, key).await??;
        let record: StartRecord = serde_json::from_slice(&stored.value.bytes).ok()?;
        let root = Entry {
            handle: Handle::new(&record.handle),
            name: Name::shown(&record.name),
            kind: EntryKind::Folder,
            tag: record.tag.into(),
            modified: 0,
            created: 0,
            thumb: None,
        };
        Some(Start { account: record.account, listed_as: record.listed_as, root })
    }

    /// The mount of this key has been started.
    pub fn started(&self, key: &str, Start { account, listed_as, root }: Start) {
        let record = StartRecord {
            account,
            listed_as,
            handle: root.handle.as_str().to_owned(),
            name: root.name.to_string(),
            tag: root.tag.to_string(),
        };
        if let Ok(bytes) = serde_json::to_vec(&record) {
            self.change((Table::Starts, key.into()), Change::Bytes(bytes));
        }
    }

    /// The mount of this key can no longer be what it was.
    pub fn forget_start(&self, key: &str) {
        self.change((Table::Starts, key.into()), Change::Gone);
    }

    /// Ends once all that was learnt is written.
    pub async fn written(&self) {
        loop {
            let idle = self.0.idle.notified();
            if self.0.queue.lock().len() == 0 {
                return;
            }
            idle.await;
        }
    }

    fn change(&self, key: Key, change: Change) {
        if key.1.len() > LONGEST_KEY {
            return;
        }
        self.0.queue.lock().push(key, change);
        if !self.0.writing.swap(true, Ordering::AcqRel) {
            let this = self.clone();
            self.0.tasks.spawn(async move { this.write_all().await });
        }
    }

    async fn write_all(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let first = {
                let queue = self.0.queue.lock();
                let first = queue.first();
                if first.is_none() {
                    // Under the lock: whoever pushes after this starts another task.
                    self.0.writing.store(false, Ordering::Release);
                }
                first
            };
            let Some((key, number, change)) = first else { return self.0.idle.notify_waiters() };
            match self.write(&key, change).await {
                Ok(()) => {
                    self.0.queue.lock().done(&key, number);
                    pause = FIRST_PAUSE;
                    if self.0.failing.swap(false, Ordering::Relaxed) {
                        tracing::info!("what is learnt of folders is kept over a restart again");
                    }
                }
                Err(error) => {
                    if !self.0.failing.swap(true, Ordering::Relaxed) {
                        tracing::error!(
                            ?error,
                            "what is learnt of folders cannot be kept over a restart; the gateway goes on from memory, and tries again"
                        );
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    async fn write(&self, (table, key): &Key, change: Change) -> Result<()> {
        let store = &self.0.store;
        let bytes = match change {
            Change::Bytes(bytes) => bytes,
            Change::Entry(entry, at) => record::write(at, false, [&*entry].into_iter()),
            Change::Listing(listing, at) => {
                let write = move || {
                    let entries = || listing.entries().iter().map(|entry| &**entry);
                    let bytes = record::write(at, false, entries());
                    if bytes.len() > LARGEST { record::write_bare(at, entries()) } else { bytes }
                };
                let bytes = aside(write).await?;
                if bytes.len() > LARGEST {
                    return store.remove(*table, key).await.map(drop);
                }
                bytes
            }
            Change::Gone => return store.remove(*table, key).await.map(drop),
            Change::Doubt => {
                let Some(stored) = store.get(*table, key).await? else { return Ok(()) };
                return match aside(move || record::doubted(stored.value.bytes)).await? {
                    Some(bytes) => store.put(*table, key, Value::new(bytes)).await.map(drop),
                    None => store.remove(*table, key).await.map(drop),
                };
            }
        };
        store.put(*table, key, Value::new(bytes)).await.map(drop)
    }

    /// What is stored under a key; outer `None` where that cannot be told now, which is said once.
    async fn find(&self, table: Table, key: &str) -> Option<Option<Stored>> {
        let late = |_| Error::new(Kind::Timeout, "The disk of data_dir does not answer.");
        self.read(tokio::time::timeout(PATIENCE, self.0.store.get(table, key)).await.map_err(late).flatten())
    }

    fn read<T>(&self, answer: Result<T>) -> Option<T> {
        let told = self.0.unreadable.swap(answer.is_err(), Ordering::Relaxed);
        answer
            .inspect_err(|error| {
                if !told {
                    tracing::warn!(?error, "what was kept of folders cannot be read; they are asked for anew");
                }
            })
            .ok()
    }

    /// When something was read by our clock. What was read in the future was written by a clock that was wrong: long ago.
    fn read_at(&self, unix: u64) -> Option<Duration> {
        self.0.clock.now_at(unix)
    }
}

/// Work that takes milliseconds, off the async threads.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(Kind::Internal, "Work on what is kept of a folder failed.").source(error))
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { store, queue, failing, .. } = &*self.0;
        f.debug_struct("Shelf")
            .field("store", store)
            .field("waiting", &queue.lock().len())
            .field("failing", failing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::Memory as Kept,
        vfs::{
            Listing,
            listing::tests::{file, folder},
        },
    };

    async fn shelf() -> (Shelf, Memory) {
        let clock = Clock::default();
        let shelf = Shelf::new(Arc::new(Kept::new(clock.clone())), clock, Tasks::here());
        let memory = shelf.memory("115-cloud:1", &folder("115", "root", 0)).await;
        (shelf, memory)
    }

    fn listing(entries: Vec<Entry>, shelf: &Shelf) -> Arc<Listing> {
        Arc::new(Listing::new(entries, shelf.0.clock.now()))
    }

    #[tokio::test]
    async fn the_latest_word_is_found_before_and_after_it_is_written() {
        let (shelf, Memory { section, paths, .. }) = shelf().await;
        let of = Handle::new("d:1");
        let one = listing(vec![file("a", "a", 1)], &shelf);
        section.keep(&of, &one);
        for _ in 0..2 {
            let kept = section.listing(&of).await.unwrap().unwrap();
            assert!(kept.listing.entries() == one.entries() && !kept.doubted);
            shelf.written().await;
        }
        section.doubt(&of);
        for _ in 0..2 {
            assert!(section.listing(&of).await.unwrap().unwrap().doubted);
            shelf.written().await;
        }
        section.forget(&of);
        for _ in 0..2 {
            assert!(section.listing(&of).await.unwrap().is_none());
            shelf.written().await;
        }
        section.doubt(&of);
        shelf.written().await;
        assert!(section.listing(&of).await.unwrap().is_none(), "a doubt about nothing leaves nothing");

        let found = Arc::new(folder("b", "2", 1));
        paths.keep("a/b", &found, shelf.0.clock.now());
        paths.keep("a/c", &found, shelf.0.clock.now());
        paths.forget("a/c");
        shelf.written().await;
        let all = shelf.memory("115-cloud:1", &folder("115", "root", 0)).await.found;
        assert!(matches!(&all[..], [(path, entry, _)] if &**path == "a/b" && *entry == found));
        for other in ["115-cloud:2", "115-cloud"] {
            let memory = shelf.memory(other, &folder("115", "root", 0)).await;
            assert!(memory.found.is_empty() && memory.section.listing(&of).await.unwrap().is_none(), "another's");
        }
    }

    #[tokio::test]
    async fn what_is_too_large_is_not_kept_and_does_not_leave_its_elder_behind() {
        let (shelf, Memory { section, paths, .. }) = shelf().await;
        let of = Handle::new("d:1");
        section.keep(&of, &listing(vec![file("a", "a", 1)], &shelf));
        shelf.written().await;
        let long = "x".repeat(900);
        let many = (0..10_000).map(|n| file(&format!("{long}{n}"), &n.to_string(), 1)).collect();
        section.keep(&of, &listing(many, &shelf));
        shelf.written().await;
        assert!(section.listing(&of).await.unwrap().is_none());

        paths.keep(&"y/".repeat(600), &Arc::new(folder("y", "2", 1)), shelf.0.clock.now());
        assert_eq!(shelf.0.queue.lock().len(), 0, "nor is what has too long a path");
    }
}
