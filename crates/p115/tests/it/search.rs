//! Searching by name, on either API: what is asked, and what is made of the hits.

use p115::{Cid, Error, FileId, Item, ItemKind, Kind, Only};
use rstest::rstest;

use crate::fake::{Fake, json};

const FOLDER: Cid = Cid::new(3_342_177_983_093_201_700);
const FILE: FileId = FileId::new(3_342_177_983_093_201_749);
const WEB: &str = r#"{"state":true,"error":"","errno":"","count":"99","offset":0,"page_size":200,"folder":{"cid":"0"},"data":[
    {"fid":"3342177983093201749","cid":"3342177983093201700","n":"a show.mkv","pc":"cq8zap7l323bbddre","s":"5",
     "sha":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709","t":"2023-11-15 06:13"},
    {"cid":"3342177983093201751","pid":0,"n":"shows","pc":"fabc","t":"1700000000"}]}"#;
const OPEN: &str = r#"{"state":true,"code":0,"message":"","count":99,"limit":200,"offset":0,"data":[
    {"file_id":"3342177983093201749","user_id":"1","sha1":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709","file_name":"a show.mkv",
     "file_size":"5","user_ptime":"1600000000","user_utime":"1700000000","pick_code":"cq8zap7l323bbddre",
     "parent_id":"3342177983093201700","area_id":"1","is_private":0,"file_category":"1","ico":"mkv"},
    {"file_id":"3342177983093201751","sha1":"","file_name":"shows","file_size":"0","user_ptime":"1","user_utime":"1",
     "pick_code":"fabc","parent_id":"0","file_category":"0","ico":"folder"}]}"#;

#[derive(Clone, Copy, PartialEq)]
enum Api {
    Web,
    Open,
}

async fn search(fake: &Fake, api: Api, word: &str, only: Option<Only>) -> Result<Vec<Item>, Error> {
    match api {
        Api::Web => fake.client().search(FOLDER, word, only, 200).await,
        Api::Open => fake.open_client().search(FOLDER, word, only, 200).await,
    }
}

#[rstest]
#[case::web(Api::Web, WEB, "webapi.115.com/files/search", "aid=1&cid=3342177983093201700&fc=2&limit=200&offset=0")]
#[case::open(Api::Open, OPEN, "proapi.115.com/open/ufile/search", "cid=3342177983093201700&fc=2&limit=200&offset=0")]
#[tokio::test]
async fn hits_say_where_they_are(
    #[case] api: Api,
    #[case] reply: &'static str,
    #[case] place: &str,
    #[case] asked: &str,
) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    let hits = search(&fake, api, "show & 中%", Some(Only::Files)).await.unwrap();
    let where_they_are: Vec<_> = hits.iter().map(|hit| (hit.name.as_str(), hit.parent)).collect();
    assert_eq!(where_they_are, [("a show.mkv", FOLDER), ("shows", Cid::ROOT)]);
    assert!(matches!(&hits[0].kind, ItemKind::File { id: FILE, size: 5, complete: true, .. }), "{hits:?}");
    assert_eq!(hits[1].kind, ItemKind::Dir { cid: Cid::new(3_342_177_983_093_201_751) });
    assert!(hits[0].modified.is_some());
    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("GET", place));
    assert_eq!(request.query["search_value"], "show & 中%");
    let mut rest: Vec<_> = request.query.iter().filter(|(key, _)| *key != "search_value").collect();
    rest.sort();
    assert_eq!(rest.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&"), asked);
    search(&fake, api, "show", None).await.unwrap();
    assert!(!fake.request(1).query.contains_key("fc"));
}

#[rstest]
#[case::none(r#"{"state":true,"code":0,"data":[],"count":0}"#, Ok(0))]
#[case::not_even_none(r#"{"state":true,"code":0,"count":"0"}"#, Ok(0))]
#[case::null(r#"{"state":true,"code":0,"data":null,"count":0}"#, Ok(0))]
#[case::lost(r#"{"state":true,"code":0,"count":3}"#, Err(Kind::Undecodable))]
#[case::no_count(r#"{"state":true,"code":0}"#, Err(Kind::Undecodable))]
#[case::odd(r#"{"state":true,"code":0,"data":{},"count":0}"#, Err(Kind::Undecodable))]
#[case::nowhere(
    r#"{"state":true,"data":[{"cid":"9","n":"d","file_id":"9","file_name":"d","file_category":"0"}],"count":1}"#,
    Err(Kind::Undecodable)
)]
#[case::refused(r#"{"state":false,"code":20021,"errno":20021,"error":"后缀名不正确"}"#, Err(Kind::Rejected))]
#[tokio::test]
async fn nothing_found_is_not_the_same_as_nothing_heard(
    #[case] reply: &'static str,
    #[case] hits: Result<usize, Kind>,
    #[values(Api::Web, Api::Open)] api: Api,
) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    let found = search(&fake, api, "x", None).await;
    assert_eq!(found.map(|found| found.len()).map_err(|error| error.kind), hits);
}
