//! What was learnt of folders outlives a restart and the end of its time, and is never believed for longer than it may be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use gate115::{
    app::App,
    clock::Clock,
    drive::Progress,
    error::{Error, Kind, Result},
    path::VirtualPath,
    store::{Expected, Memory, Page, Store, Stored, Table, Value, Version},
    vfs::State,
};
use rstest::rstest;
use sim115::{Content, Fault, On, Sim, Times};

use crate::support::{Service, TestApp, cloud_of, open_of, world};

const DAY: Duration = Duration::from_secs(86_400);
/// Past the time of a listing, and well within its grace.
const PAST: Duration = Duration::from_secs(1801);

fn films(sim: &Sim) {
    sim.file("/films/known.mkv", Content::pattern(1000));
    sim.file("/films/other.mkv", Content::pattern(1000));
    sim.file("/films/a/b/c/deep.mkv", Content::pattern(1000));
    sim.file("/top.mkv", Content::pattern(1000));
}

/// A gateway that has listed one folder and given out a file of it, and knows a file far below.
async fn knowing(service: Service) -> TestApp {
    let t = world(films).of(service).start().await;
    t.get("/115").send().await.is(200);
    t.get("/115/films").send().await.is(200);
    t.get("/d/115/films/known.mkv").follow().await.is(200);
    t.get("/d/115/films/a/b/c/deep.mkv").follow().await.is(200);
    t
}

async fn listed(t: &TestApp) -> Vec<(String, Vec<u8>)> {
    let page = t.store.scan(Table::Listings, "", None, 1000).await.unwrap();
    page.entries.into_iter().map(|(key, stored)| (key, stored.value.bytes)).collect()
}

#[rstest]
#[case::cloud(Service::Cloud)]
#[case::open(Service::Open)]
#[case::share(Service::Share)]
#[tokio::test]
async fn a_restart_costs_no_call_for_folders_and_one_for_a_file(#[case] service: Service) {
    let mut t = knowing(service).await;
    for _ in 0..2 {
        t.restart_well().await;
        for page in ["/115", "/115/films"] {
            let text = t.get(page).send().await.is(200).text();
            assert!(text.contains("films") && !text.contains("out of date"), "{text}");
        }
        t.get("/d/115/films/none.mkv").send().await.is(404);
        assert_eq!(t.api_calls(), 0);
        t.get("/d/115/films/a/b/c/deep.mkv").follow().await.is(200);
        t.get("/d/115/films/known.mkv").follow().await.is(200);
        assert_eq!((t.link_calls(), t.api_calls()), (2, 2));
    }
}

#[tokio::test]
async fn what_is_new_is_found_after_a_restart_as_before() {
    let mut t = knowing(Service::Cloud).await;
    t.sim.file("/films/new.mkv", Content::pattern(10));
    t.advance(Duration::from_secs(61));
    t.restart_well().await;
    t.get("/d/115/films/new.mkv").send().await.is(302);
    assert_eq!((t.calls("files"), t.calls("getid")), (1, 0), "a miss in a listing older than a minute");

    t.sim.file("/films/newer.mkv", Content::pattern(10));
    t.advance(Duration::from_secs(5));
    t.restart_well().await;
    t.get("/115/films?refresh=1").send().await.is(302);
    assert!(t.get("/115/films").send().await.is(200).text().contains("newer.mkv"), "a person waits for the new list");
    assert_eq!(t.calls("files"), 1);
}

#[tokio::test]
async fn a_mount_that_moves_and_a_second_one_know_what_the_first_learnt() {
    let mut t = knowing(Service::Cloud).await;
    t.config.mounts[0].path = VirtualPath::from_plain("/moved").unwrap();
    let mut second = t.config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/second").unwrap();
    cloud_of(&mut second).root = t.sim.id_of("/films").unwrap().0;
    t.config.mounts.push(second);
    t.restart().await;
    for number in 0..2 {
        t.works(number).await;
    }
    t.sim.ledger().reset();
    assert!(t.get("/moved/films").send().await.is(200).text().contains("other.mkv"));
    assert!(t.get("/second").send().await.is(200).text().contains("other.mkv"));
    t.get("/d/second/known.mkv").send().await.is(302);
    assert_eq!(t.api_calls(), 1, "{:?}", t.sim.ledger().take());
}

