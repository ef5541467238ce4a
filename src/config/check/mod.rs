//! Every violation of meaning, collected, while the raw tree becomes the typed one.

mod auth;
mod cloud;
mod drive;
mod local;
mod login;
mod mounts;
mod open;
mod server;
mod share;
mod value;
mod wire;

pub use server::{base_path, frontend_dir};

use std::path::PathBuf;

use super::{
    Config, Loaded, Note, Violation,
    raw::{Later, Raw},
    secret::Sources,
};

/// What is wrong, and what is worth a word, so far.
#[derive(Debug, Default)]
struct Report {
    violations: Vec<Violation>,
    notes: Vec<Note>,
}

impl Report {
    fn wrong(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.violations.push(Violation { field: field.into(), message: message.into() });
    }

    fn note(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.notes.push(Note { field: field.into(), message: message.into() });
    }

    /// Takes the value, or notes why there is none.
    fn take<T>(&mut self, field: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.wrong(field, message)).ok()
    }

    /// A key whose work comes later: known, and never ignored.
    fn later(&mut self, parent: &str, key: &str, written: &Later, until_then: &str) {
        if written.0 {
            let advice = if until_then.is_empty() { String::new() } else { format!(" {until_then}.") };
            self.wrong(format!("{parent}.{key}"), format!("{key} is not in this version yet; leave it out.{advice}"));
        }
    }
}

/// The configuration that a tree of the right shape means, or all that speaks against it; never an empty list.
pub(super) fn check(raw: Raw, sources: &Sources<'_>) -> Result<Loaded, Vec<Violation>> {
    let mut report = Report::default();
    let auth = auth::auth(raw.auth.unwrap_or_default(), sources, &mut report);
    let server = raw.server.unwrap_or_default();
    let has_frontend = server.frontend_dir.is_some();
    let server = server::server(server, &mut report);
    let data_dir: PathBuf = match raw.data_dir.as_deref().map(str::trim) {
        None => "./data".into(),
        Some("") => {
            report.wrong("data_dir", "this is no folder; write one, or leave the key out for ./data");
            "./data".into()
        }
        Some(dir) => dir.into(),
    };
    let mounts = mounts::mounts(raw.mounts.unwrap_or_default(), has_frontend, sources, &mut report);
    mounts::elsewhere(&mounts, &server, &mut report);
    local::apart(&mounts, &data_dir, sources.base_dir, &mut report);
    if report.violations.is_empty() {
        Ok(Loaded { config: Config { server, data_dir, auth, mounts }, notes: report.notes })
    } else {
        Err(report.violations)
    }
}
