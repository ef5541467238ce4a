//! Authorisations: each holds one pair of tokens, which a refresh exchanges as a whole (docs/115.md, §10.2).

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::{OpenKnobs, Window};
use crate::content::digest;
use crate::quirk::Dice;

/// The pair of an authorisation, as a client would keep it.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenTokens {
    /// What calls bring as `Bearer`.
    pub access: String,
    /// What buys the next pair, once.
    pub refresh: String,
}

impl fmt::Debug for OpenTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenTokens")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Alive,
    /// Ended by the user in the app.
    Revoked,
    /// Pushed out by a later authorisation of the same app.
    Displaced,
}

struct Grant {
    app: String,
    tokens: OpenTokens,
    access_until: u64,
    refresh_until: u64,
    refreshes: Window,
    state: State,
}

#[derive(Clone, Copy)]
struct Known {
    grant: usize,
    refresh: bool,
}

/// Every authorisation there was; times are unix seconds by the simulator's clock.
pub(crate) struct Grants {
    seed: u64,
    minted: u64,
    grants: Vec<Grant>,
    /// Tokens that ever were, dead ones too: 115 tells a stale token from an invented one.
    known: HashMap<String, Known>,
}

impl Grants {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, minted: 0, grants: Vec::new(), known: HashMap::new() }
    }

    /// A further authorisation of `app`; the oldest one beyond the limit dies.
    pub(crate) fn authorise(&mut self, app: &str, now: u64, knobs: &OpenKnobs) -> OpenTokens {
        let tokens = self.mint(self.grants.len());
        self.grants.push(Grant {
            app: app.to_owned(),
            tokens: tokens.clone(),
            access_until: after(now, knobs.access_life),
            refresh_until: after(now, knobs.refresh_life),
            refreshes: Window::default(),
            state: State::Alive,
        });
        let of_app = self.grants.iter_mut().rev().filter(|grant| grant.app == app && grant.state == State::Alive);
        of_app.skip(knobs.per_app).for_each(|grant| grant.state = State::Displaced);
        tokens
    }

    /// A new pair for a refresh token that is the newest of its authorisation; `Err` is the code of §10.3.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        now_ms: u64,
        knobs: &OpenKnobs,
        dice: &Dice,
    ) -> Result<OpenTokens, i64> {
        let now = now_ms / 1000;
        let at = match self.known.get(token) {
            None if !shaped(token) => return Err(40_140_114),
            None | Some(Known { refresh: false, .. }) => return Err(40_140_115),
            Some(known) => known.grant,
        };
        let grant = &mut self.grants[at];
        if grant.state != State::Alive {
            return Err(40_140_116);
        }
        if grant.refresh_until <= now {
            return Err(40_140_119);
        }
        if grant.tokens.refresh != token {
            return Err(dice.pick(&[40_140_120, 40_140_116]));
        }
        // Refused tries count too: who goes on asking stays locked out.
        if grant.refreshes.note(now_ms, knobs.refreshes.1) >= knobs.refreshes.0 {
            return Err(40_140_117);
        }
        let tokens = self.mint(at);
        let grant = &mut self.grants[at];
        grant.tokens = tokens.clone();
        grant.access_until = after(now, knobs.access_life);
        Ok(tokens)
    }

    /// Is this access token good now? `Err` is the code of §10.3.
    pub(crate) fn judge(&self, access: &str, now: u64) -> Result<(), i64> {
        let grant = match self.known.get(access) {
            None if !shaped(access) => return Err(40_140_123),
            None | Some(Known { refresh: true, .. }) => return Err(40_140_124),
            Some(known) => &self.grants[known.grant],
        };
        match grant.state {
            State::Displaced => Err(40_140_116),
            State::Revoked => Err(40_140_125),
            // Not documented; the stricter reading is that a refresh ends the old access token at once.
            State::Alive if grant.tokens.access != access => Err(40_140_126),
            State::Alive if grant.access_until <= now => Err(40_140_125),
            State::Alive => Ok(()),
        }
    }

    /// The pair of the newest authorisation that is alive.
    pub(crate) fn newest(&self) -> Option<OpenTokens> {
        self.grants.iter().rev().find(|grant| grant.state == State::Alive).map(|grant| grant.tokens.clone())
    }

    /// Every access token ends now.
    pub(crate) fn expire_access(&mut self, now: u64) {
        self.grants.iter_mut().for_each(|grant| grant.access_until = grant.access_until.min(now));
    }

    /// Every authorisation ends now, by the user's hand.
    pub(crate) fn revoke(&mut self) {
        let alive = self.grants.iter_mut().filter(|grant| grant.state == State::Alive);
        alive.for_each(|grant| grant.state = State::Revoked);
    }

    fn mint(&mut self, grant: usize) -> OpenTokens {
        self.minted += 1;
        let of = |what: &[u8]| digest(&[what, &self.seed.to_le_bytes(), &self.minted.to_le_bytes()]);
        let token = |what: &str| format!("{}.{}", &of(what.as_bytes())[..32], of(format!("{what} tail").as_bytes()));
        let tokens = OpenTokens { access: token("access"), refresh: token("refresh") };
        self.known.insert(tokens.access.clone(), Known { grant, refresh: false });
        self.known.insert(tokens.refresh.clone(), Known { grant, refresh: true });
        tokens
    }
}

fn after(now: u64, life: Duration) -> u64 {
    now.saturating_add(life.as_secs())
}

/// Tokens are 32 and 40 hexadecimal digits around a dot; the real shape is not documented.
fn shaped(token: &str) -> bool {
    let hex = |part: &str, length| part.len() == length && part.bytes().all(|c| c.is_ascii_hexdigit());
    token.split_once('.').is_some_and(|(head, tail)| hex(head, 32) && hex(tail, 40))
}
