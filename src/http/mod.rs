//! THE EDGE: HTTP in, HTTP out. Knows no drive and no 115.

mod error;
mod extract;
mod files;
mod layers;
mod listen;
mod ops;
pub mod page;
mod ui;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{Router, routing::any};

pub use listen::{Limits, bind, serve};

use crate::{deliver::Relay, vfs::Namespace};

/// What the handlers need.
#[derive(Debug)]
pub struct Edge {
    pub namespace: Arc<ArcSwap<Namespace>>,
    pub relay: Relay,
}

/// All routes, with the layers around them. `seed` makes request ids differ from run to run.
pub fn router(edge: Edge, seed: u64) -> Router {
    let ((stylesheet, _), (icon, _)) = (page::stylesheet(), page::icon());
    let routes = Router::new()
        .route("/d", any(files::delivered))
        .route("/d/", any(files::delivered))
        .route("/d/{*path}", any(files::delivered))
        .route("/p", any(files::through))
        .route("/p/", any(files::through))
        .route("/p/{*path}", any(files::through))
        .route("/healthz", any(ops::healthz))
        .route("/readyz", any(ops::readyz))
        .route(stylesheet, any(ui::stylesheet))
        .route(icon, any(ui::icon))
        .route("/robots.txt", any(ui::robots))
        .route("/favicon.ico", any(ui::favicon))
        .fallback(ui::browse)
        .with_state(Arc::new(edge));
    layers::wrap(routes, layers::RequestIds::starting_at(seed))
}
