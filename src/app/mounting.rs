//! Getting mounts to work and keeping at it: a drive from its configuration, tried again with growing pauses.

use std::{sync::Arc, time::Duration};

use p115::cipher::m115::PublicKey;
use secrecy::ExposeSecret;

use super::{App, Deps, clients};
use crate::{
    backend::cloud::{self, Cloud},
    config::{self, Config, Mount as MountConfig},
    drive::{Audience, Drive},
    error::{Error, Kind, Result},
    vfs::{Ages, Delivery, Keeping, MinLife, Mount, Mounted, Policy, State},
};

const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// A dead session seldom comes back: it is asked for less often.
const SESSION_PAUSE: Duration = Duration::from_secs(300);

/// What a mount's configuration says of its files.
pub(super) fn policy(config: &MountConfig) -> Policy {
    let cache = &config.cache;
    Policy {
        delivery: match config.delivery {
            config::Delivery::Redirect => Delivery::Redirect,
            config::Delivery::Proxy => Delivery::Proxy,
        },
        ages: Ages { listing: cache.listing, grace: cache.grace },
        keeping: Keeping {
            at_most: cache.link,
            min_life: match cache.min_life {
                config::MinLife::Half => MinLife::Half,
                config::MinLife::Least(least) => MinLife::Least(least),
            },
        },
    }
}

/// Starts the mount, and again until it works. A failure is logged once, until another takes its place.
pub(super) async fn keep_up(app: Arc<App>, config: MountConfig, mount: Arc<Mount>) {
    let mut pause = FIRST_PAUSE;
    let mut told = None;
    loop {
        match start(&app, &config).await {
            Ok(mounted) => {
                tracing::info!(mount = %mount.path(), account = mounted.drive().account(), "the mount works");
                mount.set_state(State::Working(Arc::new(mounted)));
                return;
            }
            Err(error) => {
                if told.as_deref() != Some(error.message()) {
                    tracing::error!(mount = %mount.path(), ?error, "the mount cannot be started; it is tried again");
                    told = Some(error.message().to_owned());
                }
                let least = if error.kind() == Kind::Session { SESSION_PAUSE } else { pause };
                let wait = error.wait().unwrap_or_default().max(least);
                mount.set_state(State::Failed(error.retry_after(Some(wait))));
                tokio::time::sleep(wait).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn start(app: &Arc<App>, config: &MountConfig) -> Result<Mounted> {
    let drive = drive(config, &app.deps)?;
    let root = drive.root().await?;
    let budget = app.budget(drive.account());
    Ok(Mounted::new(drive, root, &policy(config), budget, &app.deps.clock, &app.tasks))
}

fn drive(config: &MountConfig, deps: &Deps) -> Result<Arc<dyn Drive>> {
    match &config.drive {
        config::Drive::Cloud(cloud) => Ok(Arc::new(self::cloud(cloud, deps)?)),
    }
}

fn cloud(config: &config::Cloud, deps: &Deps) -> Result<Cloud> {
    let broken = |error: String| Error::new(Kind::Internal, error);
    let wire = match &config.wire {
        Some(wire) => self::wire(wire).map_err(broken)?,
        None => p115::Wire::production(),
    };
    let cookie = p115::Cookie::parse(config.cookie.expose_secret()).map_err(|error| broken(error.to_string()))?;
    let insecure = config.wire.as_ref().is_some_and(|wire| wire.danger_accept_invalid_certs);
    let http = clients::api_client(deps.tls, insecure)
        .map_err(|error| broken(format!("No HTTP client can be built: {error}. Are CA certificates installed?")))?;
    let clock = deps.clock.clone();
    let now = p115::Clock::new(Arc::new(move || clock.now()));
    let client = p115::Client::new(http, Arc::new(wire), cookie, p115::Limits { rate: config.rate }, now.clone());
    let options = cloud::Options {
        root: config.root,
        page_size: config.page_size,
        unbound_links: config.link_binding == config::LinkBinding::Auto,
    };
    Ok(Cloud::new(client, now, options))
}

fn wire(config: &config::Wire) -> Result<p115::Wire, String> {
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

/// What `check --online` found out about a mount: each step that was tried, and what went wrong.
#[derive(Debug)]
pub struct Probe {
    pub mount: String,
    pub steps: Vec<(String, Result<String, String>)>,
}

/// Tries each mount: session and root, listing, and a link to the first file found there.
pub async fn probe(config: &Config) -> Vec<Probe> {
    let deps = match Deps::real() {
        Ok(deps) => deps,
        Err(error) => {
            let steps = vec![("HTTP client".to_owned(), Err(format!("{error}. Are CA certificates installed?")))];
            return vec![Probe { mount: "/".to_owned(), steps }];
        }
    };
    let mut probes = Vec::with_capacity(config.mounts.len());
    for mount in &config.mounts {
        let mut steps = Vec::with_capacity(3);
        try_mount(mount, &deps, &mut steps).await;
        probes.push(Probe { mount: mount.path.to_string(), steps });
    }
    probes
}

async fn try_mount(config: &MountConfig, deps: &Deps, steps: &mut Vec<(String, Result<String, String>)>) {
    let mut step = |name: &str, result: Result<String>| {
        steps.push((name.to_owned(), result.map_err(|error| error.message().to_owned())))
    };
    let drive = match drive(config, deps) {
        Ok(drive) => drive,
        Err(error) => return step("session", Err(error)),
    };
    let root = match drive.root().await {
        Ok(root) => {
            step("session", Ok(drive.account().to_owned()));
            root
        }
        Err(error) => return step("session", Err(error)),
    };
    let page = match drive.list(&root, None).await {
        Ok(page) => {
            step("listing", Ok(format!("{} entries on the first page of the root", page.entries.len())));
            page
        }
        Err(error) => return step("listing", Err(error)),
    };
    match page.entries.iter().find(|entry| entry.size() > 0) {
        None => step("link", Ok("not tried: there is no file in the root".to_owned())),
        Some(file) => {
            let link = drive.link(file, &Audience::Gateway).await;
            step(
                "link",
                link.map(|link| {
                    format!("{:?}, {} connections on it, expires {:?}", link.binding, link.connections, link.expires)
                }),
            );
        }
    }
}
