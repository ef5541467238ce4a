//! `/api/fs/m3u`: what is to be played of a folder, as a list that players open. No envelope, and the real status.

use axum::{body::Body, response::Response};
use http::{HeaderValue, header, request::Parts};
use url::form_urlencoded;

use crate::{
    deliver::{disposition::attachment, media::is_played},
    drive::CallerKind,
    error::{Error, Kind, Result},
    http::{Edge, access, error, extract, layers::Peer},
    identity::is_stable,
    path::VirtualPath,
    vfs::{Folder, Node},
};

/// For whoever may read the folder at a full path: guests where they may read, or with a sign of it, or with a login that reaches it.
pub(super) async fn playlist(edge: &Edge, request: &Parts) -> Response {
    written(edge, request).await.unwrap_or_else(|cause| {
        error::respond(edge.site.base(), &request.headers, cause, None, extract::request_id(request))
    })
}

async fn written(edge: &Edge, request: &Parts) -> Result<Response> {
    let query = request.uri.query();
    let wanted = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).find(|(name, _)| name == "path");
    let Some((_, wanted)) = wanted else {
        return Err(Error::new(Kind::Invalid, "Say of which folder, in the address: ?path=/…"));
    };
    let path = VirtualPath::from_plain(&wanted)?;
    if is_stable(path.as_str()) {
        // The sign of such a path is of a file, and no folder's.
        return Err(Error::new(Kind::Invalid, "This is the path of a stable link. Ask for the folder its file is in."));
    }
    access::admit_reader(&edge.guard, &request.headers, query, &path)?;
    let peer = request.extensions.get::<Peer>().copied();
    let view = extract::view(edge, &request.headers, peer, None, CallerKind::Player);
    let list = match view.open(&path).await? {
        Node::File(_) => return Err(Error::new(Kind::Invalid, "This is a file. Ask for the folder it is in.")),
        Node::Folder(Folder::Mounts(_, Some(trouble))) => return Err(trouble),
        Node::Folder(Folder::Mounts(_, None)) => String::new(),
        Node::Folder(Folder::Drive { entry, mounted, nested }) => {
            let known = view.list(&path, &entry, &mounted, false).await?;
            let (origin, signer) = (edge.site.origin(&request.headers, peer), edge.guard.signer());
            let played = known.listing.entries().iter().filter(|entry| {
                let name = entry.name.as_str();
                entry.can_be_opened() && is_played(name) && !nested.iter().any(|nested| nested == name)
            });
            played.fold(String::new(), |list, entry| {
                let full = path.join(entry.name.as_str());
                let sign = signer.as_ref().map(|signer| format!("?sign={}", signer.sign(full.as_str())));
                let title = entry.name.as_str().replace(char::is_control, " ");
                list + &format!("#EXTINF:-1,{title}\n{origin}/d{}{}\n", full.to_uri(), sign.unwrap_or_default())
            })
        }
    };
    let mut response = Response::new(Body::from(format!("#EXTM3U\n{list}")));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.apple.mpegurl; charset=utf-8"));
    // A browser that is led here hands it to a player.
    let name = if path.is_root() { "gate115" } else { path.name() };
    headers.insert(header::CONTENT_DISPOSITION, attachment(&format!("{name}.m3u8")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}
