//! Pages for people: HTML and CSS as text, from plain data. No script, and nothing from anywhere else.

mod error;
mod folder;
mod icons;
mod ledger;
mod login;
mod mounts;
mod playlist;
mod sort;
mod table;
mod units;

use maud::{DOCTYPE, Markup, Render, html};

pub use error::error;
pub use folder::{FolderPage, Frame, Rows, Stable, folder};
pub use ledger::{LedgerPage, ledger};
pub use login::{LoginPage, login};
pub use mounts::MountRow;
pub use playlist::Playlist;
pub use sort::{Sort, SortBy};

/// The `Content-Security-Policy` of every page: our own stylesheet and pictures, and nothing else whatever a name tries.
pub const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const CSS: &str = include_str!("../../../ui/page.css");
const ICON: &str = include_str!("../../../ui/icon.svg");
const CSS_PATH: &str = "/-/page.css";
const ICON_PATH: &str = "/-/icon.svg";
/// Stands in the query of what pages ask for, so that it may be cached for ever.
const VERSION: u64 = fingerprint(ICON.as_bytes(), fingerprint(CSS.as_bytes(), 0xcbf2_9ce4_8422_2325));

/// Path and text of the stylesheet. Pages ask for it as `path?v=…`, which changes with the text: to be served as
/// `text/css; charset=utf-8` with a long `max-age` and `immutable`, whatever the query.
pub fn stylesheet() -> (&'static str, &'static str) {
    (CSS_PATH, CSS)
}

/// Path and text of the icon, in the same way; `image/svg+xml`.
pub fn icon() -> (&'static str, &'static str) {
    (ICON_PATH, ICON)
}

/// Where the icon is, for a page that is below `base`.
pub fn icon_address(base: &str) -> String {
    format!("{base}{ICON_PATH}?v={VERSION}")
}

/// What is around every page. `base` stands before every path of ours.
fn shell(base: &str, title: &str, body: impl Render) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" type="image/svg+xml" href=(icon_address(base));
                link rel="stylesheet" href={ (base) (CSS_PATH) "?v=" (VERSION) };
            }
            body { (body) }
        }
    }
}

/// FNV-1a: tells versions apart, guards nothing.
const fn fingerprint(bytes: &[u8], start: u64) -> u64 {
    let (mut hash, mut i) = (start, 0);
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stylesheet_and_the_icon_bring_nothing_from_elsewhere() {
        assert!(CSS.len() > 1000 && ICON.starts_with("<svg"));
        for text in [CSS, ICON] {
            assert!(!text.contains("@import") && !text.contains("<script") && !text.contains("href"), "{text}");
            let elsewhere: Vec<_> =
                text.split("//").skip(1).filter(|after| !after.starts_with("www.w3.org/2000/svg")).collect();
            assert!(elsewhere.is_empty(), "{elsewhere:?}");
        }
    }

    #[test]
    fn a_page_asks_for_both_by_version() {
        let page = shell("/x", "t", "b").into_string();
        let (path, _) = stylesheet();
        assert!(page.contains(&format!(r#"<link rel="stylesheet" href="/x{path}?v={VERSION}">"#)), "{page}");
        assert!(page.contains(&format!(r#"href="{}""#, icon_address("/x"))), "{page}");
        assert_ne!(fingerprint(b"a", 1), fingerprint(b"b", 1));
    }
}
