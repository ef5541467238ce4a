//! One page of a folder's listing, newest entries first (`docs/115.md` §3.2-3.7).

use serde::Deserialize;

use super::item::{Item, Row, Short};
use crate::call::Call;
use crate::error::{Error, Kind, ORDER_UNSUPPORTED, Site};
use crate::gate::{Gate, decode};
use crate::lenient;
use crate::types::Cid;
use crate::wire::WEBAPI;

/// Where folders are listed.
pub(super) struct Place {
    pub(super) site: Site,
    pub(super) path: &'static str,
    /// More entries are silently cut by the server.
    pub(super) longest: u32,
}

const SITE: Site = Site { call: "files", host: WEBAPI };
/// More is silently cut by the server.
pub(crate) const MAX_LIMIT: u32 = 1150;
const PLACE: Place = Place { site: SITE, path: "/files", longest: MAX_LIMIT };

/// A part of a folder's listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePage {
    /// The entries, in the server's order; may be fewer than asked for on any page.
    pub entries: Vec<Item>,
    /// How many entries were skipped before these.
    pub offset: u64,
    /// How many entries the folder has in all, as of this page.
    pub count: u64,
    /// The folders from the root down to the listed one.
    pub path: Vec<(Cid, String)>,
    /// Whether the entries really come newest first, folders and files mixed: 115 may apply an order it remembers for
    /// the folder instead of the one asked for (quirk 9).
    pub newest_first: bool,
}

#[derive(Debug, Deserialize)]
#[serde(bound = "R: Row")]
struct Page<R> {
    #[serde(default)]
    data: Option<Vec<R>>,
    #[serde(default, deserialize_with = "lenient::id")]
    cid: Option<u64>,
    #[serde(default, deserialize_with = "lenient::int")]
    offset: Option<i64>,
    #[serde(default, deserialize_with = "lenient::int")]
    count: Option<i64>,
    #[serde(default)]
    path: Vec<Step>,
    /// The order the page was made in or, in a refusal, the one to ask for.
    #[serde(default, deserialize_with = "lenient::text")]
    order: Option<String>,
    #[serde(default, deserialize_with = "lenient::int")]
    is_asc: Option<i64>,
    #[serde(default, deserialize_with = "lenient::int")]
    fc_mix: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Step {
    cid: Cid,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
}

/// Newest first on purpose: whoever looks for a name may stop at the page that has it, and of several entries with one
/// name the newest is the one that owns it.
pub(crate) async fn files(gate: &Gate, cid: Cid, offset: u64, limit: u32) -> Result<FilePage, Error> {
    let reply =
        gate.send(&listing(&PLACE, cid, offset, limit, "user_ptime", "0", "1").expects(ORDER_UNSUPPORTED)).await?;
    if reply.envelope.code != Some(ORDER_UNSUPPORTED) {
        return FilePage::parse(cid, reply.body());
    }
    let offered: Page<Short> = reply.json()?;
    let order = offered.order.ok_or_else(|| reply.error(Kind::Undecodable, "the refused order has no substitute"))?;
    let asc = if offered.is_asc == Some(0) { "0" } else { "1" };
    let mix = if offered.fc_mix == Some(0) { "0" } else { "1" };
    let again = gate.send(&listing(&PLACE, cid, offset, limit, &order, asc, mix).expects(ORDER_UNSUPPORTED)).await?;
    if again.envelope.failed() {
        return Err(again.error(Kind::Rejected, "115 refuses the order it has offered"));
    }
    FilePage::parse(cid, again.body())
}

/// Every parameter is sent, since what the server makes of a missing one depends on the folder. `show_dir=1` is vital:
/// without it the listing is that of the whole tree below.
pub(super) fn listing<'a>(
    place: &Place,
    cid: Cid,
    offset: u64,
    limit: u32,
    order: &'a str,
    asc: &'a str,
    mix: &'a str,
) -> Call<'a> {
    // The natural order of names is the only one the other listing has.
    let natsort = if place.site == SITE { "0" } else { "1" };
    Call::get(place.site.call, place.site.host, place.path)
        .query("aid", "1")
        .query("cid", cid.to_string())
        .query("offset", offset.to_string())
        .query("limit", limit.clamp(1, place.longest).to_string())
        .query("o", order)
        .query("asc", asc)
        .query("custom_order", "2")
        .query("fc_mix", mix)
        .query("show_dir", "1")
        .query("cur", "1")
        .query("snap", "0")
        .query("natsort", natsort)
        .query("record_open_time", "1")
        .query("count_folders", "1")
        .query("format", "json")
}

