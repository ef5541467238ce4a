//! Other servers than the real 115.

use std::collections::BTreeMap;

use url::Host;

use super::{
    super::{
        Wire,
        raw::{self, Hosts},
    },
    Report,
    value::{base_url, shown},
};

pub(super) fn wire(raw: raw::Wire, at: &str, report: &mut Report) -> Wire {
    report.later(at, "oss", &raw.oss, "Nothing is uploaded");
    report.later(at, "ec_public_key", &raw.ec_public_key, "Nothing is uploaded");
    let base = raw.base.and_then(|text| report.take(&format!("{at}.base"), base_url(&text)));
    let mut endpoints = BTreeMap::new();
    for (index, (host, url)) in raw.endpoints.map_or(Vec::new(), |Hosts(hosts)| hosts).into_iter().enumerate() {
        let host = host.trim().to_ascii_lowercase();
        if !matches!(Host::parse(&host), Ok(Host::Domain(name)) if name == host) {
            let name = shown(&host);
            report.wrong(
                format!("{at}.endpoints"),
                format!(
                    "{name} (number {}) is no host name; write one like webapi.115.com, without scheme and port",
                    index + 1
                ),
            );
            continue;
        }
        let field = format!("{at}.endpoints.{host}");
        let url = report.take(&field, base_url(&url));
        if let Some(url) = url
            && endpoints.insert(host, url).is_some()
        {
            report.wrong(field, "this host is written twice; leave one out");
        }
    }
    let rsa_modulus = raw.rsa_modulus.and_then(|hex| report.take(&format!("{at}.rsa_modulus"), modulus(&hex)));
    let danger_accept_invalid_certs = raw.danger_accept_invalid_certs.unwrap_or(false);
    if danger_accept_invalid_certs {
        report.note(
            format!("{at}.danger_accept_invalid_certs"),
            "anybody on the way to these servers can read the cookie",
        );
    }
    Wire { base, endpoints, rsa_modulus, danger_accept_invalid_certs }
}

/// docs/115.md, "m115": blocks are as long as the modulus, so its length is part of the protocol.
fn modulus(text: &str) -> Result<String, String> {
    const WRONG: &str = "this is no RSA modulus of exactly 1024 bits; write its 256 hex digits, the first not below 8";
    let hex = text.trim().to_ascii_lowercase();
    let digits = hex.len() == 256 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if !digits || p115::cipher::m115::PublicKey::from_hex(&hex).is_err() {
        return Err(WRONG.into());
    }
    Ok(hex)
}
