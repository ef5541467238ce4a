//! One account of 115, ready to be asked: a gate and what the account has taught.

use std::fmt;
use std::sync::Arc;

use crate::caller::Caller;
use crate::clock::Clock;
use crate::error::Error;
use crate::gate::{Gate, Guard, Pause};
use crate::session::Cookie;
use crate::types::{Cid, FileId, PickCode};
use crate::web::link::Memory;
use crate::web::{
    Ask, CdnLink, Device, FilePage, Item, Only, Space, Standing, Stat, User, by_name, devices, files, info, link,
    matches, paths, session, space,
};
use crate::wire::Wire;

/// A client of one account. Cheap to clone; clones share login, rate, pauses and memory.
///
/// Every method may fail with `Paused` (no call is made while the account is paused), `Busy` (its turn would come too
/// late), `Transport`, `Timeout`, `Transient` (after two repetitions), `Session`, `Captcha`, `Waf`, `Quota` (these pause
/// the account), and `Undecodable`.
#[derive(Clone)]
pub struct Client {
    user_id: u64,
    gate: Gate,
    memory: Arc<Memory>,
}

impl Client {
    /// `http` should come from [`http_client`](crate::http_client): it must follow no redirects and add no User-Agent.
    #[must_use]
    pub fn new(http: reqwest::Client, wire: Arc<Wire>, cookie: Cookie, guard: impl Into<Guard>, clock: Clock) -> Self {
        let user_id = cookie.user_id();
        Self { user_id, gate: Gate::new(http, wire, Some(cookie), guard.into(), clock), memory: Arc::default() }
    }

    /// The same client, for this caller.
    #[must_use]
    pub fn by(&self, caller: Arc<dyn Caller>) -> Self {
        Self { gate: self.gate.by(caller), ..self.clone() }
    }

    /// The account's number, from the cookie.
    #[must_use]
    pub fn user_id(&self) -> u64 {
        self.user_id
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Whether this is the login in use.
    #[must_use]
    pub fn is_logged_in_with(&self, cookie: &Cookie) -> bool {
        self.gate.cookie().is_some_and(|own| *own == *cookie)
    }

    /// Goes on with another login of the same account; false, and nothing has changed, if it is another's. A pause that
    /// the old login has caused ends, and what it has taught of links is forgotten: that may be the kind of device.
    #[must_use]
    pub fn log_in(&self, cookie: Cookie) -> bool {
        if cookie.user_id() != self.user_id {
            return false;
        }
        self.gate.log_in(cookie);
        self.memory.forget();
        true
    }

    /// Goes on with this login of the same account once 115 says that the one in use is dead, and makes the call that was
    /// told so again; false, and nothing has changed, if it is another's.
    #[must_use]
    pub fn stand_by(&self, cookie: Cookie) -> bool {
        let same = cookie.user_id() == self.user_id;
        if same {
            self.gate.stand_by(cookie);
        }
        same
    }

    /// Whether 115 still knows the login. Harmless (`docs/115.md` §1.6).
    ///
    /// # Errors
    /// Those of every method.
    pub async fn alive(&self) -> Result<bool, Error> {
        session::alive(&self.gate).await
    }

    /// How the login stands, in two calls: 115 goes on listing for a login that it does not give links any more (§1.5).
    /// A kicked or dead one pauses the account.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn standing(&self) -> Result<Standing, Error> {
        session::standing(&self.gate).await
    }

    /// Whose login it is (§1.6).
    ///
    /// # Errors
    /// Those of every method.
    pub async fn user(&self) -> Result<User, Error> {
        session::user(&self.gate).await
    }

    /// The account's logins, ours among them (§3.9).
    ///
    /// # Errors
    /// Those of every method.
    pub async fn devices(&self) -> Result<Vec<Device>, Error> {
        devices::devices(&self.gate).await
    }

    /// How much room the account has (§3.9).
    ///
    /// # Errors
    /// Those of every method.
    pub async fn space(&self) -> Result<Space, Error> {
        space::space(&self.gate).await
    }

