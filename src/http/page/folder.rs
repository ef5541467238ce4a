//! The page that shows a folder, and what is around its rows; above the mount points the rows too, one for each drive.

use std::{iter, sync::Arc, time::Duration};

use maud::{Markup, html};

use super::{
    mounts::{MountRow, mount_table},
    playlist::{self, Playlist},
    shell,
    sort::Sort,
    table::Table,
    units::{Ago, Count, Size},
};
use crate::{drive::Entry, identity::Signer, path::VirtualPath, vfs::Codes};

/// What is around a folder's page, whichever it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame<'a> {
    /// What stands before every path of ours.
    pub base: &'a str,
    /// Who has logged in; `None` for a guest.
    pub user: Option<&'a str>,
    /// Signs the links of files, where they need it.
    pub signer: Option<&'a Signer>,
}

/// All that a folder's page says.
#[derive(Debug, Clone, Copy)]
pub struct FolderPage<'a> {
    pub frame: Frame<'a>,
    /// What its viewer calls it.
    pub path: &'a VirtualPath,
    /// Where it stands in the namespace: what links of files are made of.
    pub full: &'a VirtualPath,
    pub rows: Rows<'a>,
    /// The mounts right inside a drive's folder, and artificial folders on the way to deeper ones; shown before its entries.
    pub nested: &'a [MountRow<'a>],
    pub sort: Sort,
    /// How long ago the entries were listed; `None` where that means nothing, above the mount points.
    pub age: Option<Duration>,
    /// Where the entries are old because the drive could not be asked: why, as a sentence.
    pub stale: Option<&'a str>,
    /// Offers to list the folder anew.
    pub refresh: bool,
    /// Offers stable links to its files.
    pub stable: Option<Stable<'a>>,
    /// Offers a playlist of it, where there is something to play.
    pub playlist: Option<Playlist<'a>>,
}

/// What stable links are made with.
#[derive(Debug, Clone, Copy)]
pub struct Stable<'a> {
    pub codes: Codes<'a>,
    pub signer: &'a Signer,
}

/// What is in the folder.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// A drive's folder, as `Listing::entries` gives it: folders first, in natural order.
    Entries(&'a [Arc<Entry>]),
    /// An artificial folder above the mount points; in the order given.
    Mounts(&'a [MountRow<'a>]),
}

/// The whole page. Its time grows with the rows: some milliseconds for 10,000.
pub fn folder(page: &FolderPage<'_>) -> String {
    let title = if page.path.is_root() { "gate115" } else { page.path.name() };
    let body = html! {
        header {
            (breadcrumb(page))
            h1 { (if page.path.is_root() { "All drives" } else { title }) }
            (playlist::link(page))
            @if let Some(why) = page.stale {
                p.notice role="status" {
                    strong { "This list may be out of date." } " " (why)
                    @if let Some(age) = page.age { " The list was read " (Ago(age)) "." }
                }
            }
        }
        main {
            @if !page.nested.is_empty() { (mount_table(page, page.nested)) }
            @match page.rows {
                Rows::Entries([]) if !page.nested.is_empty() => {},
                Rows::Entries([]) => p.empty { "This folder is empty." },
                Rows::Mounts([]) => p.empty { "No drive is mounted here." },
                Rows::Entries(entries) => (Table { page, entries }),
                Rows::Mounts(mounts) => (mount_table(page, mounts)),
            }
        }
        (footer(page))
    };
    shell(page.frame.base, title, body).into_string()
}

fn breadcrumb(page: &FolderPage<'_>) -> Markup {
    let mut above: Vec<_> = iter::successors(page.path.parent(), VirtualPath::parent).collect();
    above.reverse();
    html! {
        @if !above.is_empty() {
            nav aria-label="Breadcrumb" {
                ol {
                    @for folder in &above {
                        li { a href={ (page.frame.base) (folder.to_uri()) } { (if folder.is_root() { "All drives" } else { folder.name() }) } }
                    }
                }
            }
        }
    }
}

