//! From a path below a mount to its entry, starting at the deepest folder already known.

use std::{fmt, sync::Arc, time::Duration};

use moka::sync::Cache;

use super::{
    flight::{Flights, Tasks},
    listings::{self, Ages},
    mounts::Mounted,
};
use crate::{
    clock::Clock,
    drive::Entry,
    error::{Error, Kind, Result},
};

/// Folders found by their path that are remembered.
const MAX_FOLDERS: u64 = 50_000;
/// That there is no folder at a path is believed this long.
const SURE_OF_ABSENCE: Duration = Duration::from_secs(60);

/// Folders that the drive was asked for by their path.
pub(super) struct Folders {
    found: Cache<Arc<str>, Found>,
    /// Folders in which an entry was found by its path, and when.
    visited: Cache<Arc<str>, Duration>,
    flights: Flights<Arc<str>, Option<Arc<Entry>>>,
    clock: Clock,
    life: Duration,
}

#[derive(Clone)]
struct Found {
    folder: Option<Arc<Entry>>,
    at: Duration,
}

/// How long what was found holds: until then by our clock, and as long as no listing of the mount has changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Current {
    generation: u64,
    until: Duration,
}

impl Folders {
    pub(super) fn new(clock: Clock, ages: Ages, tasks: Tasks) -> Self {
        Self {
            found: Cache::new(MAX_FOLDERS),
            visited: Cache::new(MAX_FOLDERS),
            flights: Flights::new(tasks),
            clock,
            life: ages.listing,
        }
    }

    /// The folder at `names`, asking the drive in one call if need be; outer `None` where it has to be walked to.
    async fn locate(&self, mounted: &Arc<Mounted>, names: &[&str]) -> Result<Option<Option<Arc<Entry>>>> {
        if !mounted.drive.locate().is_some_and(|locate| locate.can_say(names)) {
            return Ok(None);
        }
        let path: Arc<str> = names.join("/").into();
        if let Some(found) = self.fresh(&path) {
            return Ok(Some(found.folder));
        }
        let answer = self.flights.join(&path, || {
            let (mounted, path, found, at) =
                (Arc::clone(mounted), Arc::clone(&path), self.found.clone(), self.clock.now());
            async move {
                let names: Vec<_> = path.split('/').collect();
                let folder = match mounted.drive.locate() {
                    Some(locate) => locate.find(&names).await?.map(Arc::new),
                    None => None,
                };
                found.insert(Arc::clone(&path), Found { folder: folder.clone(), at });
                Ok(folder)
            }
        });
        answer.await.map(Some)
    }

    /// What is known of a path, if that is recent enough.
    fn fresh(&self, path: &str) -> Option<Found> {
        let found = self.found.get(path)?;
        let life = if found.folder.is_some() { self.life } else { SURE_OF_ABSENCE.min(self.life) };
        (self.clock.now().saturating_sub(found.at) < life).then_some(found)
    }

    /// A folder that was come by otherwise.
    fn learn(&self, names: &[&str], folder: &Arc<Entry>) {
        self.found.insert(names.join("/").into(), Found { folder: Some(Arc::clone(folder)), at: self.clock.now() });
    }

