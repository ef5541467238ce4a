//! How the gateway is seen from outside: below which path, at which host, and who is really at the other end of a connection.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use http::{HeaderMap, HeaderName, Uri, header};
use ipnet::IpNet;
use url::Url;

use super::layers::Peer;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What a supervisor asks for, which knows no base path.
const SUPERVISED: [&str; 2] = ["/healthz", "/readyz"];

/// What the configuration says of it.
#[derive(Debug, Clone, Default)]
pub struct Site {
    base: Box<str>,
    public: Option<Public>,
    trusted: Vec<IpNet>,
}

/// Where an address leads that is not below the base path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outside {
    /// It means the gateway, which begins here.
    Home(String),
    Elsewhere,
}

#[derive(Debug, Clone)]
struct Public {
    https: bool,
    host: Box<str>,
}

impl Site {
    /// `base` stands before every path: empty, or a slash and a name, as often as wanted. `trusted` are the proxies that are
    /// believed when they say for whom they ask.
    pub fn new(base: &str, public: Option<&Url>, trusted: Vec<IpNet>) -> Self {
        let public = public.map(|url| Public { https: url.scheme() == "https", host: authority(url).into() });
        Self { base: base.into(), public, trusted }
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The path that a request means; `None` where it is outside of the gateway.
    pub(super) fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.base.is_empty() {
            return Some(path);
        }
        path.strip_prefix(&*self.base).filter(|rest| rest.starts_with('/'))
    }

    /// Takes the base path away from a request's address.
    pub(super) fn enter(&self, uri: &mut Uri) -> Result<(), Outside> {
        if self.base.is_empty() || SUPERVISED.contains(&uri.path()) {
            return Ok(());
        }
        let path = uri.path();
        if path == "/" || path == &*self.base {
            return Err(Outside::Home(format!("{}/", self.base)));
        }
        if self.below(path).is_none() {
            return Err(Outside::Elsewhere);
        }
        let rest = uri.path_and_query().and_then(|whole| whole.as_str().get(self.base.len()..));
        *uri = rest.and_then(|rest| rest.parse().ok()).ok_or(Outside::Elsewhere)?;
        Ok(())
    }

