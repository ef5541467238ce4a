//! Looking at passwords: slow on purpose, so elsewhere than on async threads, and only a few at once.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{Hash, StaticHash};
use crate::error::{Error, Kind, Result};

/// Each takes a core and, with our own parameters, 19 MiB.
const AT_ONCE: usize = 2;
/// More that wait are sent away at once.
const WAITING: usize = 32;
const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever is in the queue is through long before.
const LONG_PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Hashing {
    places: Arc<Semaphore>,
    queue: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), queue: Semaphore::new(AT_ONCE + WAITING) }
    }
}

impl Hashing {
    /// Whether this is the password. [`Kind::Busy`] where too many ask at once.
    pub(super) async fn fits(&self, hash: Hash, offered: StaticHash) -> Result<bool> {
        self.run(move || hash.fits(&offered)).await
    }

    /// Does something slow. Goes on if its caller leaves, and keeps its place until then.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _queued = self.queue.try_acquire().map_err(|_| busy())?;
        self.in_turn(PATIENCE, work).await
    }

    /// The same for the configuration: people who log in, or try to, do not keep another password from holding.
    pub(super) async fn surely<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.in_turn(LONG_PATIENCE, work).await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let place = tokio::time::timeout(patience, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(busy()) };
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        work.await.map_err(|error| Error::new(Kind::Internal, "The password could not be looked at.").source(error))
    }
}

#[cfg(test)]
impl Hashing {
    /// No login is looked at as long as this is held.
    pub(super) fn jam(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.queue.try_acquire_many(u32::try_from(AT_ONCE + WAITING).unwrap()).unwrap()
    }

    /// Nothing at all is.
    pub(super) fn stop(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.places.try_acquire_many(u32::try_from(AT_ONCE).unwrap()).unwrap()
    }
}

fn busy() -> Error {
    Error::new(Kind::Busy, "Too many people are logging in at once. Try again in a moment.")
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_few_work_some_wait_and_the_rest_is_sent_away() {
        let hashing = Arc::new(Hashing::default());
        let (working, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let go = Arc::new(Barrier::new(AT_ONCE + 1));
        let logins: Vec<_> = (0..AT_ONCE + WAITING)
            .map(|number| {
                let (hashing, working, most, go) =
                    (Arc::clone(&hashing), Arc::clone(&working), Arc::clone(&most), Arc::clone(&go));
                tokio::spawn(async move {
                    let work = move || {
                        most.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        if number < AT_ONCE {
                            go.wait();
                        }
                        working.fetch_sub(1, Ordering::SeqCst);
                    };
                    hashing.run(work).await
                })
            })
            .collect();
        while hashing.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hashing.run(|| ()).await.unwrap_err().kind(), Kind::Busy);
        tokio::task::spawn_blocking(move || go.wait()).await.unwrap();
        for login in logins {
            login.await.unwrap().unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= AT_ONCE);
        assert!(hashing.run(|| ()).await.is_ok());
    }
}
