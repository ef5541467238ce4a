//! Broken files and the whole of what is said about them.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// Text, then the whole of what is said about it.
#[rstest]
#[case("x", "line 1, column 1: here is a text where a map of keys is expected")]
#[case("serverr: 1", "line 1, column 1: serverr: no such key; known here: server, data_dir, auth, mounts")]
#[case("server: 5", "line 1, column 9: server: here is a number where a map of keys is expected")]
#[case(
    "server:\n  listen: 5244",
    "line 2, column 11: server.listen: here is a number where an address like 0.0.0.0:5244, or a list of addresses is expected"
)]
#[case("server: { listen: [a, [b]] }", "line 1, column 23: server.listen[1]: here is a list where a text is expected")]
#[case(
    "server:\n  lissten: a",
    "line 2, column 3: server.lissten: no such key; known here: listen, base_path, public_url, trusted_proxies, metrics, frontend_dir"
)]
#[case(
    "mounts:\n- path: /115\n  drive:\n    type: 115-cloud\n    roott: 1",
    "line 5, column 5: mounts[0].drive.roott: no such key; known here: type, root, cookie, qr_token, app, rate, page_size, \
     link_binding, wire, access_token, refresh_token, app_id, share_code, receive_code"
)]
#[case(
    "mounts:\n- path: /115\n- path: /x\n  drive:\n    rate: fast",
    "line 5, column 11: mounts[1].drive.rate: here is a text where a number is expected"
)]
#[case(
    "mounts:\n- drive:\n    page_size: 99999999999999999999",
    "line 3, column 16: mounts[0].drive.page_size: here is a number where a small whole number is expected"
)]
#[case(
    "mounts:\n- read_only: maybe",
    "line 2, column 14: mounts[0].read_only: here is a text where true or false is expected"
)]
#[case("mounts:\n- path: /a\n  path: /b", "line 2, column 3: mounts[0]: path is written twice")]
#[case("mounts: {}", "line 1, column 9: mounts: here is a map of keys where a list is expected")]
#[case("mounts: [ { ? [a] : b } ]", "line 1, column 15: mounts[0]: here is a list where a key is expected")]
#[case(
    "mounts:\n\t- x",
    "line 2, column 1: mounts: this is no YAML that can be read: found character that cannot start any token \
     (indent with spaces; put text with special characters in quotes)"
)]
fn a_wrong_shape_is_named_with_its_place(#[case] text: &str, #[case] want: &str) {
    let error = parse(text).unwrap_err();
    assert!(matches!(error, LoadError::Shape { .. }), "{error:?}");
    assert_eq!(error.to_string(), want);
}

#[rstest]
#[case("", "mounts: there are none; write at least one, as in config.example.yaml")]
#[case("# only\n  # comments", "mounts: there are none; write at least one, as in config.example.yaml")]
#[case("mounts: []", "mounts: there are none; write at least one, as in config.example.yaml")]
#[case(
    "mounts: [{}]",
    "mounts[0].path: is missing; write where the drive is to be seen, for example /115\n\
     mounts[0].drive: is missing; write a drive with type 115-cloud, 115-open, 115-share or local"
)]
#[case(
    "mounts: [{ path: /a, drive: {} }]",
    "mounts[0].drive.type: is missing; write 115-cloud, 115-open, 115-share or local"
)]
#[case(
    "mounts: [{ path: /a, drive: { type: 116 } }]",
    "mounts[0].drive.type: \"116\" is no type of drive; write 115-cloud, 115-open, 115-share or local"
)]
#[case(
    "mounts: [{ path: /a, drive: { type: 115-cloud, qr_token: abc } }]",
    "mounts[0].drive.qr_token: a QR code token is 115's `uid`: 16 to 128 letters and digits, as 115's token call gives it or \
     as it stands after `dg-` in the text of the code"
)]
#[case(
    "mounts: [{ path: /a, drive: { type: 115-cloud, cookie: 'UID=1_A1_2', qr_token: 0123456789abcdef0123 } }]",
    "mounts[0].drive.qr_token: there is a cookie as well; write one of the two"
)]
#[case(
    "mounts: [{ path: /a, drive: { type: 115-cloud, app: linux } }]",
    "mounts[0].drive.app: 115 has withdrawn the app type \"linux\" and refuses its logins; take wechatmini or, if you use \
     that yourself, one of: alipaymini, tv, apple_tv, qandroid, qios, qipad, harmony, android, bandroid, 115android, ios, \
     bios, 115ios, ipad, bipad, 115ipad, web, desktop"
)]
#[case(
    "mounts: [{ path: /a, drive: { type: 115-cloud, cookie: 'UID=1_A1_2' } }]",
    "mounts[0].drive.cookie: the 115 cookie cannot be used: CID, SEID are missing. Log in at 115.com, open the developer \
     tools (F12), choose Network, reload, and copy the whole Cookie header of a request to webapi.115.com"
)]
fn too_little_is_named(#[case] text: &str, #[case] want: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), want);
}

