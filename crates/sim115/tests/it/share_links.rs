//! Links to files of a share: the ways of §9.2, what each binds, and whom it turns away; quirks 16 to 18, 43, 46 to 48.

use std::collections::HashSet;

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use sim115::{Content, Fault, On, Share, ShareState, Sim, Times};

use crate::support::{Bench, OURS, PLAYER, cookie_of, errno, json_of, number, param};

const CODES: &str = "share_code=sw3abc&receive_code=ab12";
const SITE: &str = "115cdn.com/webapi/share/downurl";
const WEB: &str = "webapi.115.com/share/downurl";
const PLAIN: &str = "proapi.115.com/app/share/downurl";
const TOO_OLD: &str = "当前版本过低，请升级到最新版本下载。";

async fn bench() -> (Bench, Share) {
    let bench = Bench::new().await;
    let share = bench.sim.share("sw3abc", "ab12");
    (bench, share)
}

async fn sealed(bench: &Bench, id: u64, user_agent: Option<&str>) -> Response {
    let inner = json!({ "share_code": "sw3abc", "receive_code": "ab12", "file_id": id.to_string() });
    bench.app("/app/share/downurl", &inner, user_agent).await
}

fn got(bench: &Bench, way: &str, id: u64, user_agent: &str, cookie: Option<&str>) -> RequestBuilder {
    let get = bench.http.get(bench.url(&format!("{way}?{CODES}&file_id={id}&dl=1"))).header("user-agent", user_agent);
    let get = get.header("referer", "https://115cdn.com/s/sw3abc?password=ab12&");
    cookie.into_iter().fold(get, |get, cookie| get.header("cookie", cookie))
}

