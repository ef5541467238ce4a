//! Connections that wait for the next range: few, not for long, and looked at before they are used again.

use std::{collections::HashMap, fmt, time::Duration};

use parking_lot::Mutex;
use tokio::{
    runtime::{Handle, Id},
    time::Instant,
};

use super::{connect::Origin, wire::Conn};

/// Connections kept at one berth.
const MOST: usize = 64;
/// Berths there are.
const MOST_BERTHS: usize = 64;
/// A connection is kept this long.
const LIFE: Duration = Duration::from_secs(30);

/// Where a connection is kept: for its origin, and on the loop that hears of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Berth {
    pub(super) origin: Origin,
    home: Id,
}

impl Berth {
    /// On the loop of this thread.
    pub(super) fn here(origin: Origin) -> Self {
        Self { origin, home: Handle::current().id() }
    }
}

#[derive(Default)]
pub(super) struct Idle(Mutex<HashMap<Berth, Vec<Resting>>>);

type Resting = (Box<Conn>, Instant);

impl Idle {
    /// The connection used last, if it still lives.
    pub(super) fn take(&self, berth: &Berth) -> Option<Box<Conn>> {
        loop {
            let (mut conn, since) = self.0.lock().get_mut(berth)?.pop()?;
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
        if idle.len() < MOST_BERTHS || idle.contains_key(&conn.berth) {
            let conns = idle.entry(conn.berth.clone()).or_default();
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
