//! Logins that another process has stored: a mount that waits for one is tried again at once.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch::Receiver;

use super::App;
use crate::{
    config::Mount as MountConfig,
    store::{Table, Watch},
};

/// A store that fails at the start is asked again after this.
const AGAIN: Duration = Duration::from_secs(2);

/// Hears of every change to the stored credentials, ends the pauses that waited for it, and passes it on.
pub(super) async fn heed(app: Arc<App>) {
    let mut watch = loop {
        match Watch::new(Arc::clone(&app.deps.store), Table::Credentials).await {
            Ok(watch) => break watch,
            Err(error) => {
                tracing::warn!(?error, "the store cannot be asked for logins; it is asked again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    loop {
        match app.accounts.heed_logins(&app.deps).await {
            Ok(changed) => app.restart(&changed),
            Err(error) => tracing::warn!(?error, "what changed in the store cannot be read"),
        }
        // Also before the first change: a mount may have looked before this did.
        app.logins.send_replace(());
        watch.changed().await;
    }
}

/// Waits until the store has a credential for this mount that no attempt to start it has used. A renewal of our own is
/// none, and neither are the notes of one that failed: those would make a loop.
pub(super) async fn newer(app: &App, config: &MountConfig, heard: &mut Receiver<()>) {
    while heard.changed().await.is_ok() {
        match app.accounts.is_newer(config, &app.deps).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::warn!(?error, mount = %config.path, "the stored login cannot be read"),
        }
    }
    std::future::pending().await
}
