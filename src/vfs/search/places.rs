//! Where what a drive's search has found stands in the namespace: a drive says in which folder, and not where that is.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Hit, Start, aside};
use crate::{
    drive::{Asker, Entry, Found, Handle, Kind as EntryKind, Search},
    error::{Error, Result},
    path::VirtualPath,
    vfs::mounts::Namespace,
};

/// Questions that one search asks about folders whose place nobody knows, where each costs a call.
const LOOK_UPS: usize = 5;

/// One search's finds, on their way to their places.
pub(super) struct Places<'a> {
    namespace: &'a Namespace,
    /// The folder that the search is of.
    path: &'a VirtualPath,
    asker: &'a Asker,
    look_ups: usize,
}

impl<'a> Places<'a> {
    pub(super) fn new(namespace: &'a Namespace, path: &'a VirtualPath, asker: &'a Asker) -> Self {
        Self { namespace, path, asker, look_ups: LOOK_UPS }
    }

    /// The finds that have a place below the folder searched, the newest first; those whose folder stays unknown are left out.
    /// `known`: where folders are.
    pub(super) async fn place(
        &mut self,
        start: &Start,
        mut known: HashMap<Handle, VirtualPath>,
        mut found: Vec<Found>,
        failed: &mut Option<Error>,
    ) -> Result<Vec<Hit>> {
        // Of several with one name the newest keeps it.
        found.sort_by_key(|found| Reverse(found.entry.created));
        let strange = |known: &HashMap<_, _>, found: &[Found]| -> HashSet<Handle> {
            found.iter().map(|found| &found.folder).filter(|folder| !known.contains_key(*folder)).cloned().collect()
        };
        let wanted = strange(&known, &found);
        if !wanted.is_empty() {
            let (mounted, root) = (Arc::clone(&start.mounted), start.mount.path().clone());
            let visited = aside(move || mounted.folders.places(&wanted)).await?;
            known.extend(visited.into_iter().map(|(folder, names)| {
                (folder, names.split('/').filter(|name| !name.is_empty()).fold(root.clone(), |at, name| at.join(name)))
            }));
        }
        let mut asked = HashSet::new();
        while let Some(drive) = start.mounted.drive.search()
            && (self.look_ups > 0 || start.looks())
            && let Some(next) = next(&known, &found, &asked)
        {
            self.look_ups -= usize::from(!start.looks());
            asked.insert(found[next].folder.clone());
            match self.look_up(start, drive, &mut known, &found[next]).await {
                Ok(Some(folder)) => found[next].folder = folder,
                // Not below the mount, or gone.
                Ok(None) => {}
                Err(error) => {
                    *failed = failed.take().or(Some(error));
                    break;
                }
            }
        }
        Ok(found.into_iter().filter_map(|found| self.hit(start, &known, found)).collect())
    }

    /// The folder that this is in, of which it is then known where it is.
    async fn look_up(
        &self,
        start: &Start,
        drive: &dyn Search,
        known: &mut HashMap<Handle, VirtualPath>,
        found: &Found,
    ) -> Result<Option<Handle>> {
        let Some(above) = drive.above(found, self.asker).await? else { return Ok(None) };
        let (mut at, mut folder) = (start.mount.path().clone(), start.mounted.root.handle.clone());
        for (handle, name) in above {
            at = match known.get(&handle) {
                Some(place) => place.clone(),
                None => {
                    let place = at.join(name.as_str());
                    known.insert(handle.clone(), place.clone());
                    let entry = Entry {
                        handle: handle.clone(),
                        name,
                        kind: EntryKind::Folder,
                        tag: "".into(),
                        modified: 0,
                        created: 0,
                        thumb: None,
                    };
                    // Whoever goes there, or searches again, need not ask.
                    start.mounted.folders.meet(place.below(start.mount.path()).unwrap_or_default(), &Arc::new(entry));
                    place
                }
            };
            folder = handle;
        }
        Ok(Some(folder))
    }

    /// `None` where its place is not known, is outside of the folder searched, or is hidden by another mount.
    fn hit(&self, start: &Start, known: &HashMap<Handle, VirtualPath>, found: Found) -> Option<Hit> {
        let folder = known.get(&found.folder)?;
        let mut entry = found.entry;
        // A namesake that is listed has the name; the tagged one leads here, whoever is newer.
        let listing = start.mounted.listings.in_memory(&found.folder);
        let taken = listing.and_then(|listing| listing.find(entry.name.as_str()).map(|other| other.handle.clone()));
        if taken.is_some_and(|other| other != entry.handle) {
            entry.name = entry.name.tagged(&entry.tag, entry.is_folder());
        }
        let at = folder.join(entry.name.as_str());
        let (innermost, _) = self.namespace.at(&at)?;
        let shown = Arc::ptr_eq(innermost, &start.mount)
            && at != *self.path
            && at.below(self.path).is_some()
            && !self.namespace.between(folder).iter().any(|name| name == entry.name.as_str());
        shown.then(|| Hit { folder: folder.clone(), entry: Arc::new(entry) })
    }
}

/// Of what is in a folder whose place is not known, the first of the folder that most of it is in.
fn next(known: &HashMap<Handle, VirtualPath>, found: &[Found], asked: &HashSet<Handle>) -> Option<usize> {
    let mut folders: HashMap<&Handle, (usize, usize)> = HashMap::new();
    let strange = |folder: &Handle| !known.contains_key(folder) && !asked.contains(folder);
    for (place, found) in found.iter().enumerate().filter(|(_, found)| strange(&found.folder)) {
        folders.entry(&found.folder).or_insert((0, place)).0 += 1;
    }
    folders.into_values().max_by_key(|(count, first)| (*count, Reverse(*first))).map(|(_, first)| first)
}

/// Those of `more` that are not among `hits`, each under a name that leads to it.
pub(super) fn named(hits: &[Hit], more: Vec<Hit>) -> Vec<Hit> {
    let mut taken: HashSet<_> = hits.iter().map(|hit| hit.folder.join(hit.entry.name.as_str())).collect();
    let mut named = Vec::with_capacity(more.len());
    for mut hit in more {
        if !taken.insert(hit.folder.join(hit.entry.name.as_str())) {
            let mut entry = Entry::clone(&hit.entry);
            entry.name = entry.name.tagged(&entry.tag, entry.is_folder());
            if !taken.insert(hit.folder.join(entry.name.as_str())) {
                continue;
            }
            hit.entry = Arc::new(entry);
        }
        named.push(hit);
    }
    named
}
