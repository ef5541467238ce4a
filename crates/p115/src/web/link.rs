//! Which way to a link, and when to try the next one (`docs/115.md` §4.2-4.4, §11 advice 8 and 9).

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::HeaderValue;

use super::search::Search;
use super::ways::{self, Binding, CdnLink};
use crate::error::{Error, Kind, Site};
use crate::gate::Gate;
use crate::types::PickCode;
use crate::wire::{PROAPI, WEBAPI};

/// Who will fetch the bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// The User-Agent the CDN will see, byte for byte; `None` for a client that sends none.
    pub user_agent: Option<HeaderValue>,
    /// Whether a link bound to nothing is wanted, which 115 gives to those who name no User-Agent.
    pub unbound: bool,
}

/// What an account has taught about links.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Asking without a User-Agent gave a bound link or none: it is not tried again.
    unbound_fails: AtomicBool,
}

impl Memory {
    pub(crate) fn gives_unbound(&self) -> bool {
        !self.unbound_fails.load(Ordering::Relaxed)
    }

    pub(crate) fn forget(&self) {
        self.unbound_fails.store(false, Ordering::Relaxed);
    }

    fn unbound_failed(&self) {
        self.unbound_fails.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Chrome without a User-Agent: no binding.
    Unbound,
    /// Chrome with the client's: bound to it.
    Chrome,
    /// Android with the client's: bound to it.
    Android,
    /// The web with ours: bound to it and a cookie, 200 MB at most.
    Web,
}

impl Way {
    fn host(self) -> &'static str {
        match self {
            Self::Unbound | Self::Chrome | Self::Android => PROAPI,
            Self::Web => WEBAPI,
        }
    }

    async fn go(
        self,
        gate: &Gate,
        code: &PickCode,
        ask: &Ask,
        blocked: Option<&'static str>,
    ) -> Result<CdnLink, Error> {
        match self {
            Self::Unbound => ways::chrome(gate, code, None, blocked).await,
            Self::Chrome => ways::chrome(gate, code, ask.user_agent.clone(), blocked).await,
            Self::Android => ways::android(gate, code, ask.user_agent.clone(), blocked).await,
            Self::Web => ways::web(gate, code, blocked).await,
        }
    }
}

fn order(ask: &Ask, memory: &Memory) -> Vec<Way> {
    let mut ways = Vec::with_capacity(4);
    let unbound = ask.unbound && memory.gives_unbound();
    if unbound {
        ways.push(Way::Unbound);
    }
    // To its own browser the chrome way gives links that want a cookie. And for a client without a User-Agent it is
    // the same call as the unbound one.
    let own = ask.user_agent.as_ref().is_some_and(|agent| names_115(agent.as_bytes()));
    let same = unbound && ask.user_agent.is_none();
    if !own && !same {
        ways.push(Way::Chrome);
    }
    ways.extend([Way::Android, Way::Web]);
    ways
}

pub(crate) async fn link(gate: &Gate, memory: &Memory, code: &PickCode, ask: &Ask) -> Result<CdnLink, Error> {
    let mut search = Search::default();
    let mut closed = false;
    for way in order(ask, memory) {
        if search.shuns(way.host()) || (closed && way == Way::Chrome) {
            continue;
        }
        let error = match way.go(gate, code, ask, search.blocked()).await {
            Ok(link) if way == Way::Unbound && link.binding != Binding::None => {
                memory.unbound_failed();
                // Bound to having no User-Agent, which suits a client that has none.
                if ask.user_agent.is_none() && link.binding == Binding::UserAgent {
                    return Ok(link);
                }
                continue;
            }
            Ok(link) if link.binding == Binding::Cookie && link.cookie.is_none() => {
                let site = Site { call: "link", host: way.host() };
                Error::new(Kind::WayClosed, site, "the link wants a cookie that the reply does not give")
            }
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        if way == Way::Unbound && error.wants_newer_client() {
            memory.unbound_failed();
        } else if way == Way::Unbound && error.kind == Kind::WayClosed {
            // The same endpoint for another User-Agent is as closed.
            closed = true;
        }
        search.failed(error)?;
    }
    Err(search.over(WEBAPI))
}

/// Whether a User-Agent is that of 115's own browser, which gets links of another kind.
pub(crate) fn names_115(agent: &[u8]) -> bool {
    const NAME: &[u8] = b"115browser";
    agent.windows(NAME.len()).any(|part| part.eq_ignore_ascii_case(NAME))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some("VLC/3"), false, &[Way::Chrome, Way::Android, Way::Web])]
    #[case(Some("VLC/3"), true, &[Way::Unbound, Way::Chrome, Way::Android, Way::Web])]
    #[case(Some("Mozilla/5.0 115browser/27"), false, &[Way::Android, Way::Web])]
    #[case(Some("Mozilla/5.0 115Browser/27"), true, &[Way::Unbound, Way::Android, Way::Web])]
    #[case(None, false, &[Way::Chrome, Way::Android, Way::Web])]
    #[case(None, true, &[Way::Unbound, Way::Android, Way::Web])]
    fn the_order_of_the_ways(#[case] agent: Option<&'static str>, #[case] unbound: bool, #[case] ways: &[Way]) {
        let ask = Ask { user_agent: agent.map(HeaderValue::from_static), unbound };
        assert_eq!(order(&ask, &Memory::default()), ways);
    }

    #[test]
    fn what_failed_unbound_is_not_tried_again() {
        let memory = Memory::default();
        memory.unbound_failed();
        assert_eq!(order(&Ask { user_agent: None, unbound: true }, &memory), [Way::Chrome, Way::Android, Way::Web]);
    }
}
