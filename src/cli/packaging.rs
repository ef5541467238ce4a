//! The files that are shipped beside the program agree with it.

use std::{collections::BTreeSet, path::Path};

use clap::Parser as _;
use rstest::rstest;
use serde_yaml::Value;

use super::Cli;
use crate::config::{Config, Delivery, Drive, LinkBinding, MinLife, Server};

const DOCKERFILE: &str = include_str!("../../Dockerfile");
const COMPOSE: &str = include_str!("../../docker-compose.yml");
const EXAMPLE: &str = include_str!("../../config.example.yaml");
const COOKIE: &str = "'UID=1_A1_2; CID=00000000000000000000000000000000; SEID=00000000000000000000000000000000'";

/// The arguments of a Dockerfile's instruction in its list form.
fn instruction(name: &str) -> Vec<String> {
    let line = DOCKERFILE.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()
}

fn typed(arguments: &[String]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(["gate115"].into_iter().chain(arguments.iter().map(String::as_str)))
}

#[test]
fn the_commands_of_the_image_can_be_typed() {
    assert_eq!(instruction("ENTRYPOINT"), ["gate115"]);
    let check = instruction("HEALTHCHECK");
    assert_eq!(check[0], "gate115");
    for arguments in [&instruction("CMD")[..], &check[1..]] {
        assert!(typed(arguments).is_ok(), "{arguments:?}");
    }
}

#[test]
fn the_commands_of_the_composition_can_be_typed() {
    let mut compose: Value = serde_yaml::from_str(COMPOSE).unwrap();
    compose.apply_merge().unwrap();
    let services = compose["services"].as_mapping().unwrap();
    let names: Vec<_> = services.keys().filter_map(Value::as_str).collect();
    assert_eq!(names, ["gate115", "demo"]);
    for (name, service) in services {
        let arguments: Vec<String> = serde_yaml::from_value(service["command"].clone()).unwrap();
        // Without the feature there is no demo, and the image is built with it.
        if cfg!(feature = "demo") || name != "demo" {
            assert!(typed(&arguments).is_ok(), "{name:?}: {arguments:?}");
        }
        assert_eq!(service["read_only"], Value::Bool(true), "{name:?} has what both share");
    }
}

fn example(text: &str) -> crate::config::Loaded {
    // The environment of a test is not ours to set, so the cookie stands in the text.
    let whole = text.replace("cookie: { env: GATE115_COOKIE }", &format!("cookie: {COOKIE}"));
    assert_ne!(whole, text, "the example reads its cookie from GATE115_COOKIE");
    Config::parse(&whole, Path::new("")).unwrap()
}

#[test]
fn the_example_is_accepted_and_shows_the_defaults() {
    let shown = example(EXAMPLE);
    let least = example("mounts: [{ path: /115, drive: { type: 115-cloud, cookie: { env: GATE115_COOKIE } } }]");
    assert_eq!(shown.config, least.config);
    let notes: Vec<_> = shown.notes.iter().map(|note| note.field.as_str()).collect();
    assert_eq!(notes, [""; 0]);
    let listen = Server::default().listen[0].to_string();
    assert!(EXAMPLE.contains(&format!("listen: {listen}\n")), "{listen}");
}

