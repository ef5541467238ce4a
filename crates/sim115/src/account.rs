//! Logging in and being thrown out, as a test does it to the account behind the client's back.

use std::sync::atomic::Ordering;

use crate::apps::App;
use crate::sessions::{Ended, NOT_LOGGED_IN};
use crate::sim::Sim;

impl Sim {
    /// The cookie of the newest login of the account's owner, by QR code or [`login_again`](Self::login_again).
    pub fn cookie(&self) -> String {
        self.0.sessions.lock().current().cookie.clone()
    }

    /// Another login of the same device class: app calls answer 99 at once, the others after `grace` more calls (quirk 36).
    pub fn kick(&self, grace: u64) {
        self.0.sessions.lock().end_current(Ended { grace, number: NOT_LOGGED_IN });
    }

    /// Logs in anew; the cookie before is dead. Answers the new one.
    pub fn login_again(&self) -> String {
        let app = self.0.sessions.lock().current().app;
        let cookie = self.new_cookie(app);
        let dead = Ended { grace: 0, number: NOT_LOGGED_IN };
        let mut sessions = self.0.sessions.lock();
        sessions.end_current(dead);
        sessions.log_in(cookie.clone(), app, self.now(), dead);
        cookie
    }

    /// A further session, of this app type (`ios`, `web`…), beside those there are: nobody is kicked, [`cookie`](Self::cookie)
    /// stays. Answers its cookie.
    ///
    /// # Panics
    /// When 115 knows no such app type.
    pub fn login_elsewhere(&self, app: &str) -> String {
        let Some(app) = App::named(app) else { panic!("no such app type: {app}") };
        let cookie = self.new_cookie(app);
        self.0.sessions.lock().add(cookie.clone(), app, self.now());
        cookie
    }

    /// Is the session of this very cookie still one, unkicked and not logged out? What `webapi` serves of a kicked one
    /// for a while does not count.
    pub fn is_logged_in(&self, cookie: &str) -> bool {
        self.0.sessions.lock().living().any(|session| session.cookie == cookie)
    }

    pub(crate) fn new_cookie(&self, app: App) -> String {
        let n = self.0.logins.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.builder.cookie_of(n, app.letters, self.now())
    }

    /// See [`Builder::kick_grace`](crate::Builder::kick_grace).
    pub fn set_kick_grace(&self, calls: u64) {
        self.0.knobs.lock().kick_grace = calls;
    }

    /// See [`Builder::refuse_browsers`](crate::Builder::refuse_browsers).
    pub fn refuse_browsers(&self, on: bool) {
        self.0.knobs.lock().browsers_refused = on;
    }
}
