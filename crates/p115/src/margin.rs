//! `{"margin":N}`, which share calls answer in place of everything else: come back in N seconds (`docs/115.md` §9.3).

use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use crate::call::Call;
use crate::error::{Error, Kind, ShareFault};
use crate::gate::{Gate, Reply};
use crate::lenient;

/// All the waiting that one call does; who is told to wait longer is told so.
const PATIENCE: Duration = Duration::from_secs(30);
const TRIES: usize = 3;
/// No answer keeps us away longer than this.
const MAX: Duration = Duration::from_secs(600);

/// Until when 115 does not want to be asked.
#[derive(Debug, Default)]
pub(crate) struct Margin(Mutex<Option<Instant>>);

impl Margin {
    /// As [`Gate::send_past`], waiting where 115 says so: three times and half a minute at most; past a pause not at all.
    ///
    /// # Errors
    /// `Share(Throttled)` with the time that is left, and those of the gate.
    pub(crate) async fn send(
        &self,
        gate: &Gate,
        call: &Call<'_>,
        blocked: Option<&'static str>,
    ) -> Result<Reply, Error> {
        let give_up_at = Instant::now() + PATIENCE;
        for _ in 0..=TRIES {
            if let Some(until) = self.until() {
                if until > give_up_at {
                    break;
                }
                sleep_until(until).await;
            }
            let reply = gate.send_past(call, blocked).await?;
            match told(&reply) {
                None => return Ok(reply),
                Some(wait) => *self.0.lock() = Some(Instant::now() + wait),
            }
            if blocked.is_some() {
                break;
            }
        }
        let left = self.until().map(|until| until.duration_since(Instant::now()));
        Err(Error::plain(Kind::Share(ShareFault::Throttled), call.site).after(left))
    }

    fn until(&self) -> Option<Instant> {
        let now = Instant::now();
        self.0.lock().filter(|until| *until > now)
    }
}

fn told(reply: &Reply) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Bare {
        #[serde(default, deserialize_with = "lenient::int")]
        margin: Option<i64>,
    }
    if reply.envelope.state.is_some() {
        return None;
    }
    let seconds = reply.json::<Bare>().ok()?.margin?;
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).clamp(Duration::from_secs(1), MAX))
}
