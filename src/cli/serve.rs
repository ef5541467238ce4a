//! `gate115 serve`: the gateway as the configuration says.

use std::path::PathBuf;

use super::Failure;
use crate::{
    app,
    config::Config,
    telemetry::{self, LogFormat},
};

/// Runs until the process is told to end.
pub(super) async fn serve(path: PathBuf, format: LogFormat) -> Result<(), Failure> {
    let loaded = match Config::load(&path) {
        Ok(loaded) => loaded,
        Err(error) => return Err(Failure::Config { path, error }),
    };
    let _log = telemetry::init(format);
    for note in &loaded.notes {
        tracing::warn!(field = note.field, "{}", note.message);
    }
    Ok(app::serve(loaded, path).await?)
}
