//! 115 Cloud: a user's own drive, by cookie.

mod drive;
mod entry;
mod error;
mod link;

pub use drive::{Cloud, Options};
