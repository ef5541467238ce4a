//! 115 Cloud: a user's own drive, by cookie.

mod drive;
pub(super) mod error;

pub use drive::{Cloud, Options};
pub(crate) use error::translate as failure;
