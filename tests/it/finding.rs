//! From a path to its entry: how many calls it costs, and that absence is never made up.

use std::time::Duration;

use futures_util::future::join_all;
use sim115::{Content, Fault, On, Raw, Sim, Times};

use crate::support::{cloud_of, world};

const LEAF: &str = "/a/b/c/d/e/f/g/h/i/j/k";

fn deep(sim: &Sim) {
    sim.file(&format!("{LEAF}/film.mkv"), Content::pattern(1000));
}

/// Files `0.mkv` (the oldest) and on, a second apart.
fn many(sim: &Sim, path: &str, count: u64) {
    let folder = sim.folder(path);
    for n in 0..count {
        sim.raw_file(
            folder,
            &format!("{n}.mkv"),
            Content::pattern(10),
            Raw { created: Some(1_600_000_000 + n), ..Raw::default() },
        );
    }
}

#[tokio::test]
async fn a_cold_path_costs_three_calls_however_deep_it_is() {
    let t = world(deep).start().await;
    t.get(&format!("/d/115{LEAF}/film.mkv")).follow().await.is(200);
    assert_eq!((t.calls("getid"), t.calls("files"), t.calls("chrome_downurl"), t.api_calls()), (1, 1, 1, 3));

    t.get(&format!("/d/115{LEAF}/film.mkv")).follow().await.is(200);
    assert_eq!(t.api_calls(), 3, "all is known now");
}

#[tokio::test]
async fn a_known_parent_costs_one_call() {
    let t = world(deep).start().await;
    t.get(&format!("/115{LEAF}")).send().await.is(200);
    t.sim.ledger().reset();
    t.get(&format!("/d/115{LEAF}/film.mkv")).send().await.is(302);
    assert_eq!((t.calls("chrome_downurl"), t.api_calls()), (1, 1));
}

#[tokio::test]
async fn a_large_parent_is_read_only_up_to_the_page_with_the_name() {
    let t = world(|sim| many(sim, "/many", 2500)).start().await;
    t.get("/d/115/many/2400.mkv").send().await.is(302);
    assert_eq!((t.calls("getid"), t.calls("files")), (1, 1), "the newest come first");
    t.get("/d/115/many/1000.mkv").send().await.is(302);
    assert_eq!(t.calls("files"), 2, "the next page, not the first again");
    t.get("/d/115/many/2300.mkv").send().await.is(302);
    assert_eq!(t.calls("files"), 2, "known");
    t.get("/d/115/many/3.mkv").send().await.is(302);
    assert_eq!(t.calls("files"), 3);
    assert!(t.get("/115/many").send().await.is(200).text().contains("2499.mkv"));
    assert_eq!(t.calls("files"), 4, "the whole folder is known with its last page; the other call is the root's");
}

#[tokio::test]
async fn an_old_file_of_a_large_folder_costs_its_pages() {
    let t = world(|sim| many(sim, "/many", 2500)).start().await;
    t.get("/d/115/many/3.mkv").send().await.is(302);
    assert_eq!((t.calls("getid"), t.calls("files"), t.calls("chrome_downurl")), (1, 3, 1));
}

#[tokio::test]
async fn an_order_that_115_imposes_changes_nothing_but_the_cost() {
    let t = world(|sim| {
        many(sim, "/many", 2500);
        let folder = sim.folder("/many");
        // The oldest first: of two namesakes the wrong one is on the first page.
        sim.impose_order(folder, "user_ptime", true, true);
        let new = Raw { created: Some(1_700_000_000), ..Raw::default() };
        sim.raw_file(folder, "3.mkv", Content::bytes("the newest of two"), new);
    })
    .start()
    .await;
    assert_eq!(t.get("/p/115/many/3.mkv").send().await.is(200).text(), "the newest of two");
    assert_eq!((t.calls("getid"), t.calls("files")), (1, 3), "all pages, since the first cannot settle it");
    t.get("/d/115/many/nothing.mkv").send().await.is(404);
}

