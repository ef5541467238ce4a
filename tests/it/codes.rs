//! Every number that 115 answers with, from its reply to what a person is told: status, words, wait, and what it costs.
//!
//! The numbers and their meanings are those of docs/115.md §4.3, §7.1, §9.4 and §10.3; the rows say what is to become of them.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt, stream};
use gate115::{app::App, store::Memory};
use rstest::rstest;
use sim115::{Content, Fault, OPEN_CODES, On, Sim, Times};

use crate::support::{
    Service::{self, Cloud, Open, Share},
    TestApp, open_of, world,
};

/// What is asked of 115.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Question {
    Listing,
    Link,
}
use Question::{Link, Listing};

/// 115's number and text.
type Reply = (i64, &'static str);

/// What becomes of it.
#[derive(Clone, Copy)]
struct Told {
    status: u16,
    /// Part of the message.
    says: &'static str,
    /// The `Retry-After`.
    wait: Option<u64>,
    /// The calls it takes to know.
    asked: u64,
    /// The calls of somebody who asks again at once.
    again: u64,
}

const fn told(status: u16, says: &'static str, asked: u64, again: u64) -> Told {
    Told { status, says, wait: None, asked, again }
}

const fn wait(says: &'static str, asked: u64) -> Told {
    Told { status: 503, says, wait: Some(60), asked, again: 0 }
}

type Rows = &'static [(&'static [Reply], Told)];

/// The same for whatever is asked, and of whichever service.
const ANY: Rows = &[
    (&[(20_022, "某某"), (123_456, "某某"), (0, "某某")], told(502, "open 115.com in a browser", 1, 0)),
    (&[(31_004, "某某"), (70_004, "某某")], wait("has not ended", 1)),
    (&[(50_038, "涉嫌违规")], told(403, "flagged", 1, 0)),
    (&[(50_038, "")], told(502, "Try again in a moment", 3, 0)),
    (
        &[
            (51_012, "某某"),
            (990_003, "某某"),
            (990_005, "某某"),
            (990_009, "某某"),
            (990_019, "某某"),
            (40_110_000, "某某"),
        ],
        told(502, "Try again in a moment", 3, 0),
    ),
    (
        &[
            (406, "某某"),
            (590_075, "某某"),
            (770_004, "某某"),
            (0, "已达到当前访问上限，请稍后再试"),
            (-1, "操作过于频繁"),
        ],
        wait("limits how often", 1),
    ),
];

const MISSING: &[Reply] = &[
    (10_014, "某某"),
    (20_009, "某某"),
    (20_013, "某某"),
    (20_018, "某某"),
    (31_001, "某某"),
    (31_003, "某某"),
    (50_001, "某某"),
    (50_003, "某某"),
    (50_015, "某某"),
    (70_005, "某某"),
    (70_008, "某某"),
    (90_008, "某某"),
    (231_011, "某某"),
    (430_004, "某某"),
    (800_001, "某某"),
    (0, "文件不存在或已删除。"),
];
const REJECTED: &[Reply] =
    &[(1001, "某某"), (990_002, "某某"), (200_900, "某某"), (40_100_000, "某某"), (20_020, "某某"), (20_021, "某某")];
const CLOSED: &[Reply] = &[(980_006, "某某")];
/// Of the User-Agent: what was asked without one is asked with one, too.
const TOO_OLD: &[Reply] = &[(0, "当前版本过低，请升级到最新版本下载。")];
const CAPTCHA: &[Reply] = &[(911, "某某")];
const TOO_BIG: &[Reply] = &[(50_028, "某某"), (300_104, "某某"), (300_105, "某某")];
const LOGGED_OUT: &[Reply] = &[(99, "某某"), (990_001, "某某"), (-1, "请重新登录"), (0, "登录超时，请重新登录。")];
/// Of a login by a code (§2).
const NO_LOGIN: &[Reply] =
    &[(40_101_004, "某某"), (40_101_017, "某某"), (40_101_032, "某某"), (40_101_035, "某某"), (40_101_037, "某某")];

/// Of an access token (§10.3): a new one is had, once, and if 115 does not take that one either, a person is asked.
const TOKEN: &[Reply] = &[(40_140_123, "某某"), (40_140_124, "某某"), (40_140_125, "某某"), (40_140_126, "某某")];
/// Of the app that a login is for.
const APP: &[Reply] = &[
    (40_140_100, "某某"),
    (40_140_106, "某某"),
    (40_140_107, "某某"),
    (40_140_108, "某某"),
    (40_140_109, "某某"),
    (40_140_110, "某某"),
    (40_140_118, "某某"),
    (40_140_122, "某某"),
];

