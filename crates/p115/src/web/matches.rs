//! Names below a folder that hold a word, from 115's index, which comes after the fact (`docs/115.md` §3.8).

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::item::{Item, Short};
use crate::call::Call;
use crate::error::{Error, Kind};
use crate::gate::{Gate, Reply};
use crate::lenient;
use crate::types::Cid;
use crate::wire::WEBAPI;

/// Pages end here, whatever they begin with: `offset` and `limit` together reach no further.
pub(crate) const REACH: u32 = 10_000;

/// Folders alone, or files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// Folders.
    Dirs,
    /// Files.
    Files,
}

impl Only {
    /// As `fc` says it.
    pub(crate) const fn fc(self) -> &'static str {
        match self {
            Self::Dirs => "1",
            Self::Files => "2",
        }
    }
}

/// The first of them. How many there are in all is not said: 115's own count is not to be relied on.
pub(crate) async fn matches(
    gate: &Gate,
    cid: Cid,
    word: &str,
    only: Option<Only>,
    limit: u32,
) -> Result<Vec<Item>, Error> {
    let mut call = Call::get("search", WEBAPI, "/files/search")
        .query("search_value", word)
        .query("cid", cid.to_string())
        .query("offset", "0")
        .query("limit", limit.clamp(1, REACH).to_string())
        .query("aid", "1");
    if let Some(only) = only {
        call = call.query("fc", only.fc());
    }
    let reply = gate.send(&call).await?;
    items(&reply, Short::hit)
}

/// The hits of a reply; one that cannot be read fails it, as in a listing. No hits may be no `data`, where the count agrees.
pub(crate) fn items<R: DeserializeOwned>(
    reply: &Reply,
    item: fn(R) -> Result<Item, &'static str>,
) -> Result<Vec<Item>, Error> {
    #[derive(Deserialize)]
    struct Hits<R> {
        data: Option<Vec<R>>,
        #[serde(default, deserialize_with = "lenient::int")]
        count: Option<i64>,
    }
    let undecodable = |what: &'static str| reply.error(Kind::Undecodable, what);
    let Hits { data, count } = reply.json::<Hits<R>>()?;
    match (data, count) {
        (Some(data), _) => data.into_iter().map(item).collect::<Result<_, _>>().map_err(undecodable),
        (None, Some(0)) => Ok(Vec::new()),
        (None, _) => Err(undecodable("the search has no hits, not even none")),
    }
}
