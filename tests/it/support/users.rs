//! The users of every scenario, whose passwords are quick to look at.

use gate115::{
    identity::{Password, Permission, Permissions, Role, User},
    path::VirtualPath,
};

/// The password of all of them.
pub const PASSWORD: &str = "s3cret-word";
/// argon2id over its static hash, with the least of memory and time.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$32nAOdqWPeP3WEelBQIRn+DiWQdtrcgawid1x8gMaMA";

pub fn all() -> Vec<User> {
    vec![user("admin", Role::Admin, "/"), user("ann", Role::User, "/"), user("tv", Role::User, "/115/Movies")]
}

pub fn user(name: &str, role: Role, base_path: &str) -> User {
    let permissions = match role {
        Role::Admin => Permissions::all(),
        _ => [Permission::Webdav].into_iter().collect(),
    };
    let base_path = VirtualPath::from_plain(base_path).unwrap();
    User { name: name.to_owned(), password: Password::read(HASH).unwrap(), role, base_path, permissions }
}
