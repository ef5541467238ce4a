//! THE EDGE: HTTP in, HTTP out. Knows no drive and no 115.

mod access;
mod addresses;
mod api;
mod counted;
mod error;
mod extract;
mod files;
mod frontend;
mod layers;
mod ledger;
mod listen;
mod login;
mod metrics;
mod operator;
mod ops;
pub mod page;
mod patience;
mod site;
mod threads;
mod ui;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use axum::{Router, routing::any};

pub use api::Description;
pub use frontend::Frontend;
pub use layers::Front;
pub use listen::{Answers, Limits, bind, serve};
pub use metrics::Metrics;
pub use site::Site;

use crate::{
    deliver::{Files, Relay},
    identity::Guard,
    ledger::Ledger,
    vfs::Namespace,
};

/// What the handlers need.
#[derive(Debug)]
pub struct Edge {
    pub namespace: Arc<ArcSwap<Namespace>>,
    pub relay: Relay,
    pub files: Files,
    pub guard: Arc<Guard>,
    pub site: Site,
    /// In place of our own pages, where there is one.
    pub frontend: Arc<ArcSwapOption<Frontend>>,
    pub ledger: Arc<Ledger>,
    pub metrics: Arc<Metrics>,
    /// Whether everybody may see the two before.
    pub metrics_are_open: bool,
    pub description: Description,
}

/// The whole of the edge. `seed` makes request ids differ from run to run.
pub fn front(edge: Edge, seed: u64) -> Front {
    let edge = Arc::new(edge);
    let ((stylesheet, _), (icon, _)) = (page::stylesheet(), page::icon());
    // `/d` and `/p` are asked for before these, in `layers`.
    let routes = Router::new()
        .route("/healthz", any(ops::healthz))
        .route("/readyz", any(ops::readyz))
        .route("/metrics", any(metrics::show))
        .route("/ledger", any(ledger::show))
        .route(stylesheet, any(ui::stylesheet))
        .route(icon, any(ui::icon))
        .route("/api", any(api::serve))
        .route("/api/", any(api::serve))
        .route("/api/{*rest}", any(api::serve))
        .route("/ping", any(api::ping))
        .route("/-/login", any(login::login))
        .route("/-/logout", any(login::logout))
        .route("/robots.txt", any(ui::robots))
        .route("/favicon.ico", any(ui::favicon))
        .route("/manifest.json", any(ui::manifest))
        .fallback(ui::browse);
    let routes = routes.with_state(Arc::clone(&edge));
    Front::new(edge, routes, seed)
}
