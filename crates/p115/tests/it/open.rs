//! The Open Platform by noun: what is asked, and the forms that answers come in.

use std::time::Duration;

use p115::Space;
use p115::open::{ItemPath, Vip};
use p115::{Binding, Cause, Cid, FileId, ItemKind, Kind, PickCode};
use reqwest::header::HeaderValue;
use rstest::rstest;

use crate::fake::{Fake, Reply, json, refusal, status, waf};

const FOLDER: Cid = Cid::new(3_342_177_983_093_201_700);
const FILE: FileId = FileId::new(3_342_177_983_093_201_749);
const SHA1: &str = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";
const PAGE: &str = r#"{"state":true,"message":"","code":0,"data":[
    {"fid":"3342177983093201751","aid":"1","pid":"3342177983093201700","fc":"0","fn":"x/y","pc":"fabc","upt":1700000000},
    {"fid":"3342177983093201749","aid":"1","pid":"3342177983093201700","fc":"1","fn":"a.mkv","pc":"cq8zap7l323bbddre",
     "fs":5,"sha1":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709","uppt":1600000000,"fta":"1"}],
    "count":4001,"sys_count":0,"offset":"4000","limit":1150,"aid":"1","cid":3342177983093201700,"is_asc":0,"order":"user_utime",
    "path":[{"name":"根目录","aid":1,"cid":0,"pid":0},{"name":"电影","cid":"3342177983093201700"}]}"#;

fn code() -> PickCode {
    "cq8zap7l323bbddre".parse().unwrap()
}

#[tokio::test]
async fn lists_with_every_parameter_and_the_token() {
    let fake = Fake::start(|_, _| json(PAGE)).await;
    let page = fake.open_client().files(FOLDER, 4000, 5000).await.unwrap();
    let names: Vec<&str> = page.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!((names, page.count, page.offset), (vec!["x/y", "a.mkv"], 4001, 4000));
    assert_eq!(page.path[1], (FOLDER, "电影".to_owned()));
    assert!(!page.newest_first, "what changed last need not be the newest");

    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("GET", "proapi.115.com/open/ufile/files"));
    assert_eq!(request.header("authorization"), Some(&b"Bearer access-1"[..]));
    assert_eq!((request.header("cookie"), request.agent()), (None, Some(&b"Mozilla/5.0 115Browser/35.6.0.3"[..])));
    let mut query: Vec<String> = request.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
    query.sort();
    assert_eq!(
        query.join("&"),
        "asc=0&cid=3342177983093201700&cur=1&custom_order=2&limit=1150&o=user_utime&offset=4000&show_dir=1"
    );
}

#[tokio::test]
async fn a_listing_of_the_root_in_place_of_the_folder_means_that_it_is_gone() {
    let fake = Fake::start(|_, _| {
        json(r#"{"state":true,"code":0,"data":[],"count":0,"cid":0,"path":[{"name":"根目录","cid":0}]}"#)
    })
    .await;
    assert_eq!(fake.open_client().files(FOLDER, 0, 100).await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(fake.open_client().files(Cid::ROOT, 0, 100).await.unwrap().count, 0);
}

fn detail(file: bool) -> String {
    let (category, sha1) = if file { ("1", SHA1) } else { ("0", "") };
    format!(
        r#"{{"count":"1","size":"1.23GB","size_byte":1320702444,"folder_count":0,"ptime":"1600000000","utime":"1700000000",
        "file_name":"a.mkv","pick_code":"cq8zap7l323bbddre","sha1":"{sha1}","file_id":"3342177983093201749","is_mark":"0",
        "open_time":0,"file_category":"{category}",
        "paths":[{{"file_id":0,"file_name":"根目录"}},{{"file_id":"3342177983093201700","file_name":"电影"}}]}}"#
    )
}

