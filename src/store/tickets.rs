//! Tickets: logins under way, so that any process may answer whoever waits for one.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{Expected, Store, Table, Value, Version};
use crate::{
    clock::Clock,
    error::{Error, Kind, Result},
};

/// What a login by QR code has to remember between two questions, under a number that cannot be guessed.
#[derive(Debug, Clone)]
pub struct Tickets {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl Tickets {
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Keeps it for `life`, shorter only if many others are made meanwhile; under this id whoever has it finds it.
    pub async fn issue(&self, ticket: &(impl Serialize + Sync), life: Duration) -> Result<String> {
        let value = value(ticket)?.until(self.clock.unix().saturating_add(life.as_secs()));
        let mut id = String::with_capacity(32);
        for byte in rand::random::<[u8; 16]>() {
            _ = write!(id, "{byte:02x}");
        }
        self.store.put(Table::Tickets, &id, value).await?;
        Ok(id)
    }

    /// `None` if its end has passed, or if it never was.
    pub async fn find<T: DeserializeOwned>(&self, id: &str) -> Result<Option<Found<T>>> {
        let Some(stored) = self.store.get(Table::Tickets, id).await? else { return Ok(None) };
        let ticket = serde_json::from_slice(&stored.value.bytes).map_err(unreadable)?;
        Ok(Some(Found { ticket, version: stored.version, ends: stored.value.ends }))
    }

    /// Puts another state in the place of what was found, until the same end. `None` if somebody else was faster: of
    /// several that hear that a login has been confirmed, one goes on with it.
    pub async fn replace<T: Serialize + Sync>(
        &self,
        id: &str,
        found: &Found<T>,
        ticket: T,
    ) -> Result<Option<Found<T>>> {
        let value = Value { ends: found.ends, ..value(&ticket)? };
        let newer = self.store.write(Table::Tickets, id, Expected::Version(found.version), Some(value)).await?;
        Ok(newer.map(|version| Found { ticket, version, ends: found.ends }))
    }
}

/// A ticket as it was when it was looked at.
#[derive(Debug)]
pub struct Found<T> {
    pub ticket: T,
    version: Version,
    ends: Option<u64>,
}

fn value(ticket: &impl Serialize) -> Result<Value> {
    serde_json::to_vec(ticket).map(Value::new).map_err(unreadable)
}

/// Without the cause, which may repeat what it could not read.
fn unreadable(_: serde_json::Error) -> Error {
    Error::new(Kind::Storage, "A login under way was kept in a form that cannot be read. Begin it again.")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::store::Memory;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Ticket {
        uid: String,
        scanned: bool,
    }

    #[tokio::test]
    async fn a_ticket_is_found_by_anyone_until_its_end_and_gone_on_with_by_one() {
        let clock = Clock::default();
        let store: Arc<dyn Store> = Arc::new(Memory::new(clock.clone()));
        let tickets = Tickets::new(Arc::clone(&store), clock.clone());
        let others = Tickets::new(store, clock.clone());
        let new = |scanned| Ticket { uid: "u".to_owned(), scanned };
        let id = tickets.issue(&new(false), Duration::from_secs(300)).await.unwrap();
        let another = tickets.issue(&new(false), Duration::from_secs(300)).await.unwrap();
        assert!(id.len() == 32 && id != another);
        clock.advance(Duration::from_secs(200));
        let ours = tickets.find::<Ticket>(&id).await.unwrap().unwrap();
        let theirs = others.find::<Ticket>(&id).await.unwrap().unwrap();
        let taken = others.replace(&id, &theirs, new(true)).await.unwrap().unwrap();
        assert!(tickets.replace(&id, &ours, new(true)).await.unwrap().is_none());
        assert_eq!(tickets.find::<Ticket>(&id).await.unwrap().unwrap().ticket, new(true));
        assert!(tickets.find::<Ticket>("no such").await.unwrap().is_none());
        clock.advance(Duration::from_secs(101));
        assert!(others.find::<Ticket>(&id).await.unwrap().is_none(), "another state has the same end");
        assert!(others.replace(&id, &taken, new(true)).await.unwrap().is_none());
        assert!(others.find::<Ticket>(&another).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_not_repeated() {
        let clock = Clock::default();
        let store: Arc<dyn Store> = Arc::new(Memory::new(clock.clone()));
        store.put(Table::Tickets, "a", Value::new(*br#""hunter2""#)).await.unwrap();
        let error = Tickets::new(store, clock).find::<Ticket>("a").await.unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
