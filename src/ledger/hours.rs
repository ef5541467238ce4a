//! What was counted over some hours, put together as somebody wants to see it.

use std::collections::{BTreeMap, BTreeSet};

use super::sheet::{Count, Sheet};

/// What calls are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The endpoint.
    Call,
    Class,
    /// Who asked: a player, a person, …
    Caller,
    /// The family of clients.
    Family,
    Outcome,
}

/// All calls of some hours.
#[derive(Debug, Clone, Default)]
pub struct Hours(Sheet);

impl Hours {
    pub(super) fn new(sheet: Sheet) -> Self {
        Self(sheet)
    }

    /// In order.
    pub fn accounts(&self) -> BTreeSet<&str> {
        self.0.lines().map(|(account, ..)| account).collect()
    }

    /// Every call of an account.
    pub fn total(&self, account: &str) -> Count {
        self.by(account, []).first().map_or_else(Count::default, |([], count)| *count)
    }

    /// The calls of an account by these columns, most calls first.
    pub fn by<const N: usize>(&self, account: &str, columns: [Column; N]) -> Vec<([&str; N], Count)> {
        let mut sums: BTreeMap<[&str; N], Count> = BTreeMap::new();
        for (of, labels, count) in self.0.lines() {
            if of == account {
                sums.entry(columns.map(|column| labels[column as usize])).or_default().add(count);
            }
        }
        let mut rows: Vec<_> = sums.into_iter().collect();
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(count.calls));
        rows
    }
}
