//! One page of a folder's listing by the Open API (`docs/115.md` §10.4).

use super::item::Entry;
use crate::call::Call;
use crate::error::Error;
use crate::session::open::Session;
use crate::types::Cid;
use crate::web::FilePage;
use crate::web::files::MAX_LIMIT;
use crate::wire::PROAPI;

/// Every parameter is sent, since a missing `show_dir` hides the folders, a missing `cur` lists the whole tree below,
/// and a missing `limit` is 20. What changed last comes first: an upload between two pages moves entries on and hides
/// none. Sorting by creation is not offered, so the page never says that the newest is first.
pub(super) async fn files(session: &Session, cid: Cid, offset: u64, limit: u32) -> Result<FilePage, Error> {
    let call = Call::get("open_files", PROAPI, "/open/ufile/files")
        .query("cid", cid.to_string())
        .query("offset", offset.to_string())
        .query("limit", limit.clamp(1, MAX_LIMIT).to_string())
        .query("o", "user_utime")
        .query("asc", "0")
        .query("custom_order", "2")
        .query("show_dir", "1")
        .query("cur", "1");
    let reply = session.send(&call).await?;
    FilePage::read::<Entry>(call.site, cid, reply.body())
}
