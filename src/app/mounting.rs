//! Getting mounts to work and keeping at it: a drive from its configuration, tried again with growing pauses.

use std::{sync::Arc, time::Duration};

use super::{App, Deps, accounts::Accounts, logins};
use crate::{
    backend::{
        cloud::{self, Cloud},
        local::Local,
        open::{self, Open},
    },
    config::{self, Config, Mount as MountConfig},
    drive::{Audience, Drive},
    error::{Kind, Result},
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
    // Before the first attempt: a login stored during one is heard of after it.
    let mut heard = app.logins.subscribe();
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
                tokio::select! {
                    () = tokio::time::sleep(wait) => pause = (pause * 2).min(LONGEST_PAUSE),
                    () = logins::newer(&app, &config, &mut heard) => {
                        tracing::info!(mount = %mount.path(), "somebody has logged in; the mount is tried again");
                        pause = FIRST_PAUSE;
                    }
                }
            }
        }
    }
}

async fn start(app: &Arc<App>, config: &MountConfig) -> Result<Mounted> {
    let drive = drive(config, &app.deps, &app.accounts).await?;
    let root = drive.root().await?;
    let budget = app.budget(drive.account());
    Ok(Mounted::new(drive, root, &policy(config), budget, &app.deps.clock, &app.tasks))
}

async fn drive(config: &MountConfig, deps: &Deps, accounts: &Accounts) -> Result<Arc<dyn Drive>> {
    match &config.drive {
        config::Drive::Cloud(cloud) => {
            let client = accounts.client(cloud, deps)?;
            let options = cloud::Options {
                root: cloud.root,
                page_size: cloud.page_size,
                unbound_links: cloud.link_binding == config::LinkBinding::Auto,
            };
            Ok(Arc::new(Cloud::new(client, accounts.clock.clone(), options)))
        }
        config::Drive::Open(open) => {
            let client = accounts.open(open, &config.path, deps).await?;
            let options = open::Options { root: open.root, page_size: open.page_size };
            Ok(Arc::new(Open::new(client, accounts.clock.clone(), options)))
        }
        config::Drive::Local(local) => Ok(Arc::new(Local::new(local.root.clone()))),
    }
}

/// What `check --online` found out about a mount: each step that was tried, and what went wrong.
#[derive(Debug)]
pub struct Probe {
    pub mount: String,
    pub steps: Vec<(String, Result<String, String>)>,
}

/// Tries each mount: session and root, listing, and a link to the first file found there, or that file itself.
pub async fn probe(config: &Config) -> Vec<Probe> {
    let deps = match Deps::real(&config.data_dir).await {
        Ok(deps) => deps,
        Err(error) => {
            let steps = vec![("start".to_owned(), Err(error.message().to_owned()))];
            return vec![Probe { mount: "/".to_owned(), steps }];
        }
    };
    let accounts = Accounts::new(&deps.clock);
    accounts.configure(config);
    let mut probes = Vec::with_capacity(config.mounts.len());
    for mount in &config.mounts {
        let mut steps = Vec::with_capacity(3);
        try_mount(mount, &deps, &accounts, &mut steps).await;
        probes.push(Probe { mount: mount.path.to_string(), steps });
    }
    accounts.settled().await;
    probes
}

async fn try_mount(
    config: &MountConfig,
    deps: &Deps,
    accounts: &Accounts,
    steps: &mut Vec<(String, Result<String, String>)>,
) {
    let mut step = |name: &str, result: Result<String>| {
        steps.push((name.to_owned(), result.map_err(|error| error.message().to_owned())))
    };
    let drive = match drive(config, deps, accounts).await {
        Ok(drive) => drive,
        Err(error) => return step("session", Err(error)),
    };
    let (first, last) = if drive.local().is_some() { ("root", "file") } else { ("session", "link") };
    let root = match drive.root().await {
        Ok(root) => {
            step(first, Ok(drive.account().to_owned()));
            root
        }
        Err(error) => return step(first, Err(error)),
    };
    let page = match drive.list(&root, None).await {
        Ok(page) => {
            step("listing", Ok(format!("{} entries on the first page of the root", page.entries.len())));
            page
        }
        Err(error) => return step("listing", Err(error)),
    };
    match (page.entries.iter().find(|entry| entry.size() > 0), drive.local()) {
        (None, _) => step(last, Ok("not tried: there is no file in the root".to_owned())),
        (Some(file), Some(local)) => {
            let opened = local.open(file).await;
            step(last, opened.map(|opened| format!("opened one of {} bytes", opened.entry.size())));
        }
        (Some(file), None) => {
            let link = drive.link(file, &Audience::Gateway).await;
            step(
                last,
                link.map(|link| {
                    format!("{:?}, {} connections on it, expires {:?}", link.binding, link.connections, link.expires)
                }),
            );
        }
    }
}
