//! The account itself: how its login stands, whose it is, its devices, its room, and a folder by name.

use p115::{Cause, Cid, Cookie, Kind, Space, Standing};
use rstest::rstest;
use serde_json::json as value;

use crate::fake::{CID, Fake, Reply, SEID, json, status, waf};

const STATUS: &str = "my.115.com";
const APP_SPACE: &str = "proapi.115.com/android/user/space_info";
const DEAD: &str = r#"{"state":false,"errno":99,"error":"请重新登录"}"#;
const KICKED: &str = r#"{"state":0,"code":40101032,"message":"请重新登录"}"#;

#[rstest]
#[case::alive("R1", r#"{"state":true}"#, r#"{"state":true,"data":{}}"#, Standing::Alive, 2)]
#[case::kicked("R1", r#"{"state":true}"#, DEAD, Standing::Kicked, 2)]
#[case::kicked_by_number("F1", r#"{"state":true}"#, KICKED, Standing::Kicked, 2)]
#[case::a_browser_is_always_denied("A1", r#"{"state":true}"#, DEAD, Standing::Alive, 2)]
#[case::no_such_call("R1", r#"{"state":true}"#, r#"{"state":false,"errno":980006}"#, Standing::Alive, 2)]
#[case::logged_out("R1", r#"{"state":false}"#, "", Standing::LoggedOut, 1)]
#[tokio::test]
async fn how_a_login_stands(
    #[case] device: &str,
    #[case] web: &'static str,
    #[case] app: &'static str,
    #[case] standing: Standing,
    #[case] calls: usize,
) {
    let fake = Fake::start(move |request, _| json(if request.place == STATUS { web } else { app })).await;
    let client = fake.client_of(device, 100.0);
    assert_eq!(client.standing().await.unwrap(), standing);
    assert_eq!(fake.calls(), calls);
    assert_eq!(client.pause().map(|p| p.cause), (standing == Standing::Kicked).then_some(Cause::Session));
    assert_eq!(standing.advice().is_some(), standing != Standing::Alive);
}

#[tokio::test]
async fn a_standing_that_cannot_be_told_is_not_made_up() {
    let fake = Fake::start(|request, _| match request.place.as_str() {
        STATUS => json(r#"{"state":true}"#),
        APP_SPACE => waf(),
        other => panic!("{other}"),
    })
    .await;
    assert_eq!(fake.client().standing().await.unwrap_err().kind, Kind::Waf);
}

#[tokio::test]
async fn tells_whose_login_it_is() {
    let fake = Fake::start(|_, n| match n {
        0 => json(
            r#"{"state":true,"data":{"device":1,"rank":0,"vip":"4","expire":1893456000,"global":0,"forever":0,
                "is_privilege":false,"privilege":[],"user_name":"某人","face":"x","user_id":"12345678"}}"#,
        ),
        _ => json(r#"{"state":false}"#),
    })
    .await;
    let client = fake.client();
    let user = client.user().await.unwrap();
    assert_eq!((user.id, user.name.as_deref(), user.vip), (12_345_678, Some("某人"), 4));
    assert_eq!(user.vip_until, Some(1_893_456_000));
    let request = fake.request(0);
    assert_eq!((request.place.as_str(), request.query["ct"].as_str()), (STATUS, "ajax"));
    assert_eq!(request.query["ac"], "nav");
    assert_eq!(client.user().await.unwrap_err().kind, Kind::Session);
}

