//! Pauses: what each failure costs, what ends it, and what outlives a process.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::error::{Kind, Site};

const START: Duration = Duration::from_secs(100);
const UNIX: u64 = 1_700_000_000;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn failure(kind: Kind, host: &'static str, retry_after: Option<u64>) -> Error {
    Error::new(kind, Site { call: "files", host }, "").after(retry_after.map(Duration::from_secs))
}

/// The seconds that a failure pauses an account for.
fn begin(pauses: &mut Pauses, kind: Kind, now: Duration) -> Option<Option<u64>> {
    let begun = pauses.begin(&failure(kind, "a", None), None, now);
    begun.map(|pause| pause.until.map(|until| (until - now).as_secs()))
}

#[rstest]
#[case(Kind::Waf, None, Some(Some(660)))]
#[case(Kind::Quota, None, Some(Some(60)))]
#[case(Kind::Quota, Some(90), Some(Some(90)))]
#[case(Kind::Quota, Some(9000), Some(Some(3600)))]
#[case(Kind::Captcha, None, Some(None))]
#[case(Kind::Session, None, Some(None))]
#[case(Kind::TokensLost, None, Some(None))]
#[case(Kind::App, None, Some(None))]
#[case(Kind::Renewals, None, Some(Some(600)))]
#[case(Kind::Renewals, Some(90), Some(Some(90)))]
#[case(Kind::Token, None, None)]
#[case(Kind::Keeper, None, None)]
#[case(Kind::NotFound, None, None)]
#[case(Kind::Transport, None, None)]
fn what_each_failure_costs(#[case] kind: Kind, #[case] told: Option<u64>, #[case] pause: Option<Option<u64>>) {
    let begun = Pauses::default().begin(&failure(kind, "a", told), None, START);
    assert_eq!(begun.map(|pause| pause.until.map(|until| (until - START).as_secs())), pause);
}

#[test]
fn a_quota_that_is_used_up_again_is_left_alone_longer_each_time() {
    let mut pauses = Pauses::default();
    let mut now = START;
    for (rest, length) in [(0, 60), (10, 600), (1800, 3600), (3000, 3600), (3600, 60), (3599, 600)] {
        now += at(rest);
        assert_eq!(begin(&mut pauses, Kind::Quota, now), Some(Some(length)), "after {rest} seconds of calm");
        // Answers to calls that were under way as well.
        assert_eq!(begin(&mut pauses, Kind::Quota, now), Some(Some(length)));
        now += at(length);
    }
}

#[test]
fn ends_by_itself_and_is_not_cut_short() {
    let mut pauses = Pauses::default();
    begin(&mut pauses, Kind::Waf, START);
    begin(&mut pauses, Kind::Quota, START);
    assert_eq!(pauses.current(START + at(659)).unwrap().cause, Cause::Waf);
    assert_eq!(pauses.current(START + at(660)), None);
    begin(&mut pauses, Kind::Session, START + at(661));
    begin(&mut pauses, Kind::Waf, START + at(662));
    assert_eq!(pauses.current(START + at(9000)).unwrap().cause, Cause::Session);
}

#[rstest]
#[case(Kind::Waf, Kind::Session)]
#[case(Kind::Session, Kind::Waf)]
#[case(Kind::Quota, Kind::Captcha)]
#[case(Kind::Captcha, Kind::Quota)]
fn what_ends_the_one_does_not_end_the_other(#[case] first: Kind, #[case] second: Kind) {
    for log_in in [true, false] {
        let mut pauses = Pauses::default();
        begin(&mut pauses, first, START);
        begin(&mut pauses, second, START);
        let stored = kept(&mut pauses, START, UNIX);
        if log_in {
            assert!(pauses.logged_in(None));
        } else {
            pauses.resume();
        }
        let left = pauses.current(START).expect("115 has set a time").until;
        assert!(left.is_some());
        // Also where another process has ended it, and for one that comes later.
        let mut next = Pauses::default();
        next.hear(stored.unblocked().unwrap(), None, START, UNIX);
        assert_eq!(next.current(START).unwrap().until, left);
    }
}

