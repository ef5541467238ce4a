//! One pool: a file's links for one holder, which slots of them are taken, and which goes out next.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{HeaderMap, Uri};

use crate::{
    clock::Clock,
    drive::Link,
    error::{Error, Result},
};

/// A slot handed to a client counts as taken this long: a connection that is dropped keeps it for some seconds at the CDN.
pub(super) const TAKEN: Duration = Duration::from_secs(10);
/// A place of a relay connection that broke off counts as taken this long.
pub(super) const LINGER: Duration = Duration::from_secs(5);
/// Life a relay needs at least: it can come back for another link.
const RELAY_LIFE: u64 = 60;
/// Life that is as good as none: the client has to get there.
const NO_LIFE: u64 = 5;
/// How long a link whose URL names no end is kept, in seconds.
const UNNAMED_LIFE: u64 = 300;
/// Connections of an account where the link names no cap, for the number of links in a pool.
const USUAL_ACCOUNT_CONNECTIONS: u32 = 10;
/// How long a client's pool remembers that the drive gives it nothing but links for a relay.
const RELAY_ONLY: Duration = Duration::from_secs(600);
/// A failure to get a link is remembered this long.
const FAILURE_LIFE: Duration = Duration::from_secs(3);
/// An answer about the file itself this long: asking again for deleted files makes 115 suspicious (docs/115.md §4.3).
pub(super) const FINAL_FAILURE_LIFE: Duration = Duration::from_secs(30);

/// The least life a link needs for a client to be sent to it: most players keep the URL for the whole film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinLife {
    /// Half of its whole life, at most an hour.
    Half,
    /// This much, at most half of its whole life.
    Least(Duration),
}

/// How links are kept.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// At most this long, however long they live.
    pub at_most: Duration,
    pub min_life: MinLife,
}

/// Both readings of the clock, taken once for a question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Duration,
    pub(super) unix: u64,
}

impl Moment {
    pub(super) fn of(clock: &Clock) -> Self {
        Self { now: clock.now(), unix: clock.unix() }
    }
}

/// A link as it is kept; the number tells it from a later one.
pub struct Kept {
    pub link: Link,
    /// Its URL, taken apart once for all who fetch it; `None` where it is none.
    pub uri: Option<Uri>,
    head: OnceLock<HeaderMap>,
    pub(super) number: u64,
    pub(super) fetched: Duration,
    /// Unix seconds: from when to when it works.
    born: u64,
    dies: u64,
}

/// What a link is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// To send a client to it.
    Redirect,
    /// To fetch bytes with it.
    Relay,
    /// To send a client to it because nothing better is to be had.
    Anything,
}

/// The state of a pool.
#[derive(Default)]
pub(super) struct Pool {
    lanes: Vec<Lane>,
    failed: Option<(Error, Duration)>,
    /// Until then the drive is known to give no link that a client could be sent to.
    relay_only_until: Duration,
}

/// A link and what is taken of it.
struct Lane {
    kept: Arc<Kept>,
    /// When each slot was handed to a client last; empty where the link has no cap.
    handed: Vec<Option<Duration>>,
    /// Relay connections on it: those open, and until when those that broke off linger.
    open: u32,
    lingering: Vec<Duration>,
}

/// What a relay is to do next.
pub(super) enum Step {
    Take(Arc<Kept>),
    Fetch,
    /// Until a place is given back, or at the latest until one stops to linger.
    Wait(Option<Duration>),
    Fail(Error),
}

impl Kept {
    pub(super) fn new(link: Link, at: Moment, number: u64) -> Self {
        let dies = link.expires.unwrap_or(at.unix + UNNAMED_LIFE);
        let uri = Uri::try_from(link.url.as_bytes()).ok();
        Self { link, uri, head: OnceLock::new(), number, fetched: at.now, born: at.unix, dies }
    }

