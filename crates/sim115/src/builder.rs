//! What can be chosen before a simulated account exists; most of it can be changed later on the [`Sim`] itself.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::content::digest;
use crate::open::OpenKnobs;
use crate::sim::{Knobs, Sim};

/// How long the firewall stays up.
const BLOCK: Duration = Duration::from_secs(11 * 60);

/// Rate limit of the simulated web application firewall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WafLimit {
    pub(crate) calls: usize,
    pub(crate) per: Duration,
    pub(crate) block: Duration,
}

/// Builder of a [`Sim`]; every option has a default that behaves like the real service.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) seed: u64,
    pub(crate) user_id: u64,
    pub(crate) cookie: Option<String>,
    pub(crate) stopped_at: Option<u64>,
    pub(crate) waf: Option<WafLimit>,
    pub(crate) snap_waf: Option<WafLimit>,
    pub(crate) knobs: Knobs,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            seed: 115,
            user_id: 12_345_678,
            cookie: None,
            stopped_at: None,
            waf: None,
            snap_waf: None,
            knobs: Knobs {
                link_ttl: Duration::from_secs(4 * 3600),
                c: 2,
                uc: 10,
                linger: Duration::from_secs(3),
                force_f: BTreeMap::new(),
                throttle: None,
                known_ua: false,
                refuse_referer: false,
                short_pages: false,
                bare_thumbnails: false,
                miscount: 0,
                date_skew: 0,
                open: OpenKnobs::default(),
                qr_hold: Duration::from_secs(30),
                qr_life: Duration::from_secs(5 * 60),
                kick_grace: 10,
                space: 5 << 40,
                browsers_refused: false,
            },
        }
    }
}

impl Builder {
    /// Seed of all chance; one seed and one order of calls give one behaviour.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The account's number.
    #[must_use]
    pub fn user_id(mut self, id: u64) -> Self {
        self.user_id = id;
        self
    }

    /// The one cookie that is logged in, as `UID=…; CID=…; SEID=…; KID=…`.
    #[must_use]
    pub fn cookie(mut self, cookie: impl Into<String>) -> Self {
        self.cookie = Some(cookie.into());
        self
    }

    /// A clock that stands at this unix second until it is advanced, instead of following the system's.
    #[must_use]
    pub fn stopped_at(mut self, unix: u64) -> Self {
        self.stopped_at = Some(unix);
        self
    }

    /// Thumbnails come as a bare query, which is of another host than any that is simulated (§1.1).
    #[must_use]
    pub fn bare_thumbnails(mut self) -> Self {
        self.knobs.bare_thumbnails = true;
        self
    }

    /// Life of a link (`t`). Default 4 hours.
    #[must_use]
    pub fn link_ttl(mut self, ttl: Duration) -> Self {
        self.knobs.link_ttl = ttl;
        self
    }

    /// Connections per link (`c`), 0 for no cap. Default 2.
    #[must_use]
    pub fn c(mut self, c: u32) -> Self {
        self.knobs.c = c;
        self
    }

    /// Connections per account (`uc`), 0 for no cap. Default 10.
    #[must_use]
    pub fn uc(mut self, uc: u32) -> Self {
        self.knobs.uc = uc;
        self
    }

    /// How long the slot of an abandoned connection stays taken. Default 3 s.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.knobs.linger = linger;
        self
    }

    /// Binds every link of one way (`chrome_downurl`, `android_download`, `files_download`, `open_downurl`) alike: 0, 1 or 3.
    #[must_use]
    pub fn force_f(mut self, label: &'static str, f: u8) -> Self {
        self.knobs.force_f.insert(label, f);
        self
    }

    /// Bytes per second of each CDN connection.
    #[must_use]
    pub fn throttle(mut self, bytes_per_second: u64) -> Self {
        self.knobs.throttle = Some(bytes_per_second);
        self
    }

    /// App endpoints refuse a User-Agent that is not one of 115's own, without a number (quirk 48).
    #[must_use]
    pub fn require_known_ua(mut self, on: bool) -> Self {
        self.knobs.known_ua = on;
        self
    }

    /// The CDN refuses requests that carry a `Referer`.
    #[must_use]
    pub fn refuse_referer(mut self, on: bool) -> Self {
        self.knobs.refuse_referer = on;
        self
    }

    /// More than `calls` API calls within `per` bring the WAF page for 11 minutes (§7.2). Off by default.
    #[must_use]
    pub fn waf_after(mut self, calls: usize, per: Duration) -> Self {
        self.waf = Some(WafLimit { calls, per, block: BLOCK });
        self
    }

    /// More than `calls` listings of shares within `per` from one address bring the WAF page to it, and to listings of
    /// shares alone, for 11 minutes (quirk 39). Off by default.
    #[must_use]
    pub fn snap_waf_after(mut self, calls: usize, per: Duration) -> Self {
        self.snap_waf = Some(WafLimit { calls, per, block: BLOCK });
        self
    }

    /// How long the poll of a QR code is held while nothing happens. Default 30 s, in real time.
    #[must_use]
    pub fn qr_hold(mut self, hold: Duration) -> Self {
        self.knobs.qr_hold = hold;
        self
    }

    /// Life of a QR code. Default 5 minutes, by the simulator's clock.
    #[must_use]
    pub fn qr_life(mut self, life: Duration) -> Self {
        self.knobs.qr_life = life;
        self
    }

    /// Calls that `webapi`, `aps` and `my` still serve of a session kicked by a login (quirk 36). Default 10.
    #[must_use]
    pub fn kick_grace(mut self, calls: u64) -> Self {
        self.knobs.kick_grace = calls;
        self
    }

    /// Size of the account in bytes. Default 5 TiB.
    #[must_use]
    pub fn space(mut self, bytes: u64) -> Self {
        self.knobs.space = bytes;
        self
    }

    /// App ways to a link answer 99 to a session of a browser (`A1`), which lists without trouble (§1.5).
    #[must_use]
    pub fn refuse_browsers(mut self, on: bool) -> Self {
        self.knobs.browsers_refused = on;
        self
    }

    /// The account, with an empty tree.
    pub fn build(self) -> Sim {
        Sim::new(self)
    }

    pub(crate) fn cookie_of(&self, login: u64, letters: &str, when: u64) -> String {
        let of = |what: &str| digest(&[what.as_bytes(), &self.seed.to_le_bytes(), &login.to_le_bytes()]);
        let seid = format!("{}{}{}", of("seid 1"), of("seid 2"), of("seid 3"));
        format!(
            "UID={}_{letters}_{when}; CID={}; SEID={seid}; KID={}",
            self.user_id,
            &of("cid")[..32],
            &of("kid")[..32]
        )
    }
}
