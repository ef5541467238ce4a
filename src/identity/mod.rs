//! Who is asking, and what they may do: users, passwords, tokens, signed links. Knows nothing of HTTP.

mod auth;
mod password;
mod permission;

pub use auth::{Auth, Guest, Signing, User};
pub use password::{Hash, MAX_PASSWORD, Password, PasswordError, StaticHash};
pub use permission::{Permission, Permissions, Role};