#[rstest]
#[case(Kind::Session, false)]
#[case(Kind::TokensLost, false)]
#[case(Kind::App, false)]
#[case(Kind::Renewals, false)]
#[case(Kind::Captcha, false)]
#[case(Kind::Waf, true)]
#[case(Kind::Quota, true)]
fn another_login_ends_what_only_a_person_can_end(#[case] kind: Kind, #[case] goes_on: bool) {
    let (mut pauses, dead) = (Pauses::default(), Arc::from("dead"));
    pauses.begin(&failure(kind, "a", None), Some(&dead), START);
    assert!(!pauses.logged_in(Some("dead")), "it is the same login");
    assert_eq!(pauses.logged_in(Some("new")), !goes_on);
    assert_eq!(pauses.current(START).is_some(), goes_on);
}

#[rstest]
#[case::another_host(Kind::Waf, "b", Some("a"), false)]
#[case::the_same_host(Kind::Waf, "a", Some("a"), true)]
#[case::another_operation(Kind::Waf, "b", None, true)]
#[case::blocked_elsewhere(Kind::Waf, "b", Some("b"), true)]
#[case::another_cause(Kind::Session, "b", Some("a"), true)]
fn only_the_blocked_operation_passes_and_only_elsewhere(
    #[case] kind: Kind,
    #[case] host: &str,
    #[case] blocked: Option<&str>,
    #[case] stopped: bool,
) {
    let mut pauses = Pauses::default();
    begin(&mut pauses, kind, START);
    assert_eq!(pauses.stops(START, host, blocked).is_some(), stopped);
    // It may come back from the store: that changes nothing.
    let own = kept(&mut pauses, START, UNIX);
    pauses.hear(own.clone(), None, START + Duration::from_millis(1), UNIX);
    assert_eq!(pauses.stops(START, host, blocked).is_some(), stopped);
    // Whoever only heard of it has been blocked by nobody.
    let mut next = Pauses::default();
    next.hear(own, None, at(0), UNIX);
    assert!(next.stops(at(0), host, blocked).is_some());
}

fn kept(pauses: &mut Pauses, now: Duration, unix: u64) -> Kept {
    told(pauses, now, unix).expect("something has changed")
}

/// What the keeper is told, which it takes.
fn told(pauses: &mut Pauses, now: Duration, unix: u64) -> Option<Kept> {
    let (kept, changes) = pauses.unkept(now, unix)?;
    assert!(pauses.unkept(now, unix).is_some(), "until it is taken");
    pauses.kept(changes);
    Some(kept)
}

#[test]
fn the_next_start_keeps_to_it_and_to_the_steps() {
    let mut first = Pauses::default();
    begin(&mut first, Kind::Quota, START);
    begin(&mut first, Kind::Quota, START + at(60));
    let text = serde_json::to_string(&kept(&mut first, START + at(60), UNIX)).unwrap();
    assert!(told(&mut first, START, UNIX).is_none(), "once");

    // Two hundred seconds later, on another clock.
    let mut next = Pauses::default();
    next.hear(serde_json::from_str(&text).unwrap(), None, at(1), UNIX + 200);
    assert_eq!(next.current(at(1)), Some(Pause { cause: Cause::Quota, until: Some(at(401)), code: None }));
    assert_eq!(next.current(at(401)), None);
    assert_eq!(begin(&mut next, Kind::Quota, at(500)), Some(Some(3600)), "the third step");
}

#[rstest]
#[case::clock_went_back(UNIX - 1_000_000, Some(660))]
#[case::as_it_was(UNIX, Some(660))]
#[case::half(UNIX + 330, Some(330))]
#[case::over(UNIX + 660, None)]
#[case::clock_went_on(UNIX + 1_000_000, None)]
fn a_wrong_clock_pauses_nobody_for_long(#[case] unix: u64, #[case] left: Option<u64>) {
    let mut first = Pauses::default();
    begin(&mut first, Kind::Waf, START);
    let kept = kept(&mut first, START, UNIX);
    let mut next = Pauses::default();
    next.hear(kept, None, at(7), unix);
    assert_eq!(next.current(at(7)).map(|pause| pause.until.unwrap()), left.map(|left| at(7 + left)));
}

