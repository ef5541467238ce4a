//! What is known without asking anybody: listings at hand, and names to be found in them.

use std::{collections::VecDeque, sync::Arc};

use super::{listing::Listing, mounts::Mounted, resolve, view::View};
use crate::{drive::Entry, path::VirtualPath};

/// Entries that one search looks at.
const MOST_LOOKED_AT: usize = 500_000;

/// An entry that was searched for, and the folder it is in.
#[derive(Debug, Clone)]
pub struct Hit {
    pub folder: VirtualPath,
    pub entry: Arc<Entry>,
}

impl View {
    /// The listing of the folder at this path, where it is at hand, however old.
    pub fn listed(&self, path: &VirtualPath) -> Option<Arc<Listing>> {
        if self.caller().within.as_ref().is_some_and(|base| path.below(base).is_none()) {
            return None;
        }
        let (mount, rest) = self.namespace().at(path)?;
        let mounted = mount.mounted().ok()?;
        let folder = resolve::at_hand(&mounted, rest)?;
        mounted.listings.in_memory(&folder.handle)
    }

    /// Entries that are wanted, at any depth below this path, among what is at hand. Takes a while where that is much.
    pub fn known_below(&self, path: &VirtualPath, most: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<Hit> {
        if self.caller().within.as_ref().is_some_and(|base| path.below(base).is_none()) {
            return Vec::new();
        }
        let mut left: VecDeque<(VirtualPath, Arc<Mounted>, Arc<Entry>)> = VecDeque::new();
        if let Some((mount, rest)) = self.namespace().at(path)
            && let Ok(mounted) = mount.mounted()
            && let Some(folder) = resolve::at_hand(&mounted, rest)
        {
            left.push_back((path.clone(), mounted, folder));
        }
        let inside = |at: &VirtualPath| at != path && at.below(path).is_some();
        for mount in self.namespace().mounts().iter().filter(|mount| inside(mount.path())) {
            if let Ok(mounted) = mount.mounted() {
                let root = Arc::clone(&mounted.root);
                left.push_back((mount.path().clone(), mounted, root));
            }
        }
        let (mut hits, mut looked_at) = (Vec::new(), 0);
        while let Some((here, mounted, folder)) = left.pop_front() {
            let Some(listing) = mounted.listings.in_memory(&folder.handle) else { continue };
            // A mount hides what the drive has under its name.
            let nested = self.namespace().between(&here);
            for entry in listing.entries() {
                looked_at += 1;
                if nested.iter().any(|name| name == entry.name.as_str()) {
                    continue;
                }
                if wanted(entry) {
                    hits.push(Hit { folder: here.clone(), entry: Arc::clone(entry) });
                }
                if hits.len() >= most || looked_at >= MOST_LOOKED_AT {
                    return hits;
                }
                if entry.is_folder() {
                    left.push_back((here.join(entry.name.as_str()), Arc::clone(&mounted), Arc::clone(entry)));
                }
            }
        }
        hits
    }
}
