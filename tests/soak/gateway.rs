//! The shipped binary as a process: started, looked at from outside, killed.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::Instant;

use crate::world::World;

/// Killed where it goes.
pub struct Gateway(Child);

/// What the system says of a process.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub resident_mib: f64,
    pub descriptors: usize,
    pub threads: usize,
}

impl Gateway {
    /// Started, and answering.
    pub async fn start(world: &World, http: &reqwest::Client) -> Self {
        let log = fs::OpenOptions::new().create(true).append(true).open(world.folder.path().join("log")).unwrap();
        let mut command = Command::new(&world.binary);
        command.args(["serve", "-c"]).arg(world.config()).env("RUST_LOG", "warn");
        let mut gateway = Self(command.stderr(log).stdout(Stdio::null()).spawn().unwrap());
        let begun = Instant::now();
        while http.get(world.url("/healthz")).send().await.is_err() {
            assert!(gateway.0.try_wait().unwrap().is_none(), "it does not start: {}", tail(world));
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not answer: {}", tail(world));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        gateway
    }

    /// SIGKILL: nothing of it runs any more when this returns.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub fn figures(&self) -> Figures {
        let proc = format!("/proc/{}", self.0.id());
        let status = fs::read_to_string(format!("{proc}/status")).unwrap();
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.split_whitespace().next().unwrap().parse::<f64>().unwrap()
        };
        Figures {
            resident_mib: number("VmRSS:") / 1024.0,
            descriptors: fs::read_dir(format!("{proc}/fd")).unwrap().count(),
            threads: number("Threads:") as usize,
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Another command of the same binary, beside it.
pub fn command(world: &World, words: &[&str]) -> (bool, String) {
    let output = Command::new(&world.binary).args(words).arg("-c").arg(world.config()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (output.status.success(), text)
}

/// The line of `/readyz` about a mount.
pub async fn state(world: &World, http: &reqwest::Client, mount: &str) -> String {
    let Ok(reply) = http.get(world.url("/readyz")).send().await else { return String::new() };
    let text = reply.text().await.unwrap_or_default();
    text.lines().find(|line| line.starts_with(&format!("{mount} "))).unwrap_or_default().to_owned()
}

/// Tasks alive on the gateway's main loop.
pub async fn tasks(world: &World, http: &reqwest::Client) -> u64 {
    let text = http.get(world.url("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("gate115_tasks")).expect("a number of tasks");
    line.trim_start_matches("{}").trim().parse().unwrap()
}

pub async fn until(world: &World, http: &reqwest::Client, mount: &str, what: &str) {
    let begun = Instant::now();
    loop {
        let state = state(world, http, mount).await;
        if state.contains(what) {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{mount} is not \"{what}\" but \"{state}\"; the last calls: {:#?}; {}",
            world.sim.ledger().take().into_iter().rev().take(40).collect::<Vec<_>>(),
            tail(world)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn tail(world: &World) -> String {
    let log = fs::read_to_string(world.folder.path().join("log")).unwrap_or_default();
    log.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
}
