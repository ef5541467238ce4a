//! `/api`: what OpenList's clients ask for, noun by noun. It reads; what would change something says why it does not.

mod ask;
mod description;
mod entry;
mod envelope;
mod get;
mod list;
mod part;
mod people;
mod playlist;
mod routes;
mod search;
mod settings;
mod shapes;
mod storage;

pub use description::Description;
pub(super) use settings::{COLOR, TITLE};

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use futures_util::FutureExt as _;
use http::{HeaderValue, Method, header, request::Parts};

use self::{
    ask::Ask,
    envelope::{Answer, Failure, done, failed, preflight, success},
    routes::{Noun, Who},
};
use super::{
    Edge, access, extract,
    layers::{self, Peer},
};
use crate::{
    drive::CallerKind,
    error::{Error, Kind},
    identity::Identity,
    path::VirtualPath,
    vfs::View,
};

/// One call, by somebody who may make it.
#[derive(Debug)]
struct Call<'a> {
    edge: &'a Edge,
    request: &'a Parts,
    ask: Ask,
    who: Identity,
}

impl Call<'_> {
    fn peer(&self) -> Option<Peer> {
        self.request.extensions.get().copied()
    }

    /// The namespace below this path, or all of it.
    fn view(&self, kind: CallerKind, within: Option<&VirtualPath>) -> View {
        extract::view(self.edge, &self.request.headers, self.peer(), within, kind)
    }

    /// How addresses of ours begin, where whoever calls can use them.
    fn origin(&self) -> String {
        self.edge.site.origin(&self.request.headers, self.peer())
    }
}

/// Everything below `/api`.
pub(super) async fn serve(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    if request.method == Method::OPTIONS {
        return preflight();
    }
    let mut body = Some(body);
    let response = guarded(extract::request_id(&request), Box::pin(answer(&edge, &request, &mut body))).await;
    if let Some(unread) = body {
        ask::pass_over(&request, unread).await;
    }
    response
}

/// A bug costs one answer, which is an envelope like any other.
async fn guarded(id: &str, answering: impl Future<Output = Answer>) -> Response {
    match AssertUnwindSafe(answering).catch_unwind().await {
        Ok(answer) => answer.unwrap_or_else(failed),
        Err(cause) => {
            layers::log_panic(cause.as_ref(), id);
            failed(Error::new(Kind::Internal, "A mistake of ours. The log of the server says more.").into())
        }
    }
}

/// Takes the body where it is read.
async fn answer(edge: &Edge, request: &Parts, body: &mut Option<Body>) -> Answer {
    let path = request.uri.path().strip_prefix("/api").unwrap_or_default();
    let Some((who, noun)) = routes::find(path) else {
        return Err(Failure::new(404, "There is no such route in the API of the gateway."));
    };
    match noun {
        Noun::Playlist => return Ok(playlist::playlist(edge, request).await),
        Noun::Description => return Ok(edge.description.answer(edge.site.base())),
        _ => {}
    }
    if who == Who::Anyone {
        return people::answer(edge, request, body, noun).await;
    }
    let caller = caller(edge, request)?;
    if who != Who::Reader && caller.is_guest() {
        return Err(Failure::new(403, "Guests may not do this, login please: permission denied"));
    }
    if who == Who::Admin && !caller.is_admin() {
        return Err(Failure::new(403, "You are not an admin: permission denied"));
    }
    match noun {
        Noun::Refused(why) => return Err(Failure::new(403, why)),
        Noun::Absent(why) => return Err(Failure::new(404, why)),
        Noun::Idle(why) => return success(part::idle(why)),
        Noun::None | Noun::Tasks => return success([(); 0]),
        Noun::NoneOf => return success(part::none()),
        _ => {}
    }
    let call = Call { edge, request, ask: Ask::read(request, body.take()).await?, who: caller };
    match noun {
        Noun::Me => people::me(&call),
        Noun::List => list::list(&call).await,
        Noun::Dirs => list::dirs(&call).await,
        Noun::Get => get::get(&call).await,
        Noun::Link => get::link(&call).await,
        Noun::Search => search::search(&call).await,
        Noun::Storages => storage::all(&call),
        Noun::Storage => storage::one(&call),
        Noun::DriverNames => storage::driver_names(),
        Noun::Drivers => storage::drivers(),
        Noun::Driver => storage::driver(&call),
        Noun::SettingItems => settings::items(&call),
        Noun::SettingItem => settings::item(&call),
        Noun::Users => people::users(&call),
        Noun::User => people::user(&call),
        _ => Err(Failure::new(405, "This drive does nothing of the kind: operation not supported")),
    }
}

/// Who calls, by what he shows in `Authorization`; never by the cookie, which a page of another site could make a browser send.
fn caller(edge: &Edge, request: &Parts) -> Result<Identity, Failure> {
    match access::authorization(&request.headers) {
        Some(shown) => edge.guard.identify(shown).map_err(|refusal| Failure::new(401, refusal.to_string())),
        None => edge.guard.guest().ok_or_else(|| Failure::new(401, "Guest user is disabled, login please")),
    }
}

/// What clients ask first, to see whether anybody is there.
pub(super) async fn ping() -> Response {
    let mut response = Response::new(Body::from("pong"));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bug_is_told_in_an_envelope_and_what_it_was_is_not() {
        let response = guarded("17", async { panic!("the secret of it") }).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.extensions().get::<Error>().map(Error::kind), Some(Kind::Internal));
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let envelope: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let message = "A mistake of ours. The log of the server says more.";
        assert_eq!(envelope, serde_json::json!({ "code": 500, "message": message, "data": null }));
    }
}
