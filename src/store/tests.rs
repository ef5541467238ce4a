//! What every store does, whatever it is made of.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;

/// A store of each kind, with the clock it reads, and what must live as long as it does.
async fn stores() -> Vec<(Arc<dyn Store>, Clock, Option<tempfile::TempDir>)> {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (Clock::default(), Clock::default());
    let sqlite = Sqlite::open(dir.path(), one.clone()).await.unwrap();
    vec![(Arc::new(sqlite), one, Some(dir)), (Arc::new(Memory::new(two.clone())), two, None)]
}

const T: Table = Table::Leases;

#[tokio::test]
async fn what_is_put_is_there_until_it_is_removed() {
    for (store, _, _dir) in stores().await {
        assert_eq!(store.get(T, "a").await.unwrap(), None);
        assert!(!store.remove(T, "a").await.unwrap());
        assert_eq!(store.version(T).await.unwrap(), Version::default());
        let first = store.put(T, "a", Value::new(*b"1\0\xff")).await.unwrap();
        let stored = store.get(T, "a").await.unwrap().unwrap();
        assert_eq!((stored.version, stored.value), (first, Value::new(*b"1\0\xff")));
        let second = store.put(T, "a", Value::new(*b"2")).await.unwrap();
        assert!(second > first);
        assert_eq!(store.get(Table::Tickets, "a").await.unwrap(), None, "another table");
        assert_eq!(store.version(Table::Tickets).await.unwrap(), Version::default());
        assert!(store.remove(T, "a").await.unwrap());
        assert_eq!(store.get(T, "a").await.unwrap(), None);
        assert!(store.version(T).await.unwrap() > second, "a removal is a change");
    }
}

#[tokio::test]
async fn a_swap_finds_what_it_expects_or_changes_nothing() {
    for (store, _, _dir) in stores().await {
        let first = store.swap(T, "a", None, Value::new(*b"1")).await.unwrap().unwrap();
        assert_eq!(store.swap(T, "a", None, Value::new(*b"x")).await.unwrap(), None);
        let second = store.swap(T, "a", Some(first), Value::new(*b"2")).await.unwrap().unwrap();
        assert_eq!(store.swap(T, "a", Some(first), Value::new(*b"x")).await.unwrap(), None);
        assert_eq!(store.write(T, "a", Expected::Version(first), None).await.unwrap(), None);
        assert_eq!(store.get(T, "a").await.unwrap().unwrap().value, Value::new(*b"2"));
        assert_eq!(store.version(T).await.unwrap(), second, "what was refused is no change");
        assert!(store.write(T, "a", Expected::Version(second), None).await.unwrap().is_some());
        let again = store.swap(T, "a", None, Value::new(*b"3")).await.unwrap().unwrap();
        assert_eq!(
            store.swap(T, "a", Some(first), Value::new(*b"x")).await.unwrap(),
            None,
            "versions do not come back"
        );
        assert!(again > second);
    }
}

