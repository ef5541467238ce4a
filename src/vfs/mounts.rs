//! Mounts: which drive stands at which path, and whether it works.

use std::{fmt, sync::Arc};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::{
    budget::Budget,
    flight::Tasks,
    links::Links,
    listings::{Ages, Listings},
    pool::Keeping,
    recent::Recent,
    resolve::Folders,
    search::Searches,
    shelf::Memory,
    stable::{Stable, share_account},
};
use crate::{
    clock::Clock,
    drive::{Drive, Entry},
    error::{Error, Kind, Result},
    path::VirtualPath,
};

/// How a mount's files are given out at `/d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A 302 to the drive's own URL, where the link allows it.
    Redirect,
    /// The bytes through this server.
    Proxy,
    /// A 302 to a download proxy, which fetches in its client's place: what stands before the full path there.
    Url(Arc<str>),
    /// The bytes of a file that is on this machine, whatever is configured.
    Local,
}

/// What a mount does with what it learns.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What kind of drive it is of, by the `type` it is written with.
    pub driver: &'static str,
    pub delivery: Delivery,
    pub ages: Ages,
    pub keeping: Keeping,
}

/// A drive at work below a mount point, with all that is known of it.
#[derive(Debug)]
pub struct Mounted {
    pub(super) drive: Arc<dyn Drive>,
    pub(super) root: Arc<Entry>,
    pub(super) listings: Arc<Listings>,
    pub(super) folders: Folders,
    pub(super) links: Links,
    pub(super) stable: Stable,
}

impl Mounted {
    /// Takes over a drive: `root` is the folder it shows, `memory` what is kept of it over restarts.
    pub fn new(
        drive: Arc<dyn Drive>,
        root: Entry,
        memory: Option<Memory>,
        policy: &Policy,
        budget: Arc<Budget>,
        clock: &Clock,
        tasks: &Tasks,
    ) -> Self {
        let listing = drive.listings_hold().map_or(policy.ages.listing, |hold| hold.min(policy.ages.listing));
        let ages = Ages { listing, ..policy.ages };
        let (section, paths, found) = match memory {
            Some(Memory { section, paths, found }) => (Some(section), Some(paths), found),
            None => (None, None, Vec::new()),
        };
        let listings = Listings::new(Arc::clone(&drive), clock.clone(), ages, section, tasks.clone());
        Self {
            folders: Folders::new(clock.clone(), ages, listings.overdue(), paths, found, tasks.clone()),
            stable: Stable::new(clock.clone(), ages, listings.overdue(), tasks.clone()),
            listings: Arc::new(listings),
            links: Links::new(Arc::clone(&drive), clock.clone(), policy.keeping, budget, tasks.clone()),
            root: Arc::new(root),
            drive,
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        self.listings.clock()
    }

    pub fn drive(&self) -> &Arc<dyn Drive> {
        &self.drive
    }

    /// How much is kept of what was learnt; about right, as caches tidy up when they find the time.
    pub fn held(&self) -> Held {
        let (folders, entries) = self.listings.held();
        Held { folders, entries, links: self.links.held() }
    }
}

/// How much of a mount is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Folders that somebody came by.
    pub folders: u64,
    /// One with a thumbnail counts twice, as it takes about as much room.
    pub entries: u64,
    /// Pools of links: one for each file, and for each client and file where links are bound.
    pub links: u64,
}

/// Whether a mount works.
#[derive(Debug, Clone)]
pub enum State {
    /// It has not been started yet.
    Starting,
    Working(Arc<Mounted>),
    /// It could not be started; tried again later.
    Failed(Error),
}

/// A drive's place in the namespace.
pub struct Mount {
    path: VirtualPath,
    policy: Policy,
    state: ArcSwap<State>,
    /// What was known of it before a restart, at work until it is started.
    remembered: ArcSwapOption<Mounted>,
}

impl Mount {
    pub fn new(path: VirtualPath, policy: Policy) -> Self {
        let state = ArcSwap::from_pointee(State::Starting);
        Self { path, policy, state, remembered: ArcSwapOption::empty() }
    }

