//! Shares: what a code and a receive code open, whose tree that is, and what 115 thinks of it (docs/115.md, §9).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::content::{Content, digest};
use crate::sim::Sim;
use crate::world::{File, FileId, FolderId, NodeId, Raw, World};

/// The user who shares what is not the account's own.
const STRANGER: u64 = 87_654_321;

/// What has become of a share; the numbers are those of `share_state` (docs/115.md, §9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ShareState {
    Auditing = 0,
    Normal = 1,
    Copyright = 2,
    Pornography = 3,
    Cancelled = 4,
    Deleted = 5,
    Violence = 6,
    Expired = 7,
    Reviewing = 8,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) receive: String,
    /// The sharer.
    pub(crate) user_id: u64,
    pub(crate) world: Arc<Mutex<World>>,
    /// What of the world is shared; everything when absent.
    pub(crate) nodes: Option<Vec<u64>>,
    pub(crate) created: u64,
    /// Unix seconds; never when absent.
    pub(crate) expires: Option<u64>,
    pub(crate) skip_login: bool,
    state: ShareState,
    /// Listings that still find the snapshot unfinished (quirk 42).
    building: u64,
}

#[derive(Default)]
pub(crate) struct Shares(BTreeMap<String, Shared>);

impl Shares {
    pub(crate) fn of(&self, code: &str) -> Option<&Shared> {
        self.0.get(code)
    }

    /// Is the snapshot still unfinished? Counts a listing.
    pub(crate) fn is_building(&mut self, code: &str) -> bool {
        let Some(shared) = self.0.get_mut(code).filter(|shared| shared.building > 0) else { return false };
        shared.building -= 1;
        true
    }
}

impl Shared {
    pub(crate) fn state(&self, now: u64) -> ShareState {
        match self.expires {
            Some(at) if at <= now && self.state == ShareState::Normal => ShareState::Expired,
            _ => self.state,
        }
    }

    /// What the share shows without having to open a folder.
    pub(crate) fn roots(&self, world: &World) -> Vec<u64> {
        match &self.nodes {
            Some(nodes) => nodes.iter().copied().filter(|id| world.node(*id).is_some()).collect(),
            None => world.children(0).map(|node| node.id).collect(),
        }
    }

    /// Is this one of the things shared, or below one?
    pub(crate) fn holds(&self, world: &World, id: u64) -> bool {
        let above = world.ancestors(id);
        match &self.nodes {
            Some(nodes) => above.iter().any(|node| nodes.contains(&node.id)),
            None => !above.is_empty(),
        }
    }
}

/// `sw` and then letters and digits, about eleven characters in all (§9.1).
pub(crate) fn is_code(text: &str) -> bool {
    text.len() <= 20
        && text
            .strip_prefix("sw")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
}

/// One share; clones are the same one. What is put into it goes into the tree that it is of.
#[derive(Clone)]
pub struct Share {
    sim: Sim,
    code: String,
    world: Arc<Mutex<World>>,
}

impl Sim {
    /// A stranger's share with a tree of its own, empty at first. Another of the same code replaces it.
    ///
    /// # Panics
    /// When `code` is no share code (`sw…`).
    pub fn share(&self, code: &str, receive_code: &str) -> Share {
        let nth = self.0.shares.lock().0.len();
        let point = format!("0{:.3}", digest(&[b"sharer", &nth.to_le_bytes()]));
        self.add_share(code, receive_code, STRANGER, Arc::new(Mutex::new(World::another(point, nth))), None)
    }

    /// A share by the account itself, of these files and folders of its tree.
    ///
    /// # Panics
    /// When `code` is no share code (`sw…`).
    pub fn share_own(&self, code: &str, receive_code: &str, nodes: &[NodeId]) -> Share {
        let nodes = nodes.iter().map(|node| node.0).collect();
        self.add_share(code, receive_code, self.0.user_id, Arc::clone(&self.0.world), Some(nodes))
    }

    /// A share by the account itself of all that is in its tree, also of what comes into it later.
    ///
    /// # Panics
    /// When `code` is no share code (`sw…`).
    pub fn share_all(&self, code: &str, receive_code: &str) -> Share {
        self.add_share(code, receive_code, self.0.user_id, Arc::clone(&self.0.world), None)
    }

