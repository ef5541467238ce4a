//! Mounts that cannot start, come back, change, and end.

use std::time::Duration;

use gate115::{
    config::{Delivery, Login},
    error::Kind,
    path::VirtualPath,
};
use sim115::{Content, Fault, On, Sim, Times};

use crate::support::{cloud_of, world};

fn film(sim: &Sim) {
    sim.file("/a/film.mkv", Content::pattern(50_000_000));
}

#[tokio::test]
async fn a_dead_cookie_stops_neither_the_process_nor_the_explanation() {
    let t = world(film)
        .at_once()
        .mount(|mount, sim| {
            cloud_of(mount).login = Login::cookie(sim.cookie().replace("_", "_9"));
        })
        .lenient()
        .start()
        .await;
    assert_eq!(t.failed().await.kind(), Kind::Session);
    let ready = t.get("/readyz").send().await.is(503).text();
    assert!(ready.contains("/115 failed") && ready.contains("cookie"), "{ready}");
    t.get("/healthz").send().await.is(200);
    t.get("/d/115/a/film.mkv").send().await.is(502);
    let page = t.get("/").send().await.is(200).text();
    assert!(page.contains("cookie"), "{page}");
}

#[tokio::test]
async fn a_root_that_is_not_there_or_is_a_file_is_named() {
    let t = world(film).at_once().mount(|mount, _| cloud_of(mount).root = 3_000_000_000_000_000_001).start().await;
    assert!(t.failed().await.message().contains("3000000000000000001"));
    t.get("/115").send().await.is(502);

    let t = world(film)
        .at_once()
        .mount(|mount, sim| cloud_of(mount).root = sim.id_of("/a/film.mkv").unwrap().0)
        .start()
        .await;
    assert!(t.failed().await.message().contains("is a file"));
}

#[tokio::test]
async fn a_mount_that_failed_is_tried_again() {
    let t = world(film)
        .at_once()
        .mount(|mount, sim| {
            sim.fault(On::AnyApi, Times::Next(3), Fault::Status(503, ""));
            mount.read_only = false;
        })
        .start()
        .await;
    t.failed().await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    t.mounted().await;
    t.get("/d/115/a/film.mkv").send().await.is(302);
}

#[tokio::test]
async fn a_reload_changes_what_changed_and_transfers_go_on() {
    let t = world(film).sim(|sim| sim.throttle(30_000_000)).start().await;
    let download = t.get("/p/115/a/film.mkv").send();
    let change = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut config = t.config.clone();
        config.mounts[0].delivery = Delivery::Proxy;
        let mut second = config.mounts[0].clone();
        second.path = VirtualPath::from_plain("/again/deep").unwrap();
        config.mounts.push(second);
        t.app.reload(&config);
        t.mounted().await;
    };
    let (download, ()) = tokio::join!(download, change);
    assert_eq!(download.is(200).bytes().len(), 50_000_000);
    t.get("/d/115/a/film.mkv").range("bytes=0-9").send().await.is(206);
    assert!(t.get("/").send().await.is(200).text().contains("/again"));
    assert!(t.get("/again").send().await.is(200).text().contains("/again/deep"));

    let mut config = t.config.clone();
    config.mounts.clear();
    t.app.reload(&config);
    t.get("/d/115/a/film.mkv").send().await.is(404);
    t.get("/readyz").send().await.is(503);
}

#[tokio::test]
async fn an_unchanged_mount_keeps_what_it_knows_over_a_reload() {
    let t = world(film).start().await;
    t.get("/d/115/a/film.mkv").send().await.is(302);
    t.sim.ledger().reset();
    t.app.reload(&t.config);
    t.get("/d/115/a/film.mkv").send().await.is(302);
    assert_eq!(t.api_calls(), 0);
}

