//! HTTP clients for the two sides of 115.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Error, redirect::Policy};

/// Connections kept open to one CDN host for the next range.
const IDLE_CONNECTIONS: usize = 32;

/// For the bytes: no redirects (a signed URL goes nowhere unseen), no decompression, no total timeout.
pub fn cdn_client(tls: bool) -> Result<Client, Error> {
    trusting(Client::builder(), tls)
        .redirect(Policy::none())
        .no_gzip()
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .tcp_nodelay(true)
        .referer(false)
        .build()
}

/// For the API, as `p115` wants it.
pub fn api_client(tls: bool, accept_invalid_certs: bool) -> Result<Client, Error> {
    trusting(p115::http_client(), tls).tls_danger_accept_invalid_certs(accept_invalid_certs).build()
}

/// Where there is no network there need be no certificates either: without any, building a client that checks them fails.
fn trusting(builder: ClientBuilder, tls: bool) -> ClientBuilder {
    if tls { builder } else { builder.tls_certs_only([]) }
}