#[tokio::test]
async fn what_is_past_its_end_is_not_there() {
    for (store, clock, _dir) in stores().await {
        let ends = clock.unix() + 60;
        let version = store.put(T, "a", Value::new(*b"1").until(ends)).await.unwrap();
        store.put(T, "b", Value::new(*b"1")).await.unwrap();
        clock.advance(Duration::from_secs(50));
        assert_eq!(store.get(T, "a").await.unwrap().unwrap().value.ends, Some(ends));
        clock.advance(Duration::from_secs(10));
        assert_eq!(store.get(T, "a").await.unwrap(), None);
        let page = store.scan(T, "", None, 10).await.unwrap();
        assert_eq!(keys(&page), ["b"]);
        assert_eq!(store.swap(T, "a", Some(version), Value::new(*b"x")).await.unwrap(), None);
        assert!(!store.remove(T, "a").await.unwrap());
        assert!(store.swap(T, "a", None, Value::new(*b"2")).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_scan_goes_through_a_prefix_page_by_page() {
    for (store, _, _dir) in stores().await {
        for key in ["a", "b:", "b:1", "b:2", "b:\u{10ffff}x", "b:ä", "b;", "c"] {
            store.put(T, key, Value::new(key)).await.unwrap();
        }
        let whole = store.scan(T, "b:", None, 10).await.unwrap();
        assert_eq!(keys(&whole), ["b:", "b:1", "b:2", "b:ä", "b:\u{10ffff}x"]);
        assert!(!whole.more);
        assert_eq!(whole.entries[1].1.value, Value::new(*b"b:1"));
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.scan(T, "b:", after.as_deref(), 2).await.unwrap();
            assert!(page.entries.len() <= 2);
            seen.extend(keys(&page).into_iter().map(str::to_owned));
            after = seen.last().cloned();
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, keys(&whole));
        assert_eq!(store.scan(T, "d", None, 10).await.unwrap(), Page::default());
        assert_eq!(keys(&store.scan(T, "b:", Some("a"), 1).await.unwrap()), ["b:"]);
        assert_eq!(keys(&store.scan(T, "b:", Some("c"), 1).await.unwrap()), Vec::<&str>::new());
    }
}

#[tokio::test]
async fn a_page_of_large_entries_is_cut() {
    for (store, _, _dir) in stores().await {
        let large = vec![7; PAGE_BYTES / 2];
        for key in ["a", "b"] {
            store
                .put(Table::Credentials, key, Value::new(large.clone()))
                .await
                .unwrap_or_else(|error| panic!("{error:?}"));
        }
        let error = store.put(Table::Credentials, "c", Value::new(vec![7; 5 << 20])).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Storage, "it is bounded");
        store.put(Table::Credentials, "c", Value::new(*b"1")).await.unwrap();
        let page = store.scan(Table::Credentials, "", None, 10).await.unwrap();
        assert_eq!((keys(&page), page.more), (vec!["a", "b"], true));
        let rest = store.scan(Table::Credentials, "", Some("b"), 10).await.unwrap();
        assert_eq!((keys(&rest), rest.more), (vec!["c"], false));
    }
}

#[tokio::test]
async fn a_full_table_prunes_the_oldest_or_refuses_as_it_says() {
    for (store, clock, _dir) in stores().await {
        let bounds = Table::Tickets.bounds();
        for number in 0..bounds.entries {
            store.put(Table::Tickets, &format!("{number:03}"), Value::new(*b"1")).await.unwrap();
        }
        store.put(Table::Tickets, "000", Value::new(*b"2")).await.unwrap();
        store.put(Table::Tickets, "new", Value::new(*b"1")).await.unwrap();
        assert_eq!(store.get(Table::Tickets, "001").await.unwrap(), None, "the one written longest ago");
        assert!(store.get(Table::Tickets, "000").await.unwrap().is_some(), "it was written again");
        let all = store.scan(Table::Tickets, "", None, 1000).await.unwrap();
        assert_eq!(all.entries.len() as u64, bounds.entries);
        let large = usize::try_from(bounds.bytes).unwrap() - 100;
        store.put(Table::Tickets, "large", Value::new(vec![0; large])).await.unwrap();
        let left = store.scan(Table::Tickets, "", None, 1000).await.unwrap();
        let bytes: usize = left.entries.iter().map(|(key, stored)| key.len() + stored.value.bytes.len()).sum();
        assert!(bytes as u64 <= bounds.bytes && left.entries.len() > 10, "{bytes}, {}", left.entries.len());

        let half = vec![0; usize::try_from(Table::Leases.bounds().bytes / 2).unwrap() - 10];
        let ends = clock.unix() + 60;
        store.put(Table::Leases, "a", Value::new(half.clone())).await.unwrap();
        store.put(Table::Leases, "b", Value::new(half.clone()).until(ends)).await.unwrap();
        let changes = store.version(Table::Leases).await.unwrap();
        assert_eq!(store.put(Table::Leases, "c", Value::new(half.clone())).await.unwrap_err().kind(), Kind::Storage);
        assert_eq!(store.version(Table::Leases).await.unwrap(), changes);
        let doubled = Value::new([half.clone(), half.clone()].concat());
        assert_eq!(store.put(Table::Leases, "a", doubled).await.unwrap_err().kind(), Kind::Storage);
        let kept = store.get(Table::Leases, "a").await.unwrap().unwrap();
        assert_eq!(kept.value.bytes.len(), half.len(), "what is refused leaves what was there");
        store.put(Table::Leases, "a", Value::new(half.clone())).await.unwrap();
        clock.advance(Duration::from_secs(61));
        store.put(Table::Leases, "c", Value::new(half)).await.unwrap();
    }
}

#[tokio::test]
async fn what_no_store_could_hold_is_refused() {
    for (store, _, _dir) in stores().await {
        assert_eq!(store.put(T, &"k".repeat(1025), Value::new(*b"")).await.unwrap_err().kind(), Kind::Storage);
        let large = Value::new(vec![0; (1 << 20) + 1]);
        assert_eq!(store.put(Table::Tickets, "a", large).await.unwrap_err().kind(), Kind::Storage);
        assert_eq!(store.scan(Table::Tickets, "", None, 9).await.unwrap(), Page::default());
    }
}

#[tokio::test]
async fn of_many_who_swap_at_once_each_counts() {
    for (store, _, _dir) in stores().await {
        let counting = (0..4).map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for _ in 0..25 {
                    loop {
                        let found = store.get(T, "n").await.unwrap();
                        let number: u32 = found
                            .as_ref()
                            .map_or(0, |stored| String::from_utf8_lossy(&stored.value.bytes).parse().unwrap());
                        let version = found.map(|stored| stored.version);
                        let next = Value::new((number + 1).to_string());
                        if store.swap(T, "n", version, next).await.unwrap().is_some() {
                            break;
                        }
                    }
                }
            })
        });
        for task in counting.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(store.get(T, "n").await.unwrap().unwrap().value, Value::new(*b"100"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_hears_of_a_change_within_seconds_and_of_nothing_else() {
    let clock = Clock::default();
    let store: Arc<dyn Store> = Arc::new(Memory::new(clock));
    store.put(T, "old", Value::new(*b"")).await.unwrap();
    let mut watch = Watch::new(Arc::clone(&store), T).await.unwrap();
    let long = Duration::from_secs(600);
    assert!(tokio::time::timeout(long, watch.changed()).await.is_err(), "nothing has happened");
    store.put(Table::Tickets, "a", Value::new(*b"")).await.unwrap();
    assert!(tokio::time::timeout(long, watch.changed()).await.is_err(), "not here");
    let started = tokio::time::Instant::now();
    let (heard, ()) = tokio::join!(tokio::time::timeout(long, watch.changed()), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        store.put(T, "a", Value::new(*b"")).await.unwrap();
        store.remove(T, "old").await.unwrap();
    });
    heard.unwrap();
    assert!(started.elapsed() <= Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(tokio::time::timeout(long, watch.changed()).await.is_err(), "two changes were heard as one");
}

#[test]
fn no_value_is_shown() {
    let stored = Stored { version: Version(3), value: Value::new(*b"secret").until(9) };
    assert_eq!(format!("{stored:?}"), "Stored { version: Version(3), value: Value { bytes: 6, ends: Some(9) } }");
}

/// What a person or a clock does to a table.
#[derive(Debug, Clone)]
enum Act {
    Put(u8, Option<u8>),
    Remove(u8),
    Swap(u8, bool),
    Wait(u8),
    Scan(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0..6_u8, prop::option::of(1..9_u8)).prop_map(|(key, life)| Act::Put(key, life)),
        (0..6_u8).prop_map(Act::Remove),
        (0..6_u8, any::<bool>()).prop_map(|(key, stale)| Act::Swap(key, stale)),
        (1..5_u8).prop_map(Act::Wait),
        (0..6_u8).prop_map(Act::Scan),
    ];
    prop::collection::vec(act, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whole seconds pass between the acts of a sequence only where it says so: the real clock may tick in between, so
    /// lives are counted in tens of seconds.
    #[test]
    fn both_stores_answer_alike(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let stores = stores().await;
            for (step, act) in acts.iter().enumerate() {
                let mut answers = Vec::new();
                for (store, clock, _) in &stores {
                    answers.push(done(store.as_ref(), clock, act, step).await);
                }
                assert_eq!(answers[0], answers[1], "step {step}: {act:?}");
            }
        });
    }
}