#[tokio::test]
async fn stopping_lets_a_transfer_finish_and_takes_no_new_ones() {
    let mut t = world(film).sim(|sim| sim.throttle(50_000_000)).start().await;
    let url = t.url("/p/115/a/film.mkv");
    let download = tokio::spawn(async move {
        let client = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
        client.get(url).send().await.unwrap().bytes().await.unwrap().len()
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    t.shut_down().await;
    assert_eq!(download.await.unwrap(), 50_000_000);
    assert!(tokio::net::TcpStream::connect(t.address).await.is_err());
}

/// What deletes the files that are not listed any more must not be told that a folder has nothing but a mount.
#[tokio::test]
async fn a_folder_whose_drive_fails_is_a_failure_though_a_mount_stands_in_it() {
    let t = world(|sim| {
        sim.file("/cold/film.mkv", Content::pattern(10));
        sim.file("/b/shown.mkv", Content::pattern(10));
    })
    .start()
    .await;
    let mut config = t.config.clone();
    let mut mount = config.mounts[0].clone();
    mount.path = VirtualPath::from_plain("/115/cold/inner").unwrap();
    cloud_of(&mut mount).root = t.sim.id_of("/b").unwrap().0;
    config.mounts.push(mount);
    t.app.reload(&config);
    for number in 0..2 {
        t.works(number).await;
    }
    let list = async |path: &str| -> serde_json::Value {
        let reply = t.post("/api/fs/list").body(format!("path={path}")).send().await.is(200);
        serde_json::from_slice(reply.bytes()).unwrap()
    };
    assert_eq!(list("/115/cold/inner").await["data"]["total"], 1);
    t.sim.fault(On::AnyApi, Times::Always, Fault::Status(503, ""));
    let failed = list("/115/cold").await;
    assert!(failed["code"] != 200 && failed["data"].is_null(), "{failed}");
    assert!(t.get("/api/fs/m3u?path=/115/cold").send().await.status.is_server_error());
    assert_eq!(list("/115/cold/inner").await["data"]["total"], 1, "what is known of the mount itself stays");
    let page = t.get("/115/cold").send().await.is(200).text();
    assert!(page.contains("/115/cold/inner"), "people find the way to it: {page}");
    assert!(page.contains("may be out of date"), "and hear that this is not all: {page}");
    t.sim.clear_faults();
    // A failure is remembered for some seconds.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let names = list("/115/cold").await["data"]["content"].to_string();
    assert!(names.contains("film.mkv") && names.contains("inner"), "{names}");
}

#[tokio::test]
async fn a_mount_inside_another_hides_what_that_has_there_and_nothing_else() {
    let t = world(|sim| {
        film(sim);
        sim.file("/a/inner/hidden.txt", Content::bytes("hidden"));
        sim.file("/b/shown.txt", Content::bytes("shown"));
    })
    .start()
    .await;
    let mut config = t.config.clone();
    for path in ["/115/a/inner", "/115/made/up"] {
        let mut mount = config.mounts[0].clone();
        mount.path = VirtualPath::from_plain(path).unwrap();
        cloud_of(&mut mount).root = t.sim.id_of("/b").unwrap().0;
        config.mounts.push(mount);
    }
    t.app.reload(&config);
    for number in 0..3 {
        t.works(number).await;
    }
    t.get("/d/115/a/film.mkv").send().await.is(302);
    t.get("/d/115/a/inner/shown.txt").send().await.is(302);
    t.get("/d/115/a/inner/hidden.txt").send().await.is(404);
    t.get("/d/115/made/up/shown.txt").send().await.is(302);
    t.get("/d/115/made").send().await.is(404);

    let page = t.get("/115/a").send().await.is(200).text();
    assert_eq!(page.matches("href=\"/115/a/inner\"").count(), 1, "the mount alone: {page}");
    assert!(page.contains("film.mkv"), "{page}");
    assert!(t.get("/115/a/inner").send().await.is(200).text().contains("shown.txt"));
    assert!(t.get("/115").send().await.is(200).text().contains("href=\"/115/made\""));
    assert!(t.get("/115/made").send().await.is(200).text().contains("href=\"/115/made/up\""));
    t.get("/115/made/down").send().await.is(404);
}
