//! What is still to be written: the latest word on each thing, in turn, and no more of it than there is room for.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::{drive::Entry, store::Table, vfs::Listing};

/// Changes that wait at most, and entries of listings among them. Reached only while the disk is full or very slow.
const MOST: usize = 10_000;
const MOST_ENTRIES: usize = 200_000;

/// What is to become of a key. Times are Unix seconds.
#[derive(Clone)]
pub(super) enum Change {
    Listing(Arc<Listing>, u64),
    Entry(Arc<Entry>, u64),
    Bytes(Vec<u8>),
    /// What is there is no longer to be trusted.
    Doubt,
    Gone,
}

impl Change {
    fn entries(&self) -> usize {
        match self {
            Self::Listing(listing, _) => listing.entries().len(),
            Self::Entry(..) | Self::Bytes(_) | Self::Doubt | Self::Gone => 0,
        }
    }
}

pub(super) type Key = (Table, Arc<str>);

#[derive(Default)]
pub(super) struct Queue {
    /// Each with a number of its own.
    changes: HashMap<Key, (u64, Change)>,
    /// Their keys, the one that waits longest first.
    order: VecDeque<Key>,
    entries: usize,
    last: u64,
}

impl Queue {
    /// In the place of what waits for this key, if anything does.
    pub(super) fn push(&mut self, key: Key, change: Change) {
        if !self.changes.contains_key(&key) {
            self.order.push_back(key.clone());
        }
        self.put(key, change);
        while self.entries > MOST_ENTRIES && self.doubt_the_oldest() {}
        while self.order.len() > MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.take(&oldest);
            }
        }
    }

    /// The change that waits longest; it stays until it is [`Self::done`].
    pub(super) fn first(&self) -> Option<(Key, u64, Change)> {
        let key = self.order.front()?;
        let (number, change) = self.changes.get(key)?;
        Some((key.clone(), *number, change.clone()))
    }

    /// The change of this number is written; a later one of its key is not.
    pub(super) fn done(&mut self, key: &Key, number: u64) {
        if self.changes.get(key).is_some_and(|(of, _)| *of == number) {
            self.take(key);
            self.order.retain(|waiting| waiting != key);
        }
    }

    /// What waits for this key.
    pub(super) fn find(&self, key: &Key) -> Option<&Change> {
        self.changes.get(key).map(|(_, change)| change)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// What cannot be kept is at least not to be believed in its older form.
    fn doubt_the_oldest(&mut self) -> bool {
        let is_listing = |key: &&Key| matches!(self.find(key), Some(Change::Listing(..)));
        let Some(oldest) = self.order.iter().find(is_listing).cloned() else { return false };
        self.put(oldest, Change::Doubt);
        true
    }

    fn put(&mut self, key: Key, change: Change) {
        self.take(&key);
        self.last += 1;
        self.entries += change.entries();
        self.changes.insert(key, (self.last, change));
    }

    fn take(&mut self, key: &Key) {
        if let Some((_, change)) = self.changes.remove(key) {
            self.entries -= change.entries();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::vfs::listing::tests::file;

    fn key(number: usize) -> Key {
        (Table::Listings, number.to_string().into())
    }

    fn listing(entries: usize) -> Change {
        let entries = (0..entries).map(|n| file(&n.to_string(), &n.to_string(), 1)).collect();
        Change::Listing(Arc::new(Listing::new(entries, Duration::ZERO)), 1)
    }

    #[test]
    fn the_latest_word_counts_and_is_not_lost_while_an_older_one_is_written() {
        let mut queue = Queue::default();
        queue.push(key(1), listing(1));
        queue.push(key(2), Change::Gone);
        let (first, number, _) = queue.first().unwrap();
        queue.push(key(1), Change::Doubt);
        queue.done(&first, number);
        let (again, number, change) = queue.first().unwrap();
        assert!(again == key(1) && matches!(change, Change::Doubt));
        queue.done(&again, number);
        assert!(matches!(queue.first(), Some((_, _, Change::Gone))));
        assert_eq!((queue.len(), queue.changes.len(), queue.entries), (1, 1, 0));
    }

    #[test]
    fn it_is_bounded_and_what_has_no_room_is_doubted() {
        let mut queue = Queue::default();
        let half = listing(MOST_ENTRIES / 2);
        for number in 0..3 {
            queue.push(key(number), half.clone());
        }
        assert!(matches!(queue.find(&key(0)), Some(Change::Doubt)));
        assert!(matches!(queue.find(&key(2)), Some(Change::Listing(..))));
        assert_eq!(queue.entries, MOST_ENTRIES);
        for number in 3..MOST + 3 {
            queue.push(key(number), Change::Gone);
        }
        assert_eq!((queue.len(), queue.changes.len(), queue.entries), (MOST, MOST, 0));
        assert!(queue.find(&key(2)).is_none() && queue.find(&key(3)).is_some());
    }
}
