//! A folder's entries as people see them: every entry has a name of its own, in natural order, found in one step.

use std::{cmp::Reverse, collections::HashMap, sync::Arc, time::Duration};

use crate::{
    drive::Entry,
    path::{Name, tag_of},
};

/// All entries of a folder, folders first, in natural order of their names.
#[derive(Debug)]
pub struct Listing {
    entries: Vec<Arc<Entry>>,
    by_name: HashMap<Name, u32>,
    weight: u32,
    /// By our clock, when its first page was asked for.
    read_at: Duration,
}

impl Listing {
    /// Gives each entry its own name: of several with one name the newest keeps it, the others get ` (tag)` before the
    /// extension.
    pub fn new(mut entries: Vec<Entry>, read_at: Duration) -> Self {
        // Stable: of namesakes as old as each other the one that the drive named first keeps the name, as in a part of a folder.
        entries.sort_by_key(|entry| Reverse(entry.created));
        let mut taken: HashMap<Name, u32> = HashMap::with_capacity(entries.len());
        for entry in &mut entries {
            while taken.contains_key(&entry.name) {
                entry.name = entry.name.tagged(&entry.tag, entry.is_folder());
            }
            taken.insert(entry.name.clone(), 0);
        }
        let mut keyed: Vec<_> =
            entries.into_iter().map(|entry| (NaturalKey::new(entry.name.as_str()), entry)).collect();
        keyed.sort_unstable_by(|(a_key, a), (b_key, b)| {
            b.is_folder().cmp(&a.is_folder()).then_with(|| a_key.cmp(b_key)).then_with(|| a.name.cmp(&b.name))
        });
        let entries: Vec<_> = keyed.into_iter().map(|(_, entry)| Arc::new(entry)).collect();
        for (place, entry) in (0..).zip(&entries) {
            taken.insert(entry.name.clone(), place);
        }
        Self { weight: weight(&entries), entries, by_name: taken, read_at }
    }

    /// A listing that was taken apart: its entries in their order, by the names they had. `None` where two have one name,
    /// which no listing gives.
    pub fn of_shown(entries: Vec<Entry>, read_at: Duration) -> Option<Self> {
        let entries: Vec<_> = entries.into_iter().map(Arc::new).collect();
        let by_name: HashMap<_, _> = entries.iter().map(|entry| entry.name.clone()).zip(0..).collect();
        (by_name.len() == entries.len()).then(|| Self { weight: weight(&entries), entries, by_name, read_at })
    }

    /// Folders first, in natural order.
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// How much room it takes, in entries without a thumbnail.
    pub(super) fn weight(&self) -> u32 {
        self.weight
    }

    pub fn read_at(&self) -> Duration {
        self.read_at
    }

    /// The entry of this name. An entry that keeps its plain name is also found by its tagged one, so a URL made while it
    /// had namesakes goes on working.
    pub fn find(&self, name: &str) -> Option<&Arc<Entry>> {
        if let Some(&place) = self.by_name.get(name) {
            return self.entries.get(place as usize);
        }
        let tag = tag_of(name)?;
        self.entries
            .iter()
            .find(|entry| &*entry.tag == tag && entry.name.tagged(tag, entry.is_folder()).as_str() == name)
    }

    /// The folder of this name, also where a newer file has taken the plain name: nothing is below a file.
    pub fn find_folder(&self, name: &str) -> Option<&Arc<Entry>> {
        let found = self.find(name)?;
        if found.is_folder() {
            return Some(found);
        }
        let spelling = |entry: &Entry| {
            tag_of(entry.name.as_str()) == Some(&entry.tag) && found.name.tagged(&entry.tag, true) == entry.name
        };
        self.entries.iter().take_while(|entry| entry.is_folder()).find(|entry| spelling(entry))
    }
}

/// A thumbnail's URL is about as long as all else of an entry.
fn weight(entries: &[Arc<Entry>]) -> u32 {
    let thumbs = entries.iter().filter(|entry| entry.thumb.is_some()).count();
    u32::try_from(entries.len() + thumbs).unwrap_or(u32::MAX)
}

/// A name's place in natural order: digits compare as numbers, letters without case.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NaturalKey(Vec<Part>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Digits without leading zeros, compared by their count first.
    Number(usize, Box<str>),
    Text(Box<str>),
}

