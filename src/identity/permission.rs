//! What a person may do: roles, and permissions by name with OpenList's bits.

use std::fmt;

/// What kind of person somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// Reads below a base path, and does what the permissions say.
    #[default]
    User,
    /// Has not logged in.
    Guest,
    /// May do everything, everywhere.
    Admin,
}

impl Role {
    /// As OpenList counts them, and its clients expect them.
    pub const fn number(self) -> u8 {
        match self {
            Self::User => 0,
            Self::Guest => 1,
            Self::Admin => 2,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::User => "user",
            Self::Guest => "guest",
            Self::Admin => "admin",
        })
    }
}

/// One thing that not everybody may do. Its value is its bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Permission {
    Hidden = 0,
    NoPassword = 1,
    Offline = 2,
    /// New folders and uploads.
    Write = 3,
    Rename = 4,
    Move = 5,
    Copy = 6,
    Remove = 7,
    Webdav = 8,
    WebdavWrite = 9,
    Archive = 12,
    Share = 14,
}

impl Permission {
    /// Each with the name it is written with.
    pub const ALL: [(&'static str, Self); 12] = [
        ("hidden", Self::Hidden),
        ("no_password", Self::NoPassword),
        ("offline", Self::Offline),
        ("write", Self::Write),
        ("rename", Self::Rename),
        ("move", Self::Move),
        ("copy", Self::Copy),
        ("remove", Self::Remove),
        ("webdav", Self::Webdav),
        ("webdav_write", Self::WebdavWrite),
        ("archive", Self::Archive),
        ("share", Self::Share),
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find_map(|(known, permission)| (known == name).then_some(permission))
    }
}

/// A set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u16);

impl Permissions {
    pub fn all() -> Self {
        Permission::ALL.into_iter().map(|(_, permission)| permission).collect()
    }

    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    pub fn bits(self) -> u16 {
        self.0
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | 1 << permission as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_openlists() {
        let bits =
            |names: &[&str]| names.iter().map(|name| Permission::named(name).unwrap()).collect::<Permissions>().bits();
        assert_eq!(bits(&["hidden", "no_password", "offline", "write"]), 0b1111);
        assert_eq!(bits(&["rename", "move", "copy", "remove", "webdav", "webdav_write"]), 0b11_1111_0000);
        assert_eq!(bits(&["archive", "share"]), 0x5000);
        assert_eq!(Permissions::all().bits(), 0x53ff);
        assert_eq!(Permission::named("delete"), None);
    }

    #[test]
    fn a_set_has_what_was_put_in() {
        let set: Permissions = [Permission::Webdav, Permission::Webdav].into_iter().collect();
        let has: Vec<_> = Permission::ALL.into_iter().filter(|(_, one)| set.has(*one)).collect();
        assert_eq!(has, [("webdav", Permission::Webdav)]);
        assert_eq!(Permissions::default().bits(), 0);
    }
}
