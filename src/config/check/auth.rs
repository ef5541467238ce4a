//! Who may come in: users, their passwords and permissions, and what signs links.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{
    super::{
        raw::{self, Secret},
        secret::Sources,
    },
    Report,
    value::{duration, shown},
};
use crate::{
    identity::{Auth, Guest, Password, Permission, Permissions, Role, Signing, User},
    path::VirtualPath,
};

/// More are hashed too slowly at the start, and belong into something else than a file.
const MAX_USERS: usize = 1000;
const MAX_NAME: usize = 64;
/// Each is tried on every sign that does not fit.
const MAX_OLD_TOKENS: usize = 16;
/// A token is the key to everything, and nothing slows down whoever guesses signs.
const MIN_TOKEN: usize = 16;
const MAX_TOKEN: usize = 512;
/// Shorter passwords are worth a word.
const SHORT: usize = 8;

pub(super) fn auth(raw: raw::Auth, sources: &Sources<'_>, report: &mut Report) -> Auth {
    let guest = match raw.guest.as_deref() {
        None | Some("off" | "Off" | "OFF" | "false" | "False" | "FALSE") => Guest::Off,
        Some("read") => Guest::Read,
        Some(other) => {
            report.wrong("auth.guest", format!("{} is not off or read; write one of these", shown(other)));
            Guest::Off
        }
    };
    let sign = match raw.sign.as_deref() {
        None | Some("all") => Signing::All,
        Some("none") => Signing::None,
        Some(other) => {
            report.wrong("auth.sign", format!("{} is not all or none; write one of these", shown(other)));
            Signing::All
        }
    };
    let users = raw.users.map_or_else(Vec::new, |users| self::users(users, sources, report));
    let token = raw.token.and_then(|raw| token(raw, "auth.token", MIN_TOKEN, sources, report));
    let old: Vec<_> = raw.old_tokens.unwrap_or_default();
    if old.len() > MAX_OLD_TOKENS {
        report.wrong("auth.old_tokens", format!("these are more than {MAX_OLD_TOKENS}; leave the oldest out"));
    }
    let old_tokens = old
        .into_iter()
        .enumerate()
        .filter_map(|(index, raw)| self::token(raw, &format!("auth.old_tokens[{index}]"), 1, sources, report))
        .collect();
    let expiration = raw.link_expiration.and_then(|text| report.take("auth.link_expiration", link_expiration(&text)));
    Auth { users, guest, token, old_tokens, sign, link_expiration: expiration.unwrap_or_default() }
}

fn users(raw: Vec<raw::User>, sources: &Sources<'_>, report: &mut Report) -> Vec<User> {
    if raw.is_empty() {
        report.wrong(
            "auth.users",
            "the list is empty; write a user, or leave the key out for an admin with a made-up password",
        );
    }
    if raw.len() > MAX_USERS {
        report.wrong("auth.users", format!("these are more than {MAX_USERS}; leave some out"));
        return Vec::new();
    }
    let mut names: Vec<(usize, String)> = Vec::new();
    let mut users = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let at = format!("auth.users[{index}]");
        let name = name(raw.name.as_deref(), &format!("{at}.name"), &names, report);
        names.extend(name.clone().map(|name| (index, name)));
        let password = password(raw.password, &format!("{at}.password"), sources, report);
        let role = role(raw.role.as_deref(), &format!("{at}.role"), report);
        let base_path = base_path(raw.base_path.as_deref(), role, &format!("{at}.base_path"), report);
        let permissions = permissions(raw.permissions, role, &format!("{at}.permissions"), report);
        if let (Some(name), Some(password), Some(base_path)) = (name, password, base_path) {
            users.push(User { name, password, role, base_path, permissions });
        }
    }
    users
}

