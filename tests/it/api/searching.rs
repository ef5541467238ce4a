//! `fs/search`: what is known costs no call, what is not costs one and at most five more, and a failure is never "nothing".

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;
use gate115::{
    clock::Clock,
    error::{Error, Kind, Result},
    path::VirtualPath,
    store::{Expected, Memory, Page, Store, Stored, Table, Value as StoredValue, Version},
};
use rstest::rstest;
use serde_json::{Value, json};
use sim115::{Content, Fault, On, Raw, Sim, Times};

use super::{TOKEN, closed, data, failure, login};
use crate::support::{Service, TestApp, cloud_of, world};

/// Longer than an answer is kept.
const LATER: Duration = Duration::from_secs(61);

async fn list(t: &TestApp, shown: &str, paths: &[&str]) {
    for path in paths {
        data(t, shown, "/fs/list", &json!({ "path": path })).await;
    }
    t.sim.ledger().reset();
}

async fn search(t: &TestApp, keywords: &str) -> Value {
    data(t, "", "/fs/search", &json!({ "parent": "/", "keywords": keywords })).await
}

/// Full paths, in order of the alphabet.
fn paths(found: &Value) -> Vec<String> {
    let content = found["content"].as_array().unwrap();
    let text = |hit: &Value, key: &str| hit[key].as_str().unwrap().to_owned();
    let mut paths: Vec<_> =
        content.iter().map(|hit| format!("{}/{}", text(hit, "parent"), text(hit, "name"))).collect();
    paths.sort();
    paths
}

const fn label(service: Service) -> (&'static str, &'static str) {
    match service {
        Service::Open => ("open_search", "open_get_info"),
        Service::Cloud | Service::Share => ("search", "category_get"),
    }
}

/// Eight films, each in a folder that is in a folder.
fn shows(sim: &Sim) {
    for n in 0..8 {
        sim.file(&format!("/s{n}/deep/show {n}.mkv"), Content::pattern(10 + n));
    }
}

