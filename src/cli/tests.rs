//! The command line as it is typed.

use clap::CommandFactory as _;
use rstest::rstest;

use super::*;

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[rstest]
#[case(&["serve"])]
#[case(&["serve", "-c", "x.yaml"])]
#[case(&["passwd"])]
#[case(&["check", "--config", "x.yaml", "--online", "--log-format", "json"])]
#[case(&["--log-format", "text", "version"])]
#[case(&["healthcheck", "--url", "http://[::1]:80/healthz"])]
#[case(&["login", "/115", "--app", "wechatmini", "--png", "code.png", "-c", "x.yaml"])]
#[cfg_attr(feature = "demo", case(&["demo", "--listen", "0.0.0.0:5244"]))]
#[cfg_attr(feature = "demo", case(&["demo", "--base-path", "/gw"]))]
fn what_the_manual_says_can_be_typed(#[case] arguments: &[&str]) {
    let typed = Cli::try_parse_from(["gate115"].iter().chain(arguments));
    assert!(typed.is_ok(), "{typed:?}");
}

#[rstest]
#[case(&[])]
#[case(&["server"])]
#[case(&["serve", "--online"])]
#[case(&["login"])]
#[case(&["healthcheck", "--url", "127.0.0.1"])]
#[cfg_attr(feature = "demo", case(&["demo", "--listen", "localhost"]))]
#[cfg_attr(feature = "demo", case(&["demo", "--base-path", "gw"]))]
#[cfg_attr(feature = "demo", case(&["demo", "--frontend-dir", "/dev/null"]))]
#[cfg_attr(feature = "demo", case(&["demo", "--guest", "write"]))]
fn what_it_does_not_say_cannot(#[case] arguments: &[&str]) {
    let typed = Cli::try_parse_from(["gate115"].iter().chain(arguments));
    assert!(typed.unwrap_err().use_stderr());
}

/// "Every option has an environment variable": true of each, and of those that come.
#[test]
fn every_option_has_an_environment_variable() {
    let mut missing = Vec::new();
    let mut seen = 0;
    let root = Cli::command();
    for command in std::iter::once(&root).chain(root.get_subcommands()) {
        for option in command.get_opts() {
            seen += 1;
            let env = option.get_env().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
            if !env.starts_with("GATE115_") {
                missing.push(format!("{} {}", command.get_name(), option.get_id()));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
    assert!(seen >= 4, "{seen}");
}

#[test]
fn the_first_place_that_exists_has_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let (missing, here) = (dir.path().join("a.yaml"), dir.path().join("b.yaml"));
    std::fs::write(&here, "").unwrap();
    assert_eq!(first_of(&[&missing, &here]).unwrap(), here);
    let failure = first_of(&[&missing]).unwrap_err();
    assert_eq!(failure.code(), 78);
    assert!(failure.to_string().contains("Copy config.example.yaml to config.yaml"), "{failure}");
}

#[test]
fn a_configuration_that_cannot_be_served_ends_with_its_faults_and_78() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, "mounts: []\nserver: { listen: [] }").unwrap();
    let cli = Cli::try_parse_from(["gate115".as_ref(), "serve".as_ref(), "-c".as_ref(), path.as_os_str()]).unwrap();
    let failure = dispatch(cli).unwrap_err();
    assert_eq!(failure.code(), 78);
    let said = failure.to_string();
    assert!(said.contains("cannot be used:\nserver.listen: ") && said.contains("\nmounts: "), "{said}");
}
