//! A store that goes with its process: for the demo, which has no data_dir, and for tests.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{Expected, Page, Store, Stored, Table, Value, Version, WhenFull};
use crate::{clock::Clock, error::Result};

/// As [`super::Sqlite`], without a file. Answers at once, so that a test may pause tokio's clock.
pub struct Memory {
    clock: Clock,
    tables: Mutex<BTreeMap<Table, Entries>>,
}

#[derive(Default)]
struct Entries {
    changes: i64,
    by_key: BTreeMap<String, Stored>,
}

impl Memory {
    pub fn new(clock: Clock) -> Self {
        Self { clock, tables: Mutex::default() }
    }

    fn is_over(&self, value: &Value) -> bool {
        value.ends.is_some_and(|ends| ends <= self.clock.unix())
    }
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, table: Table, key: &str) -> Result<Option<Stored>> {
        let tables = self.tables.lock();
        let found = tables.get(&table).and_then(|entries| entries.by_key.get(key));
        Ok(found.filter(|stored| !self.is_over(&stored.value)).cloned())
    }

    async fn write(
        &self,
        table: Table,
        key: &str,
        expected: Expected,
        value: Option<Value>,
    ) -> Result<Option<Version>> {
        table.admit(key, value.as_ref())?;
        let mut tables = self.tables.lock();
        let entries = tables.entry(table).or_default();
        entries.by_key.retain(|_, stored| !self.is_over(&stored.value));
        let found = entries.by_key.get(key).map(|stored| stored.version);
        if !expected.is(found) || (found.is_none() && value.is_none()) {
            return Ok(None);
        }
        let removed = entries.by_key.remove(key);
        let version = Version(entries.changes + 1);
        if let Some(value) = value {
            while !entries.has_room(table, key.len() + value.bytes.len()) {
                let oldest = entries.by_key.iter().min_by_key(|(_, stored)| stored.version).map(|(key, _)| key.clone());
                match oldest.filter(|_| table.bounds().when_full == WhenFull::Prune) {
                    Some(oldest) => entries.by_key.remove(&oldest),
                    None => {
                        entries.by_key.extend(removed.map(|stored| (key.to_owned(), stored)));
                        return Err(table.full());
                    }
                };
            }
            entries.by_key.insert(key.to_owned(), Stored { version, value });
        }
        entries.changes = version.0;
        Ok(Some(version))
    }

    async fn scan(&self, table: Table, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page> {
        let tables = self.tables.lock();
        let Some(entries) = tables.get(&table) else { return Ok(Page::default()) };
        let behind = |key: &&str| after.is_none_or(|after| *key > after);
        let found = entries
            .by_key
            .range(prefix.max(after.unwrap_or_default()).to_owned()..)
            .skip_while(|(key, _)| !behind(&key.as_str()))
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(_, stored)| !self.is_over(&stored.value))
            .map(|(key, stored)| Ok((key.clone(), stored.clone())));
        Page::fill(limit, found)
    }

    async fn version(&self, table: Table) -> Result<Version> {
        Ok(Version(self.tables.lock().get(&table).map_or(0, |entries| entries.changes)))
    }
}

impl Entries {
    fn has_room(&self, table: Table, for_bytes: usize) -> bool {
        let bounds = table.bounds();
        let bytes: usize = self.by_key.iter().map(|(key, stored)| key.len() + stored.value.bytes.len()).sum();
        (self.by_key.len() as u64) < bounds.entries && (bytes + for_bytes) as u64 <= bounds.bytes
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}
