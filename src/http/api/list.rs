//! `fs/list` and `fs/dirs`: what is in a folder.

use std::sync::Arc;

use serde::Serialize;

use super::{
    Answer, Call, Failure,
    entry::{Object, time},
    storage, success,
};
use crate::{
    drive::Entry,
    http::extract,
    identity::{Identity, Permission},
    path::VirtualPath,
    vfs::{Folder, Node},
};

#[derive(Serialize)]
struct Listed<'a> {
    content: Vec<Object<'a>>,
    total: usize,
    readme: &'static str,
    header: &'static str,
    write: bool,
    write_content_bypass: bool,
    provider: &'static str,
}

pub(super) async fn list(call: &Call<'_>) -> Answer {
    let (own, page, refresh) = (call.ask.path("path")?, call.ask.page()?, call.ask.flag("refresh")?);
    if refresh && !call.who.may(Permission::Write) {
        return Err(Failure::new(403, "Refresh without permission"));
    }
    let full = call.who.full(&own);
    let inside = read(call, &full, &call.who, refresh).await?;
    let (mounts, total) = (inside.mounts.len(), inside.mounts.len() + inside.entries.len());
    let signer = call.edge.guard.signer();
    let content = page.of(total).map(|place| match place.checked_sub(mounts) {
        None => Object::mount(&inside.mounts[place]),
        Some(place) => Object::of(&inside.entries[place], &full, signer.as_ref()),
    });
    success(Listed {
        content: content.collect(),
        total,
        readme: "",
        header: "",
        write: false,
        write_content_bypass: false,
        provider: storage::provider(call.edge, &full),
    })
}

#[derive(Serialize)]
struct Dir<'a> {
    name: &'a str,
    modified: String,
}

pub(super) async fn dirs(call: &Call<'_>) -> Answer {
    let (own, force_root) = (call.ask.path("path")?, call.ask.flag("force_root")?);
    if force_root && !call.who.is_admin() {
        return Err(Failure::new(403, "Only an admin sees all from the root: permission denied"));
    }
    let full = if force_root { own } else { call.who.full(&own) };
    let inside = read(call, &full, &call.who, false).await?;
    let mounts = inside.mounts.iter().map(|name| Dir { name, modified: time(0) });
    let folders = inside.entries.iter().filter(|entry| entry.is_folder());
    let folders = folders.map(|entry| Dir { name: entry.name.as_str(), modified: time(entry.modified) });
    success(mounts.chain(folders).collect::<Vec<_>>())
}

/// What is in a folder: mounts before entries.
struct Inside {
    mounts: Vec<String>,
    entries: Vec<Arc<Entry>>,
}

async fn read(call: &Call<'_>, full: &VirtualPath, who: &Identity, refresh: bool) -> Result<Inside, Failure> {
    let view = call.view(extract::reader(&call.request.headers), Some(who.base_path()));
    match view.open(full).await? {
        Node::File(file) => Err(Failure::new(500, format!("\"{}\" is a file: not a folder", file.entry().name))),
        // Without what the drive has, it would look as if that were gone.
        Node::Folder(Folder::Mounts(_, Some(trouble))) => Err(trouble.into()),
        Node::Folder(Folder::Mounts(mounts, None)) => Ok(Inside { mounts, entries: Vec::new() }),
        Node::Folder(Folder::Drive { entry, mounted, nested }) => {
            let known = view.list(full, &entry, &mounted, refresh).await?;
            // A mount hides what the drive has under its name.
            let hidden = |entry: &Entry| nested.iter().any(|name| name == entry.name.as_str());
            let entries = known.listing.entries().iter().filter(|entry| !hidden(entry)).map(Arc::clone).collect();
            Ok(Inside { mounts: nested, entries })
        }
    }
}
