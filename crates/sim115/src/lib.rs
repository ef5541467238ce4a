//! A strict 115 in memory.
