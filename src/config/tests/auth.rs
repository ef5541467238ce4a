//! Who may come in, and how the gateway is seen from outside: what is taken, and what is said of the rest.

use std::time::Duration;

use rstest::rstest;
use secrecy::ExposeSecret;

use super::*;
use crate::identity::{Guest, Password, Permission, Permissions, Role, Signing};

const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg";

#[test]
fn what_is_left_out_lets_nobody_in_but_an_admin_to_be_made_up() {
    let auth = parse(&file("", "", "")).unwrap().config.auth;
    assert_eq!(auth, Auth::default());
    assert_eq!((auth.users.len(), auth.guest, auth.sign), (0, Guest::Off, Signing::All));
    assert!(auth.token.is_none() && auth.old_tokens.is_empty() && auth.link_expiration.is_zero());
}

#[test]
fn users_tokens_and_signs_are_taken_as_written() {
    let auth = format!(
        "auth:\n  users:\n  - {{ name: admin, password: {{ env: GATE115_COOKIE }}, role: admin }}\n  \
         - {{ name: tv, password: '{HASH}', base_path: /115/Movies, permissions: [webdav, remove] }}\n  guest: read\n  \
         token: ' 0123456789abcdef'\n  old_tokens: [old, {{ env: TOKEN }}]\n  sign: none\n  link_expiration: 12h"
    );
    let loaded = parse(&file("", "", &auth.replace("' 0123", "'0123"))).unwrap();
    let auth = &loaded.config.auth;
    let [admin, tv] = &auth.users[..] else { panic!("two users: {auth:?}") };
    assert_eq!((admin.name.as_str(), admin.role, admin.base_path.as_str()), ("admin", Role::Admin, "/"));
    assert_eq!((&admin.password, admin.permissions), (&Password::read(COOKIE).unwrap(), Permissions::all()));
    assert_eq!((tv.name.as_str(), tv.role, tv.base_path.as_str()), ("tv", Role::User, "/115/Movies"));
    assert_eq!(tv.password, Password::read(HASH).unwrap());
    assert_eq!(tv.permissions, [Permission::Remove, Permission::Webdav].into_iter().collect());
    assert_eq!(
        (auth.guest, auth.sign, auth.link_expiration),
        (Guest::Read, Signing::None, Duration::from_secs(43_200))
    );
    let tokens: Vec<_> = auth.token.iter().chain(&auth.old_tokens).map(|token| token.expose_secret()).collect();
    assert_eq!(tokens, ["0123456789abcdef", "old", "an-old-token"]);
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("argon2") && !shown.contains("0123456789abcdef") && !shown.contains("5ec2e7"), "{shown}");
}

#[test]
fn a_short_password_is_worth_a_word() {
    let loaded = parse(&file("", "", "auth: { users: [{ name: a, password: short12 }] }")).unwrap();
    assert_eq!(loaded.notes.iter().map(|note| note.field.as_str()).collect::<Vec<_>>(), ["auth.users[0].password"]);
}

/// A user's keys besides the name and a password, or all of them; what is said.
#[rstest]
#[case(
    "{}",
    "name: is missing; write what the user calls himself to log in\npassword: is missing; write a password, or a hash from `gate115 passwd`"
)]
#[case(
    "{ name: 'a:b', password: 12345678x }",
    "name: \"a:b\" is no name for a user; write 1 to 64 bytes without :, / and \\, and no space around them"
)]
#[case(
    "{ name: ' a', password: 12345678x }",
    "name: \" a\" is no name for a user; write 1 to 64 bytes without :, / and \\, and no space around them"
)]
#[case(
    "{ name: '', password: 12345678x }",
    "name: \"\" is no name for a user; write 1 to 64 bytes without :, / and \\, and no space around them"
)]
#[case(
    "{ name: guest, password: 12345678x }",
    "name: guest is whoever has not logged in; write auth.guest: read to let guests read"
)]
#[case("{ name: a, password: '' }", "password: it is empty; write a password, or a hash from `gate115 passwd`")]
#[case("{ name: a, password: { env: MISSING } }", "password: the environment variable MISSING is not set")]
#[case(
    "{ name: a, password: '$argon2id$x' }",
    "password: it begins like a hash and is none of argon2id; write one as `gate115 passwd` prints it, whole and in quotes"
)]
#[case(
    "{ name: a, password: 12345678x, role: guest }",
    "role: a guest has no name and no password; write auth.guest: read to let guests read"
)]
#[case("{ name: a, password: 12345678x, role: root }", "role: \"root\" is not admin or user; write one of these")]
#[case(
    "{ name: a, password: 12345678x, base_path: x }",
    "base_path: \"x\" does not start with /; write for example /115/Movies"
)]
#[case(
    "{ name: a, password: 12345678x, base_path: /x/../y }",
    "base_path: the path goes up (\"..\") or stays (\".\"); write it without such parts"
)]
#[case(
    "{ name: a, password: 12345678x, role: admin, base_path: /x }",
    "base_path: an admin sees everything; leave it out, or make this a user"
)]
#[case(
    "{ name: a, password: 12345678x, role: admin, permissions: [] }",
    "permissions: an admin may do everything; leave it out, or make this a user"
)]
#[case(
    "{ name: a, password: 12345678x, permissions: [webdav, fly] }",
    "permissions[1]: \"fly\" is no permission; known: hidden, no_password, offline, write, rename, move, copy, remove, webdav, webdav_write, archive, share"
)]
fn what_is_wrong_with_a_user_is_named(#[case] user: &str, #[case] want: &str) {
    let error = parse(&file("", "", &format!("auth: {{ users: [{user}] }}"))).unwrap_err();
    assert_eq!(error.to_string().replace("auth.users[0].", ""), want);
}

