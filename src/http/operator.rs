//! Who may see what is an admin's business: the metrics and the ledger.

use axum::response::Response;
use http::request::Parts;

use super::{Edge, access, error, extract, login};
use crate::error::{Error, Kind};

const ASK: &str = "This is for an admin. Log in, or send auth.token as `Authorization: Bearer TOKEN`; or write \
                   server.metrics: open into the configuration to show it to everybody who can reach the port.";

/// The answer to whoever may not see it; `None` where the request may go on.
pub(super) fn refusal(edge: &Edge, request: &Parts) -> Option<Response> {
    if edge.metrics_are_open {
        return None;
    }
    match access::visitor(edge, &request.headers) {
        Some(visitor) if visitor.is_admin() => None,
        Some(visitor) if !visitor.is_guest() => {
            let error = Error::new(Kind::NotAllowed, "This is for an admin, and your login is not one's.");
            let id = extract::request_id(request);
            Some(error::respond(edge.site.base(), &request.headers, error, None, id))
        }
        _ => Some(login::ask(edge, request, ASK)),
    }
}
