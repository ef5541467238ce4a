//! Files on this machine: opened by the drive, so that no path is left to race for.

use std::{fmt, fs::File};

use async_trait::async_trait;

use super::Entry;
use crate::error::Result;

/// Files that the drive opens itself, where others give links.
#[async_trait]
pub trait Local: fmt::Debug + Send + Sync {
    /// Opens a regular file for reading; a file that is not there any more is [`Gone`](crate::error::Kind::Gone).
    async fn open(&self, file: &Entry) -> Result<Opened>;
}

/// A file, open for reading, and what it was when it was opened.
pub struct Opened {
    /// As the opened file itself says, whatever was listed.
    pub entry: Entry,
    /// ASCII letters, digits and `-`; another one whenever the content may be another.
    pub version: String,
    pub file: File,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("entry", &self.entry).field("version", &self.version).finish_non_exhaustive()
    }
}
