//! Accounts: one client, and with it one login, gate, rate and memory, for each user of a service, whatever mounts use it.

pub(super) mod cookies;
pub(super) mod tokens;

use std::sync::Arc;

use p115::cipher::m115::PublicKey;
use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use self::{
    cookies::{Spent, User},
    tokens::Opened,
};
use super::{Deps, clients, guards::guard};
use crate::{
    clock::Clock,
    config::{Cloud, Config, Drive, Mount as MountConfig, Share, Wire},
    error::{Error, Kind, Result},
    ledger::Ledger,
    path::VirtualPath,
    store::credentials::{Credentials, Fingerprint},
};

/// The accounts in use.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) clock: p115::Clock,
    ledger: Arc<Ledger>,
    known: Mutex<Known>,
    /// Held while the store is asked, which is on this machine, and while a QR code is exchanged, which works once: what to
    /// log in with is settled once for each account.
    settling: tokio::sync::Mutex<()>,
    /// Confirmed logins that are just fetched and stored, whoever has begun them.
    pub(super) concluding: TaskTracker,
}

#[derive(Debug, Default)]
struct Known {
    /// What the configuration in force says of them.
    mounts: Vec<MountConfig>,
    users: Vec<User>,
    opened: Vec<Opened>,
    spent: Vec<Spent>,
    /// Ways that need no account, by what they are for and where they lead.
    egresses: Vec<(For, Option<Wire>, p115::Egress)>,
}

impl Accounts {
    pub(super) fn new(clock: &Clock, ledger: &Arc<Ledger>) -> Self {
        let clock = clock.clone();
        let unix = clock.clone();
        let clock = p115::Clock::new(Arc::new(move || clock.now())).with_unix(Arc::new(move || unix.unix()));
        Self {
            clock,
            ledger: Arc::clone(ledger),
            known: Mutex::default(),
            settling: tokio::sync::Mutex::default(),
            concluding: TaskTracker::new(),
        }
    }

    /// Takes up a configuration: the strictest rate of an account's mounts holds, and a pause that only a person can end
    /// is ended. What no mount uses any more is forgotten.
    pub(super) fn configure(&self, config: &Config) {
        let mut known = self.known.lock();
        known.mounts.clone_from(&config.mounts);
        known.spent.clear();
        known.keep_users();
        known.keep_opened();
        known.set_share_rates();
    }

    /// Whether the store has a login for this mount that this process has never tried: somebody has logged in.
    pub(super) async fn is_newer(&self, mount: &MountConfig, deps: &Deps) -> Result<bool> {
        match &mount.drive {
            Drive::Cloud(Cloud { login, .. }) | Drive::Share(Share { login, .. }) => {
                self.has_newer_cookie(login, &mount.path, deps).await
            }
            Drive::Open(open) => self.has_newer_tokens(open, &mount.path, deps).await,
            Drive::Local(_) => Ok(false),
        }
    }

    /// Goes on with logins that somebody else has stored, and ends the pauses that waited for them. Gives the mounts whose
    /// account is another one by now.
    pub(super) async fn heed_logins(&self, deps: &Deps) -> Result<Vec<VirtualPath>> {
        self.heed_tokens(deps).await?;
        self.heed_cookies(deps).await
    }

    /// Takes up pauses that other processes have begun or ended.
    pub(super) async fn hear(&self) {
        let (clients, opened, egresses) = {
            let known = self.known.lock();
            let clients: Vec<_> = known.users.iter().map(|user| user.client.clone()).collect();
            let egresses: Vec<_> = known.egresses.iter().map(|(.., egress)| egress.clone()).collect();
            (clients, known.opened.clone(), egresses)
        };
        for client in clients {
            client.hear().await;
        }
        for of in opened {
            of.client.hear().await;
        }
        for egress in egresses {
            egress.hear().await;
        }
    }

    /// Waits for renewals of tokens and for logins under way: cut off, their replies would be lost.
    pub(super) async fn settled(&self) {
        self.concluding.close();
        self.concluding.wait().await;
        let opened = self.known.lock().opened.clone();
        for of in opened {
            of.settled().await;
        }
    }

