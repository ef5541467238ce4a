//! Clients that play, seek, download, browse and refresh, and look at every byte.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use reqwest::{Client, Response, StatusCode, header};
use tokio::task::JoinSet;

use crate::world::{FILES, FOLDERS, MOUNTS, content, path};

pub const CLIENTS: usize = 32;
/// Nobody waits longer, whatever fails: a queue that only grows shows here. A CDN that stalls is given half a minute each time.
const PATIENCE: Duration = Duration::from_secs(150);
/// Who was sent to the CDN has only that to wait for, and it may stall for ever.
const CDN_PATIENCE: Duration = Duration::from_secs(5);
const AGENTS: [&str; 6] = [
    "VLC/3.0.20 LibVLC/3.0.20",
    "Lavf/60.16.100",
    "Infuse-Direct/8.1",
    "Mozilla/5.0 Chrome/156.0",
    "rclone/v1.66",
    "mpv",
];

/// What came of the requests.
#[derive(Debug, Default)]
pub struct Tally {
    pub good: AtomicU64,
    /// 502, 503, 504, and answers that broke off: what faults are expected to cost.
    pub failed: AtomicU64,
    pub bytes: AtomicU64,
}

pub struct Load {
    clients: JoinSet<()>,
    stop: Arc<AtomicBool>,
    /// The gateway is killed under it: then nothing need be answered.
    pub killing: Arc<AtomicBool>,
    pub tally: Arc<Tally>,
}

impl Load {
    pub fn start(base: &str, seed: u64) -> Self {
        let (stop, killing, tally) = (Arc::default(), Arc::default(), Arc::<Tally>::default());
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let user = User {
                base: base.to_owned(),
                agent: AGENTS[number % AGENTS.len()],
                http: client(),
                tally: Arc::clone(&tally),
                random: StdRng::seed_from_u64(seed ^ ((number as u64) << 32)),
            };
            clients.spawn(user.run(Arc::clone(&stop), Arc::clone(&killing)));
        }
        Self { clients, stop, killing, tally }
    }

    /// Every client ends its request; panics where one has seen what must not be.
    pub async fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
    }

    /// Whether a client has seen what must not be.
    pub fn check(&mut self) {
        if let Some(ended) = self.clients.try_join_next() {
            ended.unwrap();
            panic!("a client has ended");
        }
    }
}

/// Keeps no connection: the gateway may be another one the next time.
pub fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([])
        .timeout(PATIENCE)
        .pool_max_idle_per_host(1)
        .build()
        .unwrap()
}

struct User {
    base: String,
    agent: &'static str,
    http: Client,
    tally: Arc<Tally>,
    random: StdRng,
}

