//! Entries: what a drive lists.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::Thumb;
use crate::path::Name;

/// Names an entry to the drive that minted it, and is given back unread. Plain text, so that it can be stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(Arc<str>);

impl Handle {
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A folder or a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub handle: Handle,
    /// As people see it; within a listing no two are alike.
    pub name: Name,
    pub kind: Kind,
    /// A short public mark of ASCII letters and digits that tells this entry from its namesakes (115: the pickcode).
    pub tag: Arc<str>,
    /// Unix seconds; 0 where unknown.
    pub modified: u64,
    /// Unix seconds; 0 where unknown.
    pub created: u64,
    /// A small picture of it, where the drive has one.
    pub thumb: Option<Thumb>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Folder,
    File {
        /// Bytes.
        size: u64,
        /// Lower-case hex, 40 digits.
        sha1: Option<Arc<str>>,
        /// False while its upload has not ended: it is listed, and cannot be opened.
        complete: bool,
    },
}

impl Entry {
    pub fn is_folder(&self) -> bool {
        self.kind == Kind::Folder
    }

    /// A file whose upload has ended.
    pub fn can_be_opened(&self) -> bool {
        matches!(self.kind, Kind::File { complete: true, .. })
    }

    /// Bytes; 0 for a folder.
    pub fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size, .. } => size,
            Kind::Folder => 0,
        }
    }

    /// The time of the last change, where the drive says one.
    pub fn modified_at(&self) -> Option<SystemTime> {
        (self.modified > 0).then(|| UNIX_EPOCH + Duration::from_secs(self.modified))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} ({})", self.kind, self.name, self.handle.as_str())
    }
}

/// A part of a folder.
#[derive(Debug, Clone)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// Where the next page starts; `None` where this was the last.
    pub next: Option<u64>,
    /// The drive really gave the newest first, so the first of several namesakes is the newest of them all.
    pub newest_first: bool,
}
