//! Logging in to the account behind a mount: by QR code for a cookie, by device code for tokens.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use p115::{
    LoginApp, QrLogin, QrState, QrTicket,
    open::{DeviceLogin, Ticket as DeviceTicket},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    Deps,
    accounts::{Accounts, cookies, credentials, fingerprint, tokens, way},
    mounting::start_key,
};
use crate::{
    backend::{cloud, open},
    config::{Cloud, Drive, Mount as MountConfig, Share},
    drive::{Begun, Device, Login, Progress},
    error::{Error, Kind, Result},
    store::{
        Table,
        credentials::Secret,
        tickets::{Found, Tickets},
    },
};

/// How long a ticket is kept. A code itself lives for about five minutes (docs/115.md §2).
const TICKET: Duration = Duration::from_secs(15 * 60);

/// The way to log in to a mount's account; `None` where there is nothing to log in to.
pub(super) fn of(mount: &MountConfig, accounts: &Arc<Accounts>, deps: &Deps) -> Option<Arc<dyn Login>> {
    match &mount.drive {
        Drive::Cloud(_) | Drive::Open(_) | Drive::Share(_) => {
            Some(Arc::new(MountLogin { mount: mount.clone(), accounts: Arc::clone(accounts), deps: deps.clone() }))
        }
        Drive::Local(_) => None,
    }
}

/// Logs in to one mount.
#[derive(Clone)]
struct MountLogin {
    mount: MountConfig,
    accounts: Arc<Accounts>,
    deps: Deps,
}

impl fmt::Debug for MountLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MountLogin").field("mount", &self.mount.path).finish_non_exhaustive()
    }
}

/// A login under way, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Ticket {
    /// The path of the mount that it is for.
    mount: String,
    state: State,
}

#[derive(Clone, Serialize, Deserialize)]
enum State {
    Qr {
        ticket: QrTicket,
        app: String,
    },
    Device {
        qrcode: String,
        uid: String,
        time: String,
        sign: String,
        verifier: String,
    },
    /// Confirmed, and somebody is just fetching what it gives.
    Taken,
    Done {
        user: String,
    },
    Failed {
        reason: String,
    },
}

/// What a confirmed login gives.
struct Given {
    secret: Secret,
    user: String,
}

#[async_trait]
impl Login for MountLogin {
    async fn begin(&self, app: Option<&str>) -> Result<Begun> {
        let (state, code, warning) = match &self.mount.drive {
            Drive::Cloud(Cloud { login, .. }) | Drive::Share(Share { login, .. }) => {
                let app = match app {
                    Some(app) => app.parse().map_err(|why: p115::LoginAppError| invalid(why.to_string()))?,
                    None => login.app(),
                };
                let ticket = self.qr()?.begin().await.map_err(|cause| cloud::failure(&cause))?;
                let code = ticket.text().to_owned();
                (State::Qr { ticket, app: app.name().to_owned() }, code, app.warning())
            }
            Drive::Open(_) => {
                let ticket = self.device()?.begin().await.map_err(|cause| open::failure(&cause))?;
                let code = ticket.qrcode.clone();
                (State::of_device(ticket), code, None)
            }
            Drive::Local(_) => return Err(invalid("There is nothing to log in to.".to_owned())),
        };
        let ticket = Ticket { mount: self.mount.path.to_string(), state };
        let ticket = self.tickets().issue(&ticket, TICKET).await?;
        Ok(Begun { ticket, code, warning })
    }

    async fn poll(&self, id: &str) -> Result<Progress> {
        let Some(found) = self.tickets().find::<Ticket>(id).await? else { return Ok(Progress::Expired) };
        if found.ticket.mount != self.mount.path.to_string() {
            return Ok(Progress::Expired);
        }
        let state = match &found.ticket.state {
            State::Qr { ticket, .. } => self.qr()?.poll(ticket).await.map_err(|cause| cloud::failure(&cause))?,
            State::Device { .. } => {
                let ticket = found.ticket.state.device().ok_or_else(mixed_up)?;
                self.device()?.poll(&ticket).await.map_err(|cause| open::failure(&cause))?
            }
            State::Taken => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                return Ok(Progress::Scanned);
            }
            State::Done { user } => return Ok(Progress::Done { user: user.clone() }),
            State::Failed { reason } => return Ok(Progress::Failed { reason: reason.clone() }),
        };
        match state {
            None | Some(QrState::Waiting) => Ok(Progress::Waiting),
            Some(QrState::Scanned) => Ok(Progress::Scanned),
            Some(QrState::Confirmed) => {
                // What it gives is given once, so whoever asks may go, and it is stored all the same.
                let (this, id) = (self.clone(), id.to_owned());
                let concluding = async move { this.conclude(&id, found).await };
                self.accounts.concluding.spawn(concluding).await.map_err(|_| given_up())?
            }
            Some(QrState::Expired) => Ok(Progress::Expired),
            Some(QrState::Cancelled) => Ok(Progress::Cancelled),
            Some(QrState::Aborted) => {
                let reason = "115 has ended this login and does not say why. Begin again with a new code.";
                Ok(Progress::Failed { reason: reason.to_owned() })
            }
        }
    }

    async fn devices(&self) -> Result<Vec<Device>> {
        let Some(login) = cookies::login_of(&self.mount.drive) else {
            return Err(invalid("Only an account that is logged in to by cookie has a list of devices.".to_owned()));
        };
        let client = self.accounts.cookie(login, self.mount.drive.wire(), &self.mount.path, &self.deps).await?;
        let (client, _) = client.ok_or_else(|| invalid("Nobody has logged in for this mount yet.".to_owned()))?;
        let devices = client.devices().await.map_err(|cause| cloud::failure(&cause))?;
        Ok(devices.into_iter().map(shown).collect())
    }
}

