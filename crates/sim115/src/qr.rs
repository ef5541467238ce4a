//! QR codes to log in by: what the phone has done to each, and how long a poll waits for it (docs/115.md, §2).

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::content::digest;
use crate::sim::Sim;

/// Codes remembered; older ones are as good as expired.
const KEPT: usize = 1_000;
/// How soon a held poll sees that the simulator's clock was moved.
const LOOK: Duration = Duration::from_millis(20);

/// What a person does with the phone on which the account is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phone {
    /// Points the camera at the code.
    Scan,
    /// Agrees to the login, after the scan.
    Confirm,
    /// Declines it, after the scan.
    Cancel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    Scanned,
    Confirmed,
    Cancelled,
    /// Over before a poll that was being held for it came back.
    JustExpired,
    /// Over for long, exchanged for a cookie, or never ours.
    Gone,
}

#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) uid: String,
    pub(crate) time: u64,
    pub(crate) sign: String,
    born_ms: u64,
    stage: Stage,
    /// What the last poll was told.
    told: Stage,
    polls: u64,
    held: bool,
}

#[derive(Default)]
pub(crate) struct Codes {
    all: Mutex<VecDeque<Code>>,
    script: Mutex<Vec<(u64, Phone)>>,
    changed: Notify,
}

impl Code {
    fn lives(&self, now_ms: u64, life: Duration) -> bool {
        self.stage != Stage::Gone && now_ms.saturating_sub(self.born_ms) < life.as_millis() as u64
    }

    fn act(&mut self, phone: Phone) -> bool {
        self.stage = match (phone, self.stage) {
            (Phone::Scan, Stage::Waiting) => Stage::Scanned,
            (Phone::Confirm, Stage::Scanned) => Stage::Confirmed,
            (Phone::Cancel, Stage::Scanned) => Stage::Cancelled,
            _ => return false,
        };
        true
    }
}

impl Sim {
    /// The codes asked for so far, by their `uid`, newest last.
    pub fn qr_codes(&self) -> Vec<String> {
        self.0.codes.all.lock().iter().map(|code| code.uid.clone()).collect()
    }

    /// Polls of a code that have come in, the one being held among them.
    pub fn qr_polls(&self, uid: &str) -> u64 {
        self.0.codes.all.lock().iter().find(|code| code.uid == uid).map_or(0, |code| code.polls)
    }

    /// The phone scans a code. False when it is not there to be scanned any more.
    pub fn qr_scan(&self, uid: &str) -> bool {
        self.qr_act(uid, Phone::Scan)
    }

    /// The phone agrees to the login of a scanned code. False when there is none.
    pub fn qr_confirm(&self, uid: &str) -> bool {
        self.qr_act(uid, Phone::Confirm)
    }

    /// The phone declines the login of a scanned code. False when there is none.
    pub fn qr_cancel(&self, uid: &str) -> bool {
        self.qr_act(uid, Phone::Cancel)
    }

    /// The phone acts by itself, on every code, once this many polls of it have been answered.
    pub fn phone_acts(&self, after_polls: u64, phone: Phone) {
        self.0.codes.script.lock().push((after_polls, phone));
    }

    /// See [`Builder::qr_hold`](crate::Builder::qr_hold).
    pub fn set_qr_hold(&self, hold: Duration) {
        self.0.knobs.lock().qr_hold = hold;
    }

    /// See [`Builder::qr_life`](crate::Builder::qr_life). Holds for codes that are there already, too.
    pub fn set_qr_life(&self, life: Duration) {
        self.0.knobs.lock().qr_life = life;
    }

    fn qr_act(&self, uid: &str, phone: Phone) -> bool {
        let done = self.qr_with(uid, |code| code.act(phone)).unwrap_or(false);
        self.0.codes.changed.notify_waiters();
        done
    }

    pub(crate) fn qr_new(&self) -> Code {
        let (born_ms, key) = (self.0.clock.now_ms(), self.0.dice.key());
        let code = Code {
            uid: digest(&[b"qr uid", &key]),
            time: born_ms / 1000,
            sign: digest(&[b"qr sign", &key]),
            born_ms,
            stage: Stage::Waiting,
            told: Stage::Waiting,
            polls: 0,
            held: false,
        };
        let mut all = self.0.codes.all.lock();
        if all.len() == KEPT {
            all.pop_front();
        }
        all.push_back(code.clone());
        code
    }

    /// `None` for a code that is over or was never ours.
    fn qr_with<T>(&self, uid: &str, with: impl FnOnce(&mut Code) -> T) -> Option<T> {
        let (now, life) = (self.0.clock.now_ms(), self.0.knobs.lock().qr_life);
        let mut all = self.0.codes.all.lock();
        all.iter_mut().find(|code| code.uid == uid).filter(|code| code.lives(now, life)).map(with)
    }

    /// Waits until a poll of this code has something to say, or has waited long enough.
    pub(crate) async fn qr_hold(&self, uid: &str) {
        let script = self.0.codes.script.lock().clone();
        let polled = self.qr_with(uid, |code| {
            let polls = code.polls;
            for (_, phone) in script.iter().filter(|(after, _)| *after <= polls) {
                code.act(*phone);
            }
            code.polls += 1;
            code.held = true;
        });
        let until = Instant::now() + self.0.knobs.lock().qr_hold;
        while polled.is_some() && Instant::now() < until {
            let changed = self.0.codes.changed.notified();
            let quiet =
                |code: &mut Code| code.stage == code.told && [Stage::Waiting, Stage::Scanned].contains(&code.stage);
            if !self.qr_with(uid, quiet).unwrap_or(false) {
                return;
            }
            // Either outcome is a reason to look again.
            let _ = timeout(LOOK.min(until - Instant::now()), changed).await;
        }
    }

    /// What the poll that was just held is told.
    pub(crate) fn qr_tell(&self, uid: &str) -> Stage {
        let told = self.qr_with(uid, |code| {
            code.held = false;
            code.told = code.stage;
            code.stage
        });
        told.unwrap_or_else(|| {
            let mut all = self.0.codes.all.lock();
            let code = all.iter_mut().find(|code| code.uid == uid && code.stage != Stage::Gone);
            let held = code.is_some_and(|code| std::mem::take(&mut code.held));
            if held { Stage::JustExpired } else { Stage::Gone }
        })
    }

    /// Has the token of this code this time and this signature? `None` when there is no such code.
    pub(crate) fn qr_signed(&self, uid: &str, time: &str, sign: &str) -> Option<bool> {
        let all = self.0.codes.all.lock();
        let code = all.iter().find(|code| code.uid == uid)?;
        Some(code.time.to_string() == time && code.sign == sign)
    }

    /// Exchanges a confirmed code; any other stays what it is.
    pub(crate) fn qr_take(&self, uid: &str) -> Stage {
        let taken = self.qr_with(uid, |code| {
            let stage = code.stage;
            if stage == Stage::Confirmed {
                code.stage = Stage::Gone;
            }
            stage
        });
        taken.unwrap_or(Stage::Gone)
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Codes({})", self.all.lock().len())
    }
}
