//! The edge: HTTP requests in, answers out.

pub mod page;
