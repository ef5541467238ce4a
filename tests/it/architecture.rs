//! Who may import whom (docs/ARCHITECTURE.md), checked as text.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A room, and the rooms and crates of ours that it must not name.
const WALLS: &[(&str, &[&str])] = &[
    (
        "src/store",
        &[
            "crate::drive",
            "crate::vfs",
            "crate::http",
            "crate::backend",
            "crate::deliver",
            "crate::app",
            "crate::config",
            "crate::cli",
            "crate::identity",
            "crate::telemetry",
            "crate::ledger",
            "p115",
            "axum",
            "reqwest",
        ],
    ),
    (
        "src/ledger",
        &[
            "crate::drive",
            "crate::vfs",
            "crate::http",
            "crate::backend",
            "crate::deliver",
            "crate::app",
            "crate::config",
            "crate::cli",
            "crate::identity",
            "crate::telemetry",
            "p115",
            "http",
            "axum",
            "hyper",
            "reqwest",
        ],
    ),
    (
        "src/identity",
        &[
            "crate::drive",
            "crate::vfs",
            "crate::http",
            "crate::backend",
            "crate::deliver",
            "crate::app",
            "crate::config",
            "crate::cli",
            "crate::ledger",
            "crate::telemetry",
            "p115",
            "http",
            "axum",
            "hyper",
            "reqwest",
        ],
    ),
    (
        "src/drive",
        &[
            "crate::identity",
            "crate::store",
            "crate::vfs",
            "crate::http",
            "crate::backend",
            "crate::deliver",
            "crate::app",
            "crate::config",
            "crate::cli",
            "p115",
            "axum",
            "reqwest",
        ],
    ),
    (
        "src/vfs",
        &[
            "crate::identity",
            "crate::http",
            "crate::backend",
            "crate::deliver",
            "crate::app",
            "crate::config",
            "crate::cli",
            "p115",
            "axum",
            "reqwest",
        ],
    ),
    (
        "src/deliver",
        &[
            "crate::http",
            "crate::backend",
            "crate::app",
            "crate::config",
            "crate::cli",
            "crate::identity",
            "crate::store",
            "p115",
            "axum",
        ],
    ),
    (
        "src/backend",
        &[
            "crate::identity",
            "crate::http",
            "crate::vfs",
            "crate::deliver",
            "crate::app",
            "crate::config",
            "crate::cli",
            "axum",
            "reqwest",
        ],
    ),
    ("src/http", &["crate::backend", "crate::app", "crate::config", "crate::cli", "crate::store", "p115", "reqwest"]),
    (
        "src/config",
        &[
            "crate::http",
            "crate::vfs",
            "crate::deliver",
            "crate::backend",
            "crate::app",
            "crate::cli",
            "crate::store",
            "axum",
        ],
    ),
    ("src/path.rs", &["crate::", "p115", "axum", "reqwest"]),
    ("crates/p115/src", &["gate115", "sim115", "axum", "moka"]),
    ("crates/sim115/src", &["gate115", "p115::Client", "p115::Item", "p115::FilePage", "p115::CdnLink", "reqwest"]),
];

const NO_NAMES: [&str; 5] = ["utils", "common", "helpers", "manager", "service"];

#[test]
fn no_room_imports_what_it_must_not() {
    for (room, forbidden) in WALLS {
        let files = files(&root().join(room));
        assert!(!files.is_empty(), "there is no {room}");
        for file in files {
            for (number, line) in code(&file) {
                for name in *forbidden {
                    assert!(
                        !names(&line, name),
                        "{}:{number} names {name}, which {room} must not: {line}",
                        file.display()
                    );
                }
            }
        }
    }
}

#[test]
fn the_simulator_is_named_by_the_demo_alone() {
    for file in files(&root().join("src")) {
        for (number, line) in code(&file) {
            let demo = file.components().any(|part| part.as_os_str().to_string_lossy().starts_with("demo"));
            assert!(demo || !names(&line, "sim115"), "{}:{number}: {line}", file.display());
        }
    }
}

#[test]
fn sql_is_spoken_behind_the_store_alone() {
    for file in files(&root().join("src")) {
        let behind = file.starts_with(root().join("src/store/sqlite"));
        for (number, line) in code(&file) {
            assert!(behind || !names(&line, "rusqlite"), "{}:{number}: {line}", file.display());
        }
    }
}

#[test]
fn only_app_names_both_sides() {
    for file in files(&root().join("src")) {
        let text: String = code(&file).into_iter().map(|(_, line)| line).collect();
        let both = names(&text, "crate::http") && names(&text, "crate::backend");
        assert!(!both || file.starts_with(root().join("src/app")), "{}", file.display());
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    for dir in ["src", "crates", "tests", "benches"] {
        for file in files(&root().join(dir)) {
            let text = fs::read_to_string(&file).unwrap();
            let first = text.lines().next().unwrap_or_default();
            assert!(first.starts_with("//! ") && first.len() > 20, "{}: {first}", file.display());
            let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(!NO_NAMES.contains(&stem.as_str()), "{} has no name yet", file.display());
        }
    }
}

#[test]
fn tasks_are_started_by_their_owners_alone() {
    let owners = ["src/app", "src/http/listen.rs", "src/vfs/flight.rs", "src/cli"];
    for file in files(&root().join("src")) {
        let owner = owners.iter().any(|owner| file.starts_with(root().join(owner)));
        for (number, line) in code(&file) {
            assert!(owner || !line.contains("tokio::spawn("), "{}:{number}: {line}", file.display());
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// True where `line` names it as a whole path, not as the end of a longer word.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '-' | '"'))
            && (name.ends_with("::") || !after.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-')))
    })
}

/// The lines of code before the tests, without comments, with nested imports written out (`use crate::{a, b}`). A file
/// of tests has none.
fn code(file: &Path) -> Vec<(usize, String)> {
    if file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(file).unwrap();
    let mut lines = Vec::new();
    let mut within = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.contains("#[cfg(test)]") {
            break;
        }
        let line = line.split("//").next().unwrap_or_default();
        within |= line.contains("use crate::{");
        let written = if within {
            line.trim_start()
                .trim_start_matches("use crate::{")
                .split(',')
                .map(|part| format!("crate::{} ", part.trim()))
                .collect()
        } else {
            line.to_owned()
        };
        within &= !line.contains("};");
        lines.push((number, written));
    }
    lines
}

fn files(at: &Path) -> Vec<PathBuf> {
    if at.is_file() {
        return vec![at.to_owned()];
    }
    let Ok(entries) = fs::read_dir(at) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path)
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                vec![path]
            } else {
                Vec::new()
            }
        })
        .collect();
    found.sort();
    found
}
