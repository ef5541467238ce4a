//! Which cookie holds, and what becomes of a gateway at work when another one comes.

use std::{sync::Arc, time::Duration};

use gate115::{
    config::Login as Written,
    error::Kind,
    path::VirtualPath,
    store::{
        Store,
        credentials::{Credentials, Fingerprint, Secret},
    },
    vfs::State,
};
use tokio::time::Instant;

use super::{another, film, path, state, store};
use crate::support::{TestApp, cloud_of, world};

/// What another process does that logs in with this cookie.
async fn log_in_elsewhere(t: &TestApp, store: &Arc<dyn Store>, cookie: &str) {
    let credentials = Credentials::new(Arc::clone(store), t.clock.clone(), "another");
    let written = cloud_of(&mut t.config.clone().mounts[0]).login.parts();
    let print = (!written.is_empty()).then(|| Fingerprint::of(&written));
    let account = credentials.account("115-cloud", &path(), print.as_ref()).await.unwrap();
    credentials.log_in(&account, print.as_ref(), &Secret::Cookie(cookie.into())).await.unwrap();
}

#[tokio::test]
async fn the_newest_of_file_and_store_holds() {
    let t = world(film).start().await;
    let store = store(&t);
    let first = another(&t.config, &store, &t);
    assert!(matches!(state(&first).await, State::Working(_)));
    first.stop().await;

    // Somebody logs in; the file still has the old cookie, which is dead by now.
    let newer = t.sim.login_again();
    log_in_elsewhere(&t, &store, &newer).await;
    let second = another(&t.config, &store, &t);
    assert!(matches!(state(&second).await, State::Working(_)));
    second.stop().await;

    // A cookie that was put into the file after that is newer still.
    let mut config = t.config.clone();
    cloud_of(&mut config.mounts[0]).login = Written::cookie(t.sim.login_again());
    let third = another(&config, &store, &t);
    assert!(matches!(state(&third).await, State::Working(_)));
    third.stop().await;
}

#[tokio::test]
async fn a_gateway_at_work_goes_on_with_a_login_of_the_same_user_and_all_that_it_knows() {
    let t = world(film).start().await;
    let store = store(&t);
    let app = another(&t.config, &store, &t);
    let State::Working(mounted) = state(&app).await else { panic!("it does not work") };
    let root = mounted.drive().root().await.unwrap();
    let newer = t.sim.login_again();
    assert_eq!(
        mounted.drive().list(&root, None, &gate115::drive::Asker::task()).await.unwrap_err().kind(),
        Kind::Session
    );
    assert!(mounted.drive().pause().is_some());

    log_in_elsewhere(&t, &store, &newer).await;
    let begun = Instant::now();
    while mounted.drive().pause().is_some() {
        assert!(begun.elapsed() < Duration::from_secs(6), "not awake within seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    mounted.drive().root().await.unwrap();
    let State::Working(same) = state(&app).await else { panic!("it does not work") };
    assert!(Arc::ptr_eq(&mounted, &same), "the mount was not started anew");
    app.stop().await;
}

#[tokio::test]
async fn a_login_of_another_user_starts_the_mount_anew() {
    let t = world(film).start().await;
    let store = store(&t);
    let app = another(&t.config, &store, &t);
    let State::Working(mounted) = state(&app).await else { panic!("it does not work") };
    let stranger = t.sim.cookie().replacen("UID=", "UID=9", 1);
    log_in_elsewhere(&t, &store, &stranger).await;
    let begun = Instant::now();
    loop {
        match state(&app).await {
            // Whom 115 does not know: nothing of the old account is shown.
            State::Failed(error) => break assert_eq!(error.kind(), Kind::Session),
            State::Working(now) => assert!(Arc::ptr_eq(&mounted, &now)),
            State::Starting => {}
        }
        assert!(begun.elapsed() < Duration::from_secs(6), "not heard within seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn two_cookies_of_one_user_are_one_account_with_the_strictest_rate() {
    let t = world(film).start().await;
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/second").unwrap();
    cloud_of(&mut second).login = Written::cookie(t.sim.login_elsewhere("ios"));
    cloud_of(&mut second).rate = 2.0;
    config.mounts.push(second);
    let store = store(&t);
    let app = another(&config, &store, &t);
    let begun = Instant::now();
    while !app.namespace().mounts().iter().all(|mount| matches!(mount.state(), State::Working(_))) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let State::Working(fast) = state(&app).await else { panic!("it does not work") };
    let begun = Instant::now();
    for _ in 0..12 {
        fast.drive().root().await.unwrap();
    }
    assert!(begun.elapsed() > Duration::from_secs(2), "twelve calls at two a second, six of them at once");
    app.stop().await;
}

#[tokio::test]
async fn a_login_that_ends_another_of_the_same_user_serves_both_mounts() {
    let t = world(film).start().await;
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/second").unwrap();
    cloud_of(&mut second).login = Written::cookie(t.sim.login_elsewhere("tv"));
    config.mounts.push(second);
    let store = store(&t);
    let app = another(&config, &store, &t);
    let drives = async || {
        let begun = Instant::now();
        loop {
            let working = |mount: &Arc<gate115::vfs::Mount>| match mount.state() {
                State::Working(mounted) => Some(mounted.drive().clone()),
                _ => None,
            };
            let drives: Option<Vec<_>> = app.namespace().mounts().iter().map(working).collect();
            if let Some(drives) = drives {
                return drives;
            }
            assert!(begun.elapsed() < Duration::from_secs(8), "they do not work");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let drives = drives().await;
    // A login of the same kind as the first mount's, which is dead from now on.
    t.sim.login_again();
    for drive in &drives {
        let root = drive.root().await.unwrap();
        let page = drive.list(&root, None, &gate115::drive::Asker::task()).await.unwrap();
        let file = page.entries.iter().find(|entry| entry.size() > 0).unwrap();
        drive.link(file, &gate115::drive::Audience::Gateway, &gate115::drive::Asker::task()).await.unwrap();
    }
    app.stop().await;
}
