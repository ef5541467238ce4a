//! One page of a share's listing, and what it says of the share itself (`docs/115.md` §9.2, §9.3).

use serde::Deserialize;

use super::code::ShareRef;
use super::entry::{ShareItem, Short};
use crate::call::Call;
use crate::error::{Error, Kind, ShareFault, Site, judge_snap};
use crate::gate::decode;
use crate::lenient;
use crate::types::Cid;
use crate::wire::WEBAPI;

const SITE: Site = Site { call: "share_snap", host: WEBAPI };
/// What public clients ask for.
const MAX_LIMIT: u32 = 1000;

/// A part of a folder of a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharePage {
    /// The entries, in the server's order; may be fewer than asked for on any page.
    pub entries: Vec<ShareItem>,
    /// How many entries were skipped before these.
    pub offset: u64,
    /// How many entries the folder has in all, as of this page.
    pub count: u64,
    /// The share itself.
    pub info: ShareInfo,
}

/// What 115 says of a share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShareInfo {
    /// What its owner calls it.
    pub title: Option<String>,
    /// Who shares: number and name.
    pub owner: (Option<u64>, Option<String>),
    /// All of it, in bytes.
    pub size: Option<u64>,
    /// When it was made, unix seconds.
    pub created: Option<u64>,
    /// When it ends, unix seconds; `None` for never.
    pub expires: Option<u64>,
    /// How often it was taken.
    pub received: Option<u64>,
    /// 115's own number for its state: 1 is good, 0 and 8 are under review.
    pub state: Option<i64>,
    /// Whether 115 has flagged some of its files.
    pub has_flagged: bool,
}

#[derive(Deserialize)]
struct Snap {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    userinfo: Option<Owner>,
    #[serde(default)]
    shareinfo: Option<Info>,
    #[serde(default, deserialize_with = "lenient::int")]
    count: Option<i64>,
    #[serde(default)]
    list: Option<Vec<Short>>,
    #[serde(default, deserialize_with = "lenient::int")]
    share_state: Option<i64>,
}

#[derive(Default, Deserialize)]
struct Owner {
    #[serde(default, deserialize_with = "lenient::id")]
    user_id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    user_name: Option<String>,
}

#[derive(Default, Deserialize)]
struct Info {
    #[serde(default, deserialize_with = "lenient::text")]
    share_title: Option<String>,
    #[serde(default, deserialize_with = "lenient::bytes")]
    file_size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::int")]
    share_state: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    forbid_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient::time")]
    create_time: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time")]
    expire_time: Option<u64>,
    #[serde(default, deserialize_with = "lenient::int")]
    receive_count: Option<i64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    have_vio_file: bool,
}

/// By name: a share does not change, and its pages must not overlap.
pub(super) fn call(share: &ShareRef, cid: Cid, offset: u64, limit: u32) -> Call<'_> {
    Call::get(SITE.call, SITE.host, "/share/snap")
        .query("share_code", share.code.as_str())
        .query("receive_code", share.receive())
        .query("cid", cid.to_string())
        .query("offset", offset.to_string())
        .query("limit", limit.clamp(1, MAX_LIMIT).to_string())
        .query("o", "file_name")
        .query("asc", "1")
        .query("format", "json")
        .referer(share.page())
        .judged(judge_snap)
}

