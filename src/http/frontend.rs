//! Somebody else's frontend in place of our pages: its one page, made fit once, and its files as they are.

use std::{io, path::Path, time::Duration};

use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header, request::Parts};
use maud::html;
use tokio::{io::AsyncReadExt as _, time::timeout};
use tower_http::services::ServeDir;

use super::{Edge, api, error, extract, page};
use crate::error::{Error, Kind, Result};

/// Its folders of files. Whatever else is asked for is its page, which looks at the address itself.
const FOLDERS: [&str; 4] = ["assets", "images", "streamer", "static"];
/// A page that is longer is none.
const MAX_PAGE: u64 = 1 << 20;
/// Where it is told its base path.
const BASE: &str = "base_path: undefined";
/// Half a year, as OpenList has it: most of its files are named by what is in them.
const LONG: &str = "public, max-age=15552000";
/// For a disk that hangs.
const PATIENCE: Duration = Duration::from_secs(15);

/// An unpacked OpenList frontend.
#[derive(Debug)]
pub struct Frontend {
    page: Bytes,
    files: ServeDir,
}

impl Frontend {
    /// The one whose `index.html` lies in this folder, for a gateway below `base`.
    pub async fn open(dir: &Path, base: &str) -> Result<Self> {
        let text = read(&dir.join("index.html")).await.map_err(|cause| {
            let what = format!("The index.html in {} (server.frontend_dir) cannot be read: {cause}.", dir.display());
            Error::new(Kind::Internal, what)
        })?;
        let icon = page::icon_address(base);
        let look = Look { base, color: api::COLOR, favicon: &icon, logo: &icon, title: api::TITLE };
        if !text.contains(BASE) {
            tracing::warn!(
                "the index.html in {} (server.frontend_dir) is not that of an OpenList frontend",
                dir.display()
            );
        }
        let page = look.put_on(text);
        let files = ServeDir::new(dir).append_index_html_on_directories(false);
        Ok(Self { page: page.into(), files })
    }

    /// The answer to a GET or HEAD of whatever is no route of ours.
    pub(super) async fn answer(&self, edge: &Edge, request: Parts) -> Response {
        let first = request.uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
        if FOLDERS.contains(&first) { self.file(edge, request).await } else { self.page() }
    }

    fn page(&self) -> Response {
        let mut response = Response::new(Body::from(self.page.clone()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // It plays 115's own links, and 115 need not learn where from.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        response
    }

    async fn file(&self, edge: &Edge, request: Parts) -> Response {
        let asked = request.headers.clone();
        let id = extract::request_id(&request).to_owned();
        let failed = |error| error::respond(edge.site.base(), &asked, error, None, &id);
        let missing = || failed(Error::new(Kind::NotFound, "The frontend has no such file."));
        let opening = self.files.clone().try_call(Request::from_parts(request, Body::empty()));
        let opened = timeout(PATIENCE, opening).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let mut response = match opened {
            Ok(answer) if answer.status() == StatusCode::NOT_FOUND => return missing(),
            Ok(answer) => answer.map(Body::new),
            // A name that no file can have.
            Err(cause) if cause.kind() == io::ErrorKind::InvalidFilename => return missing(),
            Err(cause) => {
                return failed(Error::new(Kind::Storage, "A file of the frontend cannot be read.").source(cause));
            }
        };
        let has_come = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if has_come { LONG } else { "no-store" }));
        response
    }
}

async fn read(page: &Path) -> io::Result<String> {
    let mut text = String::new();
    tokio::fs::File::open(page).await?.take(MAX_PAGE + 1).read_to_string(&mut text).await?;
    if text.len() as u64 > MAX_PAGE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than a MiB"));
    }
    Ok(text)
}

/// What a frontend is told by way of its page.
struct Look<'a> {
    base: &'a str,
    color: &'a str,
    /// Addresses of ours, for the pictures that would come from elsewhere.
    favicon: &'a str,
    logo: &'a str,
    title: &'a str,
}

impl Look<'_> {
    /// The page with all that in it. What has no place in this page is left out.
    fn put_on(&self, mut page: String) -> String {
        let manifest = format!("href=\"{}/manifest.json\"", html! { (self.base) }.into_string());
        let base = if self.base.is_empty() { "/" } else { self.base };
        for (place, text) in [
            ("cdn: undefined", format!("cdn: {}", script(self.base))),
            (BASE, format!("base_path: {}", script(base))),
            ("main_color: undefined", format!("main_color: {}", script(self.color))),
            ("href=\"/manifest.json\"", manifest),
            ("Loading...", html! { (self.title) }.into_string()),
        ] {
            page = page.replacen(place, &text, 1);
        }
        for (ending, address) in [(".svg", self.favicon), (".png", self.logo)] {
            if let Some(place) = picture(&page, ending) {
                page.replace_range(place, &html! { (address) }.into_string());
            }
        }
        page
    }
}

/// A text as a script has it, within an element of HTML.
fn script(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}

/// Where in a page the first picture of this kind is named that is somewhere else.
fn picture(page: &str, ending: &str) -> Option<std::ops::Range<usize>> {
    page.match_indices("\"https://").find_map(|(quote, _)| {
        let address = page[quote + 1..].split('"').next()?;
        address.ends_with(ending).then_some(quote + 1..quote + 1 + address.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "</script><b>'\"\\&\n";

    #[test]
    fn what_a_page_is_told_stays_where_it_is_put() {
        let look = Look { base: EVIL, color: EVIL, favicon: EVIL, logo: EVIL, title: EVIL };
        let page = "cdn: undefined, base_path: undefined, main_color: undefined | href=\"/manifest.json\" | Loading... | \
                    src=\"https://x.example/a.svg\" href=\"https://x.example/b.png\"";
        let quoted = r#""\u003c/script>\u003cb>'\"\\&\n""#;
        let html = "&lt;/script&gt;&lt;b&gt;'&quot;\\&amp;\n";
        let want = format!(
            "cdn: {quoted}, base_path: {quoted}, main_color: {quoted} | href=\"{html}/manifest.json\" | {html} | src=\"{html}\" href=\"{html}\""
        );
        assert_eq!(look.put_on(page.to_owned()), want);
    }

    #[test]
    fn the_first_of_each_is_meant_and_what_is_not_there_is_left_out() {
        let look = Look { base: "", color: "#123456", favicon: "/i", logo: "/l", title: "T" };
        for (page, want) in [
            ("", ""),
            ("base_path: undefined, base_path: undefined", "base_path: \"/\", base_path: undefined"),
            ("cdn: undefined", "cdn: \"\""),
            (
                "\"https://a/x.js\" \"https://a/x.svg?v\" \"/x.svg\" 'https://a/x.svg'",
                "\"https://a/x.js\" \"https://a/x.svg?v\" \"/x.svg\" 'https://a/x.svg'",
            ),
            ("\"https://a/x.svg\" \"https://b/y.svg\" \"https://c/z.png\"", "\"/i\" \"https://b/y.svg\" \"/l\""),
            ("\"https://", "\"https://"),
        ] {
            assert_eq!(look.put_on(page.to_owned()), want);
        }
    }
}
