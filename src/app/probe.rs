//! Trying what a mount can do: each step by itself, so that the one that fails has a name.

use std::{sync::Arc, time::Duration};

use super::{Deps, accounts::Accounts, mounting};
use crate::{
    config::{Config, Mount as MountConfig},
    drive::{Asker, Audience, Binding, Drive, Entry},
    error::{Error, Kind, Result},
    ledger::{Hours, Ledger},
    path::VirtualPath,
};

/// How far back calls are told of.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A clock this far from 115's makes links look dead, or live on when they are.
const SKEWED: u64 = 60;

/// What was found out about a mount: each step that was tried, and what went wrong.
#[derive(Debug)]
pub struct Probe {
    pub mount: String,
    pub steps: Vec<(String, Result<String, String>)>,
}

/// What was found out about all mounts, and what was asked of their accounts lately.
#[derive(Debug)]
pub struct Findings {
    pub probes: Vec<Probe>,
    /// The calls of the last 24 hours, by every process that shares `data_dir`; or why they are not known.
    pub calls: Result<Hours, String>,
}

/// Tries each mount: session and root, listing, and a link to the first file found there, or that file itself.
pub async fn probe(config: &Config) -> Findings {
    let deps = match Deps::real(&config.data_dir).await {
        Ok(deps) => deps,
        Err(error) => {
            let steps = vec![("start".to_owned(), Err(error.message().to_owned()))];
            return Findings { probes: vec![Probe { mount: "/".to_owned(), steps }], calls: Ok(Hours::default()) };
        }
    };
    let ledger = Arc::new(Ledger::new(Arc::clone(&deps.store), deps.clock.clone()));
    let accounts = Arc::new(Accounts::new(&deps.clock, &ledger));
    accounts.configure(config);
    let mut probes = Vec::with_capacity(config.mounts.len());
    for mount in &config.mounts {
        probes.push(probe_mount(mount, &deps, &accounts).await);
    }
    accounts.settled().await;
    super::write_down(&ledger).await;
    Findings { probes, calls: ledger.hours(DAY).await.map_err(|error| error.message().to_owned()) }
}

pub(super) async fn probe_mount(config: &MountConfig, deps: &Deps, accounts: &Accounts) -> Probe {
    let mut steps = Steps(Vec::with_capacity(5));
    match mounting::drive(config, deps, accounts).await {
        Ok((drive, _)) => try_drive(&*drive, deps.clock.unix(), &mut steps).await,
        Err(error) => steps.step("session", Err(error)),
    }
    Probe { mount: config.path.to_string(), steps: steps.0 }
}

struct Steps(Vec<(String, Result<String, String>)>);

impl Steps {
    fn step(&mut self, name: &str, result: Result<String>) {
        self.0.push((name.to_owned(), result.map_err(|error| error.message().to_owned())));
    }
}

async fn try_drive(drive: &dyn Drive, now: u64, steps: &mut Steps) {
    let session = if drive.local().is_some() { "root" } else { "session" };
    let root = match drive.root().await {
        Ok(root) => root,
        // The login is good enough to say so.
        Err(error) if error.kind() == Kind::NotFound => return steps.step("root", Err(error)),
        Err(error) => return steps.step(session, Err(error)),
    };
    match drive.standing().await {
        Ok(()) => steps.step(session, Ok(drive.account().to_owned())),
        Err(error) => return steps.step(session, Err(error)),
    }
    if let Some(advice) = skew(drive) {
        steps.step("clock", Err(Error::new(Kind::Internal, advice)));
    }
    if let Some(space) = drive.space() {
        // What it says is worth a line, and nothing depends on it.
        let told = match space.room().await {
            Ok(room) => format!("{} of {} GiB taken", gib(room.used), gib(room.total)),
            Err(error) => format!("not told: {}", error.message()),
        };
        steps.step("space", Ok(told));
    }
    let first = match drive.list(&root, None, &Asker::task()).await {
        Ok(page) => {
            steps.step("listing", Ok(format!("{} entries on the first page of the root", page.entries.len())));
            page.entries.into_iter().find(is_worth_a_try)
        }
        Err(error) => return steps.step("listing", Err(error)),
    };
    let last = if drive.local().is_some() { "file" } else { "link" };
    let told = match &first {
        None => Ok("not tried: there is no file in the root".to_owned()),
        Some(file) => fetch(drive, file, now).await,
    };
    steps.step(last, told);
}

/// Empty files need no link, and those that are still being uploaded have none.
fn is_worth_a_try(entry: &Entry) -> bool {
    entry.can_be_opened() && entry.size() > 0
}

/// A link to the file, or the file, in words.
async fn fetch(drive: &dyn Drive, file: &Entry, now: u64) -> Result<String> {
    if let Some(local) = drive.local() {
        let opened = local.open(file).await?;
        return Ok(format!("opened one of {} bytes", opened.entry.size()));
    }
    let link = drive.link(file, &Audience::Gateway, &Asker::task()).await?;
    let works = match link.binding {
        Binding::None => "works for every client",
        Binding::UserAgent => "works for the User-Agent that asks",
        Binding::Cookie => "works for the relay alone",
    };
    let connections = match link.connections {
        0 => "any number of connections".to_owned(),
        n => format!("{n} connections at a time"),
    };
    let life = link.expires.map_or("a time that 115 does not say".to_owned(), |expires| {
        format!("{} minutes", expires.saturating_sub(now) / 60)
    });
    Ok(format!("{works}, {connections}, for {life}"))
}

/// Tries a login that is new, once: the session has answered already. A listing that fails, and a session that 115 has
/// ended, keep the mount from starting; a link that fails is said, since folders can be shown all the same.
pub(super) async fn prove(mount: &VirtualPath, drive: &dyn Drive, root: &Entry) -> Result<()> {
    let named = |step: &str| {
        let step = step.to_owned();
        move |error: Error| {
            let what = format!("The login is new, and its {step} failed when it was tried: {}", error.message());
            Error::new(error.kind(), what).retry_after(error.wait()).source(error)
        }
    };
    drive.standing().await.map_err(named("session"))?;
    let page = drive.list(root, None, &Asker::task()).await.map_err(named("listing"))?;
    if let Some(file) = page.entries.iter().find(|entry| is_worth_a_try(entry))
        && drive.local().is_none()
        && let Err(error) = drive.link(file, &Audience::Gateway, &Asker::task()).await.map_err(named("link"))
    {
        tracing::error!(%mount, ?error, "{}", error.message());
    }
    Ok(())
}

/// What to say where the service's clock and ours are too far apart.
pub(super) fn skew(drive: &dyn Drive) -> Option<String> {
    let skew = drive.skew().filter(|skew| skew.unsigned_abs() >= SKEWED)?;
    let (by, which) = (skew.unsigned_abs(), if skew > 0 { "behind" } else { "ahead of" });
    Some(format!(
        "The clock of this machine is {by} seconds {which} 115's: links may look expired, or be given out when they are. Set the clock (NTP)."
    ))
}

fn gib(bytes: u64) -> u64 {
    bytes >> 30
}
