//! A gateway as a process: opens its ports, heeds signals, drains.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{App, Deps, addresses};
use crate::{
    config::{Config, Loaded, Server},
    error::{Error, Kind, Result},
    http,
};

/// `gate115 serve`: runs until SIGTERM or SIGINT; SIGHUP reads the configuration at `path` again.
pub async fn serve(loaded: Loaded, path: PathBuf) -> Result<()> {
    raise_limits();
    let config = loaded.config;
    let deps = Deps::real(&config.data_dir).await?;
    let listeners = http::bind(&config.server.listen).await.map_err(|error| {
        Error::new(Kind::Internal, format!("The port cannot be opened: {error}. Is another program listening there?"))
    })?;
    for address in addresses(&listeners) {
        tracing::info!("listening on http://{address}");
    }
    let app = App::build(&config, deps);
    let (front, made_up) = app.open().await?;
    tell(made_up);
    app.spawn();
    let stop = stop_on_signal()?;
    let reloading = tokio::spawn(reload_on_signal(Arc::clone(&app), config, path, stop.clone()));
    app.serve(listeners, front, stop).await;
    reloading.abort();
    Ok(())
}

/// Says the password of an admin who was made up, past the log: it is said once and kept nowhere.
fn tell(made_up: Option<SecretString>) {
    if let Some(password) = made_up {
        let text = format!(
            "gate115: nobody is named in auth.users, so there is one user, admin, with the password\n\n    {}\n\n\
             It is not shown again. To choose another, write auth.users into the configuration (gate115 passwd makes a hash).\n",
            password.expose_secret()
        );
        _ = io::stderr().write_all(text.as_bytes());
    }
}

/// Raises the limit of open files to what the system allows: a relayed transfer takes two, and the usual limit is 1024.
pub fn raise_limits() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => tracing::debug!(files, "files that may be open"),
        Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
    }
}

/// Cancelled by the first SIGTERM or SIGINT; the second ends the process at once.
pub fn stop_on_signal() -> Result<CancellationToken> {
    let heard = |error: io::Error| Error::new(Kind::Internal, "Signals cannot be heard.").source(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(heard)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(heard)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        tracing::info!(
            "stopping; transfers under way have {} seconds. Once more to stop at once",
            super::DRAIN.as_secs()
        );
        told.cancel();
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        std::process::exit(1);
    });
    Ok(stop)
}

async fn reload_on_signal(app: Arc<App>, mut current: Config, path: PathBuf, stop: CancellationToken) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hangup.recv() => {}
        }
        // Reading a small file blocks for a moment, and elsewhere.
        let read = tokio::task::spawn_blocking({
            let path = path.clone();
            move || Config::load(&path)
        });
        match read.await {
            Ok(Ok(loaded)) => {
                for note in &loaded.notes {
                    tracing::warn!(field = note.field, "{}", note.message);
                }
                let Config { server, data_dir, auth, .. } = &loaded.config;
                let settled = Server { frontend_dir: server.frontend_dir.clone(), ..current.server.clone() };
                if *server != settled || *data_dir != current.data_dir {
                    tracing::warn!(
                        "a changed `server` (but for its `frontend_dir`) or `data_dir` is taken up at the next start only"
                    );
                }
                let taken_up = async {
                    let frontend = app.frontend(server.frontend_dir.as_deref()).await?;
                    let made_up = app.admit(auth).await?;
                    app.show(frontend);
                    Ok::<_, Error>(made_up)
                };
                match taken_up.await {
                    Ok(made_up) => tell(made_up),
                    Err(error) => {
                        tracing::error!(?error, "the configuration was not taken up, nothing has changed");
                        continue;
                    }
                }
                app.reload(&loaded.config);
                current = loaded.config;
            }
            Ok(Err(error)) => tracing::error!("the configuration was not taken up, nothing has changed:\n{error}"),
            Err(error) => tracing::error!(%error, "the configuration could not be read"),
        }
    }
}

/// Waits until every mount has been tried once, or `patience` is over.
pub async fn settled(app: &App, patience: Duration) {
    let tried = async {
        while app.namespace().mounts().iter().any(|mount| matches!(mount.state(), crate::vfs::State::Starting)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // Whoever did not make it by then is shown as starting.
    let _ = tokio::time::timeout(patience, tried).await;
}
