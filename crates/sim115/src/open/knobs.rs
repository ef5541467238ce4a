//! What can be chosen about the Open Platform before the account exists.

use std::time::Duration;

use crate::builder::Builder;

#[derive(Clone, Debug)]
pub(crate) struct OpenKnobs {
    pub(crate) apps: Vec<String>,
    pub(crate) per_app: usize,
    pub(crate) access_life: Duration,
    pub(crate) claimed_life: Option<Duration>,
    pub(crate) refresh_life: Duration,
    pub(crate) refreshes: (usize, Duration),
    pub(crate) qr_life: Duration,
    pub(crate) qr_hold: Duration,
    pub(crate) rate: Option<(usize, Duration)>,
    pub(crate) quota: Option<u64>,
    pub(crate) search_lag: Duration,
    pub(crate) space: u64,
}

impl Default for OpenKnobs {
    fn default() -> Self {
        Self {
            apps: vec!["100000115".to_owned()],
            per_app: 2,
            access_life: Duration::from_secs(7_200),
            claimed_life: None,
            refresh_life: Duration::from_secs(365 * 86_400),
            refreshes: (3, Duration::from_secs(600)),
            qr_life: Duration::from_secs(300),
            qr_hold: Duration::from_secs(30),
            rate: None,
            quota: None,
            search_lag: Duration::ZERO,
            space: 16 << 40,
        }
    }
}

impl Builder {
    /// The AppIDs there are. Default: `100000115` alone.
    ///
    /// # Panics
    /// Without any: an account has to be authorised for some app.
    #[must_use]
    pub fn open_apps(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.knobs.open.apps = ids.into_iter().map(Into::into).collect();
        assert!(!self.knobs.open.apps.is_empty(), "no app");
        self
    }

    /// How many authorisations of one app live side by side; one more kills the oldest. Default 2.
    #[must_use]
    pub fn open_authorisations(mut self, n: usize) -> Self {
        self.knobs.open.per_app = n;
        self
    }

    /// Life of an access token. Default 2 hours.
    #[must_use]
    pub fn open_access_life(mut self, life: Duration) -> Self {
        self.knobs.open.access_life = life;
        self
    }

    /// What `expires_in` claims, where it is to differ from the life of the access token.
    #[must_use]
    pub fn open_expires_in(mut self, claimed: Duration) -> Self {
        self.knobs.open.claimed_life = Some(claimed);
        self
    }

    /// Life of an authorisation, which no refresh prolongs. Default 365 days.
    #[must_use]
    pub fn open_refresh_life(mut self, life: Duration) -> Self {
        self.knobs.open.refresh_life = life;
        self
    }

    /// More than `n` refreshes of one authorisation within `per` answer 40140117, and refused ones count. Default 3
    /// in 10 minutes; 115 gives no number.
    #[must_use]
    pub fn open_refreshes(mut self, n: usize, per: Duration) -> Self {
        self.knobs.open.refreshes = (n, per);
        self
    }

    /// Life of a device code. Default 5 minutes; 115 gives no number.
    #[must_use]
    pub fn open_qr_life(mut self, life: Duration) -> Self {
        self.knobs.open.qr_life = life;
        self
    }

    /// How long, in real time, a poll of a device code is held while nothing happens. Default 30 s.
    #[must_use]
    pub fn open_qr_hold(mut self, hold: Duration) -> Self {
        self.knobs.open.qr_hold = hold;
        self
    }

    /// More than `calls` Open calls within `per` answer HTTP 429 with `X-RateLimit-Reset` (quirk 55). Off by default.
    #[must_use]
    pub fn open_rate(mut self, calls: usize, per: Duration) -> Self {
        self.knobs.open.rate = Some((calls, per));
        self
    }

    /// More than `calls` Open calls on one day (of Shanghai) meet the quota in one of its forms (quirk 55).
    #[must_use]
    pub fn open_quota(mut self, calls: u64) -> Self {
        self.knobs.open.quota = Some(calls);
        self
    }

    /// The searches, that of the Open Platform and the other, find nothing younger than this.
    #[must_use]
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.knobs.open.search_lag = lag;
        self
    }

    /// Bytes the account may hold. Default 16 TiB.
    #[must_use]
    pub fn open_space(mut self, bytes: u64) -> Self {
        self.knobs.open.space = bytes;
        self
    }
}
