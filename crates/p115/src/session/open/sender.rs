//! Sending with a token that works: renewed in time, renewed once where 115 refuses it, and never in a loop.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::renewal::{Past, lost_keeper};
use super::{TokenKeeper, Tokens};
use crate::call::{Auth, Call};
use crate::caller::Caller;
use crate::error::{Error, Kind};
use crate::gate::{Gate, Reply};

/// An account of the Open Platform: its gate, and the login that every call carries. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(super) gate: Gate,
    pub(super) login: Arc<Login>,
}

/// A login by tokens.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) keeper: Arc<dyn TokenKeeper>,
    /// Held by the one renewal under way, from its first question to the keeper to its last.
    pub(super) renewing: tokio::sync::Mutex<()>,
    pub(super) past: Mutex<Past>,
}

impl Session {
    pub(crate) fn new(gate: Gate, keeper: Arc<dyn TokenKeeper>) -> Self {
        let (renewing, past) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { gate, login: Arc::new(Login { keeper, renewing, past }) }
    }

    /// The same session, for this caller.
    pub(crate) fn by(&self, caller: Arc<dyn Caller>) -> Self {
        Self { gate: self.gate.by(caller), login: Arc::clone(&self.login) }
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(crate) fn resume(&self) {
        self.login.past.lock().forget_failure();
        self.gate.resume();
    }

    /// Returns once no renewal is under way.
    pub(crate) async fn settled(&self) {
        drop(self.login.renewing.lock().await);
    }

    pub(super) fn now(&self) -> Duration {
        self.gate.clock().now()
    }

    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Reply, Error> {
        let outcome = self.try_send(call).await;
        if outcome.is_err() {
            // The login may be dead: whatever becomes of this process, the next one keeps to it.
            self.gate.keep().await;
        }
        outcome
    }

    async fn try_send(&self, call: &Call<'_>) -> Result<Reply, Error> {
        let tokens = self.usable().await?;
        let error = match self.send_with(call, &tokens).await {
            Err(error) if error.kind == Kind::Token || error.kind.of_login() => error,
            outcome => return outcome,
        };
        let generation = tokens.generation;
        let newer = match error.kind {
            Kind::Token => {
                self.login.past.lock().refuse(generation);
                self.renew(generation, None).await
            }
            Kind::Session => self.renew(generation, Some(error)).await,
            _ => Err(error),
        };
        let newer = newer.map_err(|error| self.stick(generation, error))?;
        self.send_with(call, &newer).await.map_err(|mut error| {
            if error.kind == Kind::Token {
                // Another renewal would only give another such token.
                error.kind = Kind::Session;
                error.message = format!("115 refuses an access token that it has just given: {}", error.message);
            }
            self.stick(newer.generation, error)
        })
    }

    async fn send_with(&self, call: &Call<'_>, tokens: &Tokens) -> Result<Reply, Error> {
        let bearer = tokens.bearer().ok_or_else(|| {
            let what = "the access token has characters that no token has";
            Error::new(Kind::Token, call.site, what)
        })?;
        self.gate.send(&call.clone().auth(Auth::Bearer(bearer))).await
    }

    /// Tokens that should work; renewed if they end soon.
    async fn usable(&self) -> Result<Tokens, Error> {
        let tokens = self.login.keeper.current().await.map_err(lost_keeper)?;
        let generation = tokens.generation;
        let date = self.gate.clock().unix();
        let (alive, lately) = {
            let mut past = self.login.past.lock();
            if self.gate.logged_in_as(&mark(generation)) {
                // Somebody has logged in again, or another process has got through.
                past.forget_failure();
            }
            (tokens.alive(date) && !past.is_refused(generation), past.renewed_lately(self.now()))
        };
        let good = alive && (lately || !tokens.ends_soon(date));
        // During a pause the gate says no, and in better words.
        if good || self.gate.pause().is_some() {
            return Ok(tokens);
        }
        match self.renew(generation, None).await {
            Err(error) if alive && (error.kind == Kind::Renewals || !error.kind.of_login()) => {
                tracing::debug!(kind = ?error.kind, code = error.code, "tokens that end soon are used once more");
                Ok(tokens)
            }
            outcome => outcome.map_err(|error| self.stick(generation, error)),
        }
    }

    /// Pauses the account over a login that does not work, until there is another one.
    fn stick(&self, generation: u64, error: Error) -> Error {
        if !error.kind.of_login() {
            return error;
        }
        self.gate.logged_in_as(&mark(generation));
        self.gate.hold(error)
    }
}

/// What tells tokens from others.
fn mark(generation: u64) -> String {
    format!("tokens {generation}")
}
