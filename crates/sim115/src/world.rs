//! The account's tree: folders and files by id, with everything 115 remembers about each.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::content::Content;
use crate::pickcode::pickcode;

/// Ids start here: far above 2^53, so that a client which reads them as floats fails at once (quirk 58).
const FIRST_ID: u64 = 3_300_000_000_000_000_000;

/// Room for the ids of one tree: a step is 10^9 at most, so this is for a million entries.
const ID_ROOM: u64 = 1_000_000_000_000_000;

/// Id of a folder; 0 is the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderId(pub u64);

/// Id of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

/// Id of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

impl FolderId {
    /// The account's root.
    pub const ROOT: Self = Self(0);
}

impl From<FolderId> for NodeId {
    fn from(id: FolderId) -> Self {
        Self(id.0)
    }
}

impl From<FileId> for NodeId {
    fn from(id: FileId) -> Self {
        Self(id.0)
    }
}

/// What a raw file may have beside name and content; `Raw::default()` is an ordinary file made now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw {
    /// Unix seconds of upload and last change; now when absent.
    pub created: Option<u64>,
    /// Still being uploaded: listed with an empty SHA-1, no link to be had (quirk 57).
    pub incomplete: bool,
    /// Withheld for its content: listed with `c` = 1, app links answer 50038.
    pub flagged: bool,
    /// The size listings claim, when it is to differ from the content's.
    pub size: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: u64,
    pub(crate) parent: u64,
    pub(crate) name: String,
    pub(crate) pickcode: String,
    pub(crate) created: u64,
    pub(crate) modified: u64,
    pub(crate) file: Option<File>,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) content: Content,
    pub(crate) incomplete: bool,
    pub(crate) flagged: bool,
    pub(crate) size: u64,
}

impl File {
    pub(crate) fn new(content: Content, raw: Raw) -> Self {
        let size = raw.size.unwrap_or_else(|| content.size());
        Self { content, incomplete: raw.incomplete, flagged: raw.flagged, size }
    }
}

impl Node {
    pub(crate) fn is_dir(&self) -> bool {
        self.file.is_none()
    }

    pub(crate) fn size(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.size)
    }
}

/// A sort order as the wire names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) by: String,
    pub(crate) asc: bool,
    pub(crate) mix: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    nodes: HashMap<u64, Node>,
    children: HashMap<u64, Vec<u64>>,
    by_code: HashMap<String, u64>,
    gone: HashSet<String>,
    next_id: u64,
    point: String,
    remembered: HashMap<u64, Order>,
    imposed: HashSet<u64>,
    refused: BTreeMap<(u64, String), Order>,
}

impl World {
    pub(crate) fn new(point: String) -> Self {
        Self::with_ids(point, FIRST_ID)
    }

    /// A tree of somebody else's: its ids start where those of `nth` trees before it cannot reach.
    pub(crate) fn another(point: String, nth: usize) -> Self {
        Self::with_ids(point, FIRST_ID + (nth as u64 + 1) * ID_ROOM)
    }

    fn with_ids(point: String, next_id: u64) -> Self {
        Self {
            nodes: HashMap::new(),
            children: HashMap::from([(0, Vec::new())]),
            by_code: HashMap::new(),
            gone: HashSet::new(),
            next_id,
            point,
            remembered: HashMap::new(),
            imposed: HashSet::new(),
            refused: BTreeMap::new(),
        }
    }

    pub(crate) fn node(&self, id: u64) -> Option<&Node> {
        self.nodes.get(&id)
    }

    pub(crate) fn by_code(&self, code: &str) -> Option<&Node> {
        self.by_code.get(code).and_then(|id| self.nodes.get(id))
    }

    /// Was this pickcode somebody's once?
    pub(crate) fn is_gone(&self, code: &str) -> bool {
        self.gone.contains(code)
    }

    pub(crate) fn is_folder(&self, id: u64) -> bool {
        self.children.contains_key(&id)
    }

    /// Children in the order of creation; empty for what is no folder.
    pub(crate) fn children(&self, id: u64) -> impl Iterator<Item = &Node> {
        self.children.get(&id).into_iter().flatten().filter_map(|child| self.nodes.get(child))
    }

    pub(crate) fn files(&self) -> usize {
        self.nodes.values().filter(|node| !node.is_dir()).count()
    }

    /// Sum of the sizes that listings claim.
    pub(crate) fn bytes(&self) -> u64 {
        self.nodes.values().map(Node::size).sum()
    }

