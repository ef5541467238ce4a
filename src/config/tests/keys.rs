//! No key of the interface is unknown, whichever version it belongs to.

use rstest::rstest;
use secrecy::ExposeSecret;

use super::*;

/// Every key of interface.md that stands outside a list of keys of its own: where it is written, and whether it is
/// taken now.
#[rstest]
#[case("", "", "server: { listen: '127.0.0.1:1' }", None)]
#[case("", "", "server: { public_url: 'https://drive.example.com' }", None)]
#[case("", "", "server: { base_path: / }", None)]
#[case("", "", "server: { base_path: /x }", None)]
#[case("", "", "server: { trusted_proxies: [127.0.0.1/32] }", None)]
#[case("", "", "server: { metrics: token }", None)]
#[case("", "", "server: { metrics: open }", None)]
#[case("", "", "data_dir: ./data", None)]
#[case("", "", "auth: { users: [{ name: admin, password: { env: GATE115_COOKIE }, role: admin }] }", None)]
#[case("", "", "auth: { guest: off }", None)]
#[case("", "", "auth: { token: 0123456789abcdef }", None)]
#[case("", "", "auth: { token: }", None)]
#[case("", "", "auth: { old_tokens: [] }", None)]
#[case("", "", "auth: { sign: all }", None)]
#[case("", "", "auth: { link_expiration: 0h }", None)]
#[case("root: '0'", "", "", None)]
#[case("root: 0", "", "", None)]
#[case("app: wechatmini", "", "", None)]
#[case("rate: 2", "", "", None)]
#[case("page_size: 1150", "", "", None)]
#[case("link_binding: auto", "", "", None)]
#[case("wire: { base: 'http://127.0.0.1:9115' }", "", "", None)]
#[case("wire: { endpoints: { webapi.115.com: 'https://mirror.example' } }", "", "", None)]
#[case("wire: { oss: 'http://127.0.0.1:9115/oss' }", "", "", Some("mounts[0].drive.wire.oss"))]
#[case("wire: { ec_public_key: abcd }", "", "", Some("mounts[0].drive.wire.ec_public_key"))]
#[case("wire: { danger_accept_invalid_certs: false }", "", "", None)]
#[case("", "delivery: redirect", "", None)]
#[case("", "delivery: url\n  proxy_url: 'https://worker.example.com'", "", None)]
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
#[case("", Metrics::Token)]
#[case("server: { metrics: token }", Metrics::Token)]
#[case("server: { metrics: open }", Metrics::Open)]
fn metrics_are_for_admins_or_for_everybody(#[case] rest: &str, #[case] metrics: Metrics) {
    assert_eq!(parse(&file("", "", rest)).unwrap().config.server.metrics, metrics);
}

#[rstest]
#[case("whole", "whole")]
#[case(" package ", "package/dist")]
#[case("both", "both")]
fn a_frontend_is_the_folder_with_its_page_or_the_package(#[case] written: &str, #[case] want: &str) {
    let dir = tempfile::tempdir().unwrap();
    for page in ["whole/index.html", "package/dist/index.html", "both/index.html", "both/dist/index.html"] {
        std::fs::create_dir_all(dir.path().join(page).parent().unwrap()).unwrap();
        std::fs::write(dir.path().join(page), "").unwrap();
    }
    let text = format!("server: {{ frontend_dir: '{}/{}' }}", dir.path().display(), written.trim_start());
    let server = parse(&file("", "", &text)).unwrap().config.server;
    assert_eq!(server.frontend_dir, Some(dir.path().join(want)));
}

