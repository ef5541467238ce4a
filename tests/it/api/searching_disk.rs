//! `fs/search` in folders of this machine: what is on the disk, whoever has listed it, and nothing from beside it.

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
};

use gate115::{
    config::{Drive, Local, Mount},
    path::VirtualPath,
};
use rstest::rstest;
use serde_json::{Value, json};
use sim115::Content;
use tempfile::TempDir;

use super::{data, failure};
use crate::support::{TestApp, world};

/// `root/a/b/c{n}/show {n}.mkv`, eight of them, and one more beside the root.
fn disk() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..8 {
        put(&dir, format!("root/a/b/c{n}/show {n}.mkv"));
    }
    put(&dir, "outside/show 9.mkv");
    dir
}

fn put(dir: &TempDir, path: impl AsRef<Path>) {
    let at = dir.path().join(path);
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    fs::write(at, "x").unwrap();
}

fn local(dir: &TempDir) -> Drive {
    Drive::Local(Local { root: dir.path().join("root") })
}

async fn stage(dir: &TempDir) -> TestApp {
    let drive = local(dir);
    world(|_| {}).mount(move |mount, _| mount.drive = drive).start().await
}

/// Full paths, in order of the alphabet.
async fn search(t: &TestApp, ask: Value) -> Vec<String> {
    let found = data(t, "", "/fs/search", &ask).await;
    let text = |hit: &Value, key: &str| hit[key].as_str().unwrap().to_owned();
    let content = found["content"].as_array().unwrap().iter();
    let mut paths: Vec<_> = content.map(|hit| format!("{}/{}", text(hit, "parent"), text(hit, "name"))).collect();
    paths.sort();
    assert_eq!(found["total"], paths.len());
    paths
}

#[tokio::test]
async fn what_nobody_has_listed_is_found_wherever_it_lies_and_its_path_leads_to_it() {
    let dir = disk();
    let t = stage(&dir).await;
    let all: Vec<_> = (0..8).map(|n| format!("/115/a/b/c{n}/show {n}.mkv")).collect();
    let found = search(&t, json!({ "parent": "/", "keywords": "MKV show" })).await;
    assert_eq!(found, all, "in more folders than 115 would be asked for");
    for path in &found {
        assert_eq!(data(&t, "", "/fs/get", &json!({ "path": path })).await["size"], 1, "{path}");
        t.get(&format!("/d{path}").replace(' ', "%20")).send().await.is(200);
    }
    assert_eq!(search(&t, json!({ "parent": "/115/a/b/c3", "keywords": "show" })).await, [all[3].clone()]);
    assert_eq!(search(&t, json!({ "parent": "/", "keywords": "c", "scope": 1 })).await.len(), 8);
    assert_eq!(search(&t, json!({ "parent": "/", "keywords": "nowhere" })).await, Vec::<String>::new());
}

#[tokio::test]
async fn many_that_have_the_longest_word_alone_hide_nothing_that_has_all() {
    let dir = disk();
    for n in 0..300 {
        put(&dir, format!("root/season {n}.mkv"));
    }
    put(&dir, "root/a/deep/Season X.mkv");
    let t = stage(&dir).await;
    assert_eq!(search(&t, json!({ "parent": "/", "keywords": "season x.m" })).await, ["/115/a/deep/Season X.mkv"]);
    let ask = json!({ "parent": "/", "keywords": "season", "per_page": 500 });
    assert_eq!(search(&t, ask).await.len(), 200);
}

#[tokio::test]
async fn what_was_listed_and_is_gone_is_not_found() {
    let dir = disk();
    let t = stage(&dir).await;
    for path in ["/115", "/115/a", "/115/a/b", "/115/a/b/c0", "/115/a/b/c1"] {
        data(&t, "", "/fs/list", &json!({ "path": path })).await;
    }
    fs::remove_dir_all(dir.path().join("root/a/b/c0")).unwrap();
    fs::rename(dir.path().join("root/a/b/c1/show 1.mkv"), dir.path().join("root/a/show 1b.mkv")).unwrap();
    let found = search(&t, json!({ "parent": "/", "keywords": "show" })).await;
    assert_eq!((found.len(), found[0].as_str()), (7, "/115/a/b/c2/show 2.mkv"));
    assert!(found.contains(&"/115/a/show 1b.mkv".to_owned()), "{found:?}");
    let (code, message) = failure(&t, "", "/fs/search", &json!({ "parent": "/115/a/b/c0", "keywords": "show" })).await;
    assert!(code == 500 && message.ends_with("object not found"), "{code} {message}");
}

