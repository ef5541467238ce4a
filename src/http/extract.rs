//! Who asks, from a request.

use http::{HeaderMap, HeaderValue, header, request::Parts};

use super::{
    Edge,
    layers::{Peer, RequestId},
};
use crate::{
    drive::{CallerKind, Family},
    path::VirtualPath,
    vfs::{Caller, View},
};

/// The namespace as this request's sender may see it: all of it, or what is at and below a folder.
pub(super) fn view(
    edge: &Edge,
    headers: &HeaderMap,
    peer: Option<Peer>,
    within: Option<&VirtualPath>,
    kind: CallerKind,
) -> View {
    let user_agent = headers.get(header::USER_AGENT).filter(|agent| !agent.is_empty()).cloned();
    let address = edge.site.client(headers, peer);
    let within = within.filter(|base| !base.is_root()).cloned();
    View::new(edge.namespace.load_full(), Caller { kind, address, user_agent, within })
}

/// What kind of reader of pages this is: whoever is no browser reads them all.
pub(super) fn reader(headers: &HeaderMap) -> CallerKind {
    match Family::of(headers.get(header::USER_AGENT).map(HeaderValue::as_bytes)) {
        Family::Browser => CallerKind::Person,
        _ => CallerKind::Scan,
    }
}

pub(super) fn request_id(request: &Parts) -> &str {
    request.extensions.get::<RequestId>().map_or("", RequestId::as_str)
}
