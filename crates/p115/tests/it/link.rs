//! The ways to a link: which is taken for whom, what ends the search, and what an account teaches.

use p115::{Ask, Binding, Cause, Cid, Kind, PickCode};
use reqwest::header::HeaderValue;
use rstest::rstest;
use secrecy::ExposeSecret as _;

use crate::fake::{Fake, Reply, Request, START, json, sealed, status, waf};

const CHROME: &str = "proapi.115.com/app/chrome/downurl";
const ANDROID: &str = "proapi.115.com/android/2.0/ufile/download";
const WEB: &str = "webapi.115.com/files/download";
const VERSION: &str = r#"{"state":false,"error":"当前版本过低，请升级到最新版本下载。"}"#;
const CDN_COOKIE: &str = "Set-Cookie: 0123456789abcdef0123456789abcdef=fedcba9876543210fedcba9876543210; Max-Age=978; path=/aa/; domain=115.com";
const OURS: &str = "Mozilla/5.0 115Browser/35.6.0.3";

fn code() -> PickCode {
    "dtctprlmfkl4exiok".parse().unwrap()
}

fn player() -> Ask {
    Ask { user_agent: Some(HeaderValue::from_static("VLC/3")), unbound: false }
}

fn anyone() -> Ask {
    Ask { unbound: true, ..player() }
}

fn url(f: &str) -> String {
    format!("https://cdn.example/aa/%E4%B8%AD.mkv?t=1758082642&u=1&s=5&d=vip-1--1-0&c=2&f={f}&k=00&us=5&uc=10&v=1")
}

fn chrome(request: &Request, f: &str) -> Reply {
    let url = url(f);
    sealed(
        request,
        &format!(
            r#"{{"2323423573680609857":{{"file_name":"中.mkv","file_size":"600","pick_code":"dtctprlmfkl4exiok",
        "url":{{"url":"{url}","client":8,"desc":null,"oss_id":"o"}}}}}}"#
        ),
    )
}