impl User {
    async fn run(mut self, stop: Arc<AtomicBool>, killing: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            match self.one().await {
                Ok(()) => self.tally.good.fetch_add(1, Ordering::Relaxed),
                Err(error) => {
                    let late = error.is_timeout() && !killing.load(Ordering::Relaxed);
                    assert!(!late, "no answer in {PATIENCE:?}: {error}");
                    self.tally.failed.fetch_add(1, Ordering::Relaxed)
                }
            };
            let pause = self.random.random_range(1..40);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn one(&mut self) -> reqwest::Result<()> {
        let mount = *MOUNTS.choose(&mut self.random).unwrap();
        // Most of it where everybody is, some of it anywhere.
        let folders = if self.random.random_bool(0.7) { 3 } else { FOLDERS };
        let (folder, file) = (self.random.random_range(0..folders), self.random.random_range(0..FILES));
        match self.random.random_range(0..100) {
            0..45 => self.range("/p", mount, folder, file).await,
            45..70 => self.range("/d", mount, folder, file).await,
            70..78 => self.whole(mount, folder, file).await,
            78..92 => self.page(mount, folder).await,
            92..96 => self.absent(mount, folder).await,
            _ => self.head(mount, folder, file).await,
        }
    }

    async fn get(&self, url: &str, range: Option<(u64, u64)>) -> reqwest::Result<Response> {
        let mut request = self.http.get(url).header(header::USER_AGENT, self.agent);
        if let Some((from, to)) = range {
            request = request.header(header::RANGE, format!("bytes={from}-{to}"));
        }
        request.send().await
    }

    fn url(&self, door: &str, mount: &str, path: &str) -> String {
        format!("{}{door}{mount}{}", self.base, path.replace(' ', "%20"))
    }

    async fn range(&mut self, door: &str, mount: &str, folder: u64, file: u64) -> reqwest::Result<()> {
        let content = content(folder, file);
        let from = self.random.random_range(0..content.size());
        let to = (from + self.random.random_range(0..200_000)).min(content.size() - 1);
        let url = self.url(door, mount, &path(folder, file));
        let reply = self.get(&url, Some((from, to))).await?;
        if reply.status() == StatusCode::FOUND {
            let link = reply.headers()[header::LOCATION].to_str().unwrap().to_owned();
            assert_eq!(reply.headers()[header::CACHE_CONTROL], "no-store", "{url}");
            let seen = async {
                let reply = self.get(&link, Some((from, to))).await?;
                self.of_cdn(reply, from, &content.slice(from..to + 1), content.size()).await
            };
            // What the CDN does to its own clients is not the gateway's to mend.
            return tokio::time::timeout(CDN_PATIENCE, seen).await.unwrap_or(Ok(()));
        }
        let told = reply.headers().get(header::CONTENT_RANGE).cloned();
        let wanted = format!("bytes {from}-{to}/{}", content.size());
        if reply.status() != StatusCode::PARTIAL_CONTENT {
            return self.refused(reply, &url);
        }
        assert_eq!(told.as_ref().map(|told| told.as_bytes()), Some(wanted.as_bytes()), "{url}");
        self.bytes(reply, &content.slice(from..to + 1), &url).await
    }

    async fn whole(&mut self, mount: &str, folder: u64, file: u64) -> reqwest::Result<()> {
        let content = content(folder, file);
        let url = self.url("/p", mount, &path(folder, file));
        let reply = self.get(&url, None).await?;
        if reply.status() != StatusCode::OK {
            return self.refused(reply, &url);
        }
        assert_eq!(reply.content_length(), Some(content.size()), "{url}");
        self.bytes(reply, &content.slice(0..content.size()), &url).await
    }

    /// The link leads to the right file: where the CDN says that it gives what was asked, these are the bytes.
    async fn of_cdn(&self, reply: Response, from: u64, right: &[u8], size: u64) -> reqwest::Result<()> {
        let told = reply.headers().get(header::CONTENT_RANGE).and_then(|told| told.to_str().ok()).unwrap_or_default();
        let wanted = format!("bytes {from}-{}/{size}", from + right.len() as u64 - 1);
        if reply.status() != StatusCode::PARTIAL_CONTENT || told != wanted {
            return reply.error_for_status().map(drop);
        }
        self.bytes(reply, right, "a link").await
    }

    /// Reads the body; whatever comes of it must be right, and a short one must break off.
    async fn bytes(&self, mut reply: Response, right: &[u8], url: &str) -> reqwest::Result<()> {
        let mut at = 0;
        while let Some(piece) = reply.chunk().await? {
            assert!(right[at..].starts_with(&piece), "wrong bytes of {url} behind {at}");
            at += piece.len();
            self.tally.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        assert_eq!(at, right.len(), "{url} is short, and looks whole");
        Ok(())
    }

    async fn page(&mut self, mount: &str, folder: u64) -> reqwest::Result<()> {
        let refresh = if self.random.random_bool(0.3) { "?refresh=1" } else { "" };
        let url = format!("{}{refresh}", self.url("", mount, &format!("/Folder {folder}")));
        let mut reply = self.get(&url, None).await?;
        if !refresh.is_empty() && reply.status() == StatusCode::FOUND {
            // The page anew, without the wish to read it anew.
            let page = reply.headers()[header::LOCATION].to_str().unwrap();
            assert_eq!(page, &url[self.base.len()..url.len() - refresh.len()]);
            reply = self.get(&url[..url.len() - refresh.len()], None).await?;
        }
        if reply.status() != StatusCode::OK {
            return self.refused(reply, &url);
        }
        let text = reply.text().await?;
        assert_eq!(
            text.matches(&format!("\"/d{mount}/Folder%20{folder}/%E7%94%B5%E5%BD%B1%20")).count(),
            FILES as usize,
            "an incomplete page: {url}\n{text}"
        );
        Ok(())
    }

    async fn absent(&mut self, mount: &str, folder: u64) -> reqwest::Result<()> {
        let number: u32 = self.random.random();
        let url = self.url("/d", mount, &format!("/Folder {folder}/poster {number}.jpg"));
        let reply = self.get(&url, None).await?;
        if reply.status() == StatusCode::NOT_FOUND { Ok(()) } else { self.refused(reply, &url) }
    }

    async fn head(&mut self, mount: &str, folder: u64, file: u64) -> reqwest::Result<()> {
        let url = self.url("/p", mount, &path(folder, file));
        let reply = self.http.head(&url).header(header::USER_AGENT, self.agent).send().await?;
        if reply.status() != StatusCode::OK {
            return self.refused(reply, &url);
        }
        assert_eq!(reply.headers()[header::CONTENT_LENGTH], content(folder, file).size().to_string(), "{url}");
        Ok(())
    }

    /// Failures have their true status, and never another's.
    fn refused(&self, reply: Response, url: &str) -> reqwest::Result<()> {
        let status = reply.status().as_u16();
        assert!(matches!(status, 502..=504), "{status} for {url}");
        if status == 503 {
            assert!(reply.headers().contains_key(header::RETRY_AFTER), "503 without Retry-After for {url}");
        }
        reply.error_for_status().map(drop)
    }
}
