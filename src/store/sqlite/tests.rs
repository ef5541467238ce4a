//! The database as a file: its rights, its copies, what is refused, a full disk, other processes and their deaths.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    time::Duration,
};

use rstest::rstest;
use tempfile::{TempDir, tempdir};

use super::{
    open::{FILE, open_as},
    rows::MIGRATIONS,
    *,
};
use crate::{
    path::VirtualPath,
    store::credentials::{Account, Begin, Credentials, Secret},
};

const LATER: &[&str] = &[MIGRATIONS[0], "CREATE TABLE later (x)"];

async fn open(dir: &Path) -> Result<Sqlite> {
    Sqlite::open(dir, Clock::default()).await
}

/// A folder with a database that has something in it and is in use by nobody.
async fn filled() -> TempDir {
    let dir = tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    for number in 0..200 {
        store.put(Table::Credentials, &format!("{number}"), Value::new(vec![number; 500])).await.unwrap();
    }
    dir
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn folder_and_files_are_their_owners_alone() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("state").join("data");
    let store = open(&data).await.unwrap();
    store.put(Table::Credentials, "a", Value::new(*b"1")).await.unwrap();
    assert_eq!(mode(&data), 0o700);
    assert_eq!(names(&data), [FILE.to_owned(), format!("{FILE}-shm"), format!("{FILE}-wal")]);
    for name in names(&data) {
        assert_eq!(mode(&data.join(&name)), 0o600, "{name}");
    }
    drop(store);
    fs::set_permissions(data.join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
    open(&data).await.unwrap();
    assert_eq!(mode(&data.join(FILE)), 0o600);
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_in_another_process() {
    let dir = tempdir().unwrap();
    let one = open(dir.path()).await.unwrap();
    let two = open(dir.path()).await.unwrap();
    for table in Table::ALL {
        let before = two.version(table).await.unwrap();
        let version = one.put(table, "a", Value::new(*b"1")).await.unwrap();
        assert_ne!(two.version(table).await.unwrap(), before);
        assert_eq!(two.get(table, "a").await.unwrap().unwrap().version, version);
        assert!(two.swap(table, "a", Some(version), Value::new(*b"2")).await.unwrap().is_some());
        assert_eq!(one.swap(table, "a", Some(version), Value::new(*b"3")).await.unwrap(), None);
    }
    drop((one, two));
    let again = open(dir.path()).await.unwrap();
    for table in Table::ALL {
        assert_eq!(again.get(table, "a").await.unwrap().unwrap().value, Value::new(*b"2"));
    }
}

#[tokio::test]
async fn several_may_make_the_database_at_once() {
    let dir = tempdir().unwrap();
    let opening = (0..8).map(|number| {
        let dir = dir.path().to_owned();
        tokio::spawn(async move {
            let store = open(&dir).await.unwrap();
            store.put(Table::Tickets, &format!("{number}"), Value::new(*b"1")).await.unwrap();
        })
    });
    for task in opening.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let page = open(dir.path()).await.unwrap().scan(Table::Tickets, "", None, 10).await.unwrap();
    assert_eq!(page.entries.len(), 8);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named_with_what_to_do() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    for (data, want) in [
        (file.clone(), "is not a folder. Set data_dir to"),
        (file.join("data"), "is not a folder. Set data_dir to"),
        // Nobody can write there, not even root.
        ("/proc/self/data".into(), "cannot be written: "),
    ] {
        let error = open(&data).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Storage);
        assert!(error.message().contains(want), "{error:?}");
        assert!(error.message().contains(data.to_str().unwrap()), "{error:?}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[rstest]
#[case("its first bytes", 0)]
#[case("a page within", 4096 * 9)]
#[tokio::test]
async fn a_damaged_database_is_refused_and_copied_once(#[case] name: &str, #[case] at: usize) {
    let dir = filled().await;
    let file = dir.path().join(FILE);
    let mut bytes = fs::read(&file).unwrap();
    assert!(bytes.len() > at + 4096, "{}", bytes.len());
    bytes[at..at + 4096].fill(0x5a);
    fs::write(&file, &bytes).unwrap();
    for _ in 0..3 {
        let error = open(dir.path()).await.expect_err(name);
        assert_eq!(error.kind(), Kind::Storage);
        for want in ["is damaged", "It was not changed. A copy is kept at ", "move it away"] {
            assert!(error.message().contains(want), "{name}: {error:?}");
        }
        assert!(fs::read(&file).unwrap() == bytes, "{name}: it was changed");
    }
    let names = names(dir.path());
    let copies: Vec<_> = names.iter().filter(|name| name.contains(".damaged-")).collect();
    assert_eq!(copies.len(), 1, "{names:?}");
    let copy = dir.path().join(copies[0]);
    assert!(fs::read(&copy).unwrap() == bytes && mode(&copy) == 0o600);
    // As the message says.
    fs::rename(&file, dir.path().join("away")).unwrap();
    for part in ["-wal", "-shm"] {
        _ = fs::remove_file(dir.path().join(format!("{FILE}{part}")));
    }
    open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join(FILE), "a letter to my aunt, longer than the header of a database ".repeat(20)).unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(error.message().contains("is damaged"), "{error:?}");
}

#[tokio::test]
async fn a_newer_database_is_refused_with_a_copy_and_stays_as_it_is() {
    let dir = filled().await;
    drop(open_as(dir.path(), LATER).unwrap());
    let file = dir.path().join(FILE);
    let before = fs::read(&file).unwrap();
    for _ in 0..2 {
        let error = open(dir.path()).await.unwrap_err();
        let copy = dir.path().join(format!("{FILE}.schema-2"));
        for want in ["schema 2; this one knows 1", "It was not changed", copy.to_str().unwrap()] {
            assert!(error.message().contains(want), "{error:?}");
        }
        assert!(fs::read(&file).unwrap() == before, "it was changed");
        assert_eq!(mode(&copy), 0o600);
    }
    let elsewhere = tempdir().unwrap();
    fs::rename(dir.path().join(format!("{FILE}.schema-2")), elsewhere.path().join(FILE)).unwrap();
    let (copy, _) = open_as(elsewhere.path(), LATER).unwrap();
    assert!(rows::get(&copy, 0, Table::Credentials, "7").unwrap().is_some());
}

#[tokio::test]
async fn an_older_database_is_copied_and_then_brought_to_the_newest_form() {
    let dir = filled().await;
    let (now, _) = open_as(dir.path(), LATER).unwrap();
    assert!(rows::get(&now, 0, Table::Credentials, "7").unwrap().is_some());
    now.execute("INSERT INTO later VALUES (1)", []).unwrap();
    let elsewhere = tempdir().unwrap();
    fs::rename(dir.path().join(format!("{FILE}.schema-1")), elsewhere.path().join(FILE)).unwrap();
    let copy = open(elsewhere.path()).await.unwrap();
    assert!(copy.get(Table::Credentials, "7").await.unwrap().is_some());
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let dir = filled().await;
    let broken: &[&str] = &[MIGRATIONS[0], "CREATE TABLE later (x); CREATE TABLE later (x)"];
    assert!(open_as(dir.path(), broken).is_err());
    let store = open(dir.path()).await.unwrap();
    assert!(store.get(Table::Credentials, "7").await.unwrap().is_some());
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    let dir = tempdir().unwrap();
    let other = Connection::open(dir.path().join(FILE)).unwrap();
    other.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(other);
    let before = fs::read(dir.path().join(FILE)).unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(error.message().contains("another program"), "{error:?}");
    assert!(fs::read(dir.path().join(FILE)).unwrap() == before);
}

#[tokio::test]
async fn a_full_disk_is_an_error_to_who_writes_and_nobody_else() {
    let dir = tempdir().unwrap();
    let store = Arc::new(open(dir.path()).await.unwrap());
    let credentials = Credentials::new(store.clone(), Clock::default(), "test");
    let account = account(&credentials).await;
    credentials.log_in(&account, None, &Secret::Cookie("1".into())).await.unwrap();
    store.put(Table::Tickets, "a", Value::new(*b"1")).await.unwrap();

    limit_pages(&store, 1).await;
    let large = || Secret::Cookie("2".repeat(100_000).into());
    let error = store.put(Table::Tickets, "b", Value::new(vec![0; 100_000])).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Storage);
    assert!(error.message().contains("is full. Make room"), "{error:?}");
    assert!(credentials.log_in(&account, None, &large()).await.is_err());
    assert_eq!(store.get(Table::Tickets, "a").await.unwrap().unwrap().value, Value::new(*b"1"));
    assert_eq!(store.get(Table::Tickets, "b").await.unwrap(), None);
    assert_eq!(credentials.current(&account).await.unwrap().unwrap().generation, 1);

    // What is begun can be finished once there is room again, and not before.
    let begin = credentials.begin(&account, 1, Duration::from_secs(15)).await.unwrap();
    let Begin::Yours { renewal, .. } = begin else { panic!("{begin:?}") };
    assert_eq!(credentials.finish(&renewal, &large()).await.unwrap_err().kind(), Kind::Storage);
    limit_pages(&store, u32::MAX).await;
    assert_eq!(credentials.finish(&renewal, &large()).await.unwrap().generation, 2);
    store.put(Table::Tickets, "b", Value::new(vec![0; 100_000])).await.unwrap();
}

async fn limit_pages(store: &Sqlite, pages: u32) {
    // No limit is below what is in use.
    store.writes.connection.lock().await.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_start_is_said_then() {
    let dir = tempdir().unwrap();
    let full = format!("PRAGMA max_page_count = 2; {}", MIGRATIONS[0]);
    let error = open_as(dir.path(), &[&full]).unwrap_err();
    assert!(error.message().contains("is full. Make room there"), "{error:?}");
}

#[tokio::test]
async fn a_held_database_is_waited_for_and_reads_go_on() {
    let dir = tempdir().unwrap();
    let store = Arc::new(open(dir.path()).await.unwrap());
    store.put(Table::Tickets, "a", Value::new(*b"1")).await.unwrap();
    let other = Connection::open(dir.path().join(FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.put(Table::Tickets, "a", Value::new(*b"2")).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(store.get(Table::Tickets, "a").await.unwrap().unwrap().value, Value::new(*b"1"));
    assert!(!writing.is_finished());
    other.execute_batch("COMMIT").unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(store.get(Table::Tickets, "a").await.unwrap().unwrap().value, Value::new(*b"2"));
}

#[tokio::test]
async fn the_queue_before_the_disk_is_bounded() {
    let dir = tempdir().unwrap();
    let store = Arc::new(open(dir.path()).await.unwrap());
    let held = store.writes.connection.lock().await;
    let waiting: Vec<_> = (0..WAITING + 10)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.put(Table::Tickets, &number.to_string(), Value::new(*b"")).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(held);
    let mut refused = 0;
    for task in waiting {
        if let Err(error) = task.await.unwrap() {
            assert_eq!(error.kind(), Kind::Busy);
            refused += 1;
        }
    }
    assert_eq!(refused, 10);
}

const CHILD: &str = "GATE115_TEST_STORE";

/// Renews a credential again and again, and says of each that it is kept.
#[tokio::test]
#[ignore = "is the process that the next test kills"]
async fn child() {
    let dir = std::env::var_os(CHILD).expect("the folder to work in");
    let store = Arc::new(open(Path::new(&dir)).await.unwrap());
    let credentials = Credentials::new(store, Clock::default(), "child");
    let account = account(&credentials).await;
    loop {
        let generation = credentials.current(&account).await.unwrap().unwrap().generation;
        match credentials.begin(&account, generation, Duration::ZERO).await.unwrap() {
            Begin::Yours { renewal, .. } => {
                let new = Secret::Cookie((generation + 1).to_string().repeat(300).into());
                let held = credentials.finish(&renewal, &new).await.unwrap();
                writeln!(io::stdout(), "kept {}", held.generation).unwrap();
            }
            // Of one that was killed.
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

#[tokio::test]
async fn what_a_killed_process_has_kept_is_kept() {
    let dir = tempdir().unwrap();
    let here = open(dir.path()).await.unwrap();
    let credentials = Credentials::new(Arc::new(here), Clock::default(), "parent");
    let account = account(&credentials).await;
    credentials.log_in(&account, None, &Secret::Cookie("1".into())).await.unwrap();
    drop(credentials);
    for round in 1..6_u32 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::sqlite::tests::child", "--ignored", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut kept =
            lines.map_while(|line| line.ok()).filter_map(|line| line.strip_prefix("kept ")?.parse::<u64>().ok());
        let last = kept.nth(10).expect("it keeps nothing");
        std::thread::sleep(Duration::from_micros(u64::from(round) * 700));
        child.kill().unwrap();
        // What it managed to say before it died counts as well.
        let last = kept.last().unwrap_or(last);
        child.wait().unwrap();

        let store = Arc::new(open(dir.path()).await.unwrap());
        let held = Credentials::new(store, Clock::default(), "parent").current(&account).await.unwrap().unwrap();
        assert!(held.generation == last || held.generation == last + 1, "{} after {last}", held.generation);
    }
}

async fn account(credentials: &Credentials) -> Account {
    credentials.account("115-cloud", &VirtualPath::from_plain("/115").unwrap(), None).await.unwrap()
}

#[tokio::test]
async fn credentials_are_on_the_disk_before_a_write_returns() {
    let dir = tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    for (table, want) in [(Table::Tickets, 1), (Table::Credentials, 2), (Table::Leases, 1), (Table::Credentials, 2)] {
        store.put(table, "a", Value::new(*b"1")).await.unwrap();
        let connection = store.writes.connection.lock().await;
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        // 2 is FULL: the WAL is synced by each commit.
        assert_eq!(pragma("synchronous").unwrap(), rusqlite::types::Value::Integer(want), "{table:?}");
        assert_eq!(pragma("journal_mode").unwrap(), rusqlite::types::Value::Text("wal".to_owned()));
    }
}

#[test]
fn many_may_make_a_new_one_at_once() {
    for _ in 0..40 {
        let dir = tempdir().unwrap();
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| open::open(dir.path()).map(drop))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for one in made {
            one.unwrap();
        }
    }
}
