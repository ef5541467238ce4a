//! Bytes out: what to do with a request for a file, and doing it.

mod answer;
mod cdn;
pub mod disposition;
mod file;
pub mod media;
mod plan;
pub mod precondition;
pub mod range;
mod redirect;
mod relay;
mod upstream;

pub use answer::{Answer, answer, head, head_of_opened};
pub use cdn::{Cdn, NoCertificates};
pub use file::{FileBody, Files};
pub use plan::{Route, Way, plan};
pub use redirect::{hop, redirect};
pub use relay::{Patience, Relay, RelayBody};
