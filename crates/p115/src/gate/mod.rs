//! The one door to 115 of an account, or of an address without one: pauses, rate, headers, time limit, repetition, reading and judging are here and nowhere else.

mod budget;
mod envelope;
mod pause;
mod reply;
mod skew;

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use parking_lot::Mutex;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderValue, REFERER, USER_AGENT};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use self::budget::Budget;
pub use self::pause::Pause;
use self::pause::Pauses;
pub(crate) use self::reply::{Reply, decode};
use self::skew::Skew;
use crate::call::{Agent, Auth, Call};
use crate::clock::Clock;
use crate::error::{Error, Kind, Site};
use crate::session::Cookie;
use crate::wire::{PROAPI, Wire};

/// What 115's own client calls itself; other texts are refused here and there (`docs/115.md` §1.3).
pub(crate) const AGENT: HeaderValue = HeaderValue::from_static("Mozilla/5.0 115Browser/35.6.0.3");

/// The longest a call may queue for its turn.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// The longest a call may take, repetitions included, queueing not.
const MAX_CALL: Duration = Duration::from_secs(20);
/// A listing of 1150 entries has about half a mebibyte.
const MAX_BODY: usize = 32 * 1024 * 1024;
const IN_FLIGHT: usize = 8;

/// How hard an account may be driven.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Calls a second on average; bursts of `max(3, ceil(3 * rate))` are let through. Kept within 0.05..=1000.
    pub rate: f64,
}

impl Limits {
    /// For listing shares, which 115 watches by address: one a second (§11).
    #[must_use]
    pub fn shares() -> Self {
        Self { rate: 1.0 }
    }
}

impl Default for Limits {
    /// Two a second, the rate at which 115 has been seen to leave accounts alone (§11).
    fn default() -> Self {
        Self { rate: 2.0 }
    }
}

/// The logins of the account. 115 keeps one for each kind of device, so a user may have several.
#[derive(Debug)]
struct Logins {
    /// None where what is asked needs no account.
    in_force: Option<Arc<Cookie>>,
    /// Who steps in when it dies, the last one first.
    spare: Vec<Arc<Cookie>>,
}

/// As many as a user could have mounts with a login of their own for, within reason.
const SPARE: usize = 8;

impl Logins {
    fn stand_by(&mut self, cookie: Arc<Cookie>) {
        self.spare.retain(|own| *own != cookie);
        if self.spare.len() == SPARE {
            self.spare.remove(0);
        }
        self.spare.push(cookie);
    }
}

#[derive(Debug)]
pub(crate) struct Gate {
    http: reqwest::Client,
    wire: Arc<Wire>,
    logins: Mutex<Logins>,
    budget: Budget,
    slots: Semaphore,
    pauses: Mutex<Pauses>,
    clock: Clock,
    skew: Skew,
}

