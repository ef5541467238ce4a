//! `View`: the one door to the namespace, with the caller in it. Nothing unchecked is in reach from here.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{HeaderMap, HeaderValue};

use super::{
    links::{FileLinks, Lease},
    listing::Listing,
    listings::Known,
    mounts::{Delivery, Mount, Mounted, Namespace},
    pool::Kept,
    resolve::{self, Current},
    search::{self, Hit, Wish},
    stable::Codes,
};
use crate::{
    drive::{Asker, CallerKind, Entry, Family, Opened},
    error::{Error, Kind, Result},
    path::VirtualPath,
};

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    pub kind: CallerKind,
    pub address: IpAddr,
    /// As it was sent, byte for byte: 115 binds links to it.
    pub user_agent: Option<HeaderValue>,
    /// The folder that nothing is seen outside of; `None` where everything is seen.
    pub within: Option<VirtualPath>,
}

/// Whoever has not had a turn by then hears so, however many calls his request takes.
const HEARS_WITHIN: Duration = Duration::from_secs(30);

impl Caller {
    /// As a drive wants to know who asks; made where a drive is really asked.
    pub(super) fn asker(&self, now: Duration) -> Asker {
        let family = Family::of(self.user_agent.as_ref().map(HeaderValue::as_bytes));
        Asker::new(self.kind, family, Some(now + HEARS_WITHIN))
    }
}

/// The namespace as one caller may see it.
#[derive(Debug, Clone)]
pub struct View {
    namespace: Arc<Namespace>,
    caller: Caller,
}

/// What stands at a path.
#[derive(Debug, Clone)]
pub enum Node {
    File(File),
    Folder(Folder),
}

/// A file of a drive, and what was learnt of it; cheap to clone.
#[derive(Debug, Clone)]
pub struct File(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    entry: Arc<Entry>,
    mount: Arc<Mount>,
    mounted: Arc<Mounted>,
    path: VirtualPath,
    links: Arc<FileLinks>,
    head: OnceLock<HeaderMap>,
    /// What it was found by, where that was not its path.
    pickcode: Option<Box<str>>,
}

/// A folder: of a drive, or an artificial one above the mount points.
#[derive(Debug, Clone)]
pub enum Folder {
    Drive {
        entry: Arc<Entry>,
        mounted: Arc<Mounted>,
        /// Names of mounts right inside it, and of folders on the way to deeper ones; they hide entries of these names.
        nested: Vec<String>,
    },
    /// Names of mounts, and of folders on the way to deeper ones; and why what a drive has beside them could not be read, if so.
    Mounts(Vec<String>, Option<Error>),
}

impl View {
    pub fn new(namespace: Arc<Namespace>, caller: Caller) -> Self {
        Self { namespace, caller }
    }

    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    fn asker(&self, mounted: &Mounted) -> Asker {
        self.caller.asker(mounted.clock().now())
    }

    /// What stands at `path`.
    pub async fn open(&self, path: &VirtualPath) -> Result<Node> {
        Ok(self.find(path).await?.0)
    }

    fn sees(&self, path: &VirtualPath) -> bool {
        self.caller.within.as_ref().is_none_or(|base| path.below(base).is_some())
    }

    async fn find(&self, path: &VirtualPath) -> Result<(Node, Option<Current>)> {
        if !self.sees(path) {
            return Err(out_of_reach());
        }
        let nested = self.namespace.between(path);
        let artificial = |nested: Vec<String>, otherwise: Error| match nested[..] {
            [] => Err(otherwise),
            _ if otherwise.kind() == Kind::NotFound => Ok((Node::Folder(Folder::Mounts(nested, None)), None)),
            _ => Ok((Node::Folder(Folder::Mounts(nested, Some(otherwise))), None)),
        };
        let Some((mount, rest)) = self.namespace.at(path) else {
            if path.is_root() {
                return Ok((Node::Folder(Folder::Mounts(nested, None)), None));
            }
            return artificial(nested, Error::not_found(format_args!("\"{path}\"")));
        };
        // A drive that does not work, or has no such folder, does not hide the mounts inside it.
        let mounted = match mount.mounted() {
            Ok(mounted) => mounted,
            Err(error) => return artificial(nested, error),
        };
        let (entry, current) = match resolve::entry(&mounted, rest, &self.asker(&mounted)).await {
            Ok((entry, _)) if !entry.is_folder() && !nested.is_empty() => {
                return artificial(nested, Error::not_found(format_args!("\"{}\"", entry.name)));
            }
            Ok(found) => found,
            Err(error) => return artificial(nested, error),
        };
        if entry.is_folder() {
            return Ok((Node::Folder(Folder::Drive { entry, mounted, nested }), None));
        }
        Ok((Node::File(File::new(entry, mount, mounted, path, None)), current))
    }

