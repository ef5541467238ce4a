//! One entry of a listing, out of the short keys of the web API (`docs/115.md` §3.5).

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::lenient;
use crate::types::{Cid, FileId, PickCode};

/// Thumbnails that come as a bare query live here (§1.1).
const THUMBNAILS: &str = "https://imgjump.115.com";

/// An entry of a folder.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// Folder or file, and what only one of them has.
    pub kind: ItemKind,
    /// The folder it is in.
    pub parent: Cid,
    /// Its name; may hold `/` and is not unique within its folder (quirk 14).
    pub name: String,
    /// What a link is asked with; folders may lack it, and uploads that have not ended.
    pub pickcode: Option<PickCode>,
    /// Last change, unix seconds.
    pub modified: Option<u64>,
    /// Creation on the drive, unix seconds.
    pub created: Option<u64>,
    /// URL of a thumbnail.
    pub thumb: Option<String>,
}

/// What kind of entry it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// A folder.
    Dir {
        /// Its id.
        cid: Cid,
    },
    /// A file.
    File {
        /// Its id.
        id: FileId,
        /// Bytes; 0 where an upload that has not ended does not tell it.
        size: u64,
        /// Upper-case hexadecimal; none while an upload is incomplete.
        sha1: Option<String>,
        /// Whether the upload is complete (quirk 57).
        complete: bool,
    },
}

impl fmt::Debug for Item {
    /// Without the thumbnail, whose URL is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Item");
        f.field("name", &self.name).field("kind", &self.kind).field("parent", &self.parent);
        f.field("modified", &self.modified).field("created", &self.created).finish_non_exhaustive()
    }
}

/// The keys of an entry that are read; `cid` is its own id for a folder and its parent's for a file.
#[derive(Debug, Deserialize)]
pub(super) struct Short {
    #[serde(default, deserialize_with = "lenient::id")]
    fid: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    cid: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    pid: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    n: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    s: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    sha: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pc: Option<String>,
    #[serde(default, deserialize_with = "lenient::time")]
    t: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    te: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    tu: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    tp: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    u: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    fta: Option<i64>,
}

/// An entry as one of 115's listings writes it.
pub(crate) trait Row: DeserializeOwned {
    /// The entry, or what it lacks. `listed` is the folder that was asked for.
    fn item(self, listed: Cid) -> Result<Item, &'static str>;
}

impl Row for Short {
    fn item(self, listed: Cid) -> Result<Item, &'static str> {
        let pickcode = self.pc.as_deref().and_then(|code| code.parse::<PickCode>().ok());
        let (kind, parent) = match self.fid {
            Some(fid) => (file_kind(fid, pickcode.as_ref(), self.s, self.sha.as_deref(), self.fta)?, self.cid),
            None => (ItemKind::Dir { cid: Cid::new(self.cid.ok_or("a folder without an id")?) }, self.pid),
        };
        Ok(Item {
            kind,
            parent: parent.map_or(listed, Cid::new),
            name: unescape(self.n.ok_or("an entry without a name")?),
            pickcode,
            modified: self.te.or(self.tu).or(self.t),
            created: self.tp,
            thumb: self.u.map(thumbnail),
        })
    }
}

impl Short {
    /// The entry as a search gives it, which says itself where it is.
    pub(super) fn hit(self) -> Result<Item, &'static str> {
        let above = if self.fid.is_some() { self.cid } else { self.pid };
        let above = above.ok_or("a hit that does not say where it is")?;
        self.item(Cid::new(above))
    }
}

/// A file, or what it lacks. An upload that has not ended may lack its pick code and its size: it is only shown, and must not
/// keep the rest of its folder from being shown.
pub(crate) fn file_kind(
    id: u64,
    pickcode: Option<&PickCode>,
    size: Option<i64>,
    sha: Option<&str>,
    fta: Option<i64>,
) -> Result<ItemKind, &'static str> {
    let (sha1, size) = (sha.and_then(sha1), size.and_then(|size| u64::try_from(size).ok()));
    let complete = sha1.is_some() && fta.is_none_or(|fta| fta == 1);
    if complete && pickcode.is_none() {
        return Err("a file without a pick code");
    }
    if complete && size.is_none() {
        return Err("a file without a size");
    }
    Ok(ItemKind::File { id: FileId::new(id), size: size.unwrap_or_default(), sha1, complete })
}

/// In upper case; none of another form, which stands for an upload that is not complete.
fn sha1(text: &str) -> Option<String> {
    let whole = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then(|| text.to_ascii_uppercase())
}

/// The URL of a thumbnail, which may come as a bare query.
pub(crate) fn thumbnail(u: String) -> String {
    if u.starts_with('?') { format!("{THUMBNAILS}{u}") } else { u }
}

