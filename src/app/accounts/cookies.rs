//! Accounts by cookie: users of 115, each with one login in use.

use std::{sync::Arc, time::Duration};

use p115::{Cause, Cookie, LoginApp, QrLogin, QrToken};
use secrecy::{ExposeSecret, SecretString};

use super::{
    super::{Deps, guards::guard},
    Accounts, Known, credentials, owner, way,
};
use crate::{
    backend::cloud,
    config::{Drive, Given, Login, Wire},
    error::{Error, Kind, Result},
    path::VirtualPath,
    store::{
        credentials::{Account, Credentials, Fingerprint, Held, Holding, Secret},
        leases::{Leases, Taken},
    },
};

/// What its accounts are called in the store.
pub(in crate::app) const SERVICE: &str = "115-cloud";

/// The longest an exchange of a QR code takes, waiting for a turn included.
const EXCHANGE: Duration = Duration::from_secs(45);

/// A user of 115, by one login, whatever cookies the mounts have.
#[derive(Debug)]
pub(super) struct User {
    wire: Option<Wire>,
    pub(super) client: p115::Client,
    mounts: Vec<Seen>,
}

/// The login of a mount, as it was last looked at in the store.
#[derive(Debug, Clone)]
struct Seen {
    path: VirtualPath,
    account: Account,
    /// Of the login in use, or passed over for another of the same user's.
    generation: u64,
    /// Of the login that the mount was last started with.
    tried: u64,
}

/// A QR code that 115 does not exchange, and what it said: it is not asked again.
#[derive(Debug)]
pub(super) struct Spent(Fingerprint, Error);

impl Accounts {
    /// The client of the account that the mount at this path logs in to: by the cookie of the configuration where that is
    /// new, else by that of the store. True besides where it has just been taken from the configuration; `None` where nobody
    /// has logged in.
    pub(in crate::app) async fn cookie(
        &self,
        login: &Login,
        wire: Option<&Wire>,
        path: &VirtualPath,
        deps: &Deps,
    ) -> Result<Option<(p115::Client, bool)>> {
        let config = fingerprint(login);
        let _alone = self.settling.lock().await;
        let credentials = credentials(deps);
        let account = credentials.account(SERVICE, path, config.as_ref()).await?;
        let holding = credentials.holding(&account, config.as_ref()).await?;
        let (held, changed) = match (holding, &login.given, &config) {
            (Holding::Stored(held), ..) => (held, false),
            (Holding::Config, Some(given), Some(config)) => {
                let held = self.take(given, login.app(), wire, &account, config, &credentials, deps).await?;
                (held, true)
            }
            _ => return Ok(None),
        };
        let client = self.user(cookie(&held)?, wire, path, &account, held.generation, deps)?;
        Ok(Some((client, changed)))
    }

