//! Files and folders as entries, and the handles that name them: `/` and the path below the root, byte for byte, with what
//! is not plain ASCII as `%XX`.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use cap_std::fs::{Metadata, MetadataExt};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use crate::{
    drive::{Entry, Handle, Kind},
    error::{Error, Kind as ErrorKind, Result},
    path::Name,
};

const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

pub(super) fn handle(path: &Path) -> Handle {
    Handle::new(&format!("/{}", percent_encode(path.as_os_str().as_bytes(), ESCAPED)))
}

/// The path below the root; `.` for the root itself.
pub(super) fn path(handle: &Handle) -> Result<PathBuf> {
    let below = handle.as_str().strip_prefix('/').ok_or_else(|| {
        Error::new(ErrorKind::Internal, format!("The handle \"{}\" is not one of a local folder.", handle.as_str()))
    })?;
    let bytes: Vec<u8> = percent_decode_str(if below.is_empty() { "." } else { below }).collect();
    Ok(PathBuf::from(OsStr::from_bytes(&bytes)))
}

/// A name of the disk as it is shown. What is not UTF-8 cannot stand in a path of ours.
pub(super) fn shown(name: &OsStr) -> Name {
    Name::shown(&name.to_string_lossy())
}

/// The folders from right below the root down to this one, each by a name that leads to it, whatever else is shown alike.
pub(super) fn above(folder: &Path) -> Vec<(Handle, Name)> {
    let mut at = PathBuf::new();
    let step = |name: &OsStr| {
        at.push(name);
        let shown = shown(name);
        let name = if name.to_str() == Some(shown.as_str()) { shown } else { shown.tagged(&tag(name), true) };
        (handle(&at), name)
    };
    folder.iter().filter(|name| *name != ".").map(step).collect()
}

/// What stands at a path; `None` where it is neither a regular file nor a folder.
pub(super) fn entry(path: &Path, metadata: &Metadata) -> Option<Entry> {
    let kind = if metadata.is_dir() {
        Kind::Folder
    } else if metadata.is_file() {
        Kind::File { size: metadata.len(), sha1: None, complete: true }
    } else {
        return None;
    };
    let name = path.file_name().unwrap_or_default();
    let created = metadata.created().ok().and_then(|at| at.into_std().duration_since(UNIX_EPOCH).ok());
    Some(Entry {
        handle: handle(path),
        name: shown(name),
        kind,
        tag: tag(name),
        modified: u64::try_from(metadata.mtime()).unwrap_or_default(),
        created: created.map_or(0, |since| since.as_secs()),
        thumb: None,
    })
}

/// The folder that the mount shows.
pub(super) fn root() -> Entry {
    Entry {
        handle: handle(Path::new("")),
        name: Name::shown("local"),
        kind: Kind::Folder,
        tag: Arc::from("root"),
        modified: 0,
        created: 0,
        thumb: None,
    }
}

/// Made of the name alone, so that it stays when the file is written anew. It tells apart what is shown alike.
fn tag(name: &OsStr) -> Arc<str> {
    let sum = Sha256::digest(name.as_bytes());
    sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// Which content it is, as far as the system tells: which file, how long, when written, and when touched at all, since the
/// time of writing can be set back. Two changes within one tick of the disk's clock that leave the size look like one.
pub(super) fn version(metadata: &Metadata) -> String {
    format!(
        "{:x}-{:x}-{:x}-{:x}.{:x}-{:x}.{:x}",
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_root_is_a_path_too() {
        assert_eq!(path(&root().handle).unwrap(), Path::new("."));
        assert_eq!(path(&Handle::new("d:1")).unwrap_err().kind(), ErrorKind::Internal);
    }

    #[test]
    fn the_folders_above_are_called_so_that_each_is_found_again() {
        assert_eq!(above(Path::new(".")), []);
        let odd = OsStr::from_bytes(b"b\xff");
        let folder = Path::new("a").join(odd).join("c");
        let above = above(&folder);
        let names: Vec<_> = above.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["a", &format!("b\u{fffd} ({})", tag(odd)), "c"]);
        assert_eq!(above[1].0, handle(&Path::new("a").join(odd)));
        assert_eq!(above[2].0, handle(&folder));
    }

    proptest! {
        #[test]
        fn a_handle_gives_back_every_byte_of_a_path(bytes in proptest::collection::vec(1u8.., 1..40)) {
            let given = Path::new(OsStr::from_bytes(&bytes));
            let handle = handle(given);
            prop_assert!(handle.as_str().is_ascii());
            let back = path(&handle).unwrap();
            prop_assert_eq!(back.as_os_str().as_bytes(), &bytes[..]);
        }
    }
}
