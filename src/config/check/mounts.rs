//! The list of mounts: where each stands, how it delivers, and how long it remembers.

use super::{
    super::{Cache, Delivery, Mount, raw, secret::Sources},
    Report, drive,
    value::{duration, shown, some_duration},
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
        let delivery = delivery(raw.delivery.as_deref(), &at, report);
        report.later(&at, "proxy_url", &raw.proxy_url, "");
        let cache = cache(raw.cache.unwrap_or_default(), &format!("{at}.cache"), report);
        let drive = match raw.drive {
            Some(drive) => drive::drive(drive, &format!("{at}.drive"), sources, report),
            None => {
                report.wrong(format!("{at}.drive"), format!("is missing; write a drive with type {}", drive::TYPES));
                None
            }
        };
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

fn delivery(text: Option<&str>, at: &str, report: &mut Report) -> Delivery {
    match text {
        None | Some("redirect") => return Delivery::Redirect,
        Some("proxy") => return Delivery::Proxy,
        Some("url") => {
            report.wrong(
                format!("{at}.delivery"),
                "delivery: url is not in this version yet; leave it out, or write redirect or proxy.",
            );
        }
        Some(other) => {
            report.wrong(
                format!("{at}.delivery"),
                format!("{} is not redirect or proxy; write one of these", shown(other)),
            );
        }
    }
    Delivery::Redirect
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