const CLOUD_LISTING: Rows = &[
    (&[(2, "某某")], told(502, "50,000", 1, 0)),
    (MISSING, told(404, "no such folder", 1, 1)),
    (REJECTED, told(502, "report", 1, 0)),
    (CLOSED, told(502, "newer gate115", 1, 0)),
    (TOO_OLD, told(502, "newer gate115", 1, 0)),
    (CAPTCHA, wait("captcha", 1)),
    (LOGGED_OUT, told(502, "gate115 login", 1, 0)),
    (NO_LOGIN, told(502, "gate115 login", 1, 0)),
];
const CLOUD_LINK: Rows = &[
    (MISSING, told(410, "is gone", 1, 0)),
    (REJECTED, told(502, "report", 1, 0)),
    (CLOSED, told(502, "newer gate115", 3, 0)),
    (TOO_OLD, told(502, "newer gate115", 4, 0)),
    (TOO_BIG, told(502, "200 MB", 4, 0)),
    (CAPTCHA, wait("captcha", 1)),
    (LOGGED_OUT, told(502, "gate115 login", 1, 0)),
    (NO_LOGIN, told(502, "gate115 login", 1, 0)),
];
const OPEN_LISTING: Rows = &[
    (MISSING, told(404, "no such folder", 1, 1)),
    (REJECTED, told(502, "report", 1, 0)),
    (CLOSED, told(502, "newer gate115", 1, 0)),
    (TOO_OLD, told(502, "newer gate115", 1, 0)),
    (CAPTCHA, wait("captcha", 1)),
    (TOKEN, told(502, "gate115 login", 2, 0)),
    (APP, told(502, "app", 1, 0)),
    (LOGGED_OUT, told(502, "gate115 login", 2, 0)),
    (NO_LOGIN, told(502, "gate115 login", 1, 0)),
];
const OPEN_LINK: Rows = &[
    (MISSING, told(410, "is gone", 1, 0)),
    (REJECTED, told(502, "report", 1, 0)),
    (CLOSED, told(502, "newer gate115", 1, 0)),
    (TOO_OLD, told(502, "newer gate115", 1, 0)),
    (CAPTCHA, wait("captcha", 1)),
    (TOKEN, told(502, "gate115 login", 2, 0)),
    (APP, told(502, "app", 1, 0)),
    (LOGGED_OUT, told(502, "gate115 login", 2, 0)),
    (NO_LOGIN, told(502, "gate115 login", 1, 0)),
];
/// In the account's name first, and without it from then on.
const SHARE_LISTING: Rows = &[
    (MISSING, told(404, "no such folder", 1, 1)),
    (REJECTED, told(502, "share code", 1, 0)),
    (CAPTCHA, Told { again: 1, ..wait("captcha", 1) }),
    (LOGGED_OUT, told(502, "gate115 login", 1, 1)),
    (NO_LOGIN, told(502, "gate115 login", 1, 1)),
];
const SHARE_LINK: Rows = &[
    (MISSING, told(410, "is gone", 1, 0)),
    (REJECTED, told(502, "report", 1, 0)),
    (CLOSED, told(502, "newer gate115", 4, 0)),
    (TOO_OLD, told(502, "newer gate115", 5, 0)),
    (TOO_BIG, told(502, "200 MB", 4, 0)),
    (CAPTCHA, wait("captcha", 1)),
    (LOGGED_OUT, told(502, "gate115 login", 1, 0)),
    (NO_LOGIN, told(502, "gate115 login", 1, 0)),
];
/// What a share alone may be told, whatever is asked of it.
const SHARED: Rows = &[
    (&[(4_100_000, "某某")], told(403, "sharing is closed", 1, 0)),
    (&[(4_100_001, "")], told(502, "Try again in a moment", 3, 0)),
    (&[(4_100_008, "某某")], told(502, "receive code of the share is wrong", 1, 0)),
    (&[(4_100_009, "某某"), (4_100_010, "某某")], told(410, "cancelled", 1, 0)),
    (&[(4_100_012, "请输入访问码")], told(502, "`receive_code`", 1, 0)),
    (&[(4_100_018, "链接已过期")], told(410, "expired", 1, 0)),
    (&[(4_100_026, "某某")], told(410, "no such share", 1, 0)),
    (&[(4_100_033, "某某")], told(403, "blocked", 1, 0)),
];

