//! One entry of a share's listing (`docs/115.md` §9.3).

use std::fmt;

use serde::Deserialize;

use crate::lenient;
use crate::types::{Cid, FileId};
use crate::web::{thumbnail, unescape};

/// An entry of a share. There are no pick codes in shares: the id is the handle.
#[derive(Clone, PartialEq, Eq)]
pub struct ShareItem {
    /// Folder or file, and what only one of them has.
    pub kind: ShareItemKind,
    /// Its name; may hold `/` and is not unique within its folder.
    pub name: String,
    /// Last change, unix seconds.
    pub modified: Option<u64>,
    /// URL of a thumbnail.
    pub thumb: Option<String>,
}

/// What kind of entry it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareItemKind {
    /// A folder.
    Dir {
        /// Its id.
        cid: Cid,
    },
    /// A file.
    File {
        /// Its id, which a link is asked with.
        id: FileId,
        /// Bytes.
        size: u64,
        /// Upper-case hexadecimal, where 115 tells it.
        sha1: Option<String>,
    },
}

impl fmt::Debug for ShareItem {
    /// Without the thumbnail, whose URL is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("ShareItem");
        f.field("name", &self.name).field("kind", &self.kind).field("modified", &self.modified).finish_non_exhaustive()
    }
}

/// The keys of an entry that are read; `cid` is its own id for a folder and, for a file, its folder's or a bare 0.
#[derive(Debug, Deserialize)]
pub(super) struct Short {
    #[serde(default, deserialize_with = "lenient::id")]
    fid: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    cid: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    n: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    s: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    sha: Option<String>,
    /// Unix seconds for files too, unlike in one's own folders.
    #[serde(default, deserialize_with = "lenient::time")]
    t: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    te: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    u: Option<String>,
}

impl Short {
    /// The entry, or what it lacks.
    pub(super) fn item(self) -> Result<ShareItem, &'static str> {
        let sha1 = self.sha.filter(|sha| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit()));
        let kind = match (self.fid, self.cid) {
            (Some(fid), _) => ShareItemKind::File {
                id: FileId::new(fid),
                size: self.s.and_then(|s| u64::try_from(s).ok()).ok_or("a file without a size")?,
                sha1: sha1.map(|sha| sha.to_ascii_uppercase()),
            },
            (None, Some(cid)) if cid != 0 => ShareItemKind::Dir { cid: Cid::new(cid) },
            (None, _) => return Err("an entry without an id"),
        };
        Ok(ShareItem {
            kind,
            name: unescape(self.n.ok_or("an entry without a name")?),
            modified: self.te.or(self.t),
            thumb: self.u.map(thumbnail),
        })
    }
}