fn android(request: &Request) -> Reply {
    sealed(request, &format!(r#"{{"url":"{}"}}"#, url("1")))
}

fn web() -> Reply {
    let url = url("3");
    json(&format!(
        r#"{{"state":true,"error_msg":"","errcode":0,"file_name":"中.mkv","file_size":"600","file_url":"{url}"}}"#
    ))
    .with("Set-Cookie: acw_tc=1; path=/")
    .with(CDN_COOKIE)
}

#[tokio::test]
async fn for_anyone_asks_without_a_name_and_gets_an_unbound_link() {
    let fake = Fake::start(|request, _| chrome(request, "")).await;
    let link = fake.client().link(&code(), anyone()).await.unwrap();
    assert_eq!((link.binding, link.user_agent, link.expires), (Binding::None, None, Some(1_758_082_642)));
    assert_eq!((link.connections, link.account_connections), (2, 10));
    assert_eq!((link.file_name.as_str(), link.size, link.url.as_str()), ("中.mkv", Some(600), url("").as_str()));
    assert!(link.cookie.is_none());

    let request = fake.request(0);
    assert_eq!((request.method.as_str(), request.place.as_str()), ("POST", CHROME));
    assert_eq!(request.agent(), None);
    assert_eq!(request.ask(), serde_json::json!({"pickcode": "dtctprlmfkl4exiok"}));
    assert_eq!(request.query["t"], START.to_string());
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn for_a_client_asks_in_its_name_byte_for_byte() {
    let fake = Fake::start(|request, _| chrome(request, "1")).await;
    let agent = HeaderValue::from_bytes(b"Pl\xe4yer/1 \xe4\xb8\xad").unwrap();
    let link = fake.client().link(&code(), Ask { user_agent: Some(agent.clone()), unbound: false }).await.unwrap();
    assert_eq!(fake.request(0).agent(), Some(agent.as_bytes()));
    assert_eq!((link.binding, link.user_agent), (Binding::UserAgent, Some(agent)));
}

#[rstest]
#[case(Ask { user_agent: Some(HeaderValue::from_static("Mozilla/5.0 115BROWSER/27.0")), unbound: false })]
#[tokio::test]
async fn for_115s_own_browser_goes_the_mobile_way(#[case] ask: Ask) {
    let fake = Fake::start(|request, _| android(request)).await;
    let link = fake.client().link(&code(), ask.clone()).await.unwrap();
    assert_eq!((link.binding, &link.user_agent, link.size), (Binding::UserAgent, &ask.user_agent, None));
    assert_eq!(link.file_name, "中.mkv");
    assert_eq!(fake.places(), [ANDROID]);
    assert_eq!(fake.request(0).ask(), serde_json::json!({"pick_code": "dtctprlmfkl4exiok"}));
    assert_eq!(fake.request(0).agent(), ask.user_agent.as_ref().map(HeaderValue::as_bytes));
}

#[rstest]
#[case::the_link_is_bound("1")]
#[case::the_link_wants_a_cookie("3")]
#[case::the_link_wants_a_cookie_that_is_not_given("3 without")]
#[case::the_version_is_too_low("version")]
#[tokio::test]
async fn remembers_that_unbound_links_are_over(#[case] f: &'static str) {
    let fake = Fake::start(move |request, _| match (request.agent(), f) {
        (Some(_), _) => chrome(request, "1"),
        (None, "version") => json(VERSION),
        (None, "3 without") => chrome(request, "3"),
        (None, f) => chrome(request, f).with(CDN_COOKIE),
    })
    .await;
    let client = fake.client();
    assert!(client.gives_unbound_links());
    for calls in [2, 3] {
        assert_eq!(client.link(&code(), anyone()).await.unwrap().binding, Binding::UserAgent);
        assert_eq!(fake.calls(), calls);
    }
    assert!(!client.gives_unbound_links());
    assert_eq!(fake.request(2).agent(), Some(&b"VLC/3"[..]));
}

#[tokio::test]
async fn a_client_without_a_name_can_use_a_link_bound_to_having_none() {
    let fake = Fake::start(|request, _| chrome(request, "1")).await;
    let client = fake.client();
    for calls in [1, 2] {
        let link = client.link(&code(), Ask { user_agent: None, unbound: true }).await.unwrap();
        assert_eq!((link.binding, link.user_agent), (Binding::UserAgent, Some(HeaderValue::from_static(""))));
        assert_eq!(fake.calls(), calls);
    }
    assert!(!client.gives_unbound_links());
}

#[rstest]
#[case::unknown_call(json(r#"{"state":false,"errno":980006,"error":"404 Not Found"}"#))]
#[case::no_such_page(status(404, "<html>"))]
#[case::not_served_here(status(403, "<html>"))]
#[case::version_too_low(json(VERSION))]
#[case::nothing_sealed(json(r#"{"state":true,"errno":0,"data":[]}"#))]
#[case::empty_seal(json(r#"{"state":true,"errno":0,"data":""}"#))]
#[case::another_key(json(r#"{"state":true,"errno":0,"data":"QUFBQQ=="}"#))]
#[case::too_big(json(r#"{"state":false,"errno":50028}"#))]
#[case::nonsense(json("nonsense"))]
#[tokio::test]
async fn tries_the_next_way_when_this_one_is_closed(#[case] closed: Reply) {
    let fake = Fake::start(move |request, _| match request.place.as_str() {
        CHROME => closed.clone(),
        ANDROID => android(request),
        other => panic!("{other}"),
    })
    .await;
    assert_eq!(fake.client().link(&code(), player()).await.unwrap().binding, Binding::UserAgent);
    assert_eq!(fake.places(), [CHROME, ANDROID]);
}

#[rstest]
#[case::no_host(r#"{"1":{"file_size":5,"pick_code":"dtctprlmfkl4exiok","url":{"url":"http:///a?t=1&f=1"}}}"#)]
#[case::unknown_binding(r#"{"1":{"file_size":5,"pick_code":"dtctprlmfkl4exiok","url":{"url":"http://h/a?t=1&f=2"}}}"#)]
#[case::cookie_not_given(r#"{"1":{"file_size":5,"pick_code":"dtctprlmfkl4exiok","url":{"url":"http://h/a?t=1&f=3"}}}"#)]
#[case::not_json("nonsense")]
#[case::another_shape(r#"["a"]"#)]
#[tokio::test]
async fn tries_the_next_way_when_the_link_is_no_good(#[case] plain: &'static str) {
    let fake = Fake::start(move |request, _| match request.place.as_str() {
        CHROME => sealed(request, plain),
        _ => android(request),
    })
    .await;
    assert_eq!(fake.client().link(&code(), player()).await.unwrap().binding, Binding::UserAgent);
    assert_eq!(fake.places(), [CHROME, ANDROID]);
}

#[rstest]
#[case::deleted(r#"{"state":false,"errno":50015,"data":[]}"#, Kind::NotFound)]
#[case::not_ours(r#"{"state":false,"errno":50003,"data":""}"#, Kind::NotFound)]
#[case::deleted_by_text(r#"{"state":false,"msg":"文件不存在"}"#, Kind::NotFound)]
#[case::uploading(r#"{"state":false,"errno":70004,"data":{}}"#, Kind::NotReady)]
#[case::flagged(r#"{"state":false,"errno":50038,"msg":"该文件违规"}"#, Kind::Flagged)]
#[case::logged_out(r#"{"state":false,"errno":99,"msg":"请重新登录"}"#, Kind::Session)]
#[case::captcha(r#"{"state":false,"errno":911,"msg":"x"}"#, Kind::Captcha)]
#[case::quota(r#"{"state":false,"errno":770004,"msg":"x"}"#, Kind::Quota)]
#[tokio::test]
async fn an_answer_ends_the_search(#[case] reply: &'static str, #[case] kind: Kind) {
    let fake = Fake::start(move |_, _| json(reply)).await;
    assert_eq!(fake.client().link(&code(), anyone()).await.unwrap_err().kind, kind);
    assert_eq!(fake.calls(), 1);
}

#[rstest]
#[case::folder(r#"{"1":{"file_name":"d","file_size":"0","pick_code":"dtctprlmfkl4exiok","url":false}}"#, Kind::Folder)]
#[case::negative_size(
    r#"{"1":{"file_size":-1,"pick_code":"dtctprlmfkl4exiok","url":{"url":"http://h/"}}}"#,
    Kind::NotFound
)]
#[case::nothing("{}", Kind::NotFound)]
#[case::empty_list("[]", Kind::NotFound)]
#[tokio::test]
async fn a_sealed_answer_ends_the_search(#[case] plain: &'static str, #[case] kind: Kind) {
    let fake = Fake::start(move |request, _| sealed(request, plain)).await;
    assert_eq!(fake.client().link(&code(), player()).await.unwrap_err().kind, kind);
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn a_flag_without_words_is_asked_about_again() {
    let fake = Fake::start(|request, n| match n {
        0 => json(r#"{"state":false,"errno":50038,"msg":""}"#),
        _ => chrome(request, "1"),
    })
    .await;
    fake.client().link(&code(), player()).await.unwrap();
    assert_eq!(fake.places(), [CHROME, CHROME]);
}

#[tokio::test]
async fn of_several_files_takes_the_one_asked_for() {
    let fake = Fake::start(|request, _| {
        sealed(
            request,
            r#"{"1":{"pick_code":"other","url":{"url":"http://h/other?f="}},
                "2":{"pick_code":"dtctprlmfkl4exiok","url":{"url":"http://h/asked?f="}}}"#,
        )
    })
    .await;
    assert_eq!(fake.client().link(&code(), player()).await.unwrap().url.path(), "/asked");
}

#[tokio::test]
async fn the_last_resort_is_the_browsers_way_with_its_cookie() {
    let fake = Fake::start(|request, _| if request.place == WEB { web() } else { json(VERSION) }).await;
    let link = fake.client().link(&code(), player()).await.unwrap();
    assert_eq!(
        (link.binding, link.user_agent, link.size),
        (Binding::Cookie, Some(HeaderValue::from_static(OURS)), Some(600))
    );
    assert_eq!(
        link.cookie.unwrap().expose_secret(),
        "0123456789abcdef0123456789abcdef=fedcba9876543210fedcba9876543210"
    );
    assert_eq!(fake.places(), [CHROME, ANDROID, WEB]);
    let request = fake.request(2);
    assert_eq!((request.method.as_str(), request.query["pickcode"].as_str()), ("GET", "dtctprlmfkl4exiok"));
    assert_eq!((request.agent(), request.header("referer")), (Some(OURS.as_bytes()), Some(&b"https://115.com/"[..])));
}

#[tokio::test]
async fn a_cookie_link_of_the_desktop_way_is_good_with_its_cookie() {
    let fake = Fake::start(|request, _| chrome(request, "3").with(CDN_COOKIE)).await;
    let link = fake.client().link(&code(), player()).await.unwrap();
    assert_eq!((link.binding, link.user_agent), (Binding::Cookie, player().user_agent));
    assert!(link.cookie.is_some());
}

#[rstest]
#[case::too_big(json(r#"{"state":false,"error_msg":"文件过大","errcode":50028}"#), Kind::TooBig)]
#[case::folder(status(410, "Gone"), Kind::Folder)]
#[case::folder_in_json(json(r#"{"state":true,"file_url":false}"#), Kind::Folder)]
#[case::no_cookie(json(r#"{"state":true,"file_url":"http://h/a?f=3"}"#), Kind::WayClosed)]
#[case::no_link(json(r#"{"state":true}"#), Kind::WayClosed)]
#[tokio::test]
async fn what_the_last_resort_may_answer(#[case] answer: Reply, #[case] kind: Kind) {
    let fake = Fake::start(move |request, _| if request.place == WEB { answer.clone() } else { json(VERSION) }).await;
    assert_eq!(fake.client().link(&code(), player()).await.unwrap_err().kind, kind);
    assert_eq!(fake.places(), [CHROME, ANDROID, WEB]);
}

#[tokio::test]
async fn past_one_hosts_firewall_another_host_is_tried_once() {
    let fake = Fake::start(|request, _| if request.place == WEB { web() } else { waf() }).await;
    let client = fake.client();
    assert_eq!(client.link(&code(), anyone()).await.unwrap().binding, Binding::Cookie);
    assert_eq!(fake.places(), [CHROME, WEB]);
    // The exception was for that one operation.
    assert_eq!(client.pause().unwrap().cause, Cause::Waf);
    assert_eq!(client.link(&code(), anyone()).await.unwrap_err().kind, Kind::Paused { cause: Cause::Waf });
    assert_eq!(client.files(Cid::ROOT, 0, 1).await.unwrap_err().kind, Kind::Paused { cause: Cause::Waf });
    assert_eq!(fake.calls(), 2);
}

#[rstest]
#[case::firewall_there_too(waf(), Kind::Waf)]
#[case::only_small_files_there(json(r#"{"state":false,"errcode":50028}"#), Kind::Waf)]
#[case::deleted(json(r#"{"state":false,"errcode":50015}"#), Kind::NotFound)]
#[tokio::test]
async fn past_the_firewall_the_pause_stands(#[case] answer: Reply, #[case] kind: Kind) {
    let fake = Fake::start(move |request, _| if request.place == WEB { answer.clone() } else { waf() }).await;
    let client = fake.client();
    assert_eq!(client.link(&code(), player()).await.unwrap_err().kind, kind);
    assert_eq!((fake.calls(), client.pause().unwrap().cause), (2, Cause::Waf));
}

#[tokio::test]
async fn a_host_that_keeps_breaking_off_is_left_for_another() {
    let fake = Fake::start(|request, _| if request.place == WEB { web() } else { Reply::Reset }).await;
    assert_eq!(fake.client().link(&code(), anyone()).await.unwrap().binding, Binding::Cookie);
    assert_eq!(fake.places(), [CHROME, CHROME, CHROME, WEB]);
}

#[tokio::test]
async fn a_browsers_login_may_be_alive_although_the_app_api_denies_it() {
    let denied = r#"{"state":false,"errno":99,"msg":"请重新登录"}"#;
    let fake = Fake::start(move |request, _| if request.place == WEB { web() } else { json(denied) }).await;
    let client = fake.client_of("A1", 100.0);
    assert_eq!(client.link(&code(), player()).await.unwrap().binding, Binding::Cookie);
    assert_eq!((fake.places(), client.pause()), (vec![CHROME.to_owned(), WEB.to_owned()], None));

    let fake = Fake::start(move |_, _| json(denied)).await;
    let client = fake.client_of("A1", 100.0);
    assert_eq!(client.link(&code(), player()).await.unwrap_err().kind, Kind::Session);
    assert_eq!(client.pause().unwrap().cause, Cause::Session);
}
