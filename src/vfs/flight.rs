//! Single flight: of many callers with one question, one asks; the work is its own task, so a caller that leaves
//! neither cancels nor fails the others.

use std::{collections::HashMap, fmt, hash::Hash, sync::Arc};

use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    drive::Asker,
    error::{Error, Kind, Result},
};

/// The owner of every task that `vfs` starts: they end by themselves (each network wait below has a timeout), or with this.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    /// Where they run: not on the thread of the connection that happened to ask first.
    home: Handle,
}

impl Tasks {
    /// Tasks that will run where this is called.
    pub fn here() -> Self {
        Self { tracker: TaskTracker::new(), stop: CancellationToken::new(), home: Handle::current() }
    }

    /// Cancels what still runs and waits for it.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }

    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let work = async move {
            stop.run_until_cancelled(work).await;
        };
        self.tracker.spawn_on(work, &self.home);
    }
}

type Answer<V> = watch::Sender<Option<Result<V>>>;
type Waiting<V> = watch::Receiver<Option<Result<V>>>;

/// A question under way: for whom, and where its answer will be.
type Flight<V> = (Asker, Arc<Answer<V>>);

/// The questions under way, by key.
pub(super) struct Flights<K, V> {
    running: Arc<Mutex<HashMap<K, Flight<V>>>>,
    tasks: Tasks,
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new(tasks: Tasks) -> Self {
        Self { running: Arc::default(), tasks }
    }

    /// True while the question for `key` is under way.
    pub(super) fn has(&self, key: &K) -> bool {
        self.running.lock().contains_key(key)
    }

    /// Joins the question under way for `key`, which becomes as urgent as this asker is, or starts it.
    pub(super) async fn join<F>(&self, key: &K, asker: &Asker, ask: impl FnOnce(Asker) -> F) -> Result<V>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        let mut answer = self.under_way(key, asker, ask);
        match answer.wait_for(Option::is_some).await {
            Ok(told) => told.clone().unwrap_or_else(|| Err(gone())),
            Err(_) => Err(gone()),
        }
    }

    /// Sees to it that the question for `key` is under way, which nobody waits for.
    pub(super) fn start<F>(&self, key: &K, ask: impl FnOnce(Asker) -> F)
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        self.under_way(key, &Asker::task(), ask);
    }

    /// Ends when nobody waits for the question under way for `key` any more, and whoever comes then asks anew. For a part of
    /// that question which is worth nothing to others.
    pub(super) fn deserted(&self, key: &K) -> impl Future<Output = ()> + Send + 'static + use<K, V> {
        let (running, key) = (Arc::clone(&self.running), key.clone());
        let answer = running.lock().get(&key).map(|(_, answer)| Arc::clone(answer));
        async move {
            let Some(answer) = answer else { return std::future::pending().await };
            loop {
                answer.closed().await;
                // Somebody may have come meanwhile; nobody comes while this is held.
                let mut running = running.lock();
                if answer.receiver_count() == 0 {
                    take_away(&mut running, &key, &answer);
                    return;
                }
            }
        }
    }

    fn under_way<F>(&self, key: &K, asker: &Asker, ask: impl FnOnce(Asker) -> F) -> Waiting<V>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        let mut running = self.running.lock();
        if let Some((first, answer)) = running.get(key) {
            first.joined_by(asker);
            return answer.subscribe();
        }
        let asker = asker.apart();
        let (tell, waiting) = watch::channel(None);
        let tell = Arc::new(tell);
        running.insert(key.clone(), (asker.clone(), Arc::clone(&tell)));
        let landing = Landing { key: key.clone(), answer: Arc::clone(&tell), running: Arc::clone(&self.running) };
        let work = ask(asker);
        self.tasks.spawn(async move {
            let result = work.await;
            // The key goes first: who comes after the answer is there must ask anew.
            drop(landing);
            tell.send_replace(Some(result));
        });
        waiting
    }
}

impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("running", &self.running.lock().len()).finish()
    }
}