fn footer(page: &FolderPage<'_>) -> Markup {
    html! {
        footer {
            p {
                @if !page.nested.is_empty() { (Count(page.nested.len(), "drive")) ", " }
                @if let Rows::Entries(entries) = page.rows {
                    @let folders = entries.partition_point(|entry| entry.is_folder());
                    @let files = entries.len() - folders;
                    (Count(folders, "folder")) ", " (Count(files, "file"))
                    @if files > 0 { ", " (Size(entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.size())))) }
                } @else if let Rows::Mounts(mounts) = page.rows {
                    (Count(mounts.len(), "drive"))
                }
            }
            @if page.age.is_some() || page.refresh {
                p {
                    @if let Some(age) = page.age { "listed " (Ago(age)) " " }
                    @if page.refresh {
                        a.refresh rel="nofollow" href={
                            (page.frame.base) (page.path.to_uri()) "?" @if !page.sort.is_default() { (page.sort) "&" } "refresh=1"
                        } { "Refresh" }
                    }
                }
            }
            (visitor(page.frame))
        }
    }
}

fn visitor(frame: Frame<'_>) -> Markup {
    html! {
        @if let Some(name) = frame.user {
            form method="post" action={ (frame.base) "/-/logout" } { (name) " " button { "Log out" } }
        } @else {
            p { a rel="nofollow" href={ (frame.base) "/-/login" } { "Log in" } }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        drive::{Handle, Kind},
        http::page::SortBy,
        path::Name,
        vfs::Listing,
    };
    use rstest::rstest;

    pub(in crate::http::page) fn entry(name: &str, kind: Kind, modified: u64) -> Entry {
        Entry {
            handle: Handle::new("h"),
            name: Name::shown(name),
            kind,
            tag: "t".into(),
            modified,
            created: 0,
            thumb: None,
        }
    }

    pub(in crate::http::page) fn file(name: &str, size: u64) -> Entry {
        entry(name, Kind::File { size, sha1: None, complete: true }, 1_700_000_000)
    }

    pub(in crate::http::page) fn plain<'a>(path: &'a VirtualPath, rows: Rows<'a>) -> FolderPage<'a> {
        FolderPage {
            frame: Frame::default(),
            path,
            full: path,
            rows,
            nested: &[],
            sort: Sort::default(),
            age: Some(Duration::from_secs(300)),
            stale: None,
            refresh: true,
            stable: None,
            playlist: None,
        }
    }

    fn rendered(path: &str, entries: Vec<Entry>, change: impl FnOnce(&mut FolderPage<'_>)) -> String {
        let (path, listing) = (VirtualPath::from_plain(path).unwrap(), Listing::new(entries, Duration::ZERO));
        let mut page = plain(&path, Rows::Entries(listing.entries()));
        change(&mut page);
        folder(&page)
    }

    pub(in crate::http::page) fn has(page: &str, parts: &[&str]) {
        for part in parts {
            assert!(page.contains(part), "{part} not in {page}");
        }
    }

    #[test]
    fn shows_folders_and_files_with_all_that_is_known() {
        let page = rendered("/115/影 视", vec![file("E1.mkv", 5_000_000_000), entry("Sub", Kind::Folder, 0)], |_| {});
        has(
            &page,
            &[
                "<title>影 视</title>",
                "<h1>影 视</h1>",
                r#"<li><a href="/">All drives</a></li><li><a href="/115">115</a></li></ol>"#,
                r#"<tr class="folder"><th scope="row"><a href="/115/%E5%BD%B1%20%E8%A7%86/Sub">Sub</a></th><td></td><td></td><td></td></tr>"#,
                concat!(
                    r#"<tr class="video"><th scope="row"><a href="/d/115/%E5%BD%B1%20%E8%A7%86/E1.mkv">E1.mkv</a></th>"#,
                    r#"<td title="5000000000 bytes">4.7 GiB</td><td><time datetime="2023-11-14T22:13Z">2023-11-14 22:13</time></td>"#,
                    r#"<td><a href="/p/115/%E5%BD%B1%20%E8%A7%86/E1.mkv" title="through this server">relay</a></td></tr>"#
                ),
                "1 folder, 1 file, 4.7 GiB",
                "listed 5 min ago",
                r#"href="/115/%E5%BD%B1%20%E8%A7%86?refresh=1""#,
            ],
        );
        assert!(page.find("Sub</a>") < page.find("E1.mkv</a>"), "folders come first");
    }

    #[test]
    fn links_of_files_are_full_and_signed_and_those_of_folders_are_the_viewers_own() {
        let signs = crate::identity::testing::signer("openlist-testtoken");
        let full = VirtualPath::from_plain("/115/电影").unwrap();
        let frame = Frame { base: "/gw", user: Some("a<b"), signer: Some(&signs) };
        let (path, entries) = (VirtualPath::root(), vec![file("a b.mkv", 1), entry("Sub", Kind::Folder, 0)]);
        let listing = Listing::new(entries, Duration::ZERO);
        let rows = Rows::Entries(listing.entries());
        let page = folder(&FolderPage { frame, full: &full, ..plain(&path, rows) });
        has(
            &page,
            &[
                r#"<a href="/gw/Sub">"#,
                r#"<a href="/gw/d/115/%E7%94%B5%E5%BD%B1/a%20b.mkv?sign=LjF7pnsRHpLWaqVfhVAaiC21pjSZVx_NrTR2dToAHG4=:0">"#,
                r#"<a href="/gw/p/115/%E7%94%B5%E5%BD%B1/a%20b.mkv?sign=LjF7pnsRHpLWaqVfhVAaiC21pjSZVx_NrTR2dToAHG4=:0" title"#,
                r#"<form method="post" action="/gw/-/logout">a&lt;b <button>Log out</button></form>"#,
                r#"href="/gw/?refresh=1""#,
            ],
        );
        assert!(rendered("/m", vec![], |_| {}).contains(r#"<a rel="nofollow" href="/-/login">Log in</a>"#));
    }

    /// A page whose every name tries something: nothing of it may become markup or leave its URL.
    #[rstest]
    #[case::tag(
        "<script>alert(1)</script>",
        "&lt;script&gt;alert(1)&lt;／script&gt;",
        "%3Cscript%3Ealert(1)%3C%EF%BC%8Fscript%3E"
    )]
    #[case::quotes("\"onload='x'", "&quot;onload='x'", "%22onload=%27x%27")]
    #[case::signs("a&b%41#c?d+e;f", "a&amp;b%41#c?d+e;f", "a%26b%2541%23c%3Fd%2Be%3Bf")]
    #[case::emoji("🎬 x", "🎬 x", "%F0%9F%8E%AC%20x")]
    #[case::right_to_left("שלום\u{202e}gpj", "שלום\u{202e}gpj", "%D7%A9%D7%9C%D7%95%D7%9D%E2%80%AEgpj")]
    #[case::scheme("javascript:alert(1)", "javascript:alert(1)", "javascript%3Aalert(1)")]
    fn names_stay_names(#[case] name: &str, #[case] html: &str, #[case] url: &str) {
        let path = format!("/{0}/{0}", name.replace('/', "／"));
        let page = rendered(&path, vec![file(name, 1), entry(name, Kind::Folder, 1)], |page| {
            page.stale = Some("<b>\"why\"</b>")
        });
        has(
            &page,
            &[
                &format!("<title>{html}</title>"),
                &format!("<h1>{html}</h1>"),
                &format!(r#"<li><a href="/{url}">{html}</a></li>"#),
                &format!(r#"<a href="/{url}/{url}/{url}%20(t)">{html} (t)</a>"#),
                &format!(r#"<a href="/d/{url}/{url}/{url}">{html}</a>"#),
                &format!(r#"<a href="/p/{url}/{url}/{url}" title"#),
                "&lt;b&gt;&quot;why&quot;&lt;/b&gt;",
            ],
        );
        for bad in ["<script", "<b>", " style=", "<style", "onload=\"", "href=\"javascript", "http:"] {
            assert!(!page.contains(bad), "{bad} in {page}");
        }
    }

    #[test]
    fn an_unfinished_upload_leads_nowhere() {
        let page = rendered("/m", vec![entry("a.mkv", Kind::File { size: 9, sha1: None, complete: false }, 1)], |_| {});
        let row = r#"<tr class="video unfinished"><th scope="row"><span>a.mkv</span><p class="note">upload not finished</p></th>"#;
        has(&page, &[row]);
        assert!(!page.contains("/d/m") && !page.contains("/p/m"), "{page}");
    }

    #[test]
    fn heads_lead_to_the_other_order_and_refresh_keeps_this_one() {
        let page = rendered("/m", vec![file("a", 1)], |_| {});
        has(
            &page,
            &[
                r#"<th scope="col" aria-sort="ascending"><a href="/m?sort=name&amp;order=desc">Name</a></th>"#,
                r#"<th scope="col"><a href="/m?sort=size&amp;order=desc">Size</a></th>"#,
                r#"<th scope="col"><a href="/m?sort=time&amp;order=desc">Time (UTC)</a></th>"#,
            ],
        );
        let page = rendered("/m", vec![file("a", 1)], |page| page.sort = Sort { by: SortBy::Size, descending: true });
        has(
            &page,
            &[
                r#"<th scope="col"><a href="/m">Name</a></th>"#,
                r#"<th scope="col" aria-sort="descending"><a href="/m?sort=size&amp;order=asc">Size</a></th>"#,
                r#"href="/m?sort=size&amp;order=desc&amp;refresh=1""#,
            ],
        );
    }

    #[test]
    fn says_so_where_there_is_nothing_or_nothing_new() {
        let page = rendered("/m", vec![], |page| {
            page.stale = Some("115 did not answer.");
            page.refresh = false;
        });
        has(
            &page,
            &[
                "This folder is empty.",
                "0 folders, 0 files</p>",
                "out of date.</strong> 115 did not answer. The list was read 5 min ago.",
            ],
        );
        assert!(!page.contains("<table") && !page.contains("refresh=1"), "{page}");
        assert!(!rendered("/m", vec![file("a", 1)], |_| {}).contains("out of date"));
    }

    #[test]
    fn ten_thousand_entries_have_ten_thousand_links_each_its_own() {
        let entries = (0..10_000).map(|i| file(&format!("E{i}.mkv"), i)).collect();
        let page = rendered("/m", entries, |_| {});
        let links: std::collections::HashSet<_> =
            page.split("<a href=\"/d/m/").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]).collect();
        assert_eq!(links.len(), 10_000);
        assert_eq!(page.matches("<a href=\"/p/m/").count(), 10_000);
        assert!(page.find(">E2.mkv<") < page.find(">E10.mkv<"), "in natural order");
    }

    proptest::proptest! {
        #[test]
        fn no_name_makes_an_element_of_its_own(names in proptest::collection::vec("(?s).{1,12}", 1..4), plain in "[a-z]{1,8}") {
            let count = |names: Vec<Entry>| {
                let page = rendered("/m", names, |_| {});
                [page.matches('<').count(), page.matches('>').count(), page.matches('"').count()]
            };
            let hostile = names.iter().map(|name| file(name, 1)).collect();
            let tame = (0..names.len()).map(|i| file(&format!("{plain}{i}"), 1)).collect();
            proptest::prop_assert_eq!(count(hostile), count(tame));
        }
    }
}
