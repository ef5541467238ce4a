//! `fs/search`: names below a folder, in what is known and by the drives' own searches.

use serde::Serialize;

use super::{
    Answer, Call, Failure,
    entry::{FOLDER, type_of},
    part::Part,
    success,
};
use crate::{
    drive::{CallerKind, Only},
    vfs::Wish,
};

/// Characters that are looked for: no name has more (docs/115.md §3.10).
const LONGEST: usize = 255;

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
    let only = match scope {
        1 => Some(Only::Folders),
        2 => Some(Only::Files),
        _ => None,
    };
    let keywords = call.ask.text("keywords")?;
    if keywords.chars().count() > LONGEST {
        return Err(Failure::new(400, format!("The field keywords is longer than {LONGEST} characters.")));
    }
    let Some(wish) = Wish::new(keywords, only) else {
        return Err(Failure::new(400, "Say what to search for, in the field keywords."));
    };
    // Whoever searches waits for it, whatever he searches with.
    let view = call.view(CallerKind::Person, Some(call.who.base_path()));
    let hits = view.search(&call.who.full(&own), &wish).await?;
    let content = hits[page.of(hits.len())].iter().filter_map(|hit| {
        let (entry, parent) = (&hit.entry, call.who.own(&hit.folder)?);
        let name = entry.name.as_str().to_owned();
        let r#type = if entry.is_folder() { FOLDER } else { type_of(&name) };
        let (is_dir, size) = (entry.is_folder(), entry.size());
        Some(Found { parent: parent.as_str().to_owned(), name, is_dir, size, r#type })
    });
    success(Part { content: content.collect(), total: hits.len() })
}
