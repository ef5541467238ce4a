//! Credentials: for each account the newest of what the configuration said, a login gave and a renewal brought.

mod holds;
mod record;
mod renewal;

use std::{fmt, sync::Arc};

pub use holds::{Fingerprint, Newest, newest};
pub use record::{Held, Origin, Secret};
pub use renewal::{Abandon, Begin, Refusal, Renewal};

use self::record::Record;
use super::{Expected, Store, Table, Version, leases::Leases};
use crate::{
    clock::Clock,
    error::{Error, Kind, Result},
    path::VirtualPath,
};

/// The credentials of all accounts.
#[derive(Debug, Clone)]
pub struct Credentials {
    store: Arc<dyn Store>,
    leases: Leases,
    clock: Clock,
}

/// Whose credential: the type of its drive and the path of its mount, as in `115-cloud:/115`.
///
/// Two mounts may have one credential in the configuration, and a renewal made for one of them would end the other's
/// tokens; so [`Credentials::account`] gives both the account of the one that came first, also after a mount has moved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account(String);

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What to log in with.
#[derive(Debug)]
pub enum Holding {
    Stored(Held),
    /// What the configuration says is newer: to be tried, and then given to [`Credentials::adopt`].
    Config,
    /// Somebody has to log in.
    Nothing,
}

const PAGE: usize = 64;

impl Credentials {
    /// `owner` is what this process calls itself where it excludes others, as for [`Leases::new`].
    pub fn new(store: Arc<dyn Store>, clock: Clock, owner: &str) -> Self {
        let leases = Leases::new(Arc::clone(&store), clock.clone(), owner);
        Self { store, leases, clock }
    }

    /// The account of a mount with this type of drive, at this path, with this in its configuration.
    pub async fn account(&self, kind: &str, mount: &VirtualPath, config: Option<&Fingerprint>) -> Result<Account> {
        let own = Account(format!("{kind}:{mount}"));
        let Some(config) = config else { return Ok(own) };
        let prefix = format!("{kind}:");
        let mut other = None;
        let mut after = None;
        loop {
            let page = self.store.scan(Table::Credentials, &prefix, after.as_deref(), PAGE).await?;
            for (key, stored) in &page.entries {
                // One that cannot be read is its own account's trouble.
                if !Record::read(stored).is_ok_and(|(record, _)| record.config.as_ref() == Some(config)) {
                    continue;
                }
                if *key == own.0 {
                    return Ok(own);
                }
                other.get_or_insert_with(|| Account(key.clone()));
            }
            match page.entries.into_iter().next_back() {
                Some((last, _)) if page.more => after = Some(last),
                _ => return Ok(other.unwrap_or(own)),
            }
        }
    }

    /// Which credential holds, now that the configuration says this. To be asked once for each reading of the file, by
    /// who has read it: a process that asks again with what the file said before would undo what was written since.
    pub async fn holding(&self, account: &Account, config: Option<&Fingerprint>) -> Result<Holding> {
        loop {
            let Some((mut record, version)) = self.read(account).await? else {
                return Ok(config.map_or(Holding::Nothing, |_| Holding::Config));
            };
            match newest(Some(record.config.as_ref()), config) {
                Newest::Config => return Ok(Holding::Config),
                _ if record.config.as_ref() == config => return Ok(Holding::Stored(record.held())),
                _ => record.config = config.cloned(),
            }
            if self.swap(account, Some(version), &record).await?.is_some() {
                return Ok(Holding::Stored(record.held()));
            }
        }
    }

    /// Takes what the configuration says, unless another process has done so meanwhile. On the disk before it returns.
    pub async fn adopt(&self, account: &Account, config: &Fingerprint, secret: &Secret) -> Result<Held> {
        self.replace(account, |before| match newest(before.map(|before| before.config.as_ref()), Some(config)) {
            Newest::Config => {
                let mut next = Record::next(before, secret, Origin::Config, self.clock.unix());
                next.config = Some(config.clone());
                Some(next)
            }
            _ => None,
        })
        .await
    }

    /// Takes what a login gave. `config` is what the configuration says at this moment: the login is newer than that. On
    /// the disk before it returns. What cannot be read gives way.
    pub async fn log_in(&self, account: &Account, config: Option<&Fingerprint>, secret: &Secret) -> Result<Held> {
        let stored = self.store.get(Table::Credentials, &account.0).await?;
        if let Some(stored) = stored.filter(|stored| Record::read(stored).is_err()) {
            let broken = Expected::Version(stored.version);
            self.store.write(Table::Credentials, &account.0, broken, None).await?;
        }
        self.replace(account, |before| {
            let mut next = Record::next(before, secret, Origin::Login, self.clock.unix());
            next.config = config.cloned();
            Some(next)
        })
        .await
    }

    /// What holds, whoever wrote it last.
    pub async fn current(&self, account: &Account) -> Result<Option<Held>> {
        Ok(self.read(account).await?.map(|(record, _)| record.held()))
    }

    async fn read(&self, account: &Account) -> Result<Option<(Record, Version)>> {
        let stored = self.store.get(Table::Credentials, &account.0).await?;
        stored.as_ref().map(Record::read).transpose()
    }

    async fn swap(&self, account: &Account, of: Option<Version>, record: &Record) -> Result<Option<Version>> {
        self.store.swap(Table::Credentials, &account.0, of, record.write()?).await
    }

    /// Puts what `next` makes of the record in its place, however often somebody else is faster. Where it makes nothing,
    /// what is there stays.
    async fn replace(&self, account: &Account, next: impl Fn(Option<&Record>) -> Option<Record>) -> Result<Held> {
        loop {
            let (before, version) = self.read(account).await?.unzip();
            match (next(before.as_ref()), before) {
                (Some(next), _) => {
                    if self.swap(account, version, &next).await?.is_some() {
                        return Ok(next.held());
                    }
                }
                (None, Some(before)) => return Ok(before.held()),
                (None, None) => return Err(nothing_held(account)),
            }
        }
    }
}

fn nothing_held(account: &Account) -> Error {
    Error::new(Kind::Session, format!("Nothing is stored to log in to {account} with. Log in again."))
}

#[cfg(test)]
mod tests;
