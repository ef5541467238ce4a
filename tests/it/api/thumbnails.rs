//! Thumbnails: those of the drive, given to who lists, kept over a restart, and only such as a page may show.

use rstest::rstest;
use serde_json::{Value, json};
use sim115::Content;

use super::data;
use crate::support::{Service, TestApp, world};

const NAMES: [&str; 4] = ["deep", "b.jpg", "film.mkv", "note.txt"];

fn library(sim: &sim115::Sim) {
    sim.folder("/deep");
    for name in ["/film.mkv", "/b.jpg", "/note.txt"] {
        sim.file(name, Content::pattern(10));
    }
}

async fn thumbs(t: &TestApp) -> Vec<String> {
    let list = data(t, "", "/fs/list", &json!({ "path": "/115" })).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = list["content"].as_array().unwrap();
    assert_eq!(entries.iter().map(|entry| text(&entry["name"])).collect::<Vec<_>>(), NAMES);
    entries.iter().map(|entry| text(&entry["thumb"])).collect()
}

#[rstest]
#[case::cloud(Service::Cloud)]
#[case::open(Service::Open)]
#[case::share(Service::Share)]
#[tokio::test]
async fn pictures_and_videos_have_one_and_a_restart_costs_no_call(#[case] service: Service) {
    let mut t = world(library).of(service).start().await;
    let had = thumbs(&t).await;
    assert!(had[0].is_empty() && had[3].is_empty(), "{had:?}");
    assert!(had[1].contains("/thumb/") && had[2].contains("/thumb/") && had[1] != had[2], "{had:?}");
    let got = data(&t, "", "/fs/get", &json!({ "path": "/115/film.mkv" })).await;
    assert_eq!(got["thumb"], json!(had[2]));
    t.restart_well().await;
    assert_eq!(thumbs(&t).await, had);
    assert_eq!((t.api_calls(), t.calls("cdn_thumb")), (0, 0), "nothing is fetched by us");
}

#[tokio::test]
async fn a_bare_query_is_of_the_host_that_115_means() {
    let t = world(library).sim(sim115::Builder::bare_thumbnails).start().await;
    let had = thumbs(&t).await;
    assert!(had[1].starts_with("https://imgjump.115.com/?s="), "{had:?}");
}
