//! Folders and entries, as clients of OpenList read them.

use serde_json::{Value, json};
use sim115::Content;

use super::{TOKEN, closed, data, failure, films, login};
use crate::support::world;

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

/// Without what differs from run to run.
fn plain(mut entry: Value) -> Value {
    for key in ["modified", "created"] {
        let time = entry[key].as_str().unwrap_or_else(|| panic!("no {key} in {entry}"));
        assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
        entry.as_object_mut().unwrap().remove(key);
    }
    entry
}

#[tokio::test]
async fn a_folder_is_listed() {
    let t = closed().start().await;
    let list = data(&t, TOKEN, "/fs/list", &json!({ "path": "/115/Movies/", "page": 1, "per_page": 0 })).await;
    let sha1 = list["content"][1]["hash_info"]["sha1"].as_str().unwrap();
    assert!(sha1.len() == 40 && sha1.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{sha1}");
    assert_eq!(
        plain(list["content"][0].clone()),
        json!({
            "name": "影 视", "size": 0, "is_dir": true, "sign": "", "thumb": "", "type": 1, "hashinfo": "null",
            "hash_info": null,
        })
    );
    let thumb = list["content"][1]["thumb"].as_str().unwrap();
    assert!(thumb.starts_with("http://127.0.0.1:") && thumb.contains("/thumb/"), "{thumb}");
    let sign = list["content"][1]["sign"].as_str().unwrap();
    assert!(sign.len() == 46 && sign.ends_with(":0"), "{sign}");
    assert_eq!(
        plain(list["content"][1].clone()),
        json!({
            "name": "a b.mkv", "size": 1000, "is_dir": false, "sign": sign, "thumb": thumb, "type": 2,
            "hashinfo": format!("{{\"sha1\":\"{sha1}\"}}"), "hash_info": { "sha1": sha1 },
        })
    );
    assert_eq!((&list["content"][2]["type"], &list["content"][2]["thumb"]), (&json!(4), &json!("")));
    let mut rest = list.clone();
    rest.as_object_mut().unwrap().remove("content");
    assert_eq!(
        rest,
        json!({
            "total": 3, "readme": "", "header": "", "write": false, "write_content_bypass": false, "provider": "115 Cloud",
        })
    );
    // The sign is good for the full path.
    t.get(&format!("/d/115/Movies/a%20b.mkv?sign={sign}")).send().await.is(302);
}

#[tokio::test]
async fn mounts_and_empty_folders_are_listed_too() {
    let t = world(films).start().await;
    let root = data(&t, "", "/fs/list", &json!({})).await;
    assert_eq!(names(&root["content"]), ["115"]);
    assert_eq!((&root["provider"], &root["content"][0]["is_dir"]), (&json!("unknown"), &json!(true)));
    let empty = data(&t, "", "/fs/list", &json!({ "path": "/115/empty" })).await;
    assert_eq!((&empty["content"], &empty["total"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn pages_are_cut_from_what_is_known() {
    let t = world(|sim| {
        for number in 0..25 {
            sim.file(&format!("/many/{number}.mkv"), Content::pattern(10));
        }
    })
    .start()
    .await;
    let mut seen = Vec::new();
    for page in 1..=4 {
        let list = data(&t, "", "/fs/list", &json!({ "path": "/115/many", "page": page, "per_page": 10 })).await;
        assert_eq!(list["total"], 25);
        seen.extend(names(&list["content"]).into_iter().map(str::to_owned));
    }
    assert_eq!(seen, (0..25).map(|number| format!("{number}.mkv")).collect::<Vec<_>>());
    let calls = t.api_calls();
    data(&t, "", "/fs/list", &json!({ "path": "/115/many", "page": 2, "per_page": 7 })).await;
    assert_eq!(t.api_calls(), calls, "the folder was listed once");
}

#[tokio::test]
async fn refreshing_is_for_who_may_write_and_is_collapsed() {
    let t = closed().start().await;
    let ann = login(&t, "ann").await;
    let wish = json!({ "path": "/115/Movies", "refresh": true });
    assert_eq!(failure(&t, &ann, "/fs/list", &wish).await, (403, "Refresh without permission".to_owned()));
    data(&t, TOKEN, "/fs/list", &wish).await;
    let calls = t.api_calls();
    for _ in 0..10 {
        data(&t, TOKEN, "/fs/list", &wish).await;
    }
    assert_eq!(t.api_calls(), calls, "refreshed a moment ago");
    t.sim.file("/Movies/new.mkv", Content::pattern(10));
    t.advance(std::time::Duration::from_secs(30));
    let list = data(&t, TOKEN, "/fs/list", &wish).await;
    assert!(names(&list["content"]).contains(&"new.mkv"), "{list}");
}

#[tokio::test]
async fn folders_alone_are_listed_for_choosing_one() {
    let t = closed().start().await;
    let dirs = data(&t, TOKEN, "/fs/dirs", &json!({ "path": "/115" })).await;
    assert_eq!(names(&dirs), ["empty", "Movies", "Private"]);
    assert_eq!(dirs[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["modified", "name"]);
    let tv = login(&t, "tv").await;
    assert_eq!(names(&data(&t, &tv, "/fs/dirs", &json!({ "path": "/" })).await), ["影 视"]);
    assert_eq!(failure(&t, &tv, "/fs/dirs", &json!({ "path": "/115", "force_root": true })).await.0, 403);
    assert_eq!(names(&data(&t, TOKEN, "/fs/dirs", &json!({ "path": "/", "force_root": true })).await), ["115"]);
}

#[tokio::test]
async fn a_user_with_a_base_path_sees_nothing_else() {
    let t = closed().start().await;
    let tv = login(&t, "tv").await;
    let list = data(&t, &tv, "/fs/list", &json!({ "path": "/" })).await;
    assert_eq!(names(&list["content"]), ["影 视", "a b.mkv", "a b.zh.srt"]);
    // Signs, and addresses of ours, are of full paths.
    let sign = list["content"][1]["sign"].as_str().unwrap();
    t.get(&format!("/d/115/Movies/a%20b.mkv?sign={sign}")).send().await.is(302);
    for (path, code) in [("/../Private", 403), ("/115/Private", 500), ("/..%2fPrivate", 500), ("..\\Private", 500)] {
        for route in ["/fs/list", "/fs/get", "/fs/dirs", "/fs/other"] {
            let (was, message) = failure(&t, &tv, route, &json!({ "path": path })).await;
            assert!(was == code || route == "/fs/other" && was == 405, "{route} {path}: {was} {message}");
        }
    }
}
