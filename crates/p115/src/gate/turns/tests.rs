//! Whose turn it is, on a paused clock.

use std::sync::atomic::{AtomicBool, Ordering};

use rstest::rstest;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
struct Someone(Urgency);

impl Caller for Someone {
    fn urgency(&self) -> Urgency {
        self.0
    }

    fn deadline(&self) -> Option<Duration> {
        None
    }

    fn names(&self) -> (&'static str, &'static str) {
        ("someone", "test")
    }
}

fn someone(urgency: Urgency) -> Arc<dyn Caller> {
    Arc::new(Someone(urgency))
}

/// Lets this many calls go one after the other, each over at once, and tells in which order and in which half second.
async fn served(turns: &Arc<Turns>, calls: &[(Class, Urgency)]) -> Vec<(usize, u128)> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    for (number, (class, urgency)) in calls.iter().enumerate() {
        let (turns, class, caller, order) = (Arc::clone(turns), *class, someone(*urgency), Arc::clone(&order));
        tasks.spawn(async move {
            let turn = turns.take(class, &caller, PATIENCE).await.unwrap();
            order.lock().push((number, start.elapsed().as_millis() / 500));
            drop(turn);
        });
        // In the order of their numbers.
        tokio::task::yield_now().await;
    }
    tasks.join_all().await;
    let order = order.lock();
    order.clone()
}

fn all(class: Class, urgency: Urgency, count: usize) -> Vec<(Class, Urgency)> {
    vec![(class, urgency); count]
}

#[rstest]
#[case(2.0, 6)]
#[case(0.5, 3)]
#[case(1.5, 5)]
#[case(f64::NAN, 6)]
#[case(-1.0, 3)]
fn the_burst_follows_the_rate(#[case] rate: f64, #[case] burst: u32) {
    assert_eq!(super::burst(sane(rate)), f64::from(burst));
}

