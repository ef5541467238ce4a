//! `fs/get` and `fs/link`: one entry, and where its bytes are.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;

use super::{Answer, Call, Failure, entry::Object, storage, success};
use crate::{
    deliver::{self, Route, Way},
    drive::{Binding, CallerKind, Entry},
    error::{Error, Kind},
    http::addresses,
    identity::is_stable,
    path::{VirtualPath, split_extension},
    vfs::{Delivery, File, Folder, Kept, Node, View},
};

#[derive(Serialize)]
struct Got<'a> {
    #[serde(flatten)]
    object: Object<'a>,
    raw_url: String,
    /// Where it is found whatever becomes of its path; not there for what has no such address.
    #[serde(skip_serializing_if = "Option::is_none")]
    stable_url: Option<String>,
    readme: &'static str,
    header: &'static str,
    provider: &'static str,
    related: Vec<Object<'a>>,
}

pub(super) async fn get(call: &Call<'_>) -> Answer {
    let full = call.who.full(&call.ask.path("path")?);
    let view = call.view(CallerKind::Player, Some(call.who.base_path()));
    let got = |object, raw_url, stable_url, related| Got {
        object,
        raw_url,
        stable_url,
        readme: "",
        header: "",
        provider: storage::provider(call.edge, &full),
        related,
    };
    let folder = full.parent().unwrap_or_else(VirtualPath::root);
    match view.open(&full).await? {
        Node::File(file) => {
            let raw_url = raw_url(call, &view, &file).await?;
            let listing = view.listed(&folder);
            let entries = listing.as_ref().map(|listing| listing.entries()).unwrap_or_default();
            let signer = call.edge.guard.signer();
            let object = |entry| Object::of(entry, &folder, signer.as_ref());
            let related = entries.iter().filter(|other| is_related(file.entry(), other)).map(|entry| object(entry));
            success(got(object(file.entry()), raw_url, stable_url(call, &file), related.collect()))
        }
        // A mount is called as its path says, whatever its folder at the drive is called.
        Node::Folder(Folder::Drive { entry, .. }) if full.name() == entry.name.as_str() => {
            success(got(Object::of(&entry, &folder, None), String::new(), None, Vec::new()))
        }
        Node::Folder(_) => {
            let name = if full == *call.who.base_path() { "root" } else { full.name() };
            success(got(Object::mount(name), String::new(), None, Vec::new()))
        }
    }
}

/// What stands beside a film and begins as it does: subtitles, say.
fn is_related(file: &Entry, other: &Entry) -> bool {
    let (stem, _) = split_extension(file.name.as_str());
    !other.is_folder() && other.name != file.name && other.name.as_str().starts_with(stem)
}

/// Where the caller finds the bytes: the drive's own URL where he can use that, else ours.
async fn raw_url(call: &Call<'_>, view: &View, file: &File) -> Result<String, Failure> {
    match deliver::plan(Route::Delivered, file.delivery(), file.entry()) {
        Ok(Way::Redirect) => match view.link(file).await {
            Ok(Some(kept)) => Ok(text(&kept)?),
            Ok(None) => Ok(ours(call, "/p", file.path())),
            Err(error) if matches!(error.kind(), Kind::Gone | Kind::Ended) => Err(error.into()),
            // The entry is there all the same; whoever follows hears why, or finds that it has passed.
            Err(_) => Ok(ours(call, "/d", file.path())),
        },
        Ok(Way::Hop(proxy)) => Ok(addresses::at_proxy(&call.edge.guard, proxy, file.path())),
        Ok(Way::Relay | Way::Local) => Ok(ours(call, "/p", file.path())),
        Err(_) => Ok(ours(call, "/d", file.path())),
    }
}

fn stable_url(call: &Call<'_>, file: &File) -> Option<String> {
    let link = addresses::stable_link(file.codes()?, &call.edge.guard.strict_signer(), file.entry())?;
    Some(call.origin() + &link)
}

/// An address of ours, signed where it needs that.
fn ours(call: &Call<'_>, route: &str, full: &VirtualPath) -> String {
    let sign = call.edge.guard.signer().map(|signer| format!("?sign={}", signer.sign(full.as_str())));
    format!("{}{route}{}{}", call.origin(), full.to_uri(), sign.unwrap_or_default())
}

fn text(kept: &Kept) -> Result<String, Error> {
    let url = kept.link.url.to_str().map(str::to_owned);
    url.map_err(|_| Error::new(Kind::Upstream, "The drive gave a link that is none."))
}

#[derive(Serialize)]
struct Link {
    url: String,
    header: BTreeMap<&'static str, Vec<String>>,
    concurrency: u32,
    part_size: u64,
    content_length: u64,
}

/// For a proxy that fetches in the caller's place, by a full path or that of a stable link.
pub(super) async fn link(call: &Call<'_>) -> Answer {
    let full = call.ask.path("path")?;
    let view = call.view(CallerKind::Player, None);
    let file = if is_stable(full.as_str()) {
        addresses::stable_file(&view, &full.to_uri()[1..], &full).await?
    } else if let Node::File(file) = view.open(&full).await? {
        file
    } else {
        return Err(Error::new(Kind::IsFolder, format!("\"{full}\" is a folder:")).into());
    };
    let content_length = file.entry().size();
    // It is the proxy itself that asks.
    let delivery = match file.delivery() {
        Delivery::Url(_) => &Delivery::Redirect,
        delivery => delivery,
    };
    let kept = match deliver::plan(Route::Delivered, delivery, file.entry())? {
        Way::Redirect => view.link(&file).await?,
        Way::Hop(_) | Way::Relay | Way::Local => None,
    };
    let (url, header) = match kept {
        Some(kept) => (text(&kept)?, said(&kept.link.headers, kept.link.binding, &call.request.headers)),
        None => {
            let url = ours(call, "/p", file.path());
            let mark = if url.contains('?') { '&' } else { '?' };
            (format!("{url}{mark}d"), BTreeMap::new())
        }
    };
    success(Link { url, header, concurrency: 0, part_size: 0, content_length })
}

/// What is to be sent along: the User-Agent that the link is bound to, and never a cookie, which is the account's.
fn said(link: &HeaderMap, binding: Binding, asked: &HeaderMap) -> BTreeMap<&'static str, Vec<String>> {
    let bound = link.get(header::USER_AGENT).or_else(|| match binding {
        Binding::UserAgent => asked.get(header::USER_AGENT),
        Binding::None | Binding::Cookie => None,
    });
    let bound = bound.map(HeaderValue::as_bytes).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    bound.map(|agent| ("User-Agent", vec![agent])).into_iter().collect()
}