#[test]
fn without_a_page_there_is_no_frontend_and_all_that_is_wrong_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    // A folder of that name is no page.
    std::fs::create_dir_all(dir.path().join("x/index.html")).unwrap();
    let told = |path: &str| {
        let told = parse(&format!(
            "server: {{ frontend_dir: {path:?} }}\nmounts: [{{ path: /static/x, drive: {{ type: 115-open }} }}]"
        ));
        told.unwrap_err().to_string().replace(dir.path().to_str().unwrap(), "DIR")
    };
    let advice = "write the folder of an unpacked OpenList frontend, which has an index.html or dist/index.html in it, or leave the \
                  key out for the built-in pages\n\
                  mounts[0].path: /static is an address of the frontend; choose another first name";
    for (path, want) in [
        ("no/where", "\"no/where\" is no folder"),
        ("", "\"\" is no folder"),
        ("/dev/null", "\"/dev/null\" is no folder"),
        ("/", "\"/\" has no index.html"),
        (&format!("{}/x", dir.path().display()), "\"DIR/x\" has no index.html"),
    ] {
        assert_eq!(told(path), format!("server.frontend_dir: {want}; {advice}"));
    }
    assert!(parse("mounts: [{ path: /static/x, drive: { type: 115-open } }]").is_ok(), "without one the name is free");
}

#[rstest]
#[case("root: /srv/media", "", "")]
#[case(
    "",
    "",
    "mounts[0].drive.root: is missing; write the absolute path of the folder that is shown, for example /srv/media"
)]
#[case(
    "root: media",
    "",
    "mounts[0].drive.root: \"media\" does not start with /; write the absolute path of the folder that is shown, for example /srv/media"
)]
#[case(
    "root: ''",
    "",
    "mounts[0].drive.root: an empty text does not start with /; write the absolute path of the folder that is shown, for example /srv/media"
)]
#[case(
    "root: \"/a\\0b\"",
    "",
    "mounts[0].drive.root: no path has a NUL in it; write the absolute path of the folder that is shown, for example /srv/media"
)]
#[case(
    "root: /srv",
    "data_dir: /srv/gate115",
    "data_dir: lies in the folder that /x shows, and logins with it; choose another for one of them"
)]
#[case("root: /", "", "data_dir: lies in the folder that /x shows, and logins with it; choose another for one of them")]
#[case("root: /srv/a", "data_dir: /srv/ab", "")]
fn a_local_folder_is_an_absolute_path_without_logins_in_it(
    #[case] drive: &str,
    #[case] rest: &str,
    #[case] want: &str,
) {
    let parsed = parse(&format!("mounts: [{{ path: /x, drive: {{ type: local, {drive} }} }}]\n{rest}"));
    assert_eq!(parsed.map(drop).map_err(|error| error.to_string()).err().unwrap_or_default(), want);
}

#[test]
fn no_link_hides_that_logins_lie_in_a_local_folder() {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| dir.path().join(path);
    std::fs::create_dir_all(at("media/inner")).unwrap();
    std::os::unix::fs::symlink(at("media"), at("link")).unwrap();
    std::os::unix::fs::symlink(at("media/inner"), at("way in")).unwrap();
    let told = |root: &str, data: &str| {
        let (root, data) = (at(root), at(data));
        let text = format!("data_dir: {data:?}\nmounts: [{{ path: /x, drive: {{ type: local, root: {root:?} }} }}]");
        parse(&text).map(drop).map_err(|error| error.to_string())
    };
    for (root, data) in [
        ("link", "media/not there yet/data"),
        ("media", "link/data"),
        ("media", "way in/data"),
        ("media", "elsewhere/../media/data"),
        ("other/../media", "media/data"),
    ] {
        assert!(
            told(root, data).is_err_and(|error| error.contains("lies in the folder that /x shows")),
            "{root} {data}"
        );
    }
    assert_eq!(told("media/inner", "media/data"), Ok(()));
}

#[test]
fn a_configuration_within_a_local_folder_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let text =
        format!("data_dir: /nowhere\nmounts: [{{ path: /x, drive: {{ type: local, root: {:?} }} }}]", dir.path());
    let notes = |base: &Path| Config::parse(&text, base).unwrap().notes;
    let note = notes(&dir.path().join("below")).into_iter().find(|note| note.field == "mounts[0].drive.root").unwrap();
    assert!(note.message.contains("whoever reads the mount"), "{note}");
    assert!(notes(Path::new("/nowhere")).iter().all(|note| note.field != "mounts[0].drive.root"));
}

