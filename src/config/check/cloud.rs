//! A drive: its type, and what a 115 account by cookie needs.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use url::Host;

use super::{
    super::{
        Cloud, Drive, LinkBinding, Wire,
        raw::{self, Hosts, Later, Secret},
        secret::Sources,
    },
    Report,
    value::{base_url, shown},
};

const DEFAULT_RATE: f64 = 2.0;
const MIN_RATE: f64 = 0.05;
const MAX_RATE: f64 = 1000.0;
/// Above this, accounts have been limited (docs/115.md, "rates, risk control, advice").
const RISKY_RATE: f64 = 5.0;
/// 115 silently cuts what is larger (docs/115.md, "list endpoints").
const MAX_PAGE: u32 = 1150;
const COOKIE_ADVICE: &str = "log in at 115.com with a browser, open the developer tools (F12), choose Network, reload, \
                             and copy the whole Cookie header of a request to webapi.115.com into cookie";

pub(super) fn drive(raw: raw::Drive, at: &str, sources: &Sources<'_>, report: &mut Report) -> Option<Drive> {
    let field = format!("{at}.type");
    match raw.kind.as_deref() {
        Some("115-cloud") => cloud(raw, at, sources, report).map(Drive::Cloud),
        Some(later @ ("115-open" | "115-share" | "local")) => {
            report.wrong(
                field,
                format!("type: {later} is not in this version yet; leave this mount out, or use 115-cloud."),
            );
            None
        }
        Some(other) => {
            report.wrong(field, format!("{} is no type of drive; write 115-cloud", shown(other)));
            None
        }
        None => {
            report.wrong(field, "is missing; write type: 115-cloud");
            None
        }
    }
}

fn cloud(raw: raw::Drive, at: &str, sources: &Sources<'_>, report: &mut Report) -> Option<Cloud> {
    let of_other_types = [
        ("access_token", &raw.access_token),
        ("refresh_token", &raw.refresh_token),
        ("app_id", &raw.app_id),
        ("share_code", &raw.share_code),
        ("receive_code", &raw.receive_code),
    ];
    for (key, _) in of_other_types.into_iter().filter(|(_, written)| written.0) {
        report.wrong(format!("{at}.{key}"), format!("{key} is not a key of a 115-cloud drive, and the type it belongs to is not in this version yet; leave it out"));
    }
    report.later(at, "app", &raw.app, "It belongs to the login by QR code");
    let root = report.take(&format!("{at}.root"), root(raw.root.as_deref()));
    let cookie = cookie(raw.cookie, &raw.qr_token, at, sources, report);
    let rate = rate(raw.rate, raw.wire.is_some(), &format!("{at}.rate"), report);
    let page_size = report.take(&format!("{at}.page_size"), page_size(raw.page_size));
    let link_binding = report.take(&format!("{at}.link_binding"), link_binding(raw.link_binding.as_deref()));
    let wire = raw.wire.map(|wire| self::wire(wire, &format!("{at}.wire"), report));
    Some(Cloud { root: root?, cookie: cookie?, rate: rate?, page_size: page_size?, link_binding: link_binding?, wire })
}

fn root(text: Option<&str>) -> Result<u64, String> {
    let Some(text) = text.map(str::trim) else { return Ok(0) };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        let text = if text.is_empty() { "an empty text".into() } else { shown(text) };
        return Err(format!(
            "{text} is no cid; write the number that stands after cid= in the address of the folder at 115.com, or 0 for everything"
        ));
    }
    text.parse().map_err(|_| "this number is too large for a cid; a cid has 19 digits at most".into())
}

fn cookie(
    raw: Option<Secret>,
    qr_token: &Later,
    at: &str,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Option<SecretString> {
    if qr_token.0 {
        report.wrong(format!("{at}.qr_token"), format!("qr_token is not in this version yet; leave it out. Login by QR code comes later; until then {COOKIE_ADVICE}."));
    }
    let field = format!("{at}.cookie");
    let Some(raw) = raw else {
        if !qr_token.0 {
            report.wrong(field, format!("is missing. Login by QR code comes later; until then {COOKIE_ADVICE}"));
        }
        return None;
    };
    let secret = report.take(&field, raw.resolve(sources))?;
    match p115::Cookie::parse(secret.expose_secret()) {
        Ok(_) => Some(secret),
        Err(error) => {
            report.wrong(field, error.to_string());
            None
        }
    }
}

fn rate(rate: Option<f64>, elsewhere: bool, field: &str, report: &mut Report) -> Option<f64> {
    let rate = rate.unwrap_or(DEFAULT_RATE);
    // What is no number is in no range.
    if !(MIN_RATE..=MAX_RATE).contains(&rate) {
        report.wrong(field, format!("{rate} is no number of calls a second; write {MIN_RATE} at least and {MAX_RATE} at most, for example {DEFAULT_RATE}"));
        return None;
    }
    if rate > RISKY_RATE && !elsewhere {
        report.note(field, format!("115 limits or blocks accounts that make more than about {RISKY_RATE} calls a second; {DEFAULT_RATE} is safe"));
    }
    Some(rate)
}

fn page_size(size: Option<i64>) -> Result<u32, String> {
    let size = size.unwrap_or(MAX_PAGE.into());
    u32::try_from(size)
        .ok()
        .filter(|size| (1..=MAX_PAGE).contains(size))
        .ok_or_else(|| format!("{size} is not between 1 and {MAX_PAGE}, the most that 115 lists at once"))
}

fn link_binding(text: Option<&str>) -> Result<LinkBinding, String> {
    match text {
        None | Some("auto") => Ok(LinkBinding::Auto),
        Some("per_client") => Ok(LinkBinding::PerClient),
        Some(other) => Err(format!("{} is not auto or per_client; write one of these", shown(other))),
    }
}

fn wire(raw: raw::Wire, at: &str, report: &mut Report) -> Wire {
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