#[rstest]
#[case::at_work(false)]
#[case::restarted(true)]
#[tokio::test]
async fn past_its_time_a_folder_is_shown_at_once_and_read_anew_once(#[case] restart: bool) {
    let mut t = knowing(Service::Cloud).await;
    t.get("/d/115/top.mkv").send().await.is(302);
    t.advance(PAST);
    t.sim.file("/films/new.mkv", Content::pattern(10));
    if restart {
        t.restart_well().await;
    }
    t.sim.ledger().reset();
    let slow = t.sim.fault(On::Call("files"), Times::Always, Fault::Delay(Duration::from_millis(1500)));
    let crowd = join_all((0..20).map(|_| t.get("/115/films").send())).await;
    for page in crowd {
        let text = page.is(200).text();
        assert!(text.contains("known.mkv") && !text.contains("new.mkv"), "{text}");
        assert!(text.contains("listed 30 min ago") && !text.contains("out of date"), "{text}");
    }
    t.get("/d/115/films/other.mkv").send().await.is(302);
    assert!(slow.fired() <= 2);
    t.until("/115/films", |page| page.text().contains("new.mkv")).await;
    assert_eq!((t.calls("files"), t.calls("getid")), (2, 0), "the folder, and the one above it");
}

#[tokio::test]
async fn past_its_grace_a_folder_is_read_before_it_is_shown() {
    let mut t = knowing(Service::Cloud).await;
    t.advance(DAY + PAST);
    t.sim.file("/films/new.mkv", Content::pattern(10));
    t.restart_well().await;
    assert!(t.get("/115/films").send().await.is(200).text().contains("new.mkv"));
    assert_eq!(t.calls("files"), 2, "the folder, and the one above it");
}

#[tokio::test]
async fn a_name_that_is_missing_is_looked_for_before_it_is_said_to_be() {
    let t = knowing(Service::Cloud).await;
    t.advance(PAST);
    t.sim.file("/films/new.mkv", Content::pattern(10));
    t.sim.ledger().reset();
    t.get("/d/115/films/new.mkv").send().await.is(302);
    t.get("/d/115/films/none.mkv").send().await.is(404);
    t.advance(PAST);
    let fault = t.sim.fault(On::Call("files"), Times::Always, Fault::Errno(990_003, "操作失败"));
    t.get("/d/115/films/newer.mkv").send().await.is(502);
    assert!(fault.fired() > 0);
    t.get("/d/115/films/new.mkv").send().await.is(302);
}

#[tokio::test]
async fn a_reading_that_fails_is_said_and_not_repeated_at_any_pace() {
    let t = knowing(Service::Cloud).await;
    t.advance(PAST);
    let fault = t.sim.fault(On::Call("files"), Times::Always, Fault::Errno(990_003, "操作失败"));
    t.until("/115/films", |page| page.text().contains("out of date")).await;
    let fired = fault.fired();
    for _ in 0..10 {
        assert!(t.get("/115/films").send().await.is(200).text().contains("out of date"));
        t.advance(Duration::from_secs(2));
    }
    assert_eq!(fault.fired(), fired, "half a minute apart");
    t.sim.clear_faults();
    t.advance(Duration::from_secs(31));
    t.until("/115/films", |page| !page.text().contains("out of date")).await;
}

#[tokio::test]
async fn without_grace_nothing_is_shown_past_its_time() {
    let t = world(films).mount(|mount, _| mount.cache.grace = Duration::ZERO).start().await;
    t.get("/115/films").send().await.is(200);
    t.advance(PAST);
    t.sim.file("/films/new.mkv", Content::pattern(10));
    assert!(t.get("/115/films").send().await.is(200).text().contains("new.mkv"));
}

