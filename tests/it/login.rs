//! Logging in: by QR code, by what the configuration says, and beside a gateway at work.

use std::{
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use gate115::{
    app::{App, Probe},
    config::{Config, Drive, Given, Login as Written},
    drive::{Login, Progress},
    error::Kind,
    path::VirtualPath,
    store::{
        Memory, Store, Table, Value,
        credentials::{Credentials, Fingerprint, Secret},
    },
    vfs::State,
};
use rstest::rstest;
use sim115::{Content, Fault, On, Phone, Raw, Sim, Times};
use tokio::time::Instant;

use crate::{
    binary::{GATE115, free_port},
    support::{Service, Stage, TestApp, cloud_of, open_of, world},
};

fn film(sim: &Sim) {
    sim.file("/film.mkv", Content::pattern(100_000));
    sim.file("/a/other.mkv", Content::pattern(100_000));
}

/// A mount that says nothing of a login.
fn nobody() -> Stage {
    world(film).mount(|mount, _| cloud_of(mount).login = Written::default()).at_once()
}

fn path() -> VirtualPath {
    VirtualPath::from_plain("/115").unwrap()
}

fn login(app: &App) -> Arc<dyn Login> {
    app.login(&path()).unwrap()
}

fn store(t: &TestApp) -> Arc<dyn Store> {
    Arc::new(Memory::new(t.clock.clone()))
}

fn another(config: &Config, store: &Arc<dyn Store>, t: &TestApp) -> Arc<App> {
    let app = App::build(config, t.deps(Arc::clone(store)));
    app.spawn();
    app
}

async fn state(app: &App) -> State {
    for _ in 0..500 {
        match app.namespace().mounts()[0].state() {
            State::Starting => tokio::time::sleep(Duration::from_millis(10)).await,
            state => return state,
        }
    }
    panic!("the mount never started");
}

async fn works(app: &App) {
    let begun = Instant::now();
    while !matches!(app.namespace().mounts()[0].state(), State::Working(_)) {
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", app.namespace().mounts()[0].state());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks until there is an end.
async fn end(login: &dyn Login, ticket: &str) -> Progress {
    for _ in 0..100 {
        match login.poll(ticket).await.unwrap() {
            Progress::Waiting | Progress::Scanned => {}
            end => return end,
        }
    }
    panic!("the login never ended");
}

/// What another process does that logs in with this cookie.
async fn log_in_elsewhere(t: &TestApp, store: &Arc<dyn Store>, cookie: &str) {
    let credentials = Credentials::new(Arc::clone(store), t.clock.clone(), "another");
    let written = cloud_of(&mut t.config.clone().mounts[0]).login.parts();
    let print = (!written.is_empty()).then(|| Fingerprint::of(&written));
    let account = credentials.account("115-cloud", &path(), print.as_ref()).await.unwrap();
    credentials.log_in(&account, print.as_ref(), &Secret::Cookie(cookie.into())).await.unwrap();
}

#[tokio::test]
async fn a_mount_without_a_login_says_how_and_starts_with_the_first_one() {
    let t = nobody().sim(|sim| sim.qr_hold(Duration::from_millis(200))).start().await;
    let error = t.failed().await;
    assert_eq!(error.kind(), Kind::Session);
    assert!(error.message().contains("gate115 login /115") && error.message().contains("`cookie`"), "{error}");
    assert_eq!(t.api_calls(), 0, "nobody is asked without a login");

    let login = login(&t.app);
    let begun = login.begin(None).await.unwrap();
    assert!(begun.code.starts_with("https://115.com/scan/dg-") && begun.warning.is_none());
    assert_eq!(login.poll(&begun.ticket).await.unwrap(), Progress::Waiting);
    let uid = t.sim.qr_codes().remove(0);
    assert!(t.sim.qr_scan(&uid));
    assert_eq!(login.poll(&begun.ticket).await.unwrap(), Progress::Scanned);
    assert!(t.sim.qr_confirm(&uid));
    assert!(matches!(end(&*login, &begun.ticket).await, Progress::Done { .. }));
    works(&t.app).await;
    t.get("/d/115/film.mkv").follow().await.is(200);
    assert!(matches!(end(&*login, &begun.ticket).await, Progress::Done { .. }), "also for who asks later");
}

#[tokio::test]
async fn any_process_may_ask_what_became_of_a_login_and_one_takes_it() {
    let t = nobody().sim(|sim| sim.qr_hold(Duration::from_millis(100))).start().await;
    let store = store(&t);
    let [one, two] = [another(&t.config, &store, &t), another(&t.config, &store, &t)];
    let begun = login(&one).begin(Some("tv")).await.unwrap();
    assert!(begun.warning.unwrap().contains("TV"));
    let uid = t.sim.qr_codes().remove(0);
    t.sim.qr_scan(&uid);
    t.sim.qr_confirm(&uid);
    let (first, second) = (login(&one), login(&two));
    let ends = tokio::join!(end(&*first, &begun.ticket), end(&*second, &begun.ticket));
    assert!(matches!(ends, (Progress::Done { .. }, Progress::Done { .. })), "{ends:?}");
    assert_eq!(t.calls("qr_result"), 1);
    assert_eq!(login(&two).poll("0123").await.unwrap(), Progress::Expired, "no such ticket");
    works(&two).await;
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_login_that_comes_to_nothing_says_why() {
    let t = nobody().sim(|sim| sim.qr_hold(Duration::from_millis(100))).start().await;
    let login = login(&t.app);
    let error = login.begin(Some("linux")).await.unwrap_err();
    assert!(error.message().contains("withdrawn") && error.kind() == Kind::Invalid, "{error}");
    assert_eq!(t.api_calls(), 0, "refused before 115 is asked");

    let begun = login.begin(None).await.unwrap();
    let uid = t.sim.qr_codes().remove(0);
    t.sim.qr_scan(&uid);
    t.sim.qr_cancel(&uid);
    assert_eq!(end(&*login, &begun.ticket).await, Progress::Cancelled);

    let begun = login.begin(None).await.unwrap();
    t.sim.set_qr_life(Duration::from_secs(60));
    t.advance(Duration::from_secs(90));
    assert_eq!(end(&*login, &begun.ticket).await, Progress::Expired);

    t.sim.set_qr_life(Duration::from_secs(300));
    let begun = login.begin(None).await.unwrap();
    let uid = t.sim.qr_codes().pop().unwrap();
    t.sim.qr_scan(&uid);
    t.sim.qr_confirm(&uid);
    let refused = Fault::ErrnoIn("code", 40_101_004, "IP登录异常,请稍候再登录!");
    t.sim.fault(On::Call("qr_result"), Times::Next(1), refused);
    let Progress::Failed { reason } = end(&*login, &begun.ticket).await else { panic!("it did not fail") };
    assert!(reason.contains("40101004") && reason.contains("another type of app"), "{reason}");
    assert!(matches!(state(&t.app).await, State::Failed(_)));
}

#[tokio::test]
async fn a_login_that_cannot_be_kept_is_told_to_everybody_who_asks() {
    let t = nobody().sim(|sim| sim.qr_hold(Duration::from_millis(100))).start().await;
    let store = store(&t);
    for n in 0..Table::Credentials.bounds().entries {
        store.put(Table::Credentials, &format!("another {n}"), Value::new(*b"1")).await.unwrap();
    }
    let app = another(&t.config, &store, &t);
    let begun = login(&app).begin(None).await.unwrap();
    let uid = t.sim.qr_codes().pop().unwrap();
    t.sim.qr_scan(&uid);
    t.sim.qr_confirm(&uid);
    for _ in 0..2 {
        let ended = end(&*login(&app), &begun.ticket).await;
        let Progress::Failed { reason } = &ended else { panic!("{ended:?}") };
        assert!(reason.contains("no room"), "{reason}");
    }
    assert_eq!(t.calls("qr_result"), 1);
    app.stop().await;
}

/// The token of a code that a person has confirmed.
fn confirmed(sim: &Sim) -> String {
    sim.qr_codes().pop().unwrap()
}

#[tokio::test]
async fn a_qr_token_is_exchanged_once_and_its_cookie_outlives_a_restart() {
    let t = nobody().start().await;
    t.failed().await;
    let begun = login(&t.app).begin(None).await.unwrap();
    let uid = confirmed(&t.sim);
    t.sim.qr_scan(&uid);
    t.sim.qr_confirm(&uid);
    assert!(begun.code.ends_with(&uid));
    let mut config = t.config.clone();
    cloud_of(&mut config.mounts[0]).login.given = Some(Given::QrToken(uid.parse().unwrap()));
    let store = store(&t);
    for start in 0..3 {
        let app = another(&config, &store, &t);
        assert!(matches!(state(&app).await, State::Working(_)), "start {start}");
        app.stop().await;
    }
    assert_eq!(t.calls("qr_result"), 1);

    // Another token, of a code that nobody has confirmed.
    cloud_of(&mut config.mounts[0]).login.given = Some(Given::QrToken("0".repeat(40).parse().unwrap()));
    let app = another(&config, &store, &t);
    let State::Failed(error) = state(&app).await else { panic!("with what?") };
    assert!(error.kind() == Kind::Session && error.message().contains("new code"), "{error}");
    assert_eq!(t.calls("qr_result"), 2);
    // A start that is tried again does not ask again.
    let again = login(&app).devices().await.unwrap_err();
    assert_eq!(again.message(), error.message());
    assert_eq!(t.calls("qr_result"), 2);
    app.stop().await;
}

#[tokio::test]
async fn the_newest_of_file_and_store_holds() {
    let t = world(film).start().await;
    let store = store(&t);
    let first = another(&t.config, &store, &t);
    assert!(matches!(state(&first).await, State::Working(_)));
    first.stop().await;

    // Somebody logs in; the file still has the old cookie, which is dead by now.
    let newer = t.sim.login_again();
    log_in_elsewhere(&t, &store, &newer).await;
    let second = another(&t.config, &store, &t);
    assert!(matches!(state(&second).await, State::Working(_)));
    second.stop().await;

    // A cookie that was put into the file after that is newer still.
    let mut config = t.config.clone();
    cloud_of(&mut config.mounts[0]).login = Written::cookie(t.sim.login_again());
    let third = another(&config, &store, &t);
    assert!(matches!(state(&third).await, State::Working(_)));
    third.stop().await;
}

#[tokio::test]
async fn a_gateway_at_work_goes_on_with_a_login_of_the_same_user_and_all_that_it_knows() {
    let t = world(film).start().await;
    let store = store(&t);
    let app = another(&t.config, &store, &t);
    let State::Working(mounted) = state(&app).await else { panic!("it does not work") };
    let root = mounted.drive().root().await.unwrap();
    let newer = t.sim.login_again();
    assert_eq!(mounted.drive().list(&root, None).await.unwrap_err().kind(), Kind::Session);
    assert!(mounted.drive().pause().is_some());

    log_in_elsewhere(&t, &store, &newer).await;
    let begun = Instant::now();
    while mounted.drive().pause().is_some() {
        assert!(begun.elapsed() < Duration::from_secs(6), "not awake within seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    mounted.drive().root().await.unwrap();
    let State::Working(same) = state(&app).await else { panic!("it does not work") };
    assert!(Arc::ptr_eq(&mounted, &same), "the mount was not started anew");
    app.stop().await;
}

#[tokio::test]
async fn a_login_of_another_user_starts_the_mount_anew() {
    let t = world(film).start().await;
    let store = store(&t);
    let app = another(&t.config, &store, &t);
    let State::Working(mounted) = state(&app).await else { panic!("it does not work") };
    let stranger = t.sim.cookie().replacen("UID=", "UID=9", 1);
    log_in_elsewhere(&t, &store, &stranger).await;
    let begun = Instant::now();
    loop {
        match state(&app).await {
            // Whom 115 does not know: nothing of the old account is shown.
            State::Failed(error) => break assert_eq!(error.kind(), Kind::Session),
            State::Working(now) => assert!(Arc::ptr_eq(&mounted, &now)),
            State::Starting => {}
        }
        assert!(begun.elapsed() < Duration::from_secs(6), "not heard within seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn a_new_cookie_that_lists_and_gives_no_links_is_named_at_once() {
    let t = world(film)
        .mount(|mount, sim| {
            let cookie = sim.cookie();
            sim.kick(1_000);
            cloud_of(mount).login = Written::cookie(cookie);
        })
        .lenient()
        .at_once()
        .start()
        .await;
    let error = t.failed().await;
    assert_eq!(error.kind(), Kind::Session);
    for part in ["its session failed", "same kind of device", "gate115 login"] {
        assert!(error.message().contains(part), "{part}: {error}");
    }
}

#[tokio::test]
async fn the_step_that_failed_has_its_name_and_a_link_alone_keeps_no_mount_down() {
    let t = world(film)
        .mount(|_, sim| {
            sim.fault(On::Call("files"), Times::Next(3), Fault::Status(500, ""));
        })
        .at_once()
        .start()
        .await;
    let error = t.failed().await;
    assert!(error.message().contains("its listing failed"), "{error}");

    let t = world(film)
        .mount(|_, sim| {
            for call in ["chrome_downurl", "android_download", "files_download"] {
                sim.fault(On::Call(call), Times::Next(3), Fault::Status(500, ""));
            }
        })
        .at_once()
        .start()
        .await;
    t.mounted().await;
    t.get("/115").send().await.is(200);
}

#[tokio::test]
async fn what_has_been_tried_is_not_tried_at_every_start() {
    let t = world(film).start().await;
    let store = store(&t);
    let probes = |t: &TestApp| (t.calls("space_info"), t.calls("files"), t.calls("chrome_downurl"));
    let first = another(&t.config, &store, &t);
    assert!(matches!(state(&first).await, State::Working(_)));
    first.stop().await;
    assert_eq!(probes(&t), (1, 1, 1));
    let second = another(&t.config, &store, &t);
    assert!(matches!(state(&second).await, State::Working(_)));
    second.stop().await;
    assert_eq!(probes(&t), (1, 1, 1));
}

#[tokio::test]
async fn two_cookies_of_one_user_are_one_account_with_the_strictest_rate() {
    let t = world(film).start().await;
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/second").unwrap();
    cloud_of(&mut second).login = Written::cookie(t.sim.login_elsewhere("ios"));
    cloud_of(&mut second).rate = 2.0;
    config.mounts.push(second);
    let store = store(&t);
    let app = another(&config, &store, &t);
    let begun = Instant::now();
    while !app.namespace().mounts().iter().all(|mount| matches!(mount.state(), State::Working(_))) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let State::Working(fast) = state(&app).await else { panic!("it does not work") };
    let begun = Instant::now();
    for _ in 0..12 {
        fast.drive().root().await.unwrap();
    }
    assert!(begun.elapsed() > Duration::from_secs(2), "twelve calls at two a second, six of them at once");
    app.stop().await;
}

#[tokio::test]
async fn a_login_that_ends_another_of_the_same_user_serves_both_mounts() {
    let t = world(film).start().await;
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/second").unwrap();
    cloud_of(&mut second).login = Written::cookie(t.sim.login_elsewhere("tv"));
    config.mounts.push(second);
    let store = store(&t);
    let app = another(&config, &store, &t);
    let drives = async || {
        let begun = Instant::now();
        loop {
            let working = |mount: &Arc<gate115::vfs::Mount>| match mount.state() {
                State::Working(mounted) => Some(mounted.drive().clone()),
                _ => None,
            };
            let drives: Option<Vec<_>> = app.namespace().mounts().iter().map(working).collect();
            if let Some(drives) = drives {
                return drives;
            }
            assert!(begun.elapsed() < Duration::from_secs(8), "they do not work");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let drives = drives().await;
    // A login of the same kind as the first mount's, which is dead from now on.
    t.sim.login_again();
    for drive in &drives {
        let root = drive.root().await.unwrap();
        let page = drive.list(&root, None).await.unwrap();
        let file = page.entries.iter().find(|entry| entry.size() > 0).unwrap();
        drive.link(file, &gate115::drive::Audience::Gateway).await.unwrap();
    }
    app.stop().await;
}

#[tokio::test]
async fn the_devices_of_the_account_are_listed_and_ours_is_marked() {
    let t = world(film).start().await;
    t.sim.login_elsewhere("ios");
    let devices = login(&t.app).devices().await.unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!(devices.iter().filter(|device| device.current).count(), 1);
    assert!(devices.iter().any(|device| device.class.as_deref() == Some("D1") && !device.current));
}

#[tokio::test]
async fn a_login_to_115_open_needs_an_app_and_gives_tokens() {
    let t = world(film)
        .of(Service::Open)
        .mount(|mount, _| {
            let open = open_of(mount);
            (open.access_token, open.refresh_token) = (None, None);
        })
        .sim(|sim| sim.qr_hold(Duration::from_millis(100)))
        .at_once()
        .start()
        .await;
    assert!(t.failed().await.message().contains("gate115 login /115"));
    let error = login(&t.app).begin(None).await.unwrap_err();
    assert!(error.message().contains("`app_id`"), "{error}");

    let mut config = t.config.clone();
    let open = open_of(&mut config.mounts[0]);
    open.app_id = Some(t.sim.open_app_id());
    let store = store(&t);
    let app = another(&config, &store, &t);
    let login = login(&app);
    let begun = login.begin(None).await.unwrap();
    assert!(t.sim.open_scan(&begun.code) && t.sim.open_confirm(&begun.code));
    assert!(matches!(end(&*login, &begun.ticket).await, Progress::Done { .. }));
    works(&app).await;
    app.stop().await;
}

/// The binary on a folder of its own.
fn configured(sim: &Sim, base: &str, port: u16) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    let text = format!(
        "server: {{ listen: \"127.0.0.1:{port}\" }}\ndata_dir: \"{}\"\nauth: {{ guest: read }}\nmounts:\n  - path: /115\n    drive:\n      type: 115-cloud\n      rate: 100\n      wire: {{ base: \"{base}\", rsa_modulus: \"{}\" }}\n",
        folder.path().join("data").display(),
        sim.root_modulus_hex(),
    );
    std::fs::write(folder.path().join("config.yaml"), text).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_logs_in_beside_a_gateway_that_takes_it_up() {
    let sim = Sim::builder().qr_hold(Duration::from_millis(200)).build();
    film(&sim);
    let running = sim.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let port = free_port();
    let folder = configured(&sim, &running.base_url(), port);
    let config = folder.path().join("config.yaml");
    let mut serve = Command::new(GATE115)
        .args(["serve", "-c"])
        .arg(&config)
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    sim.phone_acts(1, Phone::Scan);
    sim.phone_acts(2, Phone::Confirm);
    let picture = folder.path().join("code.png");
    let run = {
        let (config, picture) = (config.clone(), picture.clone());
        move || {
            Command::new(GATE115).args(["login", "/115", "-c"]).arg(config).arg("--png").arg(picture).output().unwrap()
        }
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}\n{log}");
    for part in ["Scanned.", "Logged in", "ok      session", "ok      listing", "ok      link", "* R1"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    for secret in sim.cookie().split("; ").filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.to_owned()) {
        assert!(!told.contains(&secret) && !log.contains(&secret));
    }

    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).tls_certs_only([]).build().unwrap();
    let begun = Instant::now();
    loop {
        let url = format!("http://127.0.0.1:{port}/d/115/film.mkv");
        let status = http.get(url).header("user-agent", "Player/1").send().await.map(|reply| reply.status().as_u16());
        if status.as_ref().is_ok_and(|status| *status == 302) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "never took it up: {status:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    serve.kill().unwrap();
    serve.wait().unwrap();
}

#[rstest]
#[case::slow(90, Some("seconds behind"))]
#[case::fast(-90, Some("seconds ahead of"))]
#[case::right(20, None)]
#[tokio::test]
async fn a_clock_that_is_wrong_is_said(
    #[values(Service::Cloud, Service::Open, Service::Share)] of: Service,
    #[case] by: i64,
    #[case] told: Option<&str>,
) {
    let t = world(film).of(of).mount(move |_, sim| sim.skew_date(by)).start().await;
    let probe = t.app.probe(&t.config.mounts[0].path).await.unwrap();
    let said = probe.steps.iter().find(|(step, _)| step == "clock");
    let said = said.map(|(_, said)| said.as_ref().unwrap_err().as_str());
    match told {
        Some(told) => assert!(said.is_some_and(|said| said.contains(told) && said.contains("NTP")), "{said:?}"),
        None => assert_eq!(said, None),
    }
}

#[rstest]
#[tokio::test]
async fn what_was_tried_is_told_in_words_and_a_wrong_root_as_that(
    #[values(Service::Cloud, Service::Open, Service::Share)] of: Service,
) {
    let filled = move |sim: &Sim| {
        film(sim);
        // The first of the listing, and nothing to ask a link for.
        if of != Service::Share {
            let raw = Raw { incomplete: true, created: Some(4_000_000_000), ..Raw::default() };
            sim.raw_file(sim.folder("/"), "under way.mkv", Content::pattern(10), raw);
        }
    };
    let t = world(filled).of(of).start().await;
    let told = |probe: Probe| probe.steps.into_iter().next_back().unwrap();
    let (step, link) = told(t.app.probe(&path()).await.unwrap());
    let whom = if of.binds_every_link() { "the User-Agent that asks" } else { "every client" };
    let link = link.unwrap();
    assert!(step == "link" && link.starts_with(&format!("works for {whom}, 2 connections at a time, for ")), "{link}");

    let mut config = t.config.clone();
    match &mut config.mounts[0].drive {
        Drive::Cloud(cloud) => cloud.root = 7,
        Drive::Open(open) => open.root = 7,
        Drive::Share(share) => share.root = 7,
        Drive::Local(_) => unreachable!(),
    }
    let app = App::build(&config, t.deps(store(&t)));
    let (step, why) = told(app.probe(&path()).await.unwrap());
    assert!(
        step == "root" && why.as_ref().is_err_and(|why| why.contains("no folder with the cid 7")),
        "{step} {why:?}"
    );
}