    pub fn path(&self) -> &VirtualPath {
        &self.path
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub fn state(&self) -> State {
        State::clone(&self.state.load())
    }

    pub fn set_state(&self, state: State) {
        self.state.store(Arc::new(state));
    }

    /// What stands in for the drive at work while there is none.
    pub fn set_remembered(&self, remembered: Option<Arc<Mounted>>) {
        self.remembered.store(remembered);
    }

    /// True while it does not work, and what was known of it is shown.
    pub fn is_remembered(&self) -> bool {
        !matches!(&**self.state.load(), State::Working(_)) && self.remembered.load().is_some()
    }

    /// True while this is the drive at work.
    pub(super) fn has(&self, mounted: &Arc<Mounted>) -> bool {
        match &**self.state.load() {
            State::Working(working) => Arc::ptr_eq(working, mounted),
            _ => self.remembered.load().as_ref().is_some_and(|remembered| Arc::ptr_eq(remembered, mounted)),
        }
    }

    /// The drive at work, or what stands in for it, or why there is none.
    pub fn mounted(&self) -> Result<Arc<Mounted>> {
        if let State::Working(mounted) = &**self.state.load() {
            return Ok(Arc::clone(mounted));
        }
        self.remembered.load_full().ok_or_else(|| self.trouble())
    }

    /// Why it does not work.
    fn trouble(&self) -> Error {
        match &**self.state.load() {
            State::Failed(error) => {
                let said = error.kind().is_unreachable() || error.kind() == Kind::Ended;
                let kind = if said { error.kind() } else { Kind::Upstream };
                Error::new(kind, format!("{} could not be mounted: {}", self.path, error.message()))
                    .retry_after(error.wait())
            }
            State::Starting | State::Working(_) => {
                Error::new(Kind::Busy, format!("{} is being started; try again in a moment.", self.path))
                    .retry_after(Some(std::time::Duration::from_secs(2)))
            }
        }
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").field("path", &self.path).field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// All mounts. One may stand inside another, and hides what that has at its path.
#[derive(Debug)]
pub struct Namespace {
    mounts: Vec<Arc<Mount>>,
    recent: Recent,
    searches: Searches,
}

impl Namespace {
    pub fn new(mounts: Vec<Arc<Mount>>, clock: &Clock, tasks: &Tasks) -> Self {
        Self { mounts, recent: Recent::default(), searches: Searches::new(clock.clone(), tasks.clone()) }
    }

    pub(super) fn recent(&self) -> &Recent {
        &self.recent
    }

    pub(super) fn searches(&self) -> &Searches {
        &self.searches
    }

    pub fn mounts(&self) -> &[Arc<Mount>] {
        &self.mounts
    }

    /// The innermost mount that holds this path, and what is left of the path below it.
    pub(super) fn at<'a, 'p>(&'a self, path: &'p VirtualPath) -> Option<(&'a Arc<Mount>, &'p str)> {
        let holding = self.mounts.iter().filter_map(|mount| Some((mount, path.below(&mount.path)?)));
        holding.min_by_key(|(_, rest)| rest.len())
    }

    /// The mount that stable links call so. Where there is none any more, another one of its account: the file may lie anywhere
    /// in that.
    pub(super) fn called(&self, id: &str) -> Result<(&Arc<Mount>, Arc<Mounted>)> {
        let (mut of_account, mut trouble) = (None, None);
        for mount in &self.mounts {
            let mounted = match mount.mounted() {
                Ok(mounted) => mounted,
                Err(error) => {
                    trouble.get_or_insert(error);
                    continue;
                }
            };
            match mounted.codes().map(|codes| codes.mount) {
                Some(own) if own == id => return Ok((mount, mounted)),
                Some(own) if share_account(own, id) => drop(of_account.get_or_insert((mount, mounted))),
                // It is shown as it was remembered, and does not know yet whose it is.
                None if mounted.drive.by_pickcode().is_some() => drop(trouble.get_or_insert_with(|| mount.trouble())),
                _ => {}
            }
        }
        // One that does not work yet may be the one.
        of_account.ok_or_else(|| trouble.unwrap_or_else(|| Error::not_found("mount of this link")))
    }

    /// The names right below a path at which mounts stand, or on the way to which they do.
    pub(super) fn between(&self, path: &VirtualPath) -> Vec<String> {
        let mut names: Vec<_> = self
            .mounts
            .iter()
            .filter_map(|mount| mount.path.below(path)?.split('/').next().map(str::to_owned))
            .collect();
        names.retain(|name| !name.is_empty());
        names.sort();
        names.dedup();
        names
    }
}
