//! The threads that connections live on: each has a loop of its own, and a connection stays where it began.
//!
//! What is said on a connection is short, and mostly waits for the other side. Handing it from thread to thread (which a
//! shared loop does to be fair to long work) costs a third of a redirect's time.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The loops; they end when this is dropped, with whatever is on them.
#[derive(Debug)]
pub(super) struct Threads {
    loops: Vec<Handle>,
    next: AtomicUsize,
    _end: DropGuard,
}

impl Threads {
    /// As many as the current runtime has workers; where that has but the one thread, that one.
    pub(super) fn start() -> io::Result<Self> {
        let here = Handle::current();
        let end = CancellationToken::new();
        let loops = if here.runtime_flavor() == RuntimeFlavor::CurrentThread {
            vec![here]
        } else {
            (0..here.metrics().num_workers()).map(|number| one(number, end.clone())).collect::<io::Result<_>>()?
        };
        Ok(Self { loops, next: AtomicUsize::new(0), _end: end.drop_guard() })
    }

    /// The loop for the next connection: each in turn.
    pub(super) fn next(&self) -> &Handle {
        &self.loops[self.next.fetch_add(1, Ordering::Relaxed) % self.loops.len()]
    }
}

fn one(number: usize, end: CancellationToken) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name(format!("connections-{number}")).spawn(move || runtime.block_on(end.cancelled()))?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_single_thread_serves_itself() {
        let threads = Threads::start().unwrap();
        assert_eq!(threads.next().id(), Handle::current().id());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn connections_go_to_the_loops_in_turn_and_the_loops_end() {
        let threads = Threads::start().unwrap();
        let [first, second, third] = [(); 3].map(|()| threads.next().clone());
        assert_ne!(first.id(), second.id());
        assert_eq!(first.id(), third.id());
        let name = first.spawn(async { thread::current().name().map(str::to_owned) }).await.unwrap();
        assert_eq!(name.as_deref(), Some("connections-0"));
        let waiting = second.spawn(std::future::pending::<()>());
        drop(threads);
        assert!(waiting.await.unwrap_err().is_cancelled(), "its thread has ended");
    }
}
