//! `folder/get_info` by id and by path: object, list of one, `[]` or 430004 (§10.4; quirk 52).

use std::collections::HashSet;

use serde_json::{Value, json};
use sim115::{Content, FolderId, Raw};

use crate::support::{Bench, json_of, number};

/// The object, in whichever shape it came; `None` is "not found".
fn object(body: &Value, shapes: &mut HashSet<&'static str>) -> Option<Value> {
    let data = &body["data"];
    let (shape, found) = match (&body["state"], data.as_array()) {
        (Value::Bool(false), _) => {
            assert_eq!(body["code"], 430_004);
            ("430004", None)
        }
        (_, Some(list)) if list.is_empty() => ("[]", None),
        (_, Some(list)) => ("[{}]", Some(list[0].clone())),
        _ => ("{}", Some(data.clone())),
    };
    shapes.insert(shape);
    found
}

#[tokio::test]
async fn by_id_and_by_path_in_every_shape() {
    let bench = Bench::new().await;
    let file = bench.sim.file("/电影/a b/c.mkv", Content::seeded(1, 3_000_000_000));
    let folder = bench.sim.folder("/电影/a b");
    let by_id = async |id: u64| bench.open_json(&format!("folder/get_info?file_id={id}")).await;
    let by_path =
        async |path: &str| json_of(bench.open_post("folder/get_info", &[("path", path)]).send().await.unwrap()).await;
    let (mut there, mut gone) = (HashSet::new(), HashSet::new());
    for _ in 0..10 {
        for body in [by_id(file.0).await, by_path("/电影/a b/c.mkv").await, by_path(">电影>a b>c.mkv").await] {
            let info = object(&body, &mut there).unwrap();
            assert_eq!((&info["file_id"], &info["file_category"]), (&json!(file.0.to_string()), &json!("1")));
            assert_eq!((&info["size"], &info["size_byte"]), (&json!("2.79GB"), &json!(3_000_000_000_u64)));
            assert_eq!(
                (&info["file_name"], &info["sha1"]),
                (&json!("c.mkv"), &json!(Content::seeded(1, 3_000_000_000).sha1()))
            );
            assert_eq!(info["pick_code"], bench.sim.pickcode(file).unwrap());
            assert!(info["ptime"].is_string() && info["utime"].is_string() && info["open_time"].is_u64());
            let paths = info["paths"].as_array().unwrap();
            let names: Vec<_> = paths.iter().map(|at| at["file_name"].as_str().unwrap()).collect();
            assert_eq!((names, number(&paths[2]["file_id"])), (vec!["根目录", "电影", "a b"], folder.0 as i64));
        }
        for body in [by_id(17).await, by_id(0).await, by_path("/电影/nothing").await, by_path("/").await] {
            assert_eq!(object(&body, &mut gone), None);
        }
    }
    assert_eq!((there, gone), (HashSet::from(["{}", "[{}]"]), HashSet::from(["[]", "430004"])));
    let info = object(&by_path("/电影").await, &mut HashSet::new()).unwrap();
    assert_eq!((number(&info["count"]), number(&info["folder_count"])), (1, 1));
    assert_eq!((&info["file_category"], &info["sha1"]), (&json!("0"), &json!("")));
    bench.clean();
}

#[tokio::test]
async fn a_name_with_a_slash_is_said_with_another_separator() {
    let bench = Bench::new().await;
    let file = bench.sim.raw_file(FolderId::ROOT, "AC/DC", Content::pattern(1), Raw::default());
    let ask = async |path: &str| {
        let body = json_of(bench.open_post("folder/get_info", &[("path", path)]).send().await.unwrap()).await;
        object(&body, &mut HashSet::new()).map(|info| info["file_id"].as_str().unwrap().to_owned())
    };
    assert_eq!((ask(">AC/DC").await, ask("/AC/DC").await), (Some(file.0.to_string()), None));
    bench.clean();
}

#[tokio::test]
async fn neither_id_nor_path() {
    let bench = Bench::new().await;
    for url in ["folder/get_info", "folder/get_info?file_id=x", "folder/get_info?path=/a"] {
        assert_eq!(bench.open_json(url).await["code"], 990_002, "{url}");
    }
    for form in [("path", ""), ("path", "a/b"), ("file_id", "1")] {
        let body = json_of(bench.open_post("folder/get_info", &[form]).send().await.unwrap()).await;
        assert_eq!(body["code"], 990_002, "{form:?}");
    }
    assert_eq!(bench.sim.ledger().violations().len(), 6);
}
