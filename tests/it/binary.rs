//! The shipped binary: its exit codes, its signals, and a log without secrets.

use std::{
    io::Read,
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use sim115::{Content, Fault, On, Running, Sim, Times};
use tempfile::TempDir;

pub const GATE115: &str = env!("CARGO_BIN_EXE_gate115");

struct Process {
    child: Child,
    folder: TempDir,
    sim: Sim,
    running: Running,
    base: String,
}

fn config(sim: &Sim, running: &Running, port: u16, mounts: &[&str]) -> String {
    let mut text = format!("server: {{ listen: \"127.0.0.1:{port}\" }}\nauth: {{ guest: read }}\nmounts:\n");
    for path in mounts {
        text += &format!(
            "  - path: {path}\n    drive:\n      type: 115-cloud\n      cookie: \"{}\"\n      rate: 100\n      wire: {{ base: \"{}\", rsa_modulus: \"{}\" }}\n",
            sim.cookie(),
            running.base_url(),
            sim.root_modulus_hex()
        );
    }
    text
}

/// A port that nobody has. None of those that a client of another test may be given before the gateway takes it (Linux: 32768 and
/// up), and another one each time.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(100);
    let mut ports =
        std::iter::repeat_with(|| 20_000 + first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000);
    ports
        .find_map(|port| u16::try_from(port).ok().filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()))
        .unwrap()
}

async fn serve() -> Process {
    let sim = Sim::builder().build();
    sim.file("/film.mkv", Content::pattern(5_000_000));
    let running = sim.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let port = free_port();
    std::fs::write(folder.path().join("config.yaml"), config(&sim, &running, port, &["/115"])).unwrap();
    let child = Command::new(GATE115)
        .args(["serve", "-c"])
        .arg(folder.path().join("config.yaml"))
        // What it keeps goes with the folder.
        .current_dir(folder.path())
        .env("RUST_LOG", "trace")
        .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process { child, folder, sim, running, base: format!("http://127.0.0.1:{port}") };
    process.until("/readyz", 200).await;
    process
}

impl Process {
    async fn status(&self, path: &str) -> Option<u16> {
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).tls_certs_only([]).build().unwrap();
        let reply = client.get(format!("{}{path}", self.base)).header("user-agent", "Player/1").send().await.ok()?;
        let status = reply.status().as_u16();
        reply.bytes().await.ok()?;
        Some(status)
    }

    async fn until(&self, path: &str, status: u16) {
        for _ in 0..400 {
            if self.status(path).await == Some(status) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{path} is {:?}, not {status}; the log: {}", self.status(path).await, self.log());
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    async fn end(&mut self) -> ExitStatus {
        for _ in 0..400 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("it does not end; the log: {}", self.log());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_reloads_and_ends_and_its_log_holds_no_secret() {
    let mut process = serve().await;
    assert_eq!(process.status("/d/115/film.mkv").await, Some(302));
    assert_eq!(process.status("/p/115/film.mkv").await, Some(200));
    assert_eq!(process.status("/115").await, Some(200));
    assert_eq!(process.status("/d/115/none.mkv").await, Some(404));

    // What fails is where secrets leak.
    for fault in [Fault::Refuse(403), Fault::Reset, Fault::CutAfter(1000), Fault::Redirect(9)] {
        process.sim.fault(On::Cdn, Times::Next(2), fault);
        process.status("/p/115/film.mkv").await;
    }
    process.sim.fault(On::AnyApi, Times::Next(1), Fault::Reset);
    process.sim.fault(On::AnyApi, Times::Next(1), Fault::GarbageData);
    process.sim.fault(On::AnyApi, Times::Next(1), Fault::Errno(990_003, "操作失败"));
    process.status("/115?refresh=1").await;

    let port = process.base.rsplit(':').next().unwrap().parse().unwrap();
    let file = process.folder.path().join("config.yaml");
    std::fs::write(&file, "mounts: [nonsense").unwrap();
    process.signal("HUP");
    for _ in 0..200 {
        if process.log().contains("not taken up") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(process.log().contains("not taken up"), "a broken file says why");
    assert_eq!(process.status("/d/115/film.mkv").await, Some(302), "and changes nothing");

    std::fs::write(&file, config(&process.sim, &process.running, port, &["/115", "/second"])).unwrap();
    process.signal("HUP");
    process.until("/d/second/film.mkv", 302).await;

    process.signal("TERM");
    assert_eq!(process.end().await.code(), Some(0));

    let log = process.log();
    assert!(log.contains("/d/115/film.mkv"), "the access log is on");
    let cookie = process.sim.cookie();
    for secret in cookie.split("; ").filter_map(|pair| pair.split_once('=')).map(|(_, value)| value) {
        assert!(!log.contains(secret), "the log has a part of the cookie in it");
    }
    assert!(
        !log.contains("/cdn/"),
        "the log has a link in it: {}",
        log.lines().find(|line| line.contains("/cdn/")).unwrap_or_default()
    );
    assert_eq!(process.sim.ledger().violations(), Vec::<String>::new());
}

fn run(args: &[&str], at: &Path) -> (Option<i32>, String) {
    let mut child =
        Command::new(GATE115).args(args).current_dir(at).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[test]
fn a_bad_configuration_ends_with_78_and_says_all_that_is_wrong() {
    let folder = TempDir::new().unwrap();
    let (code, text) = run(&["serve"], folder.path());
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("config.example.yaml"), "{text}");

    std::fs::write(
        folder.path().join("config.yaml"),
        "mounts:\n  - path: /d\n    drive: { type: 115-cloud, cookie: \"UID=1_A1_2\", rate: -1 }\n",
    )
    .unwrap();
    for command in ["serve", "check"] {
        let (code, text) = run(&[command], folder.path());
        assert_eq!(code, Some(78), "{text}");
        for part in ["mounts[0].path", "mounts[0].drive.cookie", "mounts[0].drive.rate"] {
            assert!(text.contains(part), "{part} is not named: {text}");
        }
    }
}

#[test]
fn a_healthcheck_of_nothing_fails() {
    let folder = TempDir::new().unwrap();
    let url = format!("http://127.0.0.1:{}/healthz", free_port());
    assert_eq!(run(&["healthcheck", "--url", &url], folder.path()).0, Some(1));
}
