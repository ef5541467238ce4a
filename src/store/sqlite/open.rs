//! From a folder to a database that can be trusted: made, examined, refused with a copy, or brought to the newest form.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, config::DbConfig};

use super::{failure, rows::MIGRATIONS};
use crate::error::{Error, Kind, Result};

pub(super) const FILE: &str = "gate115.db";
/// `g115`, in the header of each database of ours.
const APPLICATION: i32 = 0x6731_3135;
/// How long another process may hold the database.
const BUSY: Duration = Duration::from_secs(5);

/// Two connections: one that writes, one that only reads.
pub(super) fn open(dir: &Path) -> Result<(Connection, Connection)> {
    open_as(dir, MIGRATIONS)
}

pub(super) fn open_as(dir: &Path, migrations: &[&str]) -> Result<(Connection, Connection)> {
    let at_start = |error| failure::at_start(dir, error);
    prepare(dir).map_err(|error| failure::of_folder(dir, error))?;
    let file = dir.join(FILE);
    let mut writes = connect(&file).map_err(at_start)?;
    let found = patiently(|| examine(&writes)).or_else(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Ok(Found::Damaged(error.to_string())),
        _ => Err(at_start(error)),
    })?;
    let known = migrations.len();
    match found {
        Found::Ours(version) if version > known => return Err(newer(&writes, &file, version, known)),
        Found::Ours(version) => {
            if 0 < version && version < known {
                let copy = with_suffix(&file, &format!(".schema-{version}"));
                keep(&writes, &copy).map_err(at_start)?;
                tracing::info!(copy = %copy.display(), "the database is brought to a newer form; this is a copy of the old");
            }
        }
        Found::Damaged(how) => return Err(damaged(&file, &how)),
        Found::Foreign => {
            return Err(Error::new(
                Kind::Storage,
                format!("{} is a database of another program. Set data_dir to another folder.", file.display()),
            ));
        }
    }
    patiently(|| set_up(&mut writes, migrations)).map_err(at_start)?;
    let reads = connect(&file).map_err(at_start)?;
    reads.pragma_update(None, "query_only", true).map_err(at_start)?;
    Ok((writes, reads))
}

/// SQLite does not wait where two might wait for each other: while several processes turn a new database into one with a
/// WAL, all but one are told at once that it is locked.
fn patiently<T>(mut work: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    const STEP: Duration = Duration::from_millis(20);
    let mut left = BUSY;
    loop {
        match work() {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && !left.is_zero() => {
                std::thread::sleep(STEP);
                left = left.saturating_sub(STEP);
            }
            outcome => return outcome,
        }
    }
}

/// The folder, and a file that is its owner's alone before anything is in it: SQLite gives its other files the same rights.
fn prepare(dir: &Path) -> io::Result<()> {
    if !dir.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(dir.join(FILE))?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0
        && let Err(error) = file.set_permissions(Permissions::from_mode(0o600))
    {
        tracing::warn!(%error, mode = format!("{mode:o}"), "others can read the database in data_dir, which holds logins");
    }
    Ok(())
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

enum Found {
    /// 0: still empty.
    Ours(usize),
    Damaged(String),
    Foreign,
}

/// Looks without changing anything, neither now nor, in a WAL that lies about, when the connection is closed.
fn examine(connection: &Connection) -> rusqlite::Result<Found> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // One moment, for another process may be making it right now.
    let snapshot = connection.unchecked_transaction()?;
    let number = |name| snapshot.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let problem: String = snapshot.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if problem != "ok" {
        return Ok(Found::Damaged(problem));
    }
    let tables: i64 = snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match usize::try_from(version) {
        Ok(0) if application == 0 && tables == 0 => Found::Ours(0),
        Ok(version) if application == APPLICATION && version > 0 => Found::Ours(version),
        _ => Found::Foreign,
    })
}

fn set_up(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    // Where the file system has no shared memory it stays as it was, which only makes readers wait.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What a full disk or many writes have made of the WAL does not stay on the disk.
    connection.pragma_update_and_check(None, "journal_size_limit", 8 << 20, |_| Ok(()))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let version = transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))?;
    for migration in migrations.iter().skip(usize::try_from(version).unwrap_or_default()) {
        transaction.execute_batch(migration)?;
    }
    // Written at each start, so that a folder which cannot be written is noticed now.
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(
        None,
        "user_version",
        i32::try_from(migrations.len()).unwrap_or(i32::MAX).max(version),
    )?;
    transaction.commit()
}

fn newer(connection: &Connection, file: &Path, version: usize, known: usize) -> Error {
    let copy = with_suffix(file, &format!(".schema-{version}"));
    let kept = keep(connection, &copy).map(|()| copy).map_err(|error| error.to_string());
    Error::new(
        Kind::Storage,
        format!(
            "The database {} is of a newer version of gate115 (schema {version}; this one knows {known}). It was not changed. {} {} {}",
            file.display(),
            told(kept),
            "Use the newer version again, or",
            ANEW
        ),
    )
}

fn damaged(file: &Path, how: &str) -> Error {
    let kept = keep_raw(file).map_err(|error| error.to_string());
    Error::new(
        Kind::Storage,
        format!(
            "The database {} is damaged ({how}). It was not changed. {} Put a backup in its place, or {ANEW}",
            file.display(),
            told(kept),
        ),
    )
}

const ANEW: &str = "move it away (with its -wal and -shm) to start with an empty one: logins that are not in the \
                    configuration have to be made again.";

fn told(kept: Result<PathBuf, String>) -> String {
    match kept {
        Ok(copy) => format!("A copy is kept at {}.", copy.display()),
        Err(why) => format!("No copy could be made: {why}."),
    }
}

/// A whole copy of a sound database, also while another process is writing to it. One that is there already stays.
fn keep(connection: &Connection, copy: &Path) -> rusqlite::Result<()> {
    if copy.exists() {
        return Ok(());
    }
    let half = with_suffix(copy, ".half");
    let io = |error: io::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    // Before anything is in it. One that was left half done is begun again.
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half).map_err(io)?;
    connection.execute("VACUUM INTO ?1", [half.to_string_lossy()])?;
    fs::rename(&half, copy).map_err(io)
}

/// The bytes as they are, of the database and its WAL. Named by when it was last written, so that a gateway that is
/// started again and again keeps one copy.
fn keep_raw(file: &Path) -> io::Result<PathBuf> {
    let written = fs::metadata(file)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let suffix = format!(".damaged-{written}");
    let copy = with_suffix(file, &suffix);
    for part in ["-wal", ""] {
        let (from, to) = (with_suffix(file, part), with_suffix(&copy, part));
        if to.exists() || fs::metadata(&from).map_or(true, |from| from.len() == 0) {
            continue;
        }
        let half = with_suffix(&to, ".half");
        fs::copy(&from, &half)?;
        fs::set_permissions(&half, Permissions::from_mode(0o600))?;
        fs::rename(&half, &to)?;
    }
    Ok(copy)
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
