//! `ufile/downurl`: keyed by file id, bound to who asked, and every way of there being none (§4.3, §4.7).

use std::collections::HashSet;

use serde_json::{Value, json};
use sim115::{Content, Fault, FolderId, On, Raw, Times};

use crate::support::{Bench, OURS, PLAYER, json_of, param};

async fn ask(bench: &Bench, codes: &str, user_agent: Option<&str>) -> Value {
    let post = bench.http.post(bench.url("proapi.115.com/open/ufile/downurl")).form(&[("pick_code", codes)]);
    let post = user_agent.into_iter().fold(post, |post, name| post.header("user-agent", name));
    json_of(post.bearer_auth(bench.sim.open_tokens().access).send().await.unwrap()).await
}

async fn status(bench: &Bench, url: &str, user_agent: Option<&str>) -> u16 {
    let get = bench.http.get(url);
    let get = user_agent.into_iter().fold(get, |get, name| get.header("user-agent", name));
    get.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_link_is_bound_to_the_user_agent_that_asked() {
    let bench = Bench::new().await;
    let content = Content::bytes("hello, 115");
    let file = bench.sim.file("/a.mkv", content.clone());
    let code = bench.sim.pickcode(file).unwrap();
    for asked in [None, Some(PLAYER), Some(OURS)] {
        let body = ask(&bench, &code, asked).await;
        assert_eq!((&body["state"], &body["code"]), (&json!(true), &json!(0)));
        let entry = &body["data"][file.0.to_string()];
        assert_eq!((&entry["file_name"], &entry["file_size"]), (&json!("a.mkv"), &json!(10)));
        assert_eq!((&entry["pick_code"], &entry["sha1"]), (&json!(code), &json!(content.sha1())));
        let url = entry["url"]["url"].as_str().unwrap();
        assert_eq!((param(url, "f"), param(url, "c"), param(url, "uc")), ("1".into(), "2".into(), "10".into()));
        assert!(param(url, "t").parse::<u64>().unwrap() > bench.sim.clock().now_unix());
        for used in [None, Some(PLAYER), Some(OURS)] {
            assert_eq!(status(&bench, url, used).await, if used == asked { 200 } else { 403 }, "{asked:?} {used:?}");
        }
    }
    bench.sim.force_f("open_downurl", Some(0));
    let body = ask(&bench, &code, Some(PLAYER)).await;
    assert_eq!(status(&bench, body["data"][file.0.to_string()]["url"]["url"].as_str().unwrap(), None).await, 200);
    bench.clean();
}

#[tokio::test]
async fn several_at_once_and_those_that_are_there_count() {
    let bench = Bench::new().await;
    let [a, b] = ["/a", "/b"].map(|path| bench.sim.file(path, Content::pattern(1)));
    let codes = format!("{},nothing,{}", bench.sim.pickcode(a).unwrap(), bench.sim.pickcode(b).unwrap());
    let body = ask(&bench, &codes, Some(PLAYER)).await;
    let keys: HashSet<_> = body["data"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, HashSet::from([a.0.to_string(), b.0.to_string()]));
}

#[tokio::test]
async fn what_has_no_link() {
    let bench = Bench::new().await;
    let root = FolderId::ROOT;
    let half = Raw { incomplete: true, ..Raw::default() };
    let flagged = Raw { flagged: true, ..Raw::default() };
    let half = bench.sim.pickcode(bench.sim.raw_file(root, "half", Content::pattern(1), half)).unwrap();
    let flagged = bench.sim.pickcode(bench.sim.raw_file(root, "bad", Content::pattern(1), flagged)).unwrap();
    let folder = bench.sim.pickcode(bench.sim.folder("/dir")).unwrap();
    let gone = bench.sim.file("/gone", Content::pattern(1));
    let gone_code = bench.sim.pickcode(gone).unwrap();
    bench.sim.remove(gone);
    for (code, number) in [(&half, 70_004), (&flagged, 50_038)] {
        assert_eq!(ask(&bench, code, Some(PLAYER)).await["code"], number);
    }
    for (code, number) in [(&gone_code, 70_005), (&folder, 50_015), (&"nothing".to_owned(), 50_003)] {
        let mut seen = HashSet::new();
        for _ in 0..12 {
            let body = ask(&bench, code, Some(PLAYER)).await;
            if body["state"] == true {
                assert_eq!((&body["code"], &body["data"]), (&json!(0), &json!([])));
            }
            seen.insert(body["code"].as_i64().unwrap());
        }
        assert_eq!(seen, HashSet::from([0, number]));
    }
    bench.clean();
    assert_eq!(ask(&bench, "", Some(PLAYER)).await["code"], 990_002);
    assert_eq!(bench.sim.ledger().violations().len(), 1);
}

#[tokio::test]
async fn a_link_without_a_host_can_be_scripted() {
    let bench = Bench::new().await;
    let file = bench.sim.file("/a", Content::pattern(1));
    bench.sim.fault(On::Call("open_downurl"), Times::Next(1), Fault::HostlessUrl);
    let body = ask(&bench, &bench.sim.pickcode(file).unwrap(), Some(PLAYER)).await;
    assert!(body["data"][file.0.to_string()]["url"]["url"].as_str().unwrap().starts_with("http:///"));
}