#[tokio::test]
async fn a_file_that_is_gone_is_gone_after_a_restart_too() {
    let mut t = knowing(Service::Cloud).await;
    t.sim.remove(t.sim.id_of("/films/other.mkv").unwrap());
    t.get("/d/115/films/other.mkv").send().await.is(410);
    t.restart_well().await;
    t.get("/d/115/films/other.mkv").send().await.is(404);
    assert_eq!((t.calls("files"), t.link_calls()), (1, 0));
}

#[tokio::test]
async fn a_folder_that_is_gone_does_not_come_back_with_a_restart() {
    let mut t = knowing(Service::Cloud).await;
    t.sim.remove(t.sim.id_of("/films").unwrap());
    t.advance(Duration::from_secs(5));
    t.get("/115/films?refresh=1").send().await;
    t.until("/115/films", |page| page.status == 404).await;
    t.restart_well().await;
    t.get("/115/films").send().await.is(404);
    t.get("/d/115/films/known.mkv").send().await.is(404);
    assert_eq!(t.link_calls(), 0);
}

#[rstest]
#[case::cloud(Service::Cloud)]
#[case::open(Service::Open)]
#[tokio::test]
async fn a_gateway_that_starts_while_the_account_rests_serves_what_it_knew(#[case] service: Service) {
    let mut t = knowing(service).await;
    t.advance(3 * DAY);
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Waf);
    t.restart().await;
    assert_eq!(t.failed().await.kind(), Kind::Paused);
    t.sim.ledger().reset();
    let page = t.get("/115/films").send().await.is(200).text();
    assert!(page.contains("other.mkv") && page.contains("firewall"), "{page}");
    if service == Service::Cloud {
        // Of 115 Open the file was asked for alone.
        assert!(t.get("/115/films/a/b/c").send().await.is(200).text().contains("deep.mkv"));
    }
    for path in ["/d/115/films/known.mkv", "/d/115/films/none.mkv", "/115/films/never"] {
        assert!(!t.get(path).send().await.is(503).header("retry-after").is_empty());
    }
    let ready = t.get("/readyz").send().await.is(503).text();
    assert!(ready.contains("/115 failed") && ready.contains("what was known of it is served"), "{ready}");
    assert_eq!(t.api_calls(), 0);

    t.advance(Duration::from_secs(12 * 60));
    t.app.reload(&t.config);
    t.until("/readyz", |ready| ready.status == 200).await;
    t.get("/d/115/films/known.mkv").follow().await.is(200);
}

#[tokio::test]
async fn a_gateway_that_starts_without_115_serves_what_it_knew_while_it_may() {
    let mut t = knowing(Service::Cloud).await;
    t.advance(PAST);
    t.lose_115().await;
    t.restart().await;
    let page = t.until("/115/films", |page| page.status == 200).await.text();
    assert!(page.contains("other.mkv"), "{page}");
    t.failed().await;
    t.get("/d/115/films/known.mkv").send().await.is(502);
    t.advance(DAY);
    t.get("/115/films").send().await.is(502);
}

#[tokio::test]
async fn a_root_below_the_accounts_is_never_taken_for_another() {
    let mut t = world(films).mount(|mount, sim| cloud_of(mount).root = sim.id_of("/films").unwrap().0).start().await;
    t.get("/d/115/a/b/c/deep.mkv").send().await.is(302);
    t.sim.file("/beside/wrong.mkv", Content::pattern(10));
    t.sim.fault(On::Call("status"), Times::Always, Fault::Status(502, ""));
    t.restart().await;
    t.failed().await;
    t.get("/d/115/beside/wrong.mkv").send().await.is(404);
    assert_eq!((t.calls("getid"), t.calls("files")), (1, 2), "walked to, since nobody knows where the root stands");
    t.get("/d/115/a/b/c/deep.mkv").send().await.is(302);
}