#[tokio::test]
async fn a_folder_that_takes_minutes_to_read_is_read_once() {
    let t = world(|sim| many(sim, "/many", 4000)).start().await;
    for _ in 0..4 {
        let clock = t.clock.clone();
        t.sim.after_next("files", move |_| clock.advance(Duration::from_secs(45)));
    }
    assert!(t.get("/115/many").send().await.is(200).text().contains("3999.mkv"));
    assert_eq!(t.calls("files"), 5, "four pages, and the root");
}

#[tokio::test]
async fn clicks_on_refresh_do_not_restart_a_reading() {
    let t = world(|sim| many(sim, "/many", 4000)).start().await;
    t.get("/115/many").send().await.is(200);
    t.sim.ledger().reset();
    t.advance(Duration::from_secs(10));
    for _ in 0..3 {
        let clock = t.clock.clone();
        t.sim.after_next("files", move |_| clock.advance(Duration::from_secs(4)));
    }
    t.sim.fault(On::Call("files"), Times::Always, Fault::Delay(Duration::from_millis(60)));
    let refreshes = join_all((0..12u64).map(|n| {
        let call = t.get("/115/many?refresh=1");
        async move {
            tokio::time::sleep(Duration::from_millis(n * 20)).await;
            call.send().await.is(302)
        }
    }));
    refreshes.await;
    assert!(t.calls("files") <= 8, "at most one more reading after the first: {}", t.calls("files"));
}

#[tokio::test]
async fn clicks_on_refresh_wait_for_the_reading_that_is_under_way() {
    let t = world(deep).start().await;
    t.get("/115/a").send().await.is(200);
    t.sim.ledger().reset();
    t.sim.fault(On::Call("files"), Times::Always, Fault::Delay(Duration::from_millis(600)));
    let refreshes = join_all((0..6u64).map(|n| {
        let (call, t) = (t.get("/115/a?refresh=1"), &t);
        async move {
            tokio::time::sleep(Duration::from_millis(n * 60)).await;
            t.advance(Duration::from_secs(4));
            call.send().await.is(302)
        }
    }));
    refreshes.await;
    assert_eq!(t.calls("files"), 1);
}

#[tokio::test]
async fn a_part_that_was_left_lying_does_not_stop_a_refresh() {
    let t = world(|sim| many(sim, "/many", 2500)).start().await;
    t.get("/115/many").send().await.is(200);
    t.advance(Duration::from_secs(61));
    t.sim.file("/many/new.mkv", Content::pattern(10));
    t.get("/d/115/many/new.mkv").send().await.is(302);
    t.sim.file("/many/newer.mkv", Content::pattern(10));
    t.advance(Duration::from_secs(5));
    t.get("/115/many?refresh=1").send().await.is(302);
    assert!(t.get("/115/many").send().await.is(200).text().contains("newer.mkv"));
}

#[tokio::test]
async fn folders_that_are_not_there_cost_nothing_below_a_known_listing() {
    let t = world(deep).start().await;
    t.get(&format!("/115{LEAF}")).send().await.is(200);
    t.sim.ledger().reset();
    for n in 0..30 {
        t.get(&format!("/d/115{LEAF}/extra{n}/poster.jpg")).send().await.is(404);
        t.get(&format!("/d/115{LEAF}/film.mkv/{n}/poster.jpg")).send().await.is(404);
    }
    assert_eq!(t.api_calls(), 0);
}

#[tokio::test]
async fn two_new_files_asked_for_at_once_are_both_found() {
    let t = world(deep).start().await;
    t.get(&format!("/115{LEAF}")).send().await.is(200);
    t.advance(Duration::from_secs(61));
    t.sim.file(&format!("{LEAF}/new.mkv"), Content::pattern(10));
    t.sim.file(&format!("{LEAF}/new.srt"), Content::pattern(10));
    t.sim.ledger().reset();
    t.sim.fault(On::Call("files"), Times::Always, Fault::Delay(Duration::from_millis(150)));
    let late = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        t.get(&format!("/d/115{LEAF}/new.srt")).send().await.is(302)
    };
    tokio::join!(async { t.get(&format!("/d/115{LEAF}/new.mkv")).send().await.is(302) }, late);
    assert_eq!(t.calls("files"), 1);
}

