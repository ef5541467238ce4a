//! Searching: entries by a word in their names, wherever they are below a folder.

use std::fmt::Debug;

use async_trait::async_trait;

use super::{Asker, Entry, Handle};
use crate::{error::Result, path::Name};

/// Folders alone, or files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Only {
    Folders,
    Files,
}

impl Only {
    pub fn takes(self, entry: &Entry) -> bool {
        entry.is_folder() == (self == Self::Folders)
    }
}

/// Looking for names, where the service has an index of them. It comes after the fact: what is new may not be found yet, and what
/// is found may be gone.
#[async_trait]
pub trait Search: Debug + Send + Sync {
    /// Some two hundred of what is below the folder with this word in its name, in one call.
    async fn search(&self, folder: &Handle, word: &str, only: Option<Only>, asker: &Asker) -> Result<Vec<Found>>;

    /// The folders above what was found, from right below the drive's root down to the one that it is in, in one call; `None`
    /// where it is not below that root, or gone.
    async fn above(&self, found: &Found, asker: &Asker) -> Result<Option<Vec<(Handle, Name)>>>;
}

/// What a search has found.
#[derive(Debug, Clone)]
pub struct Found {
    pub entry: Entry,
    /// The folder it is in.
    pub folder: Handle,
    /// Names it to [`Search::above`], and is given back unread.
    pub mark: Handle,
}