impl Gate {
    pub(crate) fn new(
        http: reqwest::Client,
        wire: Arc<Wire>,
        cookie: Option<Cookie>,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        let (budget, slots) = (Budget::new(limits.rate), Semaphore::new(IN_FLIGHT));
        let logins = Mutex::new(Logins { in_force: cookie.map(Arc::new), spare: Vec::new() });
        Self { http, wire, logins, budget, slots, pauses: Mutex::default(), clock, skew: Skew::default() }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// By how many seconds 115's clock is ahead of ours, as of the last reply.
    pub(crate) fn skew(&self) -> Option<i64> {
        self.skew.seconds()
    }

    pub(crate) fn cookie(&self) -> Option<Arc<Cookie>> {
        self.logins.lock().in_force.clone()
    }

    /// Goes on with another login of the same account. A pause that the old one has caused ends; it stands by.
    pub(crate) fn log_in(&self, cookie: Cookie) {
        let cookie = Arc::new(cookie);
        let mut logins = self.logins.lock();
        logins.spare.retain(|own| *own != cookie);
        if let Some(before) = logins.in_force.replace(cookie) {
            logins.stand_by(before);
        }
        drop(logins);
        self.logged_in();
    }

    /// Goes on with this login of the same account once the one in use is dead.
    pub(crate) fn stand_by(&self, cookie: Cookie) {
        let mut logins = self.logins.lock();
        if logins.in_force.as_deref() != Some(&cookie) {
            logins.stand_by(Arc::new(cookie));
        }
    }

    /// 115 says that this login is dead. Whether there is another, which is in use from now on.
    pub(crate) fn fall_back(&self, dead: &Arc<Cookie>) -> bool {
        let mut logins = self.logins.lock();
        if logins.in_force.as_ref().is_none_or(|own| !Arc::ptr_eq(own, dead)) {
            return true;
        }
        let Some(next) = logins.spare.pop() else { return false };
        logins.in_force = Some(next);
        tracing::warn!("the 115 login in use is dead; another login of the same user takes over");
        true
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(crate) fn pause(&self) -> Option<Pause> {
        self.pauses.lock().current(self.clock.now())
    }

    pub(crate) fn resume(&self) {
        self.pauses.lock().resume();
    }

    pub(crate) fn set_rate(&self, rate: f64) {
        self.budget.set_rate(rate);
    }

    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Reply, Error> {
        self.send_past(call, None).await
    }

    /// As [`Gate::send`], but a pause that the firewall of the host `blocked` has just caused holds only for that host.
    ///
    /// The one exception to "while paused no call goes out": a link operation that ran into the firewall may try its
    /// next way once on another host, because the firewall judges per host and a player waits for this very link. If
    /// that host's firewall answers too, the pause is then in the name of that host and nothing passes any more.
    pub(crate) async fn send_past(&self, call: &Call<'_>, blocked: Option<&'static str>) -> Result<Reply, Error> {
        let mut left = MAX_CALL;
        let mut delays = backoff();
        loop {
            let slot = self.admit(call.site, blocked).await?;
            let started = Instant::now();
            let outcome = self.attempt(call, left).await;
            drop(slot);
            let error = match outcome {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            left = left.saturating_sub(started.elapsed());
            match delays.next() {
                Some(delay) if call.repeat && error.kind.repeatable() && delay < left => {
                    left -= delay;
                    sleep(delay).await;
                }
                _ => return Err(error),
            }
        }
    }

    /// A turn in the rate budget, for a call that must go out once at most.
    pub(crate) async fn turn(&self, site: Site) -> Result<SemaphorePermit<'_>, Error> {
        self.admit(site, None).await
    }

    /// Makes the call in its turn, once, whatever comes of it.
    pub(crate) async fn once(
        &self,
        turn: SemaphorePermit<'_>,
        call: &Call<'_>,
        limit: Duration,
    ) -> Result<Reply, Error> {
        // The turn may have been kept for a while.
        self.check_pause(call.site, None)?;
        let outcome = self.attempt(call, limit).await;
        drop(turn);
        outcome
    }

    /// Waits for this call's turn in the rate budget, and for one of the places under way.
    async fn admit(&self, site: Site, blocked: Option<&'static str>) -> Result<SemaphorePermit<'_>, Error> {
        self.check_pause(site, blocked)?;
        let busy = |wait| Error::new(Kind::Busy, site, "too many calls are waiting already").after(Some(wait));
        if let Some(wait) = self.budget.expected_wait().filter(|wait| *wait > MAX_WAIT) {
            return Err(busy(wait));
        }
        let turn = async {
            self.budget.take().await;
            self.slots.acquire().await
        };
        let slot = timeout(MAX_WAIT, turn).await.map_err(|_| busy(MAX_WAIT))?.map_err(|_| busy(MAX_WAIT))?;
        // A pause may have begun while this call queued.
        self.check_pause(site, blocked)?;
        Ok(slot)
    }

    fn check_pause(&self, site: Site, blocked: Option<&'static str>) -> Result<(), Error> {
        let now = self.clock.now();
        match self.pauses.lock().stops(now, site.host, blocked) {
            None => Ok(()),
            Some(pause) => {
                let error = Error::new(Kind::Paused { cause: pause.cause }, site, "calls to 115 are paused");
                Err(Error { code: pause.code, ..error.after(pause.until.map(|until| until.saturating_sub(now))) })
            }
        }
    }

    async fn attempt(&self, call: &Call<'_>, left: Duration) -> Result<Reply, Error> {
        let started = Instant::now();
        let cookie = self.cookie();
        let outcome = timeout(left, self.exchange(call, cookie.as_deref()))
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Timeout, call.site, "no complete answer in time")))
            .map_err(|error| self.weigh(call, cookie.as_ref(), error));
        let (label, host, millis) = (call.site.call, call.site.host, started.elapsed().as_millis());
        match &outcome {
            Ok(_) => tracing::debug!(label, host, millis, "115 answered"),
            Err(e) => {
                tracing::debug!(label, host, millis, kind = ?e.kind, code = e.code, message = e.message, "115 failed");
            }
        }
        outcome
    }

