//! How many calls an account may make: so many within a time, and so many a day (docs/115.md, §10.5).

use std::collections::VecDeque;
use std::time::Duration;

/// The day of a quota begins at midnight in Shanghai.
const OFFSET: u64 = 8 * 3600;
const DAY: u64 = 86_400;

/// Events of a sliding stretch of time, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Window(VecDeque<u64>);

impl Window {
    /// Notes an event and tells how many lay within `per` before it.
    pub(crate) fn note(&mut self, now: u64, per: Duration) -> usize {
        let since = now.saturating_sub(millis(per));
        while self.0.front().is_some_and(|at| *at <= since) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() - 1
    }

    /// Milliseconds until the oldest event leaves.
    fn until_free(&self, now: u64, per: Duration) -> u64 {
        self.0.front().map_or(0, |oldest| (oldest + millis(per)).saturating_sub(now))
    }
}

fn millis(per: Duration) -> u64 {
    u64::try_from(per.as_millis()).unwrap_or(u64::MAX)
}

/// What a call may not have any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    /// Too many at once; seconds until one more is welcome.
    Rate(u64),
    /// Nothing more today.
    Quota,
}

#[derive(Debug, Default)]
pub(crate) struct Budget {
    recent: Window,
    day: u64,
    today: u64,
}

impl Budget {
    /// Counts a call at `now` (ms). A call that is refused counts as well.
    pub(crate) fn spend(&mut self, now: u64, rate: Option<(usize, Duration)>, quota: Option<u64>) -> Result<(), Spent> {
        if let Some((calls, per)) = rate
            && self.recent.note(now, per) >= calls
        {
            return Err(Spent::Rate(self.recent.until_free(now, per).div_ceil(1000).max(1)));
        }
        let day = (now / 1000 + OFFSET) / DAY;
        if day != self.day {
            (self.day, self.today) = (day, 0);
        }
        self.today += 1;
        if quota.is_some_and(|quota| self.today > quota) { Err(Spent::Quota) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_frees_itself_and_says_when() {
        let (mut budget, rate) = (Budget::default(), Some((2, Duration::from_secs(10))));
        let mut at = |ms| budget.spend(ms, rate, None);
        assert_eq!([at(100_000), at(101_000)], [Ok(()), Ok(())]);
        assert_eq!(at(102_500), Err(Spent::Rate(8)));
        assert_eq!(at(112_600), Ok(()));
    }

    #[test]
    fn a_quota_ends_with_the_day_in_shanghai() {
        let mut budget = Budget::default();
        let mut at = |secs: u64| budget.spend(secs * 1000, None, Some(1));
        assert_eq!([at(DAY - OFFSET - 2), at(DAY - OFFSET - 1)], [Ok(()), Err(Spent::Quota)]);
        assert_eq!(at(DAY - OFFSET), Ok(()));
    }
}