fn name(text: Option<&str>, field: &str, earlier: &[(usize, String)], report: &mut Report) -> Option<String> {
    let Some(name) = text else {
        report.wrong(field, "is missing; write what the user calls himself to log in");
        return None;
    };
    // A colon ends the name where name and password are sent as one.
    let odd = name.trim() != name || name.chars().any(|c| c.is_control() || matches!(c, ':' | '/' | '\\'));
    if name.is_empty() || name.len() > MAX_NAME || odd {
        let message =
            format!("is no name for a user; write 1 to {MAX_NAME} bytes without :, / and \\, and no space around them");
        report.wrong(field, format!("{} {message}", shown(name)));
        return None;
    }
    if name == "guest" {
        report.wrong(field, "guest is whoever has not logged in; write auth.guest: read to let guests read");
    }
    if let Some((index, _)) = earlier.iter().find(|(_, other)| other == name) {
        report.wrong(field, format!("auth.users[{index}] has the same name; choose another"));
    }
    Some(name.to_owned())
}

fn password(raw: Option<Secret>, field: &str, sources: &Sources<'_>, report: &mut Report) -> Option<Password> {
    let Some(raw) = raw else {
        report.wrong(field, "is missing; write a password, or a hash from `gate115 passwd`");
        return None;
    };
    let secret = report.take(field, raw.resolve(sources))?;
    let text = secret.expose_secret();
    if (1..SHORT).contains(&text.chars().count()) {
        report.note(field, format!("is shorter than {SHORT} characters, so it can be guessed"));
    }
    report.take(field, Password::read(text).map_err(|error| error.to_string()))
}

fn role(text: Option<&str>, field: &str, report: &mut Report) -> Role {
    match text {
        None | Some("user") => return Role::User,
        Some("admin") => return Role::Admin,
        Some("guest") => {
            report.wrong(field, "a guest has no name and no password; write auth.guest: read to let guests read")
        }
        Some(other) => report.wrong(field, format!("{} is not admin or user; write one of these", shown(other))),
    }
    Role::User
}

fn base_path(text: Option<&str>, role: Role, field: &str, report: &mut Report) -> Option<VirtualPath> {
    let Some(text) = text.map(str::trim) else { return Some(VirtualPath::root()) };
    if !text.starts_with('/') {
        report.wrong(field, format!("{} does not start with /; write for example /115/Movies", shown(text)));
        return None;
    }
    let path = report.take(field, VirtualPath::from_plain(text).map_err(|error| error.to_string()))?;
    if role == Role::Admin && !path.is_root() {
        report.wrong(field, "an admin sees everything; leave it out, or make this a user");
    }
    Some(path)
}

fn permissions(names: Option<Vec<String>>, role: Role, field: &str, report: &mut Report) -> Permissions {
    if role == Role::Admin {
        if names.is_some() {
            report.wrong(field, "an admin may do everything; leave it out, or make this a user");
        }
        return Permissions::all();
    }
    let named = |(index, name): (usize, &String)| {
        let known = || Permission::ALL.map(|(name, _)| name).join(", ");
        let found =
            Permission::named(name).ok_or_else(|| format!("{} is no permission; known: {}", shown(name), known()));
        report.take(&format!("{field}[{index}]"), found)
    };
    names.unwrap_or_default().iter().enumerate().filter_map(named).collect()
}

fn token(raw: Secret, field: &str, least: usize, sources: &Sources<'_>, report: &mut Report) -> Option<SecretString> {
    let secret = report.take(field, raw.resolve(sources))?;
    let text = secret.expose_secret();
    // It is sent in a header.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || !(least..=MAX_TOKEN).contains(&text.len()) {
        let message =
            format!("this is no token; write {least} to {MAX_TOKEN} letters, digits and signs, without spaces");
        report.wrong(field, format!("{message}, for example what `openssl rand -hex 32` prints"));
        return None;
    }
    Some(secret)
}

fn link_expiration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        length if !length.is_zero() && length.as_secs() < 60 => Err(format!(
            "{} is too short for a link; write 1m at least, or 0h for links that never expire",
            shown(text)
        )),
        length => Ok(length),
    }
}
