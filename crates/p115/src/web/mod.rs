//! The API that a cookie opens, noun by noun.

pub(crate) mod by_name;
pub(crate) mod devices;
pub(crate) mod files;
pub(crate) mod info;
pub(crate) mod item;
pub(crate) mod link;
pub(crate) mod matches;
pub(crate) mod paths;
mod search;
pub(crate) mod session;
pub(crate) mod space;
pub(crate) mod ways;

pub use self::devices::Device;
pub use self::files::FilePage;
pub use self::item::{Item, ItemKind};
pub(crate) use self::item::{thumbnail, unescape};
pub use self::link::Ask;
pub(crate) use self::link::names_115;
pub use self::matches::Only;
pub use self::paths::Stat;
pub(crate) use self::search::Search;
pub use self::session::{Standing, User};
pub use self::space::Space;
pub use self::ways::{Binding, CdnLink};
pub(crate) use self::ways::{Found, link, seal, unseal};
