//! Files by their pickcodes, for links that outlive a rename and a move: what was found is kept, and the drive asked once.

use std::{
    fmt::{self, Write as _},
    sync::{Arc, OnceLock},
    time::Duration,
};

use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::{
    flight::{Flights, Tasks},
    listings::Ages,
    mounts::Mounted,
};
use crate::{
    clock::Clock,
    drive::{Asker, ByPickcode, Drive, Entry, Handle},
    error::{Error, Kind, Result},
};

/// Files remembered by their pickcodes.
const MAX_FILES: u64 = 20_000;
/// That there is no such file is believed this long: it may come back from the recycle bin, or its upload may end.
const SURE_OF_ABSENCE: Duration = Duration::from_secs(60);
/// After a failure that nobody can bridge, the drive is asked again after this; else after [`ASK_AGAIN`].
const FAILURE_LIFE: Duration = Duration::from_secs(3);
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Hex digits of a mount's id that are the account's, and as many that are the folder's.
const HALF: usize = 8;

/// How stable links call the files of a mount.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    /// The id of the mount: the same whatever its path, for as long as it shows this folder of this account.
    pub mount: &'a str,
    drive: &'a dyn ByPickcode,
}

impl<'a> Codes<'a> {
    pub fn new(mount: &'a str, drive: &'a dyn ByPickcode) -> Self {
        Self { mount, drive }
    }

    /// The pickcode of a file, where it can be found by it.
    pub fn pickcode<'e>(&self, file: &'e Entry) -> Option<&'e str> {
        self.drive.pickcode(file)
    }
}

/// The files of a mount that were asked for by their pickcodes.
pub(super) struct Stable {
    found: Cache<Arc<str>, Found>,
    flights: Flights<Arc<str>, Option<Arc<Entry>>>,
    clock: Clock,
    life: Duration,
    /// For how long a file that is past its time is given while the drive is asked anew.
    overdue: Duration,
    /// Known once the drive knows whose it is.
    id: OnceLock<String>,
}

#[derive(Clone, Default)]
struct Found {
    /// What the drive said last, and when.
    said: Option<(Option<Arc<Entry>>, Duration)>,
    /// Why it said nothing since, and until when it is not asked again.
    failed: Option<(Error, Duration)>,
}

impl Found {
    fn file(&self) -> Option<&Arc<Entry>> {
        self.said.as_ref()?.0.as_ref()
    }
}

impl Stable {
    pub(super) fn new(clock: Clock, ages: Ages, overdue: Duration, tasks: Tasks) -> Self {
        Self {
            found: Cache::new(MAX_FILES),
            flights: Flights::new(tasks),
            clock,
            life: ages.listing,
            overdue,
            id: OnceLock::new(),
        }
    }

    /// The file of this pickcode, and until when that holds; `None` where it is past its time.
    pub(super) async fn file(
        &self,
        drive: &Arc<dyn Drive>,
        pickcode: &str,
        asker: &Asker,
    ) -> Result<(Arc<Entry>, Option<Duration>)> {
        let pickcode: Arc<str> = pickcode.into();
        let now = self.clock.now();
        let known = self.found.get(&pickcode).unwrap_or_default();
        let failed = known.failed.clone().filter(|(_, until)| now < *until).map(|(error, _)| error);
        if let Some((file, at)) = &known.said {
            let until = *at + self.life_of(file.as_deref());
            let file = file.clone().ok_or_else(missing);
            if now < until {
                return Ok((file?, Some(until)));
            }
            if let Ok(file) = file
                && file.can_be_opened()
                && now < until + self.overdue
            {
                if failed.is_none() && drive.pause().is_none() {
                    self.flights.start(&pickcode, |asker| self.ask(drive, &pickcode, asker));
                }
                return Ok((file, None));
            }
        }
        let answer = match failed {
            Some(error) => Err(error),
            None => self.flights.join(&pickcode, asker, |asker| self.ask(drive, &pickcode, asker)).await,
        };
        match answer {
            Ok(Some(file)) => {
                let until = now + self.life_of(Some(&file));
                Ok((file, Some(until)))
            }
            Ok(None) => Err(missing()),
            // What was known once stands in for what cannot be asked.
            Err(error) if error.kind().is_unreachable() => Ok((known.file().cloned().ok_or(error)?, None)),
            Err(error) => Err(error),
        }
    }