#[rstest]
#[case(
    "auth: { users: [] }",
    "auth.users: the list is empty; write a user, or leave the key out for an admin with a made-up password"
)]
#[case(
    "auth: { users: [{ name: a, password: 12345678x }, { name: a, password: 12345678x }] }",
    "auth.users[1].name: auth.users[0] has the same name; choose another"
)]
#[case(
    "auth: { token: short }",
    "auth.token: this is no token; write 16 to 512 letters, digits and signs, without spaces, for example what `openssl rand -hex 32` prints"
)]
#[case(
    "auth: { old_tokens: [x, 'a b'] }",
    "auth.old_tokens[1]: this is no token; write 1 to 512 letters, digits and signs, without spaces, for example what `openssl rand -hex 32` prints"
)]
#[case(
    "auth: { old_tokens: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] }",
    "auth.old_tokens: these are more than 16; leave the oldest out"
)]
#[case("server: { metrics: off }", "server.metrics: \"off\" is not token or open; write one of these")]
#[case(
    "auth: { token: '' }",
    "auth.token: this is no token; write 16 to 512 letters, digits and signs, without spaces, for example what `openssl rand -hex 32` prints"
)]
#[case("auth: { token: { env: NOT_SET } }", "auth.token: the environment variable NOT_SET is not set")]
#[case("auth: { sign: some }", "auth.sign: \"some\" is not all or none; write one of these")]
#[case(
    "auth: { link_expiration: 5s }",
    "auth.link_expiration: \"5s\" is too short for a link; write 1m at least, or 0h for links that never expire"
)]
#[case(
    "auth: { link_expiration: 5 }",
    "auth.link_expiration: \"5\" is no length of time: it has no unit. Write for example 90s, 30m, 24h or 1h30m"
)]
#[case("auth: { users: { name: a } }", "line 8, column 16: auth.users: here is a map of keys where a list is expected")]
#[case(
    "auth: { users: [{ name: a, pasword: x }] }",
    "line 8, column 28: auth.users[0].pasword: no such key; known here: name, password, role, base_path, permissions"
)]
#[case(
    "server: { base_path: drive }",
    "server.base_path: \"drive\" is no base path; write / or one like /drive, of letters, digits, - and _"
)]
#[case(
    "server: { base_path: '' }",
    "server.base_path: \"\" is no base path; write / or one like /drive, of letters, digits, - and _"
)]
#[case(
    "server: { base_path: /a//b }",
    "server.base_path: \"/a//b\" is no base path; write / or one like /drive, of letters, digits, - and _"
)]
#[case(
    "server: { base_path: /a/../b }",
    "server.base_path: \"/a/../b\" is no base path; write / or one like /drive, of letters, digits, - and _"
)]
#[case(
    "server: { base_path: /影 }",
    "server.base_path: \"/影\" is no base path; write / or one like /drive, of letters, digits, - and _"
)]
#[case(
    "server: { public_url: 'https://a.example/x', base_path: /y }",
    "server.base_path: public_url has the path /x, which is another; write the same in both, or leave base_path out"
)]
#[case("server: { public_url: 'ftp://a.example' }", "server.public_url: only http:// and https:// URLs can be used")]
#[case(
    "server: { public_url: 'https://a.example/%20' }",
    "server.public_url: its path has characters that a base path cannot have; give the gateway a plain one"
)]
#[case(
    "server: { trusted_proxies: [127.0.0.1, nginx] }",
    "server.trusted_proxies[1]: \"nginx\" is no address and no network; write one like 127.0.0.1, 10.0.0.0/8 or \"fd00::/8\""
)]
fn what_is_wrong_with_the_rest_is_named(#[case] text: &str, #[case] want: &str) {
    assert_eq!(parse(&file("", "", text)).unwrap_err().to_string(), want);
}

#[rstest]
#[case("", "", 0)]
#[case("server: { base_path: / }", "", 0)]
#[case("server: { base_path: /a/b/ }", "/a/b", 0)]
#[case("server: { public_url: 'https://a.example/drive/' }", "/drive", 0)]
#[case("server: { public_url: 'https://a.example/drive', base_path: /drive/ }", "/drive", 0)]
#[case("server: { trusted_proxies: [127.0.0.1, '::1', 10.0.0.0/8] }", "", 3)]
fn the_view_from_outside_is_taken(#[case] text: &str, #[case] base_path: &str, #[case] proxies: usize) {
    let server = parse(&file("", "", text)).unwrap().config.server;
    assert_eq!((server.base_path.as_str(), server.trusted_proxies.len()), (base_path, proxies));
    assert_eq!(server.listen, Server::default().listen, "it listens as it was told, whoever may come in");
}

#[test]
fn trust_in_everybody_is_worth_a_word() {
    let loaded = parse(&file("", "", "server: { trusted_proxies: [0.0.0.0/0] }")).unwrap();
    assert_eq!(loaded.notes.iter().map(|note| note.field.as_str()).collect::<Vec<_>>(), ["server.trusted_proxies[0]"]);
}
