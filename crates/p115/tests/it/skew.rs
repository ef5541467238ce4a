//! How far our clock is off, as the replies to any call tell.

use p115::Cid;

use crate::fake::{Fake, json, status};

/// A minute and a half after the clients' date.
const DATE: &str = "Date: Tue, 14 Nov 2023 22:14:50 GMT";

#[tokio::test]
async fn a_client_knows_how_far_the_clock_is_off() {
    let fake = Fake::start(|_, _| json(r#"{"state":true}"#).with(DATE)).await;
    let client = fake.client();
    assert_eq!(client.skew(), None);
    client.alive().await.unwrap();
    assert_eq!(client.skew(), Some(90));
    fake.advance(100);
    client.alive().await.unwrap();
    assert_eq!(client.skew(), Some(-10));
}

#[tokio::test]
async fn a_failure_has_a_date_too() {
    let fake = Fake::start(|_, _| status(429, "").with(DATE)).await;
    let client = fake.client();
    client.files(Cid::ROOT, 0, 1).await.unwrap_err();
    assert_eq!(client.skew(), Some(90));
}
