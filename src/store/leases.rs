//! Leases: who may do alone, for a while, what only one of all processes may do at a time.

use std::{sync::Arc, time::Duration};

use super::{Expected, Store, Table, Value, Version};
use crate::{clock::Clock, error::Result};

/// The leases that one process takes, in the store that all of them share.
#[derive(Debug, Clone)]
pub struct Leases {
    store: Arc<dyn Store>,
    clock: Clock,
    owner: Arc<str>,
}

/// The right to something. Not given back when it is dropped: whatever became of its holder, it ends by itself.
#[derive(Debug)]
pub struct Lease {
    name: String,
    version: Version,
    ends: u64,
}

/// The answer to who wants a lease.
#[derive(Debug)]
pub enum Taken {
    Yours(Lease),
    Busy(Holder),
}

/// Who has what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What it called itself.
    pub owner: String,
    /// Unix seconds: from then on the lease is free, if it is not renewed.
    pub until: u64,
}

impl Leases {
    /// `owner` is for people: a command and a process number, say. Two tasks of one owner exclude each other as well.
    pub fn new(store: Arc<dyn Store>, clock: Clock, owner: &str) -> Self {
        Self { store, clock, owner: owner.into() }
    }

    /// Takes the lease of this name if nobody has it, or if its end has passed. Ends are whole seconds, so it lasts up to
    /// a second longer than `life`.
    pub async fn take(&self, name: &str, life: Duration) -> Result<Taken> {
        loop {
            let (value, ends) = self.value(life);
            if let Some(version) = self.store.swap(Table::Leases, name, None, value).await? {
                return Ok(Taken::Yours(Lease { name: name.to_owned(), version, ends }));
            }
            // Gone by now? Then once more.
            if let Some(held) = self.store.get(Table::Leases, name).await? {
                let owner = String::from_utf8_lossy(&held.value.bytes).into_owned();
                return Ok(Taken::Busy(Holder { owner, until: held.value.ends.unwrap_or(u64::MAX) }));
            }
        }
    }

    /// Holds it for another `life` from now on; `None` if its end has passed.
    pub async fn renew(&self, lease: Lease, life: Duration) -> Result<Option<Lease>> {
        let (value, ends) = self.value(life);
        let renewed = self.store.swap(Table::Leases, &lease.name, Some(lease.version), value).await?;
        Ok(renewed.map(|version| Lease { version, ends, ..lease }))
    }

    /// Gives it back; whoever has taken it over since keeps it.
    pub async fn release(&self, lease: &Lease) -> Result<()> {
        let ours = Expected::Version(lease.version);
        self.store.write(Table::Leases, &lease.name, ours, None).await.map(drop)
    }

    fn value(&self, life: Duration) -> (Value, u64) {
        let whole = life.as_secs().saturating_add(1);
        let ends = self.clock.unix().saturating_add(whole);
        (Value::new(self.owner.as_bytes()).until(ends), ends)
    }
}

impl Lease {
    /// Another one for each time that a lease is taken or renewed.
    pub fn id(&self) -> u64 {
        self.version.number()
    }

    /// Unix seconds.
    pub fn ends(&self) -> u64 {
        self.ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Memory, Sqlite};

    const LIFE: Duration = Duration::from_secs(30);

    fn yours(taken: Taken) -> Lease {
        match taken {
            Taken::Yours(lease) => lease,
            Taken::Busy(holder) => panic!("it is with {holder:?}"),
        }
    }

    fn busy(taken: Taken) -> Holder {
        match taken {
            Taken::Busy(holder) => holder,
            Taken::Yours(lease) => panic!("{lease:?}"),
        }
    }

    #[tokio::test]
    async fn one_has_it_until_it_is_given_back_or_over() {
        let clock = Clock::default();
        let store: Arc<dyn Store> = Arc::new(Memory::new(clock.clone()));
        let one = Leases::new(Arc::clone(&store), clock.clone(), "serve 1");
        let two = Leases::new(store, clock.clone(), "login 2");
        let lease = yours(one.take("a", LIFE).await.unwrap());
        let holder = busy(two.take("a", LIFE).await.unwrap());
        assert_eq!((holder.owner.as_str(), holder.until), ("serve 1", lease.ends()));
        busy(one.take("a", LIFE).await.unwrap());
        yours(two.take("b", LIFE).await.unwrap());

        clock.advance(Duration::from_secs(20));
        let lease = one.renew(lease, LIFE).await.unwrap().unwrap();
        clock.advance(Duration::from_secs(20));
        busy(two.take("a", LIFE).await.unwrap());
        one.release(&lease).await.unwrap();
        let of_two = yours(two.take("a", LIFE).await.unwrap());

        clock.advance(Duration::from_secs(32));
        let taken_over = yours(one.take("a", LIFE).await.unwrap());
        assert!(taken_over.id() > of_two.id());
        two.release(&of_two).await.unwrap();
        busy(two.take("a", LIFE).await.unwrap());
        assert!(two.renew(of_two, LIFE).await.unwrap().is_none(), "it is another's by now");
        clock.advance(Duration::from_secs(32));
        assert!(one.renew(taken_over, LIFE).await.unwrap().is_none(), "it has ended");
    }

    #[tokio::test]
    async fn of_two_processes_at_once_one_gets_it() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::default();
        for round in 0..10 {
            let name = round.to_string();
            let processes = (0..3).map(|number| {
                let (dir, clock, name) = (dir.path().to_owned(), clock.clone(), name.clone());
                tokio::spawn(async move {
                    let store = Arc::new(Sqlite::open(&dir, clock.clone()).await.unwrap());
                    Leases::new(store, clock, &format!("{number}")).take(&name, LIFE).await.unwrap()
                })
            });
            let mut won = 0;
            for process in processes.collect::<Vec<_>>() {
                won += u32::from(matches!(process.await.unwrap(), Taken::Yours(_)));
            }
            assert_eq!(won, 1);
        }
    }
}