#[tokio::test]
async fn a_fresh_look_that_fails_is_never_an_absence() {
    let t = world(deep).start().await;
    t.get(&format!("/115{LEAF}")).send().await.is(200);
    t.advance(Duration::from_secs(61));
    t.sim.file(&format!("{LEAF}/new.mkv"), Content::pattern(10));
    let fault = t.sim.fault(On::Call("files"), Times::Always, Fault::Errno(990_003, "操作失败"));
    for _ in 0..4 {
        t.get(&format!("/d/115{LEAF}/new.mkv")).send().await.is(502);
        t.advance(Duration::from_secs(5));
    }
    assert!(fault.fired() <= 3, "and costs no call each time: {}", fault.fired());
    t.sim.clear_faults();
    t.advance(Duration::from_secs(61));
    t.get(&format!("/d/115{LEAF}/new.mkv")).send().await.is(302);
}

#[tokio::test]
async fn a_root_that_was_moved_is_found_again() {
    let t = world(deep).mount(|mount, sim| cloud_of(mount).root = sim.id_of("/a/b").unwrap().0).start().await;
    t.sim.rename(t.sim.id_of("/a").unwrap(), "renamed");
    t.advance(Duration::from_secs(61));
    t.get("/d/115/c/d/e/f/g/h/i/j/k/film.mkv").send().await.is(302);
}

#[tokio::test]
async fn a_listed_folder_that_is_gone_leaves_its_parents_page() {
    let t = world(deep).start().await;
    t.get("/115/a").send().await.is(200);
    t.get("/115/a/b").send().await.is(200);
    t.sim.remove(t.sim.id_of("/a/b").unwrap());
    t.get("/115/a/b?refresh=1").send().await;
    t.advance(Duration::from_secs(5));
    t.get("/115/a/b?refresh=1").send().await.is(404);
    assert!(!t.get("/115/a").send().await.is(200).text().contains("href=\"/115/a/b\""));
}

#[tokio::test]
async fn a_crowd_with_one_question_makes_one_call() {
    let t = world(deep).start().await;
    t.sim.fault(On::AnyApi, Times::Always, Fault::Delay(Duration::from_millis(100)));
    let path = format!("/115{LEAF}");
    let replies = join_all((0..20).map(|_| t.get(&path).send())).await;
    assert!(replies.into_iter().all(|reply| reply.is(200).text().contains("film.mkv")));
    assert_eq!(t.api_calls(), t.calls("getid") + t.calls("files"));
    assert!(
        t.calls("getid") <= 2 && t.calls("files") <= 2,
        "k is found in j's listing, and then listed: {:?}",
        t.sim.ledger().take()
    );
}

#[tokio::test]
async fn empty_folders_are_known_too() {
    let t = world(|sim| {
        sim.folder("/empty");
    })
    .start()
    .await;
    for _ in 0..3 {
        t.get("/115/empty").send().await.is(200);
    }
    assert_eq!(t.calls("files"), 2, "the root, and the folder, once");
}

#[tokio::test]
async fn a_failed_listing_is_never_an_empty_one() {
    let t = world(deep).start().await;
    let fault = t.sim.fault(On::Call("files"), Times::Always, Fault::Errno(990_003, "操作失败"));
    t.get("/115").send().await.is(502);
    let fired = fault.fired();
    assert!(fired > 0);
    t.get("/115").send().await.is(502);
    assert_eq!(fault.fired(), fired, "a failure is remembered for some seconds");
    t.sim.clear_faults();
    t.advance(Duration::from_secs(4));
    assert!(t.get("/115").send().await.is(200).text().contains("/115/a"));
}

