//! What stands around the gateway: a simulated 115 with a library behind three services, a local folder, a configuration.

use std::{fmt::Write as _, fs, path::PathBuf};

use sim115::{Content, Running, Sim};
use tempfile::TempDir;

/// Folders of a mount, and files in each: few enough that what is kept of them is full soon, so that growth shows.
pub const FOLDERS: u64 = 8;
pub const FILES: u64 = 6;
/// The mounts, all with the same library.
pub const MOUNTS: [&str; 4] = ["/cloud", "/open", "/share", "/local"];

pub struct World {
    pub sim: Sim,
    _running: Running,
    pub folder: TempDir,
    pub port: u16,
    pub binary: PathBuf,
}

/// The file of this number.
pub fn content(folder: u64, file: u64) -> Content {
    let seed = folder * FILES + file;
    // From a few bytes to some megabytes.
    Content::seeded(seed, 1 + (seed * 7919) % 4_000 + if file.is_multiple_of(3) { 2_500_000 } else { 60_000 })
}

/// Its path below a mount.
pub fn path(folder: u64, file: u64) -> String {
    format!("/Folder {folder}/电影 {file}.mkv")
}

impl World {
    pub async fn new(binary: PathBuf) -> Self {
        let sim = Sim::builder().build();
        let folder = TempDir::new().unwrap();
        let local = folder.path().join("local");
        for number in 0..FOLDERS {
            fs::create_dir_all(local.join(format!("Folder {number}"))).unwrap();
            for file in 0..FILES {
                let (content, path) = (content(number, file), path(number, file));
                fs::write(local.join(&path[1..]), content.slice(0..content.size())).unwrap();
                sim.file(&path, content);
            }
        }
        sim.share_all("sw3soak", "ab12");
        let running = sim.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
        // None that a client may be given while the gateway is dead (Linux: 32768 and up).
        let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let port = (18_000..20_000).find(free).expect("a port that nobody has");
        let world = Self { sim, _running: running, folder, port, binary };
        world.configure();
        world
    }

    fn configure(&self) {
        let (base, modulus, cookie) = (self._running.base_url(), self.sim.root_modulus_hex(), self.sim.cookie());
        let wire = format!("wire: {{ base: \"{base}\", rsa_modulus: \"{modulus}\" }}");
        let tokens = self.sim.open_tokens();
        let mut text = format!(
            "server: {{ listen: \"127.0.0.1:{}\", metrics: open }}\ndata_dir: \"{}\"\nauth: {{ guest: read }}\nmounts:\n",
            self.port,
            self.folder.path().join("data").display()
        );
        // Listings and links get old within the soak.
        let cache = "cache: { listing: 10s, grace: 20s, link: 10s }";
        let (access, refresh, local) = (&tokens.access, &tokens.refresh, self.folder.path().join("local"));
        for (mount, drive) in MOUNTS.into_iter().zip([
            format!("type: 115-cloud, rate: 1000, cookie: \"{cookie}\", {wire}"),
            format!("type: 115-open, rate: 1000, access_token: \"{access}\", refresh_token: \"{refresh}\", {wire}"),
            format!("type: 115-share, rate: 1000, share_code: \"sw3soak-ab12\", cookie: \"{cookie}\", {wire}"),
            format!("type: local, root: \"{}\"", local.display()),
        ]) {
            writeln!(text, "  - path: {mount}\n    drive: {{ {drive} }}\n    {cache}").unwrap();
        }
        fs::write(self.config(), text).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Calls of an account's APIs since the ledger was reset: of the Open Platform, or of the user by cookie.
    pub fn calls(&self, open: bool) -> u64 {
        let of_user = |label: &&&str| !label.starts_with("cdn") && !matches!(**label, "unknown" | "share_snap");
        let labels = sim115::LABELS.iter().filter(of_user).filter(|label| label.starts_with("open_") == open);
        labels.map(|label| self.sim.ledger().count(label)).sum()
    }
}
