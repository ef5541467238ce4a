//! What the owner says of who may come in: users, guests, signed links.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{Password, Permissions, Role};
use crate::path::VirtualPath;

/// Who may come in, as it is configured.
#[derive(Debug, Clone, Default)]
pub struct Auth {
    /// No two with one name. Where there is none, an admin is made up at the first start.
    pub users: Vec<User>,
    pub guest: Guest,
    /// Makes an admin of whoever sends it, and signs links; where there is none, one is made up and kept.
    pub token: Option<SecretString>,
    /// Signs that were made with these are still good.
    pub old_tokens: Vec<SecretString>,
    pub sign: Signing,
    /// How long a signed link holds; nothing: for ever.
    pub link_expiration: Duration,
}

/// Somebody with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub password: Password,
    /// Never [`Role::Guest`].
    pub role: Role,
    /// The folder that is this user's root; an admin's is `/`.
    pub base_path: VirtualPath,
    pub permissions: Permissions,
}

/// What somebody without a login may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guest {
    /// Nothing.
    #[default]
    Off,
    /// Read everything.
    Read,
}

/// Which links need a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signing {
    /// All, unless whoever asks has a login or guests may read.
    #[default]
    All,
    None,
}

impl PartialEq for Auth {
    fn eq(&self, other: &Self) -> bool {
        // Taken apart, so that a new field cannot be forgotten here.
        let Self { users, guest, token, old_tokens, sign, link_expiration } = self;
        let exposed = |secrets: &[SecretString]| -> Vec<_> {
            secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect()
        };
        (users, guest, sign, link_expiration) == (&other.users, &other.guest, &other.sign, &other.link_expiration)
            && exposed(token.as_slice()) == exposed(other.token.as_slice())
            && exposed(old_tokens) == exposed(&other.old_tokens)
    }
}