#[tokio::test]
async fn nothing_from_beside_the_root_is_found() {
    let dir = disk();
    let root = dir.path().join("root");
    symlink("../outside", root.join("out")).unwrap();
    symlink("../outside/show 9.mkv", root.join("a/show 9.mkv")).unwrap();
    symlink("..", root.join("a/round")).unwrap();
    let t = stage(&dir).await;
    let found = search(&t, json!({ "parent": "/", "keywords": "show" })).await;
    assert_eq!(found.len(), 8, "{found:?}");
    assert!(!found.iter().any(|path| path.contains('9')), "{found:?}");
}

#[tokio::test]
async fn names_that_are_no_text_lead_to_the_right_file() {
    let dir = disk();
    for odd in [&b"x\xfe"[..], b"x\xff"] {
        let folder = std::ffi::OsStr::from_bytes(odd);
        put(&dir, Path::new("root").join(folder).join("odd.txt"));
        fs::write(dir.path().join("root").join(folder).join("odd.txt"), odd).unwrap();
    }
    let t = stage(&dir).await;
    let found = search(&t, json!({ "parent": "/", "keywords": "odd" })).await;
    let mut contents = Vec::new();
    for path in &found {
        let path = VirtualPath::from_plain(path).unwrap();
        contents.push(t.get(&format!("/d{}", path.to_uri())).send().await.is(200).bytes().to_vec());
    }
    contents.sort();
    assert_eq!(contents, [b"x\xfe", b"x\xff"], "{found:?}");
}

#[rstest]
#[case::gone(|dir: &TempDir| fs::rename(dir.path().join("root"), dir.path().join("away")).unwrap(), "Is its disk mounted")]
#[case::exchanged(
    |dir: &TempDir| {
        fs::rename(dir.path().join("root"), dir.path().join("away")).unwrap();
        put(dir, "root/show.mkv");
    },
    "SIGHUP"
)]
#[tokio::test]
async fn a_disk_that_cannot_be_looked_at_is_a_failure(#[case] happens: fn(&TempDir), #[case] told: &str) {
    let dir = disk();
    let t = stage(&dir).await;
    for path in ["/115", "/115/a", "/115/a/b", "/115/a/b/c0"] {
        data(&t, "", "/fs/list", &json!({ "path": path })).await;
    }
    happens(&dir);
    let (code, message) = failure(&t, "", "/fs/search", &json!({ "parent": "/", "keywords": "show" })).await;
    assert!(code == 500 && message.contains(told), "{code} {message}");
}

#[tokio::test]
async fn beside_a_drive_of_115_both_are_searched_and_the_disk_costs_no_look_ups() {
    let dir = disk();
    let t = world(|sim| {
        for n in 0..8 {
            sim.file(&format!("/s{n}/deep/show {n}.mkv"), Content::pattern(10));
        }
        sim.file("/disk/hidden/show.mkv", Content::pattern(10));
    })
    .start()
    .await;
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/115/disk").unwrap();
    second.drive = local(&dir);
    config.mounts.push(second);
    t.app.reload(&config);
    t.works(1).await;
    t.sim.ledger().reset();
    let found = search(&t, json!({ "parent": "/", "keywords": "show" })).await;
    let of_disk = found.iter().filter(|path| path.starts_with("/115/disk/a/b/")).count();
    assert_eq!((of_disk, t.calls("search"), t.calls("category_get"), t.api_calls()), (8, 1, 5, 6), "{found:?}");
    assert!(!found.iter().any(|path| path.contains("hidden")), "{found:?}");
}

/// What another mount hides takes no place of what can be seen.
#[tokio::test]
async fn a_mount_inside_hides_what_the_disk_has_there_and_nothing_else() {
    let dir = disk();
    for n in 0..250 {
        put(&dir, format!("root/shadow/film {n}.mkv"));
    }
    put(&dir, "root/pub/x/y/film.mkv");
    symlink("pub", dir.path().join("root/link")).unwrap();
    put(&dir, "other/film of another.mkv");
    let (drive, other) = (local(&dir), Drive::Local(Local { root: dir.path().join("other") }));
    let t = world(|_| {})
        .mount(move |mount, _| mount.drive = drive)
        .config(move |config| {
            for path in ["/115/shadow", "/115/link"] {
                let path = VirtualPath::from_plain(path).unwrap();
                config.mounts.push(Mount { path, drive: other.clone(), ..config.mounts[0].clone() });
            }
        })
        .start()
        .await;
    t.works(1).await;
    t.works(2).await;
    let seen = ["/115/link/film of another.mkv", "/115/pub/x/y/film.mkv", "/115/shadow/film of another.mkv"];
    assert_eq!(search(&t, json!({ "parent": "/", "keywords": "film" })).await, seen);
}
