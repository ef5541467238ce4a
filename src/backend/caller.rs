//! Who asks, as p115 wants to know it.

use std::{sync::Arc, time::Duration};

use p115::{Caller, Urgency};

use crate::drive::{Asker, CallerKind};

#[derive(Debug)]
struct For(Asker);

impl Caller for For {
    fn urgency(&self) -> Urgency {
        match self.0.kind() {
            CallerKind::Player => Urgency::Player,
            CallerKind::Person => Urgency::Person,
            CallerKind::Scan | CallerKind::Task => Urgency::Background,
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.0.deadline()
    }

    fn names(&self) -> (&'static str, &'static str) {
        (self.0.kind().name(), self.0.family().name())
    }
}

pub(super) fn caller(asker: &Asker) -> Arc<dyn Caller> {
    Arc::new(For(asker.clone()))
}
