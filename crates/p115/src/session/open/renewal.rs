//! Exchanging the tokens: one at a time, stored before they are used, and never repeated in the dark (`docs/115.md` §10.2).

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::time::{Instant, sleep};

use super::sender::Session;
use super::verdict::verdict;
use super::{Abandon, Begin, KeeperError, Lease, MARGIN, Refusal, Tokens};
use crate::call::{Auth, Call, Class};
use crate::error::{Error, Kind, Site, judge};
use crate::gate::backoff;
use crate::wire::PASSPORT;

const SITE: Site = Site { call: "refresh_token", host: PASSPORT };
/// The longest the exchange may take; with the storing of its outcome it must stay within [`LEASE`](super::LEASE).
const EXCHANGE: Duration = Duration::from_secs(12);
/// The longest to wait for another process that is at it.
const PATIENCE: Duration = Duration::from_secs(20);
/// A failure is everybody's for this long at least, so that a hundred waiting calls are one question.
const SHARED: Duration = Duration::from_secs(3);

/// What renewals of this process have come to.
#[derive(Debug, Default)]
pub(super) struct Past {
    failed: Option<Failed>,
    /// Tokens that 115 has given and the keeper has not taken.
    unkept: Option<(Lease, Tokens)>,
    /// When the last renewal succeeded.
    last: Option<Duration>,
    /// The generation whose access token 115 has refused.
    refused: Option<u64>,
}

#[derive(Debug)]
struct Failed {
    generation: u64,
    error: Error,
    until: Duration,
}

impl Past {
    /// The failure that stands for every renewal of this generation for now.
    fn failure(&self, generation: u64, now: Duration) -> Option<Error> {
        let failed = self.failed.as_ref().filter(|failed| failed.generation == generation && now < failed.until)?;
        let left = failed.error.retry_after.map(|_| failed.until.saturating_sub(now));
        Some(failed.error.clone().after(left))
    }

    /// Whoever resumes the account wants to know anew.
    pub(super) fn forget_failure(&mut self) {
        self.failed = None;
    }

    pub(super) fn refuse(&mut self, generation: u64) {
        self.refused = Some(generation);
    }

    pub(super) fn is_refused(&self, generation: u64) -> bool {
        self.refused == Some(generation)
    }

    /// Keeps tokens that live shorter than the margin from being renewed at every call.
    pub(super) fn renewed_lately(&self, now: Duration) -> bool {
        self.last.is_some_and(|last| now.saturating_sub(last) < Duration::from_secs(MARGIN))
    }
}

enum Leased {
    Mine { lease: Lease, tokens: Tokens, unended: Option<u64> },
    Newer(Tokens),
}

impl Session {
    /// Tokens newer than this generation. `refused` is what 115 said to a call that used them, if that was more than
    /// "the access token is over".
    ///
    /// A task of its own: a caller that leaves must not cut off a renewal whose reply is under way.
    pub(super) async fn renew(&self, generation: u64, refused: Option<Error>) -> Result<Tokens, Error> {
        let session = self.clone();
        let task = tokio::spawn(async move { session.renew_alone(generation, refused).await });
        task.await.unwrap_or_else(|_| Err(Error::new(Kind::Transient, SITE, "the renewal of the tokens broke off")))
    }

    async fn renew_alone(&self, generation: u64, refused: Option<Error>) -> Result<Tokens, Error> {
        // Held over the network on purpose: whoever else needs new tokens waits for these.
        let _alone = self.login.renewing.lock().await;
        if let Some(error) = self.login.past.lock().failure(generation, self.now()) {
            return Err(error);
        }
        let outcome = self.exchange(generation, refused).await;
        let now = self.now();
        let mut past = self.login.past.lock();
        match &outcome {
            Ok(_) => past.failed = None,
            Err(error) => {
                let until = now + error.retry_after.unwrap_or_default().max(SHARED);
                past.failed = Some(Failed { generation, error: error.clone(), until });
            }
        }
        outcome
    }

    async fn exchange(&self, generation: u64, refused: Option<Error>) -> Result<Tokens, Error> {
        let unkept = self.login.past.lock().unkept.clone();
        if let Some((lease, tokens)) = unkept.filter(|(_, tokens)| tokens.generation > generation) {
            return self.keep(lease, tokens).await;
        }
        let current = self.login.keeper.current().await.map_err(lost_keeper)?;
        if current.generation > generation {
            return Ok(current);
        }
        if current.refresh.expose_secret().is_empty() {
            let none = || Error::new(Kind::Session, SITE, "the access token is over, and there is no refresh token");
            return Err(refused.unwrap_or_else(none));
        }
        let mut delays = backoff().take(1);
        loop {
            match (self.exchange_once(generation, refused.clone()).await, delays.next()) {
                // 115 has answered, and asks to be asked again.
                (Err(error), Some(delay)) if error.kind == Kind::Transient && error.code.is_some() => {
                    sleep(delay).await;
                }
                (outcome, _) => return outcome,
            }
        }
    }

