//! gate115: a path on a 115 drive becomes a working link. The rooms, and who may import whom: docs/ARCHITECTURE.md.

pub mod alarm;
pub mod app;
pub mod backend;
pub mod cli;
pub mod clock;
pub mod config;
pub mod deliver;
pub mod drive;
pub mod error;
pub mod http;
pub mod identity;
pub mod ledger;
pub mod path;
pub mod qr;
pub mod store;
pub mod telemetry;
pub mod vfs;
