//! The tokens of an account in the store, as `p115` wants them kept.

use std::{
    collections::HashMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use p115::open::{Abandon, Begin, KeeperError, LEASE, Lease, Refusal, TokenKeeper, Tokens};
use parking_lot::Mutex;

use crate::{
    error::Error,
    store::credentials::{self, Account, Credentials, Held, Renewal, Secret},
};

/// One account's tokens.
pub(super) struct Keeper {
    credentials: Credentials,
    account: Account,
    /// Renewals under way, by the number of their lease.
    renewals: Mutex<HashMap<u64, Renewal>>,
    /// The newest generation that was asked for or stored here.
    seen: AtomicU64,
}

impl Keeper {
    pub(super) fn new(credentials: Credentials, account: Account) -> Self {
        Self { credentials, account, renewals: Mutex::default(), seen: AtomicU64::new(0) }
    }

    /// The generation of the newest tokens that this process knows; 0 before the first.
    pub(super) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    fn tokens(&self, held: Held) -> Result<Tokens, KeeperError> {
        self.seen.fetch_max(held.generation, Ordering::Relaxed);
        tokens(held)
    }

    fn take(&self, lease: Lease) -> Result<Renewal, KeeperError> {
        self.renewals.lock().remove(&lease.id()).ok_or_else(|| KeeperError::new("This renewal is not under way."))
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("account", &self.account).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenKeeper for Keeper {
    async fn current(&self) -> Result<Tokens, KeeperError> {
        let held = self.credentials.current(&self.account).await.map_err(failed)?;
        self.tokens(held.ok_or_else(|| KeeperError::new(format!("Nothing is stored for {}.", self.account)))?)
    }

    async fn begin(&self, generation: u64) -> Result<Begin, KeeperError> {
        Ok(match self.credentials.begin(&self.account, generation, LEASE).await.map_err(failed)? {
            credentials::Begin::Yours { renewal, held } => {
                let (lease, unended) = (Lease::new(renewal.id()), renewal.unended());
                self.renewals.lock().insert(lease.id(), renewal);
                Begin::Yours { lease, tokens: self.tokens(held)?, unended }
            }
            credentials::Begin::Newer(held) => Begin::Newer(self.tokens(held)?),
            credentials::Begin::Busy(wait) => Begin::Busy(wait),
            credentials::Begin::Silent { code, left } => Begin::Silent { code, left },
            credentials::Begin::Refused(credentials::Refusal { code, lost }) => Begin::Refused(Refusal { code, lost }),
        })
    }

    async fn finish(&self, lease: Lease, new: &Tokens) -> Result<(), KeeperError> {
        let renewal = self.take(lease)?;
        let stored = self.credentials.finish(&renewal, &secret(new)).await;
        match stored {
            Ok(held) => self.seen.fetch_max(held.generation, Ordering::Relaxed),
            Err(error) => {
                // It is tried again: nobody else has these tokens.
                self.renewals.lock().insert(lease.id(), renewal);
                return Err(failed(error));
            }
        };
        Ok(())
    }

    async fn abandon(&self, lease: Lease, why: Abandon) -> Result<(), KeeperError> {
        let renewal = self.take(lease)?;
        let why = match why {
            Abandon::Unsent => credentials::Abandon::Unsent,
            Abandon::Declined { code, silence } => credentials::Abandon::Declined { code, silence },
            Abandon::Refused(Refusal { code, lost }) => {
                credentials::Abandon::Refused(credentials::Refusal { code, lost })
            }
            Abandon::Unknown => credentials::Abandon::Unknown,
        };
        self.credentials.abandon(&renewal, why).await.map_err(failed)
    }
}

/// As the store keeps them.
pub(super) fn secret(tokens: &Tokens) -> Secret {
    Secret::Tokens { access: tokens.access.clone(), refresh: tokens.refresh.clone(), expires: tokens.expires }
}

fn tokens(held: Held) -> Result<Tokens, KeeperError> {
    match held.secret {
        Secret::Tokens { access, refresh, expires } => {
            Ok(Tokens { access, refresh, expires, generation: held.generation })
        }
        Secret::Cookie(_) => Err(KeeperError::new("A cookie is stored where tokens are wanted. Log in again.")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: Error) -> KeeperError {
    KeeperError::new(error.message())
}
