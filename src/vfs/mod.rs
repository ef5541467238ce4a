//! What the namespace means: mounts, entries by path, and what was learnt of them (listings, links).

mod budget;
mod flight;
mod links;
mod listing;
mod listings;
mod mounts;
mod pool;
mod question;
mod reading;
mod recent;
mod resolve;
mod search;
mod shelf;
mod stable;
mod view;

pub use budget::Budget;
pub use flight::Tasks;
pub use links::{Lease, PATIENCE};
pub use listing::{Listing, NaturalKey};
pub use listings::{Ages, Known};
pub use mounts::{Delivery, Held, Mount, Mounted, Namespace, Policy, State};
pub use pool::{Keeping, Kept, MinLife};
pub use search::{Hit, Wish};
pub use shelf::{Memory, Shelf, Start, record};
pub use stable::Codes;
pub use view::{Caller, File, Folder, Node, View};
