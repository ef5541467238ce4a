//! The pages for people, as a browser gets them.

use sim115::{Content, Sim};

use crate::support::world;

fn library(sim: &Sim) {
    sim.file("/Films/<b>&\"quoted\".mkv", Content::pattern(5_000_000));
    sim.file("/Films/E10.mkv", Content::pattern(20));
    sim.file("/Films/E9.mkv", Content::pattern(10));
    sim.folder("/Films/Extras");
}

#[tokio::test]
async fn a_folder_is_a_page_with_links_to_its_files() {
    let t = world(library).start().await;
    let page = t.get("/115/Films").send().await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    let policy = page.header("content-security-policy").to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("script-src"),
        "{policy}"
    );
    let html = page.text();
    assert!(!html.contains("<b>&") && !html.contains("<script"));
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is not on the page: {html}"));
    assert!(at("href=\"/115/Films/Extras\"") < at("href=\"/d/115/Films/E9.mkv\""), "folders first");
    assert!(at("href=\"/d/115/Films/E9.mkv\"") < at("href=\"/d/115/Films/E10.mkv\""), "natural order");
    at("href=\"/d/115/Films/%3Cb%3E%26%22quoted%22.mkv\"");
    at("href=\"/115\"");
    at("refresh=1");
    let sorted = t.get("/115/Films?sort=size&order=desc").send().await.is(200).text();
    assert!(sorted.find("E10.mkv").unwrap() < sorted.find("E9.mkv").unwrap());
}

#[tokio::test]
async fn the_root_lists_the_mounts() {
    let t = world(library).start().await;
    assert!(t.get("/").send().await.is(200).text().contains("href=\"/115\""));
    t.get("/nothing").send().await.is(404);
    assert_eq!(t.api_calls(), 0);
}

#[tokio::test]
async fn the_page_of_a_file_is_its_link() {
    let t = world(library).start().await;
    assert_eq!(t.get("/115/Films/E9.mkv").send().await.is(302).header("location"), "/d/115/Films/E9.mkv");
}

#[tokio::test]
async fn an_error_for_a_browser_is_a_page_that_escapes_what_was_asked() {
    let t = world(library).start().await;
    let reply = t.get("/115/%3Cscript%3E").with("accept", "text/html").send().await.is(404);
    assert!(reply.header("content-type").starts_with("text/html"));
    assert!(!reply.text().contains("<script>"));
    let reply = t.get("/115/%3Cscript%3E").send().await.is(404);
    assert!(reply.header("content-type").starts_with("text/plain"));
}

#[tokio::test]
async fn everything_a_page_needs_is_served_here() {
    let t = world(library).start().await;
    let html = t.get("/115/Films").send().await.is(200).text();
    let css = html
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .find(|href| href.contains("css"))
        .expect("a style sheet");
    let sheet = t.get(css).send().await.is(200);
    assert!(sheet.header("content-type").starts_with("text/css"));
    for (name, value) in [("src=\"http", 0), ("style=\"", 0), ("<script", 0)] {
        assert_eq!(html.matches(name).count(), value, "{name}");
    }
    t.get("/robots.txt").send().await.is(200);
    let icon = t.get("/favicon.ico").send().await.is(302);
    t.get(icon.header("location")).send().await.is(200);
}
