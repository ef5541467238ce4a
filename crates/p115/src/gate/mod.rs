//! The one door to 115 of an account, or of an address without one: pauses, rate, headers, time limit, repetition, reading and judging are here and nowhere else.

mod envelope;
mod guard;
mod logins;
mod pause;
mod reply;
mod skew;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use parking_lot::Mutex;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderValue, REFERER, USER_AGENT};
use tokio::time::{Instant, sleep, timeout};

pub use self::guard::{Guard, Limits, Made, Observer};
use self::logins::Logins;
use self::pause::Pauses;
pub use self::pause::{Kept, Pause, PauseKeeper};
pub(crate) use self::reply::{Reply, decode};
use self::skew::Skew;
pub(crate) use self::turns::Turn;
use self::turns::{TooLate, Turns};
use crate::call::{Agent, Auth, Call, Class};
use crate::caller::{Caller, unnamed};
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

/// What one caller sees of the gate of an account. Cheap to clone; clones share everything but the caller.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    shared: Arc<Shared>,
    caller: Arc<dyn Caller>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    wire: Arc<Wire>,
    logins: Mutex<Logins>,
    turns: Turns,
    pauses: Mutex<Pauses>,
    keeper: Option<Arc<dyn PauseKeeper>>,
    observer: Option<Arc<dyn Observer>>,
    clock: Clock,
    skew: Skew,
}

impl Gate {
    pub(crate) fn new(
        http: reqwest::Client,
        wire: Arc<Wire>,
        cookie: Option<Cookie>,
        guard: Guard,
        clock: Clock,
    ) -> Self {
        let Guard { limits, keeper, observer } = guard;
        let mark = cookie.as_ref().map(|cookie| cookie.mark().into());
        let logins = Mutex::new(Logins { in_force: cookie.map(Arc::new), spare: Vec::new(), mark });
        let (turns, pauses, skew) = (Turns::new(limits.rate), Mutex::default(), Skew::default());
        let shared = Arc::new(Shared { http, wire, logins, turns, pauses, keeper, observer, clock, skew });
        Self { shared, caller: unnamed() }
    }

    /// The same gate, for this caller.
    pub(crate) fn by(&self, caller: Arc<dyn Caller>) -> Self {
        Self { shared: Arc::clone(&self.shared), caller }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// By how many seconds 115's clock is ahead of ours, as of the last reply.
    pub(crate) fn skew(&self) -> Option<i64> {
        self.shared.skew.seconds()
    }

    pub(crate) fn cookie(&self) -> Option<Arc<Cookie>> {
        self.shared.logins.lock().in_force.clone()
    }

    /// Goes on with another login of the same account. A pause that a login can end ends; the one before stands by.
    pub(crate) fn log_in(&self, cookie: Cookie) {
        let cookie = Arc::new(cookie);
        let mut logins = self.shared.logins.lock();
        logins.spare.retain(|own| *own != cookie);
        if let Some(before) = logins.use_cookie(cookie) {
            logins.stand_by(before);
        }
        drop(logins);
        self.shared.pauses.lock().logged_in(None);
    }

    /// Goes on with this login of the same account once the one in use is dead.
    pub(crate) fn stand_by(&self, cookie: Cookie) {
        let mut logins = self.shared.logins.lock();
        if logins.in_force.as_deref() != Some(&cookie) {
            logins.stand_by(Arc::new(cookie));
        }
    }

    /// 115 says that this login is dead. Whether there is another, which is in use from now on.
    pub(crate) fn fall_back(&self, dead: &Arc<Cookie>) -> bool {
        let mut logins = self.shared.logins.lock();
        if logins.in_force.as_ref().is_none_or(|own| !Arc::ptr_eq(own, dead)) {
            return true;
        }
        let Some(next) = logins.spare.pop() else { return false };
        logins.use_cookie(next);
        tracing::warn!("the 115 login in use is dead; another login of the same user takes over");
        true
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.shared.wire
    }

    pub(crate) fn pause(&self) -> Option<Pause> {
        self.shared.pauses.lock().current(self.clock().now())
    }

    pub(crate) fn resume(&self) {
        self.shared.pauses.lock().resume();
    }

    pub(crate) fn set_rate(&self, rate: f64) {
        self.shared.turns.set_rate(rate);
    }

    /// Takes up what other processes, or an earlier one, have met with this account, and has kept what they do not know.
    pub(crate) async fn hear(&self) {
        let Some(keeper) = &self.shared.keeper else { return };
        self.keep().await;
        if let Some(kept) = keeper.news().await {
            let mark = self.shared.logins.lock().mark.clone();
            let (now, unix) = (self.clock().now(), self.clock().unix());
            self.shared.pauses.lock().hear(kept, mark.as_deref(), now, unix);
        }
    }

    /// Has kept what the keeper does not know yet.
    pub(crate) async fn keep(&self) {
        let Some(keeper) = &self.shared.keeper else { return };
        let unkept = self.shared.pauses.lock().unkept(self.clock().now(), self.clock().unix());
        if let Some((kept, changes)) = unkept
            && keeper.keep(&kept).await
        {
            self.shared.pauses.lock().kept(changes);
        }
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
            let turn = self.admit(call.site, call.class, blocked).await?;
            let started = Instant::now();
            let outcome = self.attempt(call, left).await;
            drop(turn);
            let error = match outcome {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            left = left.saturating_sub(started.elapsed());
            match delays.next() {
                // Past a pause a call goes out once.
                Some(delay) if call.repeat && blocked.is_none() && error.kind.repeatable() && delay < left => {
                    left -= delay;
                    sleep(delay).await;
                }
                _ => return Err(error),
            }
        }
    }

    /// A turn in the rate, for a call that must go out once at most.
    pub(crate) async fn turn(&self, site: Site, class: Class) -> Result<Turn<'_>, Error> {
        self.admit(site, class, None).await
    }