#[tokio::test]
async fn what_is_wrong_with_a_mount_is_not_hidden_by_what_it_was() {
    let mut t = knowing(Service::Cloud).await;
    // Another folder, which is not there.
    let right = t.config.clone();
    cloud_of(&mut t.config.mounts[0]).root = 3_000_000_000_000_000_001;
    t.restart().await;
    assert_eq!(t.failed().await.kind(), Kind::NotFound);
    t.get("/115/films").send().await.is(502);

    // A login that is new, and does not work.
    t.config = right.clone();
    cloud_of(&mut t.config.mounts[0]).login = gate115::config::Login::cookie(t.sim.cookie().replace('_', "_9"));
    t.restart().await;
    assert_eq!(t.failed().await.kind(), Kind::Session);
    t.get("/115/films").send().await.is(502);
    t.lenient();
}

#[tokio::test]
async fn a_root_that_has_gone_is_not_shown_for_long() {
    let mut t = world(films).mount(|mount, sim| cloud_of(mount).root = sim.id_of("/films").unwrap().0).start().await;
    t.get("/115").send().await.is(200);
    t.sim.remove(t.sim.id_of("/films").unwrap());
    for _ in 0..2 {
        t.restart().await;
        assert_eq!(t.failed().await.kind(), Kind::NotFound);
        t.get("/115").send().await.is(502);
    }
}

#[tokio::test]
async fn another_users_tokens_show_nothing_of_the_first() {
    let mut t = knowing(Service::Open).await;
    t.sim.fault(On::AnyApi, Times::Always, Fault::Status(502, ""));
    let config = open_of(&mut t.config.mounts[0]);
    (config.access_token, config.refresh_token) = (Some("of".into()), Some("another".into()));
    t.restart().await;
    t.failed().await;
    t.get("/115/films").send().await.is(502);
    t.lenient();
}

#[tokio::test]
async fn after_a_login_that_may_be_another_users_nothing_is_shown_before_it_has_worked() {
    let mut t = world(films)
        .of(Service::Open)
        .mount(|mount, sim| open_of(mount).app_id = Some(sim.open_app_id()))
        .sim(|sim| sim.qr_hold(Duration::from_millis(100)))
        .start()
        .await;
    t.get("/115/films").send().await.is(200);
    t.shut_down().await;
    let started = async |t: &TestApp| t.store.scan(Table::Starts, "", None, 10).await.unwrap().entries.len();
    assert_eq!(started(&t).await, 1);

    let command = App::build(&t.config, t.deps(Arc::clone(&t.store)));
    let login = command.login(&t.config.mounts[0].path).unwrap();
    let begun = login.begin(None).await.unwrap();
    assert!(t.sim.open_scan(&begun.code) && t.sim.open_confirm(&begun.code));
    while !matches!(login.poll(&begun.ticket).await.unwrap(), Progress::Done { .. }) {}
    command.stop().await;
    assert_eq!(started(&t).await, 0);

    t.sim.fault(On::AnyApi, Times::Always, Fault::Status(502, ""));
    t.restart().await;
    t.failed().await;
    t.get("/115/films").send().await.is(502);
}

#[rstest]
#[case::turned(|bytes: &mut Vec<u8>| { let middle = bytes.len() / 2; bytes[middle] ^= 4; })]
#[case::cut(|bytes: &mut Vec<u8>| bytes.truncate(20))]
#[case::foreign(|bytes: &mut Vec<u8>| *bytes = br#"{"version":2,"entries":[]}"#.to_vec())]
#[case::empty(Vec::clear)]
#[tokio::test]
async fn a_damaged_record_is_not_there(#[case] damage: fn(&mut Vec<u8>)) {
    let mut t = knowing(Service::Cloud).await;
    t.shut_down().await;
    for table in [Table::Listings, Table::Folders, Table::Starts] {
        let page = t.store.scan(table, "", None, 1000).await.unwrap();
        assert!(!page.entries.is_empty(), "{table:?}");
        for (key, mut stored) in page.entries {
            damage(&mut stored.value.bytes);
            t.store.put(table, &key, stored.value).await.unwrap();
        }
    }
    t.restart_well().await;
    assert!(t.get("/115/films").send().await.is(200).text().contains("known.mkv"));
    t.get("/d/115/films/a/b/c/deep.mkv").follow().await.is(200);
    assert_eq!((t.calls("files"), t.calls("getid"), t.api_calls()), (3, 1, 5));
}

