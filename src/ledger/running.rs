//! What this process has counted since it started: numbers that only grow, as whoever scrapes them wants it.

use std::time::Duration;

use super::{
    Made,
    sheet::{Count, OTHER, Sheet},
};

/// Seconds: upper ends of the classes of duration.
pub const BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];
/// Classes of calls whose durations are told apart.
const MAX_CLASSES: usize = 16;

/// How long the calls of one class took.
#[derive(Debug, Clone)]
pub struct Durations {
    pub class: &'static str,
    pub sum: Duration,
    /// Calls up to each of [`BUCKETS`] and above the one before; the last place: longer than all of them.
    pub counts: [u64; BUCKETS.len() + 1],
}

/// All calls since the start of this process.
#[derive(Debug, Clone, Default)]
pub struct Running {
    sheet: Sheet,
    durations: Vec<Durations>,
}

impl Running {
    pub(super) fn note(&mut self, account: &str, made: &Made, count: Count) {
        self.sheet.add(account, made.labels(), count);
        let place = self.place(made.class);
        let durations = &mut self.durations[place];
        let bucket = BUCKETS.partition_point(|end| *end < made.took.as_secs_f64());
        durations.counts[bucket] += 1;
        durations.sum = durations.sum.saturating_add(made.took);
    }

    fn place(&mut self, class: &'static str) -> usize {
        let find = |of: &[Durations], class| of.iter().position(|durations| durations.class == class);
        if let Some(place) = find(&self.durations, class) {
            return place;
        }
        // The last place is kept for `other`.
        if self.durations.len() + 1 >= MAX_CLASSES && class != OTHER {
            return self.place(OTHER);
        }
        self.durations.push(Durations { class, sum: Duration::ZERO, counts: [0; BUCKETS.len() + 1] });
        self.durations.len() - 1
    }

    /// Account, its labels in the order of [`super::Column`], and how many calls; in no order.
    pub fn calls(&self) -> impl Iterator<Item = (&str, [&str; 5], u64)> {
        self.sheet.lines().map(|(account, labels, count)| (account, labels, count.calls))
    }

    pub fn durations(&self) -> &[Durations] {
        &self.durations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(class: &'static str, ms: u64) -> Made {
        Made { class, took: Duration::from_millis(ms), ..Made::default() }
    }

    #[test]
    fn durations_fall_into_their_class_and_bucket() {
        let mut running = Running::default();
        for ms in [0, 50, 51, 20_000, 20_001] {
            running.note("a", &made("list", ms), Count::default());
        }
        running.note("a", &made("link", 1), Count::default());
        let [list, link] = running.durations() else { panic!("{running:?}") };
        assert_eq!((list.class, list.counts), ("list", [2, 1, 0, 0, 0, 0, 0, 0, 1, 1]));
        assert_eq!(list.sum, Duration::from_millis(40_102));
        assert_eq!((link.class, link.counts[0]), ("link", 1));
    }

    #[test]
    fn classes_are_bounded() {
        const NAMES: [&str; 20] =
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"];
        let mut running = Running::default();
        for name in NAMES {
            running.note("a", &made(name, 1), Count::default());
        }
        assert_eq!(running.durations().len(), MAX_CLASSES);
        let other = running.durations().iter().find(|durations| durations.class == OTHER).unwrap();
        assert_eq!(other.counts[0], 5);
    }
}
