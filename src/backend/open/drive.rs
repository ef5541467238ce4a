//! The drive: its start, its folders, its entries by path, its links.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use p115::open::{ItemPath, OpenClient};
use parking_lot::RwLock;

use super::{
    super::{caller::caller, cloud, entry, link},
    error,
};
use crate::{
    drive::{
        Asker, Audience, ByPickcode, Drive, Entry, Found, Handle, Link, Locate, Only, Page, Pause, Room, Search, Space,
    },
    error::{Error, Kind, Result},
    path::{Name, is_own_spelling},
};

/// What the configuration says of a 115 Open drive, besides its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The folder it shows; 0 is the root of the account.
    pub root: u64,
    /// Entries a page, at most 1150.
    pub page_size: u32,
}

/// A 115 Open drive.
#[derive(Debug)]
pub struct Open {
    client: OpenClient,
    /// The clock that the client's pauses are told by.
    now: p115::Clock,
    options: Options,
    /// Known once it is started.
    account: OnceLock<String>,
    /// The names from the account's root down to this drive's, which included; where that is below the account's root,
    /// known once it is started.
    above: RwLock<Option<Vec<String>>>,
    told_of_dead_tokens: AtomicBool,
}

impl Open {
    pub fn new(client: &OpenClient, now: p115::Clock, options: Options) -> Self {
        Self {
            client: client.by(caller(&Asker::task())),
            now,
            account: OnceLock::new(),
            above: RwLock::new((options.root == 0).then(Vec::new)),
            options,
            told_of_dead_tokens: AtomicBool::new(false),
        }
    }

    fn heard(&self, cause: &p115::Error) -> Error {
        let error = error::translate(cause);
        if error.kind() == Kind::Session && !self.told_of_dead_tokens.swap(true, Ordering::Relaxed) {
            tracing::error!(account = self.account(), "{}", error.message());
        }
        error
    }

    /// The root as a path, which look-ups begin with.
    async fn names_above(&self) -> Result<Vec<String>> {
        if self.options.root == 0 {
            return Ok(Vec::new());
        }
        let cid = p115::Cid::new(self.options.root);
        let info = self.client.info(cid).await.map_err(|cause| self.heard(&cause))?.ok_or_else(|| {
            let what =
                format!("There is no folder with the cid {cid} at 115. Take it from the address of the folder's page.");
            Error::new(Kind::NotFound, what)
        })?;
        if matches!(info.item.kind, p115::ItemKind::File { .. }) {
            let what = format!("{cid} is a file at 115, not a folder: `root` must be the cid of a folder.");
            return Err(Error::new(Kind::NotFound, what));
        }
        let above = info.ancestors.into_iter().filter(|(id, _)| *id != p115::Cid::ROOT).map(|(_, name)| name);
        Ok(above.chain([info.item.name]).collect())
    }
}

#[async_trait]
impl Drive for Open {
    fn account(&self) -> &str {
        self.account.get().map_or("115-open", String::as_str)
    }

    fn listed_as(&self) -> Option<String> {
        self.account.get().cloned()
    }

    async fn root(&self) -> Result<Entry> {
        let user = self.client.user().await.map_err(|cause| self.heard(&cause))?;
        self.account.get_or_init(|| format!("115-open:{}", user.id));
        let names = self.names_above().await?;
        *self.above.write() = Some(names);
        Ok(entry::root(p115::Cid::new(self.options.root)))
    }

    async fn list(&self, folder: &Entry, from: Option<u64>, asker: &Asker) -> Result<Page> {
        let (cid, offset) = (entry::cid(&folder.handle)?, from.unwrap_or(0));
        let client = self.client.by(caller(asker));
        let page = client.files(cid, offset, self.options.page_size).await.map_err(|cause| self.heard(&cause))?;
        entry::page(page, offset)
    }

    async fn link(&self, file: &Entry, audience: &Audience, asker: &Asker) -> Result<Link> {
        let pickcode = entry::pickcode(&file.handle)?;
        let user_agent = link::ask(audience, false).user_agent;
        match self.client.by(caller(asker)).link(&pickcode, None, user_agent).await {
            Ok(found) => link::link(found),
            Err(cause) => Err(cloud::error::of_link(self.heard(&cause))),
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
        self.told_of_dead_tokens.store(false, Ordering::Relaxed);
        self.client.resume();
    }

    async fn hear(&self) {
        self.client.hear().await;
    }
}

#[async_trait]
impl Space for Open {
    async fn room(&self) -> Result<Room> {
        let user = self.client.user().await.map_err(|cause| self.heard(&cause))?;
        let untold = || Error::new(Kind::Upstream, "115 does not tell how full the account is.");
        user.space.map(|space| Room { total: space.total, used: space.used }).ok_or_else(untold)
    }
}

#[async_trait]
impl ByPickcode for Open {
    /// Found is what has its id in its code.
    fn pickcode<'a>(&self, file: &'a Entry) -> Option<&'a str> {
        entry::pickcode_of(file).filter(|text| entry::files_pickcode(text).is_some_and(|code| code.file_id().is_some()))
    }

    async fn file(&self, pickcode: &str, asker: &Asker) -> Result<Option<Entry>> {
        let Some(pickcode) = entry::files_pickcode(pickcode) else { return Ok(None) };
        let found = self.client.by(caller(asker)).by_pickcode(&pickcode).await.map_err(|cause| self.heard(&cause))?;
        Ok(found.and_then(entry::file))
    }
}

#[async_trait]
impl Search for Open {
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
        let info = client.info(entry::id(&found.mark)?).await.map_err(|cause| self.heard(&cause))?;
        Ok(info.and_then(|info| entry::below(self.options.root, info.ancestors)))
    }
}

#[async_trait]
impl Locate for Open {
    fn can_say(&self, names: &[&str]) -> bool {
        let plain = |name: &str| !is_own_spelling(name) && !name.chars().any(char::is_control);
        names.iter().all(|name| plain(name)) && self.item_path(names).is_some()
    }

    fn finds_files(&self) -> bool {
        true
    }

    async fn find(&self, names: &[&str], asker: &Asker) -> Result<Option<Entry>> {
        let Some(path) = self.item_path(names) else { return Ok(None) };
        let found = self.client.by(caller(asker)).find(&path).await.map_err(|cause| self.heard(&cause))?;
        Ok(found.map(|info| entry::entry(info.item)))
    }
}

impl Open {
    fn item_path(&self, names: &[&str]) -> Option<ItemPath> {
        let above = self.above.read();
        let whole: Vec<&str> = above.as_ref()?.iter().map(String::as_str).chain(names.iter().copied()).collect();
        ItemPath::new(&whole)
    }
}
