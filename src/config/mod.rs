//! What the user may write: the typed tree of `config.yaml`, as the rest of the house sees it.

mod check;
mod load;
mod login;
mod raw;
mod secret;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;
use p115::ShareRef;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use check::{base_path, frontend_dir};
pub use load::{LoadError, Loaded, Note, Violation};
pub use login::{Given, Login};

use crate::{identity::Auth, path::VirtualPath};

/// A configuration that has passed every check. Two of them can be compared, to see what a re-read changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub server: Server,
    /// The folder where state is kept, logins among it; relative to the working directory.
    pub data_dir: PathBuf,
    pub auth: Auth,
    /// At least one; no path stands twice.
    pub mounts: Vec<Mount>,
}

/// Where the gateway listens, and how it is seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// At least one and no two alike.
    pub listen: Vec<SocketAddr>,
    /// Scheme and host that people use; its path, if it has one, is `base_path`.
    pub public_url: Option<Url>,
    /// What stands before every path of ours: empty, or a slash and a name, as often as wanted.
    pub base_path: String,
    /// Who may say for whom it asks.
    pub trusted_proxies: Vec<IpNet>,
    pub metrics: Metrics,
    /// The folder with the `index.html` of a frontend that is shown in place of the built-in pages.
    pub frontend_dir: Option<PathBuf>,
}

/// Who may see the metrics and the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metrics {
    /// An admin.
    #[default]
    Token,
    /// Everybody.
    Open,
}

/// A drive at a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Mount {
    pub path: VirtualPath,
    pub drive: Drive,
    pub delivery: Delivery,
    pub read_only: bool,
    pub cache: Cache,
}

impl Mount {
    /// What `/d` answers with, whatever was written: files of this machine are always given as bytes.
    pub fn given_out(&self) -> &Delivery {
        if matches!(self.drive, Drive::Local(_)) { &Delivery::Proxy } else { &self.delivery }
    }
}

/// What `/d` answers with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Delivery {
    /// A 302 to the drive's own link.
    #[default]
    Redirect,
    /// The bytes.
    Proxy,
    /// A 302 to a download proxy: its `proxy_url`, which full paths follow. http or https, without a slash at its end.
    Url(Arc<str>),
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Redirect => "redirect",
            Self::Proxy => "proxy",
            Self::Url(_) => "url",
        })
    }
}

/// How long answers of the drive are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// A listing is fresh for this long; more than nothing.
    pub listing: Duration,
    /// After that it may still stand in for this long when the drive cannot be asked.
    pub grace: Duration,
    /// A link is handed out again for this long, and never past its own expiry; more than nothing.
    pub link: Duration,
    pub min_life: MinLife,
}

/// How much of a link's life must be left for it to be handed out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MinLife {
    /// Half of what it had when it was new.
    #[default]
    Half,
    Least(Duration),
}

/// A backend and what it needs.
#[derive(Debug, Clone, PartialEq)]
pub enum Drive {
    /// A 115 account by its cookie.
    Cloud(Cloud),
    /// A 115 account by tokens of the Open Platform.
    Open(Open),
    /// Somebody's share.
    Share(Share),
    /// A folder of this machine.
    Local(Local),
}

impl Drive {
    /// The `type` it is written with.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cloud(_) => "115-cloud",
            Self::Open(_) => "115-open",
            Self::Share(_) => "115-share",
            Self::Local(_) => "local",
        }
    }

    /// The folder it shows, as it is written.
    pub fn root(&self) -> String {
        match self {
            Self::Cloud(cloud) => cloud.root.to_string(),
            Self::Open(open) => open.root.to_string(),
            Self::Share(share) => format!("{}:{}", share.share.code, share.root),
            Self::Local(local) => local.root.display().to_string(),
        }
    }

    /// Calls a second, for the account; `None` where there is none.
    pub fn rate(&self) -> Option<f64> {
        match self {
            Self::Cloud(cloud) => Some(cloud.rate),
            Self::Open(open) => Some(open.rate),
            Self::Share(share) => Some(share.rate),
            Self::Local(_) => None,
        }
    }

    /// Other servers than the real ones.
    pub fn wire(&self) -> Option<&Wire> {
        match self {
            Self::Cloud(cloud) => cloud.wire.as_ref(),
            Self::Open(open) => open.wire.as_ref(),
            Self::Share(share) => share.wire.as_ref(),
            Self::Local(_) => None,
        }
    }
}