    pub(crate) fn insert(&mut self, parent: u64, name: &str, file: Option<File>, created: u64) -> u64 {
        assert!(self.is_folder(parent), "no folder {parent} to put {name:?} into");
        let id = self.next_id;
        // Irregular steps: an id must not be guessable from its neighbour's.
        self.next_id += 1 + (id ^ (id >> 7)) % 1_000_003 * 977;
        let pickcode = pickcode(id, file.is_none(), &self.point);
        if file.is_none() {
            self.children.insert(id, Vec::new());
        }
        self.by_code.insert(pickcode.clone(), id);
        self.children.entry(parent).or_default().push(id);
        self.nodes.insert(id, Node { id, parent, name: name.to_owned(), pickcode, created, modified: created, file });
        id
    }

    /// The folder at `path`, made with all its parents where missing.
    pub(crate) fn folder(&mut self, path: &str, now: u64) -> u64 {
        let mut at = 0;
        for part in parts(path) {
            at = match self.child(at, part, true) {
                Some(id) => id,
                None => self.insert(at, part, None, now),
            };
        }
        at
    }

    /// A new file at `path`, its parents made where missing; a second one of the same path is a second file.
    ///
    /// # Panics
    /// When the path names no file.
    pub(crate) fn file(&mut self, path: &str, file: File, now: u64) -> u64 {
        let (parent, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        assert!(!name.is_empty(), "{path:?} names no file");
        let parent = self.folder(parent, now);
        self.insert(parent, name, Some(file), now)
    }

    /// What lies at `path`; of namesakes a folder first, then the oldest.
    pub(crate) fn find(&self, path: &str) -> Option<u64> {
        self.find_parts(parts(path))
    }

    /// The same by the names themselves.
    pub(crate) fn find_parts<'p>(&self, parts: impl Iterator<Item = &'p str>) -> Option<u64> {
        let mut at = 0;
        let mut rest = parts.peekable();
        while let Some(part) = rest.next() {
            at = match self.child(at, part, true) {
                Some(id) => id,
                None if rest.peek().is_none() => self.child(at, part, false)?,
                None => return None,
            };
        }
        Some(at)
    }

    fn child(&self, parent: u64, name: &str, dir: bool) -> Option<u64> {
        self.children(parent).find(|node| node.is_dir() == dir && node.name == name).map(|node| node.id)
    }

    /// From the one below the root down to the node itself; empty for the root, which is no node.
    pub(crate) fn ancestors(&self, id: u64) -> Vec<&Node> {
        let mut chain = Vec::new();
        let mut at = id;
        while let Some(node) = self.nodes.get(&at) {
            chain.push(node);
            at = node.parent;
        }
        chain.reverse();
        chain
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let Some(node) = self.nodes.remove(&id) else { return false };
        if let Some(siblings) = self.children.get_mut(&node.parent) {
            siblings.retain(|child| *child != id);
        }
        self.by_code.remove(&node.pickcode);
        self.gone.insert(node.pickcode);
        for child in self.children.remove(&id).unwrap_or_default() {
            self.remove(child);
        }
        true
    }

    pub(crate) fn rename(&mut self, id: u64, name: &str, now: u64) -> bool {
        let Some(node) = self.nodes.get_mut(&id) else { return false };
        name.clone_into(&mut node.name);
        node.modified = now;
        true
    }

    pub(crate) fn move_to(&mut self, id: u64, parent: u64, now: u64) -> bool {
        let inside_itself = self.ancestors(parent).iter().any(|node| node.id == id);
        if !self.is_folder(parent) || inside_itself {
            return false;
        }
        let Some(node) = self.nodes.get_mut(&id) else { return false };
        let old = std::mem::replace(&mut node.parent, parent);
        node.modified = now;
        if let Some(siblings) = self.children.get_mut(&old) {
            siblings.retain(|child| *child != id);
        }
        self.children.entry(parent).or_default().push(id);
        true
    }

    pub(crate) fn edit(&mut self, id: u64, change: impl FnOnce(&mut Node)) -> bool {
        self.nodes.get_mut(&id).map(change).is_some()
    }

    pub(crate) fn remember(&mut self, id: u64, order: Order) {
        self.remembered.insert(id, order);
    }

    /// This directory is shown in its remembered order whatever is asked (quirk 9).
    pub(crate) fn impose(&mut self, id: u64, order: Order) {
        self.remember(id, order);
        self.imposed.insert(id);
    }

    pub(crate) fn is_imposed(&self, id: u64) -> bool {
        self.imposed.contains(&id)
    }

    /// The order a directory was last shown in, which the server applies unless told otherwise (§3.3).
    pub(crate) fn remembered(&self, id: u64) -> Order {
        let usual = || Order { by: "file_name".to_owned(), asc: true, mix: false };
        self.remembered.get(&id).cloned().unwrap_or_else(usual)
    }

    pub(crate) fn refuse(&mut self, id: u64, by: &str, suggested: Order) {
        self.refused.insert((id, by.to_owned()), suggested);
    }

    pub(crate) fn refused(&self, id: u64, by: &str) -> Option<&Order> {
        self.refused.get(&(id, by.to_owned()))
    }
}

pub(crate) fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}