    fn life_of(&self, file: Option<&Entry>) -> Duration {
        if file.is_some_and(Entry::can_be_opened) { self.life } else { SURE_OF_ABSENCE.min(self.life) }
    }

    /// Asks the drive, and takes in the answer.
    fn ask(
        &self,
        drive: &Arc<dyn Drive>,
        pickcode: &Arc<str>,
        asker: Asker,
    ) -> impl Future<Output = Result<Option<Arc<Entry>>>> + Send + use<> {
        let (drive, pickcode, found, clock) =
            (Arc::clone(drive), Arc::clone(pickcode), self.found.clone(), self.clock.clone());
        async move {
            let at = clock.now();
            let answer = match drive.by_pickcode() {
                Some(drive) => drive.file(&pickcode, &asker).await,
                None => Ok(None),
            };
            match answer {
                Ok(file) => {
                    let file = file.map(Arc::new);
                    found.insert(pickcode, Found { said: Some((file.clone(), at)), failed: None });
                    Ok(file)
                }
                Err(error) => {
                    if error.kind().cost_a_call() {
                        let known = found.get(&pickcode).unwrap_or_default();
                        let rest = if known.file().is_some() { ASK_AGAIN } else { FAILURE_LIFE };
                        let failed = Some((error.clone(), clock.now() + rest));
                        found.insert(pickcode, Found { failed, ..known });
                    }
                    Err(error)
                }
            }
        }
    }

    /// The file of this pickcode turned out to be gone.
    pub(super) fn forget(&self, pickcode: &str) {
        self.found.invalidate(pickcode);
    }
}

impl fmt::Debug for Stable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stable").field("found", &self.found.entry_count()).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Mounted {
    /// How stable links call its files; `None` where its drive finds nothing by pickcodes, or does not know yet whose it is.
    pub fn codes(&self) -> Option<Codes<'_>> {
        let drive = self.drive.by_pickcode()?;
        let id = match self.stable.id.get() {
            Some(id) => id,
            None => {
                let account = self.drive.listed_as()?;
                self.stable.id.get_or_init(|| id(&account, &self.root.handle))
            }
        };
        Some(Codes::new(id, drive))
    }
}

/// Made of what stays when a mount gets another path or another place among the others. The two sums stand apart, so that a
/// mount that shows another folder of the account can still be found by its half.
fn id(account: &str, root: &Handle) -> String {
    [account, root.as_str()].iter().fold(String::with_capacity(2 * HALF), |mut id, part| {
        for byte in &Sha256::digest(part)[..HALF / 2] {
            // Writing to a String cannot fail.
            _ = write!(id, "{byte:02x}");
        }
        id
    })
}

/// Whether two ids are of one account.
pub(super) fn share_account(one: &str, other: &str) -> bool {
    one.len() == 2 * HALF && other.len() == 2 * HALF && one.get(..HALF) == other.get(..HALF)
}

fn missing() -> Error {
    Error::new(Kind::NotFound, "The file of this link is there no more: it was deleted, or lies in the recycle bin.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_an_account_and_a_folder_and_names_neither() {
        let of = |account: &str, root: &str| id(account, &Handle::new(root));
        let one = of("115-cloud:100197303", "d:0");
        assert_eq!(one, of("115-cloud:100197303", "d:0"), "the same after a restart");
        assert!(one.len() == 16 && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
        let (folder, account) = (of("115-cloud:100197303", "d:7"), of("115-open:100197303", "d:0"));
        assert!(one != folder && share_account(&one, &folder));
        assert!(one != account && !share_account(&one, &account));
        assert!(!share_account("", "") && !share_account(&one, &one[..15]));
    }
}
