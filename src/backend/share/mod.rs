//! 115 Share: somebody's folder behind a link. Listed by anybody, opened with a login.

mod drive;
mod error;

pub use drive::{Options, Share};