#[tokio::test]
async fn lists_who_else_is_logged_in() {
    let fake = Fake::start(|_, _| {
        json(
            r#"{"state":1,"code":0,"data":{"last":{"ip":"1.2.3.4"},"list":[
                {"is_current":0,"ssoent":"F1","utime":"1700000000","device":"Pixel","name":"115生活_安卓端","icon":"android",
                    "desc":"x","ip":"1.2.3.4","city":"广东省","is_unusual":1},
                {"is_current":1,"ssoent":"R1","utime":1700000001,"name":"","device":"","ip":"","city":null},
                {}]}}"#,
        )
    })
    .await;
    let devices = fake.client().devices().await.unwrap();
    assert_eq!(fake.places(), ["passportapi.115.com/app/1.0/web/1.0/login_log/login_devices"]);
    let phone = &devices[0];
    assert_eq!((phone.name.as_str(), phone.device.as_deref()), ("115生活_安卓端", Some("Pixel")));
    assert_eq!((phone.class.as_deref(), phone.seen), (Some("F1"), Some(1_700_000_000)));
    assert_eq!((phone.ip.as_deref(), phone.city.as_deref()), (Some("1.2.3.4"), Some("广东省")));
    assert!(phone.unusual && !phone.current);
    let ours = &devices[1];
    assert_eq!((ours.name.as_str(), ours.current, ours.ip.as_deref()), ("R1", true, None));
    assert_eq!((devices.len(), devices[2].name.as_str()), (3, ""));
}