#[tokio::test]
async fn names_are_found_in_what_is_known_and_nobody_is_asked() {
    let t = closed().start().await;
    list(&t, TOKEN, &["/115", "/115/empty", "/115/Movies", "/115/Movies/影 视", "/115/Private"]).await;
    let search = async |shown: &str, ask: Value| data(&t, shown, "/fs/search", &ask).await;
    let found = search(TOKEN, json!({ "parent": "/", "keywords": "A mkv", "page": 1, "per_page": 100 })).await;
    assert_eq!(
        found,
        json!({ "content": [{ "parent": "/115/Movies", "name": "a b.mkv", "is_dir": false, "size": 1000, "type": 2 }],
                "total": 1 })
    );
    let names = |found: &Value| {
        let content = found["content"].as_array().unwrap().iter();
        content.map(|hit| hit["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = search(TOKEN, json!({ "parent": "/115", "keywords": ".mkv", "scope": 2 })).await;
    assert_eq!(names(&all), ["a b.mkv", "x.mkv", "c.mkv"]);
    let page = search(TOKEN, json!({ "parent": "/115", "keywords": ".mkv", "page": 2, "per_page": 2 })).await;
    assert_eq!((names(&page), &page["total"]), (vec!["c.mkv".to_owned()], &json!(3)));
    assert_eq!(search(TOKEN, json!({ "parent": "/", "keywords": "movies", "scope": 1 })).await["total"], 1);
    assert_eq!(search(TOKEN, json!({ "parent": "/", "keywords": "movies", "scope": 2 })).await["total"], 0);
    let tv = login(&t, "tv").await;
    let own = search(&tv, json!({ "parent": "/", "keywords": "c.mkv" })).await;
    assert_eq!(own["content"][0]["parent"], "/影 视");
    assert_eq!(t.api_calls(), 0);
}

#[rstest]
#[case::cloud(Service::Cloud)]
#[case::open(Service::Open)]
#[tokio::test]
async fn a_name_that_is_not_known_costs_one_call_and_at_most_five_more(#[case] service: Service) {
    let t = world(shows).of(service).start().await;
    list(&t, "", &["/115", "/115/s0", "/115/s0/deep", "/115/s1"]).await;
    let (find, look_up) = label(service);
    let found = search(&t, "SHOW mkv").await;
    // One was known, of one the folder was known, and five were looked up.
    assert_eq!((t.calls(find), t.calls(look_up), t.api_calls()), (1, 5, 6));
    assert_eq!(found["total"], 7);
    assert!(paths(&found).contains(&"/115/s0/deep/show 0.mkv".to_owned()), "{found}");
    assert!(paths(&found).contains(&"/115/s1/deep/show 1.mkv".to_owned()), "{found}");
    search(&t, "mkv SHOW").await;
    assert_eq!(t.api_calls(), 6, "it was asked a moment ago");
    // Later, where folders are is still known.
    t.advance(LATER);
    t.sim.ledger().reset();
    let all: Vec<_> = (0..8).map(|n| format!("/115/s{n}/deep/show {n}.mkv")).collect();
    assert_eq!(paths(&search(&t, "show mkv").await), all);
    assert_eq!((t.calls(find), t.calls(look_up), t.api_calls()), (1, 1, 2));
    // Each path leads to what was found, without looking for its folder.
    t.sim.ledger().reset();
    for (n, path) in all.iter().enumerate() {
        let got = data(&t, "", "/fs/get", &json!({ "path": path })).await;
        assert_eq!(got["size"], 10 + n, "{path}");
    }
    assert_eq!(t.calls("getid"), 0);
}

#[tokio::test]
async fn the_folders_with_the_most_finds_are_looked_up_first() {
    let t = world(|sim| {
        for n in 0..20 {
            sim.file(&format!("/s{n}/deep/show.mkv"), Content::pattern(1));
            sim.file(&format!("/all/deep/show {n}.mkv"), Content::pattern(1));
        }
    })
    .start()
    .await;
    let found = search(&t, "show").await;
    assert_eq!((t.calls("search"), t.calls("category_get")), (1, 5));
    let in_all = paths(&found).iter().filter(|path| path.starts_with("/115/all/deep/")).count();
    assert_eq!((in_all, &found["total"]), (20, &json!(24)));
}

#[tokio::test]
async fn after_a_restart_what_was_listed_is_found_as_before() {
    let mut t = world(shows).start().await;
    list(&t, "", &["/115", "/115/s0", "/115/s0/deep", "/115/s1", "/115/s1/deep"]).await;
    t.restart_well().await;
    t.sim.fault(On::Call("search"), Times::Always, Fault::Status(500, ""));
    assert_eq!(paths(&search(&t, "show").await), ["/115/s0/deep/show 0.mkv", "/115/s1/deep/show 1.mkv"]);
    let sub = data(&t, "", "/fs/search", &json!({ "parent": "/115/s1", "keywords": "show" })).await;
    assert_eq!(paths(&sub), ["/115/s1/deep/show 1.mkv"]);
    t.sim.clear_faults();
    t.sim.ledger().reset();
    let sub = data(&t, "", "/fs/search", &json!({ "parent": "/115/s0", "keywords": "how" })).await;
    assert_eq!((paths(&sub).len(), t.api_calls()), (1, 0), "all there is below was listed");
    // What is past its time may have grown.
    t.advance(Duration::from_secs(1801));
    t.sim.file("/s0/deep/show new.mkv", Content::pattern(1));
    let sub = data(&t, "", "/fs/search", &json!({ "parent": "/115/s0", "keywords": "show" })).await;
    assert_eq!(paths(&sub), ["/115/s0/deep/show 0.mkv", "/115/s0/deep/show new.mkv"]);
    assert_eq!((t.calls("search"), t.calls("category_get")), (1, 0));
}

#[tokio::test]
async fn pages_are_of_one_search_and_a_crowd_makes_one() {
    let t = world(|sim| {
        for n in 0..25 {
            sim.file(&format!("/many/deep/show {n:02}.mkv"), Content::pattern(1));
        }
    })
    .start()
    .await;
    let slow = t.sim.fault(On::Call("search"), Times::Always, Fault::Delay(Duration::from_millis(300)));
    join_all((0..10).map(|_| search(&t, "show"))).await;
    assert_eq!(slow.fired(), 1);
    let (mut seen, mut page) = (Vec::new(), 1);
    while seen.len() < 25 {
        let ask = json!({ "parent": "/", "keywords": "show", "page": page, "per_page": 10 });
        let found = data(&t, "", "/fs/search", &ask).await;
        assert_eq!(found["total"], 25);
        seen.extend(paths(&found));
        page += 1;
    }
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), page), (25, 4));
    let ask = json!({ "parent": "/", "keywords": "show", "page": 4, "per_page": 10 });
    assert_eq!(data(&t, "", "/fs/search", &ask).await["content"], json!([]));
    assert_eq!((t.calls("search"), t.calls("category_get")), (1, 1));
}

