//! How much room the account has (`docs/115.md` §3.9).

use serde::Deserialize;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::lenient;
use crate::wire::WEBAPI;

/// An account's room, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// All of it.
    pub total: u64,
    /// What is taken.
    pub used: u64,
    /// What is left; 0 for an account that is over its limit.
    pub free: u64,
}

#[derive(Deserialize)]
struct Index {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    space_info: Info,
}

#[derive(Deserialize)]
struct Info {
    all_total: Size,
    #[serde(default)]
    all_remain: Size,
    #[serde(default)]
    all_use: Size,
}

#[derive(Default, Deserialize)]
struct Size {
    #[serde(default, deserialize_with = "lenient::bytes")]
    size: Option<u64>,
}

/// Any two of the three numbers will do.
pub(crate) async fn space(gate: &Gate) -> Result<Space, Error> {
    let reply = gate.send(&Call::get("index_info", WEBAPI, "/files/index_info").query("count_space_nums", "0")).await?;
    let Info { all_total, all_remain, all_use } = reply.json::<Index>()?.data.space_info;
    let missing = || reply.error(Kind::Undecodable, "the reply does not tell the space");
    let total = all_total.size.ok_or_else(missing)?;
    let used = all_use.size.or_else(|| all_remain.size.map(|free| total.saturating_sub(free))).ok_or_else(missing)?;
    Ok(Space { total, used, free: all_remain.size.unwrap_or_else(|| total.saturating_sub(used)) })
}