    /// A whole folder of up to 1200 entries, by name, in one call as a rule (§3.1-3.3). `None` where this listing does
    /// not reach the folder's end: take [`Client::files`].
    ///
    /// To be chosen where the *whole* folder is wanted and is known to be small (an earlier page gave the count, or the
    /// folder keeps to an order by name): it is quicker, and the firewall watches it less. Not to be chosen for finding
    /// one name, since it cannot stop at the page that has it, and not for folders that are known to be bigger.
    ///
    /// # Errors
    /// As [`Client::files`].
    pub async fn files_by_name(&self, cid: Cid) -> Result<Option<FilePage>, Error> {
        by_name::by_name(&self.gate, cid).await
    }

    /// One page of a folder, newest entries first; `limit` is kept within 1..=1150 (§3.2).
    ///
    /// # Errors
    /// `NotFound` when there is no such folder, and those of every method.
    pub async fn files(&self, cid: Cid, offset: u64, limit: u32) -> Result<FilePage, Error> {
        files::files(&self.gate, cid, offset, limit).await
    }

    /// The folder at an absolute path; `None` when there is none, or a file (§3.8).
    ///
    /// # Errors
    /// Those of every method.
    pub async fn dir_id(&self, path: &str) -> Result<Option<Cid>, Error> {
        paths::dir_id(&self.gate, path).await
    }

    /// What an id is and where it lies; `None` when it is deleted. Slow for big folders (§3.8).
    ///
    /// # Errors
    /// Those of every method.
    pub async fn stat(&self, id: impl Into<FileId>) -> Result<Option<Stat>, Error> {
        paths::stat(&self.gate, id.into()).await
    }

    /// What a pick code stands for, wherever that lies; `None` when there is no such thing, or it is in the recycle bin (§3.8).
    ///
    /// # Errors
    /// Those of every method.
    pub async fn by_pickcode(&self, pickcode: &PickCode) -> Result<Option<Item>, Error> {
        info::by_pickcode(&self.gate, pickcode).await
    }

    /// Some of what is below a folder, at any depth, with this word in its name; `limit` is kept within 1..=10000. What is
    /// new may be missing, and what is gone may be there (§3.8).
    ///
    /// # Errors
    /// Those of every method.
    pub async fn search(&self, cid: Cid, word: &str, only: Option<Only>, limit: u32) -> Result<Vec<Item>, Error> {
        matches::matches(&self.gate, cid, word, only, limit).await
    }

    /// A link to a file's bytes, by the first of 115's ways that works for whoever will fetch them (§4).
    ///
    /// # Errors
    /// `NotFound`, `Folder`, `NotReady` and `Flagged` about the file; `TooBig` when only the way for small files is
    /// left; `WayClosed` when none is; and those of every method.
    pub async fn link(&self, pickcode: &PickCode, ask: Ask) -> Result<CdnLink, Error> {
        link::link(&self.gate, &self.memory, pickcode, &ask).await
    }

    /// Whether links bound to nothing can still be had; `true` until a try has shown otherwise.
    #[must_use]
    pub fn gives_unbound_links(&self) -> bool {
        self.memory.gives_unbound()
    }

    /// The pause in force, if any.
    #[must_use]
    pub fn pause(&self) -> Option<Pause> {
        self.gate.pause()
    }

    /// By how many seconds 115's clock is ahead of ours, out of the `Date` of the last reply; right to a second or two.
    #[must_use]
    pub fn skew(&self) -> Option<i64> {
        self.gate.skew()
    }

    /// Takes up pauses that other processes have begun or ended, as every call does by itself.
    pub async fn hear(&self) {
        self.gate.hear().await;
    }

    /// Ends a pause that only a person may end: the captcha is solved, say. One that 115 has set a time for goes on.
    pub fn resume(&self) {
        self.gate.resume();
    }

    /// Changes how many calls a second are made from now on; kept within the bounds of [`Limits`](crate::Limits).
    pub fn set_rate(&self, rate: f64) {
        self.gate.set_rate(rate);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("user_id", &self.user_id()).field("pause", &self.pause()).finish_non_exhaustive()
    }
}
