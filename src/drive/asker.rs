//! Who asks: the caller behind a call to a drive, which decides what goes first and under which name it is counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::Family;

/// What kind of caller somebody is, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallerKind {
    /// Wants the bytes of a file.
    Player,
    /// Looks at a page.
    Person,
    /// A program that lists.
    Scan,
    /// Ourselves: keeping mounts up, bringing what is known up to date.
    Task,
}

impl CallerKind {
    const ALL: [Self; 4] = [Self::Player, Self::Person, Self::Scan, Self::Task];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Player => "player",
            Self::Person => "person",
            Self::Scan => "scan",
            Self::Task => "task",
        }
    }
}

/// Who waits for the answer. Cheap to clone; clones are the same asker. Whoever joins a question under way makes it as
/// urgent as he is, and keeps it alive as long as he waits.
#[derive(Debug, Clone)]
pub struct Asker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: AtomicU8,
    family: Family,
    /// Milliseconds by our clock.
    deadline: AtomicU64,
}

/// No deadline.
const EVER: u64 = u64::MAX;

impl Asker {
    /// `deadline` is by our clock: whoever has no turn by then is told so.
    pub fn new(kind: CallerKind, family: Family, deadline: Option<Duration>) -> Self {
        let deadline = deadline.map_or(EVER, |at| u64::try_from(at.as_millis()).unwrap_or(EVER));
        Self(Arc::new(Inner { kind: AtomicU8::new(kind as u8), family, deadline: AtomicU64::new(deadline) }))
    }

    /// Work of our own.
    pub fn task() -> Self {
        Self::new(CallerKind::Task, Family::Gate115, None)
    }

    /// The same, for a question of its own: who joins that one does not change this one.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.kind(), self.family(), self.deadline())
    }

    /// Of all who wait, the most urgent.
    pub fn kind(&self) -> CallerKind {
        let kind = usize::from(self.0.kind.load(Ordering::Relaxed));
        CallerKind::ALL.get(kind).copied().unwrap_or(CallerKind::Task)
    }

    pub fn family(&self) -> Family {
        self.0.family
    }

    /// By our clock; of all who wait, the last.
    pub fn deadline(&self) -> Option<Duration> {
        Some(self.0.deadline.load(Ordering::Relaxed)).filter(|at| *at != EVER).map(Duration::from_millis)
    }

    /// The other waits for the answer to the same question.
    pub fn joined_by(&self, other: &Self) {
        self.0.kind.fetch_min(other.0.kind.load(Ordering::Relaxed), Ordering::Relaxed);
        self.0.deadline.fetch_max(other.0.deadline.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_joins_makes_it_more_urgent_and_keeps_it_longer_and_never_the_contrary() {
        let second = Duration::from_secs;
        let scan = Asker::new(CallerKind::Scan, Family::Rclone, Some(second(5)));
        scan.joined_by(&Asker::new(CallerKind::Player, Family::Vlc, Some(second(3))));
        assert_eq!(
            (scan.kind(), scan.family(), scan.deadline()),
            (CallerKind::Player, Family::Rclone, Some(second(5)))
        );
        scan.joined_by(&Asker::task());
        assert_eq!((scan.kind(), scan.deadline()), (CallerKind::Player, None));
        let person = Asker::new(CallerKind::Person, Family::Browser, None);
        person.apart().joined_by(&scan);
        assert_eq!(person.kind(), CallerKind::Person, "its question has become urgent, not all it asks");
        for kind in CallerKind::ALL {
            assert_eq!(Asker::new(kind, Family::None, None).kind(), kind);
        }
    }
}
