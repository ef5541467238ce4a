//! What the system says of a file or folder, as failures of ours. Where the root lies is for the log alone.

use std::{
    fmt::Display,
    io::{self, ErrorKind},
};

use rustix::io::Errno;

use crate::error::{Error, Kind};

/// True where nothing is there that may be shown: no such name, nothing behind a link, or a link that leads out of the root.
pub(super) fn is_absent(cause: &io::Error) -> bool {
    let absent = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG];
    match Errno::from_io_error(cause) {
        Some(errno) => absent.contains(&errno),
        // A way out of the root, by the library that keeps us in it: of the system, it would be `EACCES`.
        None => matches!(cause.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound),
    }
}

/// A failure about one file or folder; what is absent has `gone` as its kind.
pub(super) fn translate(cause: io::Error, what: impl Display, gone: Kind) -> Error {
    let (kind, message) = match Errno::from_io_error(&cause) {
        _ if is_absent(&cause) => (gone, format!("{what} is not there any more.")),
        Some(Errno::ACCESS | Errno::PERM) => {
            (Kind::Forbidden, format!("The gateway may not read {what}: the user it runs as needs the right to."))
        }
        Some(Errno::MFILE | Errno::NFILE) => {
            (Kind::Busy, "Too many files are open at once here. Try again in a moment.".to_owned())
        }
        _ => (Kind::Upstream, format!("The disk did not give {what}. The gateway's log says more.")),
    };
    Error::new(kind, message).op("local").source(cause)
}

/// The root itself cannot be used.
pub(super) fn of_root(cause: io::Error) -> Error {
    let message = match Errno::from_io_error(&cause) {
        Some(Errno::NOTDIR) => "`root` names a file, not a folder: write the folder that is to be shown.",
        Some(Errno::NOENT | Errno::LOOP) => {
            "The folder that `root` names is not there. Is its disk mounted, and the path spelled as it is on this machine?"
        }
        Some(Errno::ACCESS | Errno::PERM) => {
            "The folder that `root` names may not be read: the user the gateway runs as needs the right to."
        }
        _ => "The folder that `root` names cannot be opened. The gateway's log says more.",
    };
    Error::new(Kind::Upstream, message).op("local").source(cause)
}

/// Another folder stands where the root was, and what was opened is no longer what the configuration means.
pub(super) fn moved() -> Error {
    Error::new(
        Kind::Upstream,
        "The folder that `root` names is another than the one that was opened: it was moved, or a disk was mounted or \
         unmounted there. Send the gateway SIGHUP once the right one is in place.",
    )
    .op("local")
}