    /// Makes the call in its turn, once, whatever comes of it.
    pub(crate) async fn once(&self, turn: Turn<'_>, call: &Call<'_>, limit: Duration) -> Result<Reply, Error> {
        // The turn may have been kept for a while.
        self.check_pause(call.site, None)?;
        let outcome = self.attempt(call, limit).await;
        drop(turn);
        outcome
    }

    /// Waits for this call's turn.
    async fn admit(&self, site: Site, class: Class, blocked: Option<&'static str>) -> Result<Turn<'_>, Error> {
        self.hear().await;
        self.check_pause(site, blocked)?;
        let busy = |wait| Error::new(Kind::Busy, site, "too many calls are waiting already").after(Some(wait));
        let left = self.caller.deadline().map_or(MAX_WAIT, |deadline| deadline.saturating_sub(self.clock().now()));
        let patience = left.min(MAX_WAIT);
        let turn = timeout(patience, self.shared.turns.take(class, &self.caller, patience)).await;
        let turn = turn.map_err(|_| busy(patience))?.map_err(|TooLate(wait)| busy(wait))?;
        // A pause may have begun while this call queued, here or in another process.
        self.hear().await;
        self.check_pause(site, blocked)?;
        Ok(turn)
    }

    fn check_pause(&self, site: Site, blocked: Option<&'static str>) -> Result<(), Error> {
        let now = self.clock().now();
        match self.shared.pauses.lock().stops(now, site.host, blocked) {
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
            .map_err(|error| (error.kind, self.weigh(call, cookie.as_ref(), error)));
        // Before anybody hears of it: whatever becomes of this process, the next one keeps to it.
        self.keep().await;
        let took = started.elapsed();
        if let Some(observer) = &self.shared.observer {
            let failure = outcome.as_ref().err().map(|(kind, _)| *kind);
            let (label, class, caller) = (call.site.call, call.class, &*self.caller);
            observer.made(&Made { call: label, class, caller, failure, took });
        }
        let outcome = outcome.map_err(|(_, error)| error);
        let (label, host, millis) = (call.site.call, call.site.host, took.as_millis());
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
        self.shared.logins.lock().in_force.as_ref().map(Arc::as_ptr) == cookie.map(Arc::as_ptr)
    }

    /// The login in use is the one with this mark, which is no secret. Whether that has ended a pause of another login.
    pub(crate) fn logged_in_as(&self, mark: &str) -> bool {
        let mut logins = self.shared.logins.lock();
        if logins.mark.as_deref() != Some(mark) {
            logins.mark = Some(mark.into());
        }
        drop(logins);
        self.shared.pauses.lock().logged_in(Some(mark))
    }

    /// Draws the consequences of a failure for the whole account.
    pub(crate) fn hold(&self, mut error: Error) -> Error {
        self.heed(&mut error);
        error
    }

    /// Keeps still if the failure calls for it, also one that a call by another gate has met in this account's name.
    pub(crate) fn heed(&self, error: &mut Error) {
        let now = self.clock().now();
        let mark = self.shared.logins.lock().mark.clone();
        let Some(pause) = self.shared.pauses.lock().begin(error, mark.as_ref(), now) else { return };
        error.retry_after = pause.until.map(|until| until.saturating_sub(now));
        tracing::warn!(cause = ?pause.cause, wait = ?error.retry_after, label = error.call, host = error.host,
            "calls to 115 are paused");
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
        self.shared.skew.note(response.headers(), self.clock().unix());
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
            .wire()
            .endpoints
            .url(call.site.host, &call.path)
            .map_err(|e| Error::new(Kind::Rejected, call.site, "no endpoint for this host").because(e))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let method = if call.form.is_some() { Method::POST } else { Method::GET };
        let mut request = self.shared.http.request(method, url);
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
