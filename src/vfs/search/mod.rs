//! Searching by name: what is known first, in memory and of before a restart, then what the drives' own searches find.
//!
//! One search asks each drive once, whoever asks and for whatever page: its answer is kept for a minute.

mod places;
mod walk;

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::join_all};
use moka::sync::Cache;
use tokio::sync::Semaphore;

use self::{
    places::Places,
    walk::{Known, Walk},
};
use super::{
    flight::{Flights, Tasks},
    mounts::{Mount, Mounted, Namespace},
    resolve,
};
use crate::{
    clock::Clock,
    drive::{Asker, Entry, Found, Only, folded, looked_for},
    error::{Error, Kind, Result},
    path::VirtualPath,
};

/// Hits that a search gives; nobody reads more.
const MOST: usize = 5_000;
/// How long an answer holds: one without gaps, and one that a drive has failed to add to. A failure that cost a call is
/// remembered as that of a listing is.
const LIFE: Duration = Duration::from_secs(60);
const PART_LIFE: Duration = Duration::from_secs(10);
const FAILURE_LIFE: Duration = Duration::from_secs(3);
/// Hits that are kept in all answers together.
const KEPT: u64 = 50_000;
/// Looking through all that is known takes a core: so many at once, and the others wait so long.
const AT_ONCE: usize = 2;
const PATIENCE: Duration = Duration::from_secs(10);

/// What is looked for: words that are all in a name, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wish {
    /// As names are shown, in lower case.
    words: Vec<String>,
    /// The longest, as it was written: what an index is asked for.
    said: String,
    only: Option<Only>,
}

/// An entry that was looked for, and the folder it is in.
#[derive(Debug, Clone)]
pub struct Hit {
    pub folder: VirtualPath,
    pub entry: Arc<Entry>,
}

/// Below which folder, and what.
type Key = (VirtualPath, Wish);

#[derive(Clone)]
struct Kept {
    answer: Result<Arc<[Hit]>>,
    until: Duration,
}

/// The searches of a namespace.
pub(super) struct Searches {
    kept: Cache<Key, Kept>,
    flights: Flights<Key, Arc<[Hit]>>,
    turns: Semaphore,
    clock: Clock,
}

/// Where a search begins in one mount.
struct Start {
    mount: Arc<Mount>,
    mounted: Arc<Mounted>,
    at: VirtualPath,
    folder: Arc<Entry>,
}

impl Start {
    /// Whether its drive's search looks at the folders themselves: what was known of them adds nothing that is true.
    fn looks(&self) -> bool {
        self.mounted.drive.search().is_some_and(|search| !search.is_index())
    }

    /// Where nobody can be asked to search, and the folder itself was never read, it is read: else nothing would have been
    /// looked at, and nothing found would say nothing.
    async fn glance(&self, asker: &Asker) -> Result<()> {
        let listings = &self.mounted.listings;
        if self.mounted.drive.search().is_some() || listings.last(&self.folder.handle, true).await?.is_some() {
            return Ok(());
        }
        listings.whole(&self.folder, false, asker).await.map(drop)
    }
}

impl Wish {
    /// `None` where there is no word in it.
    pub fn new(keywords: &str, only: Option<Only>) -> Option<Self> {
        let said = keywords.split_whitespace().max_by_key(|word| (word.chars().count(), *word))?.to_owned();
        let mut words: Vec<_> = keywords.split_whitespace().map(looked_for).collect();
        words.sort();
        words.dedup();
        Some(Self { words, said, only })
    }

    fn takes(&self, entry: &Entry) -> bool {
        self.only.is_none_or(|only| only.takes(entry)) && {
            let name = folded(&entry.name);
            self.words.iter().all(|word| name.contains(word.as_str()))
        }
    }
}

