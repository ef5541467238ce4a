//! ADAPTERS: what stands behind the drive port, and what those of 115 have in common.

mod caller;
pub mod cloud;
mod entry;
mod link;
pub mod local;
pub mod open;
pub mod share;
