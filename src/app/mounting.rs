//! Getting mounts to work and keeping at it: a drive from its configuration, tried again with growing pauses.

use std::{sync::Arc, time::Duration};

use super::{App, Deps, accounts::Accounts, guards, logins, probe, shares};
use crate::{
    backend::{
        cloud::{self, Cloud},
        local::Local,
        open::{self, Open},
    },
    config::{self, Mount as MountConfig},
    drive::{Drive, Entry},
    error::{Error, Kind, Result},
    path::VirtualPath,
    vfs::{Ages, Delivery, Keeping, Memory, MinLife, Mount, Mounted, Policy, Start, State},
};

const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// A dead session seldom comes back: it is asked for less often.
const SESSION_PAUSE: Duration = Duration::from_secs(300);

/// What a mount's configuration says of its files.
pub(super) fn policy(config: &MountConfig) -> Policy {
    let cache = &config.cache;
    Policy {
        driver: config.drive.kind(),
        delivery: match config.given_out() {
            config::Delivery::Redirect => Delivery::Redirect,
            config::Delivery::Proxy => Delivery::Proxy,
            config::Delivery::Url(proxy) => Delivery::Url(Arc::clone(proxy)),
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
    let mut attempt = Attempt::default();
    // Before the first attempt: a login stored during one is heard of after it.
    let mut heard = app.logins.subscribe();
    let mut unpaused = app.pauses.subscribe();
    loop {
        match start(&app, &config, &mount, &mut attempt).await {
            Ok(mounted) => {
                tracing::info!(mount = %mount.path(), account = mounted.drive().account(), "the mount works");
                mount.set_state(State::Working(mounted));
                mount.set_remembered(None);
                return;
            }
            Err(error) => {
                // What was known stands in for what cannot be asked, and not for what is wrong.
                if !error.kind().is_unreachable() {
                    attempt.remembered = None;
                    mount.set_remembered(None);
                    app.shelf.forget_start(&start_key(&config));
                }
                if told.as_deref() != Some(error.message()) {
                    let shown = attempt.remembered.is_some();
                    tracing::error!(mount = %mount.path(), ?error, shown, "the mount cannot be started; it is tried again");
                    told = Some(error.message().to_owned());
                }
                let least = if error.kind() == Kind::Session { SESSION_PAUSE } else { pause };
                let wait = error.wait().unwrap_or_default().max(least);
                mount.set_state(State::Failed(error.retry_after(Some(wait))));
                tokio::select! {
                    () = tokio::time::sleep(wait) => pause = (pause * 2).min(LONGEST_PAUSE),
                    () = logins::newer(&app, &config, &mut heard) => {
                        tracing::info!(mount = %mount.path(), "somebody has logged in; the mount is tried again");
                        attempt.remembered = None;
                        pause = FIRST_PAUSE;
                    }
                    () = guards::ended(&attempt.drive, &mut unpaused) => {
                        tracing::info!(mount = %mount.path(), "somebody has ended the pause; the mount is tried again");
                        pause = FIRST_PAUSE;
                    }
                }
            }
        }
    }
}

/// What one attempt to start a mount leaves to the next.
#[derive(Default)]
struct Attempt {
    /// The configuration gave another login, which has not worked yet.
    unproven: bool,
    /// The drive as it was at the last start that worked; it is shown until it works again.
    remembered: Option<Arc<Mounted>>,
    /// The drive that was tried last.
    drive: Option<Arc<dyn Drive>>,
}

async fn start(app: &Arc<App>, config: &MountConfig, mount: &Mount, attempt: &mut Attempt) -> Result<Arc<Mounted>> {
    let drive = match &attempt.remembered {
        Some(remembered) => Arc::clone(remembered.drive()),
        None => {
            let (drive, changed) = drive(config, &app.deps, &app.accounts).await?;
            attempt.unproven |= changed;
            if !attempt.unproven {
                attempt.remembered = remember(app, config, &drive).await;
            }
            mount.set_remembered(attempt.remembered.clone());
            drive
        }
    };
    attempt.drive = Some(Arc::clone(&drive));
    let root = drive.root().await?;
    if attempt.unproven {
        probe::prove(&config.path, &*drive, &root).await?;
        attempt.unproven = false;
    }
    if let Some(advice) = probe::skew(&*drive) {
        tracing::warn!(mount = %config.path, "{advice}");
    }
    let account = drive.account().to_owned();
    let Some(listed_as) = drive.listed_as() else {
        return Ok(Arc::new(mounted(app, config, drive, &account, root, None)));
    };
    let key = start_key(config);
    let now = Start { account, listed_as, root };
    let before = app.shelf.start(&key).await;
    match attempt.remembered.take() {
        Some(remembered) if before.as_ref() == Some(&now) => Ok(remembered),
        _ => {
            let memory = app.shelf.memory(&now.listed_as, &now.root).await;
            let mounted = mounted(app, config, drive, &now.account, now.root.clone(), Some(memory));
            app.shelf.started(&key, now);
            Ok(Arc::new(mounted))
        }
    }
}

/// The mount as it was at its last start, where the drive is the same, as far as it can be told without asking 115.
async fn remember(app: &Arc<App>, config: &MountConfig, drive: &Arc<dyn Drive>) -> Option<Arc<Mounted>> {
    let last = app.shelf.start(&start_key(config)).await?;
    if drive.listed_as().is_some_and(|of| of != last.listed_as || drive.account() != last.account) {
        return None;
    }
    let memory = app.shelf.memory(&last.listed_as, &last.root).await;
    Some(Arc::new(mounted(app, config, Arc::clone(drive), &last.account, last.root, Some(memory))))
}

fn mounted(
    app: &Arc<App>,
    config: &MountConfig,
    drive: Arc<dyn Drive>,
    account: &str,
    root: Entry,
    memory: Option<Memory>,
) -> Mounted {
    let budget = app.budget(account);
    Mounted::new(drive, root, memory, &policy(config), budget, &app.deps.clock, &app.tasks)
}

/// What a mount's last start is kept under: another folder is another start.
pub(super) fn start_key(config: &MountConfig) -> String {
    format!("{} {} {}", config.drive.kind(), config.drive.root(), config.path)
}

fn nobody(path: &VirtualPath) -> Error {
    let what = format!(
        "Nobody has logged in for this mount. Run `gate115 login {path}`, or write the cookie of a browser that is logged in to 115.com into the configuration (`cookie`)."
    );
    Error::new(Kind::Session, what)
}

/// A mount's drive, and whether the configuration has just given it another login.
pub(super) async fn drive(config: &MountConfig, deps: &Deps, accounts: &Accounts) -> Result<(Arc<dyn Drive>, bool)> {
    match &config.drive {
        config::Drive::Cloud(cloud) => {
            let login = accounts.cookie(&cloud.login, cloud.wire.as_ref(), &config.path, deps).await?;
            let (client, changed) = login.ok_or_else(|| nobody(&config.path))?;
            let options = cloud::Options {
                root: cloud.root,
                page_size: cloud.page_size,
                unbound_links: cloud.link_binding == config::LinkBinding::Auto,
            };
            Ok((Arc::new(Cloud::new(&client, accounts.clock.clone(), options)), changed))
        }
        config::Drive::Open(open) => {
            let (client, changed) = accounts.open(open, &config.path, deps).await?;
            let options = open::Options { root: open.root, page_size: open.page_size };
            Ok((Arc::new(Open::new(&client, accounts.clock.clone(), options)), changed))
        }
        config::Drive::Share(share) => {
            let (share, changed) = shares::share(share, config, deps, accounts).await?;
            Ok((Arc::new(share), changed))
        }
        config::Drive::Local(local) => Ok((Arc::new(Local::new(local.root.clone())), false)),
    }
}