impl MountLogin {
    fn tickets(&self) -> Tickets {
        Tickets::new(Arc::clone(&self.deps.store), self.deps.clock.clone())
    }

    fn qr(&self) -> Result<QrLogin> {
        Ok(QrLogin::new(self.accounts.login_egress(self.mount.drive.wire(), &self.deps)?))
    }

    fn device(&self) -> Result<DeviceLogin> {
        let Drive::Open(config) = &self.mount.drive else { return Err(mixed_up()) };
        let app_id = config.app_id.clone().ok_or_else(|| {
            invalid(
                "A login to 115 Open needs an app of your own: write the number that open.115.com gave it into the configuration (`app_id`). Or write access_token and refresh_token there.".to_owned(),
            )
        })?;
        let (http, wire) = way(config.wire.as_ref(), &self.deps)?;
        Ok(DeviceLogin::new(http, wire, app_id, self.accounts.clock.clone()))
    }

    /// Fetches what a confirmed code gives, as the only one to do so, and stores it.
    async fn conclude(&self, id: &str, found: Found<Ticket>) -> Result<Progress> {
        let tickets = self.tickets();
        let as_state = |state| Ticket { mount: self.mount.path.to_string(), state };
        let Some(taken) = tickets.replace(id, &found, as_state(State::Taken)).await? else {
            return Ok(Progress::Scanned);
        };
        let fetched = async {
            let Given { secret, user } = self.fetch(&found.ticket.state).await?;
            self.store(&secret).await.map(|()| user)
        };
        let (state, progress) = match fetched.await {
            Ok(user) => (State::Done { user: user.clone() }, Progress::Done { user }),
            Err(error) => {
                let reason = error.message().to_owned();
                (State::Failed { reason: reason.clone() }, Progress::Failed { reason })
            }
        };
        if let Err(error) = tickets.replace(id, &taken, as_state(state)).await {
            tracing::warn!(?error, "how the login ended could not be written down for others who ask");
        }
        Ok(progress)
    }

    async fn fetch(&self, state: &State) -> Result<Given> {
        match state {
            State::Qr { ticket, app } => {
                let app: LoginApp = app.parse().map_err(|why: p115::LoginAppError| invalid(why.to_string()))?;
                let given = self.qr()?.finish(ticket.token(), app).await.map_err(|cause| cloud::failure(&cause))?;
                let user = given.user_name.unwrap_or_else(|| given.user_id.to_string());
                Ok(Given { secret: Secret::Cookie(given.cookie.text()), user })
            }
            State::Device { .. } => {
                let ticket = state.device().ok_or_else(mixed_up)?;
                let tokens = self.device()?.finish(&ticket).await.map_err(|cause| open::failure(&cause))?;
                Ok(Given { secret: super::keeper::secret(&tokens), user: "115 Open".to_owned() })
            }
            State::Taken | State::Done { .. } | State::Failed { .. } => Err(mixed_up()),
        }
    }

    async fn store(&self, secret: &Secret) -> Result<()> {
        let service = match &self.mount.drive {
            Drive::Cloud(_) | Drive::Share(_) => cookies::SERVICE,
            Drive::Open(_) => tokens::SERVICE,
            Drive::Local(_) => return Err(mixed_up()),
        };
        let config = fingerprint(&self.mount.drive);
        let credentials = credentials(&self.deps);
        let account = credentials.account(service, &self.mount.path, config.as_ref()).await?;
        // Tokens do not say whose they are: what the mount was at its last start may be another's.
        if let Drive::Open(_) = &self.mount.drive {
            self.deps.store.remove(Table::Starts, &start_key(&self.mount)).await?;
        }
        credentials.log_in(&account, config.as_ref(), secret).await.map(drop)
    }
}

impl State {
    fn of_device(ticket: DeviceTicket) -> Self {
        Self::Device {
            qrcode: ticket.qrcode,
            uid: ticket.uid,
            time: ticket.time,
            sign: ticket.sign.expose_secret().to_owned(),
            verifier: ticket.verifier.expose_secret().to_owned(),
        }
    }

    fn device(&self) -> Option<DeviceTicket> {
        let Self::Device { qrcode, uid, time, sign, verifier } = self else { return None };
        Some(DeviceTicket {
            qrcode: qrcode.clone(),
            uid: uid.clone(),
            time: time.clone(),
            sign: SecretString::from(sign.as_str()),
            verifier: SecretString::from(verifier.as_str()),
        })
    }
}

fn shown(device: p115::Device) -> Device {
    let name = match device.device {
        Some(of) if of != device.name => format!("{} ({of})", device.name),
        _ => device.name,
    };
    Device {
        name,
        class: device.class,
        ip: device.ip,
        city: device.city,
        seen: device.seen,
        current: device.current,
        unusual: device.unusual,
    }
}

fn invalid(what: String) -> Error {
    Error::new(Kind::Invalid, what)
}

fn given_up() -> Error {
    Error::new(Kind::Internal, "The login was given up: gate115 is stopping, or has a bug. Begin again.")
}

fn mixed_up() -> Error {
    Error::new(Kind::Internal, "A login of another kind was begun with this ticket.")
}
