//! The shipped binary and its users: the admin who is made up, `passwd`, a reload, and a log without secrets.

use std::{
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{StatusCode, header::HeaderMap};
use tempfile::TempDir;

use crate::binary::{GATE115, free_port};

pub struct Process(Child);

impl Process {
    /// Has it read its configuration again.
    pub fn hang_up(&self) {
        assert!(Command::new("kill").args(["-HUP", &self.0.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Stage {
    pub folder: TempDir,
    port: u16,
    client: reqwest::Client,
}

impl Stage {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("media")).unwrap();
        std::fs::write(folder.path().join("media/a.txt"), "hello").unwrap();
        let none = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(none).tls_certs_only([]).build().unwrap();
        Self { folder, port: free_port(), client }
    }

    fn configure(&self, auth: &str) {
        self.write("", auth);
    }

    /// A configuration with more of `server`, and with this `auth`.
    pub fn write(&self, server: &str, auth: &str) {
        let text = format!(
            "server: {{ listen: \"127.0.0.1:{}\"{server} }}\ndata_dir: {}\n{auth}\nmounts:\n- path: /m\n  drive: {{ type: local, root: {} }}\n",
            self.port,
            self.folder.path().join("data").display(),
            self.folder.path().join("media").display()
        );
        std::fs::write(self.folder.path().join("config.yaml"), text).unwrap();
    }

    pub async fn start(&self, log: &str) -> Process {
        let child = Command::new(GATE115)
            .args(["serve", "-c", "config.yaml"])
            .current_dir(self.folder.path())
            .env("RUST_LOG", "trace")
            .stderr(std::fs::File::create(self.folder.path().join(log)).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let process = Process(child);
        for _ in 0..400 {
            if self.get("/readyz", "").await.is_ok_and(|(status, ..)| status == 200) {
                return process;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("it does not start: {}", self.log(log));
    }

    pub fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Result<(StatusCode, HeaderMap, String), reqwest::Error> {
        let reply =
            self.client.get(format!("http://127.0.0.1:{}{path}", self.port)).header("cookie", cookie).send().await?;
        Ok((reply.status(), reply.headers().clone(), reply.text().await?))
    }

    async fn status(&self, path: &str, cookie: &str) -> u16 {
        self.get(path, cookie).await.unwrap().0.as_u16()
    }

    /// The data that a call of the API gives to whoever shows this.
    async fn data(&self, path: &str, shown: &str) -> serde_json::Value {
        let url = format!("http://127.0.0.1:{}/api{path}", self.port);
        let reply = self.client.get(url).header("authorization", shown).send().await.unwrap();
        serde_json::from_slice::<serde_json::Value>(&reply.bytes().await.unwrap()).unwrap()["data"].take()
    }

    async fn login(&self, name: &str, password: &str) -> Option<String> {
        let url = format!("http://127.0.0.1:{}/-/login", self.port);
        let reply = self.client.post(url).form(&[("name", name), ("password", password)]).send().await.unwrap();
        let cookie = reply.headers().get("set-cookie")?.to_str().unwrap();
        Some(cookie.split(';').next().unwrap().to_owned())
    }
}

/// The line that stands by itself between two empty ones.
fn made_up(log: &str) -> Option<String> {
    let told = log.split("there is one user, admin, with the password\n\n").nth(1)?;
    Some(told.lines().next().unwrap().trim().to_owned())
}

fn passwd(at: &Path, password: &str) -> String {
    let mut child = Command::new(GATE115)
        .arg("passwd")
        .current_dir(at)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_is_made_up_once_and_gives_way_to_users_of_the_configuration() {
    let stage = Stage::new();
    stage.configure("");
    let process = stage.start("first").await;
    let password = made_up(&stage.log("first")).expect("it is told");
    assert_eq!(stage.status("/m", "").await, 401);
    let admin = stage.login("admin", &password).await.expect("it opens the door");
    let (status, _, page) = stage.get("/m", &admin).await.unwrap();
    assert_eq!(status, 200);
    let signed = page.split("href=\"").find(|part| part.starts_with("/d/m/a.txt?sign=")).unwrap();
    let signed = signed.split('"').next().unwrap();
    assert_eq!(stage.get(signed, "").await.unwrap().2, "hello");
    drop(process);

    let process = stage.start("second").await;
    assert_eq!(made_up(&stage.log("second")), None, "it is told once");
    assert_eq!(stage.status("/m", &admin).await, 200, "a login outlives a restart, even a hard one");
    assert_eq!(stage.status(signed, "").await, 200, "and so does a link");

    let hash = passwd(stage.folder.path(), "correct horse");
    stage.configure(&format!("auth: {{ users: [{{ name: ann, password: {hash}, role: admin }}] }}"));
    process.hang_up();
    for _ in 0..400 {
        if stage.status("/m", &admin).await == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(stage.status("/m", &admin).await, 401, "nobody of that name any more");
    assert_eq!(stage.login("admin", &password).await, None);
    let ann = stage.login("ann", "correct horse").await.unwrap();
    assert_eq!(stage.status("/m", &ann).await, 200);

    let token = stage.data("/admin/setting/get?key=token", ann.split_once('=').unwrap().1).await;
    let token = token["value"].as_str().expect("an admin may know it");
    assert_eq!(stage.data("/me", token).await["username"], "ann", "whoever shows it is the admin");
    assert_eq!(stage.status("/d/m/a.txt?sign=wrong", "").await, 401);
    // The log is written a little later, by a thread of its own.
    for _ in 0..400 {
        if stage.log("second").contains("the sign is cut short") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let log = stage.log("second");
    assert!(log.contains("the sign is cut short"), "{log}");
    let sign = signed.split_once('=').unwrap().1;
    for secret in [&password, "correct horse", hash.trim_matches('"'), admin.split_once('=').unwrap().1, sign, token] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    assert!(log.contains("/api/admin/setting/get"), "{log}");
    assert!(!log.contains("at the next start only"), "`auth` is taken up at once: {log}");
    assert_eq!(stage.log("first").matches(&password).count(), 1, "the password is told once");

    stage.write(", metrics: open", &format!("auth: {{ users: [{{ name: ann, password: {hash}, role: admin }}] }}"));
    process.hang_up();
    for _ in 0..400 {
        if stage.log("second").contains("at the next start only") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(
        stage.log("second").contains("or `data_dir` is taken up at the next start only"),
        "{}",
        stage.log("second")
    );
}