impl NaturalKey {
    pub fn new(name: &str) -> Self {
        let mut parts = Vec::with_capacity(4);
        let mut rest = name;
        while let Some(first) = rest.bytes().next() {
            let digits = first.is_ascii_digit();
            let end = rest.bytes().position(|b| b.is_ascii_digit() != digits).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            rest = after;
            parts.push(if digits {
                let number = part.trim_start_matches('0');
                Part::Number(number.len(), number.into())
            } else {
                Part::Text(part.to_lowercase().into())
            });
        }
        Self(parts)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::drive::{Handle, Kind};

    pub(in crate::vfs) fn file(name: &str, tag: &str, created: u64) -> Entry {
        Entry {
            handle: Handle::new(tag),
            name: Name::shown(name),
            kind: Kind::File { size: 1, sha1: None, complete: true },
            tag: tag.into(),
            modified: created,
            created,
            thumb: None,
        }
    }

    pub(in crate::vfs) fn folder(name: &str, tag: &str, created: u64) -> Entry {
        Entry { kind: Kind::Folder, ..file(name, tag, created) }
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.entries().iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn the_newest_keeps_the_name_and_every_spelling_leads_to_the_right_one() {
        let listing = Listing::new(
            vec![file("a.mkv", "p1", 10), file("a.mkv", "p3", 30), file("a.mkv", "p2", 20), file("b", "p4", 1)],
            Duration::ZERO,
        );
        assert_eq!(names(&listing), ["a (p1).mkv", "a (p2).mkv", "a.mkv", "b"]);
        for (name, tag) in
            [("a.mkv", "p3"), ("a (p3).mkv", "p3"), ("a (p2).mkv", "p2"), ("a (p1).mkv", "p1"), ("b (p4)", "p4")]
        {
            assert_eq!(&*listing.find(name).unwrap().tag, tag, "{name}");
        }
        assert!(listing.find("a (p4).mkv").is_none());
        assert!(listing.find("c").is_none());
    }

    #[test]
    fn a_real_name_that_looks_tagged_does_not_hide_anyone() {
        let listing = Listing::new(
            vec![file("a.mkv", "p1", 10), file("a.mkv", "p2", 20), file("a (p1).mkv", "p9", 30)],
            Duration::ZERO,
        );
        assert_eq!(names(&listing), ["a (p1) (p1).mkv", "a (p1).mkv", "a.mkv"]);
        assert_eq!(&*listing.find("a (p1).mkv").unwrap().tag, "p9");
        assert_eq!(&*listing.find("a (p1) (p1).mkv").unwrap().tag, "p1");
    }

    #[test]
    fn a_folder_is_found_behind_a_newer_file_of_its_name() {
        let listing = Listing::new(vec![folder("x", "d1", 1), file("x", "p2", 2)], Duration::ZERO);
        assert_eq!(&*listing.find("x").unwrap().tag, "p2");
        assert_eq!(&*listing.find_folder("x").unwrap().tag, "d1");
        assert_eq!(&*listing.find_folder("x (d1)").unwrap().tag, "d1");
        assert!(Listing::new(vec![file("x", "p2", 2)], Duration::ZERO).find_folder("x").is_none());
    }

    #[test]
    fn folders_come_first_and_numbers_count() {
        let listing = Listing::new(
            vec![
                file("E10.mkv", "a1", 1),
                file("e9.mkv", "a2", 1),
                file("E010.mkv", "a3", 2),
                folder("z", "a4", 1),
                file("中", "a5", 1),
            ],
            Duration::ZERO,
        );
        assert_eq!(names(&listing), ["z", "e9.mkv", "E010.mkv", "E10.mkv", "中"]);
    }

    #[test]
    fn a_thumbnail_weighs_as_much_as_all_else_of_an_entry() {
        let thumb = crate::drive::Thumb::parse("https://a.com/t");
        let entries =
            || vec![file("a", "a", 1), Entry { thumb: thumb.clone(), ..file("b", "b", 1) }, folder("c", "c", 1)];
        let listing = Listing::new(entries(), Duration::ZERO);
        assert_eq!((listing.weight(), Listing::of_shown(entries(), Duration::ZERO).unwrap().weight()), (4, 4));
    }

    proptest::proptest! {
        #[test]
        fn every_entry_can_be_reached_by_its_shown_name(raw in proptest::collection::vec(("[ab](\\.x)?( \\(t[0-9]\\))?", 0u64..3, proptest::bool::ANY), 0..12)) {
            let entries: Vec<_> = raw.iter().enumerate().map(|(i, (name, created, is_folder))| {
                let tag = format!("t{i}");
                if *is_folder { folder(name, &tag, *created) } else { file(name, &tag, *created) }
            }).collect();
            let listing = Listing::new(entries.clone(), Duration::ZERO);
            proptest::prop_assert_eq!(listing.entries().len(), entries.len());
            for entry in listing.entries() {
                proptest::prop_assert_eq!(listing.find(entry.name.as_str()), Some(entry));
            }
            let shown: Vec<Entry> = listing.entries().iter().map(|entry| Entry::clone(entry)).collect();
            let again = Listing::of_shown(shown.clone(), Duration::ZERO).unwrap();
            proptest::prop_assert_eq!(again.entries(), listing.entries());
            for entry in entries {
                let tagged = entry.name.tagged(&entry.tag, entry.is_folder());
                for name in [entry.name, tagged] {
                    proptest::prop_assert_eq!(again.find(name.as_str()), listing.find(name.as_str()));
                    proptest::prop_assert_eq!(again.find_folder(name.as_str()), listing.find_folder(name.as_str()));
                }
            }
            if let Some(first) = shown.first() {
                proptest::prop_assert!(Listing::of_shown(vec![first.clone(), first.clone()], Duration::ZERO).is_none());
            }
        }
    }
}
