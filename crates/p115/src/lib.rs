//! The wire client of the 115.com services: what the servers say and want to hear, and nothing about mounts, caches or HTTP serving.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod call;
mod caller;
pub mod cipher;
mod client;
mod clock;
mod egress;
mod error;
mod gate;
mod lenient;
mod margin;
pub mod open;
mod pickcode;
mod session;
mod share;
mod types;
mod web;
mod wire;

pub use self::call::Class;
pub use self::caller::{Caller, Urgency};
pub use self::client::Client;
pub use self::clock::Clock;
pub use self::egress::Egress;
pub use self::error::{Cause, Error, Kind, LoginFault, ShareFault};
pub use self::gate::{Guard, Kept, Limits, Made, Observer, Pause, PauseKeeper, http_client};
pub use self::session::{
    Cookie, CookieError, LoggedIn, LoginApp, LoginAppError, QrLogin, QrState, QrTicket, QrToken, QrTokenError,
};
pub use self::share::{
    ReceiveCode, Share, ShareCode, ShareInfo, ShareItem, ShareItemKind, SharePage, ShareRef, ShareRefError,
};
pub use self::types::{Cid, FileId, PickCode, PickCodeError};
pub use self::web::{Ask, Binding, CdnLink, Device, FilePage, Item, ItemKind, Only, Space, Standing, Stat, User};
pub use self::wire::{EndpointError, Endpoints, Keys, Wire};
