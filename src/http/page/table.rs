//! The table of a drive's folder: heads that sort, and a row for each entry, thousands of them in some milliseconds.

use std::{fmt, fmt::Write, sync::Arc};

use maud::{Markup, Render, html};

use super::{
    FolderPage, icons,
    sort::SortBy,
    units::{Minute, Size},
};
use crate::{
    drive::{Entry, Kind},
    identity::Signer,
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
        let mut links =
            Links { base: frame.base, own: &own, full: &full, signer: frame.signer, plain: plain(self.page.full) };
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
        colgroup { col; col.size; col.time; col.relay; }
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
}

impl Links<'_> {
    fn folder(&self, out: &mut String, encoded: &str) {
        out.extend([self.own, encoded]);
    }

    /// A file at `/d` or `/p`; `name` is not encoded.
    fn file(&mut self, out: &mut String, route: &str, encoded: &str, name: &str) {
        out.extend([self.base, route, self.full, encoded]);
        if let Some(signer) = self.signer {
            let folder = self.plain.len();
            self.plain.push_str(name);
            out.push_str("?sign=");
            signer.write(out, &self.plain);
            self.plain.truncate(folder);
        }
    }
}

/// One entry. Written piece by piece, as a page has thousands.
fn row(out: &mut String, links: &mut Links<'_>, encoded: &str, entry: &Entry) {
    let name = entry.name.as_str();
    let finished = match entry.kind {
        Kind::Folder => true,
        Kind::File { complete, .. } => complete,
    };
    out.push_str("<tr class=\"");
    out.push_str(icons::of(entry));
    if finished {
        out.push_str("\"><th scope=\"row\"><a href=\"");
        match entry.kind {
            Kind::Folder => links.folder(out, encoded),
            Kind::File { .. } => links.file(out, "/d", encoded, name),
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
        links.file(out, "/p", encoded, name);
        out.push_str("\" title=\"through this server\">relay</a></td></tr>");
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
