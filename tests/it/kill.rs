//! The shipped binary and its tokens: killed at every step of a renewal and started again on the same `data_dir`; not alone there.
//!
//! After a kill the lease of the dead process has to end first, so a restart that renews takes about a quarter of a minute.

use std::{
    fs::OpenOptions,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::redirect::Policy;
use sim115::{Content, Fault, On, OpenTokens, Running, Sim, Times};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::binary::{GATE115, free_port};

/// Longer than any test: what is held so long is held until the kill.
const HELD: Duration = Duration::from_secs(300);
/// A lease that was left behind ends well before.
const PATIENCE: Duration = Duration::from_secs(60);
const FILE: &str = "/d/open/film.mkv";

/// A 115, and the folder of a gateway that is started and killed again and again.
struct World {
    sim: Sim,
    running: Running,
    folder: TempDir,
    port: u16,
    http: reqwest::Client,
    /// All that must never stand in a log.
    secrets: Vec<OpenTokens>,
}

/// A gateway at work; killed where it goes.
struct Gateway(Child);

impl Gateway {
    /// SIGKILL: nothing of it runs any more when this returns.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl World {
    /// The gateway has run once, and the access token ends before it runs again.
    async fn new() -> Self {
        let sim = Sim::builder().build();
        sim.file("/film.mkv", Content::pattern(100_000));
        let running = sim.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
        let http = reqwest::Client::builder().redirect(Policy::none()).tls_certs_only([]).build().unwrap();
        let tokens = sim.open_tokens();
        let mut world =
            Self { sim, running, folder: TempDir::new().unwrap(), port: free_port(), http, secrets: Vec::new() };
        world.configure(tokens);
        let first = world.start();
        world.works().await;
        first.kill();
        assert_eq!(world.refreshes(), 0);
        world.sim.expire_access();
        world
    }

    /// These tokens stand in the configuration from the next start on.
    fn configure(&mut self, tokens: OpenTokens) {
        let text = format!(
            "server: {{ listen: \"127.0.0.1:{}\" }}\ndata_dir: \"{}\"\nauth: {{ guest: read }}\nmounts:\n  - path: /open\n    drive:\n      type: 115-open\n      access_token: \"{}\"\n      refresh_token: \"{}\"\n      rate: 100\n      wire: {{ base: \"{}\" }}\n",
            self.port,
            self.folder.path().join("data").display(),
            tokens.access,
            tokens.refresh,
            self.running.base_url(),
        );
        std::fs::write(self.folder.path().join("config.yaml"), text).unwrap();
        self.secrets.push(tokens);
    }

    fn start(&self) -> Gateway {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(GATE115);
        command.args(["serve", "-c"]).arg(self.folder.path().join("config.yaml"));
        Gateway(command.env("RUST_LOG", "trace").stderr(log).stdout(Stdio::null()).spawn().unwrap())
    }

    fn refreshes(&self) -> u64 {
        self.sim.ledger().count("open_refresh")
    }

    async fn get(&self, path: &str) -> Option<(u16, String)> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let reply = self.http.get(url).header("user-agent", "Player/1").send().await.ok()?;
        Some((reply.status().as_u16(), reply.text().await.ok()?))
    }

    async fn until(&self, what: &str, mut done: impl AsyncFnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self).await {
            assert!(begun.elapsed() < PATIENCE, "never {what}; the log: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn works(&self) {
        self.until("a link", async |world| world.get(FILE).await.is_some_and(|(status, _)| status == 302)).await;
    }

    /// Waits until the mount has failed for good, and says what people are told.
    async fn failed(&self) -> String {
        let failed = async |world: &Self| {
            world.get("/readyz").await.is_some_and(|(status, text)| status == 503 && text.contains("/open failed"))
        };
        self.until("a failure", failed).await;
        self.get("/readyz").await.unwrap().1
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// No token that ever was stands in the log, and 115 has seen nothing that it would not like.
    fn ends_clean(mut self) {
        self.secrets.push(self.sim.open_tokens());
        let log = self.log();
        for token in self.secrets.iter().flat_map(|pair| [&pair.access, &pair.refresh]) {
            assert!(!log.contains(token.as_str()), "a token stands in the log");
        }
        assert_eq!(self.sim.ledger().violations(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_a_renewal_it_goes_on() {
    let world = World::new().await;
    let held = world.sim.fault(On::Call("open_user_info"), Times::Always, Fault::HoldReply(HELD));
    let gateway = world.start();
    world.until("asked", async |_| held.fired() > 0).await;
    gateway.kill();
    assert_eq!((world.refreshes(), world.sim.ledger().rotations()), (0, 0));

    world.sim.clear_faults();
    let _gateway = world.start();
    world.works().await;
    assert_eq!((world.refreshes(), world.sim.ledger().rotations()), (1, 1));
    world.ends_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_115_has_exchanged_the_tokens_it_asks_once_more_and_goes_on() {
    let world = World::new().await;
    let held = world.sim.fault(On::Call("open_refresh"), Times::Always, Fault::Delay(HELD));
    let gateway = world.start();
    world.until("a renewal under way", async |_| held.fired() > 0).await;
    gateway.kill();
    assert_eq!(world.sim.ledger().rotations(), 0);

    world.sim.clear_faults();
    let _gateway = world.start();
    world.works().await;
    assert_eq!((held.fired(), world.sim.ledger().rotations()), (1, 1));
    world.ends_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_reply_was_on_its_way_it_says_so_and_how_to_log_in_and_asks_no_more() {
    let mut world = World::new().await;
    world.sim.fault(On::Call("open_refresh"), Times::Next(1), Fault::HoldReply(HELD));
    let gateway = world.start();
    world.until("an exchange", async |world| world.sim.ledger().rotations() == 1).await;
    gateway.kill();
    world.sim.clear_faults();
    let before = world.refreshes();

    for start in 1..=3 {
        let gateway = world.start();
        let told = world.failed().await;
        for part in ["its reply never arrived", "the new ones are lost", "`refresh_token`"] {
            assert!(told.contains(part), "{part} is missing at start {start}: {told}");
        }
        for number in 0..20 {
            assert_eq!(world.get(&format!("/d/open/{number}")).await.map(|(status, _)| status), Some(502));
        }
        // Longer than anything that tries again soon.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(world.refreshes(), before + 1, "115 is asked once what became of it, and never again");
        gateway.kill();
    }
    assert_eq!(world.sim.ledger().rotations(), 1);

    // As it was told to.
    let fresh = world.sim.open_authorise();
    world.configure(fresh);
    let _gateway = world.start();
    world.works().await;
    assert_eq!(world.refreshes(), before + 1);
    world.ends_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_new_tokens_were_stored_it_goes_on_with_them() {
    let world = World::new().await;
    // The first call that brings the new token is held: before it, they are on the disk.
    let (told, hear) = std::sync::mpsc::channel();
    world.sim.after_next("open_refresh", move |sim| {
        let held = sim.fault(On::Call("open_user_info"), Times::Always, Fault::Delay(HELD));
        told.send(held).unwrap();
    });
    let gateway = world.start();
    let mut held = None;
    world
        .until("a call with the new token", async |_| {
            held = held.take().or_else(|| hear.try_recv().ok());
            held.as_ref().is_some_and(|held: &sim115::FaultHandle| held.fired() > 0)
        })
        .await;
    gateway.kill();
    assert_eq!((world.refreshes(), world.sim.ledger().rotations()), (1, 1));

    world.sim.clear_faults();
    let _gateway = world.start();
    world.works().await;
    assert_eq!((world.refreshes(), world.sim.ledger().rotations()), (1, 1), "no other renewal");
    world.ends_clean();
}

/// Between the reply and the disk there is no place to hold it: a kill at some moment there either lost the reply or did not.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_around_the_reply_it_works_or_says_what_was_lost() {
    let rounds = [0, 2, 5, 10, 20].map(|after| async move {
        let world = World::new().await;
        let gateway = world.start();
        world.until("an exchange", async |world| world.sim.ledger().rotations() == 1).await;
        tokio::time::sleep(Duration::from_millis(after)).await;
        gateway.kill();
        let before = world.refreshes();
        let _gateway = world.start();
        let mut outcome = None;
        world
            .until("an outcome", async |world| {
                outcome = world.get("/readyz").await.filter(|(status, text)| *status == 200 || text.contains("failed"));
                outcome.is_some()
            })
            .await;
        let (status, told) = outcome.unwrap();
        if status == 200 {
            world.works().await;
            assert_eq!(world.refreshes(), before, "with the tokens that were stored");
        } else {
            assert!(told.contains("its reply never arrived") && told.contains("`refresh_token`"), "{told}");
            assert_eq!(world.refreshes(), before + 1);
        }
        assert_eq!(world.sim.ledger().rotations(), 1);
        world.ends_clean();
    });
    futures_util::future::join_all(rounds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_beside_it_renews_for_both() {
    let world = World::new().await;
    let check = async |world: &World| {
        let config = world.folder.path().join("config.yaml");
        let run = move || Command::new(GATE115).args(["check", "--online", "-c"]).arg(config).output().unwrap();
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let _gateway = world.start();
    world.works().await;
    assert_eq!(world.sim.ledger().rotations(), 1);
    world.sim.expire_access();
    let (code, told) = check(&world).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("115-open:") && told.contains("link"), "{told}");
    assert_eq!(world.sim.ledger().rotations(), 2);
    // Nothing that it knew: the answer is from 115, with the tokens that the other process got.
    let asked = world.sim.ledger().count("open_files");
    assert_eq!(
        world.get("/open?refresh=1").await.map(|(status, _)| status),
        Some(302),
        "on to the page, once it is read"
    );
    assert!(world.sim.ledger().count("open_files") > asked);
    assert_eq!(world.sim.ledger().rotations(), 2);

    world.sim.revoke_open();
    let (code, told) = check(&world).await;
    assert!(code != Some(0) && told.contains("`refresh_token`"), "{code:?}: {told}");
    world.ends_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_for_its_tokens_it_ends_and_says_why() {
    let world = World::new().await;
    std::fs::remove_dir_all(world.folder.path().join("data")).unwrap();
    std::fs::write(world.folder.path().join("data"), "a file").unwrap();
    let asked = world.sim.ledger().api_total();
    let mut gateway = world.start();
    let mut ended = None;
    world
        .until("an end", async |_| {
            ended = gateway.0.try_wait().unwrap();
            ended.is_some()
        })
        .await;
    assert!(!ended.unwrap().success());
    assert!(world.log().contains("is not a folder. Set data_dir to"), "{}", world.log());
    assert_eq!(world.sim.ledger().api_total(), asked, "and has asked 115 nothing");
}
