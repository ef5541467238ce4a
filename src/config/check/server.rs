//! Where the gateway may listen, how it is seen through a reverse proxy, and which pages it shows.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use url::Url;

use super::{
    super::{
        Metrics, Server,
        raw::{self, Listen},
    },
    Report,
    value::{base_url, shown},
};

pub(super) fn server(raw: raw::Server, report: &mut Report) -> Server {
    let public_url = raw.public_url.and_then(|text| report.take("server.public_url", base_url(&text)));
    let base_path = base(raw.base_path.as_deref(), public_url.as_ref(), report);
    let trusted_proxies = proxies(&raw.trusted_proxies.unwrap_or_default(), report);
    let metrics = metrics(raw.metrics.as_deref(), report);
    let frontend_dir = raw.frontend_dir.and_then(|text| report.take("server.frontend_dir", frontend_dir(&text)));
    Server { listen: listen(raw.listen, report), public_url, base_path, trusted_proxies, metrics, frontend_dir }
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

/// Where the page of a frontend lies: in the folder itself, or in its `dist`, as the package on npm has it.
pub fn frontend_dir(text: &str) -> Result<PathBuf, String> {
    const EXAMPLE: &str = "write the folder of an unpacked OpenList frontend, which has an index.html or dist/index.html in \
                           it, or leave the key out for the built-in pages";
    let text = text.trim();
    for dir in [PathBuf::from(text), Path::new(text).join("dist")] {
        match dir.join("index.html").metadata() {
            Ok(page) if page.is_file() => return Ok(dir),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(format!("{} cannot be looked into: {error}; {EXAMPLE}", shown(text))),
        }
    }
    let what = if Path::new(text).is_dir() { "has no index.html" } else { "is no folder" };
    Err(format!("{} {what}; {EXAMPLE}", shown(text)))
}

fn listen(raw: Option<Listen>, report: &mut Report) -> Vec<SocketAddr> {
    let written: Vec<(String, String)> = match raw {
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
    let mut listen: Vec<SocketAddr> = Vec::new();
    for (field, text) in written {
        let Some(address) = report.take(&field, address(&text)) else { continue };
        if listen.contains(&address) {
            report.wrong(field, format!("{address} is in the list twice; leave one out"));
            continue;
        }
        listen.push(address);
    }
    listen
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| {
        format!("{} is no address with a port; write one like 0.0.0.0:5244, 127.0.0.1:5244 or \"[::]:5244\" (no host names)", shown(text))
    })
}

/// What stands before every path: as it is written, else the path of the public URL.
fn base(written: Option<&str>, public_url: Option<&Url>, report: &mut Report) -> String {
    let of_url = public_url.and_then(|url| {
        let message =
            |_| "its path has characters that a base path cannot have; give the gateway a plain one".to_owned();
        report.take("server.public_url", base_path(url.path()).map_err(message))
    });
    let Some(written) = written else { return of_url.unwrap_or_default() };
    let Some(base) = report.take("server.base_path", base_path(written)) else { return String::new() };
    if let Some(of_url) = of_url.filter(|of_url| *of_url != base) {
        let of_url = if of_url.is_empty() { "/" } else { &of_url };
        report.wrong(
            "server.base_path",
            format!(
                "public_url has the path {of_url}, which is another; write the same in both, or leave base_path out"
            ),
        );
    }
    base
}

/// Empty for `/`, else a slash and a name, as often as wanted.
pub fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim().trim_end_matches('/');
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'))
    };
    let whole = path.is_empty() && text.contains('/')
        || path.strip_prefix('/').is_some_and(|names| names.split('/').all(plain)) && path.len() <= 255;
    if whole {
        Ok(path.to_owned())
    } else {
        Err(format!("{} is no base path; write / or one like /drive, of letters, digits, - and _", shown(text)))
    }
}

fn proxies(written: &[String], report: &mut Report) -> Vec<IpNet> {
    let parsed = |text: &str| {
        let text = text.trim();
        text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
            format!(
                "{} is no address and no network; write one like 127.0.0.1, 10.0.0.0/8 or \"fd00::/8\"",
                shown(text)
            )
        })
    };
    let written = written.iter().enumerate();
    let nets: Vec<IpNet> = written
        .filter_map(|(index, text)| report.take(&format!("server.trusted_proxies[{index}]"), parsed(text)))
        .collect();
    if let Some(index) = nets.iter().position(|net| net.prefix_len() == 0) {
        report.note(
            format!("server.trusted_proxies[{index}]"),
            "with every address trusted, anybody may claim to come from any other",
        );
    }
    nets
}
