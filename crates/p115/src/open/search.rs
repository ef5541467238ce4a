//! Names below a folder that hold a word, by the Open API (`docs/115.md` §10.4).

use serde::Deserialize;

use crate::call::Call;
use crate::error::Error;
use crate::lenient;
use crate::session::open::Session;
use crate::types::{Cid, PickCode};
use crate::web::item::{file_kind, unescape};
use crate::web::matches::{REACH, items};
use crate::web::{Item, ItemKind, Only};
use crate::wire::PROAPI;

/// As [`Client::search`](crate::Client::search). Without a `limit` there are 20 of them.
pub(super) async fn search(
    session: &Session,
    cid: Cid,
    word: &str,
    only: Option<Only>,
    limit: u32,
) -> Result<Vec<Item>, Error> {
    let mut call = Call::get("open_search", PROAPI, "/open/ufile/search")
        .query("search_value", word)
        .query("cid", cid.to_string())
        .query("offset", "0")
        .query("limit", limit.clamp(1, REACH).to_string());
    if let Some(only) = only {
        call = call.query("fc", only.fc());
    }
    items(&session.send(&call).await?, Hit::item)
}

/// The keys of a hit that are read; they are those of no listing.
#[derive(Debug, Deserialize)]
struct Hit {
    #[serde(default, deserialize_with = "lenient::id")]
    file_id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    parent_id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::int")]
    file_category: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    file_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pick_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    sha1: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    file_size: Option<i64>,
    #[serde(default, deserialize_with = "lenient::time")]
    user_utime: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    user_ptime: Option<u64>,
}

impl Hit {
    fn item(self) -> Result<Item, &'static str> {
        let id = self.file_id.ok_or("a hit without an id")?;
        let pickcode = self.pick_code.as_deref().and_then(|code| code.parse::<PickCode>().ok());
        let kind = match self.file_category {
            Some(0) => ItemKind::Dir { cid: Cid::new(id) },
            Some(1) => file_kind(id, pickcode.as_ref(), self.file_size, self.sha1.as_deref(), None)?,
            _ => return Err("a hit that is neither a folder nor a file"),
        };
        Ok(Item {
            kind,
            parent: self.parent_id.map(Cid::new).ok_or("a hit that does not say where it is")?,
            name: unescape(self.file_name.ok_or("a hit without a name")?),
            pickcode,
            modified: self.user_utime,
            created: self.user_ptime,
            thumb: None,
        })
    }
}