    fn forget(&self, names: &[&str]) {
        self.found.invalidate(names.join("/").as_str());
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
pub(super) async fn entry(mounted: &Arc<Mounted>, rest: &str) -> Result<(Arc<Entry>, Option<Current>)> {
    let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
    let Some((&last, parents)) = names.split_last() else {
        return Ok((Arc::clone(&mounted.root), None));
    };
    if let Some(found) = at_once(mounted, &names, parents).await? {
        return Ok(found);
    }
    // Once more where a folder that we knew turns out to be gone: it may have been moved or made anew.
    let mut again = true;
    loop {
        let generation = mounted.listings.generation();
        let parent = folder(mounted, parents).await?;
        match mounted.listings.find(&parent, last).await {
            Ok(Some(listings::Found { entry, until })) => {
                if entry.is_folder() {
                    mounted.folders.learn(&names, &entry);
                }
                return Ok((entry, Some(Current { generation, until })));
            }
            Ok(None) => return Err(missing(last)),
            Err(error) if error.kind() == Kind::NotFound && again && !parents.is_empty() => {
                again = false;
                mounted.listings.forget(&parent.handle);
                mounted.folders.forget(parents);
                if let Some((_, above)) = parents.split_last()
                    && let Ok(above) = folder(mounted, above).await
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
) -> Result<Option<(Arc<Entry>, Option<Current>)>> {
    let (folders, generation) = (&mounted.folders, mounted.listings.generation());
    let (here, left) = descend(mounted, Arc::clone(&mounted.root), parents);
    let listed = left.is_empty() && mounted.listings.fresh(&here.handle).is_some();
    let above: Arc<str> = parents.join("/").into();
    if listed
        || !mounted.drive.locate().is_some_and(|locate| locate.finds_files())
        || folders.fresh(&above).is_some()
        || folders.visited.get(&above).is_some_and(|at| folders.clock.now().saturating_sub(at) < folders.life)
    {
        return Ok(None);
    }
    folders.visited.insert(above, folders.clock.now());
    let until = folders.clock.now() + folders.life;
    match folders.locate(mounted, names).await {
        Ok(Some(Some(found))) => Ok(Some((found, Some(Current { generation, until })))),
        // Its folder says for sure whether it is there.
        Ok(_) => Ok(None),
        Err(error) if error.kind().is_unreachable() && known(mounted, parents).is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folder at `names`: down through what is known, then by one question to the drive, else level by level.
async fn folder(mounted: &Arc<Mounted>, names: &[&str]) -> Result<Arc<Entry>> {
    let (mut here, mut left) = descend(mounted, Arc::clone(&mounted.root), names);
    loop {
        let Some((&name, deeper)) = left.split_first() else { return Ok(here) };
        if mounted.listings.fresh(&here.handle).is_some() {
            // It is known what is in here: nobody need be asked about a name that is not.
            here = child(mounted, &here, name).await?;
            (here, left) = descend(mounted, here, deeper);
            continue;
        }
        // A folder that was found by its path may lie deeper than the listings reach.
        let known = (names.len() - left.len() + 1..=names.len()).rev();
        let deepest = known.into_iter().find_map(|count| {
            let found = mounted.folders.fresh(&names[..count].join("/"))?;
            Some((found.folder?, count))
        });
        let Some((folder, count)) = deepest else { break };
        (here, left) = descend(mounted, folder, &names[count..]);
    }
    match mounted.folders.locate(mounted, names).await {
        Ok(Some(Some(found))) if found.is_folder() => return Ok(found),
        Ok(Some(Some(found))) => {
            let what = format!("\"{}\" is a file: there is nothing below it.", found.name);
            return Err(Error::new(Kind::NotFound, what));
        }
        Ok(Some(None)) => return Err(missing(names.last().copied().unwrap_or_default())),
        Ok(None) => {}
        // What was known once stands in where the drive cannot be asked.
        Err(error) => {
            let old = if error.kind().is_unreachable() { known(mounted, names) } else { None };
            return old.ok_or(error);
        }
    }
    for &name in left {
        here = child(mounted, &here, name).await?;
    }
    Ok(here)
}

/// The folder of this name in a folder, also behind a newer file of the name.
async fn child(mounted: &Mounted, folder: &Arc<Entry>, name: &str) -> Result<Arc<Entry>> {
    match mounted.listings.find(folder, name).await? {
        Some(found) if found.entry.is_folder() => Ok(found.entry),
        Some(_) => match mounted.listings.whole(folder, false).await?.listing.find_folder(name) {
            Some(found) => Ok(Arc::clone(found)),
            None => Err(Error::new(Kind::NotFound, format!("\"{name}\" is a file: there is nothing below it."))),
        },
        None => Err(missing(name)),
    }
}

/// Down from a folder through the listings known: where that ends, and the names still left.
fn descend<'a, 'n>(mounted: &Mounted, mut here: Arc<Entry>, mut left: &'a [&'n str]) -> (Arc<Entry>, &'a [&'n str]) {
    while let Some((&name, deeper)) = left.split_first() {
        let Some(next) = mounted.listings.fresh(&here.handle).and_then(|listing| listing.find_folder(name).cloned())
        else {
            break;
        };
        (here, left) = (next, deeper);
    }
    (here, left)
}

fn missing(name: &str) -> Error {
    Error::not_found(format_args!("\"{name}\""))
}

/// Trusts the listing of the folder at `rest` no more, where it is known; asks nobody.
pub(super) fn distrust(mounted: &Mounted, rest: &str) {
    let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
    if let Some(folder) = known(mounted, &names) {
        mounted.listings.distrust(&folder.handle);
    }
}

/// The folder at `names` as it was last seen, however long ago; asks nobody.
fn known(mounted: &Mounted, names: &[&str]) -> Option<Arc<Entry>> {
    let walked = names.iter().try_fold(Arc::clone(&mounted.root), |here, name| {
        mounted.listings.last_seen(&here.handle).and_then(|listing| listing.find_folder(name).cloned())
    });
    walked.or_else(|| mounted.folders.found.get(names.join("/").as_str())?.folder)
}
