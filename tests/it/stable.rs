//! Stable links: `/d/@pc/…` and `/p/@pc/…` lead to a file whatever becomes of its path, and cost next to nothing.

use std::time::Duration;

use futures_util::future::join_all;
use gate115::{
    config::{Delivery, Drive},
    identity::{Guest, Signing},
    path::VirtualPath,
};
use rstest::rstest;
use serde_json::Value;
use sim115::{Content, Fault, FileId, FolderId, On, Raw, Sim, Times};

use crate::support::{
    Service::{self, Cloud, Open, Share},
    Stage, TestApp, bind_per_client, cloud_of, open_of,
    signs::sign,
    users::PASSWORD,
    world,
};

const TOKEN: &str = "openlist-testtoken";
const SIZE: u64 = 100_000;

fn films(sim: &Sim) {
    sim.file("/Movies/a b.mkv", Content::pattern(SIZE));
    sim.file("/Movies/other.mkv", Content::pattern(SIZE));
    sim.folder("/Elsewhere/deep");
}

/// Guests may not read, and there is a token that is known.
fn closed(of: Service) -> Stage {
    world(films).of(of).access(|auth, _| {
        auth.guest = Guest::Off;
        auth.token = Some(TOKEN.into());
    })
}

fn film(t: &TestApp) -> FileId {
    FileId(t.sim.id_of("/Movies/a b.mkv").unwrap().0)
}

fn elsewhere(t: &TestApp) -> FolderId {
    t.sim.folder("/Elsewhere/deep")
}

async fn got(t: &TestApp, shown: &str, path: &str) -> Value {
    let call = t.post("/api/fs/get").agent("MediaWarp/1").with("authorization", shown);
    let answer = call.json(&serde_json::json!({ "path": path }).to_string()).send().await.is(200);
    let mut envelope: Value = serde_json::from_slice(answer.bytes()).unwrap();
    assert_eq!(envelope["code"], 200, "{envelope}");
    envelope["data"].take()
}

/// The stable link of the film, without what stands before `/d`; nothing has been asked since.
async fn stable(t: &TestApp) -> String {
    let got = got(t, TOKEN, "/115/Movies/a b.mkv").await;
    let url = got["stable_url"].as_str().unwrap().to_owned();
    t.sim.ledger().reset();
    url.strip_prefix(&t.url("")).unwrap().to_owned()
}

/// Where a folder of a drive happens to be called as stable links are, its files are not theirs.
#[tokio::test]
async fn a_folder_of_that_name_gains_nothing_by_their_signs() {
    let t = world(|sim| {
        for name in ["f1.txt", "f2.txt"] {
            sim.file(&format!("/@pc/m1/c1/{name}"), Content::bytes(name));
        }
    })
    .access(|auth, _| {
        auth.guest = Guest::Off;
        auth.token = Some(TOKEN.into());
    })
    .mount(|mount, _| mount.path = VirtualPath::root())
    .start()
    .await;
    let sign = sign(TOKEN, "/@pc/m1/c1", 0);
    for path in ["/d/%2540pc/m1/c1/f2.txt", "/p/%2540pc/m1/c1/f2.txt"] {
        t.get(&format!("{path}?sign={sign}")).send().await.is(401);
    }
    t.get(&format!("/api/fs/m3u?path=/@pc/m1/c1&sign={sign}")).send().await.is(400);
}

fn through(link: &str) -> String {
    link.replacen("/d/", "/p/", 1)
}

fn lookups(t: &TestApp) -> u64 {
    t.calls("get_info") + t.calls("open_get_info")
}

