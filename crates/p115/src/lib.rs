//! The wire client of 115.
