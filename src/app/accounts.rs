//! Accounts: one client, and with it one gate, rate and memory, for each credential, whatever mounts use it.

use std::sync::Arc;

use p115::{
    Cause,
    cipher::m115::PublicKey,
    open::{OpenClient, TokenKeeper},
};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};

use super::{Deps, clients, keeper::Keeper};
use crate::{
    clock::Clock,
    config::{Cloud, Config, Drive, Open, Wire},
    error::{Error, Kind, Result},
    path::VirtualPath,
    store::credentials::{Account, Credentials, Fingerprint, Holding, Secret},
};

/// The accounts in use. A changed cookie is another account: whatever paused the old one does not hold for it.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) clock: p115::Clock,
    known: Mutex<Known>,
    /// Held while the store is asked, which is on this machine: which tokens hold is settled once for each account.
    settling: tokio::sync::Mutex<()>,
}

/// An account of the Open Platform in use.
#[derive(Debug, Clone)]
struct Opened {
    wire: Option<Wire>,
    /// What the configuration says of its tokens, and where they are kept.
    config: Option<Fingerprint>,
    account: Account,
    keeper: Arc<Keeper>,
    client: OpenClient,
}

#[derive(Debug, Default)]
struct Known {
    /// What the configuration in force says of them.
    drives: Vec<Cloud>,
    opens: Vec<Open>,
    clients: Vec<(Cloud, p115::Client)>,
    opened: Vec<Opened>,
}

impl Accounts {
    pub(super) fn new(clock: &Clock) -> Self {
        let clock = clock.clone();
        let unix = clock.clone();
        let clock = p115::Clock::new(Arc::new(move || clock.now())).with_unix(Arc::new(move || unix.unix()));
        Self { clock, known: Mutex::default(), settling: tokio::sync::Mutex::default() }
    }

