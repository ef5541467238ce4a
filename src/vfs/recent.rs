//! Paths lately gone, as they were written: for whoever comes again, with nothing to take apart and nothing to look up.

use std::{collections::HashMap, fmt, mem};

use parking_lot::RwLock;

use super::{resolve::Current, view::File};

/// Paths that are remembered, and the longest of them.
const MOST: usize = 50_000;
const LONGEST: usize = 1024;

#[derive(Default)]
pub(super) struct Recent(RwLock<Generations<(File, Current)>>);

/// The younger half of what is remembered, and the older, which is forgotten as a whole. What is asked for is only read, since
/// nothing is lost with it that costs a call: cheaper than to note each use.
struct Generations<V> {
    young: HashMap<Box<str>, V>,
    old: HashMap<Box<str>, V>,
}

impl<V> Default for Generations<V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<V> Generations<V> {
    fn get(&self, path: &str) -> Option<&V> {
        self.young.get(path).or_else(|| self.old.get(path))
    }

    /// What is forgotten for it is given back, to be dropped where nobody waits.
    fn keep(&mut self, path: &str, value: V, most: usize) -> HashMap<Box<str>, V> {
        let full = self.young.len() >= most / 2;
        let forgotten = if full { mem::replace(&mut self.old, mem::take(&mut self.young)) } else { HashMap::new() };
        self.young.insert(path.into(), value);
        forgotten
    }
}

impl Recent {
    pub(super) fn keep(&self, raw: &str, file: &File, current: Current) {
        if raw.len() <= LONGEST {
            let forgotten = self.0.write().keep(raw, (file.clone(), current), MOST);
            drop(forgotten);
        }
    }

    /// The file at `raw`, as long as no listing of its mount has changed.
    pub(super) fn get(&self, raw: &str) -> Option<File> {
        let recent = self.0.read();
        let (file, current) = recent.get(raw)?;
        (file.is_current(*current) && file.is_mounted()).then(|| file.clone())
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recent = self.0.read();
        f.debug_struct("Recent").field("paths", &(recent.young.len() + recent.old.len())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_half_is_known_and_never_more_than_the_most() {
        let mut recent = Generations::default();
        for n in 0..100 {
            drop(recent.keep(&format!("/{n}"), n, 10));
            assert!(recent.young.len() + recent.old.len() <= 10);
            for known in (0..=n).rev().take(5) {
                assert_eq!(recent.get(&format!("/{known}")), Some(&known));
            }
        }
        assert_eq!(recent.get("/80"), None);
        drop(recent.keep("/99", 1, 10));
        assert_eq!(recent.get("/99"), Some(&1), "the newer one counts");
    }
}
