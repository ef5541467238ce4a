//! The account's logins: which cookies live, which letters they bear, and how one login ends another (docs/115.md, §1.5).

use crate::apps::App;

/// Account cookies; `KID` may be missing from old sessions that still work (docs/115.md, §1.4).
const NAMES: [&str; 4] = ["UID", "CID", "SEID", "KID"];

/// Not logged in, as the files' APIs say it.
pub(crate) const NOT_LOGGED_IN: i64 = 99;

#[derive(Debug)]
pub(crate) struct Sessions {
    all: Vec<Session>,
    /// The one that the account's owner works with: his newest own login.
    current: usize,
}

#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) cookie: String,
    pub(crate) app: App,
    /// Unix seconds of the login.
    pub(crate) since: u64,
    ended: Option<Ended>,
}

/// How a session is over: app calls hear `number` at once, `grace` other calls are still served (quirk 36).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) grace: u64,
    pub(crate) number: i64,
}

/// What the `Cookie` header of a call is worth.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The session it belongs to, or the number that it is refused with.
    pub(crate) session: Result<Session, i64>,
    /// A cookie that has no business here.
    pub(crate) stray: Option<String>,
}

impl Session {
    fn new(cookie: String, app: App, since: u64) -> Self {
        Self { cookie, app, since, ended: None }
    }

    pub(crate) fn lives(&self) -> bool {
        self.ended.is_none()
    }

    fn owns(&self, sent: &[(&str, &str)]) -> bool {
        let own: Vec<_> = pairs(&self.cookie).collect();
        let of =
            |pairs: &[(&str, &str)], name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        NAMES.iter().all(|name| match (of(sent, name), of(&own, name)) {
            (Some(sent), Some(own)) => sent == own,
            (sent, _) => sent.is_none() && *name == "KID",
        })
    }

    /// Is a call with this cookie served? Uses up one call of the grace.
    fn serve(&mut self, at_once: bool) -> Result<(), i64> {
        match &mut self.ended {
            None => Ok(()),
            Some(ended) if at_once || ended.grace == 0 => Err(ended.number),
            Some(ended) => {
                ended.grace -= 1;
                Ok(())
            }
        }
    }
}

impl Sessions {
    pub(crate) fn new(cookie: String, since: u64) -> Self {
        let app = App::of_cookie(&cookie);
        Self { all: vec![Session::new(cookie, app, since)], current: 0 }
    }

    pub(crate) fn current(&self) -> &Session {
        &self.all[self.current]
    }

    pub(crate) fn end_current(&mut self, ended: Ended) {
        self.all[self.current].ended = Some(ended);
    }

    /// A login of the owner's: ends those that bear the same letters, and is the current one from now on.
    pub(crate) fn log_in(&mut self, cookie: String, app: App, now: u64, others: Ended) {
        self.end_others("", app, others);
        self.current = self.all.len();
        self.all.push(Session::new(cookie, app, now));
    }

    /// A further login, beside all there are.
    pub(crate) fn add(&mut self, cookie: String, app: App, now: u64) {
        self.all.push(Session::new(cookie, app, now));
    }

    /// Ends what lives under the letters of `app`, save the session of `but`; tells how many those were.
    pub(crate) fn end_others(&mut self, but: &str, app: App, ended: Ended) -> usize {
        let same = |session: &&mut Session| session.lives() && session.app.letters == app.letters;
        let others = self.all.iter_mut().filter(same).filter(|session| session.cookie != but);
        others.map(|session| session.ended = Some(ended)).count()
    }

    pub(crate) fn end(&mut self, cookie: &str, ended: Ended) {
        self.all.iter_mut().filter(|session| session.cookie == cookie).for_each(|session| session.ended = Some(ended));
    }

    /// Oldest first.
    pub(crate) fn living(&self) -> impl DoubleEndedIterator<Item = &Session> {
        self.all.iter().filter(|session| session.lives())
    }

    /// `at_once`: the call is for a host that knows of an end without delay.
    pub(crate) fn judge(&mut self, header: Option<&str>, at_once: bool) -> Verdict {
        let sent: Vec<_> = pairs(header.unwrap_or("")).collect();
        let stray = sent.iter().find(|(name, _)| !NAMES.contains(name) && *name != "acw_tc");
        let stray = stray.map(|(name, _)| (*name).to_owned());
        let owner = self.all.iter_mut().find(|session| session.owns(&sent));
        let session = owner.map_or(Err(NOT_LOGGED_IN), |session| session.serve(at_once).map(|()| session.clone()));
        Verdict { session, stray }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, {:?})", self.app.name, self.ended)
    }
}

pub(crate) fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const OVER: Ended = Ended { grace: 1, number: 40_101_032 };

    #[rstest]
    #[case("UID=1; CID=2; SEID=3; KID=4", true)]
    #[case("UID=1; CID=2; SEID=3", true)]
    #[case("acw_tc=9; SEID=3; CID=2; UID=1", true)]
    #[case("UID=1; CID=2; SEID=3; KID=5", false)]
    #[case("UID=1; CID=2", false)]
    #[case("", false)]
    fn only_the_right_cookie_is_logged_in(#[case] header: &str, #[case] right: bool) {
        let mut sessions = Sessions::new("UID=1; CID=2; SEID=3; KID=4".to_owned(), 0);
        let verdict = sessions.judge(Some(header), true);
        assert_eq!((verdict.session.err(), verdict.stray), ((!right).then_some(99), None));
    }

    #[test]
    fn a_login_ends_its_like_and_app_calls_hear_of_it_first() {
        let (old, new) = ("UID=1_R1_1; CID=2; SEID=3", "UID=1_R1_2; CID=4; SEID=5");
        let mut sessions = Sessions::new(old.to_owned(), 0);
        let app = sessions.current().app;
        sessions.add("UID=1_R2_1; CID=6; SEID=7".to_owned(), App::of_cookie("UID=1_R2_1"), 1);
        sessions.log_in(new.to_owned(), app, 2, OVER);
        assert_eq!(sessions.current().cookie, new);
        assert_eq!(sessions.living().map(|session| session.app.name).collect::<Vec<_>>(), ["alipaymini", "wechatmini"]);
        let mut judge = |at_once| sessions.judge(Some(old), at_once).session.err();
        assert_eq!([judge(true), judge(false), judge(false)], [Some(40_101_032), None, Some(40_101_032)]);
    }

    #[test]
    fn the_book_of_sessions_shows_no_cookie() {
        let sessions = Sessions::new("UID=1_R1_1; CID=2; SEID=37".to_owned(), 0);
        assert!(!format!("{sessions:?}").contains("37"));
    }
}
