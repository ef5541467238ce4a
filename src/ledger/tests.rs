//! Counting, storing and reading back: by the hour, by several processes, and where the store fails.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::store::{Expected, Memory, Page, Sqlite, Stored, Version};

const A: &str = "115-cloud:1";
const DAY: Duration = Duration::from_secs(24 * HOUR);

fn made(call: &'static str) -> Made {
    Made { call, class: "list", caller: "person", family: "browser", outcome: "ok", took: Duration::from_millis(20) }
}

fn memory() -> (Arc<dyn Store>, Clock) {
    let clock = Clock::default();
    // So that an hour does not end within a test.
    clock.advance(Duration::from_secs(HOUR - clock.unix() % HOUR));
    (Arc::new(Memory::new(clock.clone())), clock)
}

async fn calls(ledger: &Ledger, back: Duration) -> u64 {
    ledger.hours(back).await.unwrap().total(A).calls
}

#[tokio::test]
async fn what_is_stored_and_what_waits_are_seen_as_one() {
    let (store, clock) = memory();
    let ledger = Ledger::new(Arc::clone(&store), clock.clone());
    ledger.note(A, &made("files"));
    ledger.flush().await.unwrap();
    ledger.note(A, &made("files"));
    ledger.note(A, &Made { outcome: "waf", caller: "scan", ..made("getid") });
    ledger.note("115-open:2", &made("files"));
    let hours = ledger.hours(DAY).await.unwrap();
    assert_eq!(hours.accounts().into_iter().collect::<Vec<_>>(), [A, "115-open:2"]);
    assert_eq!(hours.total(A), Count { calls: 3, ms: 60 });
    let count = |calls| Count { calls, ms: calls * 20 };
    assert_eq!(hours.by(A, [Column::Call]), [(["files"], count(2)), (["getid"], count(1))]);
    assert_eq!(
        hours.by(A, [Column::Caller, Column::Outcome]),
        [(["person", "ok"], count(2)), (["scan", "waf"], count(1))]
    );
    assert_eq!(hours.by("nobody", [Column::Class]), []);
    assert_eq!(hours.total("nobody"), Count::default());
    // Another process sees what was stored, a later one too.
    ledger.flush().await.unwrap();
    ledger.flush().await.unwrap();
    assert_eq!(calls(&Ledger::new(store, clock), DAY).await, 3);
}

#[tokio::test]
async fn hours_pass_and_after_thirty_days_they_are_gone() {
    let (store, clock) = memory();
    let ledger = Ledger::new(Arc::clone(&store), clock.clone());
    let hour = Duration::from_secs(HOUR);
    for _ in 0..30 {
        ledger.note(A, &made("files"));
        clock.advance(hour);
    }
    // Unstored hours are told apart as well: this one is the thirty-first, and empty.
    assert_eq!(calls(&ledger, hour).await, 0);
    assert_eq!(calls(&ledger, 3 * hour).await, 2);
    assert_eq!(calls(&ledger, DAY).await, 23);
    ledger.flush().await.unwrap();
    assert_eq!(store.scan(Table::Ledger, "", None, 100).await.unwrap().entries.len(), 30);
    assert_eq!(calls(&ledger, 3 * hour).await, 2);
    assert_eq!(calls(&ledger, DAY).await, 23);

    clock.advance(KEPT - 20 * hour);
    assert_eq!(calls(&ledger, KEPT).await, 19, "the first eleven are older than thirty days");
    ledger.note(A, &made("files"));
    ledger.flush().await.unwrap();
    assert_eq!(calls(&ledger, KEPT).await, 20);
    clock.advance(KEPT + hour);
    assert_eq!(calls(&ledger, 2 * KEPT).await, 0);
    ledger.note(A, &made("files"));
    ledger.flush().await.unwrap();
    assert_eq!(store.scan(Table::Ledger, "", None, 100).await.unwrap().entries.len(), 1, "pruned");
}

#[tokio::test]
async fn more_hours_than_a_page_of_the_store_has_are_read() {
    let (store, clock) = memory();
    let ledger = Ledger::new(store, clock.clone());
    for _ in 0..150 {
        ledger.note(A, &made("files"));
        ledger.flush().await.unwrap();
        clock.advance(Duration::from_secs(HOUR));
    }
    assert_eq!(calls(&ledger, KEPT).await, 150);
}

