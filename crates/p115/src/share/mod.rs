//! 115 Share: somebody's folder behind a link. It is listed without a login and by address, its files are opened with one.

mod code;
mod entry;
mod link;
mod snap;
mod ways;

use std::sync::Arc;

pub use self::code::{ReceiveCode, ShareCode, ShareRef, ShareRefError};
pub use self::entry::{ShareItem, ShareItemKind};
use self::link::Memory;
pub use self::snap::{ShareInfo, SharePage};
use self::ways::Errand;
use crate::call::Auth;
use crate::caller::Caller;
use crate::client::Client;
use crate::egress::Egress;
use crate::error::{Error, Kind, ShareFault, Site};
use crate::margin::Margin;
use crate::types::{Cid, FileId};
use crate::web::{Ask, CdnLink};
use crate::wire::PROAPI;

/// One share, ready to be asked. Cheap to clone; clones share what its links have taught.
///
/// Listings go by way of the [`Egress`], links by way of the account, each with its rate and its pauses. Every method may
/// fail with `Share`, whose fault says what is wrong with the share, and with what [`Client`]'s methods may fail with.
#[derive(Debug, Clone)]
pub struct Share {
    share: ShareRef,
    egress: Egress,
    account: Option<Client>,
    lists_as_account: bool,
    links: Arc<Links>,
}

#[derive(Debug, Default)]
struct Links {
    memory: Memory,
    margin: Margin,
}

impl Share {
    /// Without an account it can be listed, not opened.
    #[must_use]
    pub fn new(egress: Egress, share: ShareRef, account: Option<Client>) -> Self {
        Self { share, egress, account, lists_as_account: false, links: Arc::default() }
    }

    /// Lists in the account's name too, while the account is not paused: its own share shows while it is under review.
    /// The calls still count for the address.
    #[must_use]
    pub fn listing_as_account(self) -> Self {
        Self { lists_as_account: true, ..self }
    }

    /// The same share, for this caller.
    #[must_use]
    pub fn by(&self, caller: &Arc<dyn Caller>) -> Self {
        let account = self.account.as_ref().map(|account| account.by(Arc::clone(caller)));
        Self { egress: self.egress.by(Arc::clone(caller)), account, ..self.clone() }
    }

    /// As [`Client::hear`], for the account and for the address.
    pub async fn hear(&self) {
        self.egress.hear().await;
        if let Some(account) = &self.account {
            account.hear().await;
        }
    }

    /// Which share it is.
    #[must_use]
    pub fn share(&self) -> &ShareRef {
        &self.share
    }

    /// One page of a folder of the share, by name; `Cid::ROOT` is the share itself, `limit` is kept within 1..=1000
    /// (§9.2). There is no look-up by path in shares.
    ///
    /// # Errors
    /// `NotFound` when 115 says that there is no such folder, and those of every method.
    pub async fn files(&self, cid: Cid, offset: u64, limit: u32) -> Result<SharePage, Error> {
        loop {
            let account = self.account.as_ref().filter(|account| self.lists_as_account && account.pause().is_none());
            let cookie = account.and_then(|account| account.gate().cookie());
            let auth = cookie.as_deref().map_or(Auth::Cookie, Auth::As);
            let call = snap::call(&self.share, cid, offset, limit).auth(auth);
            let sent = self.egress.margin().send(self.egress.gate(), &call, None).await;
            let mut error = match sent {
                Ok(reply) => return SharePage::parse(offset, reply.body()),
                Err(error) => error,
            };
            match (account, &cookie, error.kind) {
                // As often as the account has logins: each of them is dead only once.
                (Some(account), Some(cookie), Kind::Session) if account.gate().fall_back(cookie) => continue,
                // What 115 says of the login holds for the account, not for the address.
                (Some(account), _, Kind::Session | Kind::Captcha) => {
                    // It has made no call of its own for this one.
                    account.gate().hear().await;
                    account.gate().heed(&mut error);
                    account.gate().keep().await;
                }
                // Nobody was logged in, so it speaks of the share.
                (None, _, Kind::Session | Kind::Captcha) => error.kind = Kind::Share(ShareFault::Unavailable),
                _ => {}
            }
            return Err(error);
        }
    }

    /// What 115 says of the share: one call, which also tells whether the codes are right.
    ///
    /// # Errors
    /// Those of every method.
    pub async fn info(&self) -> Result<ShareInfo, Error> {
        Ok(self.files(Cid::ROOT, 0, 1).await?.info)
    }

    /// A link to a file's bytes, by the first of 115's ways that works for whoever will fetch them (§9.2). Where 115
    /// refuses the client's User-Agent, the link's own is 115's: then no redirect can lead there, as with a cookie.
    ///
    /// # Errors
    /// `Share(NeedsLogin)`, without a call, when there is no account; `NotFound` and `Folder` about the file; `TooBig`
    /// when only the way for small files is left; `WayClosed` when none is; and those of every method.
    pub async fn link(&self, id: FileId, ask: &Ask) -> Result<CdnLink, Error> {
        let Some(account) = &self.account else {
            let site = Site { call: "share_link", host: PROAPI };
            return Err(Error::plain(Kind::Share(ShareFault::NeedsLogin), site));
        };
        let Links { memory, margin } = &*self.links;
        let errand = Errand { gate: account.gate(), margin, share: &self.share, id, blocked: None };
        link::find(errand, memory, ask).await
    }
}