    /// The way by which logins are made, none of which names an account.
    pub(super) fn login_egress(&self, wire: Option<&Wire>, deps: &Deps) -> Result<p115::Egress> {
        self.egress(For::Logins, wire, deps)
    }

    /// The way by which all shares are listed: 115 counts those calls by address.
    pub(super) fn share_egress(&self, wire: Option<&Wire>, deps: &Deps) -> Result<p115::Egress> {
        let egress = self.egress(For::Shares, wire, deps)?;
        self.known.lock().set_share_rates();
        Ok(egress)
    }

    fn egress(&self, what: For, wire: Option<&Wire>, deps: &Deps) -> Result<p115::Egress> {
        let mut known = self.known.lock();
        if let Some((.., egress)) = known.egresses.iter().find(|(of, at, _)| *of == what && at.as_ref() == wire) {
            return Ok(egress.clone());
        }
        let (http, way) = way(wire, deps)?;
        let (name, limits) = match what {
            For::Logins => ("egress:logins", p115::Limits::default()),
            For::Shares => ("egress:shares", p115::Limits::shares()),
        };
        let egress = p115::Egress::new(http, way, guard(name, limits, &self.ledger, deps), self.clock.clone());
        known.egresses.push((what, wire.cloned(), egress.clone()));
        Ok(egress)
    }
}

/// What a way without an account is for: a share that is listed too fast must keep nobody from logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Logins,
    Shares,
}

impl Known {
    /// The strictest rate of all shares there holds.
    fn set_share_rates(&self) {
        for (what, wire, egress) in &self.egresses {
            let shares = self.mounts.iter().filter(|mount| matches!(mount.drive, Drive::Share(_)));
            let here = shares.filter(|mount| *what == For::Shares && mount.drive.wire() == wire.as_ref());
            if let Some(rate) = here.filter_map(|mount| mount.drive.rate()).reduce(f64::min) {
                egress.set_rate(rate);
            }
        }
    }
}

/// What the store has of all accounts.
pub(super) fn credentials(deps: &Deps) -> Credentials {
    Credentials::new(Arc::clone(&deps.store), deps.clock.clone(), &owner())
}

/// What the configuration says of a login; `None` where it says nothing.
pub(super) fn fingerprint(drive: &Drive) -> Option<Fingerprint> {
    match drive {
        Drive::Open(open) => tokens::fingerprint(open),
        drive => cookies::login_of(drive).and_then(cookies::fingerprint),
    }
}

/// What this process calls itself where it excludes others.
fn owner() -> String {
    format!("{}@{:x}", std::process::id(), rand::random::<u64>())
}

/// How the servers are reached.
pub(super) fn way(config: Option<&Wire>, deps: &Deps) -> Result<(reqwest::Client, Arc<p115::Wire>)> {
    let broken = |error: String| Error::new(Kind::Internal, error);
    let wire = match config {
        Some(wire) => self::wire(wire).map_err(broken)?,
        None => p115::Wire::production(),
    };
    let insecure = config.is_some_and(|wire| wire.danger_accept_invalid_certs);
    let http = clients::api_client(deps.tls, insecure)
        .map_err(|error| broken(format!("No HTTP client can be built: {error}. Are CA certificates installed?")))?;
    Ok((http, Arc::new(wire)))
}

fn wire(config: &Wire) -> Result<p115::Wire, String> {
    let mut endpoints = match &config.base {
        Some(base) => p115::Endpoints::base(base.as_str()),
        None => Ok(p115::Endpoints::production()),
    };
    for (host, url) in &config.endpoints {
        endpoints = endpoints.and_then(|endpoints| endpoints.with_host(host, url.as_str()));
    }
    let wire = p115::Wire::production().with_endpoints(endpoints.map_err(|error| error.to_string())?);
    Ok(match &config.rsa_modulus {
        Some(modulus) => wire.with_m115(PublicKey::from_hex(modulus).map_err(|error| error.to_string())?),
        None => wire,
    })
}
