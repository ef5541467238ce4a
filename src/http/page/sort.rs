//! The order of a folder's rows, as a link in a column's head asks for it.

use std::{cmp::Reverse, fmt, sync::Arc};

use crate::drive::Entry;

/// What rows are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    #[default]
    Name,
    Size,
    Time,
}

/// The order of rows; folders come first in any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort {
    pub by: SortBy,
    pub descending: bool,
}

impl Sort {
    /// Reads `sort=name|size|time` and `order=asc|desc` from the raw query of a request; the first of each counts, what is
    /// unknown or missing is by name, ascending.
    pub fn from_query(query: Option<&str>) -> Self {
        let value = |key: &str| {
            let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
        };
        let by = match value("sort") {
            Some("size") => SortBy::Size,
            Some("time") => SortBy::Time,
            _ => SortBy::Name,
        };
        Self { by, descending: value("order") == Some("desc") }
    }

    /// True for the order that a folder has without a query.
    pub fn is_default(self) -> bool {
        self == Self::default()
    }

    /// Where the head of a column leads: the other order where rows are ordered by it already, else the more telling
    /// one: from A, the largest or newest first.
    pub(super) fn toggled(self, by: SortBy) -> Self {
        Self { by, descending: if self.by == by { !self.descending } else { by != SortBy::Name } }
    }

    /// Entries in this order, from natural order with folders first. What has no size or time keeps that order, and what
    /// has no time comes last either way.
    pub(super) fn arrange(self, entries: &[Arc<Entry>]) -> Vec<&Entry> {
        let mut rows: Vec<&Entry> = entries.iter().map(Arc::as_ref).collect();
        if self.is_default() {
            return rows;
        }
        let files_from = rows.partition_point(|entry| entry.is_folder());
        let (folders, files) = rows.split_at_mut(files_from);
        for part in [folders, files] {
            match (self.by, self.descending) {
                (SortBy::Name, _) => part.reverse(),
                (SortBy::Size, false) => part.sort_by_key(|entry| entry.size()),
                (SortBy::Size, true) => part.sort_by_key(|entry| Reverse(entry.size())),
                (SortBy::Time, false) => part.sort_by_key(|entry| (entry.modified == 0, entry.modified)),
                (SortBy::Time, true) => part.sort_by_key(|entry| Reverse(entry.modified)),
            }
        }
        rows
    }
}

/// As a query without `?`; empty for the default.
impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_default() {
            return Ok(());
        }
        let by = match self.by {
            SortBy::Name => "name",
            SortBy::Size => "size",
            SortBy::Time => "time",
        };
        write!(f, "sort={by}&order={}", if self.descending { "desc" } else { "asc" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        drive::{Handle, Kind},
        path::Name,
        vfs::Listing,
    };
    use rstest::rstest;
    use std::time::Duration;

    #[rstest]
    #[case(None, SortBy::Name, false)]
    #[case(Some(""), SortBy::Name, false)]
    #[case(Some("sort=size"), SortBy::Size, false)]
    #[case(Some("order=desc&sort=time"), SortBy::Time, true)]
    #[case(Some("order=desc"), SortBy::Name, true)]
    #[case(Some("refresh=1&sort=size&sort=time&order=asc&order=desc"), SortBy::Size, false)]
    #[case(Some("sort=SIZE&order=%64esc&&=&x"), SortBy::Name, false)]
    fn reads_what_it_knows(#[case] query: Option<&str>, #[case] by: SortBy, #[case] descending: bool) {
        assert_eq!(Sort::from_query(query), Sort { by, descending });
    }

    #[test]
    fn every_order_is_read_back_and_only_the_default_says_nothing() {
        for by in [SortBy::Name, SortBy::Size, SortBy::Time] {
            for descending in [false, true] {
                let sort = Sort { by, descending };
                assert_eq!(Sort::from_query(Some(&sort.to_string())), sort);
                assert_eq!(sort.to_string().is_empty(), sort.is_default());
            }
        }
    }

    #[test]
    fn a_head_toggles_its_own_order() {
        let name = Sort::default();
        assert_eq!(name.toggled(SortBy::Name), Sort { by: SortBy::Name, descending: true });
        assert_eq!(name.toggled(SortBy::Name).toggled(SortBy::Name), name);
        assert_eq!(name.toggled(SortBy::Size), Sort { by: SortBy::Size, descending: true });
        assert_eq!(Sort { by: SortBy::Time, descending: true }.toggled(SortBy::Name), name);
    }

    #[rstest]
    #[case("", &["D2", "d10", "a", "b", "c", "e"])]
    #[case("order=desc", &["d10", "D2", "e", "c", "b", "a"])]
    #[case("sort=size", &["D2", "d10", "c", "a", "b", "e"])]
    #[case("sort=size&order=desc", &["D2", "d10", "e", "a", "b", "c"])]
    #[case("sort=time", &["d10", "D2", "b", "e", "c", "a"])]
    #[case("sort=time&order=desc", &["D2", "d10", "c", "e", "b", "a"])]
    fn folders_first_and_ties_in_natural_order(#[case] query: &str, #[case] want: &[&str]) {
        let entry = |name: &str, kind: Kind, modified: u64| Entry {
            handle: Handle::new(name),
            name: Name::shown(name),
            kind,
            tag: name.into(),
            modified,
            created: 0,
            thumb: None,
        };
        let file = |size| Kind::File { size, sha1: None, complete: true };
        let listing = Listing::new(
            vec![
                entry("b", file(20), 1),
                entry("a", file(20), 0),
                entry("e", file(30), 2),
                entry("c", file(10), 3),
                entry("d10", Kind::Folder, 5),
                entry("D2", Kind::Folder, 6),
            ],
            Duration::ZERO,
        );
        let names: Vec<_> =
            Sort::from_query(Some(query)).arrange(listing.entries()).iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, want);
    }
}
