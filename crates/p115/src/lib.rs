//! The wire client of the 115.com services: what the servers say and want to hear, and nothing about mounts, caches or HTTP serving.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod cipher;
