//! The drive: its start, its folders, and its root as a path.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use p115::Standing;
use parking_lot::RwLock;

use super::{
    super::{caller::caller, entry, link},
    error,
};
use crate::{
    drive::{
        Asker, Audience, ByPickcode, Drive, Entry, Found, Handle, Kind as EntryKind, Link, Locate, Only, Page, Pause,
        Room, Search, Space,
    },
    error::{Error, Kind, Result},
    path::{Name, is_own_spelling},
};

/// What the configuration says of a 115 Cloud drive, besides its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The folder it shows; 0 is the root of the account.
    pub root: u64,
    /// Entries a page, at most 1150.
    pub page_size: u32,
    /// Whether links are asked for unbound first, or always for the client's exact User-Agent.
    pub unbound_links: bool,
}

/// How long the path of a root is believed when 115 knows nothing there.
const ROOT_LIFE: Duration = Duration::from_secs(60);

/// Where this drive's root stands in the account.
#[derive(Debug, Default)]
struct Above {
    /// The names from the account's root down to this drive's, which included; `None` until they are known.
    names: Option<Vec<String>>,
    /// When 115 was asked, by the client's clock.
    asked: Duration,
}

/// A 115 Cloud drive.
#[derive(Debug)]
pub struct Cloud {
    client: p115::Client,
    /// The clock that the client's pauses are told by.
    now: p115::Clock,
    options: Options,
    account: String,
    above: RwLock<Above>,
    told_of_dead_session: AtomicBool,
    /// Folders that took several pages when they were listed last, and that the listing by name reaches to their end.
    by_name: moka::sync::Cache<p115::Cid, ()>,
}

/// The listing by name ends, and starts over, behind about this many entries (docs/115.md §3.1).
const REACH: u64 = 1200;
/// Folders remembered to be listed by name.
const REMEMBERED: u64 = 10_000;

impl Cloud {
    pub fn new(client: &p115::Client, now: p115::Clock, options: Options) -> Self {
        let account = format!("115-cloud:{}", client.user_id());
        Self {
            client: client.by(caller(&Asker::task())),
            now,
            above: RwLock::new(Above { names: (options.root == 0).then(Vec::new), asked: Duration::ZERO }),
            options,
            account,
            told_of_dead_session: AtomicBool::new(false),
            by_name: moka::sync::Cache::new(REMEMBERED),
        }
    }

    fn heard(&self, cause: &p115::Error) -> Error {
        let error = error::translate(cause);
        if error.kind() == Kind::Session && !self.told_of_dead_session.swap(true, Ordering::Relaxed) {
            tracing::error!(account = self.account, "{}", error.message());
        }
        error
    }

    /// The root as a path: 115 finds folders by their whole path only.
    async fn names_above(&self) -> Result<Vec<String>> {
        if self.options.root == 0 {
            return Ok(Vec::new());
        }
        let cid = p115::Cid::new(self.options.root);
        let stat = self.client.stat(cid).await.map_err(|cause| self.heard(&cause))?;
        let stat = stat.ok_or_else(|| {
            let what =
                format!("There is no folder with the cid {cid} at 115. Take it from the address of the folder's page.");
            Error::new(Kind::NotFound, what)
        })?;
        if !stat.is_dir {
            let what = format!("{cid} is a file at 115, not a folder: `root` must be the cid of a folder.");
            return Err(Error::new(Kind::NotFound, what));
        }
        let above = stat.ancestors.into_iter().filter(|(id, _)| *id != p115::Cid::ROOT).map(|(_, name)| name);
        Ok(above.chain([stat.name]).collect())
    }

    async fn id_of(&self, names: &[&str], asker: &Asker) -> Result<Option<p115::Cid>> {
        let path: String = {
            let above = self.above.read();
            let Some(above) = &above.names else { return Ok(None) };
            above.iter().map(String::as_str).chain(names.iter().copied()).flat_map(|name| ["/", name]).collect()
        };
        self.client.by(caller(asker)).dir_id(&path).await.map_err(|cause| self.heard(&cause))
    }

    /// True where the root turns out to stand elsewhere by now; looked up at most once a minute.
    async fn has_moved(&self) -> Result<bool> {
        let now = self.now.now();
        if self.options.root == 0 || now.saturating_sub(self.above.read().asked) < ROOT_LIFE {
            return Ok(false);
        }
        self.above.write().asked = now;
        let names = Some(self.names_above().await?);
        let mut above = self.above.write();
        let moved = above.names != names;
        above.names = names;
        Ok(moved)
    }

    async fn page(&self, client: &p115::Client, cid: p115::Cid, offset: u64) -> Result<Page> {
        let page = client.files(cid, offset, self.options.page_size).await.map_err(|cause| self.heard(&cause))?;
        let in_reach = page.count <= REACH;
        let page = entry::page(page, offset)?;
        if offset == 0 && page.next.is_some() && in_reach {
            self.by_name.insert(cid, ());
        }
        Ok(page)
    }
}

#[async_trait]
impl Drive for Cloud {
    fn account(&self) -> &str {
        &self.account
    }

    async fn root(&self) -> Result<Entry> {
        if !self.client.alive().await.map_err(|cause| self.heard(&cause))? {
            return Err(error::dead_session());
        }
        let cid = p115::Cid::new(self.options.root);
        *self.above.write() = Above { names: Some(self.names_above().await?), asked: self.now.now() };
        Ok(entry::root(cid))
    }

