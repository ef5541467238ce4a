//! Accounts by tokens of the Open Platform.

use std::sync::Arc;

use p115::{
    Cause,
    open::{OpenClient, TokenKeeper},
};
use secrecy::SecretString;

use super::{
    super::{Deps, guards::guard, keeper::Keeper},
    Accounts, Known, credentials, way,
};
use crate::{
    config::{Drive, Open, Wire},
    error::{Error, Kind, Result},
    path::VirtualPath,
    store::credentials::{Account, Fingerprint, Holding, Secret},
};

/// What its accounts are called in the store.
pub(in crate::app) const SERVICE: &str = "115-open";

/// An account of the Open Platform in use.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    wire: Option<Wire>,
    /// What the configuration says of its tokens, and where they are kept.
    config: Option<Fingerprint>,
    account: Account,
    keeper: Arc<Keeper>,
    pub(super) client: OpenClient,
}

impl Opened {
    pub(super) async fn settled(&self) {
        self.client.settled().await;
    }
}

impl Accounts {
    /// The client of the account whose tokens hold for the mount at this path: those of the configuration where they are
    /// new, else those of the store. True besides where they have just been taken from the configuration.
    pub(in crate::app) async fn open(
        &self,
        config: &Open,
        path: &VirtualPath,
        deps: &Deps,
    ) -> Result<(OpenClient, bool)> {
        let fingerprint = fingerprint(config);
        let _alone = self.settling.lock().await;
        let credentials = credentials(deps);
        let account = credentials.account(SERVICE, path, fingerprint.as_ref()).await?;
        let known = |of: &Opened| of.wire == config.wire && of.account == account && of.config == fingerprint;
        if let Some(opened) = self.opened(known) {
            return Ok((opened.client, false));
        }
        let changed = match (
            credentials.holding(&account, fingerprint.as_ref()).await?,
            &config.refresh_token,
            &fingerprint,
        ) {
            (Holding::Stored(_), ..) => false,
            (Holding::Config, Some(refresh), Some(fingerprint)) => {
                let access = config.access_token.clone().unwrap_or_else(|| SecretString::from(""));
                let secret = Secret::Tokens { access, refresh: refresh.clone(), expires: None };
                credentials.adopt(&account, fingerprint, &secret).await?;
                true
            }
            _ => {
                let what = format!(
                    "Nobody has logged in for this mount. Run `gate115 login {path}` with your own `app_id`, or write access_token and refresh_token into the configuration."
                );
                return Err(Error::new(Kind::Session, what));
            }
        };
        let keeper = Arc::new(Keeper::new(credentials, account.clone()));
        let (http, wire) = way(config.wire.as_ref(), deps)?;
        let mut known = self.known.lock();
        let rate = known.strictest_open(config.wire.as_ref(), fingerprint.as_ref()).unwrap_or(config.rate);
        let kept: Arc<dyn TokenKeeper> = Arc::clone(&keeper) as _;
        // The user is not known before the first call; tokens are kept for the account of a mount, and so are its pauses.
        let guard = guard(&account.to_string(), p115::Limits { rate }, &self.ledger, deps);
        let client = OpenClient::new(http, wire, kept, guard, self.clock.clone());
        known.opened.retain(|of| of.account != account);
        let wire = config.wire.clone();
        known.opened.push(Opened { wire, config: fingerprint, account, keeper, client: client.clone() });
        Ok((client, changed))
    }

    fn opened(&self, which: impl Fn(&Opened) -> bool) -> Option<Opened> {
        self.known.lock().opened.iter().find(|of| which(of)).cloned()
    }

    pub(super) async fn has_newer_tokens(&self, config: &Open, path: &VirtualPath, deps: &Deps) -> Result<bool> {
        let credentials = credentials(deps);
        let account = credentials.account(SERVICE, path, fingerprint(config).as_ref()).await?;
        let Some(held) = credentials.current(&account).await? else { return Ok(false) };
        let opened = self.opened(|of| of.wire == config.wire && of.account == account);
        Ok(opened.is_none_or(|of| held.generation > of.keeper.seen()))
    }

    /// Ends the pauses of accounts whose tokens were dead, where the store has others by now.
    pub(super) async fn heed_tokens(&self, deps: &Deps) -> Result<()> {
        let credentials = credentials(deps);
        let opened = self.known.lock().opened.clone();
        let dead = |of: &Opened| {
            let cause = of.client.pause().map(|pause| pause.cause);
            matches!(cause, Some(Cause::Session | Cause::TokensLost | Cause::App))
        };
        for of in opened.iter().filter(|of| dead(of)) {
            let held = credentials.current(&of.account).await?;
            if held.is_some_and(|held| held.generation > of.keeper.seen()) {
                of.client.resume();
            }
        }
        Ok(())
    }
}

impl Known {
    pub(super) fn keep_opened(&self) {
        for of in &self.opened {
            if let Some(rate) = self.strictest_open(of.wire.as_ref(), of.config.as_ref()) {
                of.client.set_rate(rate);
                of.client.resume();
            }
        }
    }

    /// `None` where no mount uses these tokens.
    fn strictest_open(&self, wire: Option<&Wire>, tokens: Option<&Fingerprint>) -> Option<f64> {
        let opens = self.mounts.iter().filter_map(|mount| match &mount.drive {
            Drive::Open(open) => Some(open),
            _ => None,
        });
        let same = opens.filter(|open| open.wire.as_ref() == wire && fingerprint(open).as_ref() == tokens);
        same.map(|open| open.rate).reduce(f64::min)
    }
}

/// What the configuration says of the tokens; `None` where it says nothing.
pub(super) fn fingerprint(config: &Open) -> Option<Fingerprint> {
    config.refresh_token.as_ref().map(|refresh| Fingerprint::of(config.access_token.iter().chain([refresh])))
}
