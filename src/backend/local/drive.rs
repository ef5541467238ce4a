//! The drive: its start, its folders, its entries by path, its files; every call of the system on a thread that may block.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::RwLock;
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    entry,
    tree::{BOUNDS, Tree, Wish},
};
use crate::{
    drive::{self, Asker, Drive, Entry, Found, Handle, Locate, Only, Opened, Page, Search, looked_for},
    error::{Error, Kind, Result},
    path::{Name, is_own_spelling},
};

/// Calls of the system under way at once. One that hangs (a network file system that is gone) keeps its place.
const AT_ONCE: usize = 32;
/// Searches under way at once: each takes a core or a disk for itself.
const SEARCHES_AT_ONCE: usize = 2;
/// For a place, and then for the answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A folder of this machine.
#[derive(Debug)]
pub struct Local {
    account: String,
    root: Arc<Root>,
    places: Arc<Semaphore>,
    searches: Arc<Semaphore>,
}

/// The root, and the tree below it once it is opened.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    tree: RwLock<Option<Arc<Tree>>>,
}

impl Root {
    /// The tree as it was opened; opened now where that is still to be done.
    fn tree(&self) -> Result<Arc<Tree>> {
        if let Some(tree) = &*self.tree.read() {
            return Ok(Arc::clone(tree));
        }
        let tree = Arc::new(Tree::open(&self.path)?);
        Ok(Arc::clone(self.tree.write().get_or_insert(tree)))
    }
}

impl Local {
    /// The drive of a folder, given by its absolute path; opened at the first call.
    pub fn new(root: PathBuf) -> Self {
        Self {
            account: format!("local:{}", root.display()),
            root: Arc::new(Root { path: root, tree: RwLock::default() }),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            searches: Arc::new(Semaphore::new(SEARCHES_AT_ONCE)),
        }
    }

    /// Does blocking work in the tree.
    async fn call<T: Send + 'static>(&self, work: impl FnOnce(&Tree) -> Result<T> + Send + 'static) -> Result<T> {
        self.call_among(&self.places, work).await
    }

    /// Does blocking work in the tree, as much of it at once as there are places.
    async fn call_among<T: Send + 'static>(
        &self,
        places: &Arc<Semaphore>,
        work: impl FnOnce(&Tree) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Ok(Ok(place)) = timeout(PATIENCE, Arc::clone(places).acquire_owned()).await else {
            return Err(
                Error::new(Kind::Busy, "The disk has too much to do at once. Try again in a moment.").op("local")
            );
        };
        let root = Arc::clone(&self.root);
        let work = tokio::task::spawn_blocking(move || {
            // Given back when the call has ended, also where nobody waits for it any more.
            let _place = place;
            let tree = root.tree()?;
            tree.check()?;
            work(&tree)
        });
        match timeout(PATIENCE, work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(failure)) => {
                Err(Error::new(Kind::Internal, "A look at the disk failed.").op("local").source(failure))
            }
            Err(_) => {
                Err(Error::new(Kind::Timeout, "The disk did not answer in time. Try again in a moment.").op("local"))
            }
        }
    }
}

#[async_trait]
impl Drive for Local {
    fn account(&self) -> &str {
        &self.account
    }

    /// To look costs nothing, so nothing is kept.
    fn listed_as(&self) -> Option<String> {
        None
    }

    async fn root(&self) -> Result<Entry> {
        self.call(|_| Ok(entry::root())).await
    }

    /// A folder is one page, so there is no next.
    async fn list(&self, folder: &Entry, _from: Option<u64>, _asker: &Asker) -> Result<Page> {
        let folder = folder.handle.clone();
        let entries = self.call(move |tree| tree.list(&folder)).await?;
        Ok(Page { entries, next: None, newest_first: false })
    }

    fn local(&self) -> Option<&dyn drive::Local> {
        Some(self)
    }

    /// To look costs nothing, so a change shows at the next look.
    fn listings_hold(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    fn locate(&self) -> Option<&dyn Locate> {
        Some(self)
    }

    fn search(&self) -> Option<&dyn Search> {
        Some(self)
    }

    /// Lets the root go: whatever stands at its path when it is needed next is the one that is meant.
    fn resume(&self) {
        *self.root.tree.write() = None;
    }
}

#[async_trait]
impl drive::Local for Local {
    async fn open(&self, file: &Entry) -> Result<Opened> {
        let file = file.handle.clone();
        self.call(move |tree| tree.file(&file)).await
    }
}

#[async_trait]
impl Locate for Local {
    /// Names as the disk has them: not those that we spell otherwise, nor those that stand for bytes that are no UTF-8.
    fn can_say(&self, names: &[&str]) -> bool {
        let plain = |name: &str| {
            !matches!(name, "" | "." | "..")
                && !name.contains(|c: char| matches!(c, '/' | char::REPLACEMENT_CHARACTER) || c.is_control())
                && !is_own_spelling(name)
        };
        names.iter().all(|name| plain(name))
    }

    fn finds_files(&self) -> bool {
        true
    }

    async fn find(&self, names: &[&str], _asker: &Asker) -> Result<Option<Entry>> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        self.call(move |tree| tree.find(&names)).await
    }
}

#[async_trait]
impl Search for Local {
    fn is_index(&self) -> bool {
        false
    }

    /// By a walk through the folders, the nearest first and each once: at most 500,000 entries in 50,000 folders, 64 levels deep and
    /// for five seconds, or until 200 are found. It ends as well when this is let go.
    async fn search(
        &self,
        folder: &Handle,
        words: &str,
        only: Option<Only>,
        hidden: &[String],
        _asker: &Asker,
    ) -> Result<Vec<Found>> {
        let words = words.split_whitespace().map(looked_for).collect();
        let (folder, wish) = (folder.clone(), Wish { words, only, hidden: hidden.to_vec() });
        let left = CancellationToken::new();
        let _leaves = left.clone().drop_guard();
        let walk = move |tree: &Tree| tree.search(&folder, &wish, &BOUNDS, || !left.is_cancelled());
        self.call_among(&self.searches, walk).await
    }

    async fn above(&self, found: &Found, _asker: &Asker) -> Result<Option<Vec<(Handle, Name)>>> {
        let (mark, folder) = (found.mark.clone(), entry::path(&found.folder)?);
        self.call(move |tree| Ok(tree.has(&mark)?.then(|| entry::above(&folder)))).await
    }
}