    /// Takes up a configuration: the strictest rate of an account's mounts holds, and a pause that only a person can end
    /// is ended. What no mount uses any more is forgotten.
    pub(super) fn configure(&self, config: &Config) {
        let mut known = self.known.lock();
        (known.drives, known.opens) = (Vec::new(), Vec::new());
        for mount in &config.mounts {
            match &mount.drive {
                Drive::Cloud(cloud) => known.drives.push(cloud.clone()),
                Drive::Open(open) => known.opens.push(open.clone()),
                Drive::Local(_) => {}
            }
        }
        let Known { drives, opens, clients, opened } = &mut *known;
        clients.retain(|(of, _)| drives.iter().any(|drive| same(drive, of)));
        for (of, client) in clients {
            client.set_rate(strictest(drives, of));
            client.resume();
        }
        for of in opened {
            if let Some(rate) = strictest_open(opens, of.wire.as_ref(), of.config.as_ref()) {
                of.client.set_rate(rate);
                of.client.resume();
            }
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

    /// The client of the account whose tokens hold for the mount at this path: those of the configuration where they are
    /// new, else those of the store.
    pub(super) async fn open(&self, config: &Open, path: &VirtualPath, deps: &Deps) -> Result<OpenClient> {
        let fingerprint = fingerprint(config);
        let _alone = self.settling.lock().await;
        let credentials = credentials(deps);
        let account = credentials.account("115-open", path, fingerprint.as_ref()).await?;
        let known = |of: &Opened| of.wire == config.wire && of.account == account && of.config == fingerprint;
        if let Some(opened) = self.opened(known) {
            return Ok(opened.client);
        }
        match (credentials.holding(&account, fingerprint.as_ref()).await?, &config.refresh_token, &fingerprint) {
            (Holding::Stored(_), ..) => {}
            (Holding::Config, Some(refresh), Some(fingerprint)) => {
                let access = config.access_token.clone().unwrap_or_else(|| SecretString::from(""));
                let secret = Secret::Tokens { access, refresh: refresh.clone(), expires: None };
                credentials.adopt(&account, fingerprint, &secret).await?;
            }
            _ => {
                return Err(Error::new(
                    Kind::Session,
                    "There are no tokens for this mount: write access_token and refresh_token into the configuration.",
                ));
            }
        }
        let keeper = Arc::new(Keeper::new(credentials, account.clone()));
        let (http, wire) = way(config.wire.as_ref(), deps)?;
        let mut known = self.known.lock();
        let rate = strictest_open(&known.opens, config.wire.as_ref(), fingerprint.as_ref()).unwrap_or(config.rate);
        let kept: Arc<dyn TokenKeeper> = Arc::clone(&keeper) as _;
        let client = OpenClient::new(http, wire, kept, p115::Limits { rate }, self.clock.clone());
        known.opened.retain(|of| of.account != account);
        let wire = config.wire.clone();
        known.opened.push(Opened { wire, config: fingerprint, account, keeper, client: client.clone() });
        Ok(client)
    }

    fn opened(&self, which: impl Fn(&Opened) -> bool) -> Option<Opened> {
        self.known.lock().opened.iter().find(|of| which(of)).cloned()
    }

    /// Whether the store has tokens for the mount at this path that this process has never used: somebody has logged in.
    pub(super) async fn is_newer(&self, config: &Open, path: &VirtualPath, deps: &Deps) -> Result<bool> {
        let credentials = credentials(deps);
        let account = credentials.account("115-open", path, fingerprint(config).as_ref()).await?;
        let Some(held) = credentials.current(&account).await? else { return Ok(false) };
        let opened = self.opened(|of| of.wire == config.wire && of.account == account);
        Ok(opened.is_none_or(|of| held.generation > of.keeper.seen()))
    }

    /// Ends the pauses of accounts whose tokens were dead, where the store has others by now.
    pub(super) async fn heed_logins(&self, deps: &Deps) -> Result<()> {
        let credentials = credentials(deps);
        let opened = self.known.lock().opened.clone();
        let dead = |of: &Opened| {
            let cause = of.client.pause().map(|pause| pause.cause);
            matches!(cause, Some(Cause::Session | Cause::TokensLost | Cause::App))
        };
        for of in opened.iter().filter(|of| dead(of)) {
            let held = credentials.current(&of.account).await?;
            if held.is_some_and(|held| held.generation > of.keeper.seen()) {
                of.client.resume();
            }
        }
        Ok(())
    }

    /// Waits for renewals of tokens under way: cut off, their replies would be lost.
    pub(super) async fn settled(&self) {
        let opened = self.known.lock().opened.clone();
        for of in opened {
            of.client.settled().await;
        }
    }
}

/// What the store has of all accounts.
fn credentials(deps: &Deps) -> Credentials {
    Credentials::new(Arc::clone(&deps.store), deps.clock.clone(), &owner())
}

/// What the configuration says of the tokens; `None` where it says nothing.
fn fingerprint(config: &Open) -> Option<Fingerprint> {
    config.refresh_token.as_ref().map(|refresh| Fingerprint::of(config.access_token.iter().chain([refresh])))
}

/// What this process calls itself where it excludes others.
fn owner() -> String {
    format!("{}@{:x}", std::process::id(), rand::random::<u64>())
}

fn same(a: &Cloud, b: &Cloud) -> bool {
    let cookie = |of: &Cloud| p115::Cookie::parse(of.cookie.expose_secret()).ok();
    a.wire == b.wire && cookie(a) == cookie(b)
}

fn strictest(drives: &[Cloud], of: &Cloud) -> f64 {
    drives.iter().filter(|drive| same(drive, of)).map(|drive| drive.rate).fold(of.rate, f64::min)
}

/// `None` where no mount uses these tokens.
fn strictest_open(opens: &[Open], wire: Option<&Wire>, tokens: Option<&Fingerprint>) -> Option<f64> {
    let same = opens.iter().filter(|open| open.wire.as_ref() == wire && fingerprint(open).as_ref() == tokens);
    same.map(|open| open.rate).reduce(f64::min)
}

fn make(config: &Cloud, deps: &Deps, clock: p115::Clock, rate: f64) -> Result<p115::Client> {
    let (http, wire) = way(config.wire.as_ref(), deps)?;
    let cookie = p115::Cookie::parse(config.cookie.expose_secret())
        .map_err(|error| Error::new(Kind::Internal, error.to_string()))?;
    Ok(p115::Client::new(http, wire, cookie, p115::Limits { rate }, clock))
}

/// How the servers are reached.
fn way(config: Option<&Wire>, deps: &Deps) -> Result<(reqwest::Client, Arc<p115::Wire>)> {
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
