//! Hearing of what another process has written, by asking now and then.

use std::{sync::Arc, time::Duration};

use super::{Store, Table, Version};
use crate::error::Result;

/// How late a change may be heard of.
const EVERY: Duration = Duration::from_secs(2);

/// Changes of one table, whoever made them. Starts no task: its owner waits in a loop of its own.
#[derive(Debug)]
pub struct Watch {
    store: Arc<dyn Store>,
    table: Table,
    seen: Version,
    failing: bool,
}

impl Watch {
    /// Hears of whatever is written from now on, so it is to be made before the first look at the table.
    pub async fn new(store: Arc<dyn Store>, table: Table) -> Result<Self> {
        let seen = store.version(table).await?;
        Ok(Self { store, table, seen, failing: false })
    }

    /// Ends within about two seconds of a change; several may have become one. A store that cannot be asked is asked
    /// again, and the log says so once.
    pub async fn changed(&mut self) {
        loop {
            match self.store.version(self.table).await {
                Ok(version) => {
                    self.failing = false;
                    if version != self.seen {
                        self.seen = version;
                        return;
                    }
                }
                Err(error) => {
                    if !self.failing {
                        tracing::warn!(?error, table = ?self.table, "the store cannot be asked for changes; it is asked again");
                    }
                    self.failing = true;
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
