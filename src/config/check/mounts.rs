//! The list of mounts: where each stands, how it delivers, and how long it remembers.

use std::sync::Arc;

use url::Url;

use super::{
    super::{Cache, Delivery, Drive, Mount, Server, raw, secret::Sources},
    Report, drive,
    value::{base_url, duration, shown, some_duration},
};
use crate::{config::MinLife, path::VirtualPath};

/// First names of paths that are the gateway's own.
const ROUTES: [&str; 14] = [
    "d",
    "p",
    "dav",
    "api",
    "ping",
    "@pc",
    "healthz",
    "readyz",
    "metrics",
    "ledger",
    "-",
    "favicon.ico",
    "manifest.json",
    "robots.txt",
];

/// Those of an OpenList frontend, where there is one.
const OF_FRONTENDS: [&str; 7] = ["assets", "images", "streamer", "static", "@manage", "@login", "@s"];

/// With a frontend, its addresses are none for mounts either.
pub(super) fn mounts(
    raw: Vec<raw::Mount>,
    has_frontend: bool,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Vec<Mount> {
    if raw.is_empty() {
        report.wrong("mounts", "there are none; write at least one, as in config.example.yaml");
    }
    let mut paths: Vec<(usize, VirtualPath)> = Vec::new();
    let mut mounts = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let at = format!("mounts[{index}]");
        let path = path(raw.path.as_deref(), &format!("{at}.path"), &paths, report);
        if let Some(path) = &path {
            keep_off(path, has_frontend, &format!("{at}.path"), report);
        }
        paths.extend(path.clone().map(|path| (index, path)));
        let delivery = delivery(raw.delivery.as_deref(), raw.proxy_url.as_deref(), &at, report);
        let cache = cache(raw.cache.unwrap_or_default(), &format!("{at}.cache"), report);
        let drive = match raw.drive {
            Some(drive) => drive::drive(drive, &format!("{at}.drive"), sources, report),
            None => {
                report.wrong(format!("{at}.drive"), format!("is missing; write a drive with type {}", drive::TYPES));
                None
            }
        };
        if let (Delivery::Url(_), Some(Drive::Local(_))) = (&delivery, &drive) {
            report.wrong(
                format!("{at}.delivery"),
                "files of this machine are always given as bytes; leave delivery and proxy_url out",
            );
        }
        if let (Some(path), Some(drive)) = (path, drive) {
            mounts.push(Mount { path, drive, delivery, read_only: raw.read_only.unwrap_or(false), cache });
        }
    }
    mounts
}

/// The path, also where it clashes with an earlier one, so that a third mount is compared with it.
fn path(text: Option<&str>, field: &str, earlier: &[(usize, VirtualPath)], report: &mut Report) -> Option<VirtualPath> {
    let Some(text) = text.map(str::trim) else {
        report.wrong(field, "is missing; write where the drive is to be seen, for example /115");
        return None;
    };
    if !text.starts_with('/') {
        report.wrong(field, format!("{} does not start with /; write for example /115", shown(text)));
        return None;
    }
    let path = report.take(field, VirtualPath::from_plain(text).map_err(|error| error.to_string()))?;
    for (index, other) in earlier {
        if path == *other {
            report.wrong(field, format!("mounts[{index}] has the same path; choose another"));
        }
    }
    Some(path)
}

/// What is answered at a path is not up to a mount where something else has that name.
fn keep_off(path: &VirtualPath, has_frontend: bool, field: &str, report: &mut Report) {
    let Some(first) = path.parts().next() else { return };
    if ROUTES.contains(&first) {
        report.wrong(field, format!("/{first} is an address of the gateway itself; choose another first name"));
    } else if has_frontend && OF_FRONTENDS.contains(&first) {
        report.wrong(field, format!("/{first} is an address of the frontend; choose another first name"));
    }
}

/// A download proxy that is this gateway would send its clients in a circle.
pub(super) fn elsewhere(mounts: &[Mount], server: &Server, report: &mut Report) {
    let Some(public) = &server.public_url else { return };
    for (index, mount) in mounts.iter().enumerate() {
        if let Delivery::Url(proxy) = &mount.delivery
            && Url::parse(proxy).is_ok_and(|proxy| is_same(&proxy, public))
        {
            report.wrong(
                format!("mounts[{index}].proxy_url"),
                "this is the gateway itself (server.public_url); write the address of the download proxy",
            );
        }
    }
}

/// Whether both lead to one place, by whichever scheme.
fn is_same(one: &Url, other: &Url) -> bool {
    let place =
        |url: &Url| (url.host_str().map(str::to_owned), url.port(), url.path().trim_end_matches('/').to_owned());
    place(one) == place(other)
}

fn delivery(text: Option<&str>, proxy: Option<&str>, at: &str, report: &mut Report) -> Delivery {
    let delivery = match text {
        Some("url") => {
            let field = format!("{at}.proxy_url");
            let proxy = match proxy {
                Some(proxy) => report.take(&field, proxy_url(proxy)),
                None => {
                    report.wrong(
                        field,
                        "is missing; write where the download proxy is, for example https://worker.example.com",
                    );
                    None
                }
            };
            return proxy.map_or(Delivery::Redirect, Delivery::Url);
        }
        None | Some("redirect") => Delivery::Redirect,
        Some("proxy") => Delivery::Proxy,
        Some(other) => {
            report.wrong(
                format!("{at}.delivery"),
                format!("{} is not redirect, proxy or url; write one of these", shown(other)),
            );
            return Delivery::Redirect;
        }
    };
    if proxy.is_some() {
        report.wrong(format!("{at}.proxy_url"), "this is only for delivery: url; write that too, or leave this out");
    }
    delivery
}

/// What stands before full paths at a download proxy: nothing is put between the two.
fn proxy_url(text: &str) -> Result<Arc<str>, String> {
    let text = text.trim();
    if text.ends_with('/') {
        return Err("it ends in a slash, and the path that follows begins with one; leave it out at the end".into());
    }
    let url = base_url(text)?;
    Ok(url.as_str().trim_end_matches('/').into())
}

fn cache(raw: raw::Cache, at: &str, report: &mut Report) -> Cache {
    const LONG: u64 = 24 * 3600;
    let mut cache = Cache::default();
    let mut read = |key: &str, text: Option<String>, parse: fn(&str) -> Result<std::time::Duration, String>| {
        text.and_then(|text| report.take(&format!("{at}.{key}"), parse(&text)))
    };
    cache.listing = read("listing", raw.listing, some_duration).unwrap_or(cache.listing);
    cache.grace = read("grace", raw.grace, duration).unwrap_or(cache.grace);
    cache.link = read("link", raw.link, some_duration).unwrap_or(cache.link);
    if let Some(text) = raw.min_life.filter(|text| text.trim() != "half") {
        let least = duration(&text).map_err(|error| format!("{error}; or half"));
        cache.min_life = report.take(&format!("{at}.min_life"), least).map_or(MinLife::Half, MinLife::Least);
    }
    if cache.link.as_secs() > LONG {
        report.note(
            format!("{at}.link"),
            "links of 115 seldom live longer than a day; each is kept no longer than it lives",
        );
    }
    cache
}