#[rstest]
#[case::object(format!(r#"{{"state":true,"code":0,"data":{}}}"#, detail(true)))]
#[case::array(format!(r#"{{"state":true,"code":0,"data":[{}]}}"#, detail(true)))]
#[tokio::test]
async fn finds_a_file_by_its_path_in_one_call(#[case] reply: String) {
    let fake = Fake::start(move |_, _| json(&reply)).await;
    let path = ItemPath::new(&["电影", "a.mkv"]).unwrap();
    let info = fake.open_client().find(&path).await.unwrap().unwrap();
    let kind = ItemKind::File { id: FILE, size: 1_320_702_444, sha1: Some(SHA1.to_owned()), complete: true };
    assert_eq!((info.item.kind, info.item.name.as_str(), info.item.parent), (kind, "a.mkv", FOLDER));
    assert_eq!(info.item.pickcode, Some(code()));
    assert_eq!((info.item.modified, info.item.created), (Some(1_700_000_000), Some(1_600_000_000)));
    assert_eq!(info.ancestors, [(Cid::ROOT, "根目录".to_owned()), (FOLDER, "电影".to_owned())]);
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("POST", "proapi.115.com/open/folder/get_info"));
    assert_eq!((request.form["path"].as_str(), fake.calls()), ("/电影/a.mkv", 1));
}

#[tokio::test]
async fn what_an_id_is() {
    let fake = Fake::start(|_, _| json(&format!(r#"{{"state":true,"code":0,"data":{}}}"#, detail(false)))).await;
    let info = fake.open_client().info(FILE).await.unwrap().unwrap();
    assert_eq!(info.item.kind, ItemKind::Dir { cid: Cid::new(FILE.get()) });
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.query["file_id"].as_str()), ("GET", "3342177983093201749"));
}

#[tokio::test]
async fn a_file_is_found_by_its_pick_code_through_the_id_in_it() {
    let fake = Fake::start(|_, _| json(&format!(r#"{{"state":true,"code":0,"data":{}}}"#, detail(true)))).await;
    let client = fake.open_client();
    let item = client.by_pickcode(&code()).await.unwrap().unwrap();
    assert_eq!((item.name.as_str(), item.pickcode), ("a.mkv", Some(code())));
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("GET", "proapi.115.com/open/folder/get_info"));
    assert_eq!(request.query["file_id"], "3342177983093201749");
    // The same id with another account's part is another code: its file is not given.
    let other = client.by_pickcode(&"cq8zap7l323bbdbbx".parse().unwrap()).await;
    assert_eq!(other.unwrap_err().kind, Kind::Undecodable);
    assert_eq!(fake.calls(), 2);
    for none in ["fd9bxvlgnmpmqq5qqy", "x", "cq8zap7l323bbdd"] {
        assert_eq!(client.by_pickcode(&none.parse().unwrap()).await.unwrap(), None, "{none}");
    }
    assert_eq!(fake.calls(), 2, "what tells no id is not asked for");
}

#[tokio::test]
async fn the_root_costs_no_call() {
    let fake = Fake::start(|_, _| json("{}")).await;
    let client = fake.open_client();
    let by_path = client.find(&ItemPath::new::<&str>(&[]).unwrap()).await.unwrap();
    assert_eq!(by_path.unwrap().item.kind, ItemKind::Dir { cid: Cid::ROOT });
    assert!(client.info(Cid::ROOT).await.unwrap().unwrap().ancestors.is_empty());
    assert_eq!(fake.calls(), 0);
}

#[rstest]
#[case::nothing(json(r#"{"state":true,"code":0,"data":[]}"#), Ok(()))]
#[case::said_plainly(refusal(430_004), Ok(()))]
#[case::said_otherwise(refusal(20_018), Ok(()))]
#[case::quota_is_no_absence(refusal(770_004), Err(Kind::Quota))]
#[case::no_data(json(r#"{"state":true,"code":0}"#), Err(Kind::Undecodable))]
#[case::no_id(
    json(r#"{"state":true,"code":0,"data":{"file_name":"a","file_category":"0","paths":[]}}"#),
    Err(Kind::Undecodable)
)]
#[case::no_chain(
    json(r#"{"state":true,"code":0,"data":{"file_id":"5","file_name":"a","file_category":"0"}}"#),
    Err(Kind::Undecodable)
)]
#[case::no_size(
    json(
        r#"{"state":true,"code":0,"data":{"file_id":"5","file_name":"a","file_category":1,"pick_code":"a","paths":[],
        "sha1":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"}}"#
    ),
    Err(Kind::Undecodable)
)]
#[tokio::test]
async fn what_is_not_there_and_what_is_not_known(#[case] reply: Reply, #[case] absent: Result<(), Kind>) {
    let fake = Fake::start(move |_, _| reply.clone()).await;
    let found = fake.open_client().find(&ItemPath::new(&["a"]).unwrap()).await;
    assert_eq!(found.map_err(|e| e.kind), absent.map(|()| None));
    let found = fake.open_client().by_pickcode(&code()).await;
    assert_eq!(found.map_err(|e| e.kind), absent.map(|()| None));
}

