//! Who the account is and how much room it has (§10.4; quirk 54).

use std::collections::HashSet;

use sim115::{Content, Sim};

use crate::support::{Bench, number};

#[tokio::test]
async fn the_user_and_the_room_left() {
    let bench = Bench::with(Sim::builder().open_space(10_000_000_000)).await;
    bench.sim.file("/a/f", Content::pattern(4_000_000_000));
    let (mut ids, mut sizes, mut codes) = (HashSet::new(), HashSet::new(), HashSet::new());
    for _ in 0..20 {
        let body = bench.open_json("user/info").await;
        let data = &body["data"];
        assert_eq!((&body["state"], number(&body["code"]), number(&data["user_id"])), (&true.into(), 0, 12_345_678));
        let space = &data["rt_space_info"];
        let size = |key: &str| number(&space[key]["size"]);
        assert_eq!(
            (size("all_total"), size("all_use"), size("all_remain")),
            (10_000_000_000, 4_000_000_000, 6_000_000_000)
        );
        assert_eq!(space["all_use"]["size_format"], "3.73GB");
        assert!(data["user_name"].is_string() && data["user_face_l"].is_string());
        assert!(data["vip_info"]["level_name"].is_string() && data["vip_info"]["expire"].is_u64());
        ids.insert(data["user_id"].is_string());
        sizes.insert(space["all_use"]["size"].is_string());
        codes.insert(body["code"].is_string());
    }
    assert_eq!((ids.len(), sizes.len(), codes.len()), (2, 2, 2));
    bench.clean();
}
