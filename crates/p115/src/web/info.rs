//! What a pick code stands for, wherever that lies: one call (`docs/115.md` §3.8).

use super::item::{Item, Row, Short};
use crate::call::Call;
use crate::error::{Error, Kind};
use crate::gate::{Gate, Reply};
use crate::types::{Cid, PickCode};
use crate::wire::WEBAPI;

pub(crate) async fn by_pickcode(gate: &Gate, code: &PickCode) -> Result<Option<Item>, Error> {
    let call = Call::get("get_info", WEBAPI, "/files/get_info").query("pick_code", code.as_str());
    let reply = match gate.send(&call).await {
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        reply => reply?,
    };
    let Some(entry) = reply.data::<Short>()? else { return Ok(None) };
    let item = entry.item(Cid::ROOT).map_err(|what| reply.error(Kind::Undecodable, what))?;
    asked_for(&reply, item, code).map(Some)
}

/// The item, if it is the one that was asked for: nobody gets another one in its place.
pub(crate) fn asked_for(reply: &Reply, item: Item, code: &PickCode) -> Result<Item, Error> {
    if item.pickcode.as_ref() == Some(code) {
        Ok(item)
    } else {
        Err(reply.error(Kind::Undecodable, "115 describes something else than was asked for"))
    }
}
