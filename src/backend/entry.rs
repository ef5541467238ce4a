//! 115's items as entries, and the handles that name them: `d:<cid>` a folder, `f:<pickcode>` a file.

use std::sync::Arc;

use crate::{
    drive::{Entry, Found, Handle, Kind, Only, Page, Thumb},
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

/// The pickcode of a file that can be asked for by it.
pub(super) fn pickcode_of(file: &Entry) -> Option<&str> {
    file.handle.as_str().strip_prefix("f:").filter(|_| file.can_be_opened())
}

/// A pickcode that may be a file's.
pub(super) fn files_pickcode(text: &str) -> Option<p115::PickCode> {
    text.parse().ok().filter(|pickcode: &p115::PickCode| !pickcode.is_folder())
}

/// The file that an item is; a folder is none.
pub(super) fn file(item: p115::Item) -> Option<Entry> {
    Some(entry(item)).filter(|entry| !entry.is_folder())
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

/// Hits that a search asks for.
pub(super) const HITS: u32 = 200;

pub(super) fn only(only: Option<Only>) -> Option<p115::Only> {
    only.map(|only| match only {
        Only::Folders => p115::Only::Dirs,
        Only::Files => p115::Only::Files,
    })
}

/// What a search has found, marked by its id, which 115 tells the folders above of.
pub(super) fn found(item: p115::Item) -> Found {
    let id = match item.kind {
        p115::ItemKind::Dir { cid } => cid.into(),
        p115::ItemKind::File { id, .. } => id,
    };
    Found { folder: folder_handle(item.parent), mark: Handle::new(&id.to_string()), entry: entry(item) }
}

pub(super) fn id(mark: &Handle) -> Result<p115::FileId> {
    mark.as_str().parse().map(p115::FileId::new).map_err(|_| foreign(mark))
}

/// The folders below this root, of all from the account's root down; `None` where the root is not among them.
pub(super) fn below(root: u64, above: Vec<(p115::Cid, String)>) -> Option<Vec<(Handle, Name)>> {
    // The account's own root may not be named.
    let start = match above.iter().position(|(cid, _)| cid.get() == root) {
        Some(place) => place + 1,
        None if root == 0 => 0,
        None => return None,
    };
    Some(above.into_iter().skip(start).map(|(cid, name)| (folder_handle(cid), Name::shown(&name))).collect())
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
    fn what_is_not_below_the_root_has_no_place() {
        let above =
            || [(0, "根目录"), (5, "home"), (7, "a/b")].map(|(cid, name)| (Cid::new(cid), name.to_owned())).to_vec();
        let names = |root, above| {
            below(root, above).map(|below| below.iter().map(|(_, name)| name.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(names(0, above()).unwrap(), ["home", "a／b"]);
        assert_eq!(names(0, above().split_off(1)).unwrap(), ["home", "a／b"], "the account's root need not be named");
        assert_eq!(names(5, above()).unwrap(), ["a／b"]);
        assert_eq!(names(7, above()).unwrap(), Vec::<String>::new());
        assert_eq!(names(9, above()), None);
        assert_eq!(below(5, above()).unwrap()[0].0, folder_handle(Cid::new(7)));
    }

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
