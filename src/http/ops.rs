//! `/healthz` and `/readyz`: for Docker, systemd and whoever watches.

use std::{fmt::Write, sync::Arc};

use axum::{extract::State, response::IntoResponse};
use http::{StatusCode, header};

use super::Edge;
use crate::vfs;

/// The process lives.
pub(super) async fn healthz() -> impl IntoResponse {
    (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// Red until one mount works; a line for each mount.
pub(super) async fn readyz(State(edge): State<Arc<Edge>>) -> impl IntoResponse {
    let mut text = String::new();
    let mut ready = false;
    for mount in edge.namespace.load().mounts() {
        let state = match mount.state() {
            vfs::State::Working(mounted) => {
                let pause = mounted.drive().pause();
                // What only a person can end is no work at all.
                ready |= pause.as_ref().is_none_or(|pause| pause.left.is_some());
                pause.map_or_else(|| "works".to_owned(), |pause| format!("rests: {}", pause.reason))
            }
            vfs::State::Starting => "is being started".to_owned(),
            vfs::State::Failed(error) => format!("failed: {}", error.message()),
        };
        let shown = if mount.is_remembered() { " (what was known of it is served)" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {state}{shown}", mount.path());
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}
