//! From a path below a mount to its entry, starting at the deepest folder already known.

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use moka::sync::Cache;

use super::{
    flight::{Flights, Tasks},
    listings::Ages,
    mounts::Mounted,
    question,
    shelf::Paths,
};
use crate::{
    clock::Clock,
    drive::{Asker, Entry, Handle},
    error::{Error, Kind, Result},
};

/// Folders found by their path that are remembered.
const MAX_FOLDERS: u64 = 50_000;
/// That there is no folder at a path is believed this long.
const SURE_OF_ABSENCE: Duration = Duration::from_secs(60);
/// A question that nobody waits for is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Folders that the drive was asked for by their path.
pub(super) struct Folders {
    found: Cache<Arc<str>, Found>,
    /// Folders in which an entry was found by its path, and when.
    visited: Cache<Arc<str>, Duration>,
    flights: Flights<Arc<str>, Option<Arc<Entry>>>,
    clock: Clock,
    life: Duration,
    /// For how long what is past its life is taken while the drive is asked anew.
    overdue: Duration,
    /// What is kept of them over a restart.
    paths: Option<Paths>,
}

#[derive(Clone)]
struct Found {
    folder: Option<Arc<Entry>>,
    at: Duration,
    /// The drive is not asked anew before this.
    rests_until: Duration,
}

/// How long what was found holds: until then by our clock, and as long as no listing of the mount has changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Current {
    pub(super) generation: u64,
    pub(super) until: Duration,
}

impl Folders {
    /// `recalled`: what was found before the last restart.
    pub(super) fn new(
        clock: Clock,
        ages: Ages,
        overdue: Duration,
        paths: Option<Paths>,
        recalled: Vec<(Arc<str>, Arc<Entry>, Duration)>,
        tasks: Tasks,
    ) -> Self {
        let found = Cache::new(MAX_FOLDERS);
        for (path, folder, at) in recalled {
            found.insert(path, Found { folder: Some(folder), at, rests_until: Duration::ZERO });
        }
        Self {
            found,
            visited: Cache::new(MAX_FOLDERS),
            flights: Flights::new(tasks),
            clock,
            life: ages.listing,
            overdue,
            paths,
        }
    }

    /// The folder at `names`, asking the drive in one call if need be; outer `None` where it has to be walked to. One that is past
    /// its time is given, and the drive asked while nobody waits.
    async fn locate(
        &self,
        mounted: &Arc<Mounted>,
        names: &[&str],
        asker: &Asker,
    ) -> Result<Option<Option<Arc<Entry>>>> {
        if !mounted.drive.locate().is_some_and(|locate| locate.can_say(names)) {
            return Ok(None);
        }
        let path: Arc<str> = names.join("/").into();
        if let Some(found) = self.fresh(&path) {
            return Ok(Some(found.folder));
        }
        let ask = |asker| ask(Arc::clone(mounted), Arc::clone(&path), self.clock.now(), asker);
        match self.shown(&path) {
            Some((old, rests_until)) => {
                if rests_until <= self.clock.now() && mounted.drive.pause().is_none() {
                    self.flights.start(&path, ask);
                }
                Ok(Some(Some(old)))
            }
            None => self.flights.join(&path, asker, ask).await.map(Some),
        }
    }

    /// What is known of a path, if that is recent enough.
    fn fresh(&self, path: &str) -> Option<Found> {
        let found = self.found.get(path)?;
        let life = if found.folder.is_some() { self.life } else { SURE_OF_ABSENCE.min(self.life) };
        (self.clock.now().saturating_sub(found.at) < life).then_some(found)
    }

    /// What is known of a path, also past its time, and until when the drive is not asked anew.
    fn shown(&self, path: &str) -> Option<(Arc<Entry>, Duration)> {
        let found = self.found.get(path)?;
        let young = self.clock.now().saturating_sub(found.at) < self.life + self.overdue;
        Some((found.folder.filter(|_| young)?, found.rests_until))
    }

