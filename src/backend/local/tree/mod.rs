//! The tree below the root, by blocking calls: every path is opened from the root's descriptor and cannot leave it.
//!
//! The kernel checks it while it walks (`openat2` with `RESOLVE_BENEATH`; where there is none, cap-std walks name by name), so
//! it does not matter what is exchanged meanwhile. A link to an absolute path counts as one that leads out.

mod walk;

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, DirEntry, MetadataExt as _, OpenOptions, OpenOptionsExt},
};
use rustix::fs::OFlags;

pub(super) use self::walk::{BOUNDS, Wish};
use super::{entry, error};
use crate::{
    drive::{Entry, Handle, Opened},
    error::{Error, Kind, Result},
};

/// Entries of a folder that are listed at most: they are all held at once.
const MAX_ENTRIES: usize = 100_000;

/// A root, opened once.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    dir: Dir,
    /// Device and inode: which folder it was.
    id: (u64, u64),
}

impl Tree {
    pub(super) fn open(root: &Path) -> Result<Self> {
        let dir = Dir::open_ambient_dir(root, ambient_authority()).map_err(error::of_root)?;
        // To open it takes no right to read it.
        dir.entries().map_err(error::of_root)?;
        let metadata = dir.dir_metadata().map_err(error::of_root)?;
        Ok(Self { root: root.to_owned(), dir, id: (metadata.dev(), metadata.ino()) })
    }

    /// Fails where the root is no longer what was opened: what is seen through the descriptor would be a folder of the
    /// past, an empty one perhaps.
    pub(super) fn check(&self) -> Result<()> {
        let now = fs::metadata(&self.root).map_err(error::of_root)?;
        if (now.dev(), now.ino()) == self.id { Ok(()) } else { Err(error::moved()) }
    }

    /// Every file and folder in a folder that can be reached without leaving the root; nothing else.
    pub(super) fn list(&self, folder: &Handle) -> Result<Vec<Entry>> {
        let path = entry::path(folder)?;
        let dir = self.dir.open_dir(&path).map_err(of_folder)?;
        let mut entries = Vec::new();
        for seen in dir.entries().map_err(of_folder)? {
            let seen = seen.map_err(of_folder)?;
            if let Some(entry) = self.seen(&path, &seen).map_err(of_folder)? {
                entries.push(entry);
            }
            if entries.len() > MAX_ENTRIES {
                let what = format!("This folder holds more than {MAX_ENTRIES} entries, and cannot be listed.");
                return Err(Error::new(Kind::Upstream, what).op("local"));
            }
        }
        Ok(entries)
    }

    /// An entry as its folder names it; `None` where it is not to be listed, or has gone meanwhile.
    fn seen(&self, folder: &Path, seen: &DirEntry) -> io::Result<Option<Entry>> {
        let path = below(folder, seen.file_name());
        match seen.metadata() {
            // A link is followed from the root: what it points at may stand anywhere in there. One to what may not be read
            // is as good as one to nothing.
            Ok(link) if link.is_symlink() => {
                Ok(self.dir.metadata(&path).ok().and_then(|metadata| entry::entry(&path, &metadata)))
            }
            Ok(metadata) => Ok(entry::entry(&path, &metadata)),
            Err(cause) if error::is_absent(&cause) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// What stands at these names; `None` where nothing does that would be listed.
    pub(super) fn find(&self, names: &[String]) -> Result<Option<Entry>> {
        self.at(&names.iter().collect::<PathBuf>())
    }

    /// Whether what was listed is still there.
    pub(super) fn has(&self, entry: &Handle) -> Result<bool> {
        Ok(self.at(&entry::path(entry)?)?.is_some())
    }

    fn at(&self, path: &Path) -> Result<Option<Entry>> {
        match self.dir.metadata(path) {
            Ok(metadata) => Ok(entry::entry(path, &metadata)),
            Err(cause) if error::is_absent(&cause) => Ok(None),
            Err(cause) => Err(error::translate(cause, "this path", Kind::NotFound)),
        }
    }

    /// Opens a regular file. A device or a pipe is never opened: that alone can block, or set something off.
    pub(super) fn file(&self, file: &Handle) -> Result<Opened> {
        let path = entry::path(file)?;
        let failed = |cause| error::translate(cause, "this file", Kind::Gone);
        let none = || error::translate(io::ErrorKind::NotFound.into(), "this file", Kind::Gone);
        if !self.dir.metadata(&path).map_err(failed)?.is_file() {
            return Err(none());
        }
        // For what takes its place between the two calls: it neither blocks nor becomes our terminal, and is let go.
        let mut options = OpenOptions::new();
        options.read(true).custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
        let opened = self.dir.open_with(&path, &options).map_err(failed)?;
        let metadata = opened.metadata().map_err(failed)?;
        let entry = entry::entry(&path, &metadata).filter(|entry| !entry.is_folder()).ok_or_else(none)?;
        Ok(Opened { entry, version: entry::version(&metadata), file: opened.into_std() })
    }
}

fn of_folder(cause: io::Error) -> Error {
    error::translate(cause, "this folder", Kind::NotFound)
}

fn below(folder: &Path, name: OsString) -> PathBuf {
    if folder == Path::new(".") { name.into() } else { folder.join(name) }
}

#[cfg(test)]
mod tests;
