//! Listing a folder: what is asked, the root that comes instead, and the order that must be another.

use p115::{Cid, Kind};

use crate::fake::{Fake, json};

const FOLDER: Cid = Cid::new(3_342_177_983_093_201_749);

#[tokio::test]
async fn asks_for_everything_by_name() {
    let fake = Fake::start(|_, _| {
        json(
            r#"{"state":true,"error":"","errno":"","data":[{"cid":"3342177983093201751","pid":"3342177983093201749","n":"x/y"}],
            "count":"4001","offset":"4000","cid":3342177983093201749,"order":"user_ptime","is_asc":"0","fc_mix":1,
            "path":[{"name":"根目录","cid":"0"},{"name":"电影","cid":3342177983093201749}]}"#,
        )
    })
    .await;
    let page = fake.client().files(FOLDER, 4000, 5000).await.unwrap();
    assert_eq!((page.count, page.offset, page.newest_first), (4001, 4000, true));
    assert_eq!(page.entries[0].name, "x/y");
    assert_eq!(page.path[1], (FOLDER, "电影".to_owned()));

    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("GET", "webapi.115.com/files"));
    let mut query: Vec<String> = request.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
    query.sort();
    assert_eq!(
        query.join("&"),
        "aid=1&asc=0&cid=3342177983093201749&count_folders=1&cur=1&custom_order=2&fc_mix=1&format=json&limit=1150&\
         natsort=0&o=user_ptime&offset=4000&record_open_time=1&show_dir=1&snap=0"
    );
}

#[tokio::test]
async fn a_listing_of_the_root_in_place_of_the_folder_means_that_it_is_gone() {
    let fake = Fake::start(|_, _| {
        json(r#"{"state":true,"data":[{"cid":"9","pid":"0","n":"a"}],"count":1,"cid":0,"path":[{"name":"根目录","cid":0}]}"#)
    })
    .await;
    assert_eq!(fake.client().files(FOLDER, 0, 100).await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(fake.client().files(Cid::ROOT, 0, 100).await.unwrap().entries.len(), 1);
    assert_eq!(fake.calls(), 2);
}

const REFUSED: &str =
    r#"{"state":false,"error":"排序错误","errNo":20130827,"order":"file_name","is_asc":1,"fc_mix":0}"#;

#[tokio::test]
async fn takes_the_order_that_the_folder_offers() {
    let fake = Fake::start(|request, _| match request.query["o"].as_str() {
        "user_ptime" => json(REFUSED),
        _ => json(
            r#"{"state":true,"data":[],"count":0,"cid":"3342177983093201749","order":"file_name","is_asc":1,"fc_mix":0}"#,
        ),
    })
    .await;
    let page = fake.client().files(FOLDER, 0, 100).await.unwrap();
    assert!(!page.newest_first);
    let again = fake.request(1);
    assert_eq!(["o", "asc", "fc_mix", "show_dir"].map(|key| again.query[key].as_str()), ["file_name", "1", "0", "1"]);
    assert_eq!(fake.calls(), 2);
}

#[tokio::test]
async fn does_not_haggle_about_the_order() {
    let fake = Fake::start(|_, _| json(REFUSED)).await;
    let error = fake.client().files(FOLDER, 0, 100).await.unwrap_err();
    assert_eq!((error.kind, error.code, fake.calls()), (Kind::Rejected, Some(20_130_827), 2));
}
