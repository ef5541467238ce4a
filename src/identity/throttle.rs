//! Logins that fail: after some of them an address, and an address with a name, has to wait.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use parking_lot::Mutex;

use crate::clock::Clock;

/// Failures are forgotten this long after the first of them.
const WINDOW: Duration = Duration::from_secs(5 * 60);
/// For one name from one address: as many as OpenList allows.
const PER_NAME: u32 = 5;
/// For one address, whatever names it tries: several people may share one.
const PER_ADDRESS: u32 = 20;
const LONGEST_NAME: usize = 64;
/// What is counted at a time. Who floods it pays a hash for each.
const MOST: usize = 8192;

/// Counts failures. A login under way counts as one, so that many at once gain nothing.
#[derive(Debug)]
pub(super) struct Throttle {
    clock: Clock,
    counts: Mutex<HashMap<Key, Count>>,
}

/// An address, and for whom it asks; no name: for anybody.
type Key = (IpAddr, Option<Box<str>>);

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Duration,
    failures: u32,
}

/// A login that was let through and has not succeeded yet.
#[derive(Debug)]
#[must_use = "it counts as a failure until it is said to have succeeded"]
pub(super) struct Attempt([Key; 2]);

impl Throttle {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, counts: Mutex::default() }
    }

    /// Lets a login through, or says how long to wait.
    pub(super) fn begin(&self, address: IpAddr, name: &str) -> Result<Attempt, Duration> {
        let now = self.clock.now();
        let address = network(address);
        // Nobody has a longer one: all of them are counted together.
        let name = if name.len() > LONGEST_NAME { "" } else { name };
        let keys = [(address, Some(name.into())), (address, None)];
        let mut counts = self.counts.lock();
        for (key, most) in keys.iter().zip([PER_NAME, PER_ADDRESS]) {
            if let Some(count) = counts.get(key).filter(|count| count.holds(now))
                && count.failures >= most
            {
                return Err(count.since + WINDOW - now);
            }
        }
        for key in &keys {
            if !counts.contains_key(key) {
                make_room(&mut counts, now);
            }
            let count = counts.entry(key.clone()).or_insert(Count { since: now, failures: 0 });
            if !count.holds(now) {
                *count = Count { since: now, failures: 0 };
            }
            count.failures += 1;
        }
        Ok(Attempt(keys))
    }

    /// The failures of this name from there are forgiven; those with other names stay.
    pub(super) fn succeeded(&self, attempt: &Attempt) {
        self.withdraw(attempt);
        let Attempt([named, _]) = attempt;
        self.counts.lock().remove(named);
    }

    /// Nobody has found out whether it was right.
    pub(super) fn withdraw(&self, Attempt(keys): &Attempt) {
        let mut counts = self.counts.lock();
        for key in keys {
            if let Some(count) = counts.get_mut(key) {
                count.failures = count.failures.saturating_sub(1);
            }
        }
    }
}

impl Count {
    fn holds(&self, now: Duration) -> bool {
        now < self.since + WINDOW
    }
}

fn make_room(counts: &mut HashMap<Key, Count>, now: Duration) {
    if counts.len() < MOST {
        return;
    }
    counts.retain(|_, count| count.holds(now));
    if counts.len() >= MOST {
        // The oldest quarter at once, so that a flood does not search for each of its own.
        let mut starts: Vec<_> = counts.values().map(|count| count.since).collect();
        let (_, &mut cut, _) = starts.select_nth_unstable(MOST / 4);
        counts.retain(|_, count| count.since > cut);
    }
}

/// Of IPv6 the network: whoever has one address there has them all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(throttle: &Throttle, address: &str, name: &str) -> bool {
        throttle.begin(address.parse().unwrap(), name).is_ok()
    }

    #[test]
    fn a_name_from_an_address_may_fail_five_times_in_five_minutes() {
        let clock = Clock::default();
        let throttle = Throttle::new(clock.clone());
        for _ in 0..5 {
            assert!(fail(&throttle, "10.0.0.1", "admin"));
            clock.advance(Duration::from_secs(10));
        }
        let wait = throttle.begin("10.0.0.1".parse().unwrap(), "admin").unwrap_err();
        assert!((Duration::from_secs(248)..=Duration::from_secs(250)).contains(&wait), "{wait:?}");
        assert!(fail(&throttle, "10.0.0.1", "tv"), "another name");
        assert!(fail(&throttle, "10.0.0.2", "admin"), "another address");
        assert!(!fail(&throttle, "::ffff:10.0.0.1", "admin"), "the same one, written otherwise");
        clock.advance(Duration::from_secs(251));
        assert!(fail(&throttle, "10.0.0.1", "admin"));
    }

    #[test]
    fn an_address_may_not_go_through_names() {
        let throttle = Throttle::new(Clock::default());
        let tried = (0..100).filter(|number| fail(&throttle, "2001:db8::1", &number.to_string())).count();
        assert_eq!(tried, 20);
        assert!(!fail(&throttle, "2001:db8::2", "admin"), "the same network");
        assert!(fail(&throttle, "2001:db8:0:1::1", "admin"));
    }

    #[test]
    fn success_forgives_the_name_and_not_the_address() {
        let throttle = Throttle::new(Clock::default());
        let address = "10.0.0.1".parse().unwrap();
        for _ in 0..4 {
            assert!(fail(&throttle, "10.0.0.1", "admin"));
        }
        for _ in 0..30 {
            throttle.succeeded(&throttle.begin(address, "admin").unwrap());
        }
        let others = (0..100).filter(|number| fail(&throttle, "10.0.0.1", &number.to_string())).count();
        assert_eq!(others, 16, "four have failed before");
    }

    #[test]
    fn what_was_never_looked_at_is_no_failure() {
        let throttle = Throttle::new(Clock::default());
        for _ in 0..50 {
            throttle.withdraw(&throttle.begin("10.0.0.1".parse().unwrap(), "admin").unwrap());
        }
        assert!(fail(&throttle, "10.0.0.1", "admin"));
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let throttle = Throttle::new(Clock::default());
        for number in 0..20_000_u32 {
            assert!(throttle.begin(IpAddr::V4(number.into()), "admin").is_ok());
        }
        assert!(fail(&throttle, "10.0.0.1", &"x".repeat(10_000)));
        let counts = throttle.counts.lock();
        assert!((MOST / 2..=MOST).contains(&counts.len()), "{}", counts.len());
        assert!(counts.keys().all(|(_, name)| name.as_ref().is_none_or(|name| name.len() <= LONGEST_NAME)));
    }
}