    /// Puts what the configuration says into the store. A QR code is exchanged for a cookie first, which works once.
    #[expect(clippy::too_many_arguments, reason = "each is another thing")]
    async fn take(
        &self,
        given: &Given,
        app: LoginApp,
        wire: Option<&Wire>,
        account: &Account,
        config: &Fingerprint,
        credentials: &Credentials,
        deps: &Deps,
    ) -> Result<Held> {
        match given {
            Given::Cookie(text) => {
                let cookie = Cookie::parse(text.expose_secret())
                    .map_err(|error| Error::new(Kind::Internal, error.to_string()))?;
                credentials.adopt(account, config, &Secret::Cookie(cookie.text())).await
            }
            Given::QrToken(token) => {
                if let Some(Spent(_, error)) = self.known.lock().spent.iter().find(|Spent(of, _)| of == config) {
                    return Err(error.clone());
                }
                // A store that cannot be written fails here, where nothing is lost yet.
                let leases = Leases::new(Arc::clone(&deps.store), deps.clock.clone(), &owner());
                let lease = match leases.take(&format!("login of {account}"), EXCHANGE).await? {
                    Taken::Yours(lease) => lease,
                    Taken::Busy(_) => {
                        let what = "Another process exchanges the QR code of this mount for a cookie.";
                        return Err(Error::new(Kind::Busy, what).retry_after(Some(Duration::from_secs(5))));
                    }
                };
                let exchanged = self.exchange(token, app, wire, config, deps).await;
                let held = match exchanged {
                    Ok(cookie) => credentials.adopt(account, config, &Secret::Cookie(cookie)).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = leases.release(&lease).await {
                    tracing::warn!(?error, "a lease could not be given back; it ends by itself");
                }
                held
            }
        }
    }

    async fn exchange(
        &self,
        token: &QrToken,
        app: LoginApp,
        wire: Option<&Wire>,
        config: &Fingerprint,
        deps: &Deps,
    ) -> Result<SecretString> {
        let qr = QrLogin::new(self.login_egress(wire, deps)?);
        match qr.finish(token, app).await {
            Ok(given) => {
                tracing::info!(user = given.user_id, app = app.name(), "logged in by QR code");
                Ok(given.cookie.text())
            }
            Err(cause) => {
                let error = cloud::failure(&cause);
                if matches!(cause.kind, p115::Kind::Login(_)) {
                    self.known.lock().spent.push(Spent(config.clone(), error.clone()));
                }
                Err(error)
            }
        }
    }

    /// The client of the cookie's user, who may have one already: then its login is exchanged only where the new one is
    /// this very mount's, or where the old one is dead. A second mount's cookie puts nothing at risk that works; it stands
    /// by until then.
    fn user(
        &self,
        cookie: Cookie,
        wire: Option<&Wire>,
        path: &VirtualPath,
        account: &Account,
        generation: u64,
        deps: &Deps,
    ) -> Result<p115::Client> {
        let mut known = self.known.lock();
        let seen = Seen { path: path.clone(), account: account.clone(), generation, tried: generation };
        let at = known.users.iter().position(|of| of.wire.as_ref() == wire && of.client.user_id() == cookie.user_id());
        let client = match at.map(|at| &known.users[at]) {
            Some(user) => {
                let of_this = |of: &Seen| of.account == *account && of.generation < generation;
                if !user.client.is_logged_in_with(&cookie) {
                    let _same_user = if is_dead(&user.client) || user.mounts.iter().any(of_this) {
                        user.client.log_in(cookie)
                    } else {
                        user.client.stand_by(cookie)
                    };
                }
                user.client.clone()
            }
            None => {
                let (http, way) = way(wire, deps)?;
                let guard =
                    guard(&format!("{SERVICE}:{}", cookie.user_id()), p115::Limits::default(), &self.ledger, deps);
                p115::Client::new(http, way, cookie, guard, self.clock.clone())
            }
        };
        for user in &mut known.users {
            user.mounts.retain(|of| of.path != *path);
        }
        match at {
            Some(at) => known.users[at].mounts.push(seen),
            None => known.users.push(User { wire: wire.cloned(), client: client.clone(), mounts: vec![seen] }),
        }
        known.set_rates();
        Ok(client)
    }

    pub(super) async fn has_newer_cookie(&self, login: &Login, path: &VirtualPath, deps: &Deps) -> Result<bool> {
        let credentials = credentials(deps);
        let account = credentials.account(SERVICE, path, fingerprint(login).as_ref()).await?;
        let Some(held) = credentials.current(&account).await? else { return Ok(false) };
        let known = self.known.lock();
        let mut seen = known.users.iter().flat_map(|user| &user.mounts);
        let tried = seen.find(|seen| seen.path == *path && seen.account == account).map(|seen| seen.tried);
        Ok(tried.is_none_or(|tried| held.generation > tried))
    }

    /// Goes on with cookies that are newer than those in use; gives the mounts for which another user has logged in.
    pub(super) async fn heed_cookies(&self, deps: &Deps) -> Result<Vec<VirtualPath>> {
        let credentials = credentials(deps);
        let seen: Vec<Seen> = self.known.lock().users.iter().flat_map(|user| user.mounts.clone()).collect();
        let mut changed = self.first_logins(&credentials).await?;
        for seen in seen {
            let Some(held) = credentials.current(&seen.account).await? else { continue };
            if held.generation <= seen.generation {
                continue;
            }
            let cookie = cookie(&held)?;
            let mut known = self.known.lock();
            let user = known.users.iter_mut().find(|user| user.mounts.iter().any(|of| of.path == seen.path));
            let Some(user) = user else { continue };
            for of in user.mounts.iter_mut().filter(|of| of.account == seen.account) {
                of.generation = of.generation.max(held.generation);
            }
            if user.client.is_logged_in_with(&cookie) {
                continue;
            }
            if user.client.log_in(cookie) {
                tracing::info!(mount = %seen.path, "a newer login is taken up");
            } else {
                changed.push(seen.path);
            }
        }
        Ok(changed)
    }

    /// Shares that go without a login, and could have one by now.
    async fn first_logins(&self, credentials: &Credentials) -> Result<Vec<VirtualPath>> {
        let without: Vec<_> = {
            let known = self.known.lock();
            let has_user =
                |path: &VirtualPath| known.users.iter().flat_map(|user| &user.mounts).any(|of| of.path == *path);
            let shares = known.mounts.iter().filter(|mount| matches!(mount.drive, Drive::Share(_)));
            shares.filter(|mount| !has_user(&mount.path)).cloned().collect()
        };
        let mut changed = Vec::new();
        for mount in without {
            let config = super::fingerprint(&mount.drive);
            let account = credentials.account(SERVICE, &mount.path, config.as_ref()).await?;
            if credentials.current(&account).await?.is_some() {
                changed.push(mount.path);
            }
        }
        Ok(changed)
    }
}

impl Known {
    /// Forgets the users of no mount, and lets the others go on.
    pub(super) fn keep_users(&mut self) {
        let Self { mounts, users, .. } = self;
        for user in &mut *users {
            let in_use = |seen: &Seen| {
                mounts.iter().any(|of| {
                    of.path == seen.path && of.drive.wire() == user.wire.as_ref() && login_of(&of.drive).is_some()
                })
            };
            user.mounts.retain(in_use);
        }
        users.retain(|user| !user.mounts.is_empty());
        self.set_rates();
        for user in &self.users {
            user.client.resume();
        }
    }