#[rstest]
#[case::cloud(Service::Cloud)]
#[case::open(Service::Open)]
#[tokio::test]
async fn folders_or_files_alone_are_asked_for_as_such(#[case] service: Service) {
    let t = world(|sim| {
        sim.file("/a/b/show/show.mkv", Content::pattern(1));
    })
    .of(service)
    .start()
    .await;
    for (scope, fc, found) in
        [(1, Some("fc=1"), vec!["/115/a/b/show"]), (2, Some("fc=2"), vec!["/115/a/b/show/show.mkv"])]
    {
        t.sim.ledger().reset();
        let ask = json!({ "parent": "/115", "keywords": "show", "scope": scope });
        assert_eq!(paths(&data(&t, "", "/fs/search", &ask).await), found);
        let calls = t.sim.ledger().take();
        let asked = calls.iter().find(|call| call.label == label(service).0).unwrap();
        assert_eq!(asked.query.split('&').find(|pair| pair.starts_with("fc=")), fc);
    }
    assert_eq!(search(&t, "show").await["total"], 2);
}

#[tokio::test]
async fn a_user_finds_what_is_below_his_base_path_alone() {
    let t = closed().start().await;
    let tv = login(&t, "tv").await;
    t.sim.ledger().reset();
    let found = data(&t, &tv, "/fs/search", &json!({ "parent": "/", "keywords": "mkv" })).await;
    assert_eq!(paths(&found), ["//a b.mkv", "/影 视/c.mkv"]);
    assert_eq!((t.calls("search"), t.calls("category_get")), (1, 1), "below his folder, which is looked for once");
    for (parent, code) in [("/../Private", 403), ("/..", 403), ("/115/Private", 500), ("/a b.mkv", 500)] {
        let (was, message) = failure(&t, &tv, "/fs/search", &json!({ "parent": parent, "keywords": "x" })).await;
        assert_eq!(was, code, "{parent}: {message}");
        assert!(code == 403 || message.ends_with("object not found"), "{message}");
    }
    let (code, _) = failure(&t, "", "/fs/search", &json!({ "parent": "/", "keywords": "mkv" })).await;
    assert_eq!(code, 401, "guests may not read here");
}

#[tokio::test]
async fn while_the_account_is_paused_what_is_known_is_found_and_nothing_is_not() {
    let t = world(shows).start().await;
    list(&t, "", &["/115", "/115/s0", "/115/s0/deep"]).await;
    t.sim.fault(On::Call("files"), Times::Next(1), Fault::Waf);
    assert_eq!(failure(&t, "", "/fs/list", &json!({ "path": "/115/s3" })).await.0, 503);
    t.sim.ledger().reset();
    assert_eq!(paths(&search(&t, "show").await), ["/115/s0/deep/show 0.mkv"]);
    let (code, message) = failure(&t, "", "/fs/search", &json!({ "parent": "/", "keywords": "nowhere" })).await;
    assert!(code == 503 && message.contains("firewall"), "{code} {message}");
    assert_eq!(t.api_calls(), 0);
    // Once it is over, the rest is found: what had a gap is not kept for long.
    t.advance(Duration::from_secs(12 * 60));
    assert!(search(&t, "show").await["total"].as_u64() > Some(1));
}

#[rstest]
#[case::cloud(Service::Cloud)]
#[case::open(Service::Open)]
#[tokio::test]
async fn a_drive_that_fails_is_told_of_where_nothing_was_found(#[case] service: Service) {
    let t = world(shows).of(service).start().await;
    list(&t, "", &["/115", "/115/s0", "/115/s0/deep"]).await;
    let (find, look_up) = label(service);
    t.sim.fault(On::Call(find), Times::Always, Fault::Errno(20_022, "不行"));
    assert_eq!(paths(&search(&t, "show").await), ["/115/s0/deep/show 0.mkv"], "what was found is given");
    t.sim.ledger().reset();
    for _ in 0..3 {
        let (code, message) = failure(&t, "", "/fs/search", &json!({ "parent": "/", "keywords": "nowhere" })).await;
        assert!(code == 500 && message.contains("refuses"), "{code} {message}");
    }
    assert_eq!(t.calls(find), 1, "a failure is not asked for again at once");
    // Of what was found nobody knows where it is, and that cannot be asked.
    t.sim.clear_faults();
    t.sim.fault(On::Call(look_up), Times::Always, Fault::Errno(20_022, "不行"));
    let ask = json!({ "parent": "/115/s1", "keywords": "show" });
    assert_eq!(failure(&t, "", "/fs/search", &ask).await.0, 500);
    t.sim.clear_faults();
    t.advance(Duration::from_secs(11));
    assert_eq!(search(&t, "show").await["total"], 6);
}

