//! Shares that are locked, not ready, or no more: §9.3, §9.4, quirks 41, 42 and 46.

use std::collections::HashSet;

use serde_json::{Value, json};
use sim115::{Content, Fault, On, Share, ShareState, Sim, Times};

use crate::support::{Bench, errno, json_of};

async fn bench() -> (Bench, Share) {
    let bench = Bench::with(Sim::builder().stopped_at(1_700_000_000)).await;
    let share = bench.sim.share("sw3abc", "ab12");
    share.file("/f", Content::pattern(1));
    (bench, share)
}

/// Every answer of forty, as number, shown state and length of the list.
async fn answers(bench: &Bench) -> HashSet<(i64, Value, usize)> {
    let mut seen = HashSet::new();
    for _ in 0..40 {
        let body = bench.snap("sw3abc", "receive_code=ab12").await;
        assert_eq!(body["data"]["share_state"], body["data"]["shareinfo"]["share_state"]);
        let length = body["data"]["list"].as_array().map_or(0, Vec::len);
        seen.insert((errno(&body), body["data"]["share_state"].clone(), length));
    }
    seen
}

#[tokio::test]
async fn the_receive_code_must_be_there_and_right() {
    let (bench, share) = bench().await;
    let locked = json!({ "state": false, "error": "请输入访问码", "errno": 4_100_012, "data": { "is_access": 0 } });
    assert_eq!(bench.snap("sw3abc", "").await, locked);
    assert_eq!(bench.snap("sw3abc", "receive_code=").await, locked);
    assert_eq!(errno(&bench.snap("sw3abc", "receive_code=cd34").await), 4_100_008);
    share.set_receive_code("cd34");
    assert_eq!(bench.snap("sw3abc", "receive_code=cd34").await["state"], true);
    bench.clean();
}

#[tokio::test]
async fn an_unknown_code_and_one_that_is_none() {
    let (bench, share) = bench().await;
    assert_eq!(errno(&bench.snap("sw9zzz", "receive_code=ab12").await), 4_100_026);
    assert_eq!(errno(&bench.snap("3abc", "receive_code=ab12").await), 990_002);
    share.forget();
    assert_eq!(errno(&bench.snap("sw3abc", "receive_code=ab12").await), 4_100_026);
    bench.clean();
}

#[tokio::test]
async fn an_expired_share_is_a_success_with_a_number() {
    let (bench, share) = bench().await;
    share.expires_at(Some(1_700_000_100));
    assert_eq!(bench.snap("sw3abc", "receive_code=ab12").await["data"]["share_state"], "1");
    bench.sim.clock().advance(std::time::Duration::from_secs(100));
    let body = bench.snap("sw3abc", "receive_code=ab12").await;
    assert_eq!((&body["state"], &body["data"]["shareinfo"]["forbid_reason"]), (&true.into(), &"链接已过期".into()));
    assert_eq!(body["data"]["shareinfo"]["expire_time"], 1_700_000_100);
    assert_eq!(answers(&bench).await, HashSet::from([(0, json!(7), 0), (0, json!(7), 1)]), "with its list or without");
    bench.clean();
}

#[tokio::test]
async fn a_share_in_audit_shows_nothing_but_to_its_owner() {
    let (bench, share) = bench().await;
    share.set_state(ShareState::Auditing);
    assert_eq!(answers(&bench).await, HashSet::from([(0, json!(0), 0)]));
    share.set_state(ShareState::Reviewing);
    assert_eq!(answers(&bench).await, HashSet::from([(0, json!(8), 0)]));
    let file = bench.sim.file("/own", Content::pattern(1));
    bench.sim.share_own("sw4own", "ab12", &[file.into()]).set_state(ShareState::Auditing);
    let url = "webapi.115.com/share/snap?share_code=sw4own";
    let own = json_of(bench.on_share_page("sw4own", url, Some(&bench.sim.cookie())).send().await.unwrap()).await;
    assert_eq!((&own["data"]["share_state"], &own["data"]["list"][0]["n"]), (&0.into(), &"own".into()));
    bench.clean();
}

#[tokio::test]
async fn what_is_over_is_told_by_a_number_or_by_an_empty_share() {
    let (bench, share) = bench().await;
    for (state, shown, numbers) in [
        (ShareState::Cancelled, 4, &[4_100_009, 4_100_010][..]),
        (ShareState::Deleted, 5, &[4_100_026]),
        (ShareState::Copyright, 2, &[4_100_033]),
        (ShareState::Pornography, 3, &[4_100_033]),
        (ShareState::Violence, 6, &[4_100_033]),
    ] {
        share.set_state(state);
        let mut expected: HashSet<_> = numbers.iter().map(|number| (*number, Value::Null, 0)).collect();
        expected.insert((0, json!(shown), 0));
        assert_eq!(answers(&bench).await, expected, "{state:?}");
    }
    bench.clean();
}

#[tokio::test]
async fn a_fresh_share_has_to_be_waited_for() {
    let (bench, share) = bench().await;
    share.building(2);
    for _ in 0..2 {
        let body = bench.snap("sw3abc", "receive_code=ab12").await;
        assert_eq!((&body["state"], errno(&body)), (&false.into(), 0));
        assert!(body["error"].as_str().unwrap().contains("正在生成文件快照"));
    }
    assert_eq!(bench.snap("sw3abc", "receive_code=ab12").await["state"], true);
    bench.clean();
}

#[tokio::test]
async fn a_margin_is_all_that_is_said() {
    let (bench, _share) = bench().await;
    let margin = bench.sim.fault(On::Call("share_snap"), Times::Next(1), Fault::Margin(3));
    assert_eq!(bench.snap("sw3abc", "receive_code=ab12").await, json!({ "margin": 3 }));
    assert_eq!(bench.snap("sw3abc", "receive_code=ab12").await["state"], true);
    assert_eq!(margin.fired(), 1);
    bench.clean();
}

#[tokio::test]
async fn flagged_files_are_marked_and_counted() {
    let (bench, share) = bench().await;
    let raw = sim115::Raw { flagged: true, ..sim115::Raw::default() };
    share.raw_file(share.folder("/a"), "bad.mkv", Content::pattern(1), raw);
    let body = bench.snap("sw3abc", "receive_code=ab12").await;
    assert_eq!((&body["data"]["shareinfo"]["have_vio_file"], &body["data"]["share_state"]), (&1.into(), &"1".into()));
    let inside = bench.snap("sw3abc", &format!("receive_code=ab12&cid={}", share.folder("/a").0)).await;
    assert_eq!(inside["data"]["list"][0]["c"], 1);
}
