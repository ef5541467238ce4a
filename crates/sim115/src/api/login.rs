//! Who may call: the one cookie that is logged in, its end when another login kicks it, and the firewall before it.

use std::collections::VecDeque;

use crate::builder::WafLimit;

/// Account cookies; `KID` may be missing from old sessions that still work (docs/115.md, §1.4).
const NAMES: [&str; 4] = ["UID", "CID", "SEID", "KID"];

pub(crate) struct Login {
    cookie: String,
    /// Calls other than app calls that are still served after a kick.
    grace: Option<u64>,
}

/// What the `Cookie` header of a call is worth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) logged_in: bool,
    /// A cookie that has no business here.
    pub(crate) stray: Option<String>,
}

impl Login {
    pub(crate) fn new(cookie: String) -> Self {
        Self { cookie, grace: None }
    }

    pub(crate) fn cookie(&self) -> String {
        self.cookie.clone()
    }

    pub(crate) fn kick(&mut self, grace: u64) {
        self.grace = Some(grace);
    }

    pub(crate) fn judge(&mut self, header: Option<&str>, app: bool) -> Verdict {
        let sent: Vec<_> = pairs(header.unwrap_or("")).collect();
        let own: Vec<_> = pairs(&self.cookie).collect();
        let stray = sent
            .iter()
            .find(|(name, _)| !NAMES.contains(name) && *name != "acw_tc")
            .map(|(name, _)| (*name).to_owned());
        let right = NAMES.iter().all(|name| {
            let of = |pairs: &[(&str, &str)]| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| (*v).to_owned());
            match (of(&sent), of(&own)) {
                (Some(sent), Some(own)) => sent == own,
                (sent, _) => sent.is_none() && *name == "KID",
            }
        });
        Verdict { logged_in: right && self.alive(app), stray }
    }

    fn alive(&mut self, app: bool) -> bool {
        match &mut self.grace {
            None => true,
            Some(_) if app => false,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| pair.trim().split_once('='))
}

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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("UID=1; CID=2; SEID=3; KID=4", true)]
    #[case("UID=1; CID=2; SEID=3", true)]
    #[case("acw_tc=9; SEID=3; CID=2; UID=1", true)]
    #[case("UID=1; CID=2; SEID=3; KID=5", false)]
    #[case("UID=1; CID=2", false)]
    #[case("", false)]
    fn only_the_right_cookie_is_logged_in(#[case] header: &str, #[case] right: bool) {
        let mut login = Login::new("UID=1; CID=2; SEID=3; KID=4".to_owned());
        assert_eq!(login.judge(Some(header), true), Verdict { logged_in: right, stray: None });
    }

    #[test]
    fn a_kick_ends_app_calls_first() {
        let mut login = Login::new("UID=1; CID=2; SEID=3".to_owned());
        login.kick(1);
        let mut judge = |app| login.judge(Some("UID=1; CID=2; SEID=3"), app).logged_in;
        assert_eq!([judge(true), judge(false), judge(false)], [false, true, false]);
    }
}
