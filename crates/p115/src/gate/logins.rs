//! The logins of one user by cookie: the one in use, and those that stand by for when it dies.

use std::sync::Arc;

use crate::session::Cookie;

/// The logins of the account. 115 keeps one for each kind of device, so a user may have several.
#[derive(Debug)]
pub(super) struct Logins {
    /// None where what is asked needs no account.
    pub(super) in_force: Option<Arc<Cookie>>,
    /// Who steps in when it dies, the last one first.
    pub(super) spare: Vec<Arc<Cookie>>,
    /// Tells the login in use from others, also where it is one by tokens.
    pub(super) mark: Option<Arc<str>>,
}

/// As many as a user could have mounts with a login of their own for, within reason.
const SPARE: usize = 8;

impl Logins {
    /// Gives the one before.
    pub(super) fn use_cookie(&mut self, cookie: Arc<Cookie>) -> Option<Arc<Cookie>> {
        self.mark = Some(cookie.mark().into());
        self.in_force.replace(cookie)
    }

    pub(super) fn stand_by(&mut self, cookie: Arc<Cookie>) {
        self.spare.retain(|own| *own != cookie);
        if self.spare.len() == SPARE {
            self.spare.remove(0);
        }
        self.spare.push(cookie);
    }
}
