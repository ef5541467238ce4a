//! The 302: never remembered, tells who is asked next nothing of where the client came from.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::{drive::Link, vfs::Kept};

/// Sends a client to its link. `Range` and `If-*` are not looked at: they speak of what the CDN sent. Always 302 with
/// `no-store`: FFmpeg remembers a 301, or a 302 with `max-age`, and asks the dead URL when the link has expired.
pub fn redirect<B: Default>(kept: &Kept) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::FOUND;
    *response.headers_mut() = kept.head(head).clone();
    response
}

/// Sends a client to a download proxy, in the same words.
pub fn hop<B: Default>(url: HeaderValue) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::FOUND;
    *response.headers_mut() = to(url);
    response
}

fn head(link: &Link) -> HeaderMap {
    to(link.url.clone())
}

fn to(url: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::LOCATION, url);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers
}