    fn weigh(&self, call: &Call<'_>, cookie: Option<&Arc<Cookie>>, mut error: Error) -> Error {
        match call.auth {
            // Said of a login that another has followed meanwhile, and so worth another try.
            Auth::Cookie if error.kind == Kind::Session && !self.is_in_force(cookie) => {
                error.kind = Kind::Transient;
                error
            }
            // Both are an account's; an address without one has nothing to wait for.
            Auth::Cookie | Auth::As(_) if cookie.is_none() && matches!(error.kind, Kind::Session | Kind::Captcha) => {
                error
            }
            // A browser's login lives on the web API while the app API answers "not logged in" (§1.5): that closes the
            // app ways, and only the web API can say that the session is dead.
            Auth::Cookie
                if error.kind == Kind::Session
                    && error.host == PROAPI
                    && cookie.is_some_and(|cookie| cookie.is_web()) =>
            {
                error.kind = Kind::WayClosed;
                self.hold(error)
            }
            Auth::Cookie if error.kind == Kind::Session && cookie.is_some_and(|cookie| self.fall_back(cookie)) => {
                error.kind = Kind::Transient;
                error
            }
            Auth::Cookie | Auth::As(_) => self.hold(error),
            // "Not logged in" is how 115 speaks of a token, too (§10.3).
            Auth::Bearer(_) if error.asks_for_login() => {
                error.kind = Kind::Token;
                error
            }
            // Of tokens, only who keeps them knows whether they can be had anew.
            Auth::Bearer(_) | Auth::None if error.kind.of_login() => error,
            Auth::Bearer(_) | Auth::None => self.hold(error),
        }
    }

    fn is_in_force(&self, cookie: Option<&Arc<Cookie>>) -> bool {
        self.logins.lock().in_force.as_ref().map(Arc::as_ptr) == cookie.map(Arc::as_ptr)
    }

    /// Ends a pause that a dead login has caused: there is another one.
    pub(crate) fn logged_in(&self) {
        self.pauses.lock().logged_in();
    }

    /// Draws the consequences of a failure for the whole account.
    pub(crate) fn hold(&self, mut error: Error) -> Error {
        self.heed(&mut error);
        error
    }

    /// Keeps still if the failure calls for it, also one that a call by another gate has met in this account's name.
    pub(crate) fn heed(&self, error: &mut Error) {
        let now = self.clock.now();
        if let Some(pause) = Pause::after(error, now) {
            error.retry_after = pause.until.map(|until| until.saturating_sub(now));
            tracing::warn!(cause = ?pause.cause, wait = ?error.retry_after, label = error.call, host = error.host,
                "calls to 115 are paused");
            self.pauses.lock().begin(pause, error.host);
        }
    }

    async fn exchange(&self, call: &Call<'_>, cookie: Option<&Cookie>) -> Result<Reply, Error> {
        let broken = |e: reqwest::Error| {
            // A connection that is not even made in time is a broken one, not a slow answer.
            let kind = if e.is_timeout() && !e.is_connect() { Kind::Timeout } else { Kind::Transport };
            // Without the URL, whose query may hold more than a log should.
            let e = e.without_url();
            Error::new(kind, call.site, &e.to_string()).because(e)
        };
        let mut response = self.request(call, cookie)?.send().await.map_err(broken)?;
        self.skew.note(response.headers(), self.clock.unix());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Error::new(Kind::Undecodable, call.site, "the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        reply::read(call, response.status(), response.headers(), body)
    }

    fn request(&self, call: &Call<'_>, cookie: Option<&Cookie>) -> Result<reqwest::RequestBuilder, Error> {
        let mut url = self
            .wire
            .endpoints
            .url(call.site.host, &call.path)
            .map_err(|e| Error::new(Kind::Rejected, call.site, "no endpoint for this host").because(e))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let method = if call.form.is_some() { Method::POST } else { Method::GET };
        let mut request = self.http.request(method, url);
        match (&call.auth, cookie) {
            (Auth::Cookie, Some(cookie)) => request = request.header(COOKIE, cookie.header()),
            (Auth::As(cookie), _) => request = request.header(COOKIE, cookie.header()),
            (Auth::Bearer(token), _) => request = request.header(AUTHORIZATION, token),
            (Auth::Cookie, None) | (Auth::None, _) => {}
        }
        match &call.agent {
            Agent::Ours => request = request.header(USER_AGENT, AGENT),
            Agent::Exactly(agent) => request = request.header(USER_AGENT, agent),
            Agent::None => {}
        }
        if let Some(referer) = &call.referer {
            request = request.header(REFERER, referer.as_ref());
        }
        if let Some(form) = &call.form {
            request = request.form(form);
        }
        Ok(request)
    }
}

/// At most two repetitions, about a fifth and two fifths of a second apart.
pub(crate) fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default().with_min_delay(Duration::from_millis(200)).with_max_times(2).with_jitter().build()
}

/// An HTTP client as the gate wants it: no redirects (an API that redirects has something else to say), gzip, and ten
/// seconds to connect. It sends no User-Agent of its own, which link calls rely on.
pub fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .gzip(true)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(60))
}