#[test]
fn what_was_said_of_another_login_is_not_heard() {
    let (mut first, old): (_, Arc<str>) = (Pauses::default(), Arc::from("old"));
    first.begin(&failure(Kind::Session, "a", None), Some(&old), START);
    let said = kept(&mut first, START, UNIX);
    for (login, held) in [(Some("old"), true), (Some("new"), false), (None, true)] {
        let mut next = Pauses::default();
        next.hear(said.clone(), login, at(0), UNIX);
        assert_eq!(next.current(at(0)).is_some(), held, "{login:?}");
        assert!(told(&mut next, at(0), UNIX).is_none(), "whoever has that login keeps to it");
    }
}

#[test]
fn a_person_ends_it_beside_a_running_process() {
    let mut serving = Pauses::default();
    begin(&mut serving, Kind::Captcha, START);
    let stored = kept(&mut serving, START, UNIX);
    assert_eq!(stored.in_force(UNIX), Some((Cause::Captcha, None)));
    let unblocked = stored.clone().unblocked().unwrap();
    // Whichever comes to the store first.
    assert_eq!(stored.clone().merge(unblocked.clone()), unblocked);
    assert_eq!(unblocked.clone().merge(stored), unblocked);
    serving.hear(unblocked.clone(), None, START, UNIX);
    assert_eq!(serving.current(START), None);
    assert_eq!(unblocked.unblocked(), None);

    let mut sat_out = Pauses::default();
    begin(&mut sat_out, Kind::Waf, START);
    assert_eq!(kept(&mut sat_out, START, UNIX).unblocked(), None, "that one is 115's to end");
}

#[derive(Debug, Clone)]
enum Step {
    /// Time passes, and a call is tried that would be answered so.
    Call(u64, Kind, Option<u64>),
    /// The answer to a call that was under way before.
    Late(Kind),
    /// A person ends what a person can end, or logs in.
    Resume,
    LogIn,
    /// The process ends, and another begins with what was kept.
    Restart,
    /// Another process, with a clock of its own, tries a call that would be answered so.
    Other(Kind),
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = [Kind::Waf, Kind::Quota, Kind::Captcha, Kind::Session, Kind::Renewals, Kind::NotFound, Kind::Timeout];
    let kind = proptest::sample::select(kinds.to_vec());
    prop_oneof![
        8 => (0u64..5000, kind.clone(), proptest::option::of(0u64..8000)).prop_map(|(s, k, t)| Step::Call(s, k, t)),
        3 => kind.clone().prop_map(Step::Late),
        1 => Just(Step::Resume),
        1 => Just(Step::LogIn),
        2 => Just(Step::Restart),
        2 => kind.prop_map(Step::Other),
    ]
}

#[derive(Debug, Default)]
struct Truth {
    /// Nobody can end it before.
    until: u64,
    /// Another login ends it before.
    login: u64,
    /// Somebody has to act.
    person: bool,
}

impl Truth {
    fn is_paused(&self, seconds: u64) -> bool {
        self.person || seconds < self.until.max(self.login)
    }

    fn begin(&mut self, cause: Cause, until: Option<u64>) {
        match (cause, until) {
            // Of what somebody can end, one is known: what does not end by itself.
            (_, None) => (self.person, self.login) = (true, 0),
            (Cause::Renewals, Some(_)) if self.person => {}
            (Cause::Renewals, Some(until)) => self.login = self.login.max(until),
            (_, Some(until)) => self.until = self.until.max(until),
        }
    }
}

