//! 115's items as entries, and the handles that name them: `d:<cid>` a folder, `f:<pickcode>` a file.

use std::sync::Arc;

use crate::{
    drive::{Entry, Handle, Kind, Page, Thumb},
    error::{Error, Kind as ErrorKind, Result},
    path::Name,
};

pub(super) fn entry(item: p115::Item) -> Entry {
    let (handle, kind, tag) = match item.kind {
        p115::ItemKind::Dir { cid } => (
            folder_handle(cid),
            Kind::Folder,
            item.pickcode.map_or_else(|| cid.to_string().into(), |code| code.as_str().into()),
        ),
        p115::ItemKind::File { id, size, sha1, complete } => {
            let sha1 = sha1.map(|sha1| Arc::from(sha1.to_ascii_lowercase()));
            let (handle, tag) = match &item.pickcode {
                Some(code) => (format!("f:{}", code.as_str()), code.as_str().into()),
                // Still being uploaded: nobody can ask for it.
                None => (format!("n:{id}"), id.to_string().into()),
            };
            (Handle::new(&handle), Kind::File { size, sha1, complete }, tag)
        }
    };
    Entry {
        handle,
        name: Name::shown(&item.name),
        kind,
        tag,
        modified: item.modified.unwrap_or_default(),
        created: item.created.unwrap_or_default(),
        thumb: item.thumb.as_deref().and_then(Thumb::parse),
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

/// A handle that no drive of 115 minted.
fn foreign(handle: &Handle) -> Error {
    Error::new(ErrorKind::Internal, format!("The handle \"{}\" is not one of 115.", handle.as_str()))
}

/// The folder that a mount shows.
pub(super) fn root(cid: p115::Cid) -> Entry {
    Entry {
        handle: folder_handle(cid),
        name: Name::shown("115"),
        kind: Kind::Folder,
        tag: Arc::from("root"),
        modified: 0,
        created: 0,
        thumb: None,
    }
}

/// A part of a folder, once 115 has listed it.
pub(super) fn page(page: p115::FilePage, offset: u64) -> Result<Page> {
    let got = page.entries.len() as u64;
    // A page may be shorter than asked for; only an empty one, or the count, is the end (docs/115.md, quirk 10).
    if got == 0 && offset == 0 && page.count > 0 {
        return Err(Error::new(
            ErrorKind::Upstream,
            "115 counts entries in this folder and shows none. Try again in a moment.",
        ));
    }
    let next = Some(offset + got).filter(|&next| got > 0 && next < page.count);
    Ok(Page { entries: page.entries.into_iter().map(entry).collect(), next, newest_first: page.newest_first })
}

#[cfg(test)]
mod tests {
    use p115::{Cid, FileId, Item, ItemKind};

    use super::*;

    #[test]
    fn an_upload_that_has_no_pickcode_yet_is_shown_and_nothing_is_asked_with_its_handle() {
        let kind = ItemKind::File { id: FileId::new(7), size: 0, sha1: None, complete: false };
        let item = Item {
            kind,
            parent: Cid::ROOT,
            name: "half.mkv".to_owned(),
            pickcode: None,
            modified: None,
            created: None,
            thumb: None,
        };
        let coded = entry(Item { pickcode: Some("abc".parse().unwrap()), ..item.clone() });
        assert_eq!((&*coded.tag, pickcode(&coded.handle).unwrap().as_str()), ("abc", "abc"));
        let bare = entry(item);
        assert!(!bare.can_be_opened() && bare.name.as_str() == "half.mkv" && &*bare.tag == "7");
        assert_eq!(pickcode(&bare.handle).unwrap_err().kind(), ErrorKind::Internal);
    }
}