    /// The file of this pickcode, wherever it lies in the account of the mount that stable links call so. Whoever is let in here
    /// has a right to that one file, whatever else he sees. `path` is what the link says, which came as `raw` in a request.
    pub async fn stable(&self, raw: &str, path: &VirtualPath, mount: &str, pickcode: &str) -> Result<File> {
        let (mount, mounted) = self.namespace.called(mount)?;
        let (generation, asker) = (mounted.listings.generation(), self.asker(&mounted));
        let (entry, until) = mounted.stable.file(&mounted.drive, pickcode, &asker).await?;
        let file = File::new(entry, mount, mounted, path, Some(pickcode));
        if let Some(until) = until {
            self.namespace.recent().keep(raw, &file, Current { generation, until });
        }
        Ok(file)
    }

    /// The file at `path`, which came as `raw` in a request; a folder is [`Kind::IsFolder`].
    pub async fn file(&self, raw: &str, path: &VirtualPath) -> Result<File> {
        match Box::pin(self.find(path)).await? {
            (Node::File(file), current) => {
                if let Some(current) = current {
                    self.namespace.recent().keep(raw, &file, current);
                }
                Ok(file)
            }
            (Node::Folder(_), _) => Err(Error::new(Kind::IsFolder, "This is a folder, not a file.")),
        }
    }

    /// The file at `raw` where somebody was there lately and nothing has changed since: nobody is asked.
    pub fn at_hand(&self, raw: &str) -> Option<File> {
        self.namespace.recent().get(raw).filter(|file| self.sees(file.path()))
    }

    /// A link to send this caller to, where one is at hand. The quick way of [`Self::link`]; `None` says nothing but "take
    /// the long one".
    pub fn link_at_hand(&self, File(file): &File) -> Option<Arc<Kept>> {
        let Caller { address, user_agent, .. } = &self.caller;
        file.mounted.links.at_hand(&file.links, &file.entry, *address, user_agent.as_ref())
    }

    /// The entries of a drive's folder, which stands at `path`.
    pub async fn list(
        &self,
        path: &VirtualPath,
        entry: &Arc<Entry>,
        mounted: &Mounted,
        refresh: bool,
    ) -> Result<Known> {
        let known = mounted.listings.whole(entry, refresh, &self.asker(mounted)).await;
        if let Err(error) = &known
            && error.kind() == Kind::NotFound
        {
            // It is listed and gone: the folder above is to be read anew.
            mounted.listings.forget(&entry.handle);
            if let Some(parent) = path.parent()
                && let Some((_, rest)) = self.namespace.at(&parent)
            {
                resolve::distrust(mounted, rest);
            }
        }
        known
    }

    /// The listing of the folder at this path, where it is at hand, however old.
    pub fn listed(&self, path: &VirtualPath) -> Option<Arc<Listing>> {
        if !self.sees(path) {
            return None;
        }
        let (mount, rest) = self.namespace.at(path)?;
        let mounted = mount.mounted().ok()?;
        let folder = resolve::at_hand(&mounted, rest)?;
        mounted.listings.in_memory(&folder.handle)
    }

    /// What this wish finds below a path, at most some thousand entries; the same for a minute.
    pub async fn search(&self, path: &VirtualPath, wish: &Wish) -> Result<Arc<[Hit]>> {
        if !self.sees(path) {
            return Err(out_of_reach());
        }
        let asker = self.caller.asker(self.namespace.searches().clock().now());
        search::search(&self.namespace, path, wish, &asker).await
    }

