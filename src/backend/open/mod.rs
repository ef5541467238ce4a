//! 115 Open: a user's own drive, by tokens of the Open Platform.

mod drive;
mod error;

pub use drive::{Open, Options};
pub(crate) use error::translate as failure;
