//! The simulator held against the fact sheet, one raw HTTP request at a time.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod account;
mod aps;
mod bytes;
mod caps;
mod faults;
mod links;
mod listing;
mod lookup;
mod open;
mod qr;
mod search;
mod sessions;
mod share_links;
mod share_listing;
mod share_state;
mod space;
mod support;
