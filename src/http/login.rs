//! The built-in way to log in and out: a plain form, and a cookie that no script and no other site can use.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use secrecy::ExposeSecret;
use url::{Url, form_urlencoded};

use super::{
    Edge, access, error, extract, files,
    layers::Peer,
    page::{self, LoginPage},
    site::authority,
    ui,
};
use crate::{
    error::{Error, Kind, Result},
    identity::{Session, StaticHash},
};

/// Name, password and where to go then, each letter of them encoded.
const MAX_FORM: usize = 16 * 1024;
const FORM_PATIENCE: Duration = Duration::from_secs(20);

/// The form by itself; what it is sent to.
pub(super) async fn login(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    match request.method {
        Method::GET | Method::HEAD => {
            let next = value(request.uri.query().unwrap_or_default().as_bytes(), "next");
            form(&edge, StatusCode::OK, &next.unwrap_or_default(), None)
        }
        Method::POST => match enter(&edge, &request, body).await {
            Ok((session, next)) => entered(&edge, &request, &session, &next),
            Err((error, next)) => {
                let mut response = form(&edge, error::status(error.kind()), &next, Some(&error));
                response.extensions_mut().insert(error);
                response
            }
        },
        _ => files::method_not_allowed(),
    }
}

/// Ends the login that the cookie shows.
pub(super) async fn logout(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    if request.method != Method::POST {
        return files::method_not_allowed();
    }
    let ended = match ours(&edge, &request) {
        Ok(()) => edge.guard.logout(access::cookie(&request.headers).unwrap_or_default()).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => {
            let mut response = see(&home(&edge));
            set_cookie(&edge, &request, &mut response, "", 0);
            response
        }
        Err(error) => error::respond(edge.site.base(), &request.headers, error, None, extract::request_id(&request)),
    }
}

/// The answer to somebody who has to log in before he sees a page: the form for browsers.
pub(super) fn ask(edge: &Edge, request: &Parts, why: &str) -> Response {
    let error = Error::new(Kind::Stranger, why);
    if !error::is_browser(&request.headers) {
        return error::respond(edge.site.base(), &request.headers, error, None, extract::request_id(request));
    }
    let next = format!("{}{}", edge.site.base(), request.uri.path_and_query().map_or("/", |next| next.as_str()));
    let mut response = form(edge, StatusCode::UNAUTHORIZED, &next, None);
    response.extensions_mut().insert(error);
    response
}

fn form(edge: &Edge, status: StatusCode, next: &str, error: Option<&Error>) -> Response {
    let login = LoginPage { base: edge.site.base(), next, failed: error.map(Error::message) };
    let mut response = ui::html_page(page::login(&login));
    *response.status_mut() = status;
    error::advise(&mut response, error);
    response
}

async fn enter(edge: &Edge, request: &Parts, body: Body) -> Result<(Session, String), (Error, String)> {
    let read = async {
        ours(edge, request)?;
        let body = tokio::time::timeout(FORM_PATIENCE, to_bytes(body, MAX_FORM)).await;
        let Ok(Ok(body)) = body else {
            return Err(Error::new(Kind::Invalid, "The form did not arrive, or has too much in it."));
        };
        Ok(body)
    };
    let body = read.await.map_err(|error| (error, String::new()))?;
    let [name, password, next] = ["name", "password", "next"].map(|key| value(&body, key).unwrap_or_default());
    let address = edge.site.client(&request.headers, request.extensions.get::<Peer>().copied());
    match edge.guard.login(address, &name, StaticHash::of(&password)).await {
        Ok(session) => Ok((session, next)),
        Err(error) => Err((error, next)),
    }
}

fn entered(edge: &Edge, request: &Parts, session: &Session, next: &str) -> Response {
    let next = if is_ours(edge, next) { next.to_owned() } else { home(edge) };
    let mut response = see(&next);
    set_cookie(edge, request, &mut response, session.token.expose_secret(), session.life);
    response
}

/// A page of another site must not send our forms: neither to end a login nor to begin one as somebody else.
fn ours(edge: &Edge, request: &Parts) -> Result<()> {
    let text = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let fits = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, None) => true,
        (None, Some(origin)) => {
            let peer = request.extensions.get::<Peer>().copied();
            Url::parse(origin).is_ok_and(|origin| edge.site.is_own_host(&request.headers, peer, &authority(&origin)))
        }
    };
    let advice = "This form was sent by another site. Is the gateway behind a proxy that changes its host name? Then set server.public_url.";
    if fits { Ok(()) } else { Err(Error::new(Kind::NotAllowed, advice)) }
}

/// True for a path of ours: nobody is sent anywhere else after a login.
fn is_ours(edge: &Edge, next: &str) -> bool {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && edge.site.below(next).is_some_and(|path| path.starts_with('/')) && !next.starts_with("//")
}

fn home(edge: &Edge) -> String {
    format!("{}/", edge.site.base())
}

/// To be got, whatever was sent.
fn see(to: &str) -> Response {
    let mut response = ui::found(to);
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}

fn set_cookie(edge: &Edge, request: &Parts, response: &mut Response, token: &str, life: u64) {
    let peer = request.extensions.get::<Peer>().copied();
    let secure = if edge.site.is_https(&request.headers, peer) { "; Secure" } else { "" };
    let path = if edge.site.base().is_empty() { "/" } else { edge.site.base() };
    let cookie = format!("{}={token}; Path={path}; Max-Age={life}; HttpOnly; SameSite=Lax{secure}", access::COOKIE);
    // A token is base64 and dots, and a base path is plain.
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

fn value(form: &[u8], key: &str) -> Option<String> {
    form_urlencoded::parse(form).find_map(|(name, value)| (name == key).then(|| value.into_owned()))
}