impl SharePage {
    /// Reads a reply that calls itself a success, which that of an expired share does too.
    ///
    /// # Errors
    /// `Share` when the share's state speaks against it; `Undecodable` when the reply or any one entry lacks what it
    /// must have.
    pub(super) fn parse(offset: u64, body: &[u8]) -> Result<Self, Error> {
        let Data { userinfo, shareinfo, count, list, share_state } = decode::<Snap>(SITE, body)?.data;
        let (owner, info) = (userinfo.unwrap_or_default(), shareinfo.unwrap_or_default());
        // The state stands in two places; what speaks against the share outweighs what does not.
        let states = [share_state, info.share_state];
        let fault = states.iter().flatten().find_map(|state| ShareFault::of_state(*state));
        // The owner sees a share that is under review as it is.
        let shown = list.as_ref().is_some_and(|list| !list.is_empty());
        if let Some(fault) = fault.filter(|fault| !(shown && *fault == ShareFault::Reviewing)) {
            let kind = Kind::Share(fault);
            return Err(match info.forbid_reason {
                Some(reason) => Error::new(kind, SITE, &reason),
                None => Error::plain(kind, SITE),
            });
        }
        let undecodable = |what: &str| Error::new(Kind::Undecodable, SITE, what);
        let natural = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        let list = list.ok_or_else(|| undecodable("the listing has no entries, not even none"))?;
        Ok(Self {
            entries: list.into_iter().map(Short::item).collect::<Result<_, _>>().map_err(undecodable)?,
            offset,
            count: natural(count).ok_or_else(|| undecodable("the listing has no count"))?,
            info: ShareInfo {
                title: info.share_title,
                owner: (owner.user_id, owner.user_name),
                size: info.file_size,
                created: info.create_time,
                expires: info.expire_time,
                received: natural(info.receive_count),
                state: share_state.or(info.share_state),
                has_flagged: info.have_vio_file,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::super::entry::ShareItemKind;
    use super::*;
    use crate::types::FileId;

    const SHA1: &str = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";

    fn snap() -> Value {
        json!({"state": true, "error": "", "errno": 0, "data": {
        "userinfo": {"user_id": "12345678", "user_name": "某人", "face": "x"},
        "shareinfo": {"snap_id": "5", "file_size": "1024", "share_title": "电影", "share_state": "1",
            "forbid_reason": "", "create_time": "1700000000", "receive_code": "ab12", "receive_count": "3",
            "expire_time": -1, "file_category": 0, "auto_renewal": "0", "have_vio_file": 0},
        "count": 2, "share_state": "1", "user_appeal": {"can_appeal": 0},
        "list": [
            {"cid": "3342177983093201700", "n": "d", "s": 0, "t": "1700000001", "fc": 0, "pid": "0", "u": ""},
            {"fid": "3342177983093201749", "cid": 0, "uid": 1, "n": "a.mkv", "s": "5", "t": "1700000002", "fc": 1,
                "sha": SHA1, "ico": "mkv", "u": "?x=1", "fl": []},
        ]}})
    }

    fn parse(snap: &Value) -> Result<SharePage, Kind> {
        SharePage::parse(0, snap.to_string().as_bytes()).map_err(|e| e.kind)
    }

    #[test]
    fn reads_a_page_and_the_share() {
        let page = parse(&snap()).unwrap();
        assert_eq!((page.count, page.entries.len()), (2, 2));
        assert_eq!(page.entries[0].kind, ShareItemKind::Dir { cid: Cid::new(3_342_177_983_093_201_700) });
        let file = &page.entries[1];
        let id = FileId::new(3_342_177_983_093_201_749);
        assert_eq!(file.kind, ShareItemKind::File { id, size: 5, sha1: Some(SHA1.to_owned()) });
        assert_eq!((file.name.as_str(), file.modified), ("a.mkv", Some(1_700_000_002)));
        assert_eq!(file.thumb.as_deref(), Some("https://imgjump.115.com?x=1"));
        assert!(!format!("{file:?}").contains("x=1"));
        let info = page.info;
        assert_eq!((info.title.as_deref(), info.size, info.expires), (Some("电影"), Some(1024), None));
        assert_eq!(info.owner, (Some(12_345_678), Some("某人".to_owned())));
        assert_eq!((info.created, info.received, info.state), (Some(1_700_000_000), Some(3), Some(1)));
    }

    #[rstest]
    #[case::numbers("/data/share_state", json!(1))]
    #[case::no_outer_state("/data/share_state", json!(null))]
    #[case::number_within("/data/shareinfo/share_state", json!(1))]
    #[case::size_as_number("/data/shareinfo/file_size", json!(1024))]
    #[case::time_as_number("/data/shareinfo/create_time", json!(1_700_000_000))]
    #[case::count_as_text("/data/count", json!("2"))]
    #[case::owner_as_number("/data/userinfo/user_id", json!(12_345_678))]
    #[case::size_of_a_file("/data/list/1/s", json!(5))]
    #[case::id_as_number("/data/list/1/fid", json!(3_342_177_983_093_201_749_u64))]
    #[case::folder_as_number("/data/list/0/cid", json!(3_342_177_983_093_201_700_u64))]
    #[case::time_of_a_file("/data/list/1/t", json!(1_700_000_002))]
    #[case::folder_with_an_empty_fid("/data/list/0/fid", json!(""))]
    fn types_flip_without_consequence(#[case] pointer: &str, #[case] value: Value) {
        let mut flipped = snap();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match flipped.pointer_mut(parent).unwrap() {
            Value::Object(map) => drop(map.insert(key.to_owned(), value)),
            other => panic!("{other}"),
        }
        assert_eq!(parse(&flipped), parse(&snap()));
    }

    #[rstest]
    #[case(0, None)]
    #[case(2, Some(ShareFault::Blocked))]
    #[case(3, Some(ShareFault::Blocked))]
    #[case(4, Some(ShareFault::Cancelled))]
    #[case(5, Some(ShareFault::Missing))]
    #[case(6, Some(ShareFault::Blocked))]
    #[case(7, Some(ShareFault::Expired))]
    #[case(8, None)]
    #[case(99, Some(ShareFault::Unavailable))]
    fn the_state_outweighs_the_list(#[case] state: i64, #[case] fault: Option<ShareFault>) {
        for value in [json!(state), json!(state.to_string())] {
            for pointer in ["/data/share_state", "/data/shareinfo/share_state"] {
                let mut snap = snap();
                *snap.pointer_mut(pointer).unwrap() = value.clone();
                assert_eq!(parse(&snap).err(), fault.map(Kind::Share), "{value} at {pointer}");
            }
        }
    }

    #[rstest]
    #[case(json!(0))]
    #[case(json!("8"))]
    fn under_review_and_empty_is_not_an_empty_share(#[case] state: Value) {
        let mut snap = snap();
        snap["data"]["share_state"] = state;
        snap["data"]["list"] = json!([]);
        snap["data"]["count"] = json!(0);
        assert_eq!(parse(&snap), Err(Kind::Share(ShareFault::Reviewing)));
    }

    #[rstest]
    #[case("/data/count", json!(null))]
    #[case("/data/list", json!(null))]
    #[case("/data/list", json!({}))]
    #[case("/data/list", json!([null]))]
    #[case("/data/list", json!([{"fid": "x", "n": "a", "s": 1}]))]
    #[case("/data/list", json!([{"fid": "5", "n": "a"}]))]
    #[case("/data/list", json!([{"fid": "5", "s": 1}]))]
    #[case("/data/list", json!([{"cid": 0, "n": "d"}]))]
    #[case("/data", json!([]))]
    fn what_must_be_there(#[case] pointer: &str, #[case] value: Value) {
        let mut snap = snap();
        *snap.pointer_mut(pointer).unwrap() = value;
        assert_eq!(parse(&snap), Err(Kind::Undecodable));
    }
}
