//! Secrets: found where they are said to be, and never said again.

use rstest::rstest;

use super::*;

#[test]
fn secrets_come_from_the_text_the_environment_and_files() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("cookie.txt"), format!("\n{COOKIE}\n")).unwrap();
    std::fs::write(dir.path().join("empty.txt"), "\n").unwrap();
    let read = |secret: &str| {
        let text = format!("mounts: [{{ path: /a, drive: {{ type: 115-cloud, cookie: {secret} }} }}]");
        load::parse(&text, &Sources { base_dir: dir.path(), env: &env })
            .map(|loaded| cookie(&loaded))
            .map_err(|error| error.to_string().replace("mounts[0].drive.cookie: ", ""))
    };
    for secret in [&format!("'{COOKIE}'"), "{ env: GATE115_COOKIE }", "{ file: cookie.txt }"] {
        assert_eq!(read(secret).as_deref(), Ok(COOKIE), "{secret}");
    }
    let absolute = format!("{{ file: '{}' }}", dir.path().join("cookie.txt").display());
    assert_eq!(read(&absolute).as_deref(), Ok(COOKIE));
    for (secret, want) in [
        ("{ env: MISSING }", "the environment variable MISSING is not set"),
        ("{ env: EMPTY }", "the environment variable EMPTY is empty"),
        ("{ file: empty.txt }", "the file empty.txt is empty"),
        ("{ file: none.txt }", "the file none.txt cannot be read: No such file or directory (os error 2)"),
    ] {
        assert_eq!(read(secret), Err(want.to_owned()), "{secret}");
    }
}

#[test]
fn a_loaded_configuration_never_shows_its_secrets() {
    let drive = "wire: { base: 'https://mirror.example/5ec2e700/' }";
    let loaded = parse(&file(drive, "", "")).unwrap();
    let shown = format!("{loaded:?}");
    assert!(shown.contains("https://mirror.example") && shown.contains("/115"), "{shown}");
    assert!(!shown.contains("5ec2e700") && !shown.contains("12345678"), "{shown}");
}

/// Secrets in places where people put them by mistake.
#[rstest]
#[case("cookie: [SECRET]")]
#[case("cookie: { SECRET }")]
#[case("cookie: { 'SECRET': x }")]
#[case("cookie: { text: 'SECRET' }")]
#[case("cookie: { env: 'SECRET' }")]
#[case("cookie: { file: 'SECRET' }")]
#[case("cookie: { env: GATE115_COOKIE, file: 'SECRET' }")]
#[case("cookie: 'X SECRET'")]
#[case("cookie: \"SECRET")]
#[case("cookie: 5270000000000000")]
#[case("root: 'SECRET'")]
#[case("rate: 'SECRET'")]
#[case("page_size: 'SECRET'")]
#[case("type: 'SECRET'")]
#[case("link_binding: 'SECRET'")]
#[case("wire: 'SECRET'")]
#[case("wire: { base: 'SECRET' }")]
#[case("wire: { endpoints: { 'SECRET': 'SECRET' } }")]
#[case("wire: { endpoints: { a: 'https://SECRET@x' } }")]
#[case("'SECRET': x")]
#[case("'SECRET'")]
#[case("!SECRET x")]
fn no_error_repeats_a_secret(#[case] line: &str) {
    // As a header, and as the value alone of a cookie.
    for secret in
        ["UID=5270000000000000_A1_1700000000; CID=5270000000000000", "5270000000000000527000000000000052700000"]
    {
        let line = line.replace("SECRET", secret);
        let error = parse(&format!("mounts:\n- path: /115\n  drive:\n    {line}\n")).unwrap_err();
        let said = format!("{error}\n{error:?}");
        assert!(!said.contains("52700000"), "{said}");
    }
}
