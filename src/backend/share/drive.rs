//! The drive: its start, its folders, its links.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http::header;
use p115::{Cid, FileId, ShareItem, ShareItemKind, SharePage, Standing};
use parking_lot::Mutex;

use super::{
    super::{caller::caller, cloud, entry, link},
    error,
};
use crate::{
    drive::{Asker, Audience, Binding, Drive, Entry, Handle, Kind as EntryKind, Link, Page, Pause, Thumb},
    error::{Error, Kind, Result},
    path::Name,
};

/// What the configuration says of a share, besides what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The folder it shows; 0 is all that is shared.
    pub root: u64,
    /// Entries a page, at most 1000.
    pub page_size: u32,
    /// Whether links are asked for unbound first.
    pub unbound_links: bool,
}

/// A share as a drive.
#[derive(Debug)]
pub struct Share {
    share: p115::Share,
    code: p115::ShareCode,
    /// The login that links are asked with, if there is one.
    client: Option<p115::Client>,
    /// The clock that pauses are told by.
    now: p115::Clock,
    options: Options,
    account: String,
    /// What is wrong with the share, until it has answered well again, and until when it is not asked.
    held: Mutex<Option<(Error, Duration)>>,
}

impl Share {
    pub fn new(
        egress: p115::Egress,
        share: p115::ShareRef,
        client: Option<p115::Client>,
        now: p115::Clock,
        options: Options,
    ) -> Self {
        let account = match &client {
            // Connections for its files count for that user, as those of the user's own files do.
            Some(client) => format!("115-cloud:{}", client.user_id()),
            None => format!("115-share:{}", share.code),
        };
        let code = share.code.clone();
        let share = p115::Share::new(egress, share, client.clone()).listing_as_account();
        Self { share, code, client, now, options, account, held: Mutex::default() }
    }

    /// The failure, which holds for a while where it is the share itself that is at fault.
    fn heard(&self, cause: &p115::Error) -> Error {
        let error = error::translate(cause);
        if let p115::Kind::Share(fault) = cause.kind
            && error::hold(fault).is_some()
            && let Some(hold) = error.wait()
        {
            *self.held.lock() = Some((error.clone(), self.now.now() + hold));
        }
        error
    }

    /// Fails with what was wrong with the share a while ago: it is not asked again so soon.
    fn rested(&self) -> Result<()> {
        let now = self.now.now();
        match &*self.held.lock() {
            Some((error, until)) if *until > now => Err(error.clone().retry_after(Some(until.saturating_sub(now)))),
            _ => Ok(()),
        }
    }

    async fn files(&self, cid: Cid, offset: u64, limit: u32, asker: &Asker) -> Result<SharePage> {
        self.rested()?;
        let page = self.share.by(&caller(asker)).files(cid, offset, limit).await.map_err(|cause| self.heard(&cause))?;
        *self.held.lock() = None;
        Ok(page)
    }
}

#[async_trait]
impl Drive for Share {
    fn account(&self) -> &str {
        &self.account
    }

    /// Whoever looks at a share sees the same, and cids of its owner.
    fn listed_as(&self) -> Option<String> {
        Some(format!("115-share:{}", self.code))
    }

    async fn root(&self) -> Result<Entry> {
        let cid = Cid::new(self.options.root);
        match self.files(cid, 0, 1, &Asker::task()).await {
            Ok(_) => Ok(entry::root(cid)),
            Err(error) if error.kind() == Kind::NotFound && self.options.root != 0 => {
                let what = format!(
                    "There is no folder with the cid {cid} in the share. Leave `root` out for all that is shared, or take it from the address of the folder's page."
                );
                Err(Error::new(Kind::NotFound, what).source(error))
            }
            Err(error) => Err(error),
        }
    }

    async fn list(&self, folder: &Entry, from: Option<u64>, asker: &Asker) -> Result<Page> {
        let (cid, offset) = (entry::cid(&folder.handle)?, from.unwrap_or(0));
        page(self.files(cid, offset, self.options.page_size, asker).await?)
    }

    async fn link(&self, file: &Entry, audience: &Audience, asker: &Asker) -> Result<Link> {
        self.rested()?;
        let ask = link::ask(audience, self.options.unbound_links);
        match self.share.by(&caller(asker)).link(file_id(&file.handle)?, &ask).await {
            Ok(found) => Ok(reachable(link::link(found)?, audience)),
            Err(cause) => Err(cloud::error::of_link(self.heard(&cause))),
        }
    }

    async fn standing(&self) -> Result<()> {
        let Some(client) = &self.client else { return Ok(()) };
        match client.standing().await.map_err(|cause| self.heard(&cause))? {
            Standing::Alive => Ok(()),
            Standing::Kicked => Err(cloud::error::kicked_session()),
            Standing::LoggedOut => Err(cloud::error::dead_session()),
        }
    }

    fn skew(&self) -> Option<i64> {
        self.client.as_ref().and_then(p115::Client::skew)
    }

    fn pause(&self) -> Option<Pause> {
        let pause = self.client.as_ref().and_then(p115::Client::pause);
        pause.map(|pause| cloud::error::pause(&pause, self.now.now()))
    }

    fn trouble(&self) -> Option<Error> {
        let (error, until) = self.held.lock().clone()?;
        let left = until.saturating_sub(self.now.now());
        Some(error.retry_after((!left.is_zero()).then_some(left)))
    }

    fn resume(&self) {
        *self.held.lock() = None;
        if let Some(client) = &self.client {
            client.resume();
        }
    }

    async fn hear(&self) {
        self.share.hear().await;
    }
}

/// Where 115 gives a link to its own client alone, nobody else can be redirected to it.
fn reachable(link: Link, audience: &Audience) -> Link {
    let Audience::Client(client) = audience else { return link };
    let foreign = link.binding == Binding::UserAgent && link.headers.get(header::USER_AGENT) != client.as_ref();
    if foreign { Link { binding: Binding::Cookie, ..link } } else { link }
}

/// A part of a folder, once 115 has listed it.
fn page(page: SharePage) -> Result<Page> {
    let got = page.entries.len() as u64;
    // A page may be shorter than asked for; only an empty one, or the count, is the end (docs/115.md, quirk 10).
    if got == 0 && page.offset == 0 && page.count > 0 {
        let what = "115 counts entries in this folder of the share and shows none. Try again in a moment.";
        return Err(Error::new(Kind::Upstream, what));
    }
    let next = Some(page.offset + got).filter(|&next| got > 0 && next < page.count);
    Ok(Page { entries: page.entries.into_iter().map(shown).collect(), next, newest_first: false })
}

fn shown(item: ShareItem) -> Entry {
    let (handle, kind, tag) = match item.kind {
        ShareItemKind::Dir { cid } => (entry::folder_handle(cid), EntryKind::Folder, cid.to_string()),
        ShareItemKind::File { id, size, sha1 } => {
            let sha1 = sha1.map(|sha1| Arc::from(sha1.to_ascii_lowercase()));
            (Handle::new(&format!("s:{id}")), EntryKind::File { size, sha1, complete: true }, id.to_string())
        }
    };
    let name = Name::shown(&item.name);
    let thumb = item.thumb.as_deref().and_then(Thumb::parse);
    Entry { handle, name, kind, tag: tag.into(), modified: item.modified.unwrap_or_default(), created: 0, thumb }
}

fn file_id(handle: &Handle) -> Result<FileId> {
    let id = handle.as_str().strip_prefix("s:").and_then(|id| id.parse().ok()).map(FileId::new);
    id.ok_or_else(|| Error::new(Kind::Internal, format!("The handle \"{}\" is no file of a share.", handle.as_str())))
}
