//! Who may read, and where the gateway may listen because of that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use secrecy::{ExposeSecret, SecretString};

use super::{
    super::{
        Auth, Guest, Metrics, Server,
        raw::{self, Listen},
        secret::Sources,
    },
    Report,
    value::shown,
};

pub(super) fn auth(raw: raw::Auth, sources: &Sources<'_>, report: &mut Report) -> Auth {
    let guest = match raw.guest.as_deref() {
        None | Some("off" | "Off" | "OFF" | "false" | "False" | "FALSE") => Guest::Off,
        Some("read") => Guest::Read,
        Some(other) => {
            report.wrong("auth.guest", format!("{} is not off or read; write one of these", shown(other)));
            // So that a slip here does not also complain about every address.
            Guest::Read
        }
    };
    let guests = "Until users exist, auth.guest: read opens everything to everybody who can reach the port";
    report.later("auth", "users", &raw.users, guests);
    report.later("auth", "old_tokens", &raw.old_tokens, "");
    report.later("auth", "sign", &raw.sign, "Links need no signature");
    report.later("auth", "link_expiration", &raw.link_expiration, "Links of the gateway do not expire");
    let token =
        raw.token.and_then(|raw| report.take("auth.token", raw.resolve(sources).and_then(|token| words(&token))));
    Auth { guest, token }
}

/// A token as it can stand in a header. It is not repeated.
fn words(token: &SecretString) -> Result<SecretString, String> {
    match token.expose_secret().trim() {
        "" => Err("an empty token lets nobody in; write a long one, or leave the key out".into()),
        token if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token.into()),
        _ => Err("a token is letters, digits and signs of ASCII, without spaces; write for example what `openssl rand -hex 32` prints".into()),
    }
}

fn metrics(text: Option<&str>, report: &mut Report) -> Metrics {
    match text {
        None | Some("token") => {}
        Some("open") => return Metrics::Open,
        Some(other) => {
            report.wrong("server.metrics", format!("{} is not token or open; write one of these", shown(other)));
        }
    }
    Metrics::Token
}

pub(super) fn server(raw: raw::Server, auth: &Auth, report: &mut Report) -> Server {
    let own_host = "Links are made for the host that the request names";
    report.later("server", "public_url", &raw.public_url, own_host);
    if raw.base_path.is_some_and(|path| path != "/") {
        let message =
            "base_path other than / is not in this version yet; leave it out. Give the gateway a host name of its own.";
        report.wrong("server.base_path", message);
    }
    report.later("server", "trusted_proxies", &raw.trusted_proxies, "X-Forwarded headers are not looked at");
    report.later("server", "frontend_dir", &raw.frontend_dir, "The built-in pages are shown");
    let metrics = metrics(raw.metrics.as_deref(), report);
    let written: Vec<(String, String)> = match raw.listen {
        None => Server::default().listen.iter().map(|address| ("server.listen".into(), address.to_string())).collect(),
        Some(Listen::One(address)) => vec![("server.listen".into(), address)],
        Some(Listen::Many(addresses)) => addresses
            .into_iter()
            .enumerate()
            .map(|(index, address)| (format!("server.listen[{index}]"), address))
            .collect(),
    };
    if written.is_empty() {
        report.wrong("server.listen", "the list is empty; write an address like 0.0.0.0:5244, or leave the key out");
    }
    let mut seen: Vec<SocketAddr> = Vec::new();
    let mut listen = Vec::new();
    for (field, text) in written {
        let Some(address) = report.take(&field, address(&text)) else { continue };
        if seen.contains(&address) {
            report.wrong(field, format!("{address} is in the list twice; leave one out"));
            continue;
        }
        seen.push(address);
        let Some(narrowed) = permitted(address, auth.guest, &field, report) else { continue };
        // 0.0.0.0 and 127.0.0.1 may have become one.
        if !listen.contains(&narrowed) {
            listen.push(narrowed);
        }
    }
    Server { listen, metrics }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| {
        format!("{} is no address with a port; write one like 0.0.0.0:5244, 127.0.0.1:5244 or \"[::]:5244\" (no host names)", shown(text))
    })
}

/// Where to listen instead: without guests and without users nobody but this machine may come in.
fn permitted(address: SocketAddr, guest: Guest, field: &str, report: &mut Report) -> Option<SocketAddr> {
    let ip = address.ip().to_canonical();
    if guest == Guest::Read || ip.is_loopback() {
        return Some(address);
    }
    let why = "auth.guest is off and this version has no users, so nobody could log in from outside";
    let advice = "To let everybody who can reach the port read everything, write auth: { guest: read }";
    if !ip.is_unspecified() {
        report.wrong(
            field,
            format!(
                "{why}, and {} is not an address of this machine alone. {advice}; or listen on 127.0.0.1:{}",
                address.ip(),
                address.port()
            ),
        );
        return None;
    }
    let loopback = match address.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let narrowed = SocketAddr::new(loopback, address.port());
    report.note(field, format!("{why}: it listens on {narrowed} instead of {address}. {advice}"));
    Some(narrowed)
}
