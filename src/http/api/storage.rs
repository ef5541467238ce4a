//! Mounts and drivers, as the management pages know them. Of a login nothing is told, masked or not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Answer, Call, Failure, entry::time, part::Part, success};
use crate::{
    http::Edge,
    path::VirtualPath,
    vfs::{Delivery, Mount, State},
};

/// A field of a mount: name, type, default, and what it may be where that is one of few.
type Field = (&'static str, &'static str, &'static str, &'static str);

/// How the fields of a login are called, and never what is in them.
const COOKIE: Field = ("cookie", "text", "", "");
const QR_TOKEN: Field = ("qrcode_token", "text", "", "");
const APP: Field = ("qrcode_source", "text", "", "");
const ROOT: Field = ("root_folder_id", "string", "0", "");
const LINK_BINDING: Field = ("link_binding", "select", "auto", "auto,per_client");

struct Kind {
    /// The `type` that it is written with, and what clients call it.
    written: &'static str,
    name: &'static str,
    common: &'static [Field],
    fields: &'static [Field],
}

/// As clients know them; what those have no name for is called as in the configuration.
const DRIVERS: [Kind; 4] = [
    Kind {
        written: "115-cloud",
        name: "115 Cloud",
        common: COMMON,
        fields: &[
            COOKIE,
            QR_TOKEN,
            APP,
            ("page_size", "number", "1150", ""),
            ("limit_rate", "float", "2", ""),
            ROOT,
            LINK_BINDING,
        ],
    },
    Kind {
        written: "115-open",
        name: "115 Open",
        common: COMMON,
        fields: &[
            ROOT,
            ("limit_rate", "float", "1", ""),
            ("page_size", "number", "1150", ""),
            ("access_token", "text", "", ""),
            ("refresh_token", "text", "", ""),
            ("app_id", "text", "", ""),
        ],
    },
    Kind {
        written: "115-share",
        name: "115 Share",
        common: COMMON,
        fields: &[
            COOKIE,
            QR_TOKEN,
            APP,
            ("page_size", "number", "1000", ""),
            ("limit_rate", "float", "1", ""),
            ("share_code", "text", "", ""),
            ("receive_code", "text", "", ""),
            ("root_folder_id", "string", "", ""),
            LINK_BINDING,
        ],
    },
    Kind {
        written: "local",
        name: "Local",
        common: COMMON_OF_THIS_MACHINE,
        fields: &[("root_folder_path", "string", "", "")],
    },
];

const COMMON: &[Field] = &[
    ("mount_path", "string", "", ""),
    ("cache_expiration", "number", "30", ""),
    ("web_proxy", "bool", "false", ""),
    ("webdav_policy", "select", "302_redirect", "302_redirect,use_proxy_url,native_proxy"),
    ("down_proxy_url", "text", "", ""),
];
/// Nothing is kept of it, and its bytes come through us alone.
const COMMON_OF_THIS_MACHINE: &[Field] =
    &[("mount_path", "string", "", ""), ("webdav_policy", "select", "native_proxy", "native_proxy")];

/// What clients call the driver of the innermost mount at a path.
pub(super) fn provider(edge: &Edge, full: &VirtualPath) -> &'static str {
    let namespace = edge.namespace.load();
    let holding = namespace.mounts().iter().filter(|mount| full.below(mount.path()).is_some());
    holding.max_by_key(|mount| mount.path().as_str().len()).map_or("unknown", |mount| name(mount.policy().driver))
}

fn name(driver: &str) -> &'static str {
    DRIVERS.iter().find(|kind| kind.written == driver).map_or("unknown", |kind| kind.name)
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
        State::Working(mounted) => {
            let drive = mounted.drive();
            let trouble = drive.trouble().map(|error| error.message().to_owned());
            trouble.or_else(|| Some(drive.pause()?.reason)).unwrap_or_else(|| "work".to_owned())
        }
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

fn schema(kind: &Kind) -> Driver {
    let item =
        |&(name, r#type, default, options): &Field| Item { name, r#type, default, options, required: false, help: "" };
    let is_local = kind.written == "local";
    Driver {
        common: kind.common.iter().map(item).collect(),
        additional: kind.fields.iter().map(item).collect(),
        config: Config {
            name: kind.name,
            local_sort: false,
            only_proxy: is_local,
            no_cache: is_local,
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
    success(DRIVERS.map(|kind| kind.name))
}

pub(super) fn drivers() -> Answer {
    let all: BTreeMap<_, _> = DRIVERS.iter().map(|kind| (kind.name, schema(kind))).collect();
    success(all)
}

pub(super) fn driver(call: &Call<'_>) -> Answer {
    let (driver, other) = (call.ask.text("driver")?, call.ask.text("name")?);
    let wanted = if driver.is_empty() { other } else { driver };
    match DRIVERS.iter().find(|kind| kind.name == wanted) {
        Some(kind) => success(schema(kind)),
        None => Err(Failure::new(404, "There is no such driver here.")),
    }
}
