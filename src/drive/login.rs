//! Logging in: a code that is scanned with a phone, and what becomes of it.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::Result;

/// Logs in to the account behind a mount. What is begun here may be asked after by any process that has the same store.
#[async_trait]
pub trait Login: Debug + Send + Sync {
    /// A new code, as this type of app where the service knows types of app and its own choice is not wanted.
    async fn begin(&self, app: Option<&str>) -> Result<Begun>;

    /// What has become of the code with this ticket, as soon as there is news or after some twenty seconds. Whoever
    /// hears first that it is confirmed has the new login stored before this returns.
    async fn poll(&self, ticket: &str) -> Result<Progress>;

    /// The logins that the service has on its list for the account, ours among them.
    async fn devices(&self) -> Result<Vec<Device>>;
}

/// A login that waits for its scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// What it is asked after by; as good as the login itself, so it is for nobody else.
    pub ticket: String,
    /// The text to put into a QR code.
    pub code: String,
    /// What a person should know before the scan: which other login this one would end, say.
    pub warning: Option<String>,
}

/// How far a login has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Nobody has scanned the code yet: ask again.
    Waiting,
    /// Scanned, and not confirmed yet: ask again.
    Scanned,
    /// Logged in, and stored.
    Done {
        /// Whose login it is, as people know it: a name, or a number.
        user: String,
    },
    /// Too late, or never begun: begin again.
    Expired,
    /// Declined on the phone.
    Cancelled,
    /// Over, and the service did not log in.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
}

/// One login on the service's list. The texts are the service's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub name: String,
    /// The class of device, of which there is one login.
    pub class: Option<String>,
    pub ip: Option<String>,
    pub city: Option<String>,
    /// When it was last used, unix seconds.
    pub seen: Option<u64>,
    /// Whether it is ours.
    pub current: bool,
    /// Whether the service finds it suspicious.
    pub unusual: bool,
}