#[tokio::test]
async fn a_clock_that_went_back_makes_nothing_fresh() {
    let mut t = world(films).start().await;
    t.advance(DAY);
    t.get("/115/films").send().await.is(200);
    t.sim.file("/films/new.mkv", Content::pattern(10));
    t.wind_back();
    t.restart_well().await;
    assert!(t.get("/115/films").send().await.is(200).text().contains("new.mkv"));
    assert_eq!(t.calls("files"), 2);
}

#[tokio::test]
async fn folders_of_this_machine_are_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("film.mkv"), "1").unwrap();
    let root = dir.path().to_owned();
    let mut t = world(films)
        .mount(move |mount, _| mount.drive = gate115::config::Drive::Local(gate115::config::Local { root }))
        .start()
        .await;
    t.get("/115").send().await.is(200);
    t.get("/d/115/film.mkv").send().await.is(200);
    t.shut_down().await;
    for table in [Table::Listings, Table::Folders, Table::Starts] {
        assert_eq!(t.store.version(table).await.unwrap(), Version::default(), "{table:?}");
    }
}

/// A store on a disk that may be full.
#[derive(Debug)]
struct Disk {
    memory: Memory,
    full: AtomicBool,
    refused: AtomicU32,
}

#[async_trait]
impl Store for Disk {
    async fn get(&self, table: Table, key: &str) -> Result<Option<Stored>> {
        self.memory.get(table, key).await
    }

    async fn write(
        &self,
        table: Table,
        key: &str,
        expected: Expected,
        value: Option<Value>,
    ) -> Result<Option<Version>> {
        if self.full.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(Error::new(Kind::Storage, "The disk that data_dir is on is full."));
        }
        self.memory.write(table, key, expected, value).await
    }

    async fn scan(&self, table: Table, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page> {
        self.memory.scan(table, prefix, after, limit).await
    }

    async fn version(&self, table: Table) -> Result<Version> {
        self.memory.version(table).await
    }
}

/// Lines of the log.
#[derive(Clone, Default)]
struct Log(Arc<parking_lot::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn count(&self, what: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock()).matches(what).count()
    }
}

#[tokio::test]
async fn a_full_disk_is_said_once_and_over_by_itself() {
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(lines);

    let memory = Memory::new(Clock::default());
    let disk = Arc::new(Disk { memory, full: AtomicBool::default(), refused: AtomicU32::default() });
    let mut t = world(films).store(Arc::clone(&disk) as _).start().await;
    disk.full.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        t.get("/115/films").send().await.is(200);
        t.get("/d/115/films/known.mkv").send().await.is(302);
        t.get("/115/films/a").send().await.is(200);
        while disk.refused.swap(0, Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(t.calls("files"), 3, "all is in memory");
    assert!(listed(&t).await.is_empty());
    assert_eq!(log.count("cannot be kept over a restart"), 1);

    disk.full.store(false, Ordering::SeqCst);
    while listed(&t).await.len() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    t.restart_well().await;
    t.get("/115/films").send().await.is(200);
    assert_eq!(t.api_calls(), 0);
    assert_eq!((log.count("cannot be kept over a restart"), log.count("is kept over a restart again")), (1, 1));
}

#[tokio::test]
async fn a_mount_is_there_at_once_while_115_takes_its_time() {
    let mut t = knowing(Service::Cloud).await;
    t.sim.fault(On::Call("status"), Times::Always, Fault::Delay(Duration::from_secs(5)));
    t.restart().await;
    t.until("/115/films", |page| page.status == 200).await;
    t.get("/d/115/films/known.mkv").send().await.is(302);
    assert!(matches!(t.app.namespace().mounts()[0].state(), State::Starting));
}
