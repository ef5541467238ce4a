//! Who a call is made for: how soon it has to go out, until when, and under which names it is counted.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// Who goes first where calls wait for their turn. Within one urgency, who came first does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Somebody waits for a film to start or go on.
    Player,
    /// Somebody looks at a page.
    Person,
    /// A program reads everything, or a task of ours has work to do: it leaves part of every burst to the others.
    Background,
}

/// Who waits for the answer to a call. Several may come to wait for one, so what it says may change while the call queues.
pub trait Caller: Debug + Send + Sync {
    /// Asked again whenever a turn is given out.
    fn urgency(&self) -> Urgency;

    /// By the client's clock: who has no turn by then does not want it any more. `None`: any time.
    fn deadline(&self) -> Option<Duration>;

    /// What kind of caller it is and which program, for whoever counts calls. From small fixed sets.
    fn names(&self) -> (&'static str, &'static str);
}

/// Whoever did not say who it is.
#[derive(Debug)]
struct Unnamed;

impl Caller for Unnamed {
    fn urgency(&self) -> Urgency {
        Urgency::Person
    }

    fn deadline(&self) -> Option<Duration> {
        None
    }

    fn names(&self) -> (&'static str, &'static str) {
        ("unnamed", "unnamed")
    }
}

pub(crate) fn unnamed() -> Arc<dyn Caller> {
    Arc::new(Unnamed)
}
