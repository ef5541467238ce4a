//! A share that ends as a whole, and a file of one that is gone: strm generators delete their files for the second alone.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use rstest::rstest;
use serde_json::json;
use sim115::{Content, Share, ShareState};

use super::{TOKEN, data, failure};
use crate::support::{Service, TestApp, share_of, world};

const CODE: &str = "sw3abcd1234";
const RECEIVE: &str = "ab12";

async fn shared() -> (TestApp, Share) {
    let shared = Arc::<Mutex<Option<Share>>>::default();
    let made = Arc::clone(&shared);
    let t = world(move |sim| {
        let share = sim.share(CODE, RECEIVE);
        share.file("/a/film.mkv", Content::pattern(1000));
        share.file("/a/other.mkv", Content::pattern(1000));
        share.file("/b/unseen.mkv", Content::pattern(1000));
        *made.lock() = Some(share);
    })
    .of(Service::Share)
    .access(|auth, _| auth.token = Some(TOKEN.into()))
    .mount(|mount, _| share_of(mount).share = format!("{CODE}-{RECEIVE}").parse().unwrap())
    .start()
    .await;
    let share = shared.lock().take().unwrap();
    for path in ["/115", "/115/a"] {
        data(&t, "", "/fs/list", &json!({ "path": path })).await;
    }
    (t, share)
}

#[rstest]
#[case::expired(|share: &Share| share.set_state(ShareState::Expired), "expired")]
#[case::cancelled(|share: &Share| share.set_state(ShareState::Cancelled), "new link")]
#[case::deleted(|share: &Share| share.set_state(ShareState::Deleted), "new link")]
#[case::forgotten(|share: &Share| share.forget(), "new link")]
#[tokio::test]
async fn a_share_that_has_ended_is_no_end_of_a_file(#[case] happens: fn(&Share), #[case] told: &str) {
    let (t, share) = shared().await;
    happens(&share);
    let ask = [
        // Its listing is known, and its link is not to be had.
        ("/fs/get", "/115/a/film.mkv"),
        ("/fs/link", "/115/a/film.mkv"),
        ("/fs/list", "/115/b"),
        ("/fs/dirs", "/115/b"),
        ("/fs/get", "/115/b/unseen.mkv"),
    ];
    let asks = async |t: &TestApp| {
        for (route, path) in ask {
            let (code, message) = failure(t, TOKEN, route, &json!({ "path": path })).await;
            assert!(code == 500 && message.contains(told), "{route} {path}: {code} {message}");
            assert!(!message.contains("object not found"), "{route} {path}: {message}");
        }
    };
    asks(&t).await;
    // Nor once all that was known is past its time, or the share is asked again.
    t.advance(Duration::from_secs(2 * 86_400));
    asks(&t).await;
    t.get("/d/115/a/film.mkv").send().await.is(410);
}

#[tokio::test]
async fn whoever_asks_how_mounts_do_hears_that_a_share_has_ended_until_it_has_answered_again() {
    let (t, share) = shared().await;
    let states = async |status: u16| {
        let ready = t.get("/readyz").send().await.is(status).text();
        let storage = data(&t, TOKEN, "/admin/storage/list", &json!({})).await["content"][0]["status"].clone();
        (ready, storage.as_str().unwrap().to_owned(), t.get("/").send().await.is(200).text())
    };
    assert!(states(200).await.0.starts_with("/115 works"));
    share.set_state(ShareState::Expired);
    failure(&t, "", "/fs/list", &json!({ "path": "/115/b" })).await;
    // It is said until it has answered well; but once it may be asked again, somebody is to be sent there.
    for status in [503, 200] {
        let (ready, storage, page) = states(status).await;
        assert!(ready.starts_with("/115 failed: ") && ready.contains("expired"), "{ready}");
        assert!(storage.contains("expired") && page.contains("expired"), "{storage} {page}");
        t.advance(Duration::from_secs(3600));
    }
    failure(&t, "", "/fs/list", &json!({ "path": "/115/b" })).await;
    states(503).await;
    t.advance(Duration::from_secs(3600));
    share.set_state(ShareState::Normal);
    data(&t, "", "/fs/list", &json!({ "path": "/115/b" })).await;
    let (ready, storage, page) = states(200).await;
    assert!(ready.starts_with("/115 works") && storage == "work" && !page.contains("expired"), "{ready} {storage}");
}

#[tokio::test]
async fn a_file_that_is_gone_from_a_share_is() {
    let (t, share) = shared().await;
    share.remove(share.id_of("/a/film.mkv").unwrap());
    let ask = json!({ "path": "/115/a/film.mkv" });
    for _ in 0..2 {
        let (code, message) = failure(&t, "", "/fs/get", &ask).await;
        assert!(code == 500 && message.ends_with("object not found"), "{code} {message}");
    }
    assert_eq!(data(&t, "", "/fs/get", &json!({ "path": "/115/a/other.mkv" })).await["size"], 1000);
}