#[rstest]
#[tokio::test]
async fn it_outlives_a_rename_and_a_move_and_a_restart(#[values(Cloud, Open)] of: Service) {
    let mut t = closed(of).start().await;
    let link = stable(&t).await;
    let code = t.sim.pickcode(film(&t)).unwrap();
    let start = link.split(&format!("/{code}/a%20b.mkv?sign=")).next().unwrap();
    let id = start.strip_prefix("/d/@pc/").unwrap();
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{link}");
    assert!(link.ends_with(&sign(TOKEN, &format!("/@pc/{id}/{code}"), 0)), "{link}");

    let id = film(&t);
    assert!(t.sim.rename(id, "c \"d\".mp4") && t.sim.move_to(id, elsewhere(&t)));
    t.restart_well().await;
    let whole = Content::pattern(SIZE).slice(0..SIZE).to_vec();
    assert_eq!(t.get(&link).agent("VLC/3").follow().await.is(200).bytes(), whole);
    assert_eq!((lookups(&t), t.link_calls(), t.api_calls()), (1, 1, 2), "found, and asked for");
    for _ in 0..5 {
        t.advance(Duration::from_secs(10));
        t.get(&link).agent("VLC/3").send().await.is(302);
        t.advance(Duration::from_secs(10));
        let head = t.head(&link).agent("VLC/3").send().await.is(302);
        assert_eq!((head.header("cache-control"), head.header("referrer-policy")), ("no-store", "no-referrer"));
    }
    assert_eq!(t.api_calls(), 2, "the second play asks nothing");

    // The name in it says nothing, and need not be there.
    let (path, query) = link.split_once('?').unwrap();
    let bare = path.rsplit_once('/').unwrap().0;
    for path in [format!("{bare}/x.avi"), format!("{bare}/"), bare.to_owned(), format!("{bare}/%E5%BD%B1%2F")] {
        t.advance(Duration::from_secs(10));
        t.get(&format!("{path}?{query}")).agent("VLC/3").send().await.is(302);
    }
    t.get(&format!("{bare}/more/x.avi?{query}")).agent("VLC/3").send().await.is(404);
    assert_eq!(t.api_calls(), 2);
}

#[rstest]
#[tokio::test]
async fn its_bytes_come_as_from_any_other_path(#[values(Cloud, Open)] of: Service) {
    let t = closed(of).start().await;
    let link = through(&stable(&t).await);
    let id = film(&t);
    assert!(t.sim.rename(id, "c.srt"));
    let head = t.head(&link).send().await.is(200);
    assert_eq!((head.header("content-length"), head.header("accept-ranges")), ("100000", "bytes"));
    assert!(head.header("content-disposition").contains("c.srt"), "{:?}", head.headers);
    let etag = head.header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", Content::pattern(SIZE).sha1().to_lowercase()));
    assert!(!head.header("last-modified").is_empty());
    t.get(&link).with("if-none-match", &etag).send().await.is(304);
    t.get(&link).with("if-match", "\"x\"").send().await.is(412);
    t.get(&link).range("bytes=999999-").send().await.is(416);
    assert_eq!((lookups(&t), t.api_calls()), (1, 1), "no byte of it was asked for");
    let part = t.get(&link).range("bytes=500-999").send().await.is(206);
    assert_eq!(part.bytes(), &Content::pattern(SIZE).slice(500..1000)[..]);
    let part = t.get(&link).range("bytes=500-999").with("if-range", "\"x\"").send().await.is(200);
    assert_eq!(part.bytes().len() as u64, SIZE);
    assert_eq!((lookups(&t), t.link_calls()), (1, 1));
}

/// The file's path door and its stable one share what is known of its links.
#[rstest]
#[tokio::test]
async fn its_links_are_those_of_the_path(#[values(Cloud, Open)] of: Service) {
    let t = closed(of).start().await;
    let link = stable(&t).await;
    t.get("/d/115/Movies/a%20b.mkv").with("authorization", TOKEN).send().await.is(302);
    let (looked_up, asked) = (lookups(&t), t.api_calls());
    t.get(&link).send().await.is(302);
    assert_eq!((lookups(&t), t.api_calls()), (looked_up + 1, asked + 1), "same client, same file, same link");
    assert_eq!(t.link_calls(), 1);
}

#[rstest]
#[tokio::test]
async fn a_crowd_looks_once(#[values(Cloud, Open)] of: Service) {
    let t = closed(of).sim(|sim| sim.c(0)).mount(bind_per_client).start().await;
    let link = stable(&t).await;
    let leaver = tokio::time::timeout(Duration::from_millis(1), t.get(&link).agent("VLC/3").send()).await;
    drop(leaver);
    let replies = join_all((0..20).map(|_| t.get(&link).agent("VLC/3").send())).await;
    assert!(replies.into_iter().all(|reply| reply.status == 302));
    assert_eq!((lookups(&t), t.link_calls()), (1, 1));
}

