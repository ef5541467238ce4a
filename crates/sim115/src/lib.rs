//! A small, strict 115 in memory: the account's tree, the web, app and Open APIs in their own words, and a CDN.
//!
//! It is written from `docs/115.md` alone and shares nothing with a client but the cipher's server side. Where the
//! document is unsure it does the stricter thing, and what no well-behaved client would send it both refuses and
//! notes in [`Ledger::violations`].
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use sim115::{Content, Sim};
//! let sim = Sim::builder().build();
//! sim.file("/Movies/a.mkv", Content::pattern(5_000_000));
//! let running = sim.serve("127.0.0.1:0".parse()?).await?;
//! println!("{}/webapi.115.com/files?cid=0", running.base_url());
//! # Ok(()) }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod account;
mod api;
mod apps;
mod builder;
mod cdn;
mod clock;
mod content;
mod fault;
mod index;
mod ledger;
mod listing;
mod open;
mod pickcode;
mod qr;
mod quirk;
mod server;
mod sessions;
mod share;
mod sim;
mod world;

pub use builder::Builder;
pub use clock::Clock;
pub use content::Content;
pub use fault::{Fault, FaultHandle, On, Times};
pub use ledger::{LABELS, Ledger, Record};
pub use open::{OPEN_CODES, OpenTokens};
pub use qr::Phone;
pub use server::Running;
pub use share::{Share, ShareState};
pub use sim::Sim;
pub use world::{FileId, FolderId, NodeId, Raw};
