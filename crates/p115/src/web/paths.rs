//! From a path to a folder's id, and from an id to what it is and where it lies (`docs/115.md` §3.8).

use serde::Deserialize;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::lenient;
use crate::types::{Cid, FileId, PickCode};
use crate::web::unescape;
use crate::wire::WEBAPI;

/// What one id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Its name; empty for the root.
    pub name: String,
    /// Folder or file.
    pub is_dir: bool,
    /// Its handle.
    pub pickcode: Option<PickCode>,
    /// Upper-case hexadecimal; none for folders and incomplete uploads.
    pub sha1: Option<String>,
    /// Its size in 115's words, such as `1.23GB`: good to show, useless to reckon with.
    pub size_text: Option<String>,
    /// Last change, unix seconds.
    pub modified: Option<u64>,
    /// Creation on the drive, unix seconds.
    pub created: Option<u64>,
    /// The folders from the root down to the one it is in.
    pub ancestors: Vec<(Cid, String)>,
}

/// Finds folders only. Missing paths and files both are id 0, which is the root's own.
pub(crate) async fn dir_id(gate: &Gate, path: &str) -> Result<Option<Cid>, Error> {
    #[derive(Deserialize)]
    struct Found {
        #[serde(default, deserialize_with = "lenient::id")]
        id: Option<u64>,
    }
    if path.trim_matches('/').is_empty() {
        return Ok(Some(Cid::ROOT));
    }
    let reply = match gate.send(&Call::get("getid", WEBAPI, "/files/getid").query("path", path)).await {
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        reply => reply?,
    };
    Ok(reply.json::<Found>()?.id.filter(|id| *id != 0).map(Cid::new))
}

/// Slow for big folders, whose whole tree 115 counts.
pub(crate) async fn stat(gate: &Gate, id: FileId) -> Result<Option<Stat>, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answer {
        Found(Box<Category>),
        /// `[]` is what has been deleted.
        Nothing([u8; 0]),
    }
    // 115 does not describe the root.
    if id == Cid::ROOT.into() {
        return Ok(Some(Stat {
            name: String::new(),
            is_dir: true,
            pickcode: None,
            sha1: None,
            size_text: None,
            modified: None,
            created: None,
            ancestors: Vec::new(),
        }));
    }
    let call = Call::get("category_get", WEBAPI, "/category/get").query("cid", id.to_string()).query("aid", "1");
    let reply = match gate.send(&call).await {
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        reply => reply?,
    };
    match reply.json()? {
        Answer::Found(found) => found.stat().map(Some).map_err(|what| reply.error(Kind::Undecodable, what)),
        Answer::Nothing([]) => Ok(None),
    }
}

#[derive(Debug, Deserialize)]
struct Category {
    #[serde(default, deserialize_with = "lenient::text")]
    file_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    file_category: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    pick_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    sha1: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    size: Option<String>,
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

impl Category {
    fn stat(self) -> Result<Stat, &'static str> {
        Ok(Stat {
            name: unescape(self.file_name.ok_or("no name")?),
            is_dir: match self.file_category {
                Some(0) => true,
                Some(1) => false,
                _ => return Err("neither a folder nor a file"),
            },
            pickcode: self.pick_code.and_then(|code| code.parse().ok()),
            sha1: self.sha1.map(|sha| sha.to_ascii_uppercase()),
            size_text: self.size,
            modified: self.utime,
            created: self.ptime,
            ancestors: self.paths.into_iter().map(|a| (a.file_id, unescape(a.file_name.unwrap_or_default()))).collect(),
        })
    }
}
