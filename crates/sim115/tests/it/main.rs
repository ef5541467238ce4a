//! The simulator held against the fact sheet, one raw HTTP request at a time.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod account;
mod bytes;
mod caps;
mod faults;
mod links;
mod listing;
mod lookup;
mod open;
mod support;