#[tokio::test]
async fn names_that_are_not_there_cost_nothing_and_a_new_upload_shows_up() {
    let t = world(deep).start().await;
    let guess = async |count: u32| {
        for n in 0..count {
            t.get(&format!("/d/115{LEAF}/poster{n}.jpg")).send().await.is(404);
        }
    };
    guess(30).await;
    assert_eq!((t.calls("getid"), t.calls("files"), t.api_calls()), (1, 1, 2));

    t.sim.file(&format!("{LEAF}/poster3.jpg"), Content::pattern(10));
    t.advance(Duration::from_secs(61));
    t.get(&format!("/d/115{LEAF}/poster3.jpg")).send().await.is(302);
    assert_eq!(t.calls("files"), 2, "a miss in a listing that is not fresh makes one new one");

    t.advance(Duration::from_secs(61));
    t.get(&format!("/d/115{LEAF}/nfo")).send().await.is(404);
    t.advance(Duration::from_secs(30));
    t.get(&format!("/d/115{LEAF}/nfo2")).send().await.is(404);
    assert_eq!(t.calls("files"), 3, "at most once a minute");
    t.get(&format!("/d/115{LEAF}/film.mkv")).send().await.is(302);
    assert_eq!(t.calls("files"), 3, "what is there costs nothing meanwhile");
}

#[tokio::test]
async fn limits_of_115_are_never_told_as_absence() {
    let t = world(deep).start().await;
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Errno(770_004, "已达到当前访问上限，请稍后再试"));
    let reply = t.get(&format!("/d/115{LEAF}/film.mkv")).send().await.is(503);
    assert!(!reply.header("retry-after").is_empty());
}

#[tokio::test]
async fn a_missing_folder_is_believed_for_a_minute() {
    let t = world(deep).start().await;
    for _ in 0..5 {
        t.get("/d/115/a/x/y/z/film.mkv").send().await.is(404);
    }
    assert_eq!(t.api_calls(), 1);
    t.sim.file("/a/x/y/z/film.mkv", Content::pattern(10));
    t.advance(Duration::from_secs(61));
    t.get("/d/115/a/x/y/z/film.mkv").send().await.is(302);
}

#[tokio::test]
async fn a_folder_that_was_made_anew_is_found_again() {
    let t = world(deep).start().await;
    t.get(&format!("/d/115{LEAF}/film.mkv")).send().await.is(302);
    t.sim.remove(t.sim.id_of(LEAF).unwrap());
    t.advance(Duration::from_secs(1801));
    // Past its time: known once more while the folder is read anew.
    t.get(&format!("/d/115{LEAF}/film.mkv")).send().await.is(302);
    t.until(&format!("/d/115{LEAF}/film.mkv"), |reply| reply.status == 404).await;
    t.sim.file(&format!("{LEAF}/film.mkv"), Content::pattern(77));
    t.advance(Duration::from_secs(61));
    assert_eq!(t.get(&format!("/d/115{LEAF}/film.mkv")).follow().await.is(200).bytes().len(), 77);
}

#[tokio::test]
async fn a_moved_folder_does_not_leave_its_ghost_behind() {
    let t = world(deep).start().await;
    t.get(&format!("/115{LEAF}")).send().await.is(200);
    let away = t.sim.folder("/away");
    t.sim.remove(t.sim.id_of(&format!("{LEAF}/film.mkv")).unwrap());
    t.sim.move_to(t.sim.id_of(LEAF).unwrap(), away);
    t.advance(Duration::from_secs(1801));
    // Past its time: shown once more while it is read anew.
    t.get(&format!("/115{LEAF}")).send().await.is(200);
    t.until(&format!("/115{LEAF}"), |reply| reply.status == 404).await;
    t.get("/115/away/k").send().await.is(200);
}

#[tokio::test]
async fn a_root_of_its_own_is_found_by_path_too() {
    let t = world(deep).mount(|mount, sim| cloud_of(mount).root = sim.id_of("/a/b").unwrap().0).start().await;
    t.get("/d/115/c/d/e/f/g/h/i/j/k/film.mkv").send().await.is(302);
    assert_eq!((t.calls("getid"), t.calls("files"), t.api_calls()), (1, 1, 3));
    t.get("/d/115/a/b/c/d/e/f/g/h/i/j/k/film.mkv").send().await.is(404);
}