    /// What every redirect to it says, made once.
    pub fn head(&self, make: impl FnOnce(&Link) -> HeaderMap) -> &HeaderMap {
        self.head.get_or_init(|| make(&self.link))
    }

    pub(super) fn has_life(&self, need: Need, keeping: &Keeping, at: Moment) -> bool {
        let whole = self.dies.saturating_sub(self.born);
        let least = match (need, keeping.min_life) {
            (Need::Anything, _) => NO_LIFE,
            (Need::Relay, _) => RELAY_LIFE.min(whole / 2),
            (Need::Redirect, MinLife::Half) => (whole / 2).min(3600),
            (Need::Redirect, MinLife::Least(least)) => least.as_secs().min(whole / 2),
        };
        let young = at.now.saturating_sub(self.fetched) < keeping.at_most || need == Need::Anything;
        young && self.dies > at.unix && self.dies - at.unix >= least
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("link", &self.link).field("number", &self.number).finish_non_exhaustive()
    }
}

impl Pool {
    /// The slot handed out longest ago; `None` where one more link should be fetched first. `Ok(None)`: only a relay can
    /// use what the drive gives. Where `more` links are not to be had, a slot that is taken, or a link with little life
    /// left, is better than none.
    pub(super) fn hand_out(&mut self, keeping: &Keeping, at: Moment, more: bool) -> Option<Result<Option<Arc<Kept>>>> {
        self.lanes.retain(|lane| lane.kept.has_life(Need::Anything, keeping, at));
        let failed = self.failed(at);
        let more = more && failed.is_none();
        let needs = if more { &[Need::Redirect][..] } else { &[Need::Redirect, Need::Anything] };
        for &need in needs {
            let mut lanes = self.lanes.iter_mut().filter(|lane| lane.kept.has_life(need, keeping, at)).peekable();
            let Some(first) = lanes.peek() else { continue };
            let most = most_links(&first.kept.link);
            let mut count = 0;
            let mut oldest: Option<(&mut Option<Duration>, &Arc<Kept>)> = None;
            for Lane { kept, handed, .. } in lanes {
                count += 1;
                if handed.is_empty() {
                    return Some(Ok(Some(Arc::clone(kept))));
                }
                for slot in handed {
                    if oldest.as_ref().is_none_or(|(best, _)| *slot < **best) {
                        oldest = Some((slot, kept));
                    }
                }
            }
            let (slot, kept) = oldest?;
            let taken = slot.is_some_and(|handed| at.now.saturating_sub(handed) < TAKEN);
            if taken && more && count < most {
                return None;
            }
            *slot = Some(at.now);
            return Some(Ok(Some(Arc::clone(kept))));
        }
        if at.now < self.relay_only_until { Some(Ok(None)) } else { failed.map(Err) }
    }

    /// Any link with life, whoever uses it already: for links without a cap.
    pub(super) fn any(&self, need: Need, keeping: &Keeping, at: Moment) -> Option<Arc<Kept>> {
        self.lanes.iter().map(|lane| &lane.kept).find(|kept| kept.has_life(need, keeping, at)).cloned()
    }

    /// A place for a relay connection on a link that has one free.
    pub(super) fn take_place(&mut self, keeping: &Keeping, at: Moment, more: bool) -> Step {
        self.lanes.retain(|lane| lane.kept.has_life(Need::Relay, keeping, at));
        let mut free_at = None;
        for lane in &mut self.lanes {
            lane.lingering.retain(|&until| until > at.now);
            let cap = lane.kept.link.connections;
            let taken = lane.open + u32::try_from(lane.lingering.len()).unwrap_or(u32::MAX);
            if cap == 0 || taken < cap {
                lane.open += 1;
                return Step::Take(Arc::clone(&lane.kept));
            }
            free_at = [free_at, lane.lingering.iter().min().copied()].into_iter().flatten().min();
        }
        match (self.lanes.first(), self.failed(at)) {
            (None, Some(error)) => Step::Fail(error),
            (Some(_), Some(_)) => Step::Wait(free_at),
            (Some(lane), None) if !more || self.lanes.len() >= most_links(&lane.kept.link) => Step::Wait(free_at),
            _ => Step::Fetch,
        }
    }

