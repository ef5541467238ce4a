//! Accounts: one client, and with it one gate, rate and memory, for each credential, whatever mounts use it.

use std::sync::Arc;

use p115::cipher::m115::PublicKey;
use parking_lot::Mutex;
use secrecy::ExposeSecret;

use super::{Deps, clients};
use crate::{
    clock::Clock,
    config::{Cloud, Config, Drive, Wire},
    error::{Error, Kind, Result},
};

/// The accounts in use. A changed cookie is another account: whatever paused the old one does not hold for it.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) clock: p115::Clock,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What the configuration in force says of them.
    drives: Vec<Cloud>,
    clients: Vec<(Cloud, p115::Client)>,
}

impl Accounts {
    pub(super) fn new(clock: &Clock) -> Self {
        let clock = clock.clone();
        Self { clock: p115::Clock::new(Arc::new(move || clock.now())), known: Mutex::default() }
    }

    /// Takes up a configuration: the strictest rate of an account's mounts holds, and a pause that only a person can end
    /// is ended. What no mount uses any more is forgotten.
    pub(super) fn configure(&self, config: &Config) {
        let mut known = self.known.lock();
        known.drives = config
            .mounts
            .iter()
            .filter_map(|mount| match &mount.drive {
                Drive::Cloud(cloud) => Some(cloud.clone()),
                Drive::Open(_) | Drive::Local(_) => None,
            })
            .collect();
        let Known { drives, clients } = &mut *known;
        clients.retain(|(of, _)| drives.iter().any(|drive| same(drive, of)));
        for (of, client) in clients {
            client.set_rate(strictest(drives, of));
            client.resume();
        }
    }

    /// The client of a drive's account.
    pub(super) fn client(&self, config: &Cloud, deps: &Deps) -> Result<p115::Client> {
        let mut known = self.known.lock();
        if let Some((_, client)) = known.clients.iter().find(|(of, _)| same(of, config)) {
            return Ok(client.clone());
        }
        let rate = strictest(&known.drives, config);
        let client = make(config, deps, self.clock.clone(), rate)?;
        known.clients.push((config.clone(), client.clone()));
        Ok(client)
    }
}

fn same(a: &Cloud, b: &Cloud) -> bool {
    let cookie = |of: &Cloud| p115::Cookie::parse(of.cookie.expose_secret()).ok();
    a.wire == b.wire && cookie(a) == cookie(b)
}

fn strictest(drives: &[Cloud], of: &Cloud) -> f64 {
    drives.iter().filter(|drive| same(drive, of)).map(|drive| drive.rate).fold(of.rate, f64::min)
}

fn make(config: &Cloud, deps: &Deps, clock: p115::Clock, rate: f64) -> Result<p115::Client> {
    let broken = |error: String| Error::new(Kind::Internal, error);
    let wire = match &config.wire {
        Some(wire) => self::wire(wire).map_err(broken)?,
        None => p115::Wire::production(),
    };
    let cookie = p115::Cookie::parse(config.cookie.expose_secret()).map_err(|error| broken(error.to_string()))?;
    let insecure = config.wire.as_ref().is_some_and(|wire| wire.danger_accept_invalid_certs);
    let http = clients::api_client(deps.tls, insecure)
        .map_err(|error| broken(format!("No HTTP client can be built: {error}. Are CA certificates installed?")))?;
    Ok(p115::Client::new(http, Arc::new(wire), cookie, p115::Limits { rate }, clock))
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
