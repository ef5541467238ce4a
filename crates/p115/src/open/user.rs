//! Whose account it is and how much room it has (`docs/115.md` §10.4).

use serde::Deserialize;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::lenient;
use crate::session::open::Session;
use crate::web::Space;
use crate::wire::PROAPI;

/// The owner of the tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account's number, the same as in a cookie.
    pub id: u64,
    /// The name the owner goes by.
    pub name: Option<String>,
    /// Paid membership.
    pub vip: Option<Vip>,
    /// How full the drive is, where 115 says.
    pub space: Option<Space>,
}

/// A paid membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vip {
    /// Its name, in 115's words.
    pub level: String,
    /// When it ends, unix seconds.
    pub expires: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "lenient::id")]
    user_id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    user_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::object")]
    rt_space_info: Option<Room>,
    #[serde(default, deserialize_with = "lenient::object")]
    vip_info: Option<Level>,
}

#[derive(Debug, Deserialize)]
struct Room {
    #[serde(default, deserialize_with = "lenient::object")]
    all_total: Option<Size>,
    #[serde(default, deserialize_with = "lenient::object")]
    all_remain: Option<Size>,
    #[serde(default, deserialize_with = "lenient::object")]
    all_use: Option<Size>,
}

#[derive(Debug, Deserialize)]
struct Size {
    #[serde(default, deserialize_with = "lenient::int")]
    size: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Level {
    #[serde(default, deserialize_with = "lenient::text")]
    level_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::time")]
    expire: Option<u64>,
}

impl Room {
    /// Two of the three sizes make the third.
    fn space(&self) -> Option<Space> {
        let bytes = |of: &Option<Size>| of.as_ref()?.size.and_then(|size| u64::try_from(size).ok());
        let (total, free, used) = (bytes(&self.all_total), bytes(&self.all_remain), bytes(&self.all_use));
        Some(match (total, used, free) {
            (Some(total), Some(used), free) => {
                Space { total, used, free: free.unwrap_or_else(|| total.saturating_sub(used)) }
            }
            (Some(total), None, Some(free)) => Space { total, used: total.saturating_sub(free), free },
            (None, Some(used), Some(free)) => Space { total: used.saturating_add(free), used, free },
            _ => return None,
        })
    }
}

pub(super) async fn user(session: &Session) -> Result<User, Error> {
    let reply = session.send(&Call::get("open_user_info", PROAPI, "/open/user/info")).await?;
    let raw = reply.data::<Raw>()?;
    let (id, raw) = raw
        .and_then(|raw| Some((raw.user_id.filter(|id| *id != 0)?, raw)))
        .ok_or_else(|| reply.error(Kind::Undecodable, "the reply does not say whose account it is"))?;
    Ok(User {
        id,
        name: raw.user_name,
        vip: raw.vip_info.and_then(|vip| Some(Vip { level: vip.level_name?, expires: vip.expire })),
        space: raw.rt_space_info.and_then(|room| room.space()),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::all(r#"{"all_total":{"size":100},"all_use":{"size":"30"},"all_remain":{"size":70}}"#, Some((100, 30, 70)))]
    #[case::as_floats(r#"{"all_total":{"size":1e14},"all_use":{"size":3.0e13}}"#, Some((100_000_000_000_000, 30_000_000_000_000, 70_000_000_000_000)))]
    #[case::more_than_there_is(r#"{"all_total":{"size":100},"all_use":{"size":130}}"#, Some((100, 130, 0)))]
    #[case::no_use(r#"{"all_total":{"size":100},"all_use":[],"all_remain":{"size":70}}"#, Some((100, 30, 70)))]
    #[case::no_total(r#"{"all_use":{"size":30},"all_remain":{"size":70}}"#, Some((100, 30, 70)))]
    #[case::too_little(r#"{"all_total":{"size":100}}"#, None)]
    #[case::nonsense(r#"{"all_total":{"size":"much"},"all_use":{"size":30}}"#, None)]
    fn room(#[case] json: &str, #[case] space: Option<(u64, u64, u64)>) {
        let space = space.map(|(total, used, free)| Space { total, used, free });
        assert_eq!(serde_json::from_str::<Room>(json).unwrap().space(), space);
    }
}
