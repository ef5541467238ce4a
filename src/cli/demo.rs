//! `gate115 demo`: the gateway on the built-in simulator.

use std::net::SocketAddr;

use super::Failure;
use crate::{
    app,
    telemetry::{self, LogFormat},
};

/// Runs until the process is told to end.
pub(super) async fn demo(listen: SocketAddr, format: LogFormat) -> Result<(), Failure> {
    let _log = telemetry::init(format);
    Ok(app::demo(listen).await?)
}
