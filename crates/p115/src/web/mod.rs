//! The API that a cookie opens, noun by noun.

pub(crate) mod files;
pub(crate) mod item;
pub(crate) mod link;
pub(crate) mod paths;
pub(crate) mod session;
pub(crate) mod ways;

pub use self::files::FilePage;
pub use self::item::{Item, ItemKind};
pub use self::link::Ask;
pub use self::paths::Stat;
pub use self::ways::{Binding, CdnLink};
