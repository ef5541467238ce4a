//! The pages for people: folders as listings, and what belongs to them.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::{
    Edge, access, api, error, extract, files, login,
    page::{self, FolderPage, Frame, MountRow, Playlist, Rows, Sort, Stable},
    site::Outside,
};
use crate::{
    drive::Entry,
    error::Result,
    identity::Identity,
    path::VirtualPath,
    vfs::{self, Folder, Node, View},
};

/// Any path that is no route: a folder's page; a file's is its link. With a frontend, what that makes of it.
pub(super) async fn browse(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return files::method_not_allowed();
    }
    if let Some(frontend) = edge.frontend.load_full() {
        return frontend.answer(&edge, request).await;
    }
    let Some(visitor) = access::visitor(&edge, &request.headers) else {
        return login::ask(&edge, &request, "Log in to see this.");
    };
    let peer = request.extensions.get().copied();
    let reader = extract::reader(&request.headers);
    let view = extract::view(&edge, &request.headers, peer, Some(visitor.base_path()), reader);
    let answer = match VirtualPath::from_uri(request.uri.path()) {
        Ok(path) => show(&edge, &view, &visitor, &path, request.uri.query()).await,
        Err(cause) => Err(cause.into()),
    };
    answer.unwrap_or_else(|cause| {
        error::respond(edge.site.base(), &request.headers, cause, None, extract::request_id(&request))
    })
}

/// What the visitor calls `own`.
async fn show(
    edge: &Edge,
    view: &View,
    visitor: &Identity,
    own: &VirtualPath,
    query: Option<&str>,
) -> Result<Response> {
    let full = &visitor.full(own);
    let base = edge.site.base();
    let signer = edge.guard.signer();
    let user = (!visitor.is_guest()).then(|| visitor.name());
    let frame = Frame { base, user, signer: signer.as_ref() };
    let sort = Sort::from_query(query);
    let refresh = query.unwrap_or_default().split('&').any(|pair| pair == "refresh=1");
    let html = match view.open(full).await? {
        Node::File(_) => {
            let sign = signer.map_or_else(String::new, |signer| format!("?sign={}", signer.sign(full.as_str())));
            return Ok(found(&format!("{base}/d{}{sign}", full.to_uri())));
        }
        Node::Folder(Folder::Mounts(names, trouble)) => {
            let states = states(view, full, &names);
            let rows = Rows::Mounts(&rows(&names, &states));
            page::folder(&FolderPage {
                frame,
                path: own,
                full,
                rows,
                nested: &[],
                sort,
                age: None,
                stale: trouble.as_ref().map(crate::error::Error::message),
                refresh: false,
                stable: None,
                playlist: None,
            })
        }
        Node::Folder(Folder::Drive { entry, mounted, nested }) => {
            let known = view.list(full, &entry, &mounted, refresh).await?;
            if refresh {
                // Without the wish, so that reloading the page is not refreshing it.
                let query = if sort.is_default() { String::new() } else { format!("?{sort}") };
                return Ok(found(&format!("{base}{}{query}", own.to_uri())));
            }
            let stale = known.stale.as_ref().map(crate::error::Error::message);
            let age = Some(Duration::from_secs(known.age.as_secs()));
            let states = states(view, full, &nested);
            // A mount hides what the drive has under its name.
            let seen: Vec<_>;
            let mut entries = known.listing.entries();
            if !nested.is_empty() {
                let hidden = |entry: &Entry| nested.iter().any(|name| name == entry.name.as_str());
                seen = entries.iter().filter(|entry| !hidden(entry)).map(Arc::clone).collect();
                entries = &seen;
            }
            let (rows, nested) = (Rows::Entries(entries), &rows(&nested, &states)[..]);
            let signer = edge.guard.strict_signer();
            let stable = mounted.codes().map(|codes| Stable { codes, signer: &signer });
            let playlist = Some(Playlist { signer: edge.guard.guest().is_none().then_some(&signer) });
            page::folder(&FolderPage {
                frame,
                path: own,
                full,
                rows,
                nested,
                sort,
                age,
                stale,
                refresh: true,
                stable,
                playlist,
            })
        }
    };
    Ok(html_page(html))
}

/// What is to be said of a mount: why it does not work, and what else.
type MountState = (Option<String>, Option<String>);

fn states(view: &View, path: &VirtualPath, names: &[String]) -> Vec<MountState> {
    names.iter().map(|name| state_of(view, &path.join(name))).collect()
}

fn rows<'a>(names: &'a [String], states: &'a [MountState]) -> Vec<MountRow<'a>> {
    let rows = names.iter().zip(states);
    rows.map(|(name, (broken, note))| MountRow { name, broken: broken.as_deref(), note: note.as_deref() }).collect()
}

/// Why the mount at this path does not work, and what else is to be said of it.
fn state_of(view: &View, path: &VirtualPath) -> MountState {
    let Some(mount) = view.namespace().mounts().iter().find(|mount| mount.path() == path) else { return (None, None) };
    match mount.state() {
        vfs::State::Working(mounted) => {
            let trouble = mounted.drive().trouble().map(|error| error.message().to_owned());
            (trouble, mounted.drive().pause().map(|pause| pause.reason))
        }
        vfs::State::Starting => (None, Some("It is being started.".to_owned())),
        vfs::State::Failed(error) => (Some(error.message().to_owned()), None),
    }
}

pub(super) fn html_page(html: String) -> Response {
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::CSP));
    // With no-referrer a browser would not say either that a form comes from here.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

pub(super) fn found(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    if let Ok(to) = HeaderValue::try_from(to) {
        headers.insert(header::LOCATION, to);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

/// The answer to an address that is not below the base path.
pub(super) fn outside(outside: Outside) -> Response {
    match outside {
        Outside::Home(home) => found(&home),
        Outside::Elsewhere => {
            (StatusCode::NOT_FOUND, "There is nothing here. The gateway is at another path.\n").into_response()
        }
    }
}

/// Pages ask for it by version, so it may be kept for ever.
const FOR_EVER: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

pub(super) async fn stylesheet() -> impl IntoResponse {
    let (_, css) = page::stylesheet();
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), FOR_EVER], css)
}

pub(super) async fn icon() -> impl IntoResponse {
    let (_, svg) = page::icon();
    (
        [
            (header::CONTENT_TYPE, "image/svg+xml"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
            FOR_EVER,
        ],
        svg,
    )
}

/// Nobody wants a search engine to open every file of the drive.
pub(super) async fn robots() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "User-agent: *\nDisallow: /\n")
}

/// For programs that look there whatever a page says.
pub(super) async fn favicon(State(edge): State<Arc<Edge>>) -> impl IntoResponse {
    found(&page::icon_address(edge.site.base()))
}

/// What a browser wants to know of a page that is kept as a program.
pub(super) async fn manifest(State(edge): State<Arc<Edge>>) -> impl IntoResponse {
    let base = edge.site.base();
    let manifest = json!({
        "name": api::TITLE,
        "display": "standalone",
        "scope": format!("{base}/"),
        "start_url": format!("{base}/"),
        "icons": [{ "src": page::icon_address(base), "sizes": "any", "type": "image/svg+xml" }],
    });
    let kept = (header::CACHE_CONTROL, "public, max-age=3600");
    ([(header::CONTENT_TYPE, "application/manifest+json"), kept], manifest.to_string())
}
