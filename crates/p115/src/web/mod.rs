//! The API that a cookie opens, noun by noun.

pub(crate) mod by_name;
pub(crate) mod devices;
pub(crate) mod files;
mod item;
pub(crate) mod link;
pub(crate) mod paths;
pub(crate) mod session;
pub(crate) mod space;
mod ways;

pub use self::devices::Device;
pub use self::files::FilePage;
pub use self::item::{Item, ItemKind};
pub use self::link::Ask;
pub use self::paths::Stat;
pub use self::session::{Standing, User};
pub use self::space::Space;
pub use self::ways::{Binding, CdnLink};
