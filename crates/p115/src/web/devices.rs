//! The devices that are logged in to the account: who keeps whom company, and who would end whose login (`docs/115.md` §1.6, §3.9).

use serde::Deserialize;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::lenient;
use crate::wire::PASSPORT;

/// One login of the account. All but the class and whether it is ours is 115's own text, to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What 115 calls the app, such as `115生活_苹果端`.
    pub name: String,
    /// The device itself, where 115 knows it.
    pub device: Option<String>,
    /// The class of device, such as `R1`, of which there is one login ([`LoginApp::class`](crate::LoginApp::class)).
    pub class: Option<String>,
    /// The address it logged in from.
    pub ip: Option<String>,
    /// Where 115 believes that to be.
    pub city: Option<String>,
    /// When it was last used, unix seconds.
    pub seen: Option<u64>,
    /// Whether it is the login that asks.
    pub current: bool,
    /// Whether 115 finds it suspicious.
    pub unusual: bool,
}

#[derive(Deserialize)]
struct Reply {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    list: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    device: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    ssoent: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    ip: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    city: Option<String>,
    #[serde(default, deserialize_with = "lenient::time")]
    utime: Option<u64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    is_current: bool,
    #[serde(default, deserialize_with = "lenient::flag")]
    is_unusual: bool,
}

pub(crate) async fn devices(gate: &Gate) -> Result<Vec<Device>, Error> {
    let reply = gate.send(&Call::get("login_devices", PASSPORT, "/app/1.0/web/1.0/login_log/login_devices")).await?;
    let own = gate.cookie().map(|cookie| cookie.device().to_owned());
    let list = reply.json::<Reply>()?.data.list;
    if list.is_empty() {
        // We are logged in ourselves.
        return Err(reply.error(Kind::Undecodable, "a list of devices without even ours"));
    }
    let marked = list.iter().any(|entry| entry.is_current);
    Ok(list
        .into_iter()
        .map(|entry| Device {
            current: entry.is_current || (!marked && own.is_some() && entry.ssoent == own),
            name: entry.name.or_else(|| entry.device.clone()).or_else(|| entry.ssoent.clone()).unwrap_or_default(),
            device: entry.device,
            class: entry.ssoent,
            ip: entry.ip,
            city: entry.city,
            seen: entry.utime,
            unusual: entry.is_unusual,
        })
        .collect())
}
