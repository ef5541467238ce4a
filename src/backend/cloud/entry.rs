//! 115's items as entries, and the handles that name them: `d:<cid>` a folder, `f:<pickcode>` a file.

use std::sync::Arc;

use super::drive::foreign;
use crate::{
    drive::{Entry, Handle, Kind},
    error::Result,
    path::Name,
};

pub(super) fn entry(item: p115::Item) -> Entry {
    let (handle, kind, tag) = match item.kind {
        p115::ItemKind::Dir { cid } => (
            folder_handle(cid),
            Kind::Folder,
            item.pickcode.map_or_else(|| cid.to_string().into(), |code| code.as_str().into()),
        ),
        p115::ItemKind::File { pickcode, size, sha1, complete, .. } => {
            let sha1 = sha1.map(|sha1| Arc::from(sha1.to_ascii_lowercase()));
            (
                Handle::new(&format!("f:{}", pickcode.as_str())),
                Kind::File { size, sha1, complete },
                Arc::from(pickcode.as_str()),
            )
        }
    };
    Entry {
        handle,
        name: Name::shown(&item.name),
        kind,
        tag,
        modified: item.modified.unwrap_or_default(),
        created: item.created.unwrap_or_default(),
    }
}

pub(super) fn folder_handle(cid: p115::Cid) -> Handle {
    Handle::new(&format!("d:{cid}"))
}

pub(super) fn cid(handle: &Handle) -> Result<p115::Cid> {
    handle
        .as_str()
        .strip_prefix("d:")
        .and_then(|cid| cid.parse().ok())
        .map(p115::Cid::new)
        .ok_or_else(|| foreign(handle))
}

pub(super) fn pickcode(handle: &Handle) -> Result<p115::PickCode> {
    handle.as_str().strip_prefix("f:").and_then(|pickcode| pickcode.parse().ok()).ok_or_else(|| foreign(handle))
}
