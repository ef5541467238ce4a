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
    /// Tasks of a kind: none so far.
    Tasks,
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
const NO_SHARES: &str =
    "There are no shares here: a folder is given to others by signed links, or by a user with a base path";
const NO_SECOND_FACTOR: &str =
    "There is no second factor here: a name and a password of the gateway are all that a login takes";
const NO_PASSKEYS: &str = "There are no passkeys here: log in with a name and a password of the gateway";
const NO_SSO: &str = "There is no single sign-on here: log in with a name and a password of the gateway";
const NO_METAS: &str = "There are no metas here: what a user may see is his base path in config.yaml";
const NO_DOWNLOADS: &str = "There is no offline download here yet, so no tool for it to set up";
const NO_TASKS: &str = "There are no tasks here yet";
const NO_SCAN: &str = "Nothing is scanned here: a folder is read when somebody comes by it";
const NO_INDEX: &str = "There is no index to build: searching looks through the listings that are known, and asks 115";

/// Behind `/api`.
#[rustfmt::skip]
pub(super) const ROUTES: &[(&str, Who, Noun)] = &[
    ("/auth/login", Who::Anyone, Noun::Login),
    ("/auth/login/hash", Who::Anyone, Noun::LoginHash),
    ("/auth/login/ldap", Who::Anyone, Noun::Refused("There is no LDAP here: log in with a name and a password of the gateway")),
    ("/auth/logout", Who::Anyone, Noun::Logout),
    ("/auth/2fa/generate", Who::User, Noun::Refused(NO_SECOND_FACTOR)),
    ("/auth/2fa/verify", Who::User, Noun::Refused(NO_SECOND_FACTOR)),
    ("/auth/sso", Who::Anyone, Noun::Refused(NO_SSO)),
    ("/auth/sso_callback", Who::Anyone, Noun::Refused(NO_SSO)),
    ("/auth/sso_get_token", Who::Anyone, Noun::Refused(NO_SSO)),
    ("/auth/get_sso_id", Who::Anyone, Noun::Refused(NO_SSO)),
    ("/authn/webauthn_begin_login", Who::Anyone, Noun::Refused(NO_PASSKEYS)),
    ("/authn/webauthn_finish_login", Who::Anyone, Noun::Refused(NO_PASSKEYS)),
    ("/authn/webauthn_begin_registration", Who::User, Noun::Refused(NO_PASSKEYS)),
    ("/authn/webauthn_finish_registration", Who::User, Noun::Refused(NO_PASSKEYS)),
    ("/authn/delete_authn", Who::User, Noun::Refused(NO_PASSKEYS)),
    ("/authn/getcredentials", Who::User, Noun::None),
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
    ("/fs/multipart/init", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/multipart/chunk", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/multipart/complete", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/multipart/abort", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/multipart/status", Who::User, Noun::Absent("There is no such upload")),
    ("/fs/torrent/parse", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/torrent/upload_parse", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/torrent/rapid_upload", Who::User, Noun::Refused(READS_ONLY)),
    ("/fs/torrent/generate", Who::User, Noun::Refused(READS_ONLY)),
    ("/share/list", Who::User, Noun::NoneOf),
    ("/share/get", Who::User, Noun::Absent("share not found")),
    ("/share/create", Who::User, Noun::Refused(NO_SHARES)),
    ("/share/update", Who::User, Noun::Refused(NO_SHARES)),
    ("/share/delete", Who::User, Noun::Refused(NO_SHARES)),
    ("/share/enable", Who::User, Noun::Refused(NO_SHARES)),
    ("/share/disable", Who::User, Noun::Refused(NO_SHARES)),
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
    ("/admin/setting/set_aria2", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_qbit", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_transmission", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_115", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_115_open", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_123_pan", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_123_open", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_pikpak", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_thunder", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_thunderx", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/setting/set_thunder_browser", Who::Admin, Noun::Refused(NO_DOWNLOADS)),
    ("/admin/user/list", Who::Admin, Noun::Users),
    ("/admin/user/get", Who::Admin, Noun::User),
    ("/admin/user/create", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/user/update", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/user/delete", Who::Admin, Noun::Refused(CONFIGURED)),
    ("/admin/user/cancel_2fa", Who::Admin, Noun::Refused(NO_SECOND_FACTOR)),
    ("/admin/user/del_cache", Who::Admin, Noun::Refused("There is nothing of a user to forget: what he may is read from config.yaml")),
    ("/admin/user/sshkey/list", Who::Admin, Noun::NoneOf),
    ("/admin/meta/list", Who::Admin, Noun::NoneOf),
    ("/admin/meta/get", Who::Admin, Noun::Absent("There are no metas here")),
    ("/admin/meta/create", Who::Admin, Noun::Refused(NO_METAS)),
    ("/admin/meta/update", Who::Admin, Noun::Refused(NO_METAS)),
    ("/admin/meta/delete", Who::Admin, Noun::Refused(NO_METAS)),
    ("/admin/index/build", Who::Admin, Noun::Absent(NO_INDEX)),
    ("/admin/index/update", Who::Admin, Noun::Absent(NO_INDEX)),
    ("/admin/index/stop", Who::Admin, Noun::Absent(NO_INDEX)),
    ("/admin/index/clear", Who::Admin, Noun::Absent(NO_INDEX)),
    ("/admin/index/progress", Who::Admin, Noun::Idle(NO_INDEX)),
    ("/admin/scan/start", Who::Admin, Noun::Refused(NO_SCAN)),
    ("/admin/scan/stop", Who::Admin, Noun::Refused(NO_SCAN)),
    ("/admin/scan/progress", Who::Admin, Noun::Idle("")),
    ("/admin/message/send", Who::Admin, Noun::Refused("Nobody here waits for a message: a login is made with gate115 login")),
    ("/admin/message/get", Who::Admin, Noun::Absent("no message")),
];

/// Kinds of tasks that clients ask for; there are none of any kind yet.
pub(super) const TASKS: [&str; 7] =
    ["upload", "copy", "move", "offline_download", "offline_download_transfer", "decompress", "decompress_upload"];

/// What is asked of the tasks of a kind, below `/task` and, for old scripts, `/admin/task`.
#[rustfmt::skip]
pub(super) const TASK_CALLS: [(&str, Noun); 12] = [
    ("undone", Noun::Tasks),
    ("done", Noun::Tasks),
    ("info", Noun::Absent("task not found")),
    ("cancel", Noun::Absent("task not found")),
    ("delete", Noun::Absent("task not found")),
    ("retry", Noun::Absent("task not found")),
    ("cancel_some", Noun::Refused(NO_TASKS)),
    ("delete_some", Noun::Refused(NO_TASKS)),
    ("retry_some", Noun::Refused(NO_TASKS)),
    ("clear_done", Noun::Refused(NO_TASKS)),
    ("clear_succeeded", Noun::Refused(NO_TASKS)),
    ("retry_failed", Noun::Refused(NO_TASKS)),
];

/// What answers at this path behind `/api`, and to whom.
pub(super) fn find(path: &str) -> Option<(Who, Noun)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if let Some((_, who, noun)) = ROUTES.iter().find(|(known, _, _)| *known == path) {
        return Some((*who, *noun));
    }
    let task = path.strip_prefix("/admin").unwrap_or(path).strip_prefix("/task/")?;
    let (_, call) = task.split_once('/').filter(|(kind, _)| TASKS.contains(kind))?;
    let (_, noun) = TASK_CALLS.iter().find(|(known, _)| *known == call)?;
    Some((Who::User, *noun))
}
