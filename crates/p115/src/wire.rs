//! Which servers are spoken to and whose keys are trusted: data, so that a simulator is a value and not a branch.

use std::collections::BTreeMap;

use url::Url;

use crate::cipher::m115::PublicKey;
use crate::cipher::unhex;

/// The web API: listings, folder ids, the web way to a link.
pub(crate) const WEBAPI: &str = "webapi.115.com";
/// The quick listing by name.
pub(crate) const APS: &str = "aps.115.com";
/// The app API: the app ways to a link.
pub(crate) const PROAPI: &str = "proapi.115.com";
/// Logins, tokens and the account's devices.
pub(crate) const PASSPORT: &str = "passportapi.115.com";
/// QR codes for a login, and what became of them.
pub(crate) const QRCODE: &str = "qrcodeapi.115.com";
/// The site of shares, whose own API gives links too.
pub(crate) const SHARE_SITE: &str = "115cdn.com";
/// The harmless session probe.
pub(crate) const MY: &str = "my.115.com";

/// Servers and keys of one 115: the real one or any other.
#[derive(Debug, Clone)]
pub struct Wire {
    /// Where each of 115's hosts is found.
    pub endpoints: Endpoints,
    /// What requests are encrypted to and replies are read with.
    pub keys: Keys,
}

/// The public keys of the servers (`docs/115.md` §5.1, §5.4).
#[derive(Debug, Clone)]
pub struct Keys {
    /// For link calls.
    pub m115: PublicKey,
    /// For uploads: a point on P-224, x then y.
    pub ec115: [u8; 56],
}

impl Keys {
    /// The keys of the real servers.
    #[must_use]
    pub fn production() -> Self {
        const EC115: [u8; 56] = unhex(
            "57A29257CD2320E5D6D143322FA4BB8A3CF9D3CC623EF5EDAC62B767\
             8A89C91A83BA800D6129F522D034C895DD2465243ADDC250953BEEBA",
        );
        Self { m115: PublicKey::production(), ec115: EC115 }
    }
}

impl Wire {
    /// The real 115.
    #[must_use]
    pub fn production() -> Self {
        Self { endpoints: Endpoints::production(), keys: Keys::production() }
    }

    /// The same keys, other servers.
    #[must_use]
    pub fn with_endpoints(self, endpoints: Endpoints) -> Self {
        Self { endpoints, ..self }
    }

    /// The same servers, another key for link calls.
    #[must_use]
    pub fn with_m115(mut self, key: PublicKey) -> Self {
        self.keys.m115 = key;
        self
    }
}

/// Host name of 115 -> base URL. Without an override host `H` is `https://H`, or `{base}/H` when there is a base.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    base: Option<Url>,
    hosts: BTreeMap<String, Url>,
}

/// A text that cannot be the base of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an http or https URL without query and fragment")]
pub struct EndpointError {
    text: String,
}

impl Endpoints {
    /// The real hosts.
    #[must_use]
    pub fn production() -> Self {
        Self::default()
    }

    /// Every host below one URL: with `http://127.0.0.1:9115` the listing is at
    /// `http://127.0.0.1:9115/webapi.115.com/files`.
    ///
    /// # Errors
    /// When the text is no http(s) URL, or has a query or a fragment.
    pub fn base(url: &str) -> Result<Self, EndpointError> {
        Ok(Self { base: Some(prefix(url)?), hosts: BTreeMap::new() })
    }

    /// One host elsewhere, whatever the base says.
    ///
    /// # Errors
    /// As [`Endpoints::base`].
    pub fn with_host(mut self, host: &str, url: &str) -> Result<Self, EndpointError> {
        self.hosts.insert(host.to_ascii_lowercase(), prefix(url)?);
        Ok(self)
    }

    /// The URL of `path` (which begins with `/`) on a host of 115.
    ///
    /// # Errors
    /// When `host` or `path` do not make a URL: a mistake of the caller.
    pub fn url(&self, host: &str, path: &str) -> Result<Url, EndpointError> {
        let text = match (self.hosts.get(host), &self.base) {
            (Some(own), _) => format!("{}{path}", own.as_str().trim_end_matches('/')),
            (None, Some(base)) => format!("{}/{host}{path}", base.as_str().trim_end_matches('/')),
            (None, None) => format!("https://{host}{path}"),
        };
        Url::parse(&text).map_err(|_| EndpointError { text })
    }
}

fn prefix(text: &str) -> Result<Url, EndpointError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none())
        .ok_or_else(|| EndpointError { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::production(Endpoints::production(), "https://webapi.115.com/files")]
    #[case::base(Endpoints::base("http://127.0.0.1:9115").unwrap(), "http://127.0.0.1:9115/webapi.115.com/files")]
    #[case::base_with_a_path(Endpoints::base("http://h/sim/").unwrap(), "http://h/sim/webapi.115.com/files")]
    #[case::host(Endpoints::base("http://h").unwrap().with_host("WebAPI.115.com", "http://x:1").unwrap(), "http://x:1/files")]
    #[case::other_host(Endpoints::production().with_host("my.115.com", "http://x:1").unwrap(), "https://webapi.115.com/files")]
    fn finds_a_host(#[case] endpoints: Endpoints, #[case] url: &str) {
        assert_eq!(endpoints.url(WEBAPI, "/files").unwrap().as_str(), url);
    }

    #[rstest]
    #[case("127.0.0.1:9115")]
    #[case("ftp://host")]
    #[case("http://host/?a=1")]
    #[case("http://host/#a")]
    #[case("")]
    fn refuses_what_is_no_base(#[case] text: &str) {
        assert_eq!(Endpoints::base(text).unwrap_err(), EndpointError { text: text.to_owned() });
    }

    #[test]
    fn starts_with_the_real_keys_and_takes_others() {
        let n = format!("{}1", "8".repeat(255));
        let other = PublicKey::from_hex(&n).unwrap();
        let wire = Wire::production();
        assert_eq!(wire.keys.m115, PublicKey::production());
        assert_eq!(wire.with_m115(other.clone()).keys.m115, other);
    }
}
