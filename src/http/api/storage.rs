//! Mounts and drivers, as the management pages know them. Of a login nothing is told, masked or not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Answer, Call, Failure, entry::time, part::Part, success};
use crate::{
    http::Edge,
    path::VirtualPath,
    vfs::{Delivery, Mount, State},
};

/// The `type` of each driver, what clients call it, and its fields: name, type and default.
type Field = (&'static str, &'static str, &'static str);
const DRIVERS: [(&str, &str, &[Field]); 4] = [
    (
        "115-cloud",
        "115 Cloud",
        &[("root_folder_id", "string", "0"), ("limit_rate", "float", "2"), ("page_size", "number", "1150")],
    ),
    ("115-open", "115 Open", &[("root_folder_id", "string", "0"), ("limit_rate", "float", "1")]),
    (
        "115-share",
        "115 Share",
        &[("share_code", "text", ""), ("root_folder_id", "string", ""), ("limit_rate", "float", "1")],
    ),
    ("local", "Local", &[("root_folder_path", "string", "")]),
];

/// What clients call the driver of the innermost mount at a path.
pub(super) fn provider(edge: &Edge, full: &VirtualPath) -> &'static str {
    let namespace = edge.namespace.load();
    let holding = namespace.mounts().iter().filter(|mount| full.below(mount.path()).is_some());
    holding.max_by_key(|mount| mount.path().as_str().len()).map_or("unknown", |mount| name(mount.policy().driver))
}

fn name(driver: &str) -> &'static str {
    DRIVERS.iter().find(|(written, _, _)| *written == driver).map_or("unknown", |(_, name, _)| name)
}

#[derive(Serialize)]
struct Storage {
    id: usize,
    mount_path: String,
    order: usize,
    driver: &'static str,
    cache_expiration: u64,
    custom_cache_policies: &'static str,
    status: String,
    addition: &'static str,
    remark: &'static str,
    modified: String,
    disabled: bool,
    disable_index: bool,
    enable_sign: bool,
    order_by: &'static str,
    order_direction: &'static str,
    extract_folder: &'static str,
    web_proxy: bool,
    webdav_policy: &'static str,
    proxy_range: bool,
    down_proxy_url: String,
    disable_proxy_sign: bool,
}

fn storage(edge: &Edge, place: usize, mount: &Mount) -> Storage {
    let policy = mount.policy();
    let (web_proxy, webdav_policy, down_proxy_url) = match &policy.delivery {
        Delivery::Redirect => (false, "302_redirect", ""),
        Delivery::Url(proxy) => (true, "use_proxy_url", &**proxy),
        Delivery::Proxy | Delivery::Local => (true, "native_proxy", ""),
    };
    let status = match mount.state() {
        State::Working(mounted) => mounted.drive().pause().map_or_else(|| "work".to_owned(), |pause| pause.reason),
        State::Starting => "It is being started.".to_owned(),
        State::Failed(error) => error.message().to_owned(),
    };
    Storage {
        id: place + 1,
        mount_path: mount.path().as_str().to_owned(),
        order: place,
        driver: name(policy.driver),
        cache_expiration: policy.ages.listing.as_secs() / 60,
        custom_cache_policies: "",
        status,
        addition: "{}",
        remark: "",
        modified: time(0),
        disabled: false,
        disable_index: false,
        enable_sign: edge.guard.signer().is_some(),
        order_by: "name",
        order_direction: "asc",
        extract_folder: "front",
        web_proxy,
        webdav_policy,
        proxy_range: false,
        down_proxy_url: down_proxy_url.to_owned(),
        disable_proxy_sign: false,
    }
}

pub(super) fn all(call: &Call<'_>) -> Answer {
    let namespace = call.edge.namespace.load();
    let mounts = namespace.mounts();
    let shown = call.ask.page()?.of(mounts.len());
    let content = shown.map(|place| storage(call.edge, place, &mounts[place])).collect();
    success(Part { content, total: mounts.len() })
}

pub(super) fn one(call: &Call<'_>) -> Answer {
    let id = call.ask.number("id")?;
    let namespace = call.edge.namespace.load();
    let place = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
    match place.and_then(|place| Some((place, namespace.mounts().get(place)?))) {
        Some((place, mount)) => success(storage(call.edge, place, mount)),
        None => Err(Failure::new(500, "There is no mount of this number: storage not found")),
    }
}

#[derive(Serialize)]
struct Item {
    name: &'static str,
    r#type: &'static str,
    default: &'static str,
    options: &'static str,
    required: bool,
    help: &'static str,
}

#[derive(Serialize)]
struct Driver {
    common: Vec<Item>,
    additional: Vec<Item>,
    config: Config,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "so it is on the wire")]
struct Config {
    name: &'static str,
    local_sort: bool,
    only_proxy: bool,
    no_cache: bool,
    no_upload: bool,
    need_ms: bool,
    default_root: &'static str,
    alert: &'static str,
    only_indices: bool,
    prefer_proxy: bool,
}

const ALERT: &str = "info|Mounts are written into config.yaml; here they are only shown.";

fn schema(name: &'static str, fields: &[Field]) -> Driver {
    let item = |name, r#type, default| Item { name, r#type, default, options: "", required: false, help: "" };
    Driver {
        common: vec![
            item("mount_path", "string", ""),
            item("cache_expiration", "number", "30"),
            item("web_proxy", "bool", "false"),
        ],
        additional: fields.iter().map(|(name, r#type, default)| item(name, r#type, default)).collect(),
        config: Config {
            name,
            local_sort: false,
            only_proxy: name == "Local",
            no_cache: name == "Local",
            no_upload: true,
            need_ms: false,
            default_root: "0",
            alert: ALERT,
            only_indices: false,
            prefer_proxy: false,
        },
    }
}

pub(super) fn driver_names() -> Answer {
    success(DRIVERS.map(|(_, name, _)| name))
}

pub(super) fn drivers() -> Answer {
    let all: BTreeMap<_, _> = DRIVERS.iter().map(|(_, name, fields)| (*name, schema(name, fields))).collect();
    success(all)
}

pub(super) fn driver(call: &Call<'_>) -> Answer {
    let (driver, other) = (call.ask.text("driver")?, call.ask.text("name")?);
    let wanted = if driver.is_empty() { other } else { driver };
    match DRIVERS.iter().find(|(_, name, _)| *name == wanted) {
        Some((_, name, fields)) => success(schema(name, fields)),
        None => Err(Failure::new(404, "There is no such driver here.")),
    }
}
