//! `/ledger`: the calls of the last day and of thirty days, for whoever looks after the account.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::Method;

use super::{
    Edge, error, extract, files, operator,
    page::{self, LedgerPage},
    ui,
};
use crate::{error::Result, ledger::KEPT, vfs};

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) async fn show(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return files::method_not_allowed();
    }
    let (request, _) = request.into_parts();
    if let Some(refusal) = operator::refusal(&edge, &request) {
        return refusal;
    }
    match written(&edge).await {
        Ok(html) => ui::html_page(html),
        Err(cause) => error::respond(edge.site.base(), &request.headers, cause, None, extract::request_id(&request)),
    }
}

async fn written(edge: &Edge) -> Result<String> {
    let (day, month) = (edge.ledger.hours(DAY).await?, edge.ledger.hours(KEPT).await?);
    Ok(page::ledger(&LedgerPage { base: edge.site.base(), day: &day, month: &month, pauses: &pauses(edge) }))
}

/// The accounts that make no calls at the moment, and why.
fn pauses(edge: &Edge) -> BTreeMap<String, String> {
    let namespace = edge.namespace.load();
    let working = namespace.mounts().iter().filter_map(|mount| match mount.state() {
        vfs::State::Working(mounted) => Some(mounted),
        _ => None,
    });
    working
        .filter_map(|mounted| Some((mounted.drive().account().to_owned(), mounted.drive().pause()?.reason)))
        .collect()
}
