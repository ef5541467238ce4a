//! The table of a drive's folder: heads that sort, and a row for each entry, thousands of them in some milliseconds.

use std::{fmt, fmt::Write, sync::Arc};

use maud::{Markup, Render, html};

use super::{
    FolderPage, Stable, icons,
    sort::SortBy,
    units::{Minute, Size},
};
use crate::{
    drive::{Entry, Kind},
    identity::{Signer, stable_path},
    path::{VirtualPath, encode_name},
};

/// About as much as a row of a file takes: a page of thousands is written without growing its text again and again.
const ROW: usize = 448;

/// The rows of a drive's folder.
pub(super) struct Table<'a> {
    pub(super) page: &'a FolderPage<'a>,
    pub(super) entries: &'a [Arc<Entry>],
}

impl Render for Table<'_> {
    fn render_to(&self, out: &mut String) {
        out.reserve(self.entries.len() * ROW);
        let frame = self.page.frame;
        let (own, full) = (below(frame.base, self.page.path), below("", self.page.full));
        let mut links = Links {
            base: frame.base,
            own: &own,
            full: &full,
            signer: frame.signer,
            plain: plain(self.page.full),
            sign: String::new(),
            stable: self.page.stable,
        };
        out.push_str("<table>");
        head(self.page).render_to(out);
        out.push_str("<tbody>");
        let mut encoded = String::with_capacity(256);
        for entry in self.page.sort.arrange(self.entries) {
            encoded.clear();
            push(&mut encoded, format_args!("{}", encode_name(entry.name.as_str())));
            row(out, &mut links, &encoded, entry);
        }
        out.push_str("</tbody></table>");
    }
}

/// The heads of the columns, each a link to the order by it.
fn head(page: &FolderPage<'_>) -> Markup {
    let column = |by: SortBy, label: &str| {
        let order = (page.sort.by == by).then_some(if page.sort.descending { "descending" } else { "ascending" });
        let to = page.sort.toggled(by);
        html! {
            th scope="col" aria-sort=[order] {
                a href={ (page.frame.base) (page.path.to_uri()) @if !to.is_default() { "?" (to) } } { (label) }
            }
        }
    };
    html! {
        colgroup { col; col.size; col.time; col.relay.two[page.stable.is_some()]; }
        thead {
            tr {
                (column(SortBy::Name, "Name"))
                (column(SortBy::Size, "Size"))
                (column(SortBy::Time, "Time (UTC)"))
                td {}
            }
        }
    }
}

/// What the links of a page are made of. All but `plain` is percent-encoded, so it has nothing in it that HTML minds.
struct Links<'a> {
    base: &'a str,
    /// What stands before the name of a folder.
    own: &'a str,
    /// What stands before the name of a file, behind `/d` or `/p`.
    full: &'a str,
    signer: Option<&'a Signer>,
    /// The folder's full path and a slash, as it is signed.
    plain: String,
    /// What follows the path of the file at hand, where that needs a sign.
    sign: String,
    stable: Option<Stable<'a>>,
}

impl Links<'_> {
    fn folder(&self, out: &mut String, encoded: &str) {
        out.extend([self.own, encoded]);
    }

    /// Signs the file of this name, which is not encoded, for both of its links.
    fn sign(&mut self, name: &str) {
        if let Some(signer) = self.signer {
            let folder = self.plain.len();
            self.plain.push_str(name);
            self.sign.clear();
            self.sign.push_str("?sign=");
            signer.write(&mut self.sign, &self.plain);
            self.plain.truncate(folder);
        }
    }

    /// The file at hand at `/d` or `/p`.
    fn file(&self, out: &mut String, route: &str, encoded: &str) {
        out.extend([self.base, route, self.full, encoded, &self.sign]);
    }

    /// Its link that does not mind what becomes of its path.
    fn stable(&self, out: &mut String, encoded: &str, file: &Entry) {
        let Some(Stable { codes, signer }) = self.stable else { return };
        let Some(pickcode) = codes.pickcode(file) else { return };
        let path = stable_path(codes.mount, pickcode);
        out.extend([" <a href=\"", self.base, "/d", &path, "/", encoded, "?sign="]);
        signer.write(out, &path);
        out.push_str("\" title=\"to copy: works also after a rename or a move\">stable</a>");
    }
}

/// One entry. Written piece by piece, as a page has thousands.
fn row(out: &mut String, links: &mut Links<'_>, encoded: &str, entry: &Entry) {
    let name = entry.name.as_str();
    let finished = match entry.kind {
        Kind::Folder => true,
        Kind::File { complete, .. } => complete,
    };
    if entry.can_be_opened() {
        links.sign(name);
    }
    out.push_str("<tr class=\"");
    out.push_str(icons::of(entry));
    if finished {
        out.push_str("\"><th scope=\"row\"><a href=\"");
        match entry.kind {
            Kind::Folder => links.folder(out, encoded),
            Kind::File { .. } => links.file(out, "/d", encoded),
        }
        out.push_str("\">");
        name.render_to(out);
        out.push_str("</a></th>");
    } else {
        out.push_str(" unfinished\"><th scope=\"row\"><span>");
        name.render_to(out);
        out.push_str("</span><p class=\"note\">upload not finished</p></th>");
    }
    if let Kind::File { size, .. } = entry.kind {
        push(out, format_args!("<td title=\"{size} bytes\">{}</td>", Size(size)));
    } else {
        out.push_str("<td></td>");
    }
    time(out, entry.modified);
    if finished && !entry.is_folder() {
        out.push_str("<td><a href=\"");
        links.file(out, "/p", encoded);
        out.push_str("\" title=\"through this server\">relay</a>");
        links.stable(out, encoded, entry);
        out.push_str("</td></tr>");
    } else {
        out.push_str("<td></td></tr>");
    }
}

