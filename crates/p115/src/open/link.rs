//! A link by the Open API: one call, and bound to whoever's User-Agent asked for it (`docs/115.md` §4.7).

use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::Value;

use crate::call::{Agent, Call, Class};
use crate::error::{Error, Kind};
use crate::session::open::Session;
use crate::types::{FileId, PickCode};
use crate::web::ways::{Binding, CdnLink, chosen, link as read};
use crate::wire::PROAPI;

pub(super) async fn link(
    session: &Session,
    code: &PickCode,
    id: Option<FileId>,
    agent: Option<HeaderValue>,
) -> Result<CdnLink, Error> {
    #[derive(Deserialize)]
    struct Outer {
        data: Value,
    }
    let call = Call::post("open_downurl", PROAPI, "/open/ufile/downurl")
        .class(Class::Link)
        .form("pick_code", code.as_str())
        .agent(agent.clone().map_or(Agent::None, Agent::Exactly));
    let reply = session.send(&call).await?;
    let data = match reply.json::<Outer>()?.data {
        // An array is the same without the ids.
        Value::Array(entries) => {
            (0_u32..).zip(entries).map(|(i, entry)| (format!("[{i}]"), entry)).collect::<serde_json::Map<_, _>>().into()
        }
        data => data,
    };
    let link = read(&reply, chosen(&reply, &data, code, id)?, agent)?;
    if link.binding == Binding::Cookie && link.cookie.is_none() {
        return Err(reply.error(Kind::WayClosed, "the link wants a cookie that the reply does not give"));
    }
    Ok(link)
}
