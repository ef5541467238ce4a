//! What is remembered of the passwords of users, so that another one ends logins, and setting it back revives none.

use std::collections::BTreeMap;

use super::{Hash, Password, User, hashing::Hashing, token::random_hex, unreadable};
use crate::{
    error::{Error, Kind, Result},
    store::secrets::Secrets,
};

/// The name of the record of all users in the store.
const PASSWORDS: &str = "passwords";

/// The password of a user as it was seen last.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    pub(super) hash: Hash,
    /// Stands for it in tokens: made up whenever it is another one.
    pub(super) id: String,
}

/// What is remembered of each of these users from now on, in their order.
///
/// A password that is written plainly is the same as long as what was kept fits it. One that is written as a hash is
/// the same as long as that hash is: another hash of the same password, as a second `gate115 passwd` prints it, ends the
/// logins of its user. A user who is not among these is forgotten, and his logins stay ended should he come back.
///
/// What is `known` is the hash of a user whose password has not changed since this process looked at it: that is not
/// done again.
pub(super) async fn remember<'a>(
    users: &[User],
    known: impl Fn(&User) -> Option<&'a Hash>,
    secrets: &Secrets,
    hashing: &Hashing,
) -> Result<Vec<Remembered>> {
    loop {
        let stored = secrets.stored(PASSWORDS).await?;
        let mut kept = stored.as_ref().map_or_else(|| Ok(BTreeMap::new()), |stored| read(&stored.value.bytes))?;
        let mut remembered = Vec::with_capacity(users.len());
        for user in users {
            let last = kept.remove(&user.name);
            remembered.push(match (last, known(user)) {
                // Another process may have seen another password meanwhile.
                (Some(last), Some(known)) if last.hash.as_phc() == known.as_phc() => last,
                (last, _) => {
                    let password = user.password.clone();
                    hashing.surely(move || seen(&password, last)).await?
                }
            });
        }
        let record = written(users, &remembered)?;
        if stored.as_ref().is_some_and(|stored| stored.value.bytes == record)
            || secrets.replace(PASSWORDS, stored.map(|stored| stored.version), &record).await?
        {
            return Ok(remembered);
        }
    }
}

/// Takes a while.
fn seen(password: &Password, last: Option<Remembered>) -> Remembered {
    last.filter(|last| password.is_kept_as(&last.hash))
        .unwrap_or_else(|| Remembered { hash: password.hashed(), id: random_hex::<16>() })
}

fn read(record: &[u8]) -> Result<BTreeMap<String, Remembered>> {
    let kept: BTreeMap<String, [String; 2]> = serde_json::from_slice(record).map_err(|_| unreadable())?;
    let kept = kept.into_iter().map(|(name, [hash, id])| {
        let hash = Hash::read(&hash).map_err(|_| unreadable())?;
        Ok((name, Remembered { hash, id }))
    });
    kept.collect()
}

/// The same bytes for the same users, in whatever order they are.
fn written(users: &[User], remembered: &[Remembered]) -> Result<Vec<u8>> {
    let names = users.iter().map(|user| &user.name);
    let record: BTreeMap<_, _> =
        names.zip(remembered).map(|(name, Remembered { hash, id })| (name, [hash.as_phc(), id])).collect();
    serde_json::to_vec(&record)
        .map_err(|error| Error::new(Kind::Internal, "Passwords cannot be written down.").source(error))
}
