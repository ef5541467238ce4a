//! Connections that wait for the next range: few, not for long, and looked at before they are used again.

use std::{fmt, time::Duration};

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
/// A connection is kept this long,
const LIFE: Duration = Duration::from_secs(30);
/// or a little longer: those too old are looked for this often.
const SWEEP: Duration = Duration::from_secs(1);

/// Where a connection is kept: for its origin, and on the loop that hears of its bytes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Berth {
    home: Id,
    pub(super) origin: Origin,
}

impl Berth {
    /// On the loop of this thread.
    pub(super) fn here(origin: Origin) -> Self {
        Self { origin, home: Handle::current().id() }
    }
}

#[derive(Default)]
pub(super) struct Idle(Mutex<Berths>);

/// Few, so they are looked through.
#[derive(Default)]
struct Berths {
    all: Vec<(Berth, Vec<Resting>)>,
    swept: Option<Instant>,
}

type Resting = (Box<Conn>, Instant);

impl Berths {
    fn at(&mut self, berth: &Berth) -> Option<&mut Vec<Resting>> {
        self.all.iter_mut().find(|(here, _)| here == berth).map(|(_, conns)| conns)
    }

    /// Closes what has rested for too long.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|swept| now - swept < SWEEP) {
            return;
        }
        self.swept = Some(now);
        self.all.retain_mut(|(_, conns)| {
            conns.retain(|(_, since)| now - *since < LIFE);
            !conns.is_empty()
        });
    }
}

impl Idle {
    /// The connection used last, if it still lives.
    pub(super) fn take(&self, berth: &Berth) -> Option<Box<Conn>> {
        loop {
            let (mut conn, since) = self.0.lock().at(berth)?.pop()?;
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
        conn.rest();
        let now = Instant::now();
        let mut idle = self.0.lock();
        idle.sweep(now);
        if let Some(conns) = idle.at(&conn.berth) {
            if conns.len() < MOST {
                conns.push((conn, now));
            }
        } else if idle.all.len() < MOST_BERTHS {
            idle.all.push((conn.berth.clone(), vec![(conn, now)]));
        }
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle")
            .field("connections", &self.0.lock().all.iter().map(|(_, conns)| conns.len()).sum::<usize>())
            .finish()
    }
}
