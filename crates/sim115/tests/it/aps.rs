//! `natsort/files.php`: by name whatever is asked, and of the beginning of a folder only (§3.1, quirk 11).

use sim115::Content;

use crate::support::{Bench, names, number};

fn page(cid: u64, more: &str) -> String {
    format!("aps.115.com/natsort/files.php?cid={cid}&show_dir=1&cur=1&{more}")
}

#[tokio::test]
async fn names_are_in_natural_order_and_o_is_heeded_by_nobody() {
    let bench = Bench::new().await;
    for (size, name) in ["e10.mkv", "e2.mkv", "e1.mkv"].into_iter().enumerate() {
        bench.sim.file(&format!("/{name}"), Content::pattern(size as u64));
    }
    bench.sim.folder("/f");
    for query in ["asc=1", "asc=1&o=file_size", "asc=1&o=user_ptime&custom_order=1"] {
        let body = bench.json(&page(0, query)).await;
        assert_eq!(names(&body), ["f", "e1.mkv", "e2.mkv", "e10.mkv"], "{query}");
        assert_eq!((&body["order"], number(&body["is_asc"]), number(&body["count"])), (&"file_name".into(), 1, 4));
    }
    assert_eq!(names(&bench.json(&page(0, "asc=0")).await), ["f", "e10.mkv", "e2.mkv", "e1.mkv"]);
    assert_eq!(names(&bench.json(&page(0, "asc=1&fc_mix=1")).await), ["e1.mkv", "e2.mkv", "e10.mkv", "f"]);
    bench.clean();
}

#[tokio::test]
async fn a_folder_that_refuses_the_order_by_name_has_it_here() {
    let bench = Bench::new().await;
    let folder = bench.sim.folder("/Series");
    bench.sim.natsort(folder);
    bench.sim.file("/Series/2", Content::pattern(0));
    let body = bench.json(&page(folder.0, "asc=1&o=file_name&natsort=1")).await;
    assert_eq!((names(&body), number(&body["cid"]) as u64), (vec!["2".to_owned()], folder.0));
    assert_eq!(number(&bench.json(&page(4_711, "asc=1")).await["cid"]), 0, "quirk 1 holds here as well");
}

#[tokio::test]
async fn it_starts_over_past_what_it_knows() {
    let bench = Bench::new().await;
    for n in 0..1_400 {
        bench.sim.file(&format!("/{n}"), Content::pattern(0));
    }
    let at = async |offset: u32| bench.json(&page(0, &format!("asc=1&limit=100&offset={offset}"))).await;
    assert_eq!(names(&at(1_200).await)[0], "1200");
    let wrapped = at(1_300).await;
    assert_eq!((names(&wrapped)[0].as_str(), &wrapped["fc_mix"], &wrapped["offset"]), ("0", &1.into(), &0.into()));
    let cut = bench.json(&page(0, "asc=1&limit=5000")).await;
    assert_eq!((names(&cut).len(), number(&cut["limit"]), number(&cut["count"])), (1_200, 1_200, 1_400));
}