    /// Gives a relay connection's place back; one that broke off lingers.
    pub(super) fn give_back(&mut self, kept: &Kept, finished: bool, now: Duration) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.kept.number == kept.number) {
            lane.open = lane.open.saturating_sub(1);
            if !finished && lane.kept.link.connections > 0 {
                lane.lingering.push(now + LINGER);
            }
        }
    }

    pub(super) fn add(&mut self, kept: Arc<Kept>, keeping: &Keeping, at: Moment) {
        self.failed = None;
        // Those that are handed out no more may live for hours yet, and stood by as long as there was nothing better.
        self.lanes.retain(|lane| lane.kept.has_life(Need::Relay, keeping, at));
        let slots = kept.link.connections.min(64) as usize;
        self.lanes.push(Lane { kept, handed: vec![None; slots], open: 0, lingering: Vec::new() });
    }

    /// Compares first, so a fresh link that came meanwhile stays.
    pub(super) fn remove(&mut self, kept: &Kept) {
        self.lanes.retain(|lane| lane.kept.number != kept.number);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    pub(super) fn gives_relay_links_only(&mut self, at: Moment) {
        self.relay_only_until = at.now + RELAY_ONLY;
    }

    pub(super) fn fail(&mut self, error: Error, at: Moment) {
        if error.kind().cost_a_call() {
            self.failed = Some((error, at.now));
        }
    }

    fn failed(&self, at: Moment) -> Option<Error> {
        let (error, since) = self.failed.as_ref()?;
        let life = if error.kind().is_final_for_file() { FINAL_FAILURE_LIFE } else { FAILURE_LIFE };
        (at.now.saturating_sub(*since) < life).then(|| error.clone())
    }
}