    /// What was found at a path last, however long ago.
    fn last_seen(&self, names: &[&str]) -> Option<Arc<Entry>> {
        self.found.get(names.join("/").as_str())?.folder
    }

    /// Where these folders were, as far as they were found by their path lately. Looks through all that were.
    pub(super) fn places(&self, wanted: &HashSet<Handle>) -> Vec<(Handle, Arc<str>)> {
        let young = |found: &Found| self.clock.now().saturating_sub(found.at) < self.life + self.overdue;
        let here = |(path, found): (Arc<Arc<str>>, Found)| {
            let folder = found.folder.as_ref().filter(|folder| wanted.contains(&folder.handle) && young(&found))?;
            Some((folder.handle.clone(), Arc::clone(&*path)))
        };
        self.found.iter().filter_map(here).collect()
    }

    /// A folder whose path was come by while looking for something else; what is known of the path holds.
    pub(super) fn meet(&self, path: &str, folder: &Arc<Entry>) {
        if self.found.get(path).is_none_or(|known| known.folder.is_none()) {
            self.keep(&path.into(), Some(folder), self.clock.now());
        }
    }

    /// A folder that was come by otherwise.
    fn learn(&self, names: &[&str], folder: &Arc<Entry>) {
        let (path, now) = (names.join("/"), self.clock.now());
        // Written down again only now and then: it is learnt at every visit.
        let young = |found: Found| {
            found.folder.is_some_and(|known| known.handle == folder.handle)
                && now.saturating_sub(found.at) < self.life / 2
        };
        if !self.found.get(path.as_str()).is_some_and(young) {
            self.keep(&path.into(), Some(folder), now);
        }
    }

    fn keep(&self, path: &Arc<str>, folder: Option<&Arc<Entry>>, at: Duration) {
        let found = Found { folder: folder.cloned(), at, rests_until: Duration::ZERO };
        self.found.insert(Arc::clone(path), found);
        match (&self.paths, folder) {
            (Some(paths), Some(folder)) => paths.keep(path, folder, at),
            (Some(paths), None) => paths.forget(path),
            (None, _) => {}
        }
    }

    fn forget(&self, names: &[&str]) {
        let path = names.join("/");
        self.found.invalidate(path.as_str());
        if let Some(paths) = &self.paths {
            paths.forget(&path);
        }
    }
}

/// Asks the drive what stands at a path, and takes in the answer.
async fn ask(mounted: Arc<Mounted>, path: Arc<str>, at: Duration, asker: Asker) -> Result<Option<Arc<Entry>>> {
    let folders = &mounted.folders;
    let known = folders.found.get(&path);
    let names: Vec<_> = path.split('/').collect();
    let answer = match mounted.drive.locate() {
        Some(locate) => locate.find(&names, &asker).await,
        None => Ok(None),
    };
    match answer {
        Ok(answer) => {
            let folder = answer.map(Arc::new);
            folders.keep(&path, folder.as_ref(), at);
            let handle = |entry: &Arc<Entry>| entry.handle.clone();
            if known.is_some_and(|known| known.folder.as_ref().map(handle) != folder.as_ref().map(handle)) {
                mounted.listings.changed();
            }
            Ok(folder)
        }
        Err(error) => {
            if let Some(known) = known.filter(|known| known.folder.is_some()) {
                folders.found.insert(path, Found { rests_until: folders.clock.now() + ASK_AGAIN, ..known });
            }
            Err(error)
        }
    }
}

impl fmt::Debug for Folders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folders").field("found", &self.found.entry_count()).finish_non_exhaustive()
    }
}

pub(super) fn is_current(mounted: &Mounted, current: Current) -> bool {
    current.generation == mounted.listings.generation() && mounted.folders.clock.now() < current.until
}

