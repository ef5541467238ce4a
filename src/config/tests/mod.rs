//! Whole files and what they mean, and how the other tests write and read a file.

mod auth;
mod broken;
mod keys;
mod secrets;

use std::{ffi::OsString, path::Path};

use rstest::rstest;

use super::{load, secret::Sources, *};

/// Made up, and recognisable wherever it should not be.
const COOKIE: &str = "UID=12345678_A1_1700000000; CID=5ec2e7005ec2e7005ec2e7005ec2e700; \
                      SEID=5ec2e7005ec2e7005ec2e7005ec2e7005ec2e7005ec2e7005ec2e7005ec2e700";

fn env(name: &str) -> Option<OsString> {
    match name {
        "GATE115_COOKIE" => Some(COOKIE.into()),
        "TOKEN" => Some("an-old-token\n".into()),
        "EMPTY" => Some(" \n".into()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Loaded, LoadError> {
    load::parse(text, &Sources { base_dir: Path::new("/nowhere"), env: &env })
}

/// A file with one good mount, whose drive and mount have these lines too, and these below it all.
fn file(drive: &str, mount: &str, rest: &str) -> String {
    format!(
        "mounts:\n- path: /115\n  {mount}\n  drive:\n    type: 115-cloud\n    cookie: {{ env: GATE115_COOKIE }}\n    {drive}\n{rest}\n"
    )
}

fn cloud(loaded: &Loaded) -> &Cloud {
    let Drive::Cloud(cloud) = &loaded.config.mounts[0].drive else { panic!("another type") };
    cloud
}

fn cookie(loaded: &Loaded) -> String {
    match &cloud(loaded).login.given {
        Some(Given::Cookie(cookie)) => cookie.expose_secret().to_owned(),
        other => panic!("no cookie: {other:?}"),
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let loaded = parse(&file("", "", "auth: { guest: read }")).unwrap();
    let mount = &loaded.config.mounts[0];
    assert_eq!(loaded.config.server, Server::default());
    assert_eq!(loaded.config.data_dir, Path::new("./data"));
    assert_eq!((mount.path.as_str(), &mount.delivery, mount.read_only), ("/115", &Delivery::Redirect, false));
    assert_eq!(mount.cache, Cache::default());
    let cloud = cloud(&loaded);
    assert_eq!((cloud.root, cloud.rate, cloud.page_size, cloud.link_binding), (0, 2.0, 1150, LinkBinding::Auto));
    assert_eq!(cloud.wire, None);
    assert_eq!(loaded.notes, []);
}

#[test]
fn what_is_written_is_taken() {
    let modulus = "8686980C".repeat(31) + "8686980d";
    let drive = format!(
        "root: 2345678901234567890\n    rate: 0.5\n    page_size: 100\n    link_binding: per_client\n    wire: {{ base: 'http://127.0.0.1:9115/x', \
         endpoints: {{ WebAPI.115.com: 'https://mirror.example' }}, rsa_modulus: {modulus}, danger_accept_invalid_certs: true }}"
    );
    let mount = "delivery: proxy\n  read_only: true\n  cache: { listing: 1h30m, grace: 0h, link: 90s, min_life: 5m }";
    let loaded = parse(&file(&drive, mount, "server: { listen: ['127.0.0.1:80', '[::1]:80'] }")).unwrap();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let mount = &loaded.config.mounts[0];
    assert_eq!((&mount.delivery, mount.read_only), (&Delivery::Proxy, true));
    let cache = Cache {
        listing: minutes(90),
        grace: Duration::ZERO,
        link: Duration::from_secs(90),
        min_life: MinLife::Least(minutes(5)),
    };
    assert_eq!(mount.cache, cache);
    assert_eq!(loaded.config.server.listen, ["127.0.0.1:80".parse().unwrap(), "[::1]:80".parse().unwrap()]);
    let cloud = cloud(&loaded);
    assert_eq!((cloud.root, cloud.rate, cloud.page_size), (2_345_678_901_234_567_890, 0.5, 100));
    assert_eq!(cloud.link_binding, LinkBinding::PerClient);
    let wire = cloud.wire.as_ref().unwrap();
    assert_eq!(wire.base.as_ref().unwrap().as_str(), "http://127.0.0.1:9115/x");
    assert_eq!(wire.endpoints["webapi.115.com"].as_str(), "https://mirror.example/");
    assert_eq!(wire.rsa_modulus, Some(modulus.to_lowercase()));
    assert!(wire.danger_accept_invalid_certs);
}

#[rstest]
#[case("rate: 6", "", "", &["mounts[0].drive.rate"])]
#[case("rate: 5", "", "", &[])]
#[case("rate: 6\n    wire: {}", "", "", &[])]
#[case("", "cache: { link: 25h }", "", &["mounts[0].cache.link"])]
#[case("", "cache: { link: 24h }", "", &[])]
#[case("", "", "data_dir: /srv", &[])]
#[case("wire: { danger_accept_invalid_certs: true }", "", "", &["mounts[0].drive.wire.danger_accept_invalid_certs"])]
fn what_is_allowed_and_risky_gets_a_note(
    #[case] drive: &str,
    #[case] mount: &str,
    #[case] rest: &str,
    #[case] want: &[&str],
) {
    let loaded = parse(&file(drive, mount, &format!("auth: {{ guest: read }}\n{rest}"))).unwrap();
    assert_eq!(loaded.notes.iter().map(|note| note.field.as_str()).collect::<Vec<_>>(), want);
}

#[test]
fn configurations_differ_by_what_cannot_be_seen() {
    let one = parse(&file("", "", "")).unwrap().config;
    assert_eq!(one, parse(&file("root: 0", "", "")).unwrap().config);
    let mut other = one.clone();
    let Drive::Cloud(cloud) = &mut other.mounts[0].drive else { panic!("another type") };
    cloud.login = Login::cookie("another");
    assert_ne!(one, other);
    assert_ne!(one, parse(&file("wire: {}", "", "")).unwrap().config);
}
