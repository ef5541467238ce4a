//! A folder of this machine behind the drive port: contained in its root, whatever links point out of it.

mod drive;
mod entry;
mod error;
mod tree;

pub use drive::Local;