/// The entry at `rest`, a path below the mount's root, and how long that holds. Costs at most: one call for the parent's id,
/// then the pages of the parent up to the one with the name; nothing for what is known.
pub(super) async fn entry(mounted: &Arc<Mounted>, rest: &str, asker: &Asker) -> Result<(Arc<Entry>, Option<Current>)> {
    let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
    match search(mounted, &names, asker).await {
        // What was known once stands in.
        Err(error) if error.kind().is_rest() => Ok((known(mounted, &names).await.ok_or(error)?, None)),
        found => found,
    }
}

async fn search(mounted: &Arc<Mounted>, names: &[&str], asker: &Asker) -> Result<(Arc<Entry>, Option<Current>)> {
    let Some((&last, parents)) = names.split_last() else {
        return Ok((Arc::clone(&mounted.root), None));
    };
    if let Some(found) = at_once(mounted, names, parents, asker).await? {
        return Ok(found);
    }
    // Once more where a folder that we knew turns out to be gone: it may have been moved or made anew.
    let mut again = true;
    loop {
        let generation = mounted.listings.generation();
        let parent = folder(mounted, parents, asker).await?;
        match mounted.listings.find(&parent, last, asker).await {
            Ok(Some(question::Found { entry, until })) => {
                if entry.is_folder() {
                    mounted.folders.learn(names, &entry);
                }
                return Ok((entry, Some(Current { generation, until })));
            }
            Ok(None) => return Err(missing(last)),
            Err(error) if error.kind() == Kind::NotFound && again && !parents.is_empty() => {
                again = false;
                mounted.listings.forget(&parent.handle);
                mounted.folders.forget(parents);
                if let Some((_, above)) = parents.split_last()
                    && let Ok(above) = folder(mounted, above, asker).await
                {
                    mounted.listings.distrust(&above.handle);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// The entry by its whole path, where the drive finds files and nobody has come by its folder yet: one call, and the folder
/// need not be listed for a single file. Whoever comes for a second one will want the listing.
async fn at_once(
    mounted: &Arc<Mounted>,
    names: &[&str],
    parents: &[&str],
    asker: &Asker,
) -> Result<Option<(Arc<Entry>, Option<Current>)>> {
    let (folders, generation) = (&mounted.folders, mounted.listings.generation());
    let (here, left) = descend(mounted, Arc::clone(&mounted.root), parents).await;
    let listed = left.is_empty() && mounted.listings.shown(&here.handle).await.is_some();
    let above: Arc<str> = parents.join("/").into();
    if listed
        || !mounted.drive.locate().is_some_and(|locate| locate.finds_files())
        || folders.fresh(&above).is_some()
        || folders.shown(&above).is_some()
        || folders.visited.get(&above).is_some_and(|at| folders.clock.now().saturating_sub(at) < folders.life)
    {
        return Ok(None);
    }
    folders.visited.insert(above, folders.clock.now());
    match folders.locate(mounted, names, asker).await {
        Ok(Some(Some(found))) => {
            let until =
                folders.found.get(names.join("/").as_str()).map_or(Duration::ZERO, |found| found.at + folders.life);
            Ok(Some((found, Some(Current { generation, until }))))
        }
        // Its folder says for sure whether it is there.
        Ok(_) => Ok(None),
        Err(error) if error.kind().is_unreachable() && known(mounted, parents).await.is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folder at `names`: down through what is known, then by one question to the drive, else level by level. What was known
/// once stands in where the drive cannot be asked.
async fn folder(mounted: &Arc<Mounted>, names: &[&str], asker: &Asker) -> Result<Arc<Entry>> {
    match look_for(mounted, names, asker).await {
        Err(error) if error.kind().is_unreachable() => known(mounted, names).await.ok_or(error),
        found => found,
    }
}

async fn look_for(mounted: &Arc<Mounted>, names: &[&str], asker: &Asker) -> Result<Arc<Entry>> {
    let (mut here, mut left) = descend(mounted, Arc::clone(&mounted.root), names).await;
    loop {
        let Some((&name, deeper)) = left.split_first() else { return Ok(here) };
        if mounted.listings.fresh(&here.handle).await.is_some() {
            // It is known what is in here: nobody need be asked about a name that is not.
            here = child(mounted, &here, name, asker).await?;
            (here, left) = descend(mounted, here, deeper).await;
            continue;
        }
        // A folder that was found by its path may lie deeper than the listings reach.
        let known = (names.len() - left.len() + 1..=names.len()).rev();
        let deepest = known.into_iter().find_map(|count| {
            let found = mounted.folders.fresh(&names[..count].join("/"))?;
            Some((found.folder?, count))
        });
        let Some((folder, count)) = deepest else { break };
        (here, left) = descend(mounted, folder, &names[count..]).await;
    }
    match mounted.folders.locate(mounted, names, asker).await? {
        Some(Some(found)) if found.is_folder() => return Ok(found),
        Some(Some(found)) => {
            let what = format!("\"{}\" is a file: there is nothing below it.", found.name);
            return Err(Error::new(Kind::NotFound, what));
        }
        Some(None) => return Err(missing(names.last().copied().unwrap_or_default())),
        None => {}
    }
    for &name in left {
        here = child(mounted, &here, name, asker).await?;
    }
    Ok(here)
}

/// The folder of this name in a folder, also behind a newer file of the name.
async fn child(mounted: &Mounted, folder: &Arc<Entry>, name: &str, asker: &Asker) -> Result<Arc<Entry>> {
    match mounted.listings.find(folder, name, asker).await? {
        Some(found) if found.entry.is_folder() => Ok(found.entry),
        Some(_) => match mounted.listings.whole(folder, false, asker).await?.listing.find_folder(name) {
            Some(found) => Ok(Arc::clone(found)),
            None => Err(Error::new(Kind::NotFound, format!("\"{name}\" is a file: there is nothing below it."))),
        },
        None => Err(missing(name)),
    }
}

/// Down from a folder through the listings known: where that ends, and the names still left.
async fn descend<'a, 'n>(
    mounted: &Mounted,
    mut here: Arc<Entry>,
    mut left: &'a [&'n str],
) -> (Arc<Entry>, &'a [&'n str]) {
    while let Some((&name, deeper)) = left.split_first() {
        let listing = mounted.listings.fresh(&here.handle).await;
        let Some(next) = listing.and_then(|listing| listing.find_folder(name).cloned()) else { break };
        (here, left) = (next, deeper);
    }
    (here, left)
}

fn missing(name: &str) -> Error {
    Error::not_found(format_args!("\"{name}\""))
}

/// Trusts the listing of the folder at `rest` no more, where it is known; asks nobody.
pub(super) fn distrust(mounted: &Mounted, rest: &str) {
    if let Some(folder) = at_hand(mounted, rest) {
        mounted.listings.distrust(&folder.handle);
    }
}

/// The folder at `rest` where memory has it; asks nobody.
pub(super) fn at_hand(mounted: &Mounted, rest: &str) -> Option<Arc<Entry>> {
    let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
    let walked = names.iter().try_fold(Arc::clone(&mounted.root), |here, name| {
        mounted.listings.in_memory(&here.handle).and_then(|listing| listing.find_folder(name).cloned())
    });
    walked.or_else(|| mounted.folders.last_seen(&names))
}

/// The file at `rest` is gone: neither its path nor its folder's listing is to be believed.
pub(super) fn gone(mounted: &Mounted, rest: &str) {
    let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
    mounted.folders.forget(&names);
    distrust(mounted, rest.rsplit_once('/').map_or("", |(above, _)| above));
}

/// The folder at `names` as it was last seen, however long ago; asks nobody.
pub(super) async fn known(mounted: &Mounted, names: &[&str]) -> Option<Arc<Entry>> {
    let mut here = Arc::clone(&mounted.root);
    for name in names {
        let listing = mounted.listings.last_seen(&here.handle).await;
        let Some(next) = listing.and_then(|listing| listing.find_folder(name).cloned()) else {
            return mounted.folders.last_seen(names);
        };
        here = next;
    }
    Some(here)
}
