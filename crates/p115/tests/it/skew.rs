//! How far our clock is off, as the replies to any call tell.

use p115::Cid;

use crate::fake::{Fake, json, status};

/// A minute and a half after the clients' date.
const DATE: &str = "Date: Tue, 14 Nov 2023 22:14:50 GMT";

#[tokio::test]
async fn both_halves_know_how_far_the_clock_is_off() {
    let fake = Fake::start(|request, _| match request.place.as_str() {
        "my.115.com" => json(r#"{"state":true}"#).with(DATE),
        "proapi.115.com/open/user/info" => json(r#"{"state":true,"data":{"user_id":"5"}}"#).with(DATE),
        _ => json("{}"),
    })
    .await;
    let (cookie, open) = (fake.client(), fake.open_client());
    assert_eq!((cookie.skew(), open.skew()), (None, None));
    cookie.alive().await.unwrap();
    assert_eq!((cookie.skew(), open.skew()), (Some(90), None));
    fake.advance(100);
    open.user().await.unwrap();
    assert_eq!((cookie.skew(), open.skew()), (Some(90), Some(-10)));
}

#[tokio::test]
async fn a_failure_has_a_date_too() {
    let fake = Fake::start(|_, _| status(429, "").with(DATE)).await;
    let client = fake.client();
    client.files(Cid::ROOT, 0, 1).await.unwrap_err();
    assert_eq!(client.skew(), Some(90));
}
