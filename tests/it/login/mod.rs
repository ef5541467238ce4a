//! Logging in: by QR code, by what the configuration says, and beside a gateway at work.

mod cookies;
mod probes;

use std::{
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use gate115::{
    app::App,
    config::{Config, Given, Login as Written},
    drive::{Login, Progress},
    error::Kind,
    path::VirtualPath,
    store::{Memory, Store, Table, Value},
    vfs::State,
};
use sim115::{Content, Fault, On, Phone, Sim, Times};
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
