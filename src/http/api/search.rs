//! `fs/search`: names in what is known, below a folder.

use serde::Serialize;

use super::{
    Answer, Call, Failure,
    entry::{FOLDER, type_of},
    part::Part,
    success,
};
use crate::{
    drive::CallerKind,
    error::{Error, Kind},
};

/// Nobody reads more.
const MOST: usize = 5_000;

#[derive(Serialize)]
struct Found {
    parent: String,
    name: String,
    is_dir: bool,
    size: u64,
    r#type: u8,
}

pub(super) async fn search(call: &Call<'_>) -> Answer {
    let (own, page, scope) = (call.ask.path("parent")?, call.ask.page()?, call.ask.number("scope")?);
    let words: Vec<_> = call.ask.text("keywords")?.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Err(Failure::new(400, "Say what to search for, in the field keywords."));
    }
    let view = call.view(CallerKind::Scan, Some(call.who.base_path()));
    let full = call.who.full(&own);
    let searched = tokio::task::spawn_blocking(move || {
        view.known_below(&full, MOST, |entry| {
            let fits = match scope {
                1 => entry.is_folder(),
                2 => !entry.is_folder(),
                _ => true,
            };
            fits && {
                let name = entry.name.as_str().to_lowercase();
                words.iter().all(|word| name.contains(word.as_str()))
            }
        })
    });
    let hits = searched.await.map_err(|error| Error::new(Kind::Internal, "The search failed.").source(error))?;
    let content = hits[page.of(hits.len())].iter().filter_map(|hit| {
        let (entry, parent) = (&hit.entry, call.who.own(&hit.folder)?);
        let name = entry.name.as_str().to_owned();
        let r#type = if entry.is_folder() { FOLDER } else { type_of(&name) };
        let (is_dir, size) = (entry.is_folder(), entry.size());
        Some(Found { parent: parent.as_str().to_owned(), name, is_dir, size, r#type })
    });
    success(Part { content: content.collect(), total: hits.len() })
}
