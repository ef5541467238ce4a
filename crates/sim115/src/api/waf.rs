//! The firewall before the APIs: too many calls, and a page comes instead of every answer (docs/115.md, §7.2).

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::builder::WafLimit;

pub(crate) struct Waf {
    limit: Option<WafLimit>,
    calls: VecDeque<u64>,
    until: u64,
}

impl Waf {
    pub(crate) fn new(limit: Option<WafLimit>) -> Self {
        Self { limit, calls: VecDeque::new(), until: 0 }
    }

    /// Counts a call at `now` (ms) and tells whether it meets the blocking page.
    pub(crate) fn blocks(&mut self, now: u64) -> bool {
        let Some(limit) = self.limit else { return false };
        if now < self.until {
            return true;
        }
        let since = now.saturating_sub(limit.per.as_millis() as u64);
        while self.calls.front().is_some_and(|at| *at <= since) {
            self.calls.pop_front();
        }
        self.calls.push_back(now);
        if self.calls.len() <= limit.calls {
            return false;
        }
        self.calls.clear();
        self.until = now + limit.block.as_millis() as u64;
        true
    }
}

/// The same, for each address that calls.
pub(crate) struct PerAddress {
    limit: Option<WafLimit>,
    wafs: BTreeMap<IpAddr, Waf>,
}

impl PerAddress {
    pub(crate) fn new(limit: Option<WafLimit>) -> Self {
        Self { limit, wafs: BTreeMap::new() }
    }

    pub(crate) fn blocks(&mut self, from: IpAddr, now: u64) -> bool {
        self.limit.is_some() && self.wafs.entry(from).or_insert_with(|| Waf::new(self.limit)).blocks(now)
    }
}
