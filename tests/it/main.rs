//! The integration suite: the whole gateway against a simulated 115, behaviour and what it cost.
#![expect(unreachable_pub, reason = "a test target has no outside")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a test, a panic is the report")]

mod access;
mod api;
mod architecture;
mod bad_input;
mod binary;
mod codes;
mod contract;
mod download_proxy;
mod escapes;
mod finding;
mod form;
mod frontend;
mod guard;
mod kept;
mod kill;
mod ledger;
mod links;
mod local;
mod login;
mod mounts;
mod names;
mod open;
mod outside;
mod pages;
mod pauses;
mod redirect;
mod relay;
mod share;
mod stable;
mod support;
mod tls;
mod users;
