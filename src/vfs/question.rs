//! What somebody needs to know of a folder, and whether what was read of it so far is the answer.

use std::{sync::Arc, time::Duration};

use super::{listing::Listing, reading::State};
use crate::drive::Entry;

/// A name that is not in a listing older than this is looked for once more.
pub(super) const SURE_OF_ABSENCE: Duration = Duration::from_secs(60);

/// What somebody needs to know of a folder, and how fresh.
pub(super) struct Need<'a> {
    /// One name, or everything.
    pub(super) name: Option<&'a str>,
    /// What was read before this does not do.
    pub(super) since: Duration,
    /// When it was asked: what was read after that is new enough, however long the reading took.
    pub(super) asked: Duration,
    /// A listing will do as long as it is younger than this.
    pub(super) within: Duration,
}

pub(super) enum Answer {
    Whole(Arc<Listing>),
    Entry(Found),
    Absent,
}

/// An entry, and until when its folder is taken as it was read.
pub(super) struct Found {
    pub(super) entry: Arc<Entry>,
    pub(super) until: Duration,
}

impl<'a> Need<'a> {
    pub(super) fn new(name: Option<&'a str>, asked: Duration, within: Duration) -> Self {
        Self { name, since: Duration::ZERO, asked, within }
    }

    /// The answer as far as it is known; a listing holds for `hold`. A miss in a listing that is no longer sure raises the
    /// need to a fresh one.
    pub(super) fn answer(&mut self, state: &State, now: Duration, hold: Duration) -> Option<Answer> {
        let good = |whole: &&Arc<Listing>| whole.read_at() >= self.asked || state.is_good(whole, now, self.within);
        let whole = state.whole.as_ref().filter(good);
        let Some(name) = self.name else {
            return whole.cloned().map(Answer::Whole);
        };
        if let Some(whole) = whole {
            if let Some(entry) = whole.find(name) {
                return Some(Answer::Entry(Found { entry: Arc::clone(entry), until: whole.read_at() + hold }));
            }
            let age = now.saturating_sub(whole.read_at());
            if self.since > Duration::ZERO {
                if whole.read_at() >= self.since {
                    return Some(Answer::Absent);
                }
            } else if age <= SURE_OF_ABSENCE {
                return Some(Answer::Absent);
            } else {
                self.since = now.saturating_sub(SURE_OF_ABSENCE).max(Duration::from_nanos(1));
            }
        }
        let part = state.part.as_ref()?;
        let young = part.started >= self.asked || now.saturating_sub(part.started) < hold;
        let usable = part.started >= self.since && part.started >= state.distrusted_before && young;
        let entry = part.find(name).filter(|_| usable)?;
        Some(Answer::Entry(Found { entry: Arc::new(entry.clone()), until: part.started + hold }))
    }
}