#[rstest]
#[case("share_code: sw3abcd1234, receive_code: ab12, root: ''", 0)]
#[case("share_code: sw3abcd1234-ab12", 0)]
#[case("share_code: 'https://115cdn.com/s/sw3abcd1234?password=ab12&#', root: 7, receive_code: ''", 7)]
#[case("share_code: 'https://115.com/s/sw3abcd1234?password=zz99', receive_code: ab12", 0)]
fn a_share_is_read_in_every_form(#[case] keys: &str, #[case] root: u64) {
    let loaded = parse(&format!("mounts: [{{ path: /x, drive: {{ type: 115-share, {keys} }} }}]")).unwrap();
    let Drive::Share(share) = &loaded.config.mounts[0].drive else { panic!("another type") };
    assert_eq!((share.share.code.as_str(), share.root, share.rate, share.page_size), ("sw3abcd1234", root, 1.0, 1000));
    assert_eq!(share.share.receive.as_ref().map(p115::ReceiveCode::expose), Some("ab12"));
    let note = loaded.notes.iter().find(|note| note.field == "mounts[0].drive.cookie").unwrap();
    assert!(note.message.contains("folders are shown"), "{note}");
    assert!(!format!("{loaded:?}").contains("ab12"));
}

#[rstest]
#[case("115-cloud", "access_token: x")]
#[case("115-cloud", "refresh_token: x")]
#[case("115-cloud", "app_id: 1")]
#[case("115-cloud", "share_code: sw3")]
#[case("115-cloud", "receive_code: ab12")]
#[case("115-open", "cookie: x")]
#[case("115-open", "app: tv")]
#[case("115-open", "link_binding: auto")]
#[case("115-share", "access_token: x")]
#[case("local", "share_code: sw3")]
#[case("local", "cookie: x")]
#[case("local", "rate: 1")]
fn a_key_of_another_type_is_told_from_an_unknown_one(#[case] kind: &str, #[case] key: &str) {
    let own = match kind {
        "115-cloud" => format!("cookie: '{COOKIE}'"),
        "local" => "root: /srv/media".to_owned(),
        "115-share" => "share_code: sw3abcd1234".to_owned(),
        _ => "refresh_token: r".to_owned(),
    };
    let error = parse(&format!("mounts: [{{ path: /x, drive: {{ type: {kind}, {own}, {key} }} }}]")).unwrap_err();
    let name = key.split(':').next().unwrap();
    let want = format!(
        "mounts[0].drive.{name}: {name} is not a key of a drive of type {kind}; leave it out, or change the type"
    );
    assert_eq!(error.to_string(), want);
}

#[test]
fn an_open_drive_takes_its_defaults() {
    let loaded = parse(
        "mounts: [{ path: /x, drive: { type: 115-open, access_token: a, refresh_token: ' r ', app_id: 100195135 } }]",
    );
    let Drive::Open(open) = &loaded.unwrap().config.mounts[0].drive else { panic!("another type") };
    assert_eq!((open.root, open.rate, open.page_size), (0, 1.0, 1150));
    assert_eq!(open.app_id.as_deref(), Some("100195135"));
    assert_eq!(open.refresh_token.as_ref().unwrap().expose_secret(), "r");
}