async fn done(store: &dyn Store, clock: &Clock, act: &Act, step: usize) -> String {
    let value = |life: Option<u8>| {
        let value = Value::new(step.to_string());
        life.map_or(value.clone(), |life| value.until(clock.unix() + u64::from(life) * 10 + 5))
    };
    match *act {
        Act::Put(key, life) => format!("{:?}", store.put(T, &key.to_string(), value(life)).await.unwrap()),
        Act::Remove(key) => format!("{}", store.remove(T, &key.to_string()).await.unwrap()),
        Act::Swap(key, stale) => {
            let found = store.get(T, &key.to_string()).await.unwrap().map(|stored| stored.version);
            let of = if stale { Some(Version(-1)) } else { found };
            format!("{:?}", store.swap(T, &key.to_string(), of, value(None)).await.unwrap())
        }
        Act::Wait(tens) => {
            clock.advance(Duration::from_secs(u64::from(tens) * 10));
            String::new()
        }
        Act::Scan(from) => {
            let page = store.scan(T, "", Some(&from.to_string()), 3).await.unwrap();
            let seen = page.entries.iter().map(|(key, stored)| (key, stored.version, &stored.value.bytes));
            format!("{:?} {}", seen.collect::<Vec<_>>(), page.more)
        }
    }
}

fn keys(page: &Page) -> Vec<&str> {
    page.entries.iter().map(|(key, _)| key.as_str()).collect()
}
