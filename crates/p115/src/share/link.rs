//! Which way to a link for a file of a share, and in whose name (`docs/115.md` §9.2).

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::HeaderValue;

use super::ways::Errand;
use crate::error::{Error, Kind, Site};
use crate::gate::AGENT;
use crate::web::{Ask, Binding, CdnLink, Search, names_115};
use crate::wire::{PROAPI, SHARE_SITE, WEBAPI};

/// What a share's links have taught.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Asking without a User-Agent gave a bound link or none: it is not tried again.
    unbound_fails: AtomicBool,
    /// A name that is not 115's was refused: 115's own is taken at once.
    wants_115: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The app's without a User-Agent: no binding.
    Unbound,
    /// The app's with the client's: bound to it.
    App,
    /// The app's with 115's own: bound to that, so it is of no use to a redirect.
    AppAs115,
    /// The share site's with the client's.
    Site,
    /// The web's with ours, 200 MB at most.
    Web,
}

impl Way {
    fn host(self) -> &'static str {
        match self {
            Self::Unbound | Self::App | Self::AppAs115 => PROAPI,
            Self::Site => SHARE_SITE,
            Self::Web => WEBAPI,
        }
    }

    async fn go(self, errand: &Errand<'_>, client: Option<HeaderValue>) -> Result<CdnLink, Error> {
        match self {
            Self::Unbound => errand.app(None).await,
            Self::App => errand.app(client).await,
            Self::AppAs115 => errand.app(Some(AGENT)).await,
            Self::Site => errand.site(client).await,
            Self::Web => errand.web(AGENT).await,
        }
    }
}

/// Every way that may be taken; `AppAs115` only where the app API has refused the client's name, now or before.
fn order(ask: &Ask, memory: &Memory) -> Vec<Way> {
    let mut ways = Vec::with_capacity(5);
    let unbound = ask.unbound && !memory.unbound_fails.load(Ordering::Relaxed);
    if unbound {
        ways.push(Way::Unbound);
    }
    // For a client without a User-Agent it is the same call as the unbound one.
    let same = unbound && ask.user_agent.is_none();
    let foreign = !ask.user_agent.as_ref().is_some_and(|agent| names_115(agent.as_bytes()));
    let refused = foreign && memory.wants_115.load(Ordering::Relaxed);
    if !same && !refused {
        ways.push(Way::App);
    }
    if foreign {
        ways.push(Way::AppAs115);
    }
    ways.extend([Way::Site, Way::Web]);
    ways
}

pub(super) async fn find(errand: Errand<'_>, memory: &Memory, ask: &Ask) -> Result<CdnLink, Error> {
    let mut search = Search::default();
    let mut refused = memory.wants_115.load(Ordering::Relaxed);
    for way in order(ask, memory) {
        if search.shuns(way.host()) || (way == Way::AppAs115 && !refused) {
            continue;
        }
        let errand = Errand { blocked: search.blocked(), ..errand };
        let error = match way.go(&errand, ask.user_agent.clone()).await {
            Ok(link) if way == Way::Unbound && link.binding != Binding::None => {
                memory.unbound_fails.store(true, Ordering::Relaxed);
                // Bound to having no User-Agent, which suits a client that has none.
                if ask.user_agent.is_none() && link.binding == Binding::UserAgent {
                    return Ok(link);
                }
                continue;
            }
            Ok(link) if link.binding == Binding::Cookie && link.cookie.is_none() => {
                let site = Site { call: "share_link", host: way.host() };
                Error::new(Kind::WayClosed, site, "the link wants a cookie that the reply does not give")
            }
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        if error.wants_newer_client() {
            match way {
                Way::Unbound => memory.unbound_fails.store(true, Ordering::Relaxed),
                Way::App => memory.wants_115.store(true, Ordering::Relaxed),
                _ => {}
            }
            refused |= way == Way::App || ask.user_agent.is_none();
        }
        search.failed(error)?;
    }
    Err(search.over(WEBAPI))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some("VLC/3"), false, &[Way::App, Way::AppAs115, Way::Site, Way::Web])]
    #[case(Some("VLC/3"), true, &[Way::Unbound, Way::App, Way::AppAs115, Way::Site, Way::Web])]
    #[case(Some("Mozilla/5.0 115Browser/27"), true, &[Way::Unbound, Way::App, Way::Site, Way::Web])]
    #[case(None, false, &[Way::App, Way::AppAs115, Way::Site, Way::Web])]
    #[case(None, true, &[Way::Unbound, Way::AppAs115, Way::Site, Way::Web])]
    fn the_order_of_the_ways(#[case] agent: Option<&'static str>, #[case] unbound: bool, #[case] ways: &[Way]) {
        let ask = Ask { user_agent: agent.map(HeaderValue::from_static), unbound };
        assert_eq!(order(&ask, &Memory::default()), ways);
    }

    #[test]
    fn a_name_that_was_refused_is_not_tried_again() {
        let memory = Memory::default();
        memory.wants_115.store(true, Ordering::Relaxed);
        memory.unbound_fails.store(true, Ordering::Relaxed);
        let of = |agent| Ask { user_agent: Some(HeaderValue::from_static(agent)), unbound: true };
        assert_eq!(order(&of("VLC/3"), &memory), [Way::AppAs115, Way::Site, Way::Web]);
        assert_eq!(order(&of("115Browser/1"), &memory), [Way::App, Way::Site, Way::Web]);
    }
}
