//! `/healthz` and `/readyz`: for Docker, systemd and whoever watches.

use std::{fmt::Write, sync::Arc};

use axum::{extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode, header};

use super::{Edge, access};
use crate::{error::Kind, identity::Identity, path::VirtualPath, vfs};

/// The process lives.
pub(super) async fn healthz() -> impl IntoResponse {
    (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// Red until one mount works; a line for each mount that whoever asks may see something of.
pub(super) async fn readyz(State(edge): State<Arc<Edge>>, headers: HeaderMap) -> impl IntoResponse {
    let visitor = access::visitor(&edge, &headers);
    let told = |path: &VirtualPath| edge.metrics_are_open || visitor.as_ref().is_some_and(|who| concerns(who, path));
    let mut text = String::new();
    let mut ready = false;
    for mount in edge.namespace.load().mounts() {
        let state = match mount.state() {
            // What only a person can end is no work at all.
            vfs::State::Working(mounted) => match (mounted.drive().trouble(), mounted.drive().pause()) {
                (Some(error), _) => {
                    // Whoever hears that nothing works sends nobody, and without anybody it would never be asked again.
                    ready |= error.kind() == Kind::Paused || error.wait().is_none();
                    format!("failed: {}", error.message())
                }
                (None, Some(pause)) => {
                    ready |= pause.left.is_some();
                    format!("rests: {}", pause.reason)
                }
                (None, None) => {
                    ready = true;
                    "works".to_owned()
                }
            },
            vfs::State::Starting => "is being started".to_owned(),
            vfs::State::Failed(error) => format!("failed: {}", error.message()),
        };
        let shown = if mount.is_remembered() { " (what was known of it is served)" } else { "" };
        if told(mount.path()) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} {state}{shown}", mount.path());
        }
    }
    if text.is_empty() {
        text.push_str(if ready { "A mount works." } else { "No mount works." });
        if visitor.is_none() {
            text.push_str(" Log in, or send auth.token as `Authorization: Bearer TOKEN`, to hear of each.");
        }
        text.push('\n');
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}

/// Whether a mount is in what somebody sees, or has it in it.
fn concerns(who: &Identity, mount: &VirtualPath) -> bool {
    who.sees(mount) || who.base_path().below(mount).is_some()
}
