//! What a test does to the Open Platform while the simulator runs: the phone's part, and the ends of tokens.

use std::time::Duration;

use super::tickets::Stage;
use super::{OpenKnobs, OpenTokens};
use crate::sim::Sim;

/// Begins the text of every QR code.
const SCAN: &str = "https://115.com/scan/dg-";

impl Sim {
    /// The first AppID.
    pub fn open_app_id(&self) -> String {
        self.open_knobs().apps[0].clone()
    }

    /// The pair that is good now, of the newest authorisation; authorises the first app where there is none.
    pub fn open_tokens(&self) -> OpenTokens {
        let newest = self.0.open.lock().grants.newest();
        newest.unwrap_or_else(|| self.open_authorise())
    }

    /// Another authorisation of the first app, as by another device; by default the third kills the first (quirk 51).
    pub fn open_authorise(&self) -> OpenTokens {
        let knobs = self.open_knobs();
        self.0.open.lock().grants.authorise(&knobs.apps[0], self.0.clock.now_unix(), &knobs)
    }

    /// Every access token ends before its time; the refresh tokens live on.
    pub fn expire_access(&self) {
        self.0.open.lock().grants.expire_access(self.0.clock.now_unix());
    }

    /// The user ends every authorisation in the app.
    pub fn revoke_open(&self) {
        self.0.open.lock().grants.revoke();
    }

    /// Texts of the QR codes nobody has scanned yet, oldest first.
    pub fn open_qr_codes(&self) -> Vec<String> {
        let (now, life) = self.qr_time();
        let waiting = self.0.open.lock().tickets.waiting(now, life);
        waiting.into_iter().map(|uid| self.qr_text(&uid)).collect()
    }

    /// The phone scans a QR code. False when it is none that waits.
    pub fn open_scan(&self, text: &str) -> bool {
        self.turn(text, Stage::Scanned)
    }

    /// The user confirms on the phone what was scanned. False when nothing was.
    pub fn open_confirm(&self, text: &str) -> bool {
        self.turn(text, Stage::Confirmed)
    }

    /// The user declines on the phone what was scanned. False when nothing was.
    pub fn open_cancel(&self, text: &str) -> bool {
        self.turn(text, Stage::Cancelled)
    }

    /// See [`Builder::open_access_life`](crate::Builder::open_access_life); for tokens made from now on.
    pub fn set_open_access_life(&self, life: Duration) {
        self.0.knobs.lock().open.access_life = life;
    }

    /// See [`Builder::open_quota`](crate::Builder::open_quota); `None` is without end.
    pub fn set_open_quota(&self, calls: Option<u64>) {
        self.0.knobs.lock().open.quota = calls;
    }

    pub(crate) fn open_knobs(&self) -> OpenKnobs {
        self.0.knobs.lock().open.clone()
    }

    pub(crate) fn qr_text(&self, uid: &str) -> String {
        format!("{SCAN}{uid}")
    }

    /// Now, and how long a device code lives.
    pub(crate) fn qr_time(&self) -> (u64, Duration) {
        (self.0.clock.now_unix(), self.0.knobs.lock().open.qr_life)
    }

    fn turn(&self, text: &str, to: Stage) -> bool {
        let (now, life) = self.qr_time();
        text.strip_prefix(SCAN).is_some_and(|uid| self.0.open.lock().tickets.turn(uid, to, now, life))
    }
}
