//! Every entry that 115 shows can be reached from our listing, whatever its name.

use gate115::path::VirtualPath;
use sim115::{Content, Raw, Sim};

use crate::support::world;

const ODD: [&str; 16] = [
    "a/b.txt",
    "..",
    ".",
    "tab\there.txt",
    "line\nbreak.txt",
    "100%.txt",
    "100%25.txt",
    "q?x#y&z=1.txt",
    "quote\"'<b>.txt",
    "back\\slash.txt",
    "中文 电影.mkv",
    "emoji 🎬 film.mkv",
    "e\u{301}.txt",
    " space ",
    "semi;colon.txt",
    "plus+plus.txt",
];

fn odd(sim: &Sim) {
    let folder = sim.folder("/odd");
    for (n, name) in (0..).zip(ODD) {
        sim.raw_file(
            folder,
            name,
            Content::bytes(format!("content {n}")),
            Raw { created: Some(1_600_000_000 + n), ..Raw::default() },
        );
    }
}

#[tokio::test]
async fn every_name_leads_to_its_own_bytes() {
    let t = world(odd).start().await;
    let page = t.get("/115/odd").send().await.is(200).text();
    for (n, name) in ODD.into_iter().enumerate() {
        let shown = gate115::path::Name::shown(name);
        let uri = VirtualPath::from_plain("/115/odd").unwrap().join(shown.as_str()).to_uri();
        assert!(page.contains(&format!("/d{uri}\"")), "{name:?} is not linked as /d{uri}");
        if matches!(name, "." | "..") {
            // No URL can carry such a name to a file server: every client takes it for a step in the path.
            t.get(&format!("/d{uri}")).send().await.is(302);
            continue;
        }
        for route in ["/d", "/p"] {
            let call = t.get(&format!("{route}{uri}"));
            let reply = if route == "/d" { call.follow().await } else { call.send().await };
            assert_eq!(reply.is(200).text(), format!("content {n}"), "{name:?} at {route}");
        }
    }
}

#[tokio::test]
async fn an_encoded_slash_names_the_same_entry() {
    let t = world(odd).start().await;
    assert_eq!(t.get("/p/115/odd/a%2Fb.txt").send().await.is(200).text(), "content 0");
    assert_eq!(t.get("/p/115/odd/tab%09here.txt").send().await.is(200).text(), "content 3");
}

#[tokio::test]
async fn below_folders_with_odd_names_too_cold() {
    let t = world(|sim| {
        let root = sim.folder("/");
        for name in ["x/y", "🎬 films", "Dune (2021)"] {
            let folder = sim.raw_folder(root, name);
            sim.raw_file(folder, "f.txt", Content::bytes(name.to_owned()), Raw::default());
        }
    })
    .start()
    .await;
    assert_eq!(t.get("/p/115/Dune%20(2021)/f.txt").send().await.is(200).text(), "Dune (2021)");
    assert_eq!((t.calls("getid"), t.calls("files")), (1, 1), "an ordinary name is looked up");
    assert_eq!(t.get("/p/115/x%2Fy/f.txt").send().await.is(200).text(), "x/y");
    assert_eq!(t.get("/p/115/%F0%9F%8E%AC%20films/f.txt").send().await.is(200).text(), "🎬 films");
    assert_eq!(t.calls("getid"), 1, "what getid cannot say is walked to");
}

fn twins(sim: &Sim) {
    let folder = sim.folder("/twins");
    for n in 0..3 {
        sim.raw_file(
            folder,
            "film.mkv",
            Content::bytes(format!("version {n}")),
            Raw { created: Some(1_600_000_000 + n), ..Raw::default() },
        );
    }
    let below = sim.raw_folder(folder, "film.mkv");
    sim.raw_file(below, "inside.txt", Content::bytes("inside"), Raw { created: Some(1), ..Raw::default() });
}

#[tokio::test]
async fn of_namesakes_each_can_be_reached_cold_and_warm() {
    let t = world(|sim| {
        let folder = sim.folder("/twins");
        for n in 0..3 {
            sim.raw_file(
                folder,
                "film.mkv",
                Content::bytes(format!("version {n}")),
                Raw { created: Some(1_600_000_000 + n), ..Raw::default() },
            );
        }
    })
    .start()
    .await;
    assert_eq!(
        t.get("/p/115/twins/film.mkv").send().await.is(200).text(),
        "version 2",
        "the newest keeps the name, cold"
    );
    let page = t.get("/115/twins").send().await.is(200).text();
    let mut seen = Vec::new();
    for uri in page.split("href=\"/p").skip(1).filter_map(|rest| rest.split('"').next()) {
        seen.push(t.get(&format!("/p{uri}")).send().await.is(200).text());
    }
    seen.sort();
    assert_eq!(seen, ["version 0", "version 1", "version 2"]);
    assert_eq!(t.get("/p/115/twins/film.mkv").send().await.is(200).text(), "version 2", "and warm");
}

#[tokio::test]
async fn a_tagged_spelling_works_cold_and_for_the_newest_too() {
    let t = world(|_| {}).start().await;
    let folder = t.sim.folder("/twins");
    let ids: Vec<_> = (0..3)
        .map(|n| {
            t.sim.raw_file(
                folder,
                "film.mkv",
                Content::bytes(format!("version {n}")),
                Raw { created: Some(1_600_000_000 + n), ..Raw::default() },
            )
        })
        .collect();
    for (n, id) in ids.into_iter().enumerate() {
        let code = t.sim.pickcode(id).unwrap();
        let reply = t.get(&format!("/p/115/twins/film%20({code}).mkv")).send().await.is(200);
        assert_eq!(reply.text(), format!("version {n}"));
    }
}

#[tokio::test]
async fn a_folder_behind_a_file_of_its_name_is_reached() {
    let t = world(twins).start().await;
    assert_eq!(t.get("/p/115/twins/film.mkv/inside.txt").send().await.is(200).text(), "inside", "cold");
    t.get("/115/twins").send().await.is(200);
    assert_eq!(t.get("/p/115/twins/film.mkv/inside.txt").send().await.is(200).text(), "inside", "warm");
}
