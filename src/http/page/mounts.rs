//! Mounts as rows of a folder's page, with what ails them.

use maud::{Markup, html};

use super::{FolderPage, icons};

/// A mount, or an artificial folder on the way to one.
#[derive(Debug, Clone, Copy)]
pub struct MountRow<'a> {
    pub name: &'a str,
    /// Why it does not work, as a sentence.
    pub broken: Option<&'a str>,
    /// What else one should know: that it pauses, say.
    pub note: Option<&'a str>,
}

/// Those that are shown in a folder.
pub(super) fn mount_table(page: &FolderPage<'_>, mounts: &[MountRow<'_>]) -> Markup {
    html! {
        table.mounts {
            thead { tr { th scope="col" { "Name" } } }
            tbody {
                @for mount in mounts {
                    tr class={ (icons::DRIVE) @if mount.broken.is_some() { " broken" } } {
                        th scope="row" {
                            a href={ (page.frame.base) (page.path.join(mount.name).to_uri()) } { (mount.name) }
                            @if let Some(why) = mount.broken { p.why { (why) } }
                            @if let Some(note) = mount.note { p.note { (note) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::page::{Frame, Rows, Sort, folder, folder::tests::has},
        path::VirtualPath,
    };

    fn mounts_page(path: &str, mounts: &[MountRow<'_>]) -> String {
        let path = VirtualPath::from_plain(path).unwrap();
        folder(&FolderPage {
            frame: Frame::default(),
            path: &path,
            full: &path,
            rows: Rows::Mounts(mounts),
            nested: &[],
            sort: Sort::default(),
            age: None,
            stale: None,
            refresh: false,
            stable: None,
            playlist: None,
        })
    }

    #[test]
    fn the_root_shows_drives_and_what_ails_them() {
        let mounts = [
            MountRow { name: "115", broken: None, note: Some("Pauses for 9 min: 115 limits the account.") },
            MountRow { name: "a&b", broken: Some("The cookie is <dead>."), note: None },
        ];
        let page = mounts_page("/", &mounts);
        has(
            &page,
            &[
                "<title>gate115</title>",
                r#"<tr class="drive"><th scope="row"><a href="/115">115</a><p class="note">Pauses for 9 min"#,
                r#"<tr class="drive broken"><th scope="row"><a href="/a%26b">a&amp;b</a><p class="why">The cookie is &lt;dead&gt;.</p>"#,
                "2 drives",
            ],
        );
        assert!(!page.contains("<nav") && !page.contains("listed"), "{page}");
        has(&mounts_page("/", &[]), &["No drive is mounted here."]);
        has(&mounts_page("/x", &mounts), &[r#"href="/x/a%26b""#]);
    }
}
