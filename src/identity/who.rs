//! `Identity`: who somebody is, as far as anything is decided by it.

use std::sync::Arc;

use super::{Permission, Permissions, Role};
use crate::path::VirtualPath;

/// Somebody: cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(Arc<Who>);

#[derive(Debug, PartialEq, Eq)]
struct Who {
    name: String,
    role: Role,
    base_path: VirtualPath,
    permissions: Permissions,
}

impl Identity {
    pub(super) fn new(name: &str, role: Role, base_path: VirtualPath, permissions: Permissions) -> Self {
        Self(Arc::new(Who { name: name.to_owned(), role, base_path, permissions }))
    }

    pub(super) fn admin(name: &str) -> Self {
        Self::new(name, Role::Admin, VirtualPath::root(), Permissions::all())
    }

    pub(super) fn guest() -> Self {
        Self::new("guest", Role::Guest, VirtualPath::root(), Permissions::default())
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub fn role(&self) -> Role {
        self.0.role
    }

    pub fn is_admin(&self) -> bool {
        self.0.role == Role::Admin
    }

    pub fn is_guest(&self) -> bool {
        self.0.role == Role::Guest
    }

    /// The folder that is this person's root, and that nothing of his is outside of.
    pub fn base_path(&self) -> &VirtualPath {
        &self.0.base_path
    }

    pub fn permissions(&self) -> Permissions {
        self.0.permissions
    }

    pub fn may(&self, what: Permission) -> bool {
        self.0.permissions.has(what)
    }

    /// The path in the namespace of what this person calls `own`. A path has no `..` and no encoding left in it once it is
    /// one, so this never leads out of the base path.
    pub fn full(&self, own: &VirtualPath) -> VirtualPath {
        own.placed_at(&self.0.base_path)
    }

    /// What this person calls a path of the namespace; `None` where he sees nothing of it.
    pub fn own(&self, full: &VirtualPath) -> Option<VirtualPath> {
        full.seen_from(&self.0.base_path)
    }

    /// True where a path of the namespace is at or below his base path.
    pub fn sees(&self, full: &VirtualPath) -> bool {
        full.below(&self.0.base_path).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_sees_his_base_path_as_everything() {
        let path = |text: &str| VirtualPath::from_plain(text).unwrap();
        let tv = Identity::new("tv", Role::User, path("/115/Movies"), [Permission::Webdav].into_iter().collect());
        assert_eq!(tv.full(&path("/")), path("/115/Movies"));
        assert_eq!(tv.full(&path("/a/b")), path("/115/Movies/a/b"));
        assert_eq!(tv.own(&path("/115/Movies/a")), Some(path("/a")));
        assert_eq!(tv.own(&path("/115/Movies2/a")), None);
        assert!(tv.sees(&path("/115/Movies")) && !tv.sees(&path("/115")) && !tv.sees(&path("/")));
        assert!(tv.may(Permission::Webdav) && !tv.may(Permission::Write) && !tv.is_admin());
        let (admin, guest) = (Identity::admin("root"), Identity::guest());
        assert!(admin.is_admin() && admin.may(Permission::Share) && admin.sees(&path("/")));
        assert!(guest.is_guest() && guest.sees(&path("/x")) && guest.permissions() == Permissions::default());
    }
}