#[tokio::test(start_paused = true)]
async fn lets_the_burst_through_and_then_keeps_the_rate_in_order() {
    let seen = served(&Arc::new(Turns::new(2.0)), &all(Class::List, Urgency::Person, 10)).await;
    let order: Vec<usize> = seen.iter().map(|(i, _)| *i).collect();
    assert_eq!(order, (0..10).collect::<Vec<_>>());
    let halves: Vec<u128> = seen.iter().map(|(_, at)| *at).collect();
    assert_eq!(halves, [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn links_take_half_of_the_rate_and_leave_the_rest_to_listings() {
    let turns = Arc::new(Turns::new(2.0));
    served(&turns, &all(Class::Link, Urgency::Player, 6)).await;
    let mut calls = all(Class::Link, Urgency::Player, 3);
    calls.extend(all(Class::List, Urgency::Person, 3));
    let seen = served(&turns, &calls).await;
    let halves = |class| {
        let of = seen.iter().filter(|(number, _)| calls[*number].0 == class);
        of.map(|(_, at)| *at).collect::<Vec<_>>()
    };
    assert_eq!((halves(Class::Link), halves(Class::List)), (vec![2, 4, 6], vec![1, 3, 5]));
}

#[tokio::test(start_paused = true)]
async fn the_most_urgent_goes_first_and_among_equals_who_came_first() {
    use Urgency::{Background, Person, Player};
    let turns = Arc::new(Turns::new(1.0));
    served(&turns, &all(Class::List, Person, 3)).await;
    let calls = [Background, Person, Player, Background, Person, Player].map(|urgency| (Class::List, urgency));
    let order: Vec<usize> = served(&turns, &calls).await.iter().map(|(number, _)| *number).collect();
    assert_eq!(order, [2, 5, 1, 4, 0, 3]);
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_everything_leaves_half_of_the_burst_to_a_player() {
    let turns = Arc::new(Turns::new(2.0));
    let crawler = tokio::spawn({
        let turns = Arc::clone(&turns);
        async move { served(&turns, &all(Class::List, Urgency::Background, 20)).await }
    });
    sleep(Duration::from_secs(5)).await;
    let player = served(&turns, &all(Class::Link, Urgency::Player, 3)).await;
    assert!(player.iter().all(|(_, half)| *half == 0), "{player:?}");
    let crawled = crawler.await.unwrap();
    assert_eq!(crawled.len(), 20, "slowed, not starved");
    assert_eq!(crawled.iter().filter(|(_, half)| *half == 0).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_may_become_more_urgent() {
    #[derive(Debug)]
    struct Joined(AtomicBool);
    impl Caller for Joined {
        fn urgency(&self) -> Urgency {
            if self.0.load(Ordering::Relaxed) { Urgency::Player } else { Urgency::Background }
        }
        fn deadline(&self) -> Option<Duration> {
            None
        }
        fn names(&self) -> (&'static str, &'static str) {
            ("joined", "test")
        }
    }
    let turns = Arc::new(Turns::new(0.5));
    served(&turns, &all(Class::List, Urgency::Person, 3)).await;
    let caller = Arc::new(Joined(AtomicBool::new(false)));
    let start = Instant::now();
    let waiting = tokio::spawn({
        let (turns, caller) = (Arc::clone(&turns), Arc::clone(&caller) as Arc<dyn Caller>);
        async move { turns.take(Class::List, &caller, PATIENCE).await.map(drop) }
    });
    sleep(Duration::from_millis(500)).await;
    caller.0.store(true, Ordering::Relaxed);
    waiting.await.unwrap().unwrap();
    // One token takes two seconds; with what the background leaves to others it would be four.
    assert!(start.elapsed() < Duration::from_millis(2500), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gives_up_takes_nothing() {
    let turns = Arc::new(Turns::new(1.0));
    let person = someone(Urgency::Person);
    served(&turns, &all(Class::List, Urgency::Person, 3)).await;
    let given_up = timeout(Duration::from_millis(900), turns.take(Class::List, &person, PATIENCE)).await;
    assert!(given_up.is_err());
    assert!(turns.state.lock().waiting.is_empty());
    let start = Instant::now();
    turns.take(Class::List, &person, PATIENCE).await.unwrap();
    assert!(start.elapsed() <= Duration::from_millis(102));
}

#[tokio::test(start_paused = true)]
async fn says_how_long_the_queue_is_by_who_would_go_first() {
    let turns = Arc::new(Turns::new(1.0));
    served(&turns, &all(Class::List, Urgency::Person, 3)).await;
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let turns = Arc::clone(&turns);
        calls.spawn(async move { turns.take(Class::List, &someone(Urgency::Person), PATIENCE).await.map(drop) });
    }
    tokio::task::yield_now().await;
    let seven = Duration::from_secs(7);
    for (urgency, late) in [(Urgency::Background, true), (Urgency::Person, true), (Urgency::Player, false)] {
        let queued = turns.queue(Class::List, &someone(urgency), seven);
        assert_eq!(queued.err(), late.then_some(TooLate(Duration::from_secs(8))), "{urgency:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded() {
    let turns = Turns::new(1000.0);
    let forever = Duration::MAX;
    let queue = |urgency| turns.queue(Class::List, &someone(urgency), forever).map_err(|TooLate(wait)| wait);
    let crawlers: Vec<_> = (0..MAX_WAITING).map(|_| queue(Urgency::Background).unwrap()).collect();
    assert!(queue(Urgency::Background).is_err());
    let queued: Vec<_> =
        (0..MAX_WAITING).map(|_| queue(Urgency::Player).expect("crawlers are not in the way")).collect();
    assert!(queue(Urgency::Player).is_err());
    drop(crawlers);
    assert!(queue(Urgency::Background).is_err(), "players are ahead of it");
    drop(queued);
    assert!(turns.queue(Class::List, &someone(Urgency::Player), forever).is_ok());
}

#[tokio::test(start_paused = true)]
async fn eight_are_under_way_and_six_for_the_background() {
    let turns = Turns::new(1000.0);
    let (player, crawler) = (someone(Urgency::Player), someone(Urgency::Background));
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(turns.take(Class::List, &crawler, PATIENCE).await.unwrap());
    }
    let second = Duration::from_secs(1);
    assert!(timeout(second, turns.take(Class::List, &crawler, PATIENCE)).await.is_err());
    for _ in 0..2 {
        held.push(timeout(second, turns.take(Class::Link, &player, PATIENCE)).await.unwrap().unwrap());
    }
    assert!(timeout(second, turns.take(Class::Link, &player, PATIENCE)).await.is_err());
    held.pop();
    timeout(second, turns.take(Class::Link, &player, PATIENCE)).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn changes_go_out_one_at_a_time_and_hold_up_nothing_else() {
    let turns = Turns::new(1000.0);
    let person = someone(Urgency::Person);
    let second = Duration::from_secs(1);
    let change = turns.take(Class::Change, &person, PATIENCE).await.unwrap();
    assert!(timeout(second, turns.take(Class::Change, &person, PATIENCE)).await.is_err());
    drop(timeout(second, turns.take(Class::List, &person, PATIENCE)).await.unwrap().unwrap());
    drop(change);
    timeout(second, turns.take(Class::Change, &person, PATIENCE)).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_has_rested_has_rested_at_a_new_rate_too() {
    let turns = Arc::new(Turns::new(2.0));
    turns.set_rate(100.0);
    assert_eq!(
        served(&turns, &all(Class::List, Urgency::Background, 1)).await,
        [(0, 0)],
        "half a burst is there at once"
    );
    turns.set_rate(2.0);
    let seen = served(&turns, &all(Class::List, Urgency::Person, 8)).await;
    assert_eq!(seen.iter().filter(|(_, half)| *half == 0).count(), 6, "and no more than one afterwards: {seen:?}");
}