/// Being equal to the defaults above says nothing of a key that is not there at all.
#[test]
fn the_example_shows_every_key() {
    let example: Value = serde_yaml::from_str(EXAMPLE).unwrap();
    let mount = &example["mounts"][0];
    let keys = |value: &Value| {
        value.as_mapping().unwrap().keys().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(keys(&example), ["server", "data_dir", "auth", "mounts"]);
    assert_eq!(keys(&example["server"]), ["listen", "base_path", "trusted_proxies", "metrics"]);
    assert_eq!(keys(&example["auth"]), ["guest", "old_tokens", "sign", "link_expiration"]);
    assert_eq!(keys(mount), ["path", "drive", "delivery", "read_only", "cache"]);
    assert_eq!(keys(&mount["drive"]), ["type", "root", "cookie", "rate", "page_size", "link_binding"]);
    assert_eq!(keys(&mount["cache"]), ["listing", "grace", "link", "min_life"]);
    for key in [
        "public_url",
        "frontend_dir",
        "users",
        "token",
        "wire",
        "base",
        "endpoints",
        "rsa_modulus",
        "danger_accept_invalid_certs",
        "proxy_url",
    ] {
        assert!(EXAMPLE.contains(&format!("# {key}:")) || EXAMPLE.contains(&format!("#   {key}:")), "{key}");
    }
    let url = EXAMPLE.replace("delivery: redirect\n", "delivery: url\n").replace("    # proxy_url:", "    proxy_url:");
    assert_eq!(self::example(&url).config.mounts[0].delivery, Delivery::Url("https://worker.example.com".into()));
}

/// What stands there as a comment is true once the comment sign is taken away.
#[test]
fn the_commented_part_of_the_example_is_known_too() {
    let (now, later) = EXAMPLE.split_once("# ------").unwrap();
    let modulus = format!("{}1", "8".repeat(255));
    let bare: String = now
        .lines()
        .map(|line| match line.split_once("# ") {
            Some(("      ", key)) if key.starts_with("wire:") || key.starts_with("  ") => format!("      {key}\n"),
            Some(("  ", key))
                if ["public_url:", "frontend_dir:", "users:", "  -", "token:"]
                    .iter()
                    .any(|start| key.starts_with(start)) =>
            {
                format!("  {key}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let frontend = tempfile::tempdir().unwrap();
    std::fs::write(frontend.path().join("index.html"), "").unwrap();
    let bare = bare.replace("./frontend", &frontend.path().to_string_lossy());
    let bare = bare.replace("<256 hex digits>", &modulus).replace("{ env: GATE115_TOKEN }", "0123456789abcdef");
    let hash = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg";
    let loaded = example(&bare.replace("{ env: GATE115_ADMIN_PASSWORD }", "a-password").replace("$argon2id$…", hash));
    let (server, auth) = (&loaded.config.server, &loaded.config.auth);
    assert_eq!(server.frontend_dir.as_deref(), Some(frontend.path()));
    assert!(server.public_url.is_some() && auth.users.len() == 2 && auth.token.is_some(), "{:?}", loaded.config);
    let Drive::Cloud(cloud) = &loaded.config.mounts[0].drive else { panic!("another type") };
    let wire = cloud.wire.as_ref().unwrap();
    assert!(wire.base.is_some() && wire.endpoints.len() == 1 && wire.rsa_modulus == Some(modulus));
    assert_eq!((&loaded.config.mounts[0].delivery, cloud.link_binding), (&Delivery::Redirect, LinkBinding::Auto));
    assert_eq!(loaded.config.mounts[0].cache.min_life, MinLife::Half);

    let bare: String = later
        .lines()
        .skip(3)
        .map(|line| format!("{}\n", line.trim_start_matches('#').strip_prefix(' ').unwrap_or("")))
        .collect();
    let said = Config::parse(&bare, Path::new("")).unwrap_err().to_string();
    assert!(!said.contains("no such key") && !said.contains("no YAML"), "{said}");
    let without: Vec<_> = said.lines().filter(|line| !line.contains("not in this version yet")).collect();
    assert_eq!(without, [""; 0]);
}

/// The names below a heading of a Cargo.toml, as they stand there.
fn dependencies(manifest: &str) -> BTreeSet<&str> {
    let mut wanted = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            wanted = matches!(line, "[dependencies]" | "[dev-dependencies]");
        } else if wanted && !line.starts_with('#') {
            names.extend(line.split(['.', ' ', '=']).next().filter(|name| !name.is_empty()));
        }
    }
    names
}

#[rstest]
#[case("gate115", include_str!("../../Cargo.toml"))]
#[case("p115", include_str!("../../crates/p115/Cargo.toml"))]
#[case("sim115", include_str!("../../crates/sim115/Cargo.toml"))]
fn every_dependency_has_its_reason(#[case] name: &str, #[case] manifest: &str) {
    let document = include_str!("../../docs/DEPENDENCIES.md");
    let chapter = document.split("\n## ").find_map(|chapter| chapter.strip_prefix(name)).unwrap();
    let rows = chapter.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let explained: BTreeSet<_> = rows.filter(|name| *name != "crate").collect();
    assert_eq!(explained, dependencies(manifest));
    assert!(explained.len() > 10, "{explained:?}");
}