    /// Whoever asks: who is at the other end, or for whom a trusted proxy says that it asks.
    pub(super) fn client(&self, headers: &HeaderMap, peer: Option<Peer>) -> IpAddr {
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| peer.ip().to_canonical());
        if !self.trusts(peer) {
            return peer;
        }
        // From the nearest proxy on, as long as each is one of ours: what stands before that may be anybody's invention.
        let mut client = peer;
        for hop in hops(headers) {
            let Some(address) = hop else { break };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    /// Whether the client's connection is encrypted, as far as anybody says so: a proxy, or the public URL where that is
    /// what was asked for. Nobody is kept out who comes by another way than that.
    pub(super) fn is_https(&self, headers: &HeaderMap, peer: Option<Peer>) -> bool {
        let public = self.public.as_ref().filter(|public| public.https);
        public.is_some_and(|public| host(headers).is_some_and(|host| host.eq_ignore_ascii_case(&public.host)))
            || self.said(headers, peer, &FORWARDED_PROTO, "proto").is_some_and(|proto| proto == "https")
    }

    /// Whether this, a host with its port, is how the client calls us.
    pub(super) fn is_own_host(&self, headers: &HeaderMap, peer: Option<Peer>, name: &str) -> bool {
        let public = self.public.as_ref().map(|public| Cow::Borrowed(&*public.host));
        let said = self.said(headers, peer, &FORWARDED_HOST, "host");
        let asked = host(headers).map(Cow::Borrowed);
        [public, said, asked].into_iter().flatten().any(|host| host.eq_ignore_ascii_case(name))
    }

    /// How addresses of ours begin for whoever asks, the base path with it: as configured, else as asked for.
    pub(super) fn origin(&self, headers: &HeaderMap, peer: Option<Peer>) -> String {
        let (https, host) = match &self.public {
            Some(public) => (public.https, Cow::Borrowed(&*public.host)),
            None => {
                let said = self.said(headers, peer, &FORWARDED_HOST, "host").filter(|host| is_authority(host));
                let asked = || host(headers).filter(|host| is_authority(host)).map(Cow::Borrowed);
                (self.is_https(headers, peer), said.or_else(asked).unwrap_or(Cow::Borrowed("localhost")))
            }
        };
        format!("{}://{host}{}", if https { "https" } else { "http" }, self.base)
    }

    /// What the nearest proxy says, if it is one of ours: in a header of its own, else in `Forwarded`.
    fn said<'a>(
        &self,
        headers: &'a HeaderMap,
        peer: Option<Peer>,
        name: &HeaderName,
        key: &str,
    ) -> Option<Cow<'a, str>> {
        let Peer(peer) = peer?;
        if !self.trusts(peer.ip().to_canonical()) {
            return None;
        }
        let own = elements(headers, name).next().map(Cow::Borrowed);
        own.or_else(|| parameter(elements(headers, &header::FORWARDED).next()?, key).map(Cow::Owned))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// True for a host, with or without a port: whoever asks is not to write more than that into our addresses.
fn is_authority(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    !text.is_empty() && text.bytes().all(fits)
}

/// Host and port of a URL, as a `Host` header has them.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Who asked whom, the nearest first; `None` where that is not said. `Forwarded` only counts where there is no
/// `X-Forwarded-For`: most proxies know only that, and hand on whatever `Forwarded` their client made up.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let known = headers.contains_key(FORWARDED_FOR);
    let usual = elements(headers, &FORWARDED_FOR).map(address);
    let standard = elements(headers, &header::FORWARDED).filter(move |_| !known);
    usual.chain(standard.map(|element| address(&parameter(element, "for")?)))
}

/// The elements of a list, which may stand in several headers; the last one first.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let values = headers.get_all(name).into_iter().rev();
    values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(',').map(str::trim))
}