/// Extra lines for the drive, for the mount, and for the file; what is said about them.
#[rstest]
#[case(
    "root: a",
    "",
    "",
    "mounts[0].drive.root: \"a\" is no cid; write the number that stands after cid= in the address of the folder at 115.com, or 0 for everything"
)]
#[case(
    "root: -1",
    "",
    "",
    "mounts[0].drive.root: \"-1\" is no cid; write the number that stands after cid= in the address of the folder at 115.com, or 0 for everything"
)]
#[case(
    "root: ''",
    "",
    "",
    "mounts[0].drive.root: an empty text is no cid; write the number that stands after cid= in the address of the folder at 115.com, or 0 for everything"
)]
#[case(
    "root: 99999999999999999999",
    "",
    "",
    "mounts[0].drive.root: this number is too large for a cid; a cid has 19 digits at most"
)]
#[case(
    "rate: 0",
    "",
    "",
    "mounts[0].drive.rate: 0 is no number of calls a second; write 0.05 at least and 1000 at most, for example 2"
)]
#[case(
    "rate: -0.5",
    "",
    "",
    "mounts[0].drive.rate: -0.5 is no number of calls a second; write 0.05 at least and 1000 at most, for example 2"
)]
#[case(
    "rate: .nan",
    "",
    "",
    "mounts[0].drive.rate: NaN is no number of calls a second; write 0.05 at least and 1000 at most, for example 2"
)]
#[case(
    "rate: .inf",
    "",
    "",
    "mounts[0].drive.rate: inf is no number of calls a second; write 0.05 at least and 1000 at most, for example 2"
)]
#[case(
    "rate: 1000.1",
    "",
    "",
    "mounts[0].drive.rate: 1000.1 is no number of calls a second; write 0.05 at least and 1000 at most, for example 2"
)]
#[case(
    "page_size: 0",
    "",
    "",
    "mounts[0].drive.page_size: 0 is not between 1 and 1150, the most that 115 lists at once"
)]
#[case(
    "page_size: 1151",
    "",
    "",
    "mounts[0].drive.page_size: 1151 is not between 1 and 1150, the most that 115 lists at once"
)]
#[case(
    "link_binding: none",
    "",
    "",
    "mounts[0].drive.link_binding: \"none\" is not auto or per_client; write one of these"
)]
#[case("wire: { base: 'ftp://x' }", "", "", "mounts[0].drive.wire.base: only http:// and https:// URLs can be used")]
#[case(
    "wire: { base: x }",
    "",
    "",
    "mounts[0].drive.wire.base: this is no URL: relative URL without a base. Write one like http://127.0.0.1:9115"
)]
#[case(
    "wire: { base: 'http://me:pw@x' }",
    "",
    "",
    "mounts[0].drive.wire.base: write the URL without user and password"
)]
#[case(
    "wire: { base: 'http://x/?a' }",
    "",
    "",
    "mounts[0].drive.wire.base: write the URL without a query (?…) and a fragment (#…)"
)]
#[case(
    "wire: { endpoints: { 'http://x': 'http://y' } }",
    "",
    "",
    "mounts[0].drive.wire.endpoints: \"http://x\" (number 1) is no host name; write one like webapi.115.com, without scheme and port"
)]
#[case(
    "wire: { endpoints: { 'x:80': 'http://y' } }",
    "",
    "",
    "mounts[0].drive.wire.endpoints: \"x:80\" (number 1) is no host name; write one like webapi.115.com, without scheme and port"
)]
#[case(
    "wire: { endpoints: { x: 'http://y', X: 'http://z' } }",
    "",
    "",
    "mounts[0].drive.wire.endpoints.x: this host is written twice; leave one out"
)]
#[case(
    "wire: { endpoints: { x: 'tcp://y' } }",
    "",
    "",
    "mounts[0].drive.wire.endpoints.x: only http:// and https:// URLs can be used"
)]
#[case(
    "wire: { rsa_modulus: abcd }",
    "",
    "",
    "mounts[0].drive.wire.rsa_modulus: this is no RSA modulus of exactly 1024 bits; write its 256 hex digits, the first not below 8"
)]
#[case("", "delivery: send", "", "mounts[0].delivery: \"send\" is not redirect, proxy or url; write one of these")]
#[case(
    "",
    "delivery: url",
    "",
    "mounts[0].proxy_url: is missing; write where the download proxy is, for example https://worker.example.com"
)]
#[case(
    "",
    "proxy_url: 'https://worker.example.com'",
    "",
    "mounts[0].proxy_url: this is only for delivery: url; write that too, or leave this out"
)]
#[case(
    "",
    "delivery: proxy\n  proxy_url: 'https://worker.example.com'",
    "",
    "mounts[0].proxy_url: this is only for delivery: url; write that too, or leave this out"
)]
#[case(
    "",
    "delivery: url\n  proxy_url: 'https://worker.example.com/'",
    "",
    "mounts[0].proxy_url: it ends in a slash, and the path that follows begins with one; leave it out at the end"
)]
#[case(
    "",
    "delivery: url\n  proxy_url: 'ftp://worker.example.com'",
    "",
    "mounts[0].proxy_url: only http:// and https:// URLs can be used"
)]
#[case(
    "",
    "delivery: url\n  proxy_url: 'worker.example.com'",
    "",
    "mounts[0].proxy_url: this is no URL: relative URL without a base. Write one like http://127.0.0.1:9115"
)]
#[case(
    "",
    "delivery: url\n  proxy_url: 'https://worker.example.com/x?y'",
    "",
    "mounts[0].proxy_url: write the URL without a query (?…) and a fragment (#…)"
)]
#[case(
    "",
    "delivery: url\n  proxy_url: 'https://a:b@worker.example.com'",
    "",
    "mounts[0].proxy_url: write the URL without user and password"
)]
#[case(
    "",
    "delivery: url\n  proxy_url: 'https://drive.example/x'",
    "server: { public_url: 'http://drive.example/x/' }",
    "mounts[0].proxy_url: this is the gateway itself (server.public_url); write the address of the download proxy"
)]
#[case(
    "",
    "cache: { listing: 0s }",
    "",
    "mounts[0].cache.listing: \"0s\" is too short for the account; write 10s at least"
)]
#[case("", "cache: { link: 0h }", "", "mounts[0].cache.link: \"0h\" is too short for the account; write 10s at least")]
#[case(
    "",
    "cache: { listing: 30 }",
    "",
    "mounts[0].cache.listing: \"30\" is no length of time: it has no unit. Write for example 90s, 30m, 24h or 1h30m"
)]
#[case(
    "",
    "cache: { grace: -5m }",
    "",
    "mounts[0].cache.grace: \"-5m\" is no length of time: it is less than nothing. Write for example 90s, 30m, 24h or 1h30m"
)]
#[case(
    "",
    "cache: { grace: long }",
    "",
    "mounts[0].cache.grace: \"long\" is no length of time: it is not numbers with units. Write for example 90s, 30m, 24h or 1h30m"
)]
#[case(
    "",
    "cache: { grace: 3 moons }",
    "",
    "mounts[0].cache.grace: \"3 moons\" is no length of time: its unit is unknown. Write for example 90s, 30m, 24h or 1h30m"
)]
#[case("", "cache: { grace: 2years }", "", "mounts[0].cache.grace: \"2years\" is longer than a year; write less")]
#[case(
    "",
    "cache: { min_life: third }",
    "",
    "mounts[0].cache.min_life: \"third\" is no length of time: it is not numbers with units. Write for example 90s, 30m, 24h or 1h30m; or half"
)]
#[case("", "", "auth: { guest: on }", "auth.guest: \"on\" is not off or read; write one of these")]
#[case("", "", "data_dir: ''", "data_dir: this is no folder; write one, or leave the key out for ./data")]
#[case(
    "",
    "",
    "server: { listen: [] }",
    "server.listen: the list is empty; write an address like 0.0.0.0:5244, or leave the key out"
)]
#[case(
    "",
    "",
    "server: { listen: localhost:5244 }",
    "server.listen: \"localhost:5244\" is no address with a port; write one like 0.0.0.0:5244, 127.0.0.1:5244 or \"[::]:5244\" (no host names)"
)]
#[case(
    "",
    "",
    "server: { listen: ['127.0.0.1:1', '127.0.0.1:1'] }",
    "server.listen[1]: 127.0.0.1:1 is in the list twice; leave one out"
)]
fn a_value_without_sense_is_named(#[case] drive: &str, #[case] mount: &str, #[case] rest: &str, #[case] want: &str) {
    let error = parse(&file(drive, mount, rest)).unwrap_err();
    assert!(matches!(error, LoadError::Violations(_)), "{error:?}");
    assert_eq!(error.to_string(), want);
}

