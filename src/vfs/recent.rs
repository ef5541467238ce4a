//! Paths lately gone, as they were written: for whoever comes again, with nothing to take apart and nothing to look up.

use std::fmt;

use moka::sync::Cache;

use super::{resolve::Current, view::File};

/// Paths that are remembered, and the longest of them.
const MOST: u64 = 50_000;
const LONGEST: usize = 1024;

pub(super) struct Recent(Cache<Box<str>, (File, Current)>);

impl Default for Recent {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl Recent {
    pub(super) fn keep(&self, raw: &str, file: &File, current: Current) {
        if raw.len() <= LONGEST {
            self.0.insert(raw.into(), (file.clone(), current));
        }
    }

    /// The file at `raw`, as long as no listing of its mount has changed.
    pub(super) fn get(&self, raw: &str) -> Option<File> {
        let (file, current) = self.0.get(raw)?;
        (file.is_current(current) && file.is_mounted()).then_some(file)
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").field("paths", &self.0.entry_count()).finish()
    }
}