fn parameter(element: &str, key: &str) -> Option<String> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case(key).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rstest::rstest;

    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
            .collect()
    }

    fn peer(address: &str) -> Option<Peer> {
        Some(Peer(SocketAddr::new(address.parse().unwrap(), 1)))
    }

    fn proxied() -> Site {
        Site::new("", None, vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()])
    }

    #[rstest]
    #[case::direct("192.0.2.9", &[], "192.0.2.9")]
    #[case::made_up("192.0.2.9", &[("x-forwarded-for", "127.0.0.1")], "192.0.2.9")]
    #[case::proxy_alone("127.0.0.1", &[], "127.0.0.1")]
    #[case::by_proxy("127.0.0.1", &[("x-forwarded-for", "192.0.2.7")], "192.0.2.7")]
    #[case::mapped("::ffff:127.0.0.1", &[("x-forwarded-for", "::ffff:192.0.2.7")], "192.0.2.7")]
    #[case::two_proxies("127.0.0.1", &[("x-forwarded-for", "192.0.2.7, 10.1.1.1")], "192.0.2.7")]
    #[case::two_headers("127.0.0.1", &[("x-forwarded-for", "192.0.2.7"), ("x-forwarded-for", "10.1.1.1")], "192.0.2.7")]
    #[case::invented_before("127.0.0.1", &[("x-forwarded-for", "1.1.1.1, 192.0.2.7")], "192.0.2.7")]
    #[case::nonsense("127.0.0.1", &[("x-forwarded-for", "1.1.1.1, unknown, 10.0.0.2")], "10.0.0.2")]
    #[case::only_nonsense("127.0.0.1", &[("x-forwarded-for", "x")], "127.0.0.1")]
    #[case::with_port("127.0.0.1", &[("x-forwarded-for", "192.0.2.7:1234")], "192.0.2.7")]
    #[case::standard("127.0.0.1", &[("forwarded", "for=1.1.1.1, For=\"[2001:db8::7]:80\";proto=https")], "2001:db8::7")]
    #[case::both("127.0.0.1", &[("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "192.0.2.7")], "192.0.2.7")]
    #[case::both_in_the_end_ours("127.0.0.1", &[("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "10.0.0.1")], "10.0.0.1")]
    #[case::hidden("127.0.0.1", &[("forwarded", "for=_hidden")], "127.0.0.1")]
    fn the_client_is_who_trusted_proxies_say(#[case] at: &str, #[case] said: &[(&str, &str)], #[case] want: &str) {
        assert_eq!(proxied().client(&headers(said), peer(at)), want.parse::<IpAddr>().unwrap());
        assert_eq!(Site::default().client(&headers(said), peer(at)), at.parse::<IpAddr>().unwrap().to_canonical());
    }

    /// Who asks, what is said, whether that is encrypted, and whether hosts `a` and `b` are ours.
    #[rstest]
    #[case("127.0.0.1", &[("host", "a")], false, [true, false])]
    #[case("127.0.0.1", &[("host", "A"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "b")], true, [true, true])]
    #[case("127.0.0.1", &[("host", "x"), ("forwarded", "proto=https;host=\"b\"")], true, [false, true])]
    #[case("127.0.0.1", &[("host", "a"), ("x-forwarded-proto", "https, http")], false, [true, false])]
    #[case("192.0.2.9", &[("host", "a"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "b")], false, [true, false])]
    fn scheme_and_host_are_what_the_request_and_trusted_proxies_say(
        #[case] at: &str,
        #[case] said: &[(&str, &str)],
        #[case] https: bool,
        #[case] own: [bool; 2],
    ) {
        let (site, headers) = (proxied(), headers(said));
        assert_eq!(site.is_https(&headers, peer(at)), https);
        assert_eq!(["a", "b"].map(|host| site.is_own_host(&headers, peer(at), host)), own);
    }

    #[test]
    fn a_public_url_is_ours_and_leaves_other_ways_in_open() {
        let site = Site::new("", Some(&"https://drive.example:444/x".parse().unwrap()), vec![]);
        let (outside, inside) = (headers(&[("host", "Drive.example:444")]), headers(&[("host", "10.0.0.2:5244")]));
        assert!(site.is_https(&outside, None) && !site.is_https(&inside, None));
        for headers in [&outside, &inside] {
            assert!(site.is_own_host(headers, None, "drive.example:444"));
            assert!(!site.is_own_host(headers, None, "evil.example"));
        }
        assert!(site.is_own_host(&inside, None, "10.0.0.2:5244"));
    }

    #[test]
    fn everything_is_below_the_base_path() {
        let site = Site::new("/a/b", None, vec![]);
        for (path, want) in
            [("/a/b/d/x", Some("/d/x")), ("/a/b/", Some("/")), ("/a/b", None), ("/a/bc/d", None), ("/d/x", None)]
        {
            assert_eq!(site.below(path), want, "{path}");
        }
        assert_eq!(Site::default().below("/d/x"), Some("/d/x"));
        let entered = |uri: &str| {
            let mut uri = uri.parse().unwrap();
            site.enter(&mut uri).map(|()| uri.to_string())
        };
        for (uri, want) in
            [("/a/b/", "/"), ("/a/b/x?y=/a/b", "/x?y=/a/b"), ("/a/b//x%2f", "//x%2f"), ("/healthz", "/healthz")]
        {
            assert_eq!(entered(uri), Ok(want.to_owned()), "{uri}");
        }
        for uri in ["/", "/a/b", "/a/b?x"] {
            assert_eq!(entered(uri), Err(Outside::Home("/a/b/".to_owned())), "{uri}");
        }
        assert_eq!(entered("/a/bc"), Err(Outside::Elsewhere));
    }
}
