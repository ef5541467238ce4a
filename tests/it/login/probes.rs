//! Trying a login: each step by its name, and only where there is something new to try.

use gate115::{
    app::{App, Probe},
    config::{Drive, Login as Written},
    error::Kind,
    vfs::State,
};
use rstest::rstest;
use sim115::{Content, Fault, On, Raw, Sim, Times};

use super::{another, film, path, state, store};
use crate::support::{Service, TestApp, cloud_of, world};

#[tokio::test]
async fn a_new_cookie_that_lists_and_gives_no_links_is_named_at_once() {
    let t = world(film)
        .mount(|mount, sim| {
            let cookie = sim.cookie();
            sim.kick(1_000);
            cloud_of(mount).login = Written::cookie(cookie);
        })
        .lenient()
        .at_once()
        .start()
        .await;
    let error = t.failed().await;
    assert_eq!(error.kind(), Kind::Session);
    for part in ["its session failed", "same kind of device", "gate115 login"] {
        assert!(error.message().contains(part), "{part}: {error}");
    }
}

#[tokio::test]
async fn the_step_that_failed_has_its_name_and_a_link_alone_keeps_no_mount_down() {
    let t = world(film)
        .mount(|_, sim| {
            sim.fault(On::Call("files"), Times::Next(3), Fault::Status(500, ""));
        })
        .at_once()
        .start()
        .await;
    let error = t.failed().await;
    assert!(error.message().contains("its listing failed"), "{error}");

    let t = world(film)
        .mount(|_, sim| {
            for call in ["chrome_downurl", "android_download", "files_download"] {
                sim.fault(On::Call(call), Times::Next(3), Fault::Status(500, ""));
            }
        })
        .at_once()
        .start()
        .await;
    t.mounted().await;
    t.get("/115").send().await.is(200);
}

#[tokio::test]
async fn what_has_been_tried_is_not_tried_at_every_start() {
    let t = world(film).start().await;
    let store = store(&t);
    let probes = |t: &TestApp| (t.calls("space_info"), t.calls("files"), t.calls("chrome_downurl"));
    let first = another(&t.config, &store, &t);
    assert!(matches!(state(&first).await, State::Working(_)));
    first.stop().await;
    assert_eq!(probes(&t), (1, 1, 1));
    let second = another(&t.config, &store, &t);
    assert!(matches!(state(&second).await, State::Working(_)));
    second.stop().await;
    assert_eq!(probes(&t), (1, 1, 1));
}

#[rstest]
#[case::slow(90, Some("seconds behind"))]
#[case::fast(-90, Some("seconds ahead of"))]
#[case::right(20, None)]
#[tokio::test]
async fn a_clock_that_is_wrong_is_said(
    #[values(Service::Cloud, Service::Open, Service::Share)] of: Service,
    #[case] by: i64,
    #[case] told: Option<&str>,
) {
    let t = world(film).of(of).mount(move |_, sim| sim.skew_date(by)).start().await;
    let probe = t.app.probe(&t.config.mounts[0].path).await.unwrap();
    let said = probe.steps.iter().find(|(step, _)| step == "clock");
    let said = said.map(|(_, said)| said.as_ref().unwrap_err().as_str());
    match told {
        Some(told) => assert!(said.is_some_and(|said| said.contains(told) && said.contains("NTP")), "{said:?}"),
        None => assert_eq!(said, None),
    }
}

#[rstest]
#[tokio::test]
async fn what_was_tried_is_told_in_words_and_a_wrong_root_as_that(
    #[values(Service::Cloud, Service::Open, Service::Share)] of: Service,
) {
    let filled = move |sim: &Sim| {
        film(sim);
        // The first of the listing, and nothing to ask a link for.
        if of != Service::Share {
            let raw = Raw { incomplete: true, created: Some(4_000_000_000), ..Raw::default() };
            sim.raw_file(sim.folder("/"), "under way.mkv", Content::pattern(10), raw);
        }
    };
    let t = world(filled).of(of).start().await;
    let told = |probe: Probe| probe.steps.into_iter().next_back().unwrap();
    let (step, link) = told(t.app.probe(&path()).await.unwrap());
    let whom = if of.binds_every_link() { "the User-Agent that asks" } else { "every client" };
    let link = link.unwrap();
    assert!(step == "link" && link.starts_with(&format!("works for {whom}, 2 connections at a time, for ")), "{link}");

    let mut config = t.config.clone();
    match &mut config.mounts[0].drive {
        Drive::Cloud(cloud) => cloud.root = 7,
        Drive::Open(open) => open.root = 7,
        Drive::Share(share) => share.root = 7,
        Drive::Local(_) => unreachable!(),
    }
    let app = App::build(&config, t.deps(store(&t)));
    let (step, why) = told(app.probe(&path()).await.unwrap());
    assert!(
        step == "root" && why.as_ref().is_err_and(|why| why.contains("no folder with the cid 7")),
        "{step} {why:?}"
    );
}
