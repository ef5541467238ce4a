//! The client against literal replies over real sockets: every file here is one behaviour and what it costs in calls.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod account;
mod authorisation;
mod device;
mod fake;
mod gate;
mod guard;
mod keeper;
mod link;
mod listing;
mod login;
mod open;
mod paths;
mod renewal;
mod search;
mod share;
mod skew;