impl Searches {
    pub(super) fn new(clock: Clock, tasks: Tasks) -> Self {
        let weigh = |(path, wish): &Key, kept: &Kept| {
            let hits = kept.answer.as_ref().map_or(0, |hits| hits.len());
            u32::try_from(1 + hits + (path.as_str().len() + wish.said.len()) / 64).unwrap_or(u32::MAX)
        };
        Self {
            kept: Cache::builder().max_capacity(KEPT).weigher(weigh).build(),
            flights: Flights::new(tasks),
            turns: Semaphore::new(AT_ONCE),
            clock,
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    fn kept(&self, key: &Key) -> Option<Result<Arc<[Hit]>>> {
        let kept = self.kept.get(key)?;
        (self.clock.now() < kept.until).then_some(kept.answer)
    }

    fn keep(&self, key: Key, answer: Result<Arc<[Hit]>>, whole: bool) {
        let life = match &answer {
            Ok(_) if whole => LIFE,
            Ok(_) => PART_LIFE,
            Err(error) if error.kind().cost_a_call() => FAILURE_LIFE,
            Err(_) => return,
        };
        self.kept.insert(key, Kept { answer, until: self.clock.now() + life });
    }
}

/// What this wish finds below a path. Where nothing was found and a drive has failed, that is the answer; where something was,
/// it is given.
pub(super) async fn search(
    namespace: &Arc<Namespace>,
    path: &VirtualPath,
    wish: &Wish,
    asker: &Asker,
) -> Result<Arc<[Hit]>> {
    let (searches, key) = (namespace.searches(), (path.clone(), wish.clone()));
    if let Some(kept) = searches.kept(&key) {
        return kept;
    }
    let ask = |asker| {
        let (namespace, key) = (Arc::clone(namespace), key.clone());
        async move {
            let searches = namespace.searches();
            // Another flight may have landed between the question and this one's start.
            if let Some(kept) = searches.kept(&key) {
                return kept;
            }
            let answer = look(&namespace, &key, &asker).await;
            let whole = answer.as_ref().is_ok_and(|(_, whole)| *whole);
            let answer = answer.map(|(hits, _)| Arc::from(hits));
            searches.keep(key, answer.clone(), whole);
            answer
        }
    };
    searches.flights.join(&key, asker, ask).await
}

/// What is found, and whether every drive has said what it had to say.
async fn look(namespace: &Arc<Namespace>, key: &Key, asker: &Asker) -> Result<(Vec<Hit>, bool)> {
    let ((path, wish), mut failed) = (key, None);
    let starts = starts(namespace, path, asker, &mut failed).await?;
    for start in &starts {
        if let Err(error) = start.glance(asker).await {
            failed = failed.or(Some(error));
        }
    }
    let known = {
        let busy = |_| Error::new(Kind::Busy, "Too many searches at once. Try again in a moment.");
        let turn = tokio::time::timeout(PATIENCE, namespace.searches().turns.acquire()).await.map_err(busy)?;
        let _turn = turn.map_err(|error| Error::new(Kind::Internal, "No search gets a turn.").source(error))?;
        let (mut walk, mut known) = (Walk::new(namespace, wish, MOST), Vec::with_capacity(starts.len()));
        for start in &starts {
            known.push(if start.looks() { Known::none(start) } else { walk.through(start).await? });
        }
        known
    };
    let enough = known.iter().map(|known| known.hits.len()).sum::<usize>() >= MOST;
    let deserted = namespace.searches().flights.deserted(key).shared();
    // Where all there is below is known, and lately enough, nobody need be asked.
    let ask = |(start, known): (&Start, &Known)| {
        let (mounted, deserted) = (Arc::clone(&start.mounted), deserted.clone());
        let (folder, asked) = (start.folder.handle.clone(), !known.whole && !enough);
        let hidden = hidden(namespace, &start.at);
        async move {
            let drive = mounted.drive.search().filter(|_| asked)?;
            if drive.is_index() {
                // It has cost its call, so its answer is for the next who asks.
                return Some(drive.search(&folder, &wish.said, wish.only, &[], asker).await);
            }
            let words = wish.words.join(" ");
            Some(tokio::select! {
                told = drive.search(&folder, &words, wish.only, &hidden, asker) => told,
                () = deserted => Err(Error::new(Kind::Busy, "Nobody waited for this search any more.")),
            })
        }
    };
    let told = join_all(starts.iter().zip(&known).map(ask)).await;
    let (mut hits, mut more, mut places) = (Vec::new(), Vec::new(), Places::new(namespace, path, asker));
    for ((start, known), told) in starts.iter().zip(known).zip(told) {
        failed = failed.or(known.failed);
        match told {
            Some(Ok(found)) => {
                let had: HashSet<_> = known.hits.iter().map(|hit| &hit.entry.handle).collect();
                let is_new = |found: &Found| wish.takes(&found.entry) && !had.contains(&found.entry.handle);
                let found = found.into_iter().filter(is_new).collect();
                more.extend(places.place(start, known.places, found, &mut failed).await?);
            }
            Some(Err(error)) => failed = failed.or(Some(error)),
            None => {}
        }
        hits.extend(known.hits);
    }
    hits.extend(places::named(&hits, more));
    hits.truncate(MOST);
    match failed {
        Some(error) if hits.is_empty() => Err(error),
        failed => {
            if let Some(error) = &failed {
                tracing::debug!(?error, "a search gives less than there may be");
            }
            Ok((hits, failed.is_none()))
        }
    }
}

/// The folder at the path, and the mounts below it.
async fn starts(
    namespace: &Namespace,
    path: &VirtualPath,
    asker: &Asker,
    failed: &mut Option<Error>,
) -> Result<Vec<Start>> {
    let below = |mount: &&Arc<Mount>| mount.path() != path && mount.path().below(path).is_some();
    let inside: Vec<_> = namespace.mounts().iter().filter(below).collect();
    let mut starts = Vec::new();
    match namespace.at(path) {
        Some((mount, rest)) => match start(mount, path, rest, asker).await {
            Ok(start) => starts.push(start),
            Err(error) if inside.is_empty() => return Err(error),
            // A drive that fails, or has no such folder, does not hide the mounts inside it.
            Err(error) if error.kind() != Kind::NotFound => *failed = Some(error),
            Err(_) => {}
        },
        None if inside.is_empty() && !path.is_root() => return Err(Error::not_found(format_args!("\"{path}\""))),
        None => {}
    }
    for mount in inside {
        match start(mount, mount.path(), "", asker).await {
            Ok(start) => starts.push(start),
            Err(error) => *failed = failed.take().or(Some(error)),
        }
    }
    Ok(starts)
}

/// The mounts below a folder, by their paths from there.
fn hidden(namespace: &Namespace, at: &VirtualPath) -> Vec<String> {
    let below = namespace.mounts().iter().filter_map(|mount| mount.path().below(at));
    below.map(|path| path.trim_matches('/').to_owned()).filter(|path| !path.is_empty()).collect()
}

async fn start(mount: &Arc<Mount>, at: &VirtualPath, rest: &str, asker: &Asker) -> Result<Start> {
    let mounted = mount.mounted()?;
    let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
    // However old: it names the folder, and that is enough to look below it.
    let folder = match resolve::known(&mounted, &names).await.filter(|known| known.is_folder()) {
        Some(known) => known,
        None => resolve::entry(&mounted, rest, asker).await?.0,
    };
    if !folder.is_folder() {
        return Err(Error::new(Kind::NotFound, format!("\"{}\" is a file: there is nothing below it.", folder.name)));
    }
    Ok(Start { mount: Arc::clone(mount), mounted, at: at.clone(), folder })
}

/// Work that takes milliseconds, off the async threads.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::new(Kind::Internal, "The search failed.").source(error))
}

impl fmt::Debug for Searches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Searches").field("kept", &self.kept.entry_count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