#[tokio::test]
async fn listed_and_gone_at_115_is_410_and_then_no_more() {
    let t = world(deep).start().await;
    t.get(&format!("/115{LEAF}")).send().await.is(200);
    t.sim.remove(t.sim.id_of(&format!("{LEAF}/film.mkv")).unwrap());
    t.sim.ledger().reset();
    t.get(&format!("/d/115{LEAF}/film.mkv")).send().await.is(410);
    assert_eq!(t.api_calls(), t.calls("chrome_downurl"), "an answer about the file is final");
    t.get(&format!("/d/115{LEAF}/film.mkv")).send().await.is(404);
    assert_eq!((t.calls("chrome_downurl"), t.calls("files")), (1, 1), "its folder was read anew");
}

#[tokio::test]
async fn an_unfinished_upload_is_listed_and_says_so() {
    let t = world(|sim| {
        let folder = sim.folder("/up");
        sim.raw_file(folder, "half.mkv", Content::pattern(10), Raw { incomplete: true, ..Raw::default() });
    })
    .start()
    .await;
    assert!(t.get("/115/up").send().await.is(200).text().contains("half.mkv"));
    for route in ["/d", "/p"] {
        let reply = t.get(&format!("{route}/115/up/half.mkv")).send().await.is(503);
        assert!(reply.text().contains("upload"), "{}", reply.text());
    }
    assert_eq!(t.calls("chrome_downurl"), 0);
}

#[tokio::test]
async fn a_refresh_shows_what_is_new_but_not_at_any_pace() {
    let t = world(deep).start().await;
    t.get("/115").send().await.is(200);
    t.sim.file("/new.txt", Content::bytes("x"));
    t.advance(Duration::from_secs(5));
    assert!(!t.get("/115").send().await.is(200).text().contains("new.txt"));
    t.get("/115?refresh=1").send().await.is(302);
    assert!(t.get("/115").send().await.is(200).text().contains("new.txt"));
    assert_eq!(t.calls("files"), 2);
    for _ in 0..5 {
        t.get("/115?refresh=1").send().await.is(302);
    }
    assert_eq!(t.calls("files"), 2, "a few seconds apart at least");
}

#[tokio::test]
async fn a_folder_of_several_pages_that_the_listing_by_name_reaches_is_listed_again_in_one_call() {
    let t = world(|sim| {
        many(sim, "/many", 800);
        many(sim, "/too-many", 1300);
    })
    .mount(|mount, _| cloud_of(mount).page_size = 100)
    .start()
    .await;
    let calls = |t: &crate::support::TestApp| (t.calls("files"), t.calls("natsort"));
    // The root is listed as well where it is not fresh. A day past its time, nothing is shown before it is read anew.
    for (folder, first, again) in [("/115/many", (9, 0), (1, 1)), ("/115/too-many", (13, 0), (14, 0))] {
        t.sim.ledger().reset();
        assert!(t.get(folder).send().await.is(200).text().contains("799.mkv"));
        assert_eq!(calls(&t), first, "{folder}");
        t.sim.ledger().reset();
        t.advance(Duration::from_secs(2 * 86_400));
        let text = t.get(folder).send().await.is(200).text();
        assert!(text.contains("799.mkv") && text.contains("0.mkv"));
        assert_eq!(calls(&t), again, "{folder}");
    }
    t.get("/d/115/many/400.mkv").follow().await.is(200);

    // What 115 says of that listing alone costs nobody the folder.
    t.sim.fault(On::Call("natsort"), Times::Always, Fault::Garbage);
    t.sim.ledger().reset();
    t.advance(Duration::from_secs(2 * 86_400));
    assert!(t.get("/115/many").send().await.is(200).text().contains("799.mkv"));
    assert_eq!(calls(&t), (9, 1));
}
