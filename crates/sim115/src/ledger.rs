//! The book of every call that reached the simulator, what it broke, and how many CDN bodies were open at once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

/// Records kept; older ones go first. The counters go on counting.
const KEPT: usize = 20_000;

/// Every label a call can be booked under.
pub const LABELS: [&str; 38] = [
    "files",
    "natsort",
    "getid",
    "category_get",
    "get_info",
    "search",
    "status",
    "chrome_downurl",
    "android_download",
    "files_download",
    "open_device_code",
    "open_device_token",
    "open_refresh",
    "open_user_info",
    "open_files",
    "open_get_info",
    "open_search",
    "open_downurl",
    "nav",
    "index_info",
    "space_info",
    "qr_token",
    "qr_image",
    "qr_status",
    "qr_result",
    "check_sso",
    "login_devices",
    "logout",
    "share_snap",
    "share_downurl",
    "share_downurl_plain",
    "share_downurl_site",
    "share_downurl_web",
    "share_skip_login",
    "unknown",
    "cdn",
    "cdn_hop",
    "cdn_thumb",
];

/// One call as it was answered. Holds no cookie and no signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which endpoint: one of [`LABELS`].
    pub label: &'static str,
    /// The 115 host the call was for; `cdn` for byte servers.
    pub host: String,
    /// Path below the host.
    pub path: String,
    /// Raw query, without signatures and QR codes.
    pub query: String,
    /// The User-Agent as it came (lossy text); `None` when the header was missing.
    pub user_agent: Option<String>,
    /// HTTP status; 0 when the connection was dropped without an answer.
    pub status: u16,
    /// The error number inside the answer, when it had one.
    pub errno: Option<i64>,
}

#[derive(Default)]
struct Book {
    records: VecDeque<Record>,
    counts: BTreeMap<&'static str, u64>,
    cdn_statuses: BTreeMap<u16, u64>,
    violations: Vec<String>,
    rotations: u64,
    open: u64,
    max_open: u64,
    max_open_per_link: u64,
    bytes: u64,
}

/// Shared book; clones look at the same one.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Book>>);

impl Ledger {
    /// Calls booked under `label` since the last reset.
    ///
    /// # Panics
    /// On a label that is not in [`LABELS`]: such a count would be zero for ever.
    pub fn count(&self, label: &str) -> u64 {
        assert!(LABELS.contains(&label), "no such label: {label}");
        self.0.lock().counts.get(label).copied().unwrap_or(0)
    }

    /// All calls, API and CDN.
    pub fn total(&self) -> u64 {
        self.0.lock().counts.values().sum()
    }

    /// All calls of the APIs: what the account's rate budget pays.
    pub fn api_total(&self) -> u64 {
        self.0.lock().counts.iter().filter(|(label, _)| !label.starts_with("cdn")).map(|(_, n)| n).sum()
    }

    /// The records since the last take or reset, oldest first (at most the newest 20 000). The counters stay.
    pub fn take(&self) -> Vec<Record> {
        self.0.lock().records.drain(..).collect()
    }

    /// Forgets records, counters and violations; what is open stays open.
    pub fn reset(&self) {
        let mut book = self.0.lock();
        *book = Book { open: book.open, max_open: book.open, ..Book::default() };
    }

    /// What no well-behaved client does: unknown parameters, wrong methods, the account's cookie at the CDN…
    pub fn violations(&self) -> Vec<String> {
        self.0.lock().violations.clone()
    }

    /// Refreshes that gave a new pair of Open tokens, whether or not their answer arrived.
    pub fn rotations(&self) -> u64 {
        self.0.lock().rotations
    }

    /// CDN answers of this HTTP status.
    pub fn cdn_status(&self, status: u16) -> u64 {
        self.0.lock().cdn_statuses.get(&status).copied().unwrap_or(0)
    }

    /// CDN bodies being sent right now.
    pub fn cdn_open(&self) -> u64 {
        self.0.lock().open
    }

    /// The most CDN bodies ever sent at once.
    pub fn cdn_max_open(&self) -> u64 {
        self.0.lock().max_open
    }

    /// The most CDN bodies ever sent at once over one link.
    pub fn cdn_max_open_per_link(&self) -> u64 {
        self.0.lock().max_open_per_link
    }

    /// Body bytes the CDN has handed to connections.
    pub fn cdn_bytes(&self) -> u64 {
        self.0.lock().bytes
    }

    pub(crate) fn book(&self, record: Record) {
        let mut book = self.0.lock();
        *book.counts.entry(record.label).or_default() += 1;
        if record.label.starts_with("cdn") {
            *book.cdn_statuses.entry(record.status).or_default() += 1;
        }
        if book.records.len() == KEPT {
            book.records.pop_front();
        }
        book.records.push_back(record);
    }

    pub(crate) fn violation(&self, what: String) {
        let mut book = self.0.lock();
        if book.violations.len() < KEPT {
            book.violations.push(what);
        }
    }

    pub(crate) fn rotated(&self) {
        self.0.lock().rotations += 1;
    }

    pub(crate) fn opened(&self, on_link: u64) {
        let mut book = self.0.lock();
        book.open += 1;
        book.max_open = book.max_open.max(book.open);
        book.max_open_per_link = book.max_open_per_link.max(on_link);
    }

    pub(crate) fn closed(&self, bytes: u64) {
        let mut book = self.0.lock();
        book.open -= 1;
        book.bytes += bytes;
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ledger({} calls)", self.total())
    }
}
