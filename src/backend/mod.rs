//! ADAPTERS: what stands behind the drive port, the same files in each.

pub mod cloud;
