//! A folder as a list that players open.

use gate115::identity::{Guest, Signing};
use sim115::{Content, Raw, Sim};

use super::{TOKEN, closed, films, login};
use crate::support::{signs, world};

fn episodes(sim: &Sim) {
    for name in ["E10.mkv", "E9.mkv", "E9.srt", "song #1.flac", "cover.jpg"] {
        sim.file(&format!("/show/{name}"), Content::pattern(100));
    }
    let show = sim.folder("/show");
    sim.folder("/show/extras.mkv");
    sim.raw_file(show, "uploading.mkv", Content::pattern(10), Raw { incomplete: true, ..Raw::default() });
}

#[tokio::test]
async fn what_is_to_be_played_is_listed_in_natural_order() {
    let t = world(episodes).start().await;
    let list = t.get("/api/fs/m3u?path=/115/show").send().await.is(200);
    assert_eq!(list.header("content-type"), "application/vnd.apple.mpegurl; charset=utf-8");
    let saved = "attachment; filename=\"show.m3u8\"; filename*=UTF-8''show.m3u8";
    assert_eq!(list.header("content-disposition"), saved, "a browser shows no list");
    let d = t.url("/d/115/show");
    assert_eq!(
        list.text(),
        format!(
            "#EXTM3U\n#EXTINF:-1,E9.mkv\n{d}/E9.mkv\n#EXTINF:-1,E10.mkv\n{d}/E10.mkv\n#EXTINF:-1,song #1.flac\n\
             {d}/song%20%231.flac\n"
        )
    );
}

#[tokio::test]
async fn its_links_are_signed_and_it_is_for_who_may_read_the_folder() {
    let t = closed().start().await;
    let list = t.get("/api/fs/m3u?path=%2F115%2FMovies").with("authorization", TOKEN).send().await.is(200).text();
    let link = list.lines().find(|line| line.starts_with("http")).unwrap();
    t.call(reqwest::Method::GET, link).send().await.is(302);
    let calls = t.api_calls();
    t.get("/api/fs/m3u?path=/115/Private").send().await.is(401);
    t.get("/api/fs/m3u?path=/115/Private&sign=x").send().await.is(401);
    let tv = login(&t, "tv").await;
    t.get("/api/fs/m3u?path=/115/Private").with("authorization", &tv).send().await.is(403);
    assert_eq!(t.api_calls(), calls, "nobody asks 115 for a stranger");
    let sign = signs::sign(TOKEN, "/115/Movies", 0);
    let by_sign = t.get(&format!("/api/fs/m3u?path=/115/Movies&sign={sign}")).send().await.is(200).text();
    assert_eq!(by_sign, list, "players log in nowhere");
    let t = world(films).access(|auth, _| (auth.guest, auth.sign) = (Guest::Off, Signing::None)).start().await;
    t.get("/d/115/Movies/a%20b.mkv").send().await.is(302);
    t.get("/api/fs/m3u?path=/115/Movies").send().await.is(401);
    let t = world(films).start().await;
    t.get("/api/fs/m3u?path=/115/none").send().await.is(404);
    t.get("/api/fs/m3u?path=/115/Movies/a%20b.mkv").send().await.is(400);
    t.get("/api/fs/m3u?path=/115/../x").send().await.is(400);
    for nameless in ["/api/fs/m3u", "/api/fs/m3u?sign=x"] {
        t.get(nameless).send().await.is(400);
    }
    assert_eq!(t.get("/api/fs/m3u?path=/").send().await.is(200).text(), "#EXTM3U\n");
}

#[tokio::test]
async fn the_page_of_a_folder_leads_to_its_list() {
    let list = |page: &str| {
        let (_, rest) = page.split_once("href=\"/api/fs/m3u").expect(page);
        format!("/api/fs/m3u{}", rest.split('"').next().unwrap().replace("&amp;", "&"))
    };
    let t = closed().start().await;
    let page = t.get("/115/Movies").with("authorization", TOKEN).send().await.is(200).text();
    let signed = list(&page);
    assert!(signed.contains("&sign="), "{signed}");
    assert!(t.get(&signed).send().await.is(200).text().contains("/d/115/Movies/a%20b.mkv?sign="), "without a login");
    t.get(signed.split("&sign=").next().unwrap()).send().await.is(401);
    // Where links need no sign, the list of a folder still does.
    let t = closed().access(|auth, _| auth.sign = Signing::None).start().await;
    let page = t.get("/115/Movies").with("authorization", TOKEN).send().await.is(200).text();
    t.get(&list(&page)).send().await.is(200);
    let t = world(films).start().await;
    assert_eq!(list(&t.get("/115/Movies").send().await.is(200).text()), "/api/fs/m3u?path=/115/Movies");
}
