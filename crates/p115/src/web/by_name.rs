//! A whole folder by name, from the listing that is quick but does not reach far (`docs/115.md` §3.1-3.3).

use std::collections::HashSet;

use super::files::{FilePage, Place, listing};
use super::item::{ItemKind, Short};
use crate::error::{Error, Site};
use crate::gate::Gate;
use crate::types::{Cid, FileId};
use crate::wire::APS;

const PLACE: Place = Place { site: Site { call: "aps_files", host: APS }, path: "/natsort/files.php", longest: 1200 };
/// Beyond about this many entries the listing starts over at the first (quirk 11).
const REACH: u64 = 1200;
/// Pages may come shorter than asked for; that many short ones are no listing any more.
const MAX_PAGES: usize = 8;

/// `None` where this listing cannot show the folder as a whole, which [`files`](super::files::files) can.
pub(crate) async fn by_name(gate: &Gate, cid: Cid) -> Result<Option<FilePage>, Error> {
    let mut whole: Option<FilePage> = None;
    let mut seen = HashSet::new();
    for _ in 0..MAX_PAGES {
        let offset = whole.as_ref().map_or(0, |page| page.entries.len() as u64);
        let call = listing(&PLACE, cid, offset, PLACE.longest, "file_name", "1", "0");
        let page = FilePage::read::<Short>(PLACE.site, cid, gate.send(&call).await?.body())?;
        let started_over = page.offset != offset || page.entries.iter().any(|item| !seen.insert(id(&item.kind)));
        if page.count > REACH || started_over || page.entries.is_empty() && offset < page.count {
            return Ok(None);
        }
        let whole = match &mut whole {
            None => whole.insert(page),
            Some(whole) if whole.count != page.count => return Ok(None),
            Some(whole) => {
                whole.entries.extend(page.entries);
                whole
            }
        };
        if whole.entries.len() as u64 >= whole.count {
            break;
        }
    }
    Ok(whole.filter(|page| page.entries.len() as u64 == page.count))
}

fn id(kind: &ItemKind) -> FileId {
    match kind {
        ItemKind::Dir { cid } => FileId::from(*cid),
        ItemKind::File { id, .. } => *id,
    }
}