#[rstest]
#[tokio::test]
async fn only_its_own_sign_opens_it(#[values(Cloud, Open)] of: Service) {
    for (guest, signing) in [(Guest::Off, Signing::All), (Guest::Off, Signing::None), (Guest::Read, Signing::All)] {
        let t = closed(of)
            .access(move |auth, _| {
                auth.guest = guest;
                auth.sign = signing;
                auth.token = Some(TOKEN.into());
            })
            .start()
            .await;
        let link = stable(&t).await;
        let (path, query) = link.split_once('?').unwrap();
        let given = query.strip_prefix("sign=").unwrap();
        let code = t.sim.pickcode(film(&t)).unwrap();
        let other = t.sim.pickcode(t.sim.id_of("/Movies/other.mkv").unwrap()).unwrap();
        let id = path.split('/').nth(3).unwrap();
        let another = format!("{}{}", &id[..15], if id.ends_with('0') { '1' } else { '0' });
        let now = t.clock.unix();
        let bad = [
            path.to_owned(),
            format!("{path}?sign="),
            format!("{path}?sign={}", &given[..given.len() - 1]),
            format!("{path}?sign={}", &given[1..]),
            format!("{path}?sign=A{}", &given[1..]),
            format!("{path}?sign={}1800000000", &given[..given.len() - 1]),
            // Of another pickcode, another mount, the whole path, the path of the file, and another token.
            format!("{}?{query}", path.replace(&code, &other)),
            format!("{}?{query}", path.replace(id, &another)),
            format!("{path}?sign={}", sign(TOKEN, &format!("/@pc/{id}/{code}/a b.mkv"), 0)),
            format!("{path}?sign={}", sign(TOKEN, "/115/Movies/a b.mkv", 0)),
            format!("{path}?sign={}", sign("another-token", &format!("/@pc/{id}/{code}"), 0)),
            // Over.
            format!("{path}?sign={}", sign(TOKEN, &format!("/@pc/{id}/{code}"), now - 1)),
        ];
        for bad in bad {
            for bad in [bad.clone(), through(&bad)] {
                t.head(&bad).send().await.is(401);
                for shown in ["", TOKEN] {
                    let page = t.get(&bad).with("authorization", shown).send().await.is(401);
                    assert!(page.text().starts_with("This address needs its sign"), "{}", page.text());
                }
            }
        }
        let login = t.post("/-/login").form(&format!("name=admin&password={PASSWORD}&next=%2F")).send().await.is(303);
        let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
        t.get(path).with("cookie", &cookie).send().await.is(401);
        assert_eq!(t.api_calls(), 0, "nobody asks 115 for a stranger");
        // What others sign who know the token is as good as ours.
        let own = sign(TOKEN, &format!("/@pc/{id}/{code}"), now + 60);
        t.get(&format!("{path}?sign={own}")).send().await.is(302);
    }
}

#[tokio::test]
async fn it_expires_where_links_do() {
    let t = closed(Cloud)
        .access(|auth, _| {
            auth.guest = Guest::Off;
            auth.token = Some(TOKEN.into());
            auth.link_expiration = Duration::from_secs(600);
        })
        .start()
        .await;
    let link = stable(&t).await;
    t.get(&link).send().await.is(302);
    t.advance(Duration::from_secs(601));
    t.get(&link).send().await.is(401);
}

#[rstest]
#[tokio::test]
async fn a_folder_and_what_never_was_are_not_found(#[values(Cloud, Open)] of: Service) {
    let t = closed(of).start().await;
    let link = stable(&t).await;
    let id = link.split('/').nth(3).unwrap().to_owned();
    let signed = |code: &str| format!("/d/@pc/{id}/{code}/x.mkv?sign={}", sign(TOKEN, &format!("/@pc/{id}/{code}"), 0));
    let folder = t.sim.pickcode(t.sim.folder("/Movies")).unwrap();
    assert!(folder.starts_with('f'));
    for code in [&*folder, "x y", "影", "a-b", &"a".repeat(65)] {
        t.get(&signed(code).replace(' ', "%20")).send().await.is(404);
    }
    assert_eq!(t.api_calls(), 0, "none of these is a file's");
    for _ in 0..3 {
        t.get(&signed("dtctprlmfkl4exiok")).send().await.is(404);
    }
    assert_eq!((lookups(&t), t.api_calls()), (1, 1), "that it is not there is believed for a minute");
    t.advance(Duration::from_secs(61));
    t.get(&signed("dtctprlmfkl4exiok")).send().await.is(404);
    assert_eq!(lookups(&t), 2);
    // An id of no mount.
    let nowhere = format!("/@pc/0123456789abcdef/{}", t.sim.pickcode(film(&t)).unwrap());
    t.get(&format!("/d{nowhere}/x.mkv?sign={}", sign(TOKEN, &nowhere, 0))).send().await.is(404);
}

