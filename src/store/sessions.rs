//! Sessions: logins of people that were ended before their time, until the time when they would have ended by themselves.

use std::{collections::HashMap, sync::Arc};

use super::{Store, Table, Value};
use crate::error::Result;

/// The ends of logins. A login itself is a token and lies nowhere.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<dyn Store>);

/// How many are read at once.
const PAGE: usize = 4096;

impl Sessions {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    /// The login of this id works no more. It would have ended at `until`, in Unix seconds.
    pub async fn end(&self, id: &str, until: u64) -> Result<()> {
        self.0.put(Table::Sessions, id, Value::new([]).until(until)).await.map(drop)
    }

    /// All that have ended early, each with the time until which that matters.
    pub async fn ended(&self) -> Result<HashMap<Box<str>, u64>> {
        let mut ended = HashMap::new();
        let mut last: Option<String> = None;
        loop {
            let page = self.0.scan(Table::Sessions, "", last.as_deref(), PAGE).await?;
            last = page.entries.last().map(|(id, _)| id.clone());
            for (id, stored) in page.entries {
                ended.insert(id.into_boxed_str(), stored.value.ends.unwrap_or(u64::MAX));
            }
            if !page.more || last.is_none() {
                return Ok(ended);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{clock::Clock, store::Memory};

    #[tokio::test]
    async fn an_end_is_known_until_it_matters_no_more() {
        let clock = Clock::default();
        let sessions = Sessions::new(Arc::new(Memory::new(clock.clone())));
        assert!(sessions.ended().await.unwrap().is_empty());
        let soon = clock.unix() + 100;
        sessions.end("a", soon).await.unwrap();
        for number in 0..PAGE {
            sessions.end(&format!("b{number}"), soon + 100).await.unwrap();
        }
        let ended = sessions.ended().await.unwrap();
        assert_eq!((ended.len(), ended.get("a")), (PAGE + 1, Some(&soon)));
        clock.advance(Duration::from_secs(101));
        assert!(!sessions.ended().await.unwrap().contains_key("a"));
    }
}