#[rstest]
#[case(&["115"], "mounts[0].path: \"115\" does not start with /; write for example /115")]
#[case(&["/a/../b"], "mounts[0].path: the path goes up (\"..\") or stays (\".\"); write it without such parts")]
#[case(&["/a", "/a/"], "mounts[1].path: mounts[0] has the same path; choose another")]
#[case(&["/d/x"], "mounts[0].path: /d is an address of the gateway itself; choose another first name")]
#[case(&["/@pc"], "mounts[0].path: /@pc is an address of the gateway itself; choose another first name")]
#[case(&["/-"], "mounts[0].path: /- is an address of the gateway itself; choose another first name")]
#[case(&["/ledger/x"], "mounts[0].path: /ledger is an address of the gateway itself; choose another first name")]
#[case(&["/metrics"], "mounts[0].path: /metrics is an address of the gateway itself; choose another first name")]
#[case(&["/robots.txt"], "mounts[0].path: /robots.txt is an address of the gateway itself; choose another first name")]
fn mounts_keep_out_of_each_others_way(#[case] paths: &[&str], #[case] want: &str) {
    let mounts: String = paths
        .iter()
        .map(|path| format!("- {{ path: {path}, drive: {{ type: 115-cloud, cookie: '{COOKIE}' }} }}\n"))
        .collect();
    assert_eq!(parse(&format!("mounts:\n{mounts}")).unwrap_err().to_string(), want);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = "server: { listen: [nowhere, '[::1]:x'] }\nauth: { users: [] }\nmounts:\n- path: a\n  drive: { type: 115-cloud, root: x, rate: 0 }\n- path: /p\n  delivery: url\n  drive: { type: local, root: x }";
    let LoadError::Violations(violations) = parse(text).unwrap_err() else { panic!("these are violations") };
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "auth.users",
            "server.listen[0]",
            "server.listen[1]",
            "mounts[0].path",
            "mounts[0].drive.root",
            "mounts[0].drive.rate",
            "mounts[1].path",
            "mounts[1].proxy_url",
            "mounts[1].drive.root",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Config::load(Path::new("/nowhere/config.yaml")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nowhere/config.yaml: No such file or directory (os error 2)");
}

#[test]
fn a_file_that_is_no_configuration_is_not_read_to_its_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(64 << 20).unwrap();
    let LoadError::Read { source, .. } = Config::load(file.path()).unwrap_err() else { panic!("it is read") };
    assert_eq!(source.kind(), std::io::ErrorKind::FileTooLarge);
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_an_error_with_words(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    /// Lines that are nearly right get further than noise does.
    #[test]
    fn any_value_is_taken_or_refused_with_words(
        key in "root|rate|page_size|link_binding|cookie|wire|type|app",
        value in "[ -~]{0,24}",
        cache in "[0-9a-z. -]{0,12}",
        listen in "[ -~]{0,24}",
    ) {
        let text = file(&format!("{key}: {value}"), &format!("cache: {{ grace: {cache} }}"), &format!("server: {{ listen: {listen} }}"));
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
