//! What an operation that tries one way to a link after another has met so far (`docs/115.md` §4.3).

use crate::error::{Error, Kind, Site};

/// A host that does not answer, or whose firewall does, is not tried again in the operation.
#[derive(Debug, Default)]
pub(crate) struct Search {
    shunned: Option<&'static str>,
    blocked: Option<&'static str>,
    /// The one way past the firewall's pause has been taken.
    spent: bool,
    passing: Option<Error>,
    last: Option<Error>,
}

impl Search {
    /// Whether ways by this host are over; after the firewall only one more way is taken, on another host.
    pub(crate) fn shuns(&self, host: &str) -> bool {
        self.spent || self.shunned == Some(host)
    }

    /// The host whose firewall has just stopped the operation, for [`Gate::send_past`](crate::gate::Gate::send_past).
    pub(crate) fn blocked(&self) -> Option<&'static str> {
        self.blocked
    }

    /// A way has failed.
    ///
    /// # Errors
    /// The same, when no other way can do better.
    pub(crate) fn failed(&mut self, error: Error) -> Result<(), Error> {
        tracing::debug!(way = error.call, kind = ?error.kind, code = error.code, "a way to a link failed");
        if error.final_for_link() {
            return Err(error);
        }
        self.spent = self.blocked.is_some();
        match error.kind {
            Kind::Waf => (self.shunned, self.blocked) = (Some(error.host), Some(error.host)),
            Kind::Transport | Kind::Timeout => self.shunned = Some(error.host),
            // It denies a browser's login, whichever way is asked.
            Kind::WayClosed if error.denies_login() => self.shunned = Some(error.host),
            _ => {}
        }
        if matches!(error.kind, Kind::Waf | Kind::Transport | Kind::Timeout | Kind::Transient) {
            self.passing.get_or_insert(error);
        } else {
            self.last = Some(error);
        }
        Ok(())
    }

    /// "Come back later" tells more than "too big for the last resort".
    pub(crate) fn over(self, host: &'static str) -> Error {
        let none = || Error::new(Kind::WayClosed, Site { call: "link", host }, "no way to a link is left");
        self.passing.or(self.last).unwrap_or_else(none)
    }
}
