//! Secrets: what the gateway makes up once to guard itself with, the same for all its processes and at every start.

use std::sync::Arc;

use super::{Store, Table, Value};
use crate::error::Result;

/// Secrets by name. Like credentials they lie there in plain text.
#[derive(Debug, Clone)]
pub struct Secrets(Arc<dyn Store>);

impl Secrets {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    pub async fn find(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(Table::Secrets, name).await?.map(|stored| stored.value.bytes))
    }

    /// What is kept under this name from now on, and whether it is `made`: another process may have been faster.
    pub async fn keep(&self, name: &str, made: &[u8]) -> Result<(Vec<u8>, bool)> {
        loop {
            if let Some(found) = self.find(name).await? {
                return Ok((found, false));
            }
            if self.0.swap(Table::Secrets, name, None, Value::new(made)).await?.is_some() {
                return Ok((made.to_vec(), true));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, store::Memory};

    #[tokio::test]
    async fn the_first_to_make_a_secret_up_makes_it_for_all() {
        let store: Arc<dyn Store> = Arc::new(Memory::new(Clock::default()));
        let (ours, theirs) = (Secrets::new(Arc::clone(&store)), Secrets::new(store));
        assert_eq!(ours.find("key").await.unwrap(), None);
        assert_eq!(ours.keep("key", b"ours").await.unwrap(), (b"ours".to_vec(), true));
        assert_eq!(theirs.keep("key", b"theirs").await.unwrap(), (b"ours".to_vec(), false));
        assert_eq!(theirs.keep("other", b"theirs").await.unwrap(), (b"theirs".to_vec(), true));
        assert_eq!(ours.find("key").await.unwrap(), Some(b"ours".to_vec()));
    }
}
