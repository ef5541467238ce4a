//! One account of the Open Platform, ready to be asked.

use std::fmt;
use std::sync::Arc;

use super::user;
use super::user::User;
use crate::clock::Clock;
use crate::error::Error;
use crate::gate::{Gate, Limits, Pause};
use crate::session::open::{Session, TokenKeeper};
use crate::wire::Wire;

/// A client of one account by its tokens. Cheap to clone; clones share rate, pauses and renewals.
///
/// Tokens are renewed shortly before they end and where 115 refuses them, by one call whoever waits for it, and are in
/// the keeper before they are used. Every method may fail as those of [`Client`](crate::Client) do, and with
/// `TokensLost`, `App` and `Renewals` (these pause the account) and `Keeper`. Another login in the keeper ends a pause
/// that the login before has caused.
#[derive(Clone)]
pub struct OpenClient(Arc<Session>);

impl OpenClient {
    /// `http` should come from [`http_client`](crate::http_client): it must follow no redirects and add no User-Agent.
    /// Its methods must be called within a tokio runtime, which renewals are tasks of.
    #[must_use]
    pub fn new(
        http: reqwest::Client,
        wire: Arc<Wire>,
        keeper: Arc<dyn TokenKeeper>,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        Self(Session::new(Gate::new(http, wire, None, limits, clock), keeper))
    }

    /// Whose account it is and how full it is. The call that shows whether the login lives.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn user(&self) -> Result<User, Error> {
        user::user(&self.0).await
    }

    /// The pause in force, if any.
    #[must_use]
    pub fn pause(&self) -> Option<Pause> {
        self.0.gate().pause()
    }

    /// By how many seconds 115's clock is ahead of ours, out of the `Date` of the last reply; right to a second or two.
    #[must_use]
    pub fn skew(&self) -> Option<i64> {
        self.0.gate().skew()
    }

    /// Ends a pause that only a person may end. One that 115 has set a time for goes on.
    pub fn resume(&self) {
        self.0.resume();
    }

    /// Changes how many calls a second are made from now on; kept within the bounds of [`Limits`].
    pub fn set_rate(&self, rate: f64) {
        self.0.gate().set_rate(rate);
    }

    /// Returns once no renewal is under way, which takes seconds at most. A process that ends without waiting for it
    /// may lose the tokens.
    pub async fn settled(&self) {
        self.0.settled().await;
    }
}

impl fmt::Debug for OpenClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenClient").field("pause", &self.pause()).finish_non_exhaustive()
    }
}