#[rstest]
#[tokio::test]
async fn a_deleted_file_is_gone_and_then_not_there(#[values(Cloud, Open)] of: Service) {
    let t = closed(of).start().await;
    let link = stable(&t).await;
    t.get(&link).agent("VLC/3").send().await.is(302);
    assert!(t.sim.remove(film(&t)));
    t.get(&link).agent("Kodi/20").send().await.is(410);
    assert_eq!((lookups(&t), t.link_calls()), (1, 2));
    for _ in 0..3 {
        let page = t.get(&link).agent("Kodi/20").send().await.is(404);
        assert!(page.text().contains("recycle bin"), "{}", page.text());
    }
    assert_eq!(
        (lookups(&t), t.link_calls()),
        (2, 2),
        "looked for once more, and no link is asked for what is not there"
    );
}

/// An upload that has not ended gets no such link; whoever has one is told to wait, and need not wait for long.
#[rstest]
#[tokio::test]
async fn an_upload_is_looked_at_again_after_a_minute(#[values(Cloud, Open)] of: Service) {
    let t = closed(of).start().await;
    let id = stable(&t).await.split('/').nth(3).unwrap().to_owned();
    let raw = Raw { incomplete: true, ..Raw::default() };
    let part = t.sim.raw_file(t.sim.folder("/Uploads"), "part.mkv", Content::pattern(SIZE), raw);
    assert!(got(&t, TOKEN, "/115/Uploads/part.mkv").await.get("stable_url").is_none());
    t.sim.ledger().reset();
    let path = format!("/@pc/{id}/{}", t.sim.pickcode(part).unwrap());
    let link = format!("/d{path}/part.mkv?sign={}", sign(TOKEN, &path, 0));
    for _ in 0..2 {
        t.get(&link).send().await.is(503);
    }
    assert!(t.sim.complete(part));
    t.advance(Duration::from_secs(61));
    t.get(&link).follow().await.is(200);
    assert_eq!((lookups(&t), t.link_calls()), (2, 1));
}

#[rstest]
#[tokio::test]
async fn what_115_fails_at_is_a_failure_and_asked_again(#[values(Cloud, Open)] of: Service) {
    let t = closed(of).start().await;
    let link = stable(&t).await;
    let fault = t.sim.fault(On::AnyApi, Times::Always, Fault::Errno(123_456, "x"));
    for _ in 0..3 {
        t.get(&link).send().await.is(502);
    }
    assert_eq!(lookups(&t), 1, "not at once");
    drop(fault);
    t.sim.clear_faults();
    t.advance(Duration::from_secs(4));
    t.get(&link).send().await.is(302);
}

