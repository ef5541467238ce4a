//! The calls that give a link to a file of a share (`docs/115.md` §9.2).

use std::borrow::Cow;

use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::{Value, json};

use super::code::ShareRef;
use crate::call::{Agent, Call, Class};
use crate::error::{Error, Kind, judge_share};
use crate::gate::{Gate, Reply};
use crate::lenient;
use crate::margin::Margin;
use crate::types::FileId;
use crate::web::{CdnLink, Found, link, seal, unseal};
use crate::wire::{PROAPI, SHARE_SITE, WEBAPI};

/// A link call under way: by whose gate, for which file, past whose firewall.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) gate: &'a Gate,
    pub(super) margin: &'a Margin,
    pub(super) share: &'a ShareRef,
    pub(super) id: FileId,
    pub(super) blocked: Option<&'static str>,
}

/// What every way says of the file, keys shortened.
#[derive(Deserialize)]
struct Told {
    #[serde(default, deserialize_with = "lenient::id")]
    fid: Option<u64>,
    #[serde(default, rename = "fn", deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, rename = "fs", deserialize_with = "lenient::int")]
    size: Option<i64>,
    #[serde(default)]
    url: Value,
}

impl Errand<'_> {
    /// The app API's way, sealed; for files of any size.
    pub(super) async fn app(&self, agent: Option<HeaderValue>) -> Result<CdnLink, Error> {
        let ask = json!({
            "share_code": self.share.code.as_str(),
            "receive_code": self.share.receive(),
            "file_id": self.id.to_string(),
        });
        let call = Call::post("share_downurl", PROAPI, "/app/share/downurl").class(Class::Link).judged(judge_share);
        let (call, ck) = seal(self.gate, call, &ask, agent.clone());
        let reply = self.margin.send(self.gate, &call, self.blocked).await?;
        let plain = unseal(self.gate, &reply, &ck)?;
        self.found(&reply, plain, agent)
    }

    /// The share site's way, which has been seen to give files of any size too.
    pub(super) async fn site(&self, agent: Option<HeaderValue>) -> Result<CdnLink, Error> {
        self.plain(Call::get("share_site_downurl", SHARE_SITE, "/webapi/share/downurl"), agent).await
    }

    /// The web API's way: up to 200 MB.
    pub(super) async fn web(&self, agent: HeaderValue) -> Result<CdnLink, Error> {
        self.plain(Call::get("share_web_downurl", WEBAPI, "/share/downurl"), Some(agent)).await
    }

    async fn plain(&self, call: Call<'_>, agent: Option<HeaderValue>) -> Result<CdnLink, Error> {
        #[derive(Deserialize)]
        struct Flat {
            #[serde(default)]
            data: Value,
        }
        let call = call
            .class(Class::Link)
            .query("share_code", Cow::Borrowed(self.share.code.as_str()))
            .query("receive_code", self.share.receive())
            .query("file_id", self.id.to_string())
            .query("dl", "1")
            .referer(self.share.page())
            .agent(agent.clone().map_or(Agent::None, Agent::Exactly))
            .judged(judge_share);
        let reply = self.margin.send(self.gate, &call, self.blocked).await?;
        let flat: Flat = reply.json()?;
        self.found(&reply, flat.data, agent)
    }

    fn found(&self, reply: &Reply, told: Value, agent: Option<HeaderValue>) -> Result<CdnLink, Error> {
        let closed = |what| reply.error(Kind::WayClosed, what);
        if !told.is_object() {
            return Err(closed("the reply tells of no file"));
        }
        let told: Told = serde_json::from_value(told).map_err(|_| closed("the reply tells of no file"))?;
        if told.fid.is_some_and(|fid| fid != self.id.get()) {
            return Err(closed("the reply tells of another file"));
        }
        // Less than nothing is 115's way to say that there is no such file.
        if told.size.is_some_and(|size| size < 0) {
            return Err(reply.error(Kind::NotFound, "115 gives no link for this file"));
        }
        let url = match told.url {
            Value::Bool(false) | Value::Null => return Err(reply.error(Kind::Folder, "a folder has no link")),
            Value::String(url) => url,
            url => url.get("url").and_then(Value::as_str).ok_or_else(|| closed("the reply has no link"))?.to_owned(),
        };
        let size = told.size.and_then(|size| u64::try_from(size).ok());
        link(reply, Found { url, name: told.name, size }, agent)
    }
}
