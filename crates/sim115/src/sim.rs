//! The handle of one simulated account: its tree, its knobs, its book.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use p115::cipher::m115::PrivateKey;
use parking_lot::Mutex;

use crate::api::waf::{PerAddress, Waf};
use crate::builder::Builder;
use crate::cdn::link::Issuer;
use crate::cdn::slots::Slots;
use crate::clock::Clock;
use crate::content::Content;
use crate::fault::{Fault, FaultHandle, Faults, On, Times};
use crate::ledger::Ledger;
use crate::open::{Open, OpenKnobs};
use crate::qr::Codes;
use crate::quirk::Dice;
use crate::server::{self, Running};
use crate::sessions::Sessions;
use crate::share::Shares;
use crate::world::{File, FileId, FolderId, NodeId, Order, Raw, World};

/// Modulus and private exponent of the published test pair (docs/115.md, T5).
const N: &str = "cee772c1500dc22081f279e15dd8b45383e008caedeacc47cb344c6e2eb00520fe0b1eda373e90fac4ab73320b95edabe3a5c1a4636d896eda9fdec6c924547eebff3fa752de407316cebd7419ff163bb5ef229ea98e79b2714b771db70148cc4a8fc1af8159484943fde6d305746d8fa2965991407fe34b5443f54c5f38fb81";
const D: &str = "0e4277cf7869b65520b79a2c4cd83c575c29a2d97f8bb4e006d2782908d933454a94f01fa87a8ca9e7c78c352904c0805dfc64cbe4595e853016a01731b22a0b84947e7e51430d358a6fa817bb4b88377ebbd1140d97571d154819f745bb6ba33c256ae529aa1acf1cebaa8665bc04a15f3d93cc0db192b4aaa42fa2673ad6d1";

/// When the account's first session was logged in (unix seconds).
const FIRST_LOGIN: u64 = 1_700_000_000;

/// What may be turned while the simulator runs.
#[derive(Clone, Debug)]
pub(crate) struct Knobs {
    pub(crate) link_ttl: Duration,
    pub(crate) c: u32,
    pub(crate) uc: u32,
    pub(crate) linger: Duration,
    pub(crate) force_f: BTreeMap<&'static str, u8>,
    pub(crate) throttle: Option<u64>,
    pub(crate) known_ua: bool,
    pub(crate) refuse_referer: bool,
    pub(crate) short_pages: bool,
    pub(crate) bare_thumbnails: bool,
    pub(crate) miscount: i64,
    pub(crate) date_skew: i64,
    pub(crate) open: OpenKnobs,
    pub(crate) qr_hold: Duration,
    pub(crate) qr_life: Duration,
    pub(crate) kick_grace: u64,
    pub(crate) space: u64,
    pub(crate) browsers_refused: bool,
}

type Hook = Box<dyn FnOnce(&Sim) + Send>;

/// One simulated 115 account with its servers. Clones are the same account.
#[derive(Clone)]
pub struct Sim(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) user_id: u64,
    pub(crate) world: Arc<Mutex<World>>,
    pub(crate) shares: Mutex<Shares>,
    pub(crate) knobs: Mutex<Knobs>,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) codes: Codes,
    pub(crate) waf: Mutex<Waf>,
    pub(crate) open: Mutex<Open>,
    pub(crate) snap_waf: Mutex<PerAddress>,
    pub(crate) clock: Clock,
    pub(crate) ledger: Ledger,
    pub(crate) faults: Faults,
    pub(crate) dice: Dice,
    pub(crate) issuer: Issuer,
    pub(crate) slots: Slots,
    pub(crate) key: Option<PrivateKey>,
    pub(crate) logins: AtomicU64,
    pub(crate) builder: Builder,
    hooks: Mutex<Vec<(&'static str, Hook)>>,
}

