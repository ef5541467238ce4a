//! One entry of a listing, out of the keys of the Open API (`docs/115.md` §3.6).

use serde::Deserialize;

use crate::lenient;
use crate::types::{Cid, PickCode};
use crate::web::item::{Row, file_kind, thumbnail, unescape};
use crate::web::{Item, ItemKind};

/// The keys of an entry that are read. Unlike those of the web API they say what kind it is, and `fid` is its own id.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(default, deserialize_with = "lenient::id")]
    fid: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    pid: Option<u64>,
    #[serde(default, deserialize_with = "lenient::int")]
    fc: Option<i64>,
    #[serde(rename = "fn", default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pc: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    sha1: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    fs: Option<i64>,
    #[serde(default, deserialize_with = "lenient::time")]
    upt: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    uet: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    uppt: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    thumb: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    fta: Option<i64>,
}

impl Row for Entry {
    fn item(self, listed: Cid) -> Result<Item, &'static str> {
        let id = self.fid.ok_or("an entry without an id")?;
        let pickcode = self.pc.as_deref().and_then(|code| code.parse::<PickCode>().ok());
        let kind = match self.fc {
            Some(0) => ItemKind::Dir { cid: Cid::new(id) },
            Some(1) => file_kind(id, pickcode.as_ref(), self.fs, self.sha1.as_deref(), self.fta)?,
            _ => return Err("an entry that is neither a folder nor a file"),
        };
        Ok(Item {
            kind,
            parent: self.pid.map_or(listed, Cid::new),
            name: unescape(self.name.ok_or("an entry without a name")?),
            pickcode,
            modified: self.upt.or(self.uet),
            created: self.uppt,
            thumb: self.thumb.map(thumbnail),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::types::FileId;

    const SHA1: &str = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";

    fn item(entry: &Value) -> Result<Item, &'static str> {
        serde_json::from_str::<Entry>(&entry.to_string()).unwrap().item(Cid::new(7))
    }

    fn file() -> Value {
        json!({"fid": "3342177983093201749", "pid": "3342177983093201700", "aid": "1", "fc": "1", "fn": "a.mkv",
            "fco": "", "ism": "0", "isp": 0, "pc": "cq8zap7l323bbddre", "upt": 1_700_000_001, "uet": 1_700_000_002,
            "uppt": 1_600_000_000, "sha1": SHA1, "fs": 5, "fta": "1", "ico": "mkv", "play_long": "12.5", "thumb": "?x=1",
            "fl": [], "new_key_of_115": {"a": [1]}})
    }

    #[test]
    fn a_file() {
        let code: PickCode = "cq8zap7l323bbddre".parse().unwrap();
        let kind = ItemKind::File {
            id: FileId::new(3_342_177_983_093_201_749),
            size: 5,
            sha1: Some(SHA1.to_owned()),
            complete: true,
        };
        let whole = Item {
            kind,
            parent: Cid::new(3_342_177_983_093_201_700),
            name: "a.mkv".to_owned(),
            pickcode: Some(code),
            modified: Some(1_700_000_001),
            created: Some(1_600_000_000),
            thumb: Some("https://imgjump.115.com?x=1".to_owned()),
        };
        assert_eq!(item(&file()), Ok(whole));
    }

    #[test]
    fn a_folder_has_its_own_id_where_a_file_has_it() {
        let read =
            item(&json!({"fid": 12, "fc": "0", "fn": "d", "pc": "fabc", "sha1": "", "uet": "1700000000"})).unwrap();
        assert_eq!((read.kind, read.parent), (ItemKind::Dir { cid: Cid::new(12) }, Cid::new(7)));
        assert_eq!((read.modified, read.created, read.thumb), (Some(1_700_000_000), None, None));
    }

    #[rstest]
    #[case("fid", json!(3_342_177_983_093_201_749_u64))]
    #[case("fc", json!(1))]
    #[case("fs", json!("5"))]
    #[case("upt", json!("1700000001"))]
    #[case("fta", json!(1))]
    #[case("fta", json!(null))]
    #[case("play_long", json!(12.5))]
    #[case("sha1", json!(SHA1.to_lowercase()))]
    fn types_flip_without_consequence(#[case] key: &str, #[case] value: Value) {
        let mut flipped = file();
        flipped[key] = value;
        assert_eq!(item(&flipped), item(&file()));
    }

    #[rstest]
    #[case("sha1", json!(""))]
    #[case("fta", json!("0"))]
    #[case("fta", json!("2"))]
    fn an_unfinished_upload_is_marked(#[case] key: &str, #[case] value: Value) {
        let mut entry = file();
        entry[key] = value;
        let ItemKind::File { complete, .. } = item(&entry).unwrap().kind else { panic!("not a file") };
        assert!(!complete);
    }

    #[rstest]
    #[case("sha1", "")]
    #[case("fta", "0")]
    fn an_unfinished_upload_may_lack_what_it_will_have(#[case] key: &str, #[case] value: &str) {
        let mut entry = file();
        entry[key] = json!(value);
        (entry["pc"], entry["fs"]) = (json!(""), json!(null));
        let read = item(&entry).unwrap();
        assert!(
            matches!(read.kind, ItemKind::File { size: 0, complete: false, .. }) && read.pickcode.is_none(),
            "{read:?}"
        );
    }

    #[rstest]
    #[case("fid", "an entry without an id")]
    #[case("fc", "an entry that is neither a folder nor a file")]
    #[case("pc", "a file without a pick code")]
    #[case("fs", "a file without a size")]
    #[case("fn", "an entry without a name")]
    fn what_must_be_there(#[case] key: &str, #[case] lack: &str) {
        let mut entry = file();
        entry[key] = json!("");
        assert_eq!(item(&entry), Err(lack));
    }
}