fn url(f: &str) -> String {
    format!("https://cdn.example/aa/a.mkv?t=1758082642&u=1&s=5&d=vip-1-0-1-1&c=2&f={f}&k=00&us=5&uc=10&v=1")
}

fn entry(f: &str) -> String {
    format!(
        r#"{{"file_name":"a.mkv","file_size":600,"pick_code":"cq8zap7l323bbddre","sha1":"{SHA1}","url":{{"url":"{}"}}}}"#,
        url(f)
    )
}

#[rstest]
#[case::by_id(format!(r#"{{"1":{{"pick_code":"cq8zap7l323bbddre","url":{{"url":"http://h/other?f=1"}}}},"3342177983093201749":{}}}"#, entry("1")))]
#[case::by_code(format!(r#"{{"1":{{"pick_code":"other","url":{{"url":"http://h/other?f=1"}}}},"2":{}}}"#, entry("1")))]
#[case::the_only_one(format!(r#"{{"3342177983093201749":{}}}"#, entry("1")))]
#[case::without_ids(format!("[{}]", entry("1")))]
#[tokio::test]
async fn a_link_for_this_very_client(#[case] data: String) {
    let fake = Fake::start(move |_, _| json(&format!(r#"{{"state":true,"code":0,"data":{data}}}"#))).await;
    let agent = HeaderValue::from_bytes(b"Pl\xe4yer/1").unwrap();
    let link = fake.open_client().link(&code(), Some(FILE), Some(agent.clone())).await.unwrap();
    assert_eq!((link.url.as_str(), link.binding, link.size), (url("1").as_str(), Binding::UserAgent, Some(600)));
    assert_eq!((link.user_agent, link.connections, link.expires), (Some(agent.clone()), 2, Some(1_758_082_642)));
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("POST", "proapi.115.com/open/ufile/downurl"));
    assert_eq!((request.form["pick_code"].as_str(), request.agent()), ("cq8zap7l323bbddre", Some(agent.as_bytes())));
    assert_eq!((request.header("authorization"), fake.calls()), (Some(&b"Bearer access-1"[..]), 1));
}

#[tokio::test]
async fn a_client_without_a_name_asks_without_one() {
    let fake = Fake::start(|_, _| json(&format!(r#"{{"state":true,"data":{{"1":{}}}}}"#, entry("")))).await;
    let link = fake.open_client().link(&code(), None, None).await.unwrap();
    assert_eq!((link.binding, link.user_agent, fake.request(0).agent()), (Binding::None, None, None));
}

#[rstest]
#[case::nothing(json(r#"{"state":true,"code":0,"data":[]}"#), Kind::NotFound)]
#[case::folder(json(r#"{"state":true,"data":{"1":{"pick_code":"cq8zap7l323bbddre","url":false}}}"#), Kind::Folder)]
#[case::no_host(json(r#"{"state":true,"data":{"1":{"url":{"url":"http:///a?f=1"}}}}"#), Kind::WayClosed)]
#[case::wants_a_cookie(json(r#"{"state":true,"data":{"1":{"url":{"url":"http://h/a?f=3"}}}}"#), Kind::WayClosed)]
#[case::deleted(refusal(50_015), Kind::NotFound)]
#[case::uploading(refusal(70_004), Kind::NotReady)]
#[case::flagged(refusal(50_038), Kind::Flagged)]
#[tokio::test]
async fn why_there_is_no_link(#[case] reply: Reply, #[case] kind: Kind) {
    let fake = Fake::start(move |_, _| reply.clone()).await;
    let error = fake.open_client().link(&code(), Some(FILE), None).await.unwrap_err();
    assert_eq!((error.kind, fake.calls()), (kind, 1), "{error}");
}

#[rstest]
#[case::object("{}")]
#[case::array("[{}]")]
#[tokio::test]
async fn whose_account_it_is(#[case] form: &'static str) {
    let user = r#"{"user_id":"12345678","user_name":"某","user_face_s":"https://x","rt_space_info":{
        "all_total":{"size":1000,"size_format":"1KB"},"all_remain":{"size":"900"},"all_use":{"size":100.0}},
        "vip_info":{"level_name":"年费VIP","expire":1900000000}}"#;
    let body = format!(r#"{{"state":true,"message":"","code":0,"data":{}}}"#, form.replace("{}", user));
    let fake = Fake::start(move |_, _| json(&body)).await;
    let user = fake.open_client().user().await.unwrap();
    assert_eq!((user.id, user.name.as_deref()), (12_345_678, Some("某")));
    assert_eq!(user.space, Some(Space { total: 1000, used: 100, free: 900 }));
    assert_eq!(user.vip, Some(Vip { level: "年费VIP".to_owned(), expires: Some(1_900_000_000) }));
    assert_eq!(
        (fake.request(0).method.as_str(), fake.places()),
        ("GET", vec!["proapi.115.com/open/user/info".to_owned()])
    );
}

#[rstest]
#[case(r#"{"state":true,"data":{"user_id":12345678,"rt_space_info":[],"vip_info":[]}}"#, Ok(12_345_678))]
#[case(r#"{"state":true,"data":[]}"#, Err(Kind::Undecodable))]
#[case(r#"{"state":true,"data":{"user_id":"0"}}"#, Err(Kind::Undecodable))]
#[tokio::test]
async fn an_account_may_say_little_but_its_number(#[case] reply: &'static str, #[case] id: Result<u64, Kind>) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    let user = fake.open_client().user().await;
    assert_eq!(user.map(|user| (user.id, user.space, user.vip)).map_err(|e| e.kind), id.map(|id| (id, None, None)));
}

#[rstest]
#[case::too_many(status(429, "").with("X-RateLimit-Reset: 90"), Kind::Quota, Cause::Quota, Some(90))]
#[case::too_many_untold(status(429, ""), Kind::Quota, Cause::Quota, Some(60))]
#[case::spent(refusal(406), Kind::Quota, Cause::Quota, Some(60))]
#[case::too_often(refusal(770_004), Kind::Quota, Cause::Quota, Some(60))]
#[case::by_text_alone(
    json(r#"{"state":false,"code":0,"message":"已达到当前访问上限，请稍后再试","data":[]}"#),
    Kind::Quota,
    Cause::Quota,
    Some(60)
)]
#[case::by_text_and_nothing_much(
    json(r#"{"state":false,"code":-1,"message":"已达到当前访问上限，请稍后再试"}"#),
    Kind::Quota,
    Cause::Quota,
    Some(60)
)]
#[case::firewall(waf(), Kind::Waf, Cause::Waf, Some(660))]
#[case::captcha(refusal(911), Kind::Captcha, Cause::Captcha, None)]
#[tokio::test]
async fn a_limit_pauses_the_account_and_is_never_an_absence(
    #[case] answer: Reply,
    #[case] kind: Kind,
    #[case] cause: Cause,
    #[case] seconds: Option<u64>,
) {
    let fake = Fake::start(move |_, _| answer.clone()).await;
    let client = fake.open_client();
    let error = client.find(&ItemPath::new(&["a"]).unwrap()).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (kind, seconds.map(Duration::from_secs)));
    assert_eq!(client.info(FILE).await.unwrap_err().kind, Kind::Paused { cause });
    assert_eq!((fake.calls(), client.pause().unwrap().cause), (1, cause));
}
