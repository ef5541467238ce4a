//! Every route of the API: its path, who may call it, and what answers.

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Anyone,
    /// Whoever has logged in, and guests where they may read.
    Reader,
    /// Whoever has logged in.
    User,
    Admin,
}

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noun {
    Login,
    LoginHash,
    Logout,
    Me,
    Settings,
    /// A list with nothing in it.
    None,
    /// A page of a list with nothing in it.
    NoneOf,
    /// How far something is that never goes on here: what is to be said of it.
    Idle(&'static str),
    List,
    Get,
    Dirs,
    Search,
    Link,
    Other,
    Storages,
    Storage,
    DriverNames,
    Drivers,
    Driver,
    SettingItems,
    SettingItem,
    Users,
    User,
    /// Two that are no envelopes.
    Playlist,
    Description,
    /// What the gateway does not have: why.
    Absent(&'static str),
    /// What would change something: why it does not.
    Refused(&'static str),
}

const READS_ONLY: &str = "This gateway only reads: it makes, changes and removes nothing at 115 yet";
const CONFIGURED: &str = "This is in the configuration of the gateway: change config.yaml and send it SIGHUP";
const NO_INDEX: &str = "There is no index to build: searching looks through the listings that are known";

/// Behind `/api`.
#[rustfmt::skip]
pub(super) const ROUTES: &[(&str, Who, Noun)] = &[
    ("/auth/login", Who::Anyone, Noun::Login),
    ("/auth/login/hash", Who::Anyone, Noun::LoginHash),
    ("/auth/login/ldap", Who::Anyone, Noun::Refused("There is no LDAP here: log in with a name and a password of the gateway")),
    ("/auth/logout", Who::Anyone, Noun::Logout),
    ("/auth/2fa/generate", Who::User, Noun::Refused(CONFIGURED)),
    ("/auth/2fa/verify", Who::User, Noun::Refused(CONFIGURED)),
    ("/me", Who::Reader, Noun::Me),
    ("/me/update", Who::User, Noun::Refused(CONFIGURED)),
    ("/me/sshkey/list", Who::User, Noun::NoneOf),
    ("/me/sshkey/add", Who::User, Noun::Refused(CONFIGURED)),
    ("/me/sshkey/delete", Who::User, Noun::Refused(CONFIGURED)),
    ("/public/settings", Who::Anyone, Noun::Settings),
    ("/public/offline_download_tools", Who::Anyone, Noun::None),
    ("/public/archive_extensions", Who::Anyone, Noun::None),
    ("/fs/list", Who::Reader, Noun::List),
    ("/fs/get", Who::Reader, Noun::Get),
    ("/fs/dirs", Who::Reader, Noun::Dirs),
    ("/fs/search", Who::Reader, Noun::Search),
    ("/fs/link", Who::Admin, Noun::Link),
    ("/fs/other", Who::Reader, Noun::Other),
    ("/fs/m3u", Who::Anyone, Noun::Playlist),
    ("/openapi.json", Who::Anyone, Noun::Description),
    ("/fs/archive/meta", Who::Reader, Noun::Refused("Archives are not opened here")),
    ("/fs/archive/list", Who::Reader, Noun::Refused("Archives are not opened here")),
    ("/fs/archive/decompress", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/mkdir", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/rename", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/batch_rename", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/regex_rename", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/move", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/copy", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/recursive_move", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/remove", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/remove_empty_directory", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/put", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/form", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/get_direct_upload_info", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/add_offline_download", Who::User, Noun::Refused(READS_ONLY)),
    ("/share/list", Who::User, Noun::NoneOf),
    ("/share/create", Who::User, Noun::Refused(READS_ONLY)),
    ("/admin/storage/list", Who::Admin, Noun::Storages),
    ("/admin/storage/get", Who::Admin, Noun::Storage),
    ("/admin/storage/create", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/storage/update", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/storage/delete", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/storage/enable", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/storage/disable", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/storage/load_all", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/driver/names", Who::Admin, Noun::DriverNames),
    ("/admin/driver/list", Who::Admin, Noun::Drivers),
    ("/admin/driver/info", Who::Admin, Noun::Driver),
    ("/admin/setting/list", Who::Admin, Noun::SettingItems),
    ("/admin/setting/get", Who::Admin, Noun::SettingItem),
    ("/admin/setting/save", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/setting/delete", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/setting/default", Who::Admin, Noun::SettingItems),
    ("/admin/setting/reset_token", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/user/list", Who::Admin, Noun::Users),
    ("/admin/user/get", Who::Admin, Noun::User),
    ("/admin/user/create", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/user/update", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/user/delete", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/user/sshkey/list", Who::Admin, Noun::NoneOf),
    ("/admin/meta/list", Who::Admin, Noun::NoneOf),
    ("/admin/meta/create", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/meta/update", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/meta/delete", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/index/progress", Who::Admin, Noun::Idle(NO_INDEX)),
    ("/admin/scan/progress", Who::Admin, Noun::Idle("")),
    ("/admin/message/get", Who::Admin, Noun::Absent("no message")),
];

/// Kinds of tasks that clients ask for; there are none of any kind yet.
pub(super) const TASKS: [&str; 7] =
    ["upload", "copy", "move", "offline_download", "offline_download_transfer", "decompress", "decompress_upload"];

/// What answers at this path behind `/api`, and to whom.
pub(super) fn find(path: &str) -> Option<(Who, Noun)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if let Some((_, who, noun)) = ROUTES.iter().find(|(known, _, _)| *known == path) {
        return Some((*who, *noun));
    }
    let task = path.strip_prefix("/admin").unwrap_or(path).strip_prefix("/task/")?;
    let (kind, verb) = task.split_once('/')?;
    let noun = match verb {
        _ if !TASKS.contains(&kind) => return None,
        "undone" | "done" => Noun::None,
        "info" | "cancel" | "delete" | "retry" => Noun::Absent("task not found"),
        "cancel_some" | "delete_some" | "retry_some" | "clear_done" | "clear_succeeded" | "retry_failed" => {
            Noun::Refused("There are no tasks here yet")
        }
        _ => return None,
    };
    Some((Who::User, noun))
}