#[tokio::test]
async fn of_several_processes_each_call_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let (_, clock) = memory();
    let processes = (0..3).map(|_| {
        let (dir, clock) = (dir.path().to_owned(), clock.clone());
        tokio::spawn(async move {
            let store = Arc::new(Sqlite::open(&dir, clock.clone()).await.unwrap());
            let ledger = Ledger::new(store, clock);
            for _ in 0..20 {
                ledger.note(A, &made("files"));
                // Too many others at once is a failure to try again, as it is for `keep`.
                while let Err(error) = ledger.flush().await {
                    assert_eq!(error.kind(), Kind::Busy);
                }
            }
        })
    });
    for process in processes.collect::<Vec<_>>() {
        process.await.unwrap();
    }
    let store = Arc::new(Sqlite::open(dir.path(), clock.clone()).await.unwrap());
    assert_eq!(calls(&Ledger::new(store, clock), DAY).await, 60);
}

#[tokio::test]
async fn a_damaged_hour_is_as_if_it_were_not_there() {
    let (store, clock) = memory();
    let ledger = Ledger::new(Arc::clone(&store), clock.clone());
    ledger.note(A, &made("files"));
    ledger.flush().await.unwrap();
    clock.advance(Duration::from_secs(HOUR));
    store.put(Table::Ledger, &key(ledger.hour()), Value::new(*b"\0\xff{")).await.unwrap();
    assert_eq!(calls(&ledger, DAY).await, 1);
    ledger.note(A, &made("files"));
    ledger.flush().await.unwrap();
    assert_eq!(calls(&ledger, DAY).await, 2, "and is written anew");
}

/// A store whose disk is full while it is told so.
#[derive(Debug)]
struct Full {
    store: Memory,
    full: AtomicBool,
    refused: AtomicU64,
}

#[async_trait]
impl Store for Full {
    async fn get(&self, table: Table, key: &str) -> Result<Option<Stored>> {
        self.store.get(table, key).await
    }

    async fn write(&self, table: Table, key: &str, of: Expected, value: Option<Value>) -> Result<Option<Version>> {
        if self.full.load(Ordering::Relaxed) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(Kind::Storage, "The disk is full."));
        }
        self.store.write(table, key, of, value).await
    }

    async fn scan(&self, table: Table, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page> {
        self.store.scan(table, prefix, after, limit).await
    }

    async fn version(&self, table: Table) -> Result<Version> {
        self.store.version(table).await
    }
}

/// What was logged at `warn` and `info`, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_said_once_and_what_was_counted_meanwhile_is_stored_later() {
    let log = Log::default();
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    let _log = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let (_, clock) = memory();
    let store =
        Arc::new(Full { store: Memory::new(clock.clone()), full: AtomicBool::new(true), refused: AtomicU64::new(0) });
    let ledger = Arc::new(Ledger::new(Arc::clone(&store) as Arc<dyn Store>, clock.clone()));
    let stop = CancellationToken::new();
    let keeping = tokio::spawn(Arc::clone(&ledger).keep(stop.clone()));
    let text = || String::from_utf8(log.0.lock().clone()).unwrap();
    for _ in 0..5 {
        ledger.note(A, &made("files"));
        tokio::time::sleep(EVERY + Duration::from_secs(1)).await;
    }
    assert!(store.refused.load(Ordering::Relaxed) >= 5);
    assert_eq!(calls(&ledger, DAY).await, 5, "it goes on from memory");
    assert_eq!(text().matches("counts wait in memory").count(), 1, "{}", text());

    store.full.store(false, Ordering::Relaxed);
    tokio::time::sleep(EVERY + Duration::from_secs(1)).await;
    assert_eq!(text().matches("stored again").count(), 1, "{}", text());
    let stored = Ledger::new(Arc::clone(&store) as Arc<dyn Store>, clock.clone());
    assert_eq!(calls(&stored, DAY).await, 5);

    // What was counted last is stored at the end.
    ledger.note(A, &made("files"));
    stop.cancel();
    keeping.await.unwrap();
    assert_eq!(calls(&stored, DAY).await, 6);
}

#[tokio::test]
async fn what_waits_for_a_store_that_fails_is_bounded() {
    let (_, clock) = memory();
    let store = Full { store: Memory::new(clock.clone()), full: AtomicBool::new(true), refused: AtomicU64::new(0) };
    let ledger = Ledger::new(Arc::new(store), clock.clone());
    for _ in 0..100 {
        ledger.note(A, &made("files"));
        ledger.flush().await.unwrap_err();
        clock.advance(Duration::from_secs(HOUR));
    }
    assert_eq!(ledger.counted.lock().pending.len(), WAITING);
    assert_eq!(calls(&ledger, KEPT).await, WAITING as u64);
    let running: u64 = ledger.running().calls().map(|(.., calls)| calls).sum();
    assert_eq!(running, 100);
}
