//! No key of the interface is unknown, whichever version it belongs to.

use rstest::rstest;

use super::*;

/// Every key of interface.md that stands outside a list of keys of its own: where it is written, and whether it is
/// taken now.
#[rstest]
#[case("", "", "server: { listen: '127.0.0.1:1' }", None)]
#[case("", "", "server: { public_url: 'https://drive.example.com' }", Some("server.public_url"))]
#[case("", "", "server: { base_path: / }", None)]
#[case("", "", "server: { base_path: /x }", Some("server.base_path"))]
#[case("", "", "server: { trusted_proxies: [127.0.0.1/32] }", Some("server.trusted_proxies"))]
#[case("", "", "server: { metrics: token }", Some("server.metrics"))]
#[case("", "", "server: { frontend_dir: ./frontend }", Some("server.frontend_dir"))]
#[case("", "", "data_dir: ./data", None)]
#[case("", "", "auth: { users: [{ name: admin, password: { env: X }, role: admin }] }", Some("auth.users"))]
#[case("", "", "auth: { guest: off }", None)]
#[case("", "", "auth: { token: { env: GATE115_TOKEN } }", Some("auth.token"))]
#[case("", "", "auth: { token: }", Some("auth.token"))]
#[case("", "", "auth: { old_tokens: [] }", Some("auth.old_tokens"))]
#[case("", "", "auth: { sign: all }", Some("auth.sign"))]
#[case("", "", "auth: { link_expiration: 0h }", Some("auth.link_expiration"))]
#[case("root: '0'", "", "", None)]
#[case("root: 0", "", "", None)]
#[case("qr_token: abc", "", "", Some("mounts[0].drive.qr_token"))]
#[case("app: wechatmini", "", "", Some("mounts[0].drive.app"))]
#[case("rate: 2", "", "", None)]
#[case("page_size: 1150", "", "", None)]
#[case("link_binding: auto", "", "", None)]
#[case("access_token: x", "", "", Some("mounts[0].drive.access_token"))]
#[case("refresh_token: x", "", "", Some("mounts[0].drive.refresh_token"))]
#[case("app_id: 1", "", "", Some("mounts[0].drive.app_id"))]
#[case("share_code: sw3", "", "", Some("mounts[0].drive.share_code"))]
#[case("receive_code: ab12", "", "", Some("mounts[0].drive.receive_code"))]
#[case("wire: { base: 'http://127.0.0.1:9115' }", "", "", None)]
#[case("wire: { endpoints: { webapi.115.com: 'https://mirror.example' } }", "", "", None)]
#[case("wire: { oss: 'http://127.0.0.1:9115/oss' }", "", "", Some("mounts[0].drive.wire.oss"))]
#[case("wire: { ec_public_key: abcd }", "", "", Some("mounts[0].drive.wire.ec_public_key"))]
#[case("wire: { danger_accept_invalid_certs: false }", "", "", None)]
#[case("", "delivery: redirect", "", None)]
#[case("", "delivery: url", "", Some("mounts[0].delivery"))]
#[case("", "proxy_url: 'https://worker.example.com'", "", Some("mounts[0].proxy_url"))]
#[case("", "read_only: false", "", None)]
#[case("", "cache: { listing: 30m, grace: 24h, link: 1h, min_life: half }", "", None)]
fn every_key_is_taken_or_known_to_come_later(
    #[case] drive: &str,
    #[case] mount: &str,
    #[case] rest: &str,
    #[case] later: Option<&str>,
) {
    match (parse(&file(drive, mount, rest)), later) {
        (Ok(_), None) => {}
        (Err(LoadError::Violations(violations)), Some(field)) => {
            let [violation] = &violations[..] else { panic!("one violation, not {violations:?}") };
            assert_eq!(violation.field, field);
            assert!(violation.message.contains("not in this version yet"), "{violation}");
            assert!(violation.message.contains("leave it out"), "{violation}");
        }
        (other, _) => panic!("{other:?}"),
    }
}

#[rstest]
#[case("115-open", "root: '0', access_token: a, refresh_token: b, app_id: c, rate: 1")]
#[case("115-share", "share_code: sw3, receive_code: ab12, root: '', cookie: x")]
#[case("local", "root: /srv/media")]
fn types_of_later_versions_are_known_with_their_keys(#[case] kind: &str, #[case] keys: &str) {
    let error = parse(&format!("mounts: [{{ path: /x, drive: {{ type: {kind}, {keys} }} }}]")).unwrap_err();
    let want = format!(
        "mounts[0].drive.type: type: {kind} is not in this version yet; leave this mount out, or use 115-cloud."
    );
    assert_eq!(error.to_string(), want);
}
