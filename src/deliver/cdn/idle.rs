//! Connections that wait for the next range: few, not for long, and looked at before they are used again.

use std::{collections::HashMap, fmt, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{connect::Origin, wire::Conn};

/// Connections kept for one origin.
const MOST: usize = 64;
/// Origins they are kept for.
const MOST_ORIGINS: usize = 32;
/// A connection is kept this long.
const LIFE: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Idle(Mutex<HashMap<Origin, Vec<Resting>>>);

type Resting = (Box<Conn>, Instant);

impl Idle {
    /// The connection used last, if it still lives.
    pub(super) fn take(&self, origin: &Origin) -> Option<Box<Conn>> {
        loop {
            let (mut conn, since) = self.0.lock().get_mut(origin)?.pop()?;
            if since.elapsed() < LIFE && conn.rests() {
                return Some(conn);
            }
        }
    }

    /// Keeps a connection whose answer was read to its end, if it may be used again.
    pub(super) fn keep(&self, mut conn: Box<Conn>) {
        if !conn.rests() {
            return;
        }
        let mut idle = self.0.lock();
        idle.retain(|_, conns| {
            conns.retain(|(_, since)| since.elapsed() < LIFE);
            !conns.is_empty()
        });
        if idle.len() < MOST_ORIGINS || idle.contains_key(&conn.origin) {
            let conns = idle.entry(conn.origin.clone()).or_default();
            if conns.len() < MOST {
                conn.rest();
                conns.push((conn, Instant::now()));
            }
        }
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").field("connections", &self.0.lock().values().map(Vec::len).sum::<usize>()).finish()
    }
}
