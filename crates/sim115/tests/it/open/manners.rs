//! What every Open call must bring, and what it must not (§1.3, §10.4).

use reqwest::RequestBuilder;
use serde_json::Value;

use crate::support::{Bench, OURS, json_of};

async fn code(request: RequestBuilder) -> Value {
    json_of(request.send().await.unwrap()).await["code"].take()
}

#[tokio::test]
async fn a_token_and_no_cookie() {
    let bench = Bench::new().await;
    let bare = || bench.http.get(bench.url("proapi.115.com/open/ufile/files")).header("user-agent", OURS);
    let token = bench.sim.open_tokens().access;
    assert_eq!(code(bare()).await, 40_140_123);
    assert_eq!(code(bare().header("authorization", &token)).await, 40_140_123);
    assert_eq!(code(bare().bearer_auth(&token).header("cookie", bench.sim.cookie())).await, 990_002);
    let refused = bench.http.get(bench.url("proapi.115.com/open/ufile/files")).bearer_auth(&token).send().await;
    assert_eq!(refused.unwrap().status(), 405, "no User-Agent");
    assert_eq!(bench.sim.ledger().violations().len(), 4);
    assert_eq!(code(bare().bearer_auth(&token).header("cookie", "acw_tc=1")).await, 0);
    assert_eq!(bench.sim.ledger().violations().len(), 4);
}

#[tokio::test]
async fn known_parameters_the_right_method_and_a_form() {
    let bench = Bench::new().await;
    let unknown = ["ufile/files?aid=1", "ufile/files?cid=0&cid=0", "ufile/search?search_value=a&x=", "user/info?x=1"];
    for rest in unknown {
        assert_eq!(code(bench.open_get(rest)).await, 990_002, "{rest}");
    }
    assert_eq!(code(bench.open_get("ufile/downurl?pick_code=a")).await, 980_006);
    assert_eq!(code(bench.open_post("ufile/files", &[("cid", "0")])).await, 980_006);
    assert_eq!(code(bench.open_post("ufile/downurl", &[("pickcode", "a")])).await, 990_002);
    let post = |url: &str| bench.http.post(bench.url(url)).header("user-agent", OURS);
    let token = bench.sim.open_tokens();
    let json = post("proapi.115.com/open/ufile/downurl").bearer_auth(&token.access);
    let json = json.header("content-type", "application/json").body("pick_code=a");
    assert_eq!(code(json).await, 990_002);
    let refresh = "passportapi.115.com/open/refreshToken";
    assert_eq!(code(post(refresh).body(format!("refresh_token={}", token.refresh))).await, 40_100_000);
    let form = [("refresh_token", token.refresh.as_str()), ("grant_type", "refresh_token")];
    assert_eq!(code(post(refresh).form(&form)).await, 40_100_000);
    assert_eq!(code(post(refresh).bearer_auth(&token.access).form(&form[..1])).await, 40_100_000);
    assert_eq!(bench.sim.ledger().violations().len(), 11);
    assert_eq!((bench.sim.ledger().rotations(), bench.sim.open_tokens()), (0, token));
}

#[tokio::test]
async fn file_calls_always_answer_as_json_and_the_other_hosts_do_not() {
    let bench = Bench::new().await;
    let mut others = std::collections::HashSet::new();
    for _ in 0..20 {
        let response = bench.open_get("ufile/files").send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
        let response = bench.open_auth("refreshToken", &[("refresh_token", "x")]).await.unwrap();
        others.insert(response.headers()["content-type"].to_str().unwrap().to_owned());
    }
    assert_eq!(others.len(), 2, "{others:?}");
}

#[tokio::test]
async fn a_byte_server_must_not_see_the_token() {
    let bench = Bench::new().await;
    let link = bench.free_link("/f", &sim115::Content::bytes("x")).await;
    bench.http.get(&link).bearer_auth("x").send().await.unwrap();
    assert_eq!(bench.sim.ledger().violations(), ["cdn: a token was sent to a byte server"]);
}
