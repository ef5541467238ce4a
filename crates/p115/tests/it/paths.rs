//! Ids of paths, what ids stand for, and whether the login lives.

use p115::{Cid, FileId, ItemKind, Kind, PickCode};
use rstest::rstest;

use crate::fake::{Fake, json};

#[rstest]
#[case::text(
    r#"{"state":true,"errNo":0,"id":"3342177983093201749","is_private":"0"}"#,
    Some(3_342_177_983_093_201_749)
)]
#[case::number(r#"{"state":true,"errNo":0,"id":3342177983093201749}"#, Some(3_342_177_983_093_201_749))]
#[case::missing_or_a_file(r#"{"state":true,"errNo":0,"id":0}"#, None)]
#[case::missing_as_text(r#"{"state":true,"errNo":0,"id":"0"}"#, None)]
#[case::said_plainly(r#"{"state":false,"errno":20018,"error":"文件不存在"}"#, None)]
#[tokio::test]
async fn the_id_of_a_path(#[case] reply: &'static str, #[case] id: Option<u64>) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    assert_eq!(fake.client().dir_id("/电影/a & b+c").await.unwrap(), id.map(Cid::new));
    let request = fake.request(0);
    assert_eq!(
        (request.place.as_str(), request.query["path"].as_str()),
        ("webapi.115.com/files/getid", "/电影/a & b+c")
    );
}

#[tokio::test]
async fn the_root_costs_no_call() {
    let fake = Fake::start(|_, _| json("{}")).await;
    let client = fake.client();
    assert_eq!(client.dir_id("/").await.unwrap(), Some(Cid::ROOT));
    assert!(client.stat(Cid::ROOT).await.unwrap().unwrap().is_dir);
    assert_eq!(fake.calls(), 0);
}

#[tokio::test]
async fn what_an_id_stands_for() {
    let fake = Fake::start(|_, _| {
        json(
            r#"{"count":"1","size":"1.23GB","folder_count":0,"ptime":"1600000000","utime":"1700000000","is_share":"0",
            "file_name":"a.mkv","pick_code":"cq8zap7l323bbddre","sha1":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
            "file_category":"1","paths":[{"file_id":0,"file_name":"根目录"},{"file_id":"3342177983093201700","file_name":"电影"}]}"#,
        )
    })
    .await;
    let stat = fake.client().stat(FileId::new(3_342_177_983_093_201_749)).await.unwrap().unwrap();
    assert_eq!((stat.name.as_str(), stat.is_dir, stat.modified), ("a.mkv", false, Some(1_700_000_000)));
    assert_eq!(stat.size_text.as_deref(), Some("1.23GB"));
    assert_eq!(stat.pickcode.unwrap().as_str(), "cq8zap7l323bbddre");
    assert_eq!(
        stat.ancestors,
        [(Cid::ROOT, "根目录".to_owned()), (Cid::new(3_342_177_983_093_201_700), "电影".to_owned())]
    );
    assert_eq!(fake.request(0).query["cid"], "3342177983093201749");
}

#[rstest]
#[case::deleted("[]", Ok(None))]
#[case::said_plainly(r#"{"state":false,"errno":70005,"error":"x"}"#, Ok(None))]
#[case::folder(r#"{"file_name":"d","file_category":0,"pick_code":"fabc","sha1":"","paths":[]}"#, Ok(Some(true)))]
#[case::neither(r#"{"file_name":"d","paths":[]}"#, Err(Kind::Undecodable))]
#[case::nothing_at_all("{}", Err(Kind::Undecodable))]
#[case::something_else("[1]", Err(Kind::Undecodable))]
#[tokio::test]
async fn what_a_stat_may_bring(#[case] reply: &'static str, #[case] is_dir: Result<Option<bool>, Kind>) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    let stat = fake.client().stat(Cid::new(5)).await;
    assert_eq!(stat.map(|stat| stat.map(|stat| stat.is_dir)).map_err(|e| e.kind), is_dir);
}

fn code() -> PickCode {
    "cq8zap7l323bbddre".parse().unwrap()
}

const ENTRY: &str = r#"{"fid":"3342177983093201749","cid":"3342177983093201700","n":"a.mkv","s":"5","pc":"cq8zap7l323bbddre",
    "sha":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709","t":"2023-11-15 06:13","te":"1700000001","tp":1600000000}"#;

#[tokio::test]
async fn what_a_pick_code_stands_for() {
    let fake = Fake::start(|_, _| json(&format!(r#"{{"state":true,"code":0,"message":"","data":[{ENTRY}]}}"#))).await;
    let item = fake.client().by_pickcode(&code()).await.unwrap().unwrap();
    assert_eq!((item.name.as_str(), item.pickcode, item.modified), ("a.mkv", Some(code()), Some(1_700_000_001)));
    assert!(matches!(item.kind, ItemKind::File { size: 5, complete: true, .. }), "{:?}", item.kind);
    assert_eq!(item.parent, Cid::new(3_342_177_983_093_201_700));
    let request = fake.request(0);
    let asked = (request.method.as_str(), request.place.as_str(), request.query["pick_code"].as_str());
    assert_eq!(asked, ("GET", "webapi.115.com/files/get_info", "cq8zap7l323bbddre"));
    assert_eq!((request.query.len(), fake.calls()), (1, 1));
}

#[rstest]
#[case::gone(r#"{"state":false,"errno":20018,"error":"x"}"#, Ok(()))]
#[case::recycled(r#"{"state":false,"code":"70005","message":"x"}"#, Ok(()))]
#[case::unknown(r#"{"state":false,"errNo":50003,"error":"x"}"#, Ok(()))]
#[case::nothing(r#"{"state":true,"data":[]}"#, Ok(()))]
#[case::quota_is_no_absence(r#"{"state":false,"errno":770004,"error":"x"}"#, Err(Kind::Quota))]
#[case::session_is_no_absence(r#"{"state":false,"errno":99,"error":"x"}"#, Err(Kind::Session))]
#[case::another_file(
    r#"{"state":true,"data":[{"fid":"1","cid":"0","n":"b","s":1,"pc":"ehzzzz","sha":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"}]}"#,
    Err(Kind::Undecodable)
)]
#[case::no_name(r#"{"state":true,"data":[{"fid":"1","cid":"0","pc":"cq8zap7l323bbddre"}]}"#, Err(Kind::Undecodable))]
#[case::no_data(r#"{"state":true}"#, Err(Kind::Undecodable))]
#[tokio::test]
async fn what_a_pick_code_may_bring(#[case] reply: &'static str, #[case] absent: Result<(), Kind>) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    let found = fake.client().by_pickcode(&code()).await;
    assert_eq!(found.map_err(|e| e.kind), absent.map(|()| None));
}

#[rstest]
#[case(r#"{"state":true}"#, Ok(true))]
#[case(r#"{"state":1}"#, Ok(true))]
#[case(r#"{"state":false}"#, Ok(false))]
#[case(r#"{"state":0,"errno":99,"error":"请重新登录"}"#, Ok(false))]
#[case(r#"{"state":false,"errno":911}"#, Err(Kind::Captcha))]
#[case("{}", Err(Kind::Undecodable))]
#[tokio::test]
async fn whether_the_login_lives(#[case] reply: &'static str, #[case] alive: Result<bool, Kind>) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    assert_eq!(fake.client().alive().await.map_err(|e| e.kind), alive);
    let request = fake.request(0);
    assert_eq!(
        (request.place.as_str(), request.query["ct"].as_str(), request.query["ac"].as_str()),
        ("my.115.com", "guide", "status")
    );
}