proptest! {
    /// For any sequence of replies and times: no call goes out while the account is paused, in whatever process, and
    /// every pause ends: by itself within an hour, or by what a person does.
    #[test]
    fn no_call_goes_out_during_a_pause_and_every_pause_ends(steps in proptest::collection::vec(step(), 1..60)) {
        let mut stored = Kept::default();
        let (mut pauses, mut offset) = (Pauses::default(), 0u64);
        let mut seconds = 0u64;
        let mut logins = 0u32;
        // What is true, kept by the simplest rule there is: until when, and whether until a person acts; and whether a login will do.
        let mut truth = Truth::default();
        for step in steps {
            if let Step::Call(passed, ..) = step {
                seconds += passed;
            }
            let login: Arc<str> = format!("login {logins}").into();
            match step {
                Step::Call(_, kind, told) => {
                    let (now, unix) = (at(seconds - offset), UNIX + seconds);
                    pauses.hear(stored.clone(), Some(&login), now, unix);
                    let stopped = pauses.stops(now, "a", None).is_some();
                    let paused = truth.is_paused(seconds);
                    prop_assert!(stopped || !paused, "a call went out during a pause: {truth:?}");
                    prop_assert!(!stopped || paused, "a pause did not end: {truth:?}");
                    if !stopped
                        && let Some(pause) = pauses.begin(&failure(kind, "a", told), Some(&login), now)
                    {
                        let until = pause.until.map(|until| offset + until.as_secs());
                        prop_assert!(until.is_none_or(|until| until <= seconds + 3600));
                        truth.begin(pause.cause, until);
                    }
                }
                Step::Late(kind) => {
                    let now = at(seconds - offset);
                    if let Some(pause) = pauses.begin(&failure(kind, "a", None), Some(&login), now) {
                        truth.begin(pause.cause, pause.until.map(|until| offset + until.as_secs()));
                    }
                }
                Step::Other(kind) => {
                    let mut other = Pauses::default();
                    other.hear(stored.clone(), Some(&login), at(3), UNIX + seconds);
                    let stopped = other.stops(at(3), "a", None).is_some();
                    prop_assert_eq!(stopped, truth.is_paused(seconds), "{:?}", truth);
                    if !stopped {
                        if let Some(pause) = other.begin(&failure(kind, "a", None), Some(&login), at(3)) {
                            truth.begin(pause.cause, pause.until.map(|until| seconds + (until - at(3)).as_secs()));
                        }
                        if let Some(told) = told(&mut other, at(3), UNIX + seconds) {
                            stored = stored.merge(told);
                        }
                    }
                }
                Step::Resume => {
                    pauses.hear(stored.clone(), Some(&login), at(seconds - offset), UNIX + seconds);
                    pauses.resume();
                    truth.person = false;
                }
                Step::LogIn => {
                    logins += 1;
                    let now = at(seconds - offset);
                    pauses.hear(stored.clone(), Some(&login), now, UNIX + seconds);
                    let ends = truth.person || seconds < truth.login;
                    prop_assert_eq!(pauses.logged_in(None), ends);
                    (truth.person, truth.login) = (false, 0);
                }
                Step::Restart => {
                    (pauses, offset) = (Pauses::default(), seconds);
                    // Before its first call.
                    pauses.hear(stored.clone(), Some(&login), at(0), UNIX + seconds);
                }
            }
            if let Some(told) = told(&mut pauses, at(seconds - offset), UNIX + seconds) {
                stored = stored.merge(told);
            }
        }
    }

    #[test]
    fn merging_does_not_depend_on_who_comes_first(a in 0u64..3, b in 0u64..3, ends in proptest::collection::vec(proptest::option::of(0u64..100), 4)) {
        let pause = |cause, until| Some(KeptPause { cause, code: None, until, login: None });
        let kept = |round, own: Option<u64>, theirs: Option<u64>| Kept {
            sat_out: theirs.and_then(|until| pause(Cause::Waf, Some(until))),
            ended_by_somebody: pause(Cause::Session, own),
            round,
            quota: own.map(|until| KeptQuota { step: 0, until }),
        };
        let (one, two) = (kept(a, ends[0], ends[1]), kept(b, ends[2], ends[3]));
        prop_assert_eq!(one.clone().merge(two.clone()), two.merge(one));
    }
}
