//! What must survive a restart or be shared between processes: keys and bytes below, typed tables above them.
//!
//! `serve` and a `login` or `check --online` beside it open one store. The bytes of credentials are not encrypted: a key
//! would have to lie beside them. What protects them is that the database is its user's alone (0600).

pub mod credentials;
pub mod leases;
mod memory;
pub mod secrets;
pub mod sessions;
mod sqlite;
pub mod tickets;
mod watch;

use std::fmt;

use async_trait::async_trait;

pub use memory::Memory;
pub use sqlite::Sqlite;
pub use watch::Watch;

use crate::error::{Error, Kind, Result};

/// Keys and bytes, in tables that are bounded, with versions to compare and ends on our clock.
///
/// Every failure is a [`Kind::Storage`] but a wait that was too long, which is [`Kind::Busy`].
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// What is under this key, unless its end has passed.
    async fn get(&self, table: Table, key: &str) -> Result<Option<Stored>>;

    /// Writes or, without a value, removes, if what is there is as expected. `None`: it was not, and nothing has
    /// changed; so too where there was nothing to remove. Where the table says so, it is on the disk before this
    /// returns.
    async fn write(&self, table: Table, key: &str, expected: Expected, value: Option<Value>)
    -> Result<Option<Version>>;

    /// The entries whose keys begin with `prefix`, in order of their keys, from the one behind `after`: at most `limit`
    /// of them, fewer where they are large.
    async fn scan(&self, table: Table, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page>;

    /// A number that grows with every write and removal by anybody, and with nothing else. Cheap.
    async fn version(&self, table: Table) -> Result<Version>;

    /// Writes, whatever is there.
    async fn put(&self, table: Table, key: &str, value: Value) -> Result<Version> {
        let written = self.write(table, key, Expected::Anything, Some(value)).await?;
        written.ok_or_else(|| Error::new(Kind::Storage, "The store refused a write that had no condition."))
    }

    /// Compare and swap: writes if the entry still has this version (`None`: if there is no entry).
    async fn swap(&self, table: Table, key: &str, of: Option<Version>, value: Value) -> Result<Option<Version>> {
        self.write(table, key, of.map_or(Expected::Nothing, Expected::Version), Some(value)).await
    }

    /// True if there was something to remove.
    async fn remove(&self, table: Table, key: &str) -> Result<bool> {
        Ok(self.write(table, key, Expected::Anything, None).await?.is_some())
    }
}

/// A namespace of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// What accounts log in with ([`credentials`]).
    Credentials,
    /// Who may do alone what only one may do at a time ([`leases`]).
    Leases,
    /// Logins under way ([`tickets`]).
    Tickets,
    /// When which account must keep still: written by whoever speaks to its service.
    Pauses,
    /// Calls by the hour, for thirty days (`crate::ledger`).
    Ledger,
    /// What folders held when they were read last (`vfs::shelf`).
    Listings,
    /// What was found by its path (`vfs::shelf`).
    Folders,
    /// What mounts were when they were started last (`vfs::shelf`).
    Starts,
    /// What the gateway made up to guard itself with ([`secrets`]).
    Secrets,
    /// Logins of people that have ended before their time ([`sessions`]).
    Sessions,
}

/// How much a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub entries: u64,
    /// Of keys and values together; no single value is larger either.
    pub bytes: u64,
    pub when_full: WhenFull,
}

/// What happens to a write that finds no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// What was written longest ago gives way.
    Prune,
    /// It fails.
    Refuse,
}

/// Longer keys are a mistake.
const MAX_KEY: usize = 1024;
const MIB: u64 = 1 << 20;

impl Table {
    pub const ALL: [Self; 10] = [
        Self::Credentials,
        Self::Leases,
        Self::Tickets,
        Self::Pauses,
        Self::Ledger,
        Self::Listings,
        Self::Folders,
        Self::Starts,
        Self::Secrets,
        Self::Sessions,
    ];