/// Some characters come as their decimal code point between `[\x02` and `]`.
pub(crate) fn unescape(name: String) -> String {
    const OPEN: &str = "[\u{2}";
    if !name.contains(OPEN) {
        return name;
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name.as_str();
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push_str(before);
        let escaped = after.split_once(']').and_then(|(digits, tail)| {
            let code = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
            Some((char::from_u32(code)?, tail))
        });
        match escaped {
            Some((c, tail)) => {
                out.push(c);
                rest = tail;
            }
            None => {
                out.push_str(OPEN);
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use proptest::proptest;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    const SHA1: &str = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";

    fn item(entry: &Value) -> Result<Item, &'static str> {
        serde_json::from_str::<Short>(&entry.to_string()).unwrap().item(Cid::new(7))
    }

    fn file() -> Value {
        json!({"fid": "3342177983093201749", "cid": 3_342_177_983_093_201_700_u64, "n": "a.mkv", "s": 5, "sha": SHA1,
            "pc": "cq8zap7l323bbddre", "t": "2023-11-15 06:13", "te": "1700000001", "tp": 1_600_000_000, "fl": [],
            "u": "?x=1", "aid": 1, "ico": "mkv", "new_key_of_115": {"a": [1]}})
    }

    #[test]
    fn a_file_names_its_parent_in_cid() {
        let read = item(&file()).unwrap();
        assert_eq!(
            read,
            Item {
                kind: ItemKind::File {
                    id: FileId::new(3_342_177_983_093_201_749),
                    size: 5,
                    sha1: Some(SHA1.to_owned()),
                    complete: true,
                },
                parent: Cid::new(3_342_177_983_093_201_700),
                name: "a.mkv".to_owned(),
                pickcode: Some("cq8zap7l323bbddre".parse().unwrap()),
                modified: Some(1_700_000_001),
                created: Some(1_600_000_000),
                thumb: Some("https://imgjump.115.com?x=1".to_owned()),
            }
        );
        assert!(!format!("{read:?}").contains("x=1"));
    }

    #[rstest]
    #[case::no_fid(json!({"cid": "12", "pid": "3", "n": "d", "pc": "fabc", "t": "1700000000", "u": ""}))]
    #[case::empty_fid(json!({"fid": "", "cid": 12, "pid": 3, "n": "d", "pc": "fabc", "te": 1_700_000_000, "t": "junk"}))]
    fn a_folder_names_itself_in_cid(#[case] entry: Value) {
        let read = item(&entry).unwrap();
        assert_eq!((&read.kind, read.parent), (&ItemKind::Dir { cid: Cid::new(12) }, Cid::new(3)));
        assert_eq!((read.modified, read.thumb), (Some(1_700_000_000), None));
    }

    #[rstest]
    #[case("s", json!("5"))]
    #[case("te", json!(1_700_000_001))]
    #[case("cid", json!("3342177983093201700"))]
    #[case("fid", json!(3_342_177_983_093_201_749_u64))]
    #[case("tp", json!("1600000000"))]
    #[case("fta", json!("1"))]
    #[case("fl", json!([{"id": 1, "sort": "2"}]))]
    #[case("sha", json!(SHA1.to_lowercase()))]
    fn types_flip_without_consequence(#[case] key: &str, #[case] value: Value) {
        let mut flipped = file();
        flipped[key] = value;
        assert_eq!(item(&flipped), item(&file()));
    }

    #[rstest]
    #[case("sha", json!(""))]
    #[case("sha", json!(null))]
    #[case("fta", json!("0"))]
    #[case("fta", json!(2))]
    fn an_unfinished_upload_is_marked(#[case] key: &str, #[case] value: Value) {
        let mut entry = file();
        entry[key] = value;
        let ItemKind::File { complete, .. } = item(&entry).unwrap().kind else { panic!("not a file") };
        assert!(!complete);
    }

    #[rstest]
    #[case("sha", "")]
    #[case("fta", "0")]
    fn an_unfinished_upload_may_lack_what_it_will_have(#[case] key: &str, #[case] value: &str) {
        let mut entry = file();
        entry[key] = json!(value);
        (entry["pc"], entry["s"]) = (json!(""), json!(null));
        let read = item(&entry).unwrap();
        assert!(
            matches!(read.kind, ItemKind::File { size: 0, complete: false, .. }) && read.pickcode.is_none(),
            "{read:?}"
        );
    }

    #[test]
    fn a_hit_says_itself_where_it_is() {
        let hit = |entry: &Value| serde_json::from_str::<Short>(&entry.to_string()).unwrap().hit();
        assert_eq!(hit(&file()).unwrap().parent, Cid::new(3_342_177_983_093_201_700));
        assert_eq!(hit(&json!({"cid": "12", "pid": "3", "n": "d"})).unwrap().parent, Cid::new(3));
        for nowhere in [json!({"cid": "12", "n": "d"}), json!({"fid": "1", "pid": "3", "n": "f", "s": 1, "sha": ""})] {
            assert_eq!(hit(&nowhere), Err("a hit that does not say where it is"));
        }
    }

    #[rstest]
    #[case("pc", "a file without a pick code")]
    #[case("s", "a file without a size")]
    #[case("n", "an entry without a name")]
    fn what_must_be_there(#[case] key: &str, #[case] lack: &str) {
        let mut entry = file();
        entry[key] = json!("");
        assert_eq!(item(&entry), Err(lack));
    }

    #[rstest]
    #[case("plain [2] name", "plain [2] name")]
    #[case("a[\u{2}128074]b[\u{2}20013].mkv", "a👊b中.mkv")]
    #[case("[\u{2}]", "[\u{2}]")]
    #[case("[\u{2}12", "[\u{2}12")]
    #[case("[\u{2}1234567890]", "[\u{2}1234567890]")]
    #[case("[\u{2}[\u{2}20013]", "[\u{2}中")]
    fn escapes(#[case] sent: &str, #[case] meant: &str) {
        assert_eq!(unescape(sent.to_owned()), meant);
    }

    proptest! {
        #[test]
        fn every_escaped_character_comes_back(name in "\\PC{0,20}") {
            let sent: String = name.chars().map(|c| format!("[\u{2}{}]", u32::from(c))).collect();
            assert_eq!(unescape(sent), name);
        }
    }
}