impl FilePage {
    /// Reads a successful reply to the listing of `asked`.
    ///
    /// # Errors
    /// `NotFound` when the reply is the listing of another folder: 115 answers an id that does not exist (any more),
    /// or is a file's, with the root (§3.7). `Undecodable` when the reply or any one entry lacks what it must have:
    /// an entry dropped in silence would look deleted.
    pub fn parse(asked: Cid, body: &[u8]) -> Result<Self, Error> {
        Self::read::<Short>(SITE, asked, body)
    }

    /// The same of any listing whose reply has this form.
    pub(crate) fn read<R: Row>(site: Site, asked: Cid, body: &[u8]) -> Result<Self, Error> {
        let page: Page<R> = decode(site, body)?;
        let undecodable = |what: &str| Error::new(Kind::Undecodable, site, what);
        let listed = page.cid.or(page.path.last().map(|step| step.cid.get()));
        match listed {
            Some(listed) if listed == asked.get() => {}
            Some(_) => return Err(Error::new(Kind::NotFound, site, "115 listed another folder: this one is gone")),
            None => return Err(undecodable("the listing does not say of which folder it is")),
        }
        let data = page.data.ok_or_else(|| undecodable("the listing has no entries, not even none"))?;
        let newest_first =
            page.order.as_deref() == Some("user_ptime") && page.is_asc == Some(0) && page.fc_mix == Some(1);
        let natural = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
        Ok(Self {
            entries: data.into_iter().map(|e| e.item(asked)).collect::<Result<_, _>>().map_err(undecodable)?,
            offset: natural(page.offset).unwrap_or(0),
            count: natural(page.count).ok_or_else(|| undecodable("the listing has no count"))?,
            path: page.path.into_iter().map(|step| (step.cid, step.name.unwrap_or_default())).collect(),
            newest_first,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn page() -> Value {
        json!({"state": true, "error": "", "errNo": 0, "data": [
                {"cid": "9", "pid": "5", "n": "d", "pc": "fabc", "t": "1700000000"},
                {"fid": "8", "cid": "5", "n": "a", "pc": "abc", "s": 1, "sha": "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"},
            ], "count": 2, "offset": 0, "limit": "1150", "cid": "5", "aid": "1", "order": "user_ptime", "is_asc": 0,
            "fc_mix": 1, "path": [{"name": "根目录", "cid": 0}, {"name": "电影", "cid": "5", "pid": 0}]})
    }

    fn parse(page: &Value) -> Result<FilePage, Kind> {
        FilePage::parse(Cid::new(5), page.to_string().as_bytes()).map_err(|e| e.kind)
    }

    #[test]
    fn reads_a_page() {
        let page = parse(&page()).unwrap();
        let names: Vec<&str> = page.entries.iter().map(|e| e.name.as_str()).collect();
        assert_eq!((names, page.count, page.offset, page.newest_first), (vec!["d", "a"], 2, 0, true));
        assert_eq!(page.path, [(Cid::ROOT, "根目录".to_owned()), (Cid::new(5), "电影".to_owned())]);
    }

    #[rstest]
    #[case::count_as_text("count", json!("2"), Ok(true))]
    #[case::cid_as_number("cid", json!(5), Ok(true))]
    #[case::asc_as_text("is_asc", json!("0"), Ok(true))]
    #[case::ascending("is_asc", json!(1), Ok(false))]
    #[case::by_name("order", json!("file_name"), Ok(false))]
    #[case::folders_first("fc_mix", json!(0), Ok(false))]
    #[case::unknown_mixture("fc_mix", json!(null), Ok(false))]
    #[case::only_the_path_says_where("cid", json!(""), Ok(true))]
    #[case::the_root_instead("cid", json!(0), Err(Kind::NotFound))]
    #[case::no_count("count", json!(null), Err(Kind::Undecodable))]
    #[case::no_data("data", json!(null), Err(Kind::Undecodable))]
    #[case::odd_data("data", json!({}), Err(Kind::Undecodable))]
    #[case::entry_without_id("data", json!([{"n": "x"}]), Err(Kind::Undecodable))]
    #[case::entry_with_an_odd_id("data", json!([{"fid": "x1", "cid": "5", "n": "x"}]), Err(Kind::Undecodable))]
    #[case::entry_that_is_none("data", json!([null]), Err(Kind::Undecodable))]
    fn survives_or_refuses(#[case] key: &str, #[case] value: Value, #[case] newest_first: Result<bool, Kind>) {
        let mut page = page();
        page[key] = value;
        assert_eq!(parse(&page).map(|page| page.newest_first), newest_first);
    }

    #[test]
    fn the_last_page_is_empty_and_not_missing() {
        let mut page = page();
        page["data"] = json!([]);
        page["offset"] = json!("2");
        let page = parse(&page).unwrap();
        assert_eq!((page.entries.len(), page.offset, page.count), (0, 2, 2));
    }
}
