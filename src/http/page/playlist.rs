//! The link to a folder's playlist, where there is something to play.

use maud::{Markup, html};

use super::{FolderPage, Rows};
use crate::{deliver::media::is_played, identity::Signer};

/// How the playlist of a folder is had.
#[derive(Debug, Clone, Copy)]
pub struct Playlist<'a> {
    /// Signs its address, where it needs that.
    pub signer: Option<&'a Signer>,
}

/// Nothing where none is offered, or there would be nothing in it.
pub(super) fn link(page: &FolderPage<'_>) -> Markup {
    let Some(playlist) = page.playlist.filter(|_| plays(page)) else { return html! {} };
    html! {
        p.tools {
            a rel="nofollow" title="all that plays in this folder, to open in a player" href={
                (page.frame.base) "/api/fs/m3u?path=" (page.full.to_uri())
                @if let Some(signer) = playlist.signer { "&sign=" (signer.sign(page.full.as_str())) }
            } { "Playlist" }
        }
    }
}

/// Whether there is anything in the folder that a player plays.
fn plays(page: &FolderPage<'_>) -> bool {
    matches!(page.rows, Rows::Entries(entries) if entries.iter().any(|entry| entry.can_be_opened() && is_played(entry.name.as_str())))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::folder::{
            folder,
            tests::{entry, file, has, plain},
        },
        *,
    };
    use crate::{drive::Kind, path::VirtualPath, vfs::Listing};

    #[test]
    fn a_playlist_is_offered_where_something_plays() {
        let signs = crate::identity::testing::signer("openlist-testtoken");
        let path = VirtualPath::from_plain("/115/a & b").unwrap();
        let page = |names: &[&str], playlist| {
            let entries = names.iter().map(|name| file(name, 1)).chain([entry("x.mkv", Kind::Folder, 1)]).collect();
            let listing = Listing::new(entries, Duration::ZERO);
            folder(&FolderPage { playlist, ..plain(&path, Rows::Entries(listing.entries())) })
        };
        let (open, signed) = (Some(Playlist { signer: None }), Some(Playlist { signer: Some(&signs) }));
        has(&page(&["a.txt", "a.flac"], open), &[r#"href="/api/fs/m3u?path=/115/a%20%26%20b">Playlist</a>"#]);
        let sign = signs.sign("/115/a & b");
        has(&page(&["a.mkv"], signed), &[&format!(r#"href="/api/fs/m3u?path=/115/a%20%26%20b&amp;sign={sign}">"#)]);
        for (names, playlist) in [(&["a.txt", "a.srt"][..], signed), (&["a.mkv"], None)] {
            assert!(!page(names, playlist).contains("m3u"));
        }
        let unfinished = entry("a.mkv", Kind::File { size: 9, sha1: None, complete: false }, 1);
        let listing = Listing::new(vec![unfinished], Duration::ZERO);
        let page = folder(&FolderPage { playlist: open, ..plain(&path, Rows::Entries(listing.entries())) });
        assert!(!page.contains("m3u"), "{page}");
    }
}
