//! Who asks, from a request.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderValue, header, request::Parts};

use super::{
    Edge,
    layers::{Peer, RequestId},
};
use crate::{
    drive::{CallerKind, Family},
    vfs::{Caller, View},
};

/// The namespace as this request's sender may see it.
pub(super) fn view(edge: &Edge, headers: &HeaderMap, peer: Option<Peer>, kind: CallerKind) -> View {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| peer.ip().to_canonical());
    let user_agent = headers.get(header::USER_AGENT).filter(|agent| !agent.is_empty()).cloned();
    View::new(edge.namespace.load_full(), Caller { kind, address, user_agent })
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