fn files(sim: &Sim) {
    sim.file("/film.mkv", Content::pattern(1000));
    sim.file("/folder/one.txt", Content::bytes("1"));
}

fn labels(of: Service, question: Question) -> &'static [&'static str] {
    match (question, of) {
        (Link, of) => of.link_calls(),
        (Listing, Cloud) => &["files", "natsort"],
        (Listing, Open) => &["open_files"],
        (Listing, Share) => &["share_snap"],
    }
}

async fn asked(t: &TestApp, question: Question) -> (crate::support::Reply, u64) {
    t.sim.ledger().reset();
    let call = match question {
        Listing => t.get("/115/folder"),
        Link => t.get("/d/115/film.mkv"),
    };
    let reply = call.send().await;
    (reply, labels(t.service(), question).iter().map(|label| t.calls(label)).sum())
}

/// What is wrong with how a reply is told, if anything.
async fn differs(of: Service, question: Question, (code, text): Reply, want: Told) -> Option<String> {
    let t = world(files).of(of).start().await;
    t.get("/115").send().await.is(200);
    for label in labels(of, question) {
        t.sim.fault(On::Call(label), Times::Always, Fault::Errno(code, text));
    }
    let (reply, first) = asked(&t, question).await;
    let (_, again) = asked(&t, question).await;
    let wait = reply.header("retry-after").parse().ok();
    let fits = (reply.status.as_u16(), wait, first, again) == (want.status, want.wait, want.asked, want.again);
    (!fits || !reply.text().contains(want.says)).then(|| {
        format!("{code} {text}: {}, wait {wait:?}, {first} calls, then {again}: {}", reply.status, reply.text().trim())
    })
}

#[rstest]
#[case::cloud_listing(Cloud, Listing, &[ANY, CLOUD_LISTING])]
#[case::cloud_link(Cloud, Link, &[ANY, CLOUD_LINK])]
#[case::open_listing(Open, Listing, &[ANY, OPEN_LISTING])]
#[case::open_link(Open, Link, &[ANY, OPEN_LINK])]
#[case::share_listing(Share, Listing, &[ANY, SHARED, SHARE_LISTING])]
#[case::share_link(Share, Link, &[ANY, SHARED, SHARE_LINK])]
#[tokio::test]
async fn every_number_is_told_as_what_it_is(#[case] of: Service, #[case] question: Question, #[case] tables: &[Rows]) {
    let rows = tables.iter().copied().flatten().flat_map(|(replies, told)| replies.iter().map(|reply| (*reply, *told)));
    let wrong: Vec<String> = stream::iter(rows)
        .map(|(reply, told)| differs(of, question, reply, told))
        .buffer_unordered(16)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a person is told where this number of authorisation answers: at work, and at a login.
async fn words(code: i64) -> [String; 2] {
    let t = world(files).of(Open).start().await;
    t.get("/115").send().await.is(200);
    for call in ["open_files", "open_get_info", "open_device_code"] {
        t.sim.fault(On::Call(call), Times::Always, Fault::OpenCode(code));
    }
    let mut config = t.config.clone();
    open_of(&mut config.mounts[0]).app_id = Some(t.sim.open_app_id());
    let path = config.mounts[0].path.clone();
    let app = App::build(&config, t.deps(Arc::new(Memory::new(t.clock.clone()))));
    let login = app.login(&path).unwrap().begin(None).await.unwrap_err().to_string();
    [t.get("/115/folder").send().await.text(), login]
}

#[tokio::test]
async fn every_number_of_authorisation_has_words_of_its_own() {
    let told: Vec<_> = stream::iter(OPEN_CODES)
        .map(|(code, _)| async move { (code, words(code).await) })
        .buffer_unordered(16)
        .collect()
        .await;
    // Of an access token they all mean that a new one is to be had, which happens by itself; a login has none.
    let tokens = TOKEN.iter().map(|(code, _)| *code).collect::<Vec<_>>();
    let mut said = BTreeMap::new();
    for (code, words) in told {
        for (n, words) in words.into_iter().enumerate() {
            assert!(words.contains(&format!("({code})")) && words.is_ascii(), "{code}: {words}");
            let bare = words.replace(&code.to_string(), "");
            if let Some(other) = said.insert((n, bare), code).filter(|_| !tokens.contains(&code)) {
                panic!("{code} is told as {other} is: {words}");
            }
        }
    }
}