    fn add_share(
        &self,
        code: &str,
        receive: &str,
        user_id: u64,
        world: Arc<Mutex<World>>,
        nodes: Option<Vec<u64>>,
    ) -> Share {
        assert!(is_code(code), "{code:?} is no share code");
        let shared = Shared {
            receive: receive.to_owned(),
            user_id,
            world: Arc::clone(&world),
            nodes,
            created: self.now(),
            expires: None,
            skip_login: false,
            state: ShareState::Normal,
            building: 0,
        };
        self.0.shares.lock().0.insert(code.to_owned(), shared);
        Share { sim: self.clone(), code: code.to_owned(), world }
    }
}

impl Share {
    /// The folder at this path of the tree, made with its parents where missing.
    pub fn folder(&self, path: &str) -> FolderId {
        FolderId(self.world.lock().folder(path, self.sim.now()))
    }

    /// A new file at this path of the tree; parents are made. A second file of the same path is a second file.
    ///
    /// # Panics
    /// When the path names no file.
    pub fn file(&self, path: &str, content: Content) -> FileId {
        FileId(self.world.lock().file(path, File::new(content, Raw::default()), self.sim.now()))
    }

    /// A file under any name, `/` and control characters included.
    ///
    /// # Panics
    /// When there is no such parent.
    pub fn raw_file(&self, parent: FolderId, name: &str, content: Content, raw: Raw) -> FileId {
        let created = raw.created.unwrap_or_else(|| self.sim.now());
        FileId(self.world.lock().insert(parent.0, name, Some(File::new(content, raw)), created))
    }

    /// A folder under any name, also one that exists already.
    ///
    /// # Panics
    /// When there is no such parent.
    pub fn raw_folder(&self, parent: FolderId, name: &str) -> FolderId {
        FolderId(self.world.lock().insert(parent.0, name, None, self.sim.now()))
    }

    /// Removes a file, or a folder with all below it. False when there is no such thing.
    pub fn remove(&self, id: impl Into<NodeId>) -> bool {
        self.world.lock().remove(id.into().0)
    }

    /// What lies at this path of the tree.
    pub fn id_of(&self, path: &str) -> Option<NodeId> {
        self.world.lock().find(path).map(NodeId)
    }

    /// Something has become of it.
    pub fn set_state(&self, state: ShareState) {
        self.edit(|shared| shared.state = state);
    }

    /// It expires at this unix second, by the simulator's clock; never for `None`.
    pub fn expires_at(&self, unix: Option<u64>) {
        self.edit(|shared| shared.expires = unix);
    }

    /// Freshly made: the next `calls` listings are told that the snapshot is still being built (quirk 42).
    pub fn building(&self, calls: u64) {
        self.edit(|shared| shared.building = calls);
    }

    /// The sharer lets people fetch without a login (§9.2).
    pub fn skip_login(&self, on: bool) {
        self.edit(|shared| shared.skip_login = on);
    }

    /// The receive code is another from now on.
    pub fn set_receive_code(&self, receive_code: &str) {
        self.edit(|shared| receive_code.clone_into(&mut shared.receive));
    }

    /// It is as if it had never been (4100026).
    pub fn forget(&self) {
        self.sim.0.shares.lock().0.remove(&self.code);
    }

    fn edit(&self, change: impl FnOnce(&mut Shared)) {
        if let Some(shared) = self.sim.0.shares.lock().0.get_mut(&self.code) {
            change(shared);
        }
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({})", self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        assert!(["sw3abc", "swh1x2y3z4a"].into_iter().all(is_code));
        assert!(["", "sw", "3abc", "SW3abc", "sw3-bc", "sw0123456789012345678"].into_iter().all(|code| !is_code(code)));
    }

    #[test]
    fn trees_of_strangers_share_no_id() {
        let sim = Sim::builder().build();
        let file = |share: &Share| share.file("/a", Content::pattern(1)).0;
        let (a, b) = (sim.share("sw1", "ab12"), sim.share("sw2", "ab12"));
        let ids = [sim.file("/a", Content::pattern(1)).0, file(&a), file(&b)];
        assert!(ids[0] < ids[1] && ids[1] < ids[2] && ids[2] < i64::MAX as u64, "{ids:?}");
    }
}