fn time(out: &mut String, unix: u64) {
    if unix == 0 {
        out.push_str("<td></td>");
        return;
    }
    let [machine, human] = ['T', ' '].map(|between| Minute { unix, between });
    push(out, format_args!("<td><time datetime=\"{machine}Z\">{human}</time></td>"));
}

/// What stands before each name in a URL: the base, the folder and a slash.
fn below(base: &str, path: &VirtualPath) -> String {
    let mut below = base.to_owned();
    if !path.is_root() {
        below.push_str(&path.to_uri());
    }
    below.push('/');
    below
}

/// The same as it is signed.
fn plain(path: &VirtualPath) -> String {
    if path.is_root() { "/".to_owned() } else { format!("{path}/") }
}

fn push(out: &mut String, what: fmt::Arguments<'_>) {
    // Writing to a String never fails.
    let _infallible = out.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::{
        super::{Frame, Rows, Sort, folder},
        *,
    };
    use crate::{
        drive::{Asker, ByPickcode, Handle},
        error::Result,
        identity::testing::signer,
        path::Name,
        vfs::Codes,
    };

    /// A drive whose pickcodes are the tags.
    #[derive(Debug)]
    struct Tagged;

    #[async_trait]
    impl ByPickcode for Tagged {
        fn pickcode<'a>(&self, file: &'a Entry) -> Option<&'a str> {
            file.can_be_opened().then_some(&*file.tag)
        }

        async fn file(&self, _: &str, _: &Asker) -> Result<Option<Entry>> {
            Ok(None)
        }
    }

    fn entry(name: &str, kind: Kind) -> Arc<Entry> {
        let tag = "abc123".into();
        Arc::new(Entry {
            handle: Handle::new("h"),
            name: Name::shown(name),
            kind,
            tag,
            modified: 0,
            created: 0,
            thumb: None,
        })
    }

    #[test]
    fn stable_links_are_signed_by_what_never_changes_and_offered_for_files_alone() {
        let (sign, path) = (signer("openlist-testtoken"), VirtualPath::from_plain("/115/电影").unwrap());
        let file = |complete| Kind::File { size: 1, sha1: None, complete };
        let entries = [entry("Sub", Kind::Folder), entry("a \"b\".mkv", file(true)), entry("c.mkv", file(false))];
        let mut page = FolderPage {
            frame: Frame { base: "/gw", user: None, signer: None },
            path: &path,
            full: &path,
            rows: Rows::Entries(&entries),
            nested: &[],
            sort: Sort::default(),
            age: None,
            stale: None,
            refresh: true,
            stable: Some(Stable { codes: Codes::new("0123456789abcdef", &Tagged), signer: &sign }),
            playlist: None,
        };
        let html = folder(&page);
        let link = format!(
            r#"<a href="/gw/d/@pc/0123456789abcdef/abc123/a%20%22b%22.mkv?sign={}" title="to copy: works also after a rename or a move">stable</a></td></tr>"#,
            sign.sign("/@pc/0123456789abcdef/abc123")
        );
        assert!(html.contains(&link), "{html}");
        assert!(html.contains(r#"<col class="relay two">"#), "{html}");
        assert_eq!(html.matches("/@pc/").count(), 1);
        page.stable = None;
        let html = folder(&page);
        assert!(!html.contains("/@pc/") && html.contains(r#"<col class="relay">"#), "{html}");
    }

    #[test]
    fn each_file_has_a_sign_of_its_own_for_both_of_its_links() {
        let (sign, path) = (signer("openlist-testtoken"), VirtualPath::from_plain("/m").unwrap());
        let entries = ["a", "b"].map(|name| entry(name, Kind::File { size: 1, sha1: None, complete: true }));
        let html = folder(&FolderPage {
            frame: Frame { base: "", user: None, signer: Some(&sign) },
            path: &path,
            full: &path,
            rows: Rows::Entries(&entries),
            nested: &[],
            sort: Sort::default(),
            age: None,
            stale: None,
            refresh: true,
            stable: None,
            playlist: None,
        });
        for (route, name) in [("d", "a"), ("p", "a"), ("d", "b"), ("p", "b")] {
            let link = format!("\"/{route}/m/{name}?sign={}\"", sign.sign(&format!("/m/{name}")));
            assert!(html.contains(&link), "{link} not in {html}");
        }
    }
}
