//! 429 with its header, and the quota in its four forms (§10.5; quirk 55).

use std::collections::HashSet;
use std::time::Duration;

use sim115::{Fault, On, Sim, Times};

use crate::support::Bench;

#[tokio::test]
async fn too_many_calls_are_told_when_to_come_back() {
    let builder = Sim::builder().stopped_at(1_700_000_000).open_rate(2, Duration::from_secs(60));
    let bench = Bench::with(builder).await;
    let ask = async || {
        let response = bench.open_get("ufile/files").send().await.unwrap();
        let reset = response.headers().get("x-ratelimit-reset").map(|reset| reset.to_str().unwrap().to_owned());
        (response.status().as_u16(), reset)
    };
    assert_eq!([ask().await, ask().await], [(200, None), (200, None)]);
    bench.sim.clock().advance(Duration::from_secs(15));
    assert_eq!(ask().await, (429, Some("45".to_owned())));
    bench.sim.clock().advance(Duration::from_secs(60));
    assert_eq!(ask().await, (200, None));
    bench.sim.fault(On::Call("open_files"), Times::Next(1), Fault::TooManyRequests(70));
    assert_eq!(ask().await, (429, Some("70".to_owned())));
    bench.clean();
}

#[tokio::test]
async fn a_spent_day_says_so_under_several_numbers() {
    let life = Duration::from_secs(86_400);
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000).open_access_life(life).open_quota(1)).await;
    assert_eq!(bench.open_json("ufile/files").await["state"], true);
    let mut codes = HashSet::new();
    for _ in 0..40 {
        let body = bench.open_json("ufile/files").await;
        assert_eq!((&body["state"], &body["message"]), (&false.into(), &"已达到当前访问上限，请稍后再试".into()));
        codes.insert(body["code"].as_i64().unwrap());
    }
    assert_eq!(codes, HashSet::from([406, 770_004, 0, -1]));
    bench.sim.set_open_quota(None);
    assert_eq!(bench.open_json("ufile/files").await["state"], true);
    bench.sim.set_open_quota(Some(1));
    bench.sim.clock().advance(Duration::from_secs(5 * 3_600));
    let body = bench.open_json("ufile/files").await;
    assert_eq!(body["message"], "已达到当前访问上限，请稍后再试", "it was 06:13 in Shanghai");
    bench.sim.clock().advance(Duration::from_secs(13 * 3_600));
    assert_eq!(bench.open_json("ufile/files").await["state"], true, "a new day");
    bench.clean();
}
