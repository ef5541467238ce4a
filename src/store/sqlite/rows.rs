//! The statements: one entry is one row, and a table's sums are kept by triggers.

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, named_params, params};

use super::super::{Expected, Page, Stored, Table, Value, Version, WhenFull};

/// Each step makes a database of the version before into one of its own; the first begins with an empty one. A step that
/// has been released is never changed.
///
/// `version` is the table's count of changes when the row was written, so it is its age as well.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE tables (
        name TEXT PRIMARY KEY, changes INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE entries (
        of_table TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, ends INTEGER, value BLOB NOT NULL,
        UNIQUE (of_table, key)
    ) STRICT;
    CREATE INDEX entries_by_age ON entries (of_table, version);
    CREATE INDEX entries_by_end ON entries (of_table, ends) WHERE ends IS NOT NULL;
    CREATE TRIGGER entry_comes AFTER INSERT ON entries BEGIN
        UPDATE tables SET entries = entries + 1, bytes = bytes + octet_length(NEW.key) + octet_length(NEW.value)
            WHERE name = NEW.of_table;
    END;
    CREATE TRIGGER entry_goes AFTER DELETE ON entries BEGIN
        UPDATE tables SET entries = entries - 1, bytes = bytes - octet_length(OLD.key) - octet_length(OLD.value)
            WHERE name = OLD.of_table;
    END;
"];

/// Rows past their end that one write takes away with it.
const SWEPT_AT_ONCE: u32 = 256;

pub(super) enum Outcome {
    Written(Version),
    Unexpected,
    Full,
}

pub(super) fn get(connection: &Connection, now: i64, table: Table, key: &str) -> rusqlite::Result<Option<Stored>> {
    connection
        .prepare_cached(
            "SELECT version, ends, value FROM entries WHERE of_table = ?1 AND key = ?2 AND (ends IS NULL OR ends > ?3)",
        )?
        .query_row(params![table.name(), key, now], stored)
        .optional()
}

pub(super) fn write(
    connection: &mut Connection,
    now: i64,
    table: Table,
    key: &str,
    expected: Expected,
    value: Option<Value>,
) -> rusqlite::Result<Outcome> {
    // In a WAL, FULL brings a commit to the disk, and NORMAL leaves that to the next checkpoint.
    connection.execute_batch(if table.is_durable() {
        "PRAGMA synchronous = FULL"
    } else {
        "PRAGMA synchronous = NORMAL"
    })?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let of = table.name();
    let found = transaction
        .prepare_cached("SELECT version FROM entries WHERE of_table = ?1 AND key = ?2 AND (ends IS NULL OR ends > ?3)")?
        .query_row(params![of, key, now], |row| row.get(0).map(Version))
        .optional()?;
    if !expected.is(found) || (found.is_none() && value.is_none()) {
        return Ok(Outcome::Unexpected);
    }
    transaction.prepare_cached("DELETE FROM entries WHERE of_table = ?1 AND key = ?2")?.execute(params![of, key])?;
    transaction
        .prepare_cached(
            "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries WHERE of_table = ?1 AND ends <= ?2 LIMIT ?3)",
        )?
        .execute(params![of, now, SWEPT_AT_ONCE])?;
    let version: i64 = transaction
        .prepare_cached(
            "INSERT INTO tables (name, changes, entries, bytes) VALUES (?1, 1, 0, 0) \
             ON CONFLICT DO UPDATE SET changes = changes + 1 RETURNING changes",
        )?
        .query_row([of], |row| row.get(0))?;
    if let Some(Value { bytes, ends }) = value {
        transaction
            .prepare_cached(
                "INSERT INTO entries (of_table, key, version, ends, value) VALUES (:of, :key, :version, :ends, :value)",
            )?
            .execute(named_params! {
                ":of": of, ":key": key, ":version": version, ":value": bytes,
                ":ends": ends.map(|ends| i64::try_from(ends).unwrap_or(i64::MAX)),
            })?;
        if !make_room(&transaction, table, version)? {
            return Ok(Outcome::Full);
        }
    }
    transaction.commit()?;
    Ok(Outcome::Written(Version(version)))
}

/// False where the table is over its bounds and has to stay within them by refusing.
fn make_room(connection: &Connection, table: Table, newest: i64) -> rusqlite::Result<bool> {
    let bounds = table.bounds();
    loop {
        let (entries, bytes): (u64, u64) = connection
            .prepare_cached("SELECT entries, bytes FROM tables WHERE name = ?1")?
            .query_row([table.name()], |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))?;
        if entries <= bounds.entries && bytes <= bounds.bytes {
            return Ok(true);
        }
        let pruned = bounds.when_full == WhenFull::Prune
            && connection
                .prepare_cached(
                    "DELETE FROM entries WHERE rowid = \
                     (SELECT rowid FROM entries WHERE of_table = ?1 AND version < ?2 ORDER BY version LIMIT 1)",
                )?
                .execute(params![table.name(), newest])?
                > 0;
        if !pruned {
            return Ok(false);
        }
    }
}

pub(super) fn scan(
    connection: &Connection,
    now: i64,
    table: Table,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Page> {
    // Texts are compared byte by byte, and so are strings here.
    let mut statement = connection.prepare_cached(
        "SELECT key, version, ends, value FROM entries \
         WHERE of_table = ?1 AND key >= ?2 AND (?3 IS NULL OR key > ?3) AND (ends IS NULL OR ends > ?4) ORDER BY key",
    )?;
    let from = after.map_or(prefix, |after| after.max(prefix));
    let mut rows = statement.query(params![table.name(), from, after, now])?;
    let found = std::iter::from_fn(|| {
        let row = match rows.next() {
            Ok(row) => row?,
            Err(error) => return Some(Err(error)),
        };
        match row.get::<_, String>(0) {
            Ok(key) if !key.starts_with(prefix) => None,
            Ok(key) => Some(entry(row, key)),
            Err(error) => Some(Err(error)),
        }
    });
    Page::fill(limit, found)
}

pub(super) fn version(connection: &Connection, table: Table) -> rusqlite::Result<Version> {
    let found = connection
        .prepare_cached("SELECT changes FROM tables WHERE name = ?1")?
        .query_row([table.name()], |row| row.get(0).map(Version))
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn entry(row: &Row<'_>, key: String) -> rusqlite::Result<(String, Stored)> {
    Ok((key, stored(row)?))
}

/// From the columns `version`, `ends` and `value`.
fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let ends = row.get::<_, Option<i64>>("ends")?.map(|ends| u64::try_from(ends).unwrap_or_default());
    Ok(Stored { version: Version(row.get("version")?), value: Value { bytes: row.get("value")?, ends } })
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}
