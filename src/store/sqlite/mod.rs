//! The store in a SQLite database: two connections, each at work for one caller at a time, never on an async thread.

mod failure;
mod open;
mod rows;

use std::{fmt, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{Mutex, Semaphore};

use self::rows::Outcome;
use super::{Expected, Page, Store, Stored, Table, Value, Version};
use crate::{
    clock::Clock,
    error::{Error, Kind, Result},
};

/// A database in `data_dir`, which several processes may have open. Reads do not wait for writes.
pub struct Sqlite {
    clock: Clock,
    writes: Desk,
    reads: Desk,
}

impl Sqlite {
    /// Opens the database in this folder; makes both where there are none (folder 0700, database 0600), and keeps a
    /// copy of what it must bring to a newer form. Refuses, with what to do about it and with nothing changed, a folder
    /// that cannot be written, a full disk, a damaged database and one of a newer version.
    pub async fn open(data_dir: &Path, clock: Clock) -> Result<Self> {
        let dir = data_dir.to_owned();
        let opened = tokio::task::spawn_blocking(move || open::open(&dir)).await;
        let (writes, reads) = opened.map_err(interrupted)??;
        Ok(Self { clock, writes: Desk::new(writes), reads: Desk::new(reads) })
    }

    fn now(&self) -> i64 {
        i64::try_from(self.clock.unix()).unwrap_or(i64::MAX)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn get(&self, table: Table, key: &str) -> Result<Option<Stored>> {
        let (now, key) = (self.now(), key.to_owned());
        self.reads.run(move |connection| rows::get(connection, now, table, &key)).await
    }

    /// A caller that is dropped while this waits for its turn has written nothing; later, it is written all the same.
    async fn write(
        &self,
        table: Table,
        key: &str,
        expected: Expected,
        value: Option<Value>,
    ) -> Result<Option<Version>> {
        table.admit(key, value.as_ref())?;
        let (now, key) = (self.now(), key.to_owned());
        let job = move |connection: &mut Connection| rows::write(connection, now, table, &key, expected, value);
        match self.writes.run(job).await? {
            Outcome::Written(version) => Ok(Some(version)),
            Outcome::Unexpected => Ok(None),
            Outcome::Full => Err(table.full()),
        }
    }

    async fn scan(&self, table: Table, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page> {
        let (now, prefix, after) = (self.now(), prefix.to_owned(), after.map(str::to_owned));
        self.reads.run(move |connection| rows::scan(connection, now, table, &prefix, after.as_deref(), limit)).await
    }

    async fn version(&self, table: Table) -> Result<Version> {
        self.reads.run(move |connection| rows::version(connection, table)).await
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").finish_non_exhaustive()
    }
}

/// Callers that may wait for one connection.
const WAITING: usize = 256;
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection and the queue before it.
struct Desk {
    connection: Arc<Mutex<Connection>>,
    places: Semaphore,
}

impl Desk {
    fn new(connection: Connection) -> Self {
        Self { connection: Arc::new(Mutex::new(connection)), places: Semaphore::new(WAITING) }
    }

    /// The lock is taken here and let go of on the blocking thread, so no more than one thread waits for the disk.
    async fn run<T, J>(&self, job: J) -> Result<T>
    where
        T: Send + 'static,
        J: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let _place = self.places.try_acquire().map_err(|_| too_busy())?;
        let turn = Arc::clone(&self.connection).lock_owned();
        let mut connection = tokio::time::timeout(PATIENCE, turn).await.map_err(|_| too_busy())?;
        let done = tokio::task::spawn_blocking(move || job(&mut connection)).await;
        done.map_err(interrupted)?.map_err(failure::at_work)
    }
}

fn too_busy() -> Error {
    Error::new(Kind::Busy, "Too much waits for the database in data_dir. Is its disk very slow?")
}

fn interrupted(error: tokio::task::JoinError) -> Error {
    Error::new(Kind::Storage, "Work on the database in data_dir was broken off.").source(error)
}

#[cfg(test)]
mod tests;