    /// A link to send this caller to; `None` where the file can only be relayed.
    pub async fn link(&self, file: &File) -> Result<Option<Arc<Kept>>> {
        let (Caller { address, user_agent, .. }, File(facts)) = (&self.caller, file);
        let (links, asker) = (&facts.mounted.links, self.asker(&facts.mounted));
        let link = links.for_client(&facts.links, &facts.entry, *address, user_agent.as_ref(), &asker).await;
        link.inspect_err(|error| file.learn(error))
    }
}

fn out_of_reach() -> Error {
    Error::new(Kind::NotAllowed, "Your login does not reach this path.")
}

impl File {
    fn new(
        entry: Arc<Entry>,
        mount: &Arc<Mount>,
        mounted: Arc<Mounted>,
        path: &VirtualPath,
        pickcode: Option<&str>,
    ) -> Self {
        let links = mounted.links.of(&entry.handle);
        let (mount, path, pickcode) = (Arc::clone(mount), path.clone(), pickcode.map(Into::into));
        Self(Arc::new(Facts { entry, mount, mounted, path, links, head: OnceLock::new(), pickcode }))
    }

    pub fn entry(&self) -> &Arc<Entry> {
        &self.0.entry
    }

    /// Where it stands in the namespace; of one that was found by its pickcode, what its link says.
    pub fn path(&self) -> &VirtualPath {
        &self.0.path
    }

    /// How it goes out at `/d`.
    pub fn delivery(&self) -> &Delivery {
        if self.0.mounted.drive.local().is_some() { &Delivery::Local } else { &self.0.mount.policy().delivery }
    }

    /// How stable links call the files of its mount; `None` where there are no such links.
    pub fn codes(&self) -> Option<Codes<'_>> {
        self.0.mounted.codes()
    }

    /// Opens it, where it is on this machine; once for each request, so no descriptor is kept.
    pub async fn open(&self) -> Result<Opened> {
        let Some(local) = self.0.mounted.drive.local() else {
            return Err(Error::new(Kind::Internal, format!("\"{}\" is not on this machine.", self.0.entry.name)));
        };
        let mut opened = local.open(&self.0.entry).await.inspect_err(|error| self.learn(error))?;
        // As it was listed: its namesakes may have made it another.
        opened.entry.name = self.0.entry.name.clone();
        Ok(opened)
    }

    /// What every answer with its bytes says of it, made once.
    pub fn head(&self, make: impl FnOnce(&Entry) -> HeaderMap) -> &HeaderMap {
        self.0.head.get_or_init(|| make(&self.0.entry))
    }

    /// True while its mount is at work as it was.
    pub(super) fn is_mounted(&self) -> bool {
        self.0.mount.has(&self.0.mounted)
    }

    pub(super) fn is_current(&self, current: Current) -> bool {
        resolve::is_current(&self.0.mounted, current)
    }

    /// A place on a link for our relay. `anew`: no byte of this answer has gone out yet.
    pub async fn lease(&self, anew: bool, caller: &Caller) -> Result<Lease> {
        let lease = self.0.mounted.links.for_relay(&self.0.links, &self.0.entry, anew, caller).await;
        lease.inspect_err(|error| self.learn(error))
    }

    /// True where the link was not fetched just now.
    pub fn is_old(&self, kept: &Kept) -> bool {
        self.0.mounted.links.is_old(kept)
    }

    /// The CDN refused this link: it is handed out no more.
    pub fn refused(&self, kept: &Kept) {
        self.0.links.refused(kept);
    }

    /// The CDN does not give this file's bytes, whatever was tried.
    pub fn relay_failed(&self, error: &Error) {
        self.0.mounted.links.relay_failed(&self.0.links, error);
    }

    /// A listed file that the drive says is gone makes its folder be read anew.
    fn learn(&self, error: &Error) {
        if error.kind() != Kind::Gone {
            return;
        }
        if let Some(pickcode) = &self.0.pickcode {
            self.0.mounted.stable.forget(pickcode);
            self.0.mounted.listings.changed();
        } else if let Some(rest) = self.0.path.below(self.0.mount.path()) {
            resolve::gone(&self.0.mounted, rest);
        }
    }
}
