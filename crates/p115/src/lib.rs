//! The wire client of the 115.com services: what the servers say and want to hear, and nothing about mounts, caches or HTTP serving.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod cipher;
mod clock;
mod error;
mod lenient;
mod session;
mod types;
mod wire;

pub use self::clock::Clock;
pub use self::error::{Cause, Error, Kind};
pub use self::session::{Cookie, CookieError};
pub use self::types::{Cid, FileId, PickCode, PickCodeError};
pub use self::wire::{EndpointError, Endpoints, Keys, Wire};
