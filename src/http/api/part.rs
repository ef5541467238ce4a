//! Lists for the management pages, a part at a time, and what they show of work that there is none of.

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

/// How far something is.
#[derive(Serialize)]
pub(super) struct Progress {
    obj_count: u64,
    is_done: bool,
    last_done_time: Option<String>,
    error: &'static str,
}

/// Of what never goes on here: nothing was done, and nothing is to do.
pub(super) fn idle(why: &'static str) -> Progress {
    Progress { obj_count: 0, is_done: true, last_done_time: None, error: why }
}