fn most_links(link: &Link) -> usize {
    let account = if link.account_connections == 0 { USUAL_ACCOUNT_CONNECTIONS } else { link.account_connections };
    (account / link.connections.max(1)).max(1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{drive::Binding, error::Kind};
    use http::HeaderValue;
    use proptest::prelude::*;

    const KEEPING: Keeping = Keeping { at_most: Duration::from_secs(3600), min_life: MinLife::Half };

    fn at(seconds: u64) -> Moment {
        Moment { now: Duration::from_secs(seconds), unix: 1_000_000 + seconds }
    }

    fn kept(number: u64, fetched: u64, life: u64, connections: u32) -> Arc<Kept> {
        let link = Link {
            url: HeaderValue::from_static("http://x/"),
            headers: HeaderMap::new(),
            binding: Binding::None,
            expires: Some(at(fetched).unix + life),
            connections,
            account_connections: 10,
        };
        Arc::new(Kept::new(link, at(fetched), number))
    }

    fn number(answer: Option<Result<Option<Arc<Kept>>>>) -> Option<u64> {
        answer.map(|answer| answer.unwrap().unwrap().number)
    }

    #[test]
    fn the_slot_handed_out_longest_ago_goes_next() {
        let mut pool = Pool::default();
        pool.add(kept(1, 0, 7200, 2), &KEEPING, at(0));
        assert_eq!(number(pool.hand_out(&KEEPING, at(0), true)), Some(1));
        assert_eq!(number(pool.hand_out(&KEEPING, at(1), true)), Some(1));
        assert_eq!(number(pool.hand_out(&KEEPING, at(2), true)), None, "both are taken: fetch");
        pool.add(kept(2, 2, 7200, 2), &KEEPING, at(2));
        assert_eq!(number(pool.hand_out(&KEEPING, at(2), true)), Some(2));
        assert_eq!(number(pool.hand_out(&KEEPING, at(10), true)), Some(2), "never handed out comes first");
        assert_eq!(number(pool.hand_out(&KEEPING, at(10), true)), Some(1), "free again after ten seconds");
    }

    #[test]
    fn little_life_is_better_than_none() {
        let mut pool = Pool::default();
        pool.add(kept(1, 0, 1000, 2), &KEEPING, at(0));
        assert_eq!(number(pool.hand_out(&KEEPING, at(600), true)), None, "fetch a better one");
        assert_eq!(number(pool.hand_out(&KEEPING, at(600), false)), Some(1));
        pool.fail(Error::new(Kind::Upstream, "x"), at(600));
        assert_eq!(number(pool.hand_out(&KEEPING, at(601), true)), Some(1), "fetching has just failed");
        assert!(pool.hand_out(&KEEPING, at(998), false).is_none(), "dead is dead");
    }

    #[test]
    fn links_that_are_kept_no_longer_do_not_pile_up() {
        let keeping = Keeping { at_most: Duration::from_secs(10), ..KEEPING };
        let mut pool = Pool::default();
        for n in 0..500 {
            let now = at(n * 11);
            assert_eq!(number(pool.hand_out(&keeping, now, true)), None, "too old by then");
            pool.add(kept(n, n * 11, 14_400, 2), &keeping, now);
        }
        assert_eq!(pool.lanes.len(), 1);
        pool.fail(Error::new(Kind::Upstream, "x"), at(499 * 11 + 20));
        assert!(pool.hand_out(&keeping, at(499 * 11 + 20), true).is_some(), "an old one is better than none");
    }

    #[test]
    fn a_failure_is_remembered_for_a_moment_and_a_pause_is_not() {
        let mut pool = Pool::default();
        pool.fail(Error::new(Kind::Gone, "x"), at(0));
        assert!(matches!(pool.hand_out(&KEEPING, at(29), true), Some(Err(_))));
        assert!(pool.hand_out(&KEEPING, at(31), true).is_none());
        pool.fail(Error::new(Kind::Paused, "x"), at(40));
        assert!(pool.hand_out(&KEEPING, at(40), true).is_none());
    }

    #[test]
    fn relay_places_linger_when_they_broke_off_only() {
        let mut pool = Pool::default();
        pool.add(kept(1, 0, 7200, 1), &KEEPING, at(0));
        let Step::Take(first) = pool.take_place(&KEEPING, at(0), true) else { panic!("a place") };
        assert!(matches!(pool.take_place(&KEEPING, at(0), true), Step::Fetch));
        assert!(matches!(pool.take_place(&KEEPING, at(0), false), Step::Wait(None)));
        pool.give_back(&first, true, at(1).now);
        let Step::Take(second) = pool.take_place(&KEEPING, at(1), true) else { panic!("a place") };
        pool.give_back(&second, false, at(2).now);
        assert!(matches!(pool.take_place(&KEEPING, at(3), false), Step::Wait(Some(until)) if until == at(7).now));
        assert!(matches!(pool.take_place(&KEEPING, at(7), true), Step::Take(_)));
    }

    proptest! {
        #[test]
        fn no_slot_is_handed_out_twice_in_ten_seconds_before_the_pool_is_full(waits in proptest::collection::vec(0u64..6, 1..80)) {
            let (mut pool, mut now, mut links) = (Pool::default(), 0, 0u64);
            let mut handed: Vec<(u64, u64)> = Vec::new();
            for wait in waits {
                now += wait;
                let number = loop {
                    match pool.hand_out(&KEEPING, at(now), true) {
                        Some(answer) => break answer.unwrap().unwrap().number,
                        None => {
                            links += 1;
                            pool.add(kept(links, now, 14_400, 2), &KEEPING, at(now));
                        }
                    }
                };
                handed.push((number, now));
                let recent = handed.iter().filter(|(of, when)| *of == number && now - when < 10).count();
                prop_assert!(recent <= 2 || links == 5, "{recent} of link {number} within ten seconds, with {links} links");
            }
            prop_assert!(links <= 5);
        }
    }
}
