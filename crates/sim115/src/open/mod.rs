//! What the Open Platform remembers beside the tree: apps, codes being scanned, authorisations and their budget.

mod budget;
pub(crate) mod codes;
pub(crate) mod grants;
mod knobs;
pub(crate) mod pkce;
mod script;
pub(crate) mod tickets;

pub(crate) use self::budget::{Budget, Spent, Window};
pub use self::codes::OPEN_CODES;
use self::grants::Grants;
pub use self::grants::OpenTokens;
pub(crate) use self::knobs::OpenKnobs;
use self::tickets::Tickets;

pub(crate) struct Open {
    pub(crate) grants: Grants,
    pub(crate) tickets: Tickets,
    pub(crate) budget: Budget,
}

impl Open {
    pub(crate) fn new(seed: u64) -> Self {
        Self { grants: Grants::new(seed), tickets: Tickets::new(seed), budget: Budget::default() }
    }
}