    /// As it stands in the database: never changed, never used again for something else.
    const fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Leases => "leases",
            Self::Tickets => "tickets",
            Self::Pauses => "pauses",
            Self::Ledger => "ledger",
            Self::Listings => "listings",
            Self::Folders => "folders",
            Self::Starts => "starts",
            Self::Secrets => "secrets",
            Self::Sessions => "sessions",
        }
    }

    pub const fn bounds(self) -> Bounds {
        match self {
            Self::Credentials => Bounds { entries: 1024, bytes: 8 * MIB, when_full: WhenFull::Refuse },
            Self::Leases => Bounds { entries: 4096, bytes: MIB, when_full: WhenFull::Refuse },
            // Anybody may begin a login; the newest is the one that somebody is looking at.
            Self::Tickets => Bounds { entries: 256, bytes: MIB, when_full: WhenFull::Prune },
            Self::Pauses => Bounds { entries: 1024, bytes: MIB, when_full: WhenFull::Prune },
            // Thirty days are 720 hours.
            Self::Ledger => Bounds { entries: 1024, bytes: 32 * MIB, when_full: WhenFull::Prune },
            // About 90 bytes an entry, twice that or more with a thumbnail: 700,000 entries.
            Self::Listings => Bounds { entries: 50_000, bytes: 64 * MIB, when_full: WhenFull::Prune },
            Self::Folders => Bounds { entries: 50_000, bytes: 16 * MIB, when_full: WhenFull::Prune },
            Self::Starts => Bounds { entries: 256, bytes: MIB, when_full: WhenFull::Prune },
            Self::Secrets => Bounds { entries: 64, bytes: MIB, when_full: WhenFull::Refuse },
            // An end that is forgotten would be a login that works again.
            Self::Sessions => Bounds { entries: 65_536, bytes: 8 * MIB, when_full: WhenFull::Refuse },
        }
    }

    /// Whether a write must be on the disk before it returns. The rest outlives the process, and a power failure may
    /// take the last of it.
    const fn is_durable(self) -> bool {
        match self {
            Self::Credentials | Self::Pauses | Self::Secrets | Self::Sessions => true,
            Self::Leases | Self::Tickets | Self::Ledger | Self::Listings | Self::Folders | Self::Starts => false,
        }
    }

    /// Refuses what no bound could make room for.
    fn admit(self, key: &str, value: Option<&Value>) -> Result<()> {
        let size = key.len() + value.map_or(0, |value| value.bytes.len());
        if key.len() > MAX_KEY || size as u64 > self.bounds().bytes {
            return Err(Error::new(
                Kind::Storage,
                format!("{size} bytes are too many for the store's {}.", self.name()),
            ));
        }
        Ok(())
    }

    fn full(self) -> Error {
        Error::new(Kind::Storage, format!("The store has no room for more {}.", self.name()))
    }
}

/// Which write of its table made an entry: greater is later, and none is ever used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(i64);

impl Version {
    pub fn number(self) -> u64 {
        self.0.unsigned_abs()
    }
}

/// What is to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    pub bytes: Vec<u8>,
    /// Unix seconds of our clock; from then on it is not there any more.
    pub ends: Option<u64>,
}

impl Value {
    /// Without an end.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), ends: None }
    }

    #[must_use]
    pub fn until(self, ends: u64) -> Self {
        Self { ends: Some(ends), ..self }
    }
}

impl fmt::Debug for Value {
    /// Any value may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").field("bytes", &self.bytes.len()).field("ends", &self.ends).finish()
    }
}

/// What is kept, and which write it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub version: Version,
    pub value: Value,
}

/// What must be there for a write to happen; an entry past its end counts as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Anything,
    Nothing,
    Version(Version),
}

impl Expected {
    fn is(self, found: Option<Version>) -> bool {
        match self {
            Self::Anything => true,
            Self::Nothing => found.is_none(),
            Self::Version(version) => found == Some(version),
        }
    }
}

/// Some entries in order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    pub entries: Vec<(String, Stored)>,
    /// Whether more may follow behind the last one.
    pub more: bool,
}

/// A page of a scan takes no more than about this, whatever its limit.
const PAGE_BYTES: usize = 4 << 20;

impl Page {
    /// The head of `entries`, which are in order and all of them wanted.
    fn fill<E>(limit: usize, entries: impl Iterator<Item = Result<(String, Stored), E>>) -> Result<Self, E> {
        let mut page = Self::default();
        let mut bytes = 0;
        for entry in entries {
            if page.entries.len() >= limit || bytes >= PAGE_BYTES {
                page.more = true;
                break;
            }
            let entry = entry?;
            bytes += entry.0.len() + entry.1.value.bytes.len();
            page.entries.push(entry);
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests;
