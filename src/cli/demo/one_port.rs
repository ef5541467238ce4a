//! The simulator's file server at the gateway's own address, so that the demo works from another machine and out of a container.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    middleware::{self, Next},
    response::Response,
};
use http::{HeaderMap, HeaderValue, StatusCode, header, uri::Authority};
use sim115::Sim;
use tower::Layer;

use crate::http as edge;

/// What the simulator serves to every client, at its own address as at ours.
const SERVED: [&str; 2] = ["/cdn/", "/thumb/"];
/// A folder of the demo takes a hundredth of it.
const MAX_JSON: usize = 64 * 1024 * 1024;

/// Both behind one address. Whatever names the simulator's own, `origin`, names the host that the client used instead: redirects,
/// and addresses in answers of the API.
pub(super) fn join(gateway: edge::Front, sim: &Sim, origin: String) -> Router {
    let here = move |request: Request, next: Next| {
        let (origin, host) = (origin.clone(), host(request.headers()));
        async move {
            let answer = next.run(request).await;
            match host {
                Some(host) => readdressed(answer, &origin, &host).await,
                None => answer,
            }
        }
    };
    sim.cdn_router().fallback_service(middleware::from_fn(here).layer(gateway))
}

fn host(headers: &HeaderMap) -> Option<Authority> {
    Authority::try_from(headers.get(header::HOST)?.as_bytes()).ok()
}

async fn readdressed(mut response: Response, origin: &str, host: &Authority) -> Response {
    let told = |text: &str| {
        SERVED.iter().fold(text.to_owned(), |text, served| {
            text.replace(&format!("{origin}{served}"), &format!("http://{host}{served}"))
        })
    };
    let headers = response.headers_mut();
    if let Some(to) = headers.get(header::LOCATION).and_then(|to| HeaderValue::try_from(told(to.to_str().ok()?)).ok()) {
        headers.insert(header::LOCATION, to);
    }
    if !headers.get(header::CONTENT_TYPE).is_some_and(|of| of.as_bytes().starts_with(b"application/json")) {
        return response;
    }
    headers.remove(header::CONTENT_LENGTH);
    let (parts, body) = response.into_parts();
    match to_bytes(body, MAX_JSON).await.map(|bytes| String::from_utf8(bytes.into())) {
        Ok(Ok(text)) => Response::from_parts(parts, Body::from(told(&text))),
        _ => {
            let mut failed = Response::new(Body::empty());
            *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            failed
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ORIGIN: &str = "http://127.0.0.1:9";

    #[tokio::test]
    async fn a_redirect_to_the_simulator_names_the_clients_own_host() {
        for (to, want) in [
            ("http://127.0.0.1:9/cdn/ab/x?t=1", "http://nas.lan:5244/cdn/ab/x?t=1"),
            ("http://127.0.0.1:99/cdn/ab", "http://127.0.0.1:99/cdn/ab"),
            ("/115", "/115"),
        ] {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert(header::LOCATION, to.parse().unwrap());
            let answer = readdressed(response, ORIGIN, &Authority::from_static("nas.lan:5244")).await;
            assert_eq!(answer.headers()[header::LOCATION], want);
        }
    }

    #[tokio::test]
    async fn so_do_addresses_in_json_and_nothing_else_is_looked_through() {
        let text =
            r#"{"raw_url":"http://127.0.0.1:9/cdn/a","thumb":"http://127.0.0.1:9/thumb/b","x":"http://127.0.0.1:9/c"}"#;
        let want =
            r#"{"raw_url":"http://[::1]:80/cdn/a","thumb":"http://[::1]:80/thumb/b","x":"http://127.0.0.1:9/c"}"#;
        for (kind, want) in [("application/json; charset=utf-8", want), ("text/plain", text)] {
            let mut response = Response::new(Body::from(text));
            response.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
            let answer = readdressed(response, ORIGIN, &Authority::from_static("[::1]:80")).await;
            assert_eq!(to_bytes(answer.into_body(), 1000).await.unwrap(), want);
        }
    }

    #[rstest]
    #[case("nas.lan:5244", true)]
    #[case("a\"b", false)]
    #[case("a/b", false)]
    #[case("", false)]
    fn a_host_is_one(#[case] said: &str, #[case] is: bool) {
        let headers = HeaderMap::from_iter([(header::HOST, said.parse().unwrap())]);
        assert_eq!(host(&headers).is_some(), is);
    }
}
