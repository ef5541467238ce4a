//! One account of the Open Platform, ready to be asked.

use std::fmt;
use std::sync::Arc;

use reqwest::header::HeaderValue;

use super::info::{Info, ItemPath};
use super::user::User;
use super::{files, info, link, search, user};
use crate::caller::Caller;
use crate::clock::Clock;
use crate::error::Error;
use crate::gate::{Gate, Guard, Pause};
use crate::session::open::{Session, TokenKeeper};
use crate::types::{Cid, FileId, PickCode};
use crate::web::{CdnLink, FilePage, Item, Only};
use crate::wire::Wire;

/// A client of one account by its tokens. Cheap to clone; clones share rate, pauses and renewals.
///
/// Tokens are renewed shortly before they end and where 115 refuses them, by one call whoever waits for it, and are in
/// the keeper before they are used. Every method may fail as those of [`Client`](crate::Client) do, and with
/// `TokensLost`, `App` and `Renewals` (these pause the account) and `Keeper`. Another login in the keeper ends a pause
/// that the login before has caused.
#[derive(Clone)]
pub struct OpenClient(Session);

impl OpenClient {
    /// `http` should come from [`http_client`](crate::http_client): it must follow no redirects and add no User-Agent.
    /// Its methods must be called within a tokio runtime, which renewals are tasks of.
    #[must_use]
    pub fn new(
        http: reqwest::Client,
        wire: Arc<Wire>,
        keeper: Arc<dyn TokenKeeper>,
        guard: impl Into<Guard>,
        clock: Clock,
    ) -> Self {
        Self(Session::new(Gate::new(http, wire, None, guard.into(), clock), keeper))
    }

    /// The same client, for this caller.
    #[must_use]
    pub fn by(&self, caller: Arc<dyn Caller>) -> Self {
        Self(self.0.by(caller))
    }

    /// Whose account it is and how full it is. The call that shows whether the login lives.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn user(&self) -> Result<User, Error> {
        user::user(&self.0).await
    }

    /// One page of a folder, the last changed first, which is not [`FilePage::newest_first`]; `limit` is kept within
    /// 1..=1150.
    ///
    /// # Errors
    /// `NotFound` when there is no such folder, and those of every method.
    pub async fn files(&self, cid: Cid, offset: u64, limit: u32) -> Result<FilePage, Error> {
        files::files(&self.0, cid, offset, limit).await
    }

    /// What an id is and where it lies; `None` when there is no such thing. Slow for big folders.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn info(&self, id: impl Into<FileId>) -> Result<Option<Info>, Error> {
        info::by_id(&self.0, id.into()).await
    }

    /// The file of this pick code, wherever it lies; `None` when there is no such file. The id that is asked for is told by the
    /// code itself (§5.9), so a code that has none, a folder's say, costs no call.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn by_pickcode(&self, pickcode: &PickCode) -> Result<Option<Item>, Error> {
        info::by_pickcode(&self.0, pickcode).await
    }

    /// What lies at a path, file or folder; `None` when nothing does. Slow for big folders.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn find(&self, path: &ItemPath) -> Result<Option<Info>, Error> {
        info::by_path(&self.0, path).await
    }

    /// As [`Client::search`](crate::Client::search); hits have no thumbnails.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn search(&self, cid: Cid, word: &str, only: Option<Only>, limit: u32) -> Result<Vec<Item>, Error> {
        search::search(&self.0, cid, word, only, limit).await
    }

    /// A link to a file's bytes for whoever sends this User-Agent, byte for byte; `None` for a client that sends none.
    /// The id, where it is known, tells which of several files in the reply is meant.
    ///
    /// # Errors
    /// `NotFound`, `Folder`, `NotReady` and `Flagged` about the file; `WayClosed` when the link is no good; and those
    /// of every method.
    pub async fn link(
        &self,
        pickcode: &PickCode,
        id: Option<FileId>,
        user_agent: Option<HeaderValue>,
    ) -> Result<CdnLink, Error> {
        link::link(&self.0, pickcode, id, user_agent).await
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

    /// As [`Client::hear`](crate::Client::hear).
    pub async fn hear(&self) {
        self.0.gate().hear().await;
    }

    /// Ends a pause that only a person may end. One that 115 has set a time for goes on.
    pub fn resume(&self) {
        self.0.resume();
    }

    /// Changes how many calls a second are made from now on; kept within the bounds of [`Limits`](crate::Limits).
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
