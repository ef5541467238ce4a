//! `gate115 version`: what to put into a bug report.

/// Version, commit (as far as the build could tell) and features.
pub(super) fn version() -> String {
    let commit = option_env!("GATE115_COMMIT").filter(|commit| !commit.is_empty()).unwrap_or("unknown");
    let features = if cfg!(feature = "demo") { "demo" } else { "none" };
    format!("gate115 {}\ncommit {commit}\nfeatures {features}", env!("CARGO_PKG_VERSION"))
}