/// Past its time it is taken as it was while it is looked for anew, and also where nobody can be asked.
#[rstest]
#[tokio::test]
async fn what_is_known_is_taken_while_nobody_waits_for_news(#[values(Cloud, Open)] of: Service) {
    let t = closed(of).start().await;
    let link = through(&stable(&t).await);
    t.head(&link).send().await.is(200);
    assert!(t.sim.rename(film(&t), "new.mkv"));
    t.advance(Duration::from_secs(1801));
    let old = t.head(&link).send().await.is(200);
    assert!(old.header("content-disposition").contains("a%20b.mkv"), "{:?}", old.headers);
    for _ in 0..500 {
        if t.head(&link).send().await.is(200).header("content-disposition").contains("new.mkv") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(t.head(&link).send().await.header("content-disposition").contains("new.mkv"));
    assert_eq!((lookups(&t), t.api_calls()), (2, 2));
    t.sim.fault(On::AnyApi, Times::Always, Fault::Waf);
    t.advance(Duration::from_secs(3 * 86_400));
    for _ in 0..3 {
        t.head(&link).send().await.is(200);
    }
    assert_eq!(lookups(&t), 3, "the account rests");
}

#[rstest]
#[tokio::test]
async fn it_leads_out_of_the_mounts_root(#[values(Cloud, Open)] of: Service) {
    let t = closed(of)
        .mount(|mount, sim| {
            let root = sim.folder("/Movies").0;
            match &mut mount.drive {
                Drive::Cloud(_) => cloud_of(mount).root = root,
                _ => open_of(mount).root = root,
            }
        })
        .start()
        .await;
    let got = got(&t, TOKEN, "/115/a b.mkv").await;
    let link = got["stable_url"].as_str().unwrap().strip_prefix(&t.url("")).unwrap().to_owned();
    assert!(t.sim.move_to(film(&t), elsewhere(&t)));
    t.get(&link).agent("VLC/3").follow().await.is(200);
}

#[rstest]
#[tokio::test]
async fn it_names_a_mount_whatever_its_path_its_place_and_its_root(#[values(Cloud, Open)] of: Service) {
    let mut t = closed(of).start().await;
    let link = stable(&t).await;
    let own = t.config.mounts[0].clone();
    // Another path, behind another mount of the same account that shows another folder and gives bytes.
    let mut other = own.clone();
    other.path = VirtualPath::from_plain("/other").unwrap();
    other.delivery = Delivery::Proxy;
    match &mut other.drive {
        Drive::Cloud(_) => cloud_of(&mut other).root = elsewhere(&t).0,
        _ => open_of(&mut other).root = elsewhere(&t).0,
    }
    let mut moved = own.clone();
    moved.path = VirtualPath::from_plain("/elsewhere/deep").unwrap();
    t.config.mounts = vec![other.clone(), moved];
    t.restart().await;
    t.works(0).await;
    t.works(1).await;
    t.get(&link).agent("VLC/3").follow().await.is(200);
    // Where its mount is no more, another one of the account gives it, in its own way.
    t.config.mounts = vec![other];
    t.restart_well().await;
    assert_eq!(t.get(&link).agent("VLC/3").send().await.is(200).bytes().len() as u64, SIZE);
    let relayed = t.link_calls();
    assert_eq!((lookups(&t), relayed), (1, 1));
}

/// Whoever comes too early is told to come again, and not that there is no such file.
#[rstest]
#[tokio::test]
async fn a_mount_that_does_not_work_yet_loses_no_link(#[values(Cloud, Open)] of: Service) {
    let mut t = closed(of).start().await;
    let link = stable(&t).await;
    t.sim.fault(On::AnyApi, Times::Always, Fault::Errno(123_456, "x"));
    t.restart().await;
    let status = t.get(&link).send().await.status.as_u16();
    assert!(matches!(status, 502 | 503), "{status}");
    t.failed().await;
    let status = t.get(&link).send().await.status.as_u16();
    assert!(matches!(status, 502 | 503), "{status}");
}

#[tokio::test]
async fn other_drives_and_folders_have_none() {
    let t = closed(Share).start().await;
    let file = got(&t, TOKEN, "/115/Movies/a b.mkv").await;
    assert!(file.get("stable_url").is_none() && file["raw_url"].as_str().unwrap().contains("/cdn/"), "{file}");
    let page = t.get("/115/Movies").with("authorization", TOKEN).send().await.is(200).text();
    assert!(!page.contains("@pc") && page.contains("relay"), "{page}");
    let t = closed(Cloud).start().await;
    for path in ["/", "/115", "/115/Movies"] {
        assert!(got(&t, TOKEN, path).await.get("stable_url").is_none(), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn the_page_of_a_folder_offers_it(#[values(Cloud, Open)] of: Service) {
    // Without a sign its own links are open, and this one is signed all the same.
    let t = world(films).of(of).start().await;
    let page = t.get("/115/Movies").send().await.is(200).text();
    let at = page.find("href=\"/d/@pc/").unwrap_or_else(|| panic!("no stable link in {page}"));
    let link = page[at + 6..].split('"').next().unwrap();
    assert!(link.contains("/a%20b.mkv?sign="), "{link}");
    assert!(t.sim.rename(film(&t), "renamed.mkv"));
    t.get(link).follow().await.is(200);
    t.get(link.split('?').next().unwrap()).send().await.is(401);
}

/// A link handed out is a right of its own, as a signed path is.
#[tokio::test]
async fn it_is_good_for_whoever_has_it_and_handed_out_below_ones_own_base_path_alone() {
    let t = closed(Cloud)
        .access(|auth, server| {
            auth.guest = Guest::Off;
            auth.token = Some(TOKEN.into());
            server.base_path = "/drive".to_owned();
        })
        .start()
        .await;
    let login = serde_json::json!({ "username": "tv", "password": PASSWORD }).to_string();
    let answer = t.post("/drive/api/auth/login").json(&login).send().await.is(200);
    let envelope: Value = serde_json::from_slice(answer.bytes()).unwrap();
    let tv = envelope["data"]["token"].as_str().unwrap();
    let call = t.post("/drive/api/fs/get").with("authorization", tv);
    let answer = call.json(r#"{"path":"/a b.mkv"}"#).send().await;
    let envelope: Value = serde_json::from_slice(answer.bytes()).unwrap();
    let url = envelope["data"]["stable_url"].as_str().unwrap();
    assert!(url.starts_with(&t.url("/drive/d/@pc/")), "{url}");
    assert!(t.sim.move_to(film(&t), elsewhere(&t)));
    t.call(reqwest::Method::GET, url).follow().await.is(200);
}