/// A 115 account by its cookie.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    /// The folder the mount shows: its cid, 0 for the root of the account (docs/115.md, "conventions").
    pub root: u64,
    pub login: Login,
    /// Calls to 115 a second, for the account: more than 0, at most 1000.
    pub rate: f64,
    /// Entries in one listing call, 1 to 1150 (docs/115.md, "list endpoints").
    pub page_size: u32,
    pub link_binding: LinkBinding,
    /// Other servers than the real ones.
    pub wire: Option<Wire>,
}

/// A 115 account by tokens of the Open Platform.
#[derive(Debug, Clone)]
pub struct Open {
    /// The folder the mount shows: its cid, 0 for the root of the account.
    pub root: u64,
    /// What the file says; a newer pair may be in the store.
    pub access_token: Option<SecretString>,
    pub refresh_token: Option<SecretString>,
    /// The user's own app, digits: what `gate115 login` asks a device code for.
    pub app_id: Option<String>,
    /// Calls to 115 a second, for the account: more than 0, at most 1000.
    pub rate: f64,
    /// Entries in one listing call, 1 to 1150.
    pub page_size: u32,
    /// Other servers than the real ones.
    pub wire: Option<Wire>,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        // Taken apart, so that a new field cannot be forgotten here.
        let Self { root, access_token, refresh_token, app_id, rate, page_size, wire } = self;
        let exposed = |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        (*root, *rate, *page_size) == (other.root, other.rate, other.page_size)
            && exposed(access_token) == exposed(&other.access_token)
            && exposed(refresh_token) == exposed(&other.refresh_token)
            && (app_id, wire) == (&other.app_id, &other.wire)
    }
}

/// A share: somebody's folder behind a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Which one, and what opens it.
    pub share: ShareRef,
    /// The folder the mount shows: its cid, 0 for all that is shared.
    pub root: u64,
    /// Whose name links are asked in. Listing needs none.
    pub login: Login,
    /// Listing calls a second, for all shares of this machine: more than 0, at most 1000. Also the account's, where no other
    /// mount says anything of it.
    pub rate: f64,
    /// Entries in one listing call, 1 to 1000.
    pub page_size: u32,
    pub link_binding: LinkBinding,
    /// Other servers than the real ones.
    pub wire: Option<Wire>,
}

/// A folder of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Absolute; as it was written.
    pub root: PathBuf,
}

/// For whom links are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkBinding {
    /// For everybody first, for the client's User-Agent where the drive gives no such link.
    #[default]
    Auto,
    /// Always for the client's User-Agent.
    PerClient,
}

/// A simulator or a mirror in place of the real 115.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Wire {
    /// Host `H` is found at `base/H`; http or https, without user, query and fragment.
    pub base: Option<Url>,
    /// Host by host, in lower case; these win over `base`.
    pub endpoints: BTreeMap<String, Url>,
    /// The modulus of the servers' m115 key: 256 lower-case hex digits that `p115`'s `PublicKey` takes.
    pub rsa_modulus: Option<String>,
    /// Any certificate will do.
    pub danger_accept_invalid_certs: bool,
}

impl fmt::Debug for Wire {
    /// Leaves out the paths of the URLs: a mirror may be known by a secret one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("base", &self.base.as_ref().map(origin))
            .field("endpoints", &self.endpoints.iter().map(|(host, url)| (host, origin(url))).collect::<Vec<_>>())
            .field("rsa_modulus", &self.rsa_modulus.is_some())
            .field("danger_accept_invalid_certs", &self.danger_accept_invalid_certs)
            .finish()
    }
}

/// Scheme, host and port: what of a URL may be shown.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([0, 0, 0, 0], 5244))],
            public_url: None,
            base_path: String::new(),
            trusted_proxies: Vec::new(),
            metrics: Metrics::default(),
            frontend_dir: None,
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self { listing: 30 * MINUTE, grace: 24 * 60 * MINUTE, link: 60 * MINUTE, min_life: MinLife::Half }
    }
}
