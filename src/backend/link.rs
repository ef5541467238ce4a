//! Audiences as questions to 115, and its links as ours.

use http::{HeaderMap, HeaderValue, header};
use p115::{Ask, CdnLink};
use secrecy::ExposeSecret;

use crate::{
    drive::{Audience, Binding, Link},
    error::{Error, Kind, Result},
};

/// What our relay calls itself: an ordinary name, since 115 gives a browser of its own another kind of link.
const RELAY: HeaderValue = HeaderValue::from_static(concat!("gate115/", env!("CARGO_PKG_VERSION")));

pub(super) fn ask(audience: &Audience, unbound: bool) -> Ask {
    match audience {
        Audience::Client(user_agent) => Ask { user_agent: user_agent.clone(), unbound },
        Audience::Gateway => Ask { user_agent: Some(RELAY), unbound },
    }
}

pub(super) fn link(found: CdnLink) -> Result<Link> {
    let bad = || Error::new(Kind::Upstream, "115 gave a link that is no URL.");
    let mut url = HeaderValue::try_from(found.url.as_str()).map_err(|_| bad())?;
    url.set_sensitive(true);
    let mut headers = HeaderMap::with_capacity(2);
    // An empty one means that none must be sent.
    match found.user_agent {
        Some(none) if none.is_empty() => {}
        agent => drop(headers.insert(header::USER_AGENT, agent.unwrap_or(RELAY))),
    }
    if let Some(cookie) = found.cookie {
        let mut cookie = HeaderValue::try_from(cookie.expose_secret()).map_err(|_| bad())?;
        cookie.set_sensitive(true);
        headers.insert(header::COOKIE, cookie);
    }
    Ok(Link {
        url,
        headers,
        binding: match found.binding {
            p115::Binding::None => Binding::None,
            p115::Binding::UserAgent => Binding::UserAgent,
            p115::Binding::Cookie => Binding::Cookie,
        },
        expires: found.expires,
        connections: found.connections,
        account_connections: found.account_connections,
    })
}
