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
mod storage;

pub(super) use settings::{COLOR, TITLE};

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderValue, Method, header, request::Parts};

use self::{
    ask::Ask,
    envelope::{Answer, Failure, done, failed, preflight, success},
    routes::{Noun, Who},
};
use super::{Edge, access, extract, layers::Peer};
use crate::{drive::CallerKind, identity::Identity, path::VirtualPath, vfs::View};

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
    Box::pin(answer(&edge, &request, body)).await.unwrap_or_else(failed)
}

async fn answer(edge: &Edge, request: &Parts, body: Body) -> Answer {
    let path = request.uri.path().strip_prefix("/api").unwrap_or_default();
    let Some((who, noun)) = routes::find(path) else {
        return Err(Failure::new(404, "There is no such route in the API of the gateway."));
    };
    match noun {
        Noun::Playlist => return Ok(playlist::playlist(edge, request).await),
        Noun::Description => return Ok(description::answer(edge.site.base())),
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
        // What comes along, a whole film maybe, is not read.
        Noun::Refused(why) => return Err(Failure::new(403, why)),
        Noun::Absent(why) => return Err(Failure::new(404, why)),
        Noun::Idle(why) => return success(part::idle(why)),
        Noun::None => return success([(); 0]),
        Noun::NoneOf => return success(part::none()),
        _ => {}
    }
    let call = Call { edge, request, ask: Ask::read(request, body).await?, who: caller };
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
