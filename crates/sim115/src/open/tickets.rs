//! Device codes: a QR code on its way from the app that shows it to the phone that confirms it (docs/115.md, §10.1).

use std::collections::BTreeMap;
use std::time::Duration;

use super::pkce::Challenge;
use crate::content::digest;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    Scanned,
    Confirmed,
    Cancelled,
    Expired,
}

pub(crate) struct Ticket {
    pub(crate) app: String,
    pub(crate) challenge: Challenge,
    pub(crate) time: u64,
    pub(crate) sign: String,
    number: u64,
    stage: Stage,
    /// What the one who polls has heard last; a poll is held until there is news.
    told: Stage,
}

/// Open tickets by their `uid`; times are unix seconds by the simulator's clock.
pub(crate) struct Tickets {
    seed: u64,
    made: u64,
    by_uid: BTreeMap<String, Ticket>,
}

impl Tickets {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, made: 0, by_uid: BTreeMap::new() }
    }

    /// The `uid` and `sign` of a new ticket.
    pub(crate) fn open(&mut self, app: &str, challenge: Challenge, now: u64) -> (String, String) {
        self.made += 1;
        let of = |what: &[u8]| digest(&[what, &self.seed.to_le_bytes(), &self.made.to_le_bytes()]);
        let (uid, sign) = (of(b"open uid"), of(b"open sign"));
        let (stage, told) = (Stage::Waiting, Stage::Waiting);
        let ticket =
            Ticket { app: app.to_owned(), challenge, time: now, sign: sign.clone(), number: self.made, stage, told };
        self.by_uid.insert(uid.clone(), ticket);
        (uid, sign)
    }

    pub(crate) fn get(&self, uid: &str) -> Option<&Ticket> {
        self.by_uid.get(uid)
    }

    pub(crate) fn stage(&self, uid: &str, now: u64, life: Duration) -> Option<Stage> {
        self.get(uid).map(|ticket| ticket.stage_at(now, life))
    }

    /// Is there anything the one who polls has not heard? True for a ticket that is none.
    pub(crate) fn has_news(&self, uid: &str, now: u64, life: Duration) -> bool {
        self.get(uid).is_none_or(|ticket| ticket.stage_at(now, life) != ticket.told)
    }

    /// What a poll hears now, and whether it has heard the same before.
    pub(crate) fn tell(&mut self, uid: &str, now: u64, life: Duration) -> Option<(Stage, bool)> {
        let ticket = self.by_uid.get_mut(uid)?;
        let stage = ticket.stage_at(now, life);
        Some((stage, std::mem::replace(&mut ticket.told, stage) == stage))
    }

    /// The phone's part; false where the order of things does not allow it.
    pub(crate) fn turn(&mut self, uid: &str, to: Stage, now: u64, life: Duration) -> bool {
        let Some(ticket) = self.by_uid.get_mut(uid) else { return false };
        let allowed = matches!(
            (ticket.stage_at(now, life), to),
            (Stage::Waiting, Stage::Scanned) | (Stage::Scanned, Stage::Confirmed | Stage::Cancelled)
        );
        if allowed {
            ticket.stage = to;
        }
        allowed
    }

    /// A ticket is good for one pair of tokens.
    pub(crate) fn redeem(&mut self, uid: &str) {
        self.by_uid.remove(uid);
    }

    /// Those still to be scanned, oldest first.
    pub(crate) fn waiting(&self, now: u64, life: Duration) -> Vec<String> {
        let mut waiting: Vec<_> =
            self.by_uid.iter().filter(|(_, ticket)| ticket.stage_at(now, life) == Stage::Waiting).collect();
        waiting.sort_by_key(|(_, ticket)| ticket.number);
        waiting.into_iter().map(|(uid, _)| uid.clone()).collect()
    }
}

impl Ticket {
    fn stage_at(&self, now: u64, life: Duration) -> Stage {
        let over = self.time.saturating_add(life.as_secs()) <= now;
        if over && self.stage != Stage::Cancelled { Stage::Expired } else { self.stage }
    }
}