/// Takes the key away even when the work panics or is cancelled.
struct Landing<K: Eq + Hash, V> {
    key: K,
    answer: Arc<Answer<V>>,
    running: Arc<Mutex<HashMap<K, Flight<V>>>>,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        take_away(&mut self.running.lock(), &self.key, &self.answer);
    }
}

/// Unless the key is another flight's by now.
fn take_away<K: Eq + Hash, V>(running: &mut HashMap<K, Flight<V>>, key: &K, answer: &Arc<Answer<V>>) {
    if running.get(key).is_some_and(|(_, other)| Arc::ptr_eq(answer, other)) {
        running.remove(key);
    }
}

fn gone() -> Error {
    Error::new(Kind::Internal, "The work was given up: gate115 is stopping, or has a bug.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    #[tokio::test(start_paused = true)]
    async fn one_asks_and_all_get_the_answer_even_if_the_first_leaves() {
        let flights = Arc::new(Flights::<u8, u32>::new(Tasks::here()));
        let asked = Arc::new(AtomicU32::new(0));
        let ask = || {
            let asked = Arc::clone(&asked);
            move |_| async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(asked.fetch_add(1, Ordering::SeqCst) + 1)
            }
        };
        let task = Asker::task();
        let first = tokio::time::timeout(Duration::from_millis(10), flights.join(&1, &task, ask()));
        assert!(first.await.is_err(), "the first caller leaves early");
        let (a, b) = tokio::join!(flights.join(&1, &task, ask()), flights.join(&1, &task, ask()));
        assert_eq!((a.unwrap(), b.unwrap()), (1, 1));
        assert_eq!(flights.join(&1, &task, ask()).await.unwrap(), 2, "the next question is a new one");
    }

    #[tokio::test(start_paused = true)]
    async fn work_for_those_who_wait_alone_ends_when_the_last_has_left_and_is_begun_anew_for_who_comes_then() {
        let flights = Arc::new(Flights::<u8, &str>::new(Tasks::here()));
        let (left, wait) = (Arc::new(AtomicU32::new(0)), Duration::from_secs(10));
        let ask = || {
            let (flights, left) = (Arc::clone(&flights), Arc::clone(&left));
            move |_| async move {
                tokio::select! {
                    () = tokio::time::sleep(wait) => Ok("done"),
                    () = flights.deserted(&1) => {
                        left.fetch_add(1, Ordering::SeqCst);
                        // Something else that belongs to the question goes on.
                        tokio::time::sleep(wait).await;
                        Ok("left")
                    }
                }
            }
        };
        let (task, patience) = (Asker::task(), Duration::from_secs(1));
        let short = async || tokio::time::timeout(patience, flights.join(&1, &task, ask())).await.is_err();
        let (long, others) = tokio::join!(flights.join(&1, &task, ask()), async { short().await && short().await });
        assert_eq!((long.unwrap(), others, left.load(Ordering::SeqCst)), ("done", true, 0), "one has waited all along");
        assert!(short().await);
        tokio::time::sleep(patience).await;
        assert_eq!((left.load(Ordering::SeqCst), flights.has(&1)), (1, false));
        let second = tokio::time::timeout(wait * 3, flights.join(&1, &task, ask())).await.unwrap();
        assert_eq!(
            (second.unwrap(), left.load(Ordering::SeqCst)),
            ("done", 1),
            "the first, landed since, takes nothing away"
        );
    }

    #[tokio::test]
    async fn a_panic_fails_the_callers_and_frees_the_key() {
        let flights = Flights::<u8, ()>::new(Tasks::here());
        let task = Asker::task();
        let error = flights.join(&1, &task, |_| async { panic!("bug") }).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Internal);
        assert!(flights.join(&1, &task, |_| async { Ok(()) }).await.is_ok());
    }

    #[tokio::test]
    async fn stopping_cancels_what_runs() {
        let tasks = Tasks::here();
        let flights = Arc::new(Flights::<u8, ()>::new(tasks.clone()));
        let waiter = tokio::spawn({
            let flights = Arc::clone(&flights);
            async move { flights.join(&1, &Asker::task(), |_| std::future::pending()).await }
        });
        tokio::task::yield_now().await;
        tasks.stop().await;
        assert!(waiter.await.unwrap().is_err());
    }
}