    /// The strictest rate of a user's mounts holds.
    fn set_rates(&self) {
        for user in &self.users {
            let drives = || {
                let of = |seen: &Seen| self.mounts.iter().find(|mount| mount.path == seen.path);
                user.mounts.iter().filter_map(of).map(|mount| &mount.drive)
            };
            let strictest = |rates: &mut dyn Iterator<Item = f64>| rates.reduce(f64::min);
            // The rate of a share is that of its listing, and speaks for the account where nothing else does.
            let own = strictest(&mut drives().filter(|of| matches!(of, Drive::Cloud(_))).filter_map(Drive::rate));
            if let Some(rate) = own.or_else(|| strictest(&mut drives().filter_map(Drive::rate))) {
                user.client.set_rate(rate);
            }
        }
    }
}

/// What the configuration says of the login of a drive that has a cookie.
pub(in crate::app) fn login_of(drive: &Drive) -> Option<&Login> {
    match drive {
        Drive::Cloud(cloud) => Some(&cloud.login),
        Drive::Share(share) => Some(&share.login),
        Drive::Open(_) | Drive::Local(_) => None,
    }
}

fn is_dead(client: &p115::Client) -> bool {
    client.pause().is_some_and(|pause| pause.cause == Cause::Session)
}

/// What the configuration says of the login; `None` where it says nothing.
pub(super) fn fingerprint(login: &Login) -> Option<Fingerprint> {
    let parts = login.parts();
    (!parts.is_empty()).then(|| Fingerprint::of(&parts))
}

fn cookie(held: &Held) -> Result<Cookie> {
    let broken = || Error::new(Kind::Storage, "What is stored to log in with is no cookie. Log in again.");
    match &held.secret {
        Secret::Cookie(text) => Cookie::parse(text.expose_secret()).map_err(|_| broken()),
        Secret::Tokens { .. } => Err(broken()),
    }
}
