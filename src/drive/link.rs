//! Links: URLs of a file's bytes, and for whom they work.

use std::fmt;

use http::{HeaderMap, HeaderValue};

/// Who will fetch the URL: 115 binds a link to a User-Agent, or to none (docs/115.md, "the CDN URL").
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Audience {
    /// A client, known by its exact User-Agent; `None` where it sends none.
    Client(Option<HeaderValue>),
    /// Our own relay.
    Gateway,
}

/// What a link is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Nothing: everybody can fetch it.
    None,
    /// The User-Agent it was asked with.
    UserAgent,
    /// A cookie that only we hold: nobody can be redirected to it.
    Cookie,
}

/// A URL of a file's bytes.
#[derive(Clone)]
pub struct Link {
    /// Absolute, http or https; secret, since it opens the file.
    pub url: HeaderValue,
    /// What must be sent with it (User-Agent, Cookie).
    pub headers: HeaderMap,
    pub binding: Binding,
    /// Unix seconds; `None` where the drive does not say.
    pub expires: Option<u64>,
    /// Connections at a time on this link; 0: no cap.
    pub connections: u32,
    /// Connections at a time on the account; 0: no cap.
    pub account_connections: u32,
}

impl Link {
    /// True where everybody may use it at the same time.
    pub fn is_everyones(&self) -> bool {
        self.binding == Binding::None && self.connections == 0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("binding", &self.binding)
            .field("expires", &self.expires)
            .field("connections", &self.connections)
            .field("account_connections", &self.account_connections)
            .finish_non_exhaustive()
    }
}
