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

/// A word as it is looked for in names: as they are shown, in lower case.
pub fn looked_for(word: &str) -> String {
    match word {
        // Within a name they stay what they are.
        "." | ".." => word.to_owned(),
        word => folded(&Name::shown(word)),
    }
}

/// A name as words are looked for in it.
pub fn folded(name: &Name) -> String {
    name.as_str().to_lowercase()
}

/// Looking for names anywhere below a folder, where the drive can.
#[async_trait]
pub trait Search: Debug + Send + Sync {
    /// True where a service has an index of names. It comes after the fact: what is new may not be found yet, what is found may
    /// be gone, and each question costs a call. Else the folders themselves are looked at: what is found is all that is true of
    /// them, [`Self::above`] costs nothing, and the search is let go where nobody waits for it any more.
    fn is_index(&self) -> bool {
        true
    }

    /// Some two hundred of what is below the folder with this word in its name, in one call. What is no index is given all that
    /// are looked for, with spaces between, finds what has every one, and leaves out what is `hidden`: paths below the folder,
    /// with slashes between names, where something else stands.
    async fn search(
        &self,
        folder: &Handle,
        word: &str,
        only: Option<Only>,
        hidden: &[String],
        asker: &Asker,
    ) -> Result<Vec<Found>>;

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
