//! What SQLite and the file system say, in words that tell what to do.

use std::{io, path::Path};

use rusqlite::{ErrorCode, ffi};

use crate::error::{Error, Kind};

/// What SQLite says went wrong. Where the disk has no room for the memory that processes share, it speaks of a disk that fails.
fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    let full = error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE);
    if full { Some(ErrorCode::DiskFull) } else { error.sqlite_error_code() }
}

/// A failure of a database that was opened. Without the folder's path: a client may get to read this.
pub(super) fn at_work(error: rusqlite::Error) -> Error {
    let (kind, message) = match code(&error) {
        Some(ErrorCode::DiskFull) => {
            (Kind::Storage, "The disk that data_dir is on is full. Make room there; it is tried again.")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            (Kind::Storage, "The database in data_dir cannot be written any more. Look at its rights and its disk.")
        }
        Some(ErrorCode::SystemIoFailure) => {
            (Kind::Storage, "The disk that data_dir is on fails. Look at the system's log.")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            Kind::Storage,
            "The database in data_dir is damaged. Restart the gateway: it keeps a copy and says what to do.",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (Kind::Busy, "Another process holds the database in data_dir for too long.")
        }
        _ => (Kind::Storage, "The database in data_dir cannot be used."),
    };
    Error::new(kind, message).source(error)
}

/// A failure while it is opened: for the person who starts the program.
pub(super) fn at_start(dir: &Path, error: rusqlite::Error) -> Error {
    let dir = dir.display();
    let message = match code(&error) {
        Some(ErrorCode::DiskFull) => {
            format!(
                "The disk that data_dir {dir} is on is full. Make room there, or set data_dir to a folder elsewhere."
            )
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => not_writable(&dir, ""),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!(
                "Another process holds the database in data_dir {dir}. End it, or give each gateway a data_dir of its own."
            )
        }
        _ => format!("The database in data_dir {dir} cannot be used: {error}. Is it on a disk of this machine?"),
    };
    Error::new(Kind::Storage, message).source(error)
}

/// A folder or file that cannot be made or read.
pub(super) fn of_folder(dir: &Path, error: io::Error) -> Error {
    let message = match error.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            format!("data_dir {} is not a folder. Set data_dir to one, or to a name that is free.", dir.display())
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!(
            "The disk that data_dir {} is on is full. Make room there, or set data_dir to a folder elsewhere.",
            dir.display()
        ),
        _ => not_writable(&dir.display(), &format!(": {error}")),
    };
    Error::new(Kind::Storage, message).source(error)
}

fn not_writable(dir: &dyn std::fmt::Display, why: &str) -> String {
    format!(
        "data_dir {dir} cannot be written{why}. Give the user that runs gate115 the right to write there, or set data_dir to another folder."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a file system without a free block makes SQLite answer: at the first lock, and at a write.
    #[test]
    fn a_full_disk_is_known_by_either_number() {
        for number in [ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_FULL] {
            let error = || rusqlite::Error::SqliteFailure(ffi::Error::new(number), None);
            for told in [at_work(error()), at_start(Path::new("/data"), error())] {
                assert!(told.message().contains("is full. Make room there"), "{number}: {told:?}");
            }
        }
        let broken = at_work(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_READ), None));
        assert!(broken.message().contains("fails"), "{broken:?}");
    }
}