impl Sim {
    /// Options first.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(builder: Builder) -> Self {
        let point = format!("0{:03x}", builder.seed % 0x1000);
        let cookie = builder.cookie.clone().unwrap_or_else(|| builder.cookie_of(0, "R1", FIRST_LOGIN));
        let (clock, ledger) = (Clock::new(builder.stopped_at), Ledger::default());
        Self(Arc::new(Inner {
            user_id: builder.user_id,
            world: Arc::new(Mutex::new(World::new(point.clone()))),
            shares: Mutex::default(),
            knobs: Mutex::new(builder.knobs.clone()),
            sessions: Mutex::new(Sessions::new(cookie, FIRST_LOGIN)),
            codes: Codes::default(),
            waf: Mutex::new(Waf::new(builder.waf)),
            open: Mutex::new(Open::new(builder.seed)),
            snap_waf: Mutex::new(PerAddress::new(builder.snap_waf)),
            slots: Slots::new(clock.clone(), ledger.clone()),
            clock,
            ledger,
            faults: Faults::default(),
            dice: Dice::new(builder.seed),
            issuer: Issuer::new(builder.seed, builder.user_id, point),
            key: PrivateKey::from_hex(N, D).ok(),
            hooks: Mutex::new(Vec::new()),
            logins: AtomicU64::new(0),
            builder,
        }))
    }

    // --- servers ---

    /// Serves APIs (`/{115 host}/…`) and CDN (`/cdn/…`) on one address until the result is dropped.
    pub async fn serve(&self, addr: SocketAddr) -> io::Result<Running> {
        let running = server::start(self.api_router().merge(self.cdn_router()), addr).await?;
        self.0.issuer.served_at(running.base_url());
        Ok(running)
    }

    /// The API hosts, each below a path of its name: `/webapi.115.com/files`. Has a fallback, so merge it last or alone.
    pub fn api_router(&self) -> Router {
        crate::api::router(self.clone())
    }

    /// The byte servers, below `/cdn/` (and `/cdn-hop/` for scripted redirects).
    pub fn cdn_router(&self) -> Router {
        crate::cdn::router(self.clone())
    }

    /// What links point to, without `/cdn/…`; by default the address of the last [`serve`](Self::serve).
    pub fn set_cdn_base(&self, url: &str) {
        self.0.issuer.set_base(url);
    }

    /// Modulus (hex, 1024 bit) of the key pair the client must encrypt to; the exponent is 0x10001.
    pub fn root_modulus_hex(&self) -> &'static str {
        N
    }

    // --- tree ---

    /// The folder at this path, made with its parents where missing.
    pub fn folder(&self, path: &str) -> FolderId {
        FolderId(self.0.world.lock().folder(path, self.now()))
    }

    /// A new file at this path; parents are made. A second file of the same path is a second file (quirk 14).
    ///
    /// # Panics
    /// When the path names no file.
    pub fn file(&self, path: &str, content: Content) -> FileId {
        FileId(self.0.world.lock().file(path, File::new(content, Raw::default()), self.now()))
    }

    /// A file under any name, `/` and control characters included.
    ///
    /// # Panics
    /// When there is no such parent.
    pub fn raw_file(&self, parent: FolderId, name: &str, content: Content, raw: Raw) -> FileId {
        let file = File::new(content, raw);
        let created = raw.created.unwrap_or_else(|| self.now());
        FileId(self.0.world.lock().insert(parent.0, name, Some(file), created))
    }

    /// A folder under any name, also one that exists already.
    ///
    /// # Panics
    /// When there is no such parent.
    pub fn raw_folder(&self, parent: FolderId, name: &str) -> FolderId {
        FolderId(self.0.world.lock().insert(parent.0, name, None, self.now()))
    }

    /// Removes a file, or a folder with all below it. False when there is no such thing.
    pub fn remove(&self, id: impl Into<NodeId>) -> bool {
        self.0.world.lock().remove(id.into().0)
    }

    /// False when there is no such thing.
    pub fn rename(&self, id: impl Into<NodeId>, name: &str) -> bool {
        self.0.world.lock().rename(id.into().0, name, self.now())
    }

    /// False when either does not exist or the target lies inside what is moved.
    pub fn move_to(&self, id: impl Into<NodeId>, parent: FolderId) -> bool {
        self.0.world.lock().move_to(id.into().0, parent.0, self.now())
    }

    /// An incomplete upload comes to its end. False when there is no such file.
    pub fn complete(&self, id: FileId) -> bool {
        self.0.world.lock().edit(id.0, |node| {
            if let Some(file) = &mut node.file {
                file.incomplete = false;
            }
        })
    }

    /// What lies at this path; of namesakes a folder first, then the oldest. The root is 0.
    pub fn id_of(&self, path: &str) -> Option<NodeId> {
        self.0.world.lock().find(path).map(NodeId)
    }

    /// The pickcode of a file or folder.
    pub fn pickcode(&self, id: impl Into<NodeId>) -> Option<String> {
        self.0.world.lock().node(id.into().0).map(|node| node.pickcode.clone())
    }

    /// Files in the whole tree.
    pub fn file_count(&self) -> usize {
        self.0.world.lock().files()
    }

    /// The order this folder was last shown in: what a listing gets that does not insist on its own (quirk 9).
    pub fn remember_order(&self, folder: FolderId, by: &str, asc: bool, fc_mix: bool) {
        self.0.world.lock().remember(folder.0, Order { by: by.to_owned(), asc, mix: fc_mix });
    }

    /// This folder is shown in this order whatever is asked, and the reply says so (quirk 9).
    pub fn impose_order(&self, folder: FolderId, by: &str, asc: bool, fc_mix: bool) {
        self.0.world.lock().impose(folder.0, Order { by: by.to_owned(), asc, mix: fc_mix });
    }

    /// This folder is natural-sorted: `o=file_name` is refused with 20130827 and another order suggested (quirk 8).
    pub fn natsort(&self, folder: FolderId) {
        self.refuse_order(folder, "file_name", "user_ptime", true);
    }

    /// Listings of this folder by `by` are refused with 20130827 and this order suggested.
    pub fn refuse_order(&self, folder: FolderId, by: &str, suggested: &str, asc: bool) {
        self.0.world.lock().refuse(folder.0, by, Order { by: suggested.to_owned(), asc, mix: false });
    }

    // --- knobs ---

    /// `c` of links issued from now on.
    pub fn set_c(&self, c: u32) {
        self.0.knobs.lock().c = c;
    }

    /// `uc` of links issued from now on.
    pub fn set_uc(&self, uc: u32) {
        self.0.knobs.lock().uc = uc;
    }

    /// Life of links issued from now on.
    pub fn set_link_ttl(&self, ttl: Duration) {
        self.0.knobs.lock().link_ttl = ttl;
    }

    /// Binding of links of one way issued from now on; `None` follows the way's own rule again.
    pub fn force_f(&self, label: &'static str, f: Option<u8>) {
        let mut knobs = self.0.knobs.lock();
        match f {
            Some(f) => knobs.force_f.insert(label, f),
            None => knobs.force_f.remove(label),
        };
    }

    /// Bytes per second of each CDN connection opened from now on.
    pub fn set_throttle(&self, bytes_per_second: Option<u64>) {
        self.0.knobs.lock().throttle = bytes_per_second;
    }

    /// See [`Builder::require_known_ua`].
    pub fn require_known_ua(&self, on: bool) {
        self.0.knobs.lock().known_ua = on;
    }

    /// Pages may hold fewer entries than asked for though more follow (quirk 10).
    pub fn short_pages(&self, on: bool) {
        self.0.knobs.lock().short_pages = on;
    }

    /// Listings claim this many entries more (or fewer) than there are (quirk 10).
    pub fn miscount(&self, by: i64) {
        self.0.knobs.lock().miscount = by;
    }

    /// Every `Date` header is wrong by this many seconds; the clock itself, and with it every expiry, is not.
    pub fn skew_date(&self, by: i64) {
        self.0.knobs.lock().date_skew = by;
    }

    // --- script and book ---

    /// Time as the servers see it.
    pub fn clock(&self) -> Clock {
        self.0.clock.clone()
    }

    /// The book of calls.
    pub fn ledger(&self) -> Ledger {
        self.0.ledger.clone()
    }

    /// Scripts misbehaviour. Rules are asked in the order they were added; the first that strikes wins.
    ///
    /// # Panics
    /// On a label that is not in [`LABELS`](crate::LABELS).
    pub fn fault(&self, on: On, times: Times, fault: Fault) -> FaultHandle {
        self.0.faults.add(on, times, fault)
    }

    /// Ends all misbehaviour.
    pub fn clear_faults(&self) {
        self.0.faults.clear();
    }

    /// Runs `then` once, after the next call of this label was answered and before its answer is sent: what others
    /// do to the account between two calls of a client (quirk 10).
    ///
    /// # Panics
    /// On a label that is not in [`LABELS`](crate::LABELS).
    pub fn after_next(&self, label: &'static str, then: impl FnOnce(&Self) + Send + 'static) {
        assert!(crate::LABELS.contains(&label), "no such label: {label}");
        self.0.hooks.lock().push((label, Box::new(then)));
    }

    pub(crate) fn run_hook(&self, label: &str) {
        let hook = {
            let mut hooks = self.0.hooks.lock();
            hooks.iter().position(|(on, _)| *on == label).map(|at| hooks.remove(at).1)
        };
        if let Some(hook) = hook {
            hook(self);
        }
    }

    /// What goes into `Date`.
    pub(crate) fn date(&self) -> String {
        let told = self.now().saturating_add_signed(self.0.knobs.lock().date_skew);
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(told))
    }

    pub(crate) fn now(&self) -> u64 {
        self.0.clock.now_unix()
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim")
            .field("user_id", &self.0.user_id)
            .field("files", &self.file_count())
            .finish_non_exhaustive()
    }
}
