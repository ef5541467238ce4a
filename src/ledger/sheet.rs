//! Counts of calls by account and label, bounded in every direction: what has no room counts as `other`.

use std::{collections::HashMap, sync::Arc};

/// What stands for everything that found no room.
pub(super) const OTHER: &str = "other";

/// Accounts told apart.
pub(super) const MAX_ACCOUNTS: usize = 64;
/// Labels of all kinds together.
pub(super) const MAX_LABELS: usize = 256;
/// Lines of an hour; `other` has one more for each account.
pub(super) const MAX_LINES: usize = 2000;

/// The labels of a line, in the order of [`super::Column`].
pub(super) type Labels<T> = [T; 5];

/// How many calls there were, and how long they took together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    pub calls: u64,
    pub ms: u64,
}

impl Count {
    pub(super) fn add(&mut self, more: Self) {
        self.calls = self.calls.saturating_add(more.calls);
        self.ms = self.ms.saturating_add(more.ms);
    }
}

/// Words by number: a line is a few numbers, and a word is kept once.
#[derive(Debug, Clone, Default)]
struct Words {
    list: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u16>,
}

impl Words {
    /// The number of this word, or that of `other` where there are `most` already.
    fn number(&mut self, word: &str, most: usize) -> u16 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        // The last place is kept for `other`.
        if self.list.len() + 1 >= most && word != OTHER {
            return self.number(OTHER, most);
        }
        let number = u16::try_from(self.list.len()).unwrap_or(u16::MAX);
        let word: Arc<str> = word.into();
        self.list.push(Arc::clone(&word));
        self.numbers.insert(word, number);
        number
    }
}

/// An account and its labels, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Line {
    account: u16,
    labels: Labels<u16>,
}

/// Counts by account and labels.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    /// Lines it has room for.
    most: usize,
    accounts: Words,
    labels: Words,
    lines: HashMap<Line, Count>,
}

impl Default for Sheet {
    fn default() -> Self {
        Self::with_room(MAX_LINES)
    }
}

impl Sheet {
    pub(super) fn with_room(most: usize) -> Self {
        Self { most, accounts: Words::default(), labels: Words::default(), lines: HashMap::new() }
    }

    pub(super) fn add(&mut self, account: &str, labels: Labels<&str>, count: Count) {
        let account = self.accounts.number(account, MAX_ACCOUNTS);
        let labels = labels.map(|label| self.labels.number(label, MAX_LABELS));
        self.put(Line { account, labels }, count);
    }

    fn put(&mut self, mut line: Line, count: Count) {
        if self.lines.len() >= self.most && !self.lines.contains_key(&line) {
            line.labels = [self.labels.number(OTHER, MAX_LABELS); 5];
        }
        self.lines.entry(line).or_default().add(count);
    }

    /// Adds lines whose numbers are those of other words; `None` where a number is of no word.
    pub(super) fn add_lines(
        &mut self,
        accounts: &[impl AsRef<str>],
        labels: &[impl AsRef<str>],
        lines: impl IntoIterator<Item = (u16, Labels<u16>, Count)>,
    ) -> Option<()> {
        let accounts: Vec<_> = accounts.iter().map(|word| self.accounts.number(word.as_ref(), MAX_ACCOUNTS)).collect();
        let known: Vec<_> = labels.iter().map(|word| self.labels.number(word.as_ref(), MAX_LABELS)).collect();
        for (account, mut labels, count) in lines {
            for label in &mut labels {
                *label = *known.get(usize::from(*label))?;
            }
            self.put(Line { account: *accounts.get(usize::from(account))?, labels }, count);
        }
        Some(())
    }

    pub(super) fn merge(&mut self, other: &Self) {
        // Its numbers are of its words.
        let _ = self.add_lines(other.accounts(), other.labels(), other.numbered());
    }

    /// Accounts by their numbers.
    pub(super) fn accounts(&self) -> &[Arc<str>] {
        &self.accounts.list
    }

    /// Labels by their numbers.
    pub(super) fn labels(&self) -> &[Arc<str>] {
        &self.labels.list
    }

    /// The lines in numbers, in no order.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (u16, Labels<u16>, Count)> {
        self.lines.iter().map(|(line, count)| (line.account, line.labels, *count))
    }

    /// The lines in words, in no order.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, Labels<&str>, Count)> {
        self.lines.iter().map(|(line, count)| {
            let account = &*self.accounts.list[usize::from(line.account)];
            (account, line.labels.map(|label| &*self.labels.list[usize::from(label)]), *count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Count = Count { calls: 1, ms: 2 };

    fn total(sheet: &Sheet) -> u64 {
        sheet.lines().map(|(_, _, count)| count.calls).sum()
    }

    #[test]
    fn what_finds_no_room_counts_as_other() {
        let mut sheet = Sheet::default();
        for number in 0..1000 {
            sheet.add(&format!("a{number}"), ["files", "list", "player", "vlc", "ok"], ONE);
            sheet.add("a0", [&format!("call{number}"), "list", "player", "vlc", "ok"], ONE);
        }
        assert_eq!((sheet.accounts.list.len(), sheet.labels.list.len()), (MAX_ACCOUNTS, MAX_LABELS));
        assert_eq!(total(&sheet), 2000, "and nothing is lost");
        let others =
            sheet.lines().filter(|(account, ..)| *account == OTHER).map(|(.., count)| count.calls).sum::<u64>();
        assert_eq!(others, 1000 - (MAX_ACCOUNTS as u64 - 1));
    }

    #[test]
    fn lines_are_bounded_and_two_full_sheets_make_one() {
        let full = |from: usize| {
            let mut sheet = Sheet::default();
            for number in from..from + 100 * 100 {
                let (call, family) = (format!("c{}", number / 100), format!("f{}", number % 100));
                sheet.add("a", [&call, "list", "player", &family, "ok"], ONE);
                sheet.add("b", [&call, "list", "player", &family, "ok"], ONE);
            }
            assert!(sheet.lines.len() <= MAX_LINES + MAX_ACCOUNTS, "{}", sheet.lines.len());
            sheet
        };
        let (mut one, two) = (full(0), full(5000));
        one.merge(&two);
        assert!(one.lines.len() <= MAX_LINES + MAX_ACCOUNTS, "{}", one.lines.len());
        assert_eq!(total(&one), 40_000);
    }

    #[test]
    fn merging_goes_by_words() {
        let (mut one, mut two) = (Sheet::default(), Sheet::default());
        one.add("a", ["x", "list", "player", "vlc", "ok"], ONE);
        two.add("b", ["y", "list", "player", "vlc", "ok"], ONE);
        two.add("a", ["x", "list", "player", "vlc", "ok"], ONE);
        one.merge(&two);
        let mut lines: Vec<_> = one.lines().collect();
        lines.sort_unstable_by_key(|(account, ..)| *account);
        assert_eq!(lines[0], ("a", ["x", "list", "player", "vlc", "ok"], Count { calls: 2, ms: 4 }));
        assert_eq!(lines[1], ("b", ["y", "list", "player", "vlc", "ok"], ONE));
    }
}
