//! Settings, as clients know them: few, and what they say of the gateway is so.

use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Answer, Call, Failure, success};
use crate::http::{Edge, page};

/// The version of OpenList whose API this is like: clients refuse what is no `vX.Y.Z`, or too old.
const LIKE: &str = "v4.2.6";

/// What pages that are not ours are called here, and their colour.
pub(in crate::http) const TITLE: &str = "gate115";
pub(in crate::http) const COLOR: &str = "#1890ff";

/// Of a setting: its group.
const SINGLE: u8 = 0;
const SITE: u8 = 1;
const STYLE: u8 = 2;
const PREVIEW: u8 = 3;
const GLOBAL: u8 = 4;
const INDEX: u8 = 6;

/// Key, value, type and group of what does not differ from gateway to gateway.
const FIXED: [(&str, &str, &str, u8); 27] = [
    ("version", LIKE, "string", SITE),
    ("site_title", TITLE, "string", SITE),
    ("announcement", "", "text", SITE),
    ("pagination_type", "all", "select", SITE),
    ("default_page_size", "30", "number", SITE),
    ("allow_indexed", "false", "bool", SITE),
    ("allow_mounted", "true", "bool", SITE),
    ("main_color", COLOR, "string", STYLE),
    ("home_icon", "🏠", "string", STYLE),
    ("home_container", "max_980px", "select", STYLE),
    ("settings_layout", "list", "select", STYLE),
    ("external_previews", "{}", "text", PREVIEW),
    ("iframe_previews", "{}", "text", PREVIEW),
    ("audio_autoplay", "true", "bool", PREVIEW),
    ("video_autoplay", "true", "bool", PREVIEW),
    ("preview_archives_by_default", "false", "bool", PREVIEW),
    ("readme_autorender", "true", "bool", PREVIEW),
    ("filter_readme_scripts", "true", "bool", PREVIEW),
    ("hide_files", "", "text", GLOBAL),
    ("package_download", "false", "bool", GLOBAL),
    ("ocr_api", "", "string", GLOBAL),
    ("filename_char_mapping", "{}", "text", GLOBAL),
    ("multipart_enabled", "false", "bool", GLOBAL),
    ("webauthn_login_enabled", "false", "bool", GLOBAL),
    ("sso_login_enabled", "false", "bool", GLOBAL),
    ("ldap_login_enabled", "false", "bool", GLOBAL),
    ("search_index", "database", "select", INDEX),
];

/// What a choice is made from: clients show nothing of a value that is not among these.
const OPTIONS: [(&str, &str); 4] = [
    ("pagination_type", "all,pagination,load_more,auto_load_more"),
    ("home_container", "max_980px,hope_container"),
    ("settings_layout", "list,responsive"),
    ("search_index", "database"),
];

/// A setting, which is read and never written.
#[derive(Serialize)]
struct Item {
    key: &'static str,
    value: String,
    help: &'static str,
    r#type: &'static str,
    options: &'static str,
    group: u8,
    flag: u8,
    index: usize,
}

/// Of a setting: who may see it, or that it is not changed.
const PRIVATE: u8 = 1;
const READ_ONLY: u8 = 2;

fn all(edge: &Edge) -> Vec<Item> {
    let fixed = FIXED.map(|(key, value, kind, group)| (key, value.to_owned(), kind, group));
    // Our own icon wherever a client would fetch one from elsewhere.
    let icon = page::icon_address(edge.site.base());
    let icons = [("logo", STYLE), ("favicon", STYLE), ("audio_cover", PREVIEW)];
    let icons = icons.map(|(key, group)| (key, icon.clone(), "string", group));
    fixed
        .into_iter()
        .chain(icons)
        .enumerate()
        .map(|(index, (key, value, r#type, group))| Item {
            key,
            value,
            help: "",
            r#type,
            options: OPTIONS.iter().find(|(of, _)| *of == key).map_or("", |(_, options)| *options),
            group,
            flag: READ_ONLY,
            index,
        })
        .collect()
}

pub(super) fn public(edge: &Edge) -> Answer {
    let map: Map<String, Value> =
        all(edge).into_iter().map(|item| (item.key.to_owned(), Value::String(item.value))).collect();
    success(map)
}

/// What signs links, and makes an admin of whoever has it: for an admin who asks for it by its name, and in no list.
fn token(edge: &Edge, index: usize) -> Item {
    Item {
        key: "token",
        value: edge.guard.token().expose_secret().to_owned(),
        help: "",
        r#type: "string",
        options: "",
        group: SINGLE,
        flag: PRIVATE,
        index,
    }
}

/// Those of a group, or of several; all where none is said.
pub(super) fn items(call: &Call<'_>) -> Answer {
    let mut groups = Vec::new();
    for field in ["group", "groups"] {
        // `group` may come as a number.
        match (call.ask.text(field), call.ask.number(field)) {
            (Ok(text), _) => groups.extend(text.split(',').filter_map(|group| group.trim().parse::<u8>().ok())),
            (Err(_), Ok(number)) => groups.extend(u8::try_from(number).ok()),
            (Err(error), Err(_)) => return Err(error),
        }
    }
    let mut items = all(call.edge);
    items.retain(|item| groups.is_empty() || groups.contains(&item.group));
    success(items)
}

pub(super) fn item(call: &Call<'_>) -> Answer {
    let (key, keys) = (call.ask.text("key")?, call.ask.text("keys")?);
    let mut items = all(call.edge);
    items.push(token(call.edge, items.len()));
    if !keys.is_empty() {
        items.retain(|item| keys.split(',').any(|key| key == item.key));
        return success(items);
    }
    match items.into_iter().find(|item| item.key == key) {
        Some(item) => success(item),
        None => Err(Failure::new(404, "There is no such setting here.")),
    }
}