#[tokio::test]
async fn where_115_marks_no_device_ours_is_known_by_its_class() {
    let fake = Fake::start(|_, _| json(r#"{"state":1,"data":{"list":[{"ssoent":"A1"},{"ssoent":"R1"}]}}"#)).await;
    let current: Vec<bool> = fake.client().devices().await.unwrap().iter().map(|d| d.current).collect();
    assert_eq!(current, [false, true]);
}

#[rstest]
#[case::none(r#"{"state":1,"data":{"list":[]}}"#, Kind::Undecodable)]
#[case::no_list(r#"{"state":1,"data":{}}"#, Kind::Undecodable)]
#[case::logged_out(KICKED, Kind::Session)]
#[tokio::test]
async fn no_devices_at_all_is_a_failure(#[case] reply: &'static str, #[case] kind: Kind) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    assert_eq!(fake.client().devices().await.unwrap_err().kind, kind);
}

const TB: u64 = 1 << 40;

#[rstest]
#[case::whole(value!(TB), value!(TB / 4), value!(TB - TB / 4), Ok((TB, TB - TB / 4, TB / 4)))]
#[case::floats(value!(1.2e15), value!(2e14), value!(1e15), Ok((1_200_000_000_000_000, 1_000_000_000_000_000, 200_000_000_000_000)))]
#[case::texts(value!("100"), value!("60"), value!("40"), Ok((100, 40, 60)))]
#[case::no_use(value!(100), value!(60), value!(null), Ok((100, 40, 60)))]
#[case::no_rest(value!(100), value!(null), value!(40), Ok((100, 40, 60)))]
#[case::over_the_limit(value!(100), value!(-20), value!(120), Ok((100, 120, 0)))]
#[case::only_the_total(value!(100), value!(null), value!(null), Err(Kind::Undecodable))]
#[case::no_total(value!(null), value!(60), value!(40), Err(Kind::Undecodable))]
#[tokio::test]
async fn how_much_room_there_is(
    #[case] total: serde_json::Value,
    #[case] remain: serde_json::Value,
    #[case] used: serde_json::Value,
    #[case] space: Result<(u64, u64, u64), Kind>,
) {
    let size = |n: serde_json::Value| value!({"size": n, "size_format": "1TB"});
    let reply = value!({"state": true, "data": {
        "space_info": {"all_total": size(total), "all_remain": size(remain), "all_use": size(used)},
        "login_devices_info": {"last": {}, "list": []}, "imei_info": false}});
    let reply = reply.to_string();
    let fake = Fake::start(move |_, _| json(&reply)).await;
    let found = fake.client().space().await.map_err(|e| e.kind);
    assert_eq!(found, space.map(|(total, used, free)| Space { total, used, free }));
    assert_eq!((fake.request(0).place.as_str(), fake.calls()), ("webapi.115.com/files/index_info", 1));
}

/// A reply of the listing by name: entries `from..to` of a folder of `count`.
fn names(offset: u64, from: u64, to: u64, count: u64) -> Reply {
    let data: Vec<_> =
        (from..to).map(|i| value!({"cid": (100 + i).to_string(), "pid": "5", "n": format!("d{i}")})).collect();
    json(
        &value!({"state": true, "data": data, "count": count, "offset": offset, "cid": "5", "order": "file_name",
        "is_asc": 1, "fc_mix": 0, "path": []})
        .to_string(),
    )
}

#[tokio::test]
async fn a_small_folder_by_name_is_one_call() {
    let fake = Fake::start(|_, _| names(0, 0, 1200, 1200)).await;
    let page = fake.client().files_by_name(Cid::new(5)).await.unwrap().unwrap();
    assert_eq!((page.entries.len(), page.offset, page.count, page.newest_first), (1200, 0, 1200, false));
    let request = fake.request(0);
    assert_eq!((request.place.as_str(), fake.calls()), ("aps.115.com/natsort/files.php", 1));
    let asked = ["cid", "offset", "limit", "natsort", "o", "asc", "show_dir", "cur", "format"];
    let query = asked.map(|key| request.query[key].as_str());
    assert_eq!(query, ["5", "0", "1200", "1", "file_name", "1", "1", "1", "json"]);
}

#[tokio::test]
async fn short_pages_by_name_are_put_together() {
    let fake = Fake::start(|request, _| match request.query["offset"].as_str() {
        "0" => names(0, 0, 2, 5),
        "2" => names(2, 2, 4, 5),
        _ => names(4, 4, 5, 5),
    })
    .await;
    let page = fake.client().files_by_name(Cid::new(5)).await.unwrap().unwrap();
    let read: Vec<&str> = page.entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!((read, fake.calls()), (vec!["d0", "d1", "d2", "d3", "d4"], 3));
}

#[rstest]
#[case::empty(names(0, 0, 0, 0), Ok(Some(0)), 1)]
#[case::too_big(names(0, 0, 1200, 1201), Ok(None), 1)]
#[case::starts_over_and_says_so(names(0, 0, 2, 4), Ok(None), 2)]
#[case::nothing_where_something_is_counted(names(0, 0, 0, 3), Ok(None), 1)]
#[case::another_folder(json(r#"{"state":true,"data":[],"count":0,"cid":0,"path":[]}"#), Err(Kind::NotFound), 1)]
#[case::not_served(status(403, "<html>"), Err(Kind::WayClosed), 1)]
#[tokio::test]
async fn what_the_listing_by_name_cannot_show(
    #[case] reply: Reply,
    #[case] found: Result<Option<usize>, Kind>,
    #[case] calls: usize,
) {
    let fake = Fake::start(move |_, _| reply.clone()).await;
    let page = fake.client().files_by_name(Cid::new(5)).await;
    assert_eq!(page.map(|page| page.map(|page| page.entries.len())).map_err(|e| e.kind), found);
    assert_eq!(fake.calls(), calls);
}

#[tokio::test]
async fn a_listing_that_starts_over_in_silence_is_seen_by_its_first_entry() {
    // The offset is echoed as if it were that of the page.
    let fake = Fake::start(|request, _| names(request.query["offset"].parse().unwrap(), 0, 2, 4)).await;
    assert_eq!(fake.client().files_by_name(Cid::new(5)).await.unwrap(), None);
    assert_eq!(fake.calls(), 2);
}

#[tokio::test]
async fn a_folder_that_changes_while_it_is_read_by_name_is_not_taken_for_whole() {
    let fake = Fake::start(|_, n| if n == 0 { names(0, 0, 2, 4) } else { names(2, 2, 3, 3) }).await;
    assert_eq!(fake.client().files_by_name(Cid::new(5)).await.unwrap(), None);
}

fn cookie(user: u64, device: &str) -> Cookie {
    Cookie::parse(&format!("UID={user}_{device}_1700000001; CID={CID}; SEID={SEID}")).unwrap()
}

#[tokio::test]
async fn another_login_of_the_same_user_ends_the_pause_and_is_used_from_then_on() {
    let fake = Fake::start(|request, _| {
        let cookie = String::from_utf8_lossy(request.header("cookie").unwrap_or_default());
        json(if cookie.contains("_R1_") { DEAD } else { r#"{"state":true,"data":{"user_id":"12345678"}}"# })
    })
    .await;
    let client = fake.client_of("R1", 100.0);
    assert_eq!(client.user().await.unwrap_err().kind, Kind::Session);
    assert_eq!(client.pause().map(|pause| pause.cause), Some(Cause::Session));
    assert!(!client.log_in(cookie(87_654_321, "R2")), "another user's");
    assert!(client.pause().is_some() && !client.is_logged_in_with(&cookie(12_345_678, "R2")));

    assert!(client.clone().log_in(cookie(12_345_678, "R2")));
    assert!(client.pause().is_none() && client.is_logged_in_with(&cookie(12_345_678, "R2")));
    assert_eq!(client.user().await.unwrap().id, 12_345_678);
}

#[tokio::test]
async fn what_115_says_of_the_login_before_does_not_hold_for_the_next() {
    let held = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let hold = std::sync::Arc::clone(&held);
    let fake = Fake::start(move |request, _| {
        let cookie = String::from_utf8_lossy(request.header("cookie").unwrap_or_default());
        if cookie.contains("_R1_") {
            Reply::Held(std::sync::Arc::clone(&hold), Box::new(json(DEAD)))
        } else {
            json(r#"{"state":true,"data":{"user_id":"12345678"}}"#)
        }
    })
    .await;
    let client = fake.client_of("R1", 100.0);
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.user().await }
    });
    fake.wait_for(1).await;
    assert!(client.log_in(cookie(12_345_678, "R2")));
    held.add_permits(1);
    // It is repeated with the new login, and nothing is paused.
    assert_eq!(asked.await.unwrap().unwrap().id, 12_345_678);
    assert!(client.pause().is_none());
}

#[rstest]
#[case::in_numbers(DEAD)]
#[case::by_its_state_alone(r#"{"state":false}"#)]
#[tokio::test]
async fn another_login_of_the_user_takes_over_when_one_dies(#[case] dead: &'static str) {
    let fake = Fake::start(move |request, _| {
        let cookie = String::from_utf8_lossy(request.header("cookie").unwrap_or_default());
        json(if cookie.contains("_R2_") { r#"{"state":true,"data":{"user_id":"12345678"}}"# } else { dead })
    })
    .await;
    let client = fake.client_of("R1", 100.0);
    assert!(!client.stand_by(cookie(87_654_321, "R2")), "another user's");
    assert!(client.stand_by(cookie(12_345_678, "R2")) && client.stand_by(cookie(12_345_678, "I1")));
    assert_eq!(client.user().await.unwrap().id, 12_345_678);
    assert_eq!((fake.calls(), client.pause()), (3, None), "two dead ones, and the one that lives");
    assert!(client.is_logged_in_with(&cookie(12_345_678, "R2")));
    assert!(client.alive().await.unwrap());
    assert_eq!(fake.calls(), 4, "what is dead is not asked again");

    let client = fake.client_of("R1", 100.0);
    assert!(client.stand_by(cookie(12_345_678, "R2")) && client.alive().await.unwrap());
}

#[tokio::test]
async fn with_the_last_login_the_account_is_dead() {
    let fake = Fake::start(|_, _| json(DEAD)).await;
    let client = fake.client_of("R1", 100.0);
    assert!(client.stand_by(cookie(12_345_678, "R2")));
    assert_eq!(client.user().await.unwrap_err().kind, Kind::Session);
    assert_eq!((fake.calls(), client.pause().unwrap().cause), (2, Cause::Session));
    client.user().await.unwrap_err();
    assert_eq!(fake.calls(), 2);
}