    async fn list(&self, folder: &Entry, from: Option<u64>, asker: &Asker) -> Result<Page> {
        let (cid, offset) = (entry::cid(&folder.handle)?, from.unwrap_or(0));
        let client = self.client.by(caller(asker));
        // One call for what would take several, and not to the listing that 115's firewall watches most.
        if offset == 0 && self.by_name.contains_key(&cid) {
            match client.files_by_name(cid).await.map_err(|cause| self.heard(&cause)) {
                Ok(Some(whole)) => return entry::page(whole, 0),
                // What it says of this folder, or of itself, the other listing may know better.
                Ok(None) => {}
                Err(error) if matches!(error.kind(), Kind::Upstream | Kind::Timeout) => {
                    tracing::warn!(?error, "115's listing by name fails; the other one is taken");
                }
                Err(error) => return Err(error),
            }
            self.by_name.invalidate(&cid);
        }
        self.page(&client, cid, offset).await
    }

    async fn link(&self, file: &Entry, audience: &Audience, asker: &Asker) -> Result<Link> {
        let pickcode = entry::pickcode(&file.handle)?;
        let ask = link::ask(audience, self.options.unbound_links);
        let answer = self.client.by(caller(asker)).link(&pickcode, ask).await;
        match answer {
            Ok(found) => link::link(found),
            Err(cause) => Err(error::of_link(self.heard(&cause))),
        }
    }

    fn locate(&self) -> Option<&dyn Locate> {
        Some(self)
    }

    fn by_pickcode(&self) -> Option<&dyn ByPickcode> {
        Some(self)
    }

    fn search(&self) -> Option<&dyn Search> {
        Some(self)
    }

    async fn standing(&self) -> Result<()> {
        match self.client.standing().await.map_err(|cause| self.heard(&cause))? {
            Standing::Alive => Ok(()),
            Standing::Kicked => Err(error::kicked_session()),
            Standing::LoggedOut => Err(error::dead_session()),
        }
    }

    fn skew(&self) -> Option<i64> {
        self.client.skew()
    }

    fn space(&self) -> Option<&dyn Space> {
        Some(self)
    }

    fn pause(&self) -> Option<Pause> {
        self.client.pause().map(|pause| error::pause(&pause, self.now.now()))
    }

    fn resume(&self) {
        self.told_of_dead_session.store(false, Ordering::Relaxed);
        self.client.resume();
    }

    async fn hear(&self) {
        self.client.hear().await;
    }
}

#[async_trait]
impl Space for Cloud {
    async fn room(&self) -> Result<Room> {
        let space = self.client.space().await.map_err(|cause| self.heard(&cause))?;
        Ok(Room { total: space.total, used: space.used })
    }
}

#[async_trait]
impl ByPickcode for Cloud {
    fn pickcode<'a>(&self, file: &'a Entry) -> Option<&'a str> {
        entry::pickcode_of(file)
    }

    async fn file(&self, pickcode: &str, asker: &Asker) -> Result<Option<Entry>> {
        let Some(pickcode) = entry::files_pickcode(pickcode) else { return Ok(None) };
        let found = self.client.by(caller(asker)).by_pickcode(&pickcode).await.map_err(|cause| self.heard(&cause))?;
        Ok(found.and_then(entry::file))
    }
}

#[async_trait]
impl Search for Cloud {
    async fn search(
        &self,
        folder: &Handle,
        word: &str,
        only: Option<Only>,
        _hidden: &[String],
        asker: &Asker,
    ) -> Result<Vec<Found>> {
        let (client, cid) = (self.client.by(caller(asker)), entry::cid(folder)?);
        let hits = client.search(cid, word, entry::only(only), entry::HITS).await;
        Ok(hits.map_err(|cause| self.heard(&cause))?.into_iter().map(entry::found).collect())
    }

    async fn above(&self, found: &Found, asker: &Asker) -> Result<Option<Vec<(Handle, Name)>>> {
        let client = self.client.by(caller(asker));
        let stat = client.stat(entry::id(&found.mark)?).await.map_err(|cause| self.heard(&cause))?;
        Ok(stat.and_then(|stat| entry::below(self.options.root, stat.ancestors)))
    }
}

#[async_trait]
impl Locate for Cloud {
    /// `files/getid` knows names as 115 has them: not those that we spell otherwise, nor characters beyond the basic plane,
    /// which 115 keeps in an escaped form (docs/115.md, listing).
    fn can_say(&self, names: &[&str]) -> bool {
        let above = self.above.read();
        let sayable = |name: &str| {
            !name.contains('/')
                && !is_own_spelling(name)
                && name.chars().all(|c| !c.is_control() && u32::from(c) <= 0xffff)
        };
        let said = |above: &Vec<String>| above.iter().map(String::as_str).chain(names.iter().copied()).all(sayable);
        above.names.as_ref().is_some_and(said)
    }

    async fn find(&self, names: &[&str], asker: &Asker) -> Result<Option<Entry>> {
        let mut cid = self.id_of(names, asker).await?;
        if cid.is_none() && self.has_moved().await? {
            cid = self.id_of(names, asker).await?;
        }
        let name = names.last().copied().unwrap_or_default();
        Ok(cid.map(|cid| Entry {
            handle: entry::folder_handle(cid),
            name: Name::shown(name),
            kind: EntryKind::Folder,
            tag: Arc::from(""),
            modified: 0,
            created: 0,
            thumb: None,
        }))
    }
}