    async fn exchange_once(&self, generation: u64, refused: Option<Error>) -> Result<Tokens, Error> {
        // Before the lease, so that no lease is held while its holder queues.
        let turn = self.gate.turn(SITE, Class::Login).await?;
        let (lease, tokens, unended) = match self.lease(generation).await? {
            Leased::Newer(tokens) => return Ok(tokens),
            Leased::Mine { lease, tokens, unended } => (lease, tokens, unended),
        };
        // To ask with a refused login is of use only if nobody knows what became of it.
        if let Some(error) = refused.filter(|_| unended.is_none()) {
            return Err(self.give_up(lease, error, unended).await);
        }
        let call = Call::post(SITE.call, SITE.host, "/open/refreshToken")
            .class(Class::Login)
            .auth(Auth::None)
            .form("refresh_token", tokens.refresh.expose_secret());
        let reply = self.gate.once(turn, &call, EXCHANGE).await;
        let now = self.gate.clock().unix();
        match reply.and_then(|reply| Tokens::issued(&reply, tokens.generation + 1, now)) {
            Ok(new) => self.keep(lease, new).await,
            Err(error) => Err(self.give_up(lease, error, unended).await),
        }
    }

    async fn lease(&self, generation: u64) -> Result<Leased, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let wait = match self.login.keeper.begin(generation).await.map_err(lost_keeper)? {
                Begin::Yours { lease, tokens, unended } => return Ok(Leased::Mine { lease, tokens, unended }),
                Begin::Newer(tokens) => return Ok(Leased::Newer(tokens)),
                Begin::Refused(refusal) => return Err(refused_before(refusal)),
                Begin::Silent { code, left } => {
                    let what = "115 wants no renewal of the tokens for a while";
                    return Err(numbered(Kind::Renewals, code, what).after(Some(left)));
                }
                Begin::Busy(wait) => wait,
            };
            if Instant::now() >= deadline {
                let what = "another process is renewing the tokens";
                return Err(Error::new(Kind::Busy, SITE, what).after(Some(wait)));
            }
            sleep(wait.clamp(Duration::from_millis(50), Duration::from_millis(500))).await;
        }
    }

    /// Stores new tokens. Until that has worked they are not used, but not forgotten either: the old ones are over.
    async fn keep(&self, lease: Lease, new: Tokens) -> Result<Tokens, Error> {
        let mut delays = backoff();
        loop {
            match (self.login.keeper.finish(lease, &new).await, delays.next()) {
                (Ok(()), _) => {
                    let mut past = self.login.past.lock();
                    past.unkept = None;
                    past.last = Some(self.now());
                    tracing::info!(generation = new.generation, expires = new.expires, "the tokens were renewed");
                    return Ok(new);
                }
                (Err(_), Some(delay)) => sleep(delay).await,
                (Err(error), None) => {
                    tracing::error!(%error, "115 has given new tokens, and they cannot be stored");
                    self.login.past.lock().unkept = Some((lease, new));
                    let what = format!("115 has given new tokens, which wait in memory to be stored: {error}");
                    return Err(Error::new(Kind::Keeper, SITE, &what).because(error));
                }
            }
        }
    }

    async fn give_up(&self, lease: Lease, error: Error, unended: Option<u64>) -> Error {
        let (why, error) = verdict(error, unended, self.gate.clock().unix());
        if why == Abandon::Unknown {
            tracing::warn!(error = error.message, "a renewal of the tokens went out, and its reply was lost");
        }
        if let Err(error) = self.login.keeper.abandon(lease, why).await {
            // The lease runs out by itself; what is not noted down counts as unknown, which is the careful reading.
            tracing::warn!(%error, "the end of a renewal cannot be stored");
        }
        error
    }
}

fn numbered(kind: Kind, code: i64, what: &str) -> Error {
    Error { code: Some(code), ..Error::new(kind, SITE, what) }
}

fn refused_before(refusal: Refusal) -> Error {
    if refusal.lost {
        let what = "the reply to an earlier renewal of the tokens was lost, and the new ones with it; 115 refuses the old ones";
        return numbered(Kind::TokensLost, refusal.code, what);
    }
    numbered(judge(Some(refusal.code), ""), refusal.code, "115 has refused these tokens before")
}

pub(super) fn lost_keeper(error: KeeperError) -> Error {
    Error::new(Kind::Keeper, SITE, &error.to_string()).because(error)
}