#[rstest]
#[case::cloud(Service::Cloud)]
#[case::open(Service::Open)]
#[tokio::test]
async fn namesakes_are_told_apart_and_nothing_is_found_twice(#[case] service: Service) {
    let t = world(|sim| {
        let deep = sim.folder("/a/deep");
        let raw = |created| Raw { created: Some(created), ..Raw::default() };
        sim.raw_file(deep, "show.mkv", Content::pattern(1), raw(1_600_000_001));
        sim.raw_file(deep, "show.mkv", Content::pattern(3), raw(1_600_000_003));
        sim.raw_file(deep, "show.mkv", Content::pattern(2), raw(1_600_000_002));
    })
    .of(service)
    .start()
    .await;
    let found = search(&t, "show").await;
    assert_eq!(found["total"], 3);
    for hit in found["content"].as_array().unwrap() {
        let path = format!("{}/{}", hit["parent"].as_str().unwrap(), hit["name"].as_str().unwrap());
        assert_eq!(data(&t, "", "/fs/get", &json!({ "path": path })).await["size"], hit["size"], "{path}");
    }
    // Listed, they are what was found.
    list(&t, "", &["/115", "/115/a", "/115/a/deep"]).await;
    t.advance(LATER);
    assert_eq!(paths(&search(&t, "show").await), paths(&found));
    // One that has come since is found beside them, under a name of its own.
    t.sim.file("/a/deep/sub/show.mkv", Content::pattern(9));
    let deep = sim115::FolderId(t.sim.id_of("/a/deep").unwrap().0);
    t.sim.raw_file(deep, "show.mkv", Content::pattern(4), Raw::default());
    t.advance(Duration::from_secs(1801));
    let grown = search(&t, "show").await;
    assert_eq!((&grown["total"], t.calls(label(service).0)), (&json!(5), 1));
    let mut unique = paths(&grown);
    unique.dedup();
    assert_eq!(unique.len(), 5, "{grown}");
}

#[tokio::test]
async fn any_words_are_looked_for_as_they_are() {
    let names = ["it's \"so\".mkv", "100% #1 & more+.mkv", "影视 🎬 x.mkv", "a_b*c?.mkv", "back\\slash.mkv"];
    let t = world(move |sim| {
        for name in names {
            sim.file(&format!("/deep/er/{name}"), Content::pattern(1));
        }
        sim.raw_file(sim.folder("/deep/er"), "this/that.mkv", Content::pattern(1), Raw::default());
    })
    .start()
    .await;
    for (keywords, found) in [
        ("it's \"SO\"", names[0]),
        ("100%", names[1]),
        ("#1 +", names[1]),
        ("& 100%", names[1]),
        ("🎬", names[2]),
        ("影视", names[2]),
        ("*c?", names[3]),
        ("\\", names[4]),
        ("this/that", "this／that.mkv"),
    ] {
        assert_eq!(paths(&search(&t, keywords).await), [format!("/115/deep/er/{found}")], "{keywords}");
    }
    assert_eq!(search(&t, "%' OR 1=1 --").await["total"], 0);
    assert_eq!(search(&t, &"x".repeat(255)).await["total"], 0);
    for keywords in ["", " ", "\t\u{3000}", &"x".repeat(256), &"影".repeat(300)] {
        assert_eq!(failure(&t, "", "/fs/search", &json!({ "parent": "/", "keywords": keywords })).await.0, 400);
    }
    for ask in [json!({ "parent": "/" }), json!({ "keywords": 1 }), json!({ "parent": {}, "keywords": "x" })] {
        assert_eq!(failure(&t, "", "/fs/search", &ask).await.0, 400, "{ask}");
    }
}

