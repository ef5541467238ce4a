//! The HTTP client for 115's APIs.

use reqwest::{Client, ClientBuilder, Error};

/// For the API, as `p115` wants it.
pub(super) fn api_client(tls: bool, accept_invalid_certs: bool) -> Result<Client, Error> {
    trusting(p115::http_client(), tls).tls_danger_accept_invalid_certs(accept_invalid_certs).build()
}

/// Where there is no network there need be no certificates either: without any, building a client that checks them fails.
fn trusting(builder: ClientBuilder, tls: bool) -> ClientBuilder {
    if tls { builder } else { builder.tls_certs_only([]) }
}
