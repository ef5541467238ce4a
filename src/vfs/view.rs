//! `View`: the one door to the namespace, with the caller in it. Nothing unchecked is in reach from here.

use std::{net::IpAddr, sync::Arc};

use http::HeaderValue;

use super::{
    links::Lease,
    listings::Known,
    mounts::{Mount, Mounted, Namespace, Policy},
    pool::Kept,
    resolve,
};
use crate::{
    drive::Entry,
    error::{Error, Kind, Result},
    path::VirtualPath,
};

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    pub address: IpAddr,
    /// As it was sent, byte for byte: 115 binds links to it.
    pub user_agent: Option<HeaderValue>,
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

/// A file of a drive.
#[derive(Debug, Clone)]
pub struct File {
    pub entry: Arc<Entry>,
    mount: Arc<Mount>,
    mounted: Arc<Mounted>,
    path: VirtualPath,
}

/// A folder: of a drive, or an artificial one above the mount points.
#[derive(Debug, Clone)]
pub enum Folder {
    Drive { entry: Arc<Entry>, mounted: Arc<Mounted> },
    Mounts(Vec<String>),
}

impl View {
    pub fn new(namespace: Arc<Namespace>, caller: Caller) -> Self {
        Self { namespace, caller }
    }

    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// What stands at `path`.
    pub async fn open(&self, path: &VirtualPath) -> Result<Node> {
        let Some((mount, rest)) = self.namespace.at(path) else {
            let names = self.namespace.between(path);
            if names.is_empty() && !path.is_root() {
                return Err(Error::not_found(format_args!("\"{path}\"")));
            }
            return Ok(Node::Folder(Folder::Mounts(names)));
        };
        let mounted = mount.mounted()?;
        let entry = resolve::entry(&mounted, rest).await?;
        Ok(if entry.is_folder() {
            Node::Folder(Folder::Drive { entry, mounted })
        } else {
            Node::File(File { entry, mount: Arc::clone(mount), mounted, path: path.clone() })
        })
    }

    /// The file at `path`; a folder is [`Kind::IsFolder`].
    pub async fn file(&self, path: &VirtualPath) -> Result<File> {
        match self.open(path).await? {
            Node::File(file) => Ok(file),
            Node::Folder(_) => Err(Error::new(Kind::IsFolder, "This is a folder, not a file.")),
        }
    }

    /// A link to send this caller to for `path`, where everything is known and nothing has to be waited for. The quick
    /// way of [`Self::file`], [`plan`](crate::deliver::plan) and [`Self::link`]; `None` says nothing but "take the long one".
    pub fn link_at_hand(
        &self,
        path: &VirtualPath,
        redirects: impl FnOnce(&Policy, &Entry) -> bool,
    ) -> Option<Arc<Kept>> {
        let (mount, rest) = self.namespace.at(path)?;
        let mounted = mount.mounted().ok()?;
        let entry = resolve::at_hand(&mounted, rest)?;
        if !redirects(mount.policy(), &entry) {
            return None;
        }
        mounted.links.at_hand(&entry, self.caller.address, self.caller.user_agent.as_ref())
    }

    /// The entries of a drive's folder, which stands at `path`.
    pub async fn list(
        &self,
        path: &VirtualPath,
        entry: &Arc<Entry>,
        mounted: &Mounted,
        refresh: bool,
    ) -> Result<Known> {
        let known = mounted.listings.whole(entry, refresh).await;
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

    /// A link to send this caller to; `None` where the file can only be relayed.
    pub async fn link(&self, file: &File) -> Result<Option<Arc<Kept>>> {
        let link =
            file.mounted.links.for_client(&file.entry, self.caller.address, self.caller.user_agent.as_ref()).await;
        link.inspect_err(|error| file.learn(error))
    }
}

impl File {
    pub fn policy(&self) -> &Policy {
        self.mount.policy()
    }

    /// A place on a link for our relay. `anew`: no byte of this answer has gone out yet.
    pub async fn lease(&self, anew: bool) -> Result<Lease> {
        let lease = self.mounted.links.for_relay(&self.entry, anew).await;
        lease.inspect_err(|error| self.learn(error))
    }

    /// True where the link was not fetched just now.
    pub fn is_old(&self, kept: &Kept) -> bool {
        self.mounted.links.is_old(kept)
    }

    /// The CDN refused this link: it is handed out no more.
    pub fn refused(&self, kept: &Kept) {
        self.mounted.links.refused(&self.entry.handle, kept);
    }

    /// The CDN does not give this file's bytes, whatever was tried.
    pub fn relay_failed(&self, error: &Error) {
        self.mounted.links.relay_failed(&self.entry.handle, error);
    }

    /// A listed file that the drive says is gone makes its folder be read anew.
    fn learn(&self, error: &Error) {
        if error.kind() == Kind::Gone
            && let Some(parent) = self.path.parent()
            && let Some(rest) = parent.below(self.mount.path())
        {
            resolve::distrust(&self.mounted, rest);
        }
    }
}