async fn fetch(bench: &Bench, url: &str, user_agent: &str, cookie: Option<&str>) -> (u16, String) {
    let get = bench.http.get(url).header("user-agent", user_agent);
    let get = cookie.into_iter().fold(get, |get, cookie| get.header("cookie", cookie));
    let response = get.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn the_sealed_way_binds_to_the_user_agent_it_was_asked_with() {
    let (bench, share) = bench().await;
    let id = share.file("/a/电影.mkv", Content::bytes("hello, share")).0;
    for (user_agent, f) in [(None, ""), (Some(PLAYER), "1"), (Some(OURS), "3")] {
        let response = sealed(&bench, id, user_agent).await;
        let cookie = cookie_of(&response);
        let inner = bench.unsealed(&json_of(response).await);
        assert_eq!((&inner["fid"], &inner["fn"]), (&id.to_string().into(), &"电影.mkv".into()));
        assert_eq!((number(&inner["fs"]), inner["url"]["client"].is_u64()), (12, true));
        let url = inner["url"]["url"].as_str().unwrap();
        assert_eq!((param(url, "f").as_str(), cookie.is_some()), (f, f == "3"), "{user_agent:?}");
        let own = user_agent.unwrap_or("anything");
        assert_eq!(fetch(&bench, url, own, cookie.as_deref()).await, (200, "hello, share".to_owned()));
        let foreign = fetch(&bench, url, "mpv", cookie.as_deref()).await.0;
        assert_eq!(foreign, if f.is_empty() { 200 } else { 403 }, "{user_agent:?}");
    }
    assert_eq!(bench.sim.ledger().count("share_downurl"), 3);
    bench.clean();
}

#[tokio::test]
async fn the_other_ways_answer_in_the_open() {
    let (bench, share) = bench().await;
    let id = share.file("/f", Content::bytes("x")).0;
    let cookie = bench.sim.cookie();
    for (way, f) in [(PLAIN, "1"), ("proapi.115.com/os_windows/2.0/share/downurl", "1"), (SITE, "1"), (WEB, "3")] {
        let response = got(&bench, way, id, PLAYER, Some(&cookie)).send().await.unwrap();
        let bound = cookie_of(&response);
        let body = json_of(response).await;
        assert_eq!((&body["state"], &body["data"]["fid"]), (&true.into(), &id.to_string().into()), "{way}");
        let url = body["data"]["url"]["url"].as_str().unwrap();
        assert_eq!((param(url, "f").as_str(), bound.is_some()), (f, f == "3"), "{way}");
        assert_eq!(fetch(&bench, url, PLAYER, bound.as_deref()).await, (200, "x".to_owned()), "{way}");
    }
    bench.sim.force_f("share_downurl_site", Some(0));
    let body = json_of(got(&bench, SITE, id, PLAYER, Some(&cookie)).send().await.unwrap()).await;
    assert_eq!(param(body["data"]["url"]["url"].as_str().unwrap(), "f"), "0");
    bench.clean();
}

#[tokio::test]
async fn no_way_goes_without_a_login() {
    let (bench, share) = bench().await;
    let id = share.file("/f", Content::pattern(1)).0;
    let mut seen = HashSet::new();
    for way in [PLAIN, SITE, WEB].into_iter().cycle().take(30) {
        seen.insert(errno(&json_of(got(&bench, way, id, OURS, None).send().await.unwrap()).await));
    }
    assert_eq!(seen, HashSet::from([99, 990_001]));
    bench.sim.kick(99);
    let number = errno(&json_of(sealed(&bench, id, None).await).await);
    assert!([99, 990_001].contains(&number), "{number}");
    assert_eq!(bench.snap("sw3abc", "receive_code=ab12").await["state"], true, "the listing does");
    bench.clean();
}

#[tokio::test]
async fn only_the_web_way_has_a_limit() {
    let (bench, share) = bench().await;
    let (below, above) = (200 * 1024 * 1024, 200 * 1024 * 1024 + 1);
    let [small, large] = [below, above].map(|size| share.file("/f", Content::pattern(size)).0);
    let cookie = bench.sim.cookie();
    let ask = async |way: &str, id: u64| {
        errno(&json_of(got(&bench, way, id, OURS, Some(&cookie)).send().await.unwrap()).await)
    };
    assert_eq!([ask(WEB, small).await, ask(WEB, large).await], [0, 50_028]);
    assert_eq!([ask(SITE, large).await, ask(PLAIN, large).await], [0, 0]);
    assert_eq!(errno(&json_of(sealed(&bench, large, None).await).await), 0);
    bench.clean();
}

#[tokio::test]
async fn the_app_ways_may_want_a_name_of_115() {
    let (bench, share) = bench().await;
    let id = share.file("/f", Content::pattern(1)).0;
    bench.sim.require_known_ua(true);
    let refused = json!({ "state": false, "error": TOO_OLD });
    for (user_agent, known) in [(None, false), (Some(PLAYER), false), (Some(OURS), true)] {
        let body = json_of(sealed(&bench, id, user_agent).await).await;
        assert_eq!(body == refused, !known, "{user_agent:?}: {body}");
    }
    let cookie = bench.sim.cookie();
    let get = async |way| json_of(got(&bench, way, id, PLAYER, Some(&cookie)).send().await.unwrap()).await;
    assert_eq!(get(PLAIN).await, refused);
    assert_eq!(get(SITE).await["state"], true, "the site takes the player's own");
    bench.clean();
}

#[tokio::test]
async fn a_folder_and_a_missing_file_have_no_link() {
    let (bench, share) = bench().await;
    let folder = share.folder("/d").0;
    let gone = share.file("/f", Content::pattern(1));
    assert!(share.remove(gone));
    let outside = bench.sim.file("/own", Content::pattern(1)).0;
    let shape = async |id: u64| {
        let body = json_of(sealed(&bench, id, None).await).await;
        match errno(&body) {
            0 => {
                let inner = bench.unsealed(&body);
                (0, inner["url"].clone(), number(&inner["fs"]))
            }
            refused => {
                assert!(body["data"].as_str().is_none_or(str::is_empty), "nothing sealed in a refusal");
                (refused, Value::Null, 0)
            }
        }
    };
    let (mut folders, mut missing) = (HashSet::new(), HashSet::new());
    for _ in 0..40 {
        folders.insert(shape(folder).await);
        missing.insert(shape(gone.0).await);
        missing.insert(shape(outside).await);
    }
    let none = || Value::Null;
    assert_eq!(folders, HashSet::from([(0, json!(false), 0), (0, none(), 0), (4_100_013, none(), 0)]));
    assert_eq!(missing, HashSet::from([(0, json!(false), -1), (70_005, none(), 0), (20_018, none(), 0)]));
    bench.clean();
}

#[tokio::test]
async fn a_share_that_is_over_has_no_links() {
    let (bench, share) = bench().await;
    let id = share.file("/f", Content::pattern(1)).0;
    for (state, numbers) in [
        (ShareState::Cancelled, &[4_100_009, 4_100_010][..]),
        (ShareState::Deleted, &[4_100_026]),
        (ShareState::Violence, &[4_100_033]),
        (ShareState::Auditing, &[4_100_000]),
    ] {
        share.set_state(state);
        let number = errno(&json_of(sealed(&bench, id, None).await).await);
        assert!(numbers.contains(&number), "{state:?} {number}");
    }
    share.set_state(ShareState::Expired);
    let expired = json!({ "state": false, "msg": "链接已过期", "errno": 4_100_018 });
    assert_eq!(json_of(sealed(&bench, id, None).await).await, expired);
    share.set_state(ShareState::Normal);
    share.set_receive_code("cd34");
    assert_eq!(errno(&json_of(sealed(&bench, id, None).await).await), 4_100_008);
    share.forget();
    assert_eq!(errno(&json_of(sealed(&bench, id, None).await).await), 4_100_026);
    bench.clean();
}

#[tokio::test]
async fn a_sharer_may_let_people_fetch_without_a_login() {
    let (bench, share) = bench().await;
    let small = share.file("/f", Content::bytes("free")).0;
    let large = share.file("/g", Content::pattern(200 * 1024 * 1024 + 1)).0;
    let ask = async |host: &str, id: u64| {
        let form = [("share_code", "sw3abc"), ("receive_code", "ab12"), ("file_id", &*id.to_string())];
        let post = bench.http.post(bench.url(&format!("{host}/share/skip_login_downurl"))).form(&form);
        json_of(post.header("user-agent", PLAYER).send().await.unwrap()).await
    };
    assert_eq!(errno(&ask("webapi.115.com", small).await), 990_001);
    share.skip_login(true);
    for host in ["webapi.115.com", "proapi.115.com/app", "115cdn.com/webapi"] {
        let body = ask(host, small).await;
        let url = body["data"]["url"]["url"].as_str().unwrap();
        assert_eq!(fetch(&bench, url, PLAYER, None).await, (200, "free".to_owned()), "{host}");
    }
    assert_eq!(errno(&ask("webapi.115.com", large).await), 50_028);
    bench.clean();
}

#[tokio::test]
async fn withheld_and_unfinished_files_have_no_link() {
    let (bench, share) = bench().await;
    let root = sim115::FolderId::ROOT;
    let raw = |raw: sim115::Raw| share.raw_file(root, "f", Content::pattern(1), raw).0;
    let flagged = raw(sim115::Raw { flagged: true, ..sim115::Raw::default() });
    let incomplete = raw(sim115::Raw { incomplete: true, ..sim115::Raw::default() });
    assert_eq!(errno(&json_of(sealed(&bench, flagged, None).await).await), 50_038);
    assert_eq!(errno(&json_of(sealed(&bench, incomplete, None).await).await), 70_004);
}

#[tokio::test]
async fn scripts_reach_these_ways_too() {
    let (bench, share) = bench().await;
    let id = share.file("/f", Content::pattern(1)).0;
    bench.sim.fault(On::Call("share_downurl"), Times::Next(1), Fault::HostlessUrl);
    let url = bench.unsealed(&json_of(sealed(&bench, id, None).await).await)["url"]["url"].clone();
    assert!(url.as_str().unwrap().starts_with("http:///"), "{url}");
    bench.sim.fault(On::Call("share_downurl"), Times::Next(1), Fault::GarbageData);
    let garbage = json_of(sealed(&bench, id, None).await).await;
    assert_eq!((&garbage["state"], &garbage["data"]), (&true.into(), &"R2FyYmFnZSwgbm90IGEgYmxvY2s=".into()));
    bench.sim.fault(On::Call("share_downurl"), Times::Next(1), Fault::Margin(9));
    assert_eq!(json_of(sealed(&bench, id, None).await).await, json!({ "margin": 9 }));
}

#[tokio::test]
async fn what_the_sheet_does_not_name_is_refused() {
    let (bench, share) = bench().await;
    let id = share.file("/f", Content::pattern(1)).0.to_string();
    let refused = async |response: Response| {
        assert_eq!(errno(&json_of(response).await), 990_002);
        let violations = bench.sim.ledger().violations();
        bench.sim.ledger().reset();
        assert_eq!(violations.len(), 1, "{violations:?}");
    };
    for inner in [
        json!({ "share_code": "sw3abc", "receive_code": "ab12" }),
        json!({ "share_code": "sw3abc", "receive_code": "ab12", "file_id": 1 }),
        json!({ "share_code": "sw3abc", "receive_code": "ab12", "file_id": "x" }),
        json!({ "share_code": "sw3abc", "receive_code": "ab12", "file_id": id, "pickcode": "a" }),
    ] {
        refused(bench.app("/app/share/downurl", &inner, None).await).await;
    }
    for query in [format!("{CODES}&file_id={id}&dl=2"), CODES.to_owned(), format!("{CODES}&file_id={id}&ua=x")] {
        refused(bench.get(&format!("{PLAIN}?{query}")).send().await.unwrap()).await;
    }
    // The site is asked from its own page.
    refused(bench.get(&format!("{SITE}?{CODES}&file_id={id}&dl=1")).send().await.unwrap()).await;
}

#[tokio::test]
async fn an_account_may_fetch_from_its_own_share_without_the_code() {
    let bench = Bench::with(Sim::builder()).await;
    let file = bench.sim.file("/f", Content::bytes("own"));
    bench.sim.share_own("sw3abc", "ab12", &[file.into()]).set_state(ShareState::Auditing);
    let inner = json!({ "share_code": "sw3abc", "receive_code": "", "file_id": file.0.to_string() });
    let body = json_of(bench.app("/app/share/downurl", &inner, None).await).await;
    let url = bench.unsealed(&body)["url"]["url"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&bench, &url, PLAYER, None).await, (200, "own".to_owned()));
    bench.clean();
}
