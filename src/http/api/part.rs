//! Lists for the management pages, a part at a time.

use serde::Serialize;

/// A part of a list, and how long all of it is.
#[derive(Serialize)]
pub(super) struct Part<T> {
    pub(super) content: Vec<T>,
    pub(super) total: usize,
}

/// A list of what does not exist here.
pub(super) fn none() -> Part<()> {
    Part { content: Vec::new(), total: 0 }
}
