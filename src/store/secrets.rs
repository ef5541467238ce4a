//! Secrets: what the gateway makes up to guard itself with, the same for all its processes and at every start.

use std::sync::Arc;

use super::{Store, Stored, Table, Value, Version};
use crate::error::Result;

/// Secrets by name. Like credentials they lie there in plain text.
#[derive(Debug, Clone)]
pub struct Secrets(Arc<dyn Store>);

impl Secrets {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    pub async fn find(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.stored(name).await?.map(|stored| stored.value.bytes))
    }

    /// As [`Self::find`], with which write it is, for [`Self::replace`].
    pub async fn stored(&self, name: &str) -> Result<Option<Stored>> {
        self.0.get(Table::Secrets, name).await
    }

    /// Keeps this in place of what that write has left, or of nothing; false where something else is there by now.
    pub async fn replace(&self, name: &str, of: Option<Version>, with: &[u8]) -> Result<bool> {
        Ok(self.0.swap(Table::Secrets, name, of, Value::new(with)).await?.is_some())
    }

    /// What is kept under this name from now on, and whether it is `made`: another process may have been faster.
    pub async fn keep(&self, name: &str, made: &[u8]) -> Result<(Vec<u8>, bool)> {
        loop {
            if let Some(found) = self.find(name).await? {
                return Ok((found, false));
            }
            if self.replace(name, None, made).await? {
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

    #[tokio::test]
    async fn what_was_changed_meanwhile_is_not_replaced() {
        let secrets = Secrets::new(Arc::new(Memory::new(Clock::default())));
        assert!(secrets.replace("key", None, b"one").await.unwrap());
        assert!(!secrets.replace("key", None, b"two").await.unwrap());
        let one = secrets.stored("key").await.unwrap().map(|stored| stored.version);
        assert!(secrets.replace("key", one, b"two").await.unwrap());
        assert!(!secrets.replace("key", one, b"three").await.unwrap());
        assert_eq!(secrets.find("key").await.unwrap(), Some(b"two".to_vec()));
    }
}
