//! The API that the tokens of the Open Platform open, noun by noun, and the login that leads there.

mod client;
mod files;
mod info;
mod item;
mod link;
mod search;
mod user;

pub use self::client::OpenClient;
pub use self::info::{Info, ItemPath};
pub use self::user::{User, Vip};
pub use crate::session::device_code::{DeviceLogin, Ticket};
pub use crate::session::open::{Abandon, Begin, KeeperError, LEASE, Lease, MemoryKeeper, Refusal, TokenKeeper, Tokens};