#[rstest]
#[case(
    "115-open, access_token: a",
    "refresh_token: is missing beside access_token, which 115 lets live for hours only; write both"
)]
#[case(
    "115-open, refresh_token: 'a b'",
    "refresh_token: this is no token; write it as 115 gave it, without spaces and line breaks"
)]
#[case("115-open, app_id: my app", "app_id: \"my app\" is no app id; write the number that open.115.com gave your app")]
#[case("115-share", "share_code: is missing; write the share link, or what follows /s/ in it")]
#[case(
    "115-share, share_code: '3342177983093201749'",
    "share_code: this is a number, as the cid of a folder is; a share code begins with `sw`"
)]
#[case(
    "115-share, share_code: sw3abcd1234, receive_code: abc",
    "receive_code: a receive code is four letters and digits: what follows `password=` in the share link"
)]
#[case(
    "115-share, share_code: sw3abcd1234, page_size: 1001",
    "page_size: 1001 is not between 1 and 1000, the most that 115 lists at once"
)]
fn what_a_drive_needs_is_asked_for(#[case] drive: &str, #[case] want: &str) {
    let error = parse(&format!("mounts: [{{ path: /x, drive: {{ type: {drive} }} }}]")).unwrap_err();
    assert_eq!(error.to_string(), format!("mounts[0].drive.{want}"));
}

#[rstest]
#[case(&["/a", "/a/b"])]
#[case(&["/a/b/c", "/a"])]
#[case(&["/", "/a"])]
fn mounts_may_stand_inside_each_other(#[case] paths: &[&str]) {
    let mounts = paths.iter().map(|path| format!("- {{ path: {path}, drive: {{ type: 115-open }} }}\n"));
    let loaded = parse(&format!("mounts:\n{}", mounts.collect::<String>())).unwrap();
    assert_eq!(loaded.config.mounts.len(), paths.len());
}

#[rstest]
#[case("https://worker.example.com", "https://worker.example.com")]
#[case(" http://Worker.example.com:8080/115 ", "http://worker.example.com:8080/115")]
#[case::of_our_host_and_elsewhere("https://drive.example/worker", "https://drive.example/worker")]
fn a_download_proxy_is_what_full_paths_follow(#[case] written: &str, #[case] taken: &str) {
    let mount = format!("delivery: url\n  proxy_url: '{written}'");
    let loaded = parse(&file("", &mount, "server: { public_url: 'https://drive.example' }")).unwrap();
    assert_eq!(loaded.config.mounts[0].delivery, Delivery::Url(taken.into()));
    assert_eq!(loaded.config.mounts[0].delivery.to_string(), "url");
}

#[test]
fn a_folder_of_this_machine_needs_no_download_proxy() {
    let text = "mounts: [{ path: /a, delivery: url, proxy_url: 'https://worker.example.com', drive: { type: local, root: /srv } }]";
    assert_eq!(
        parse(text).unwrap_err().to_string(),
        "mounts[0].delivery: files of this machine are always given as bytes; leave delivery and proxy_url out"
    );
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_login_is_a_cookie_a_qr_code_or_none_yet() {
    let login = |keys: &str| {
        let loaded = parse(&format!("mounts: [{{ path: /a, drive: {{ type: 115-cloud{keys} }} }}]")).unwrap();
        (cloud(&loaded).login.clone(), loaded.notes.iter().map(|note| note.field.clone()).collect::<Vec<_>>())
    };
    let (none, notes) = login("");
    assert!(none.given.is_none() && none.parts().is_empty() && none.app().name() == "wechatmini");
    assert!(notes.contains(&"mounts[0].drive.cookie".to_owned()), "{notes:?}");

    let (qr, notes) = login(&format!(", qr_token: {TOKEN}, app: tv"));
    assert!(matches!(&qr.given, Some(Given::QrToken(_))) && qr.app().name() == "tv");
    assert!(notes.contains(&"mounts[0].drive.app".to_owned()), "whom it would log out: {notes:?}");
    let (code, _) = login(&format!(", qr_token: 'https://115.com/scan/dg-{TOKEN}', app: tv"));
    assert_eq!(qr, code);
    assert_ne!(qr, login(&format!(", qr_token: {TOKEN}")).0, "another app is another login");
    assert!(!format!("{qr:?}").contains(TOKEN));

    let (cookie, _) = login(&format!(", cookie: '{COOKIE}'"));
    let (other, _) = login(&format!(", cookie: '{COOKIE}', app: tv"));
    assert_ne!(cookie, other);
    assert!(cookie.parts().len() == 1 && other.parts().len() == 1, "an app says nothing of a cookie");
}