#[tokio::test]
async fn what_another_mount_hides_and_what_is_outside_of_a_root_is_not_found() {
    let t = world(|sim| {
        sim.file("/home/a/show 1.mkv", Content::pattern(1));
        sim.file("/home/inner/x/show 2.mkv", Content::pattern(1));
        sim.file("/home/way/to/show 3.mkv", Content::pattern(1));
        sim.file("/home/way/show 4.mkv", Content::pattern(1));
        sim.file("/other/deep/show 5.mkv", Content::pattern(1));
    })
    .mount(|mount, sim| cloud_of(mount).root = sim.id_of("/home").unwrap().0)
    .start()
    .await;
    let config = |path: &str, root: &str| {
        let mut mount = t.config.mounts[0].clone();
        mount.path = VirtualPath::from_plain(path).unwrap();
        cloud_of(&mut mount).root = t.sim.id_of(root).unwrap().0;
        mount
    };
    let mut mounts = t.config.clone();
    mounts.mounts.push(config("/115/inner", "/other"));
    mounts.mounts.push(config("/115/way/to", "/other/deep"));
    t.app.reload(&mounts);
    for number in 1..3 {
        t.works(number).await;
    }
    let found = paths(&search(&t, "show").await);
    assert_eq!(
        found,
        ["/115/a/show 1.mkv", "/115/inner/deep/show 5.mkv", "/115/way/show 4.mkv", "/115/way/to/show 5.mkv"]
    );
    let inner = data(&t, "", "/fs/search", &json!({ "parent": "/115/inner", "keywords": "show" })).await;
    assert_eq!(paths(&inner), ["/115/inner/deep/show 5.mkv"]);
}

#[tokio::test]
async fn a_share_is_searched_as_far_as_it_is_known() {
    let t = world(shows).of(Service::Share).start().await;
    list(&t, "", &["/115", "/115/s0", "/115/s0/deep"]).await;
    assert_eq!(paths(&search(&t, "show").await), ["/115/s0/deep/show 0.mkv"]);
    assert_eq!((&search(&t, "nowhere").await["total"], t.api_calls()), (&json!(0), 0));
}

#[tokio::test]
async fn where_nobody_can_be_asked_the_folder_itself_is_looked_at_or_its_failure_is_told() {
    let t = world(shows).of(Service::Share).start().await;
    assert_eq!(paths(&search(&t, "s0").await), ["/115/s0"], "nobody has come by before");
    let calls = t.api_calls();
    assert_eq!((&search(&t, "nowhere").await["total"], t.api_calls()), (&json!(0), calls), "it is known by now");

    let t = world(shows).of(Service::Share).start().await;
    t.sim.fault(On::AnyApi, Times::Always, Fault::Status(503, ""));
    let (code, message) = failure(&t, "", "/fs/search", &json!({ "parent": "/", "keywords": "nowhere" })).await;
    assert!(code != 200 && !message.ends_with("object not found"), "{code} {message}");
}

/// A store on a disk whose listings cannot be read.
#[derive(Debug)]
struct Unreadable(Memory);

#[async_trait]
impl Store for Unreadable {
    async fn get(&self, table: Table, key: &str) -> Result<Option<Stored>> {
        if table == Table::Listings {
            return Err(Error::new(Kind::Storage, "The disk that data_dir is on is broken."));
        }
        self.0.get(table, key).await
    }

    async fn write(
        &self,
        table: Table,
        key: &str,
        expected: Expected,
        value: Option<StoredValue>,
    ) -> Result<Option<Version>> {
        self.0.write(table, key, expected, value).await
    }

    async fn scan(&self, table: Table, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page> {
        self.0.scan(table, prefix, after, limit).await
    }

    async fn version(&self, table: Table) -> Result<Version> {
        self.0.version(table).await
    }
}

#[tokio::test]
async fn where_what_is_kept_cannot_be_read_nothing_found_is_a_failure_too() {
    let t = world(shows).store(Arc::new(Unreadable(Memory::new(Clock::default())))).start().await;
    let (code, message) = failure(&t, "", "/fs/search", &json!({ "parent": "/", "keywords": "nowhere" })).await;
    assert!(code == 500 && message.contains("data_dir"), "{code} {message}");
    assert_eq!(search(&t, "show").await["total"], 5, "115 was asked all the same");
}
