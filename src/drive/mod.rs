//! THE PORT: what a drive can do, and the words for what it gives.

mod asker;
mod entry;
mod family;
mod link;
mod login;
mod opened;
mod search;
mod thumb;

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

pub use asker::{Asker, CallerKind};
pub use entry::{Entry, Handle, Kind, Page};
pub use family::Family;
pub use link::{Audience, Binding, Link};
pub use login::{Begun, Device, Login, Progress};
pub use opened::{Local, Opened};
pub use search::{Found, Only, Search, folded, looked_for};
pub use thumb::Thumb;

use crate::error::{Error, Kind as ErrorKind, Result};

/// One backend instance: a tree of entries under a root, and links to its files, or the files themselves. Every method may
/// go to the network or to a disk; the drive guards its account, its callers keep what they learnt. What names no asker is asked
/// for ourselves.
#[async_trait]
pub trait Drive: Debug + Send + Sync + 'static {
    /// Whose account this is: service and user, no secret. Drives of one account share its limits.
    fn account(&self) -> &str;

    /// Whose folders it lists: what is kept of one holds for every drive that says the same. `None` where nothing is to be
    /// kept, or where the drive learns it at its start.
    fn listed_as(&self) -> Option<String> {
        Some(self.account().to_owned())
    }

    /// The folder the mount shows.
    async fn root(&self) -> Result<Entry>;

    /// One page of a folder, from its start or from where the page before ended. A page without entries and without a
    /// `next` is an empty folder, never a failure.
    async fn list(&self, folder: &Entry, from: Option<u64>, asker: &Asker) -> Result<Page>;

    /// A fresh URL of a file's bytes, for who will fetch it. A drive that is [`Self::local`] has none to give.
    async fn link(&self, file: &Entry, _audience: &Audience, _asker: &Asker) -> Result<Link> {
        Err(Error::new(ErrorKind::Internal, format!("A link was asked for, and \"{}\" has none.", file.name)))
    }

    /// Opening files, where they are on this machine: then no links are asked for.
    fn local(&self) -> Option<&dyn Local> {
        None
    }

    /// How long a listing may be taken as it is, where the drive knows better than what was configured.
    fn listings_hold(&self) -> Option<Duration> {
        None
    }

    /// Finding an entry by its path in one call, where the drive can.
    fn locate(&self) -> Option<&dyn Locate> {
        None
    }

    /// Finding a file by its pickcode, where the drive can.
    fn by_pickcode(&self) -> Option<&dyn ByPickcode> {
        None
    }

    /// Finding entries by their names anywhere below a folder, where the drive can.
    fn search(&self) -> Option<&dyn Search> {
        None
    }

    /// Asks how the login stands, more thoroughly than a start does, and fails if it does not give all that it should.
    async fn standing(&self) -> Result<()> {
        Ok(())
    }

    /// By how many seconds the service's clock is ahead of ours, where it has told the time; right to a second or two.
    fn skew(&self) -> Option<i64> {
        None
    }

    /// How much room there is, where the service tells it.
    fn space(&self) -> Option<&dyn Space> {
        None
    }

    /// Why the drive makes no calls at the moment, if so.
    fn pause(&self) -> Option<Pause> {
        None
    }

    /// What is wrong with all that the drive shows, as far as the service has said so; nobody is asked. While it says how long to
    /// wait, nobody will be; after that whoever comes by asks again.
    fn trouble(&self) -> Option<Error> {
        None
    }

    /// Ends a pause that a person may end.
    fn resume(&self) {}

    /// Takes up pauses that other processes have begun or ended, and lets them know of ours.
    async fn hear(&self) {}
}

/// Path to entry, in a number of calls that does not grow with the depth.
#[async_trait]
pub trait Locate: Debug + Send + Sync {
    /// True where every one of these names can be said to the drive as it is.
    fn can_say(&self, names: &[&str]) -> bool;

    /// True where it finds files too, not folders alone.
    fn finds_files(&self) -> bool {
        false
    }

    /// What stands at these names below the root; `None` where nothing does that can be found this way.
    async fn find(&self, names: &[&str], asker: &Asker) -> Result<Option<Entry>>;
}

/// Pickcode to entry, in one call: a code that stays the file's whatever it is called and wherever it lies.
#[async_trait]
pub trait ByPickcode: Debug + Send + Sync {
    /// The pickcode of a file of this drive, ASCII letters and digits; `None` where it cannot be found by one.
    fn pickcode<'a>(&self, file: &'a Entry) -> Option<&'a str>;

    /// The file of this pickcode, also outside of the root; `None` where there is no such file (any more). A folder is none.
    async fn file(&self, pickcode: &str, asker: &Asker) -> Result<Option<Entry>>;
}

/// Telling how much room there is.
#[async_trait]
pub trait Space: Debug + Send + Sync {
    async fn room(&self) -> Result<Room>;
}

/// The room of a drive's account, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// All of it.
    pub total: u64,
    /// What is taken.
    pub used: u64,
}

/// No calls go out for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Why, as a word for counting: one of few.
    pub cause: &'static str,
    /// Why, in words, and what ends it.
    pub reason: String,
    /// How long still; `None`: until a person does something.
    pub left: Option<Duration>,
}
