//! Bytes out: how a file is given to who asks for it.

pub mod disposition;
pub mod media;
