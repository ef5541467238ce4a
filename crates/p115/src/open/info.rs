//! What an id stands for, or what lies at a path, and where: one call either way (`docs/115.md` §10.4).

use serde::Deserialize;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::gate::Reply;
use crate::lenient;
use crate::session::open::Session;
use crate::types::{Cid, FileId, PickCode};
use crate::web::info::asked_for;
use crate::web::item::{file_kind, unescape};
use crate::web::{Item, ItemKind};
use crate::wire::PROAPI;

const CALL: &str = "open_get_info";
const PATH: &str = "/open/folder/get_info";

/// A file or folder with the folders above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// As a listing would show it, without a thumbnail. The root has no name.
    pub item: Item,
    /// The folders from the root down to the one it is in.
    pub ancestors: Vec<(Cid, String)>,
}

/// An absolute path in a form that 115 can read. It takes the first character for the separator, so a name may hold a
/// `/` as long as no name holds a `>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPath(String);

impl ItemPath {
    /// From the names below the root, as 115 has them. `None` where each separator stands in a name, or a name is
    /// empty: such an entry can only be found in the listing of its folder.
    pub fn new<N: AsRef<str>>(names: &[N]) -> Option<Self> {
        let free = |separator: &char| names.iter().all(|name| !name.as_ref().contains(*separator));
        let separator = ['/', '>'].into_iter().find(free)?;
        if names.iter().any(|name| name.as_ref().is_empty()) {
            return None;
        }
        let mut path = String::new();
        for name in names {
            path.push(separator);
            path.push_str(name.as_ref());
        }
        Some(Self(path))
    }
}

pub(super) async fn by_id(session: &Session, id: FileId) -> Result<Option<Info>, Error> {
    // 115 describes no root.
    if id == Cid::ROOT.into() {
        return Ok(Some(root()));
    }
    Ok(found(session.send(&call(id)).await)?.map(|(info, _)| info))
}

pub(super) async fn by_pickcode(session: &Session, code: &PickCode) -> Result<Option<Item>, Error> {
    let Some(id) = code.file_id() else { return Ok(None) };
    let found = found(session.send(&call(id)).await)?;
    found.map(|(info, reply)| asked_for(&reply, info.item, code)).transpose()
}

fn call(id: FileId) -> Call<'static> {
    Call::get(CALL, PROAPI, PATH).query("file_id", id.to_string())
}

pub(super) async fn by_path(session: &Session, path: &ItemPath) -> Result<Option<Info>, Error> {
    if path.0.is_empty() {
        return Ok(Some(root()));
    }
    let found = found(session.send(&Call::post(CALL, PROAPI, PATH).form("path", path.0.as_str())).await)?;
    Ok(found.map(|(info, _)| info))
}

/// What is not there comes as an empty array, or as one of several numbers.
fn found(reply: Result<Reply, Error>) -> Result<Option<(Info, Reply)>, Error> {
    let reply = match reply {
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        reply => reply?,
    };
    let Some(detail) = reply.data::<Detail>()? else { return Ok(None) };
    let info = detail.info().map_err(|what| reply.error(Kind::Undecodable, what))?;
    Ok(Some((info, reply)))
}

fn root() -> Info {
    let item = Item {
        kind: ItemKind::Dir { cid: Cid::ROOT },
        parent: Cid::ROOT,
        name: String::new(),
        pickcode: None,
        modified: None,
        created: None,
        thumb: None,
    };
    Info { item, ancestors: Vec::new() }
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(default, deserialize_with = "lenient::id")]
    file_id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    file_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    file_category: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    pick_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    sha1: Option<String>,
    /// In bytes, unlike `size`, which is for people.
    #[serde(default, deserialize_with = "lenient::int")]
    size_byte: Option<i64>,
    #[serde(default, deserialize_with = "lenient::time")]
    utime: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    ptime: Option<u64>,
    paths: Vec<Ancestor>,
}

#[derive(Debug, Deserialize)]
struct Ancestor {
    file_id: Cid,
    #[serde(default, deserialize_with = "lenient::text")]
    file_name: Option<String>,
}

impl Detail {
    fn info(self) -> Result<Info, &'static str> {
        let id = self.file_id.ok_or("an item without an id")?;
        let pickcode = self.pick_code.and_then(|code| code.parse::<PickCode>().ok());
        let kind = match self.file_category {
            Some(0) => ItemKind::Dir { cid: Cid::new(id) },
            Some(1) => file_kind(id, pickcode.as_ref(), self.size_byte, self.sha1.as_deref(), None)?,
            _ => return Err("an item that is neither a folder nor a file"),
        };
        let ancestors: Vec<_> =
            self.paths.into_iter().map(|a| (a.file_id, unescape(a.file_name.unwrap_or_default()))).collect();
        let item = Item {
            kind,
            parent: ancestors.last().map_or(Cid::ROOT, |(id, _)| *id),
            name: unescape(self.file_name.ok_or("an item without a name")?),
            pickcode,
            modified: self.utime,
            created: self.ptime,
            thumb: None,
        };
        Ok(Info { item, ancestors })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["电影", "a.mkv"], Some("/电影/a.mkv"))]
    #[case(&["a > b", "c"], Some("/a > b/c"))]
    #[case(&["a/b", "c"], Some(">a/b>c"))]
    #[case(&["a/b", "c>d"], None)]
    #[case(&["a", ""], None)]
    #[case(&[], Some(""))]
    fn paths_by_a_separator_that_no_name_has(#[case] names: &[&str], #[case] path: Option<&str>) {
        assert_eq!(ItemPath::new(names).map(|path| path.0).as_deref(), path);
    }
}
