//! Who asks, from a request.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, header, request::Parts};

use super::{
    Edge,
    layers::{Peer, RequestId},
};
use crate::vfs::{Caller, View};

/// The namespace as this request's sender may see it.
pub(super) fn view(edge: &Edge, headers: &HeaderMap, peer: Option<Peer>) -> View {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| peer.ip().to_canonical());
    let user_agent = headers.get(header::USER_AGENT).filter(|agent| !agent.is_empty()).cloned();
    View::new(edge.namespace.load_full(), Caller { address, user_agent })
}

pub(super) fn request_id(request: &Parts) -> &str {
    request.extensions.get::<RequestId>().map_or("", RequestId::as_str)
}
