//! The API that the tokens of the Open Platform open, noun by noun.

mod client;
mod files;
mod info;
mod item;
mod link;
mod user;

pub use self::client::OpenClient;
pub use self::info::{Info, ItemPath};
pub use self::user::{Space, User, Vip};
pub use crate::session::open::{Abandon, Begin, KeeperError, LEASE, Lease, MemoryKeeper, Refusal, TokenKeeper, Tokens};
