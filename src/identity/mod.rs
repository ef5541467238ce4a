//! Who is asking, and what they may do: users, passwords, tokens, signed links. Knows nothing of HTTP.

mod auth;
mod guard;
mod hashing;
mod password;
mod permission;
mod remembered;
mod sign;
#[cfg(test)]
mod tests;
mod throttle;
mod token;
mod who;

pub use auth::{Auth, Guest, Signing, User};
pub use guard::{Guard, Session};
pub use password::{Hash, MAX_PASSWORD, Password, PasswordError, StaticHash};
pub use permission::{Permission, Permissions, Role};
#[cfg(test)]
pub(crate) use sign::testing;
pub use sign::{SignFault, Signer, is_stable, stable_parts, stable_path};
pub use token::Refusal;
pub use who::Identity;

use crate::error::{Error, Kind};

fn unreadable() -> Error {
    Error::new(Kind::Storage, "What data_dir keeps of passwords and tokens cannot be read. Was it changed by hand?")
}
