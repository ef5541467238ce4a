//! The request ledger as people and Prometheus see it: `/metrics`, `/ledger`, `check --online`, and what a stop keeps.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    sync::Arc,
    time::Duration,
};

use gate115::{
    app::App,
    clock::Clock,
    config::{Config, Drive, Local, Metrics},
    ledger::{Ledger, Made},
    store::{Memory, Sqlite, Store},
};
use rstest::rstest;
use sim115::{Content, Fault, On, Sim, Times};

use crate::{
    access::cookie,
    binary::GATE115,
    support::{Stage, TestApp, world},
};

const TOKEN: &str = "correct-horse-battery";

fn films(sim: &Sim) {
    sim.file("/films/a.mkv", Content::pattern(100_000));
}

/// A call of a class that this gateway makes none of, so that the numbers are the test's alone.
fn made(call: &'static str, outcome: &'static str) -> Made {
    Made { call, class: "change", caller: "scan", family: "jellyfin", outcome, took: Duration::from_millis(300) }
}

fn stage(metrics: Metrics, token: Option<&'static str>) -> Stage {
    world(films).config(move |config| {
        config.server.metrics = metrics;
        config.auth.token = token.map(Into::into);
    })
}

async fn open() -> TestApp {
    stage(Metrics::Open, None).start().await
}

/// A gateway that asks nobody.
async fn quiet() -> TestApp {
    let root = std::env::temp_dir();
    stage(Metrics::Open, None).mount(|mount, _| mount.drive = Drive::Local(Local { root })).start().await
}

/// Every sample of a text in Prometheus's format 0.0.4, after a strict look: each belongs to a type that was declared
/// before it and only once, no two are the same, and every label is quoted as it should be.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let (mut types, mut helps) = (BTreeMap::new(), BTreeSet::new());
    let mut current = "";
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(helps.insert(rest.split(' ').next().unwrap()), "{line}");
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind) && helps.contains(name), "{line}");
            assert!(types.insert(name, kind).is_none(), "{line}");
            current = name;
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let is_word = |word: &str| {
            !word.starts_with(|c: char| c.is_ascii_digit())
                && !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let kind = types[current];
        let ending = name.strip_prefix(current).unwrap_or_else(|| panic!("{line} is not of {current}"));
        assert!(is_word(name) && (ending.is_empty() != (kind == "histogram")), "{line}");
        assert!(kind != "counter" || name.ends_with("_total"), "{line}");
        if series != name {
            let mut rest = labels.strip_suffix('}').unwrap();
            while !rest.is_empty() {
                let (key, after) = rest.split_once("=\"").unwrap();
                assert!(is_word(key), "{line}");
                let end = after.match_indices('"').map(|(at, _)| at).find(|at| !after[..*at].ends_with('\\')).unwrap();
                rest = &after[end + 1..];
                rest = rest.strip_prefix(',').unwrap_or(rest);
            }
        }
        let value: f64 = value.parse().unwrap();
        assert!(samples.insert(series.to_owned(), value).is_none(), "{line} is there twice");
    }
    samples
}

async fn scrape(t: &TestApp) -> BTreeMap<String, f64> {
    let reply = t.get("/metrics").send().await.is(200);
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    samples(&reply.text())
}

#[tokio::test]
async fn what_the_gateway_does_is_told_in_numbers() {
    let t = open().await;
    let before = scrape(&t).await;
    t.get("/115/films").send().await.is(200);
    t.get("/d/115/films/a.mkv").send().await.is(302);
    t.get("/d/115/films/a.mkv").send().await.is(302);
    t.get("/d/115/films/none.mkv").send().await.is(404);
    t.get("/p/115/films/a.mkv").range("bytes=0-9999").send().await.is(206);
    t.head("/p/115/films/a.mkv").send().await.is(200);
    t.get("/healthz").send().await.is(200);
    t.get("/robots.txt").send().await.is(200);
    t.app.ledger().note("115-cloud:7", &made("files", "ok"));
    t.app.ledger().note("115-cloud:7", &made("files", "ok"));
    t.app.ledger().note("115-cloud:7", &made("getid", "waf"));
    let now = scrape(&t).await;
    let grown = |series: &str| now[series] - before.get(series).copied().unwrap_or_default();
    for (route, status, count) in [
        ("d", "3xx", 2.0),
        ("d", "4xx", 1.0),
        ("p", "2xx", 2.0),
        ("page", "2xx", 1.0),
        ("page", "5xx", 0.0),
        // The first scrape itself, and /healthz.
        ("ops", "2xx", 2.0),
        ("asset", "2xx", 1.0),
    ] {
        let series = format!("gate115_requests_total{{route=\"{route}\",status=\"{status}\"}}");
        assert_eq!(grown(&series), count, "{series}");
    }
    assert_eq!(grown("gate115_sent_bytes_total{way=\"relay\"}"), 10_000.0);
    assert_eq!(now["gate115_sent_bytes_total{way=\"local\"}"], 0.0);
    assert_eq!(now["gate115_mount_state{mount=\"/115\",state=\"working\"}"], 1.0);
    assert_eq!(now["gate115_mount_state{mount=\"/115\",state=\"failed\"}"], 0.0);
    let call = |call: &str, outcome: &str| {
        format!(
            "gate115_upstream_calls_total{{account=\"115-cloud:7\",call=\"{call}\",class=\"change\",caller=\"scan\",\
             family=\"jellyfin\",outcome=\"{outcome}\"}}"
        )
    };
    assert_eq!((now[&call("files", "ok")], now[&call("getid", "waf")]), (2.0, 1.0));
    assert_eq!(now["gate115_upstream_seconds_bucket{class=\"change\",le=\"0.25\"}"], 0.0);
    assert_eq!(now["gate115_upstream_seconds_bucket{class=\"change\",le=\"0.5\"}"], 3.0);
    assert_eq!(now["gate115_upstream_seconds_bucket{class=\"change\",le=\"+Inf\"}"], 3.0);
    assert_eq!(now["gate115_upstream_seconds_count{class=\"change\"}"], 3.0);
    assert!((now["gate115_upstream_seconds_sum{class=\"change\"}"] - 0.9).abs() < 1e-9);
    assert!(now["gate115_tasks"] > 0.0);
    assert!(now["process_start_time_seconds"] > 1.7e9);
    let build = now.keys().find(|series| series.starts_with("gate115_build_info{")).unwrap();
    assert!(build.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))), "{build}");
    for name in ["folders", "entries", "link_pools"] {
        assert!(now.contains_key(&format!("gate115_kept_{name}{{mount=\"/115\"}}")), "{name}");
    }
}

#[tokio::test]
async fn bytes_of_local_files_are_counted_apart() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), [7; 3000]).unwrap();
    let root = folder.path().to_owned();
    let t = stage(Metrics::Open, None).mount(|mount, _| mount.drive = Drive::Local(Local { root })).start().await;
    t.get("/d/115/a.txt").send().await.is(200);
    t.get("/p/115/a.txt").range("bytes=0-99").send().await.is(206);
    let now = scrape(&t).await;
    assert_eq!(now["gate115_sent_bytes_total{way=\"local\"}"], 3100.0);
    assert_eq!(now["gate115_sent_bytes_total{way=\"relay\"}"], 0.0);
    assert!(!now.keys().any(|series| series.contains("account_paused")), "a folder has no account");
}

#[tokio::test]
async fn a_pause_is_a_number_and_a_sentence() {
    let t = open().await;
    let of = |now: &BTreeMap<String, f64>| {
        now.iter()
            .filter(|(series, _)| series.starts_with("gate115_account_paused{"))
            .map(|(series, value)| (series.contains("cause=\"waf\""), *value))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&scrape(&t).await), [(false, 0.0)]);
    assert!(!t.get("/ledger").send().await.is(200).text().contains("No calls go out now"));
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Waf);
    t.get("/115/films").send().await.is(503);
    assert_eq!(of(&scrape(&t).await), [(true, 1.0)]);
    let page = t.get("/ledger").send().await.is(200).text();
    assert!(page.contains("No calls go out now.</strong> ") && page.contains("firewall"), "{page}");
}

#[tokio::test]
async fn two_gateways_in_one_process_have_numbers_of_their_own() {
    let (one, two) = (quiet().await, quiet().await);
    one.app.ledger().note("115-cloud:7", &made("files", "ok"));
    one.get("/robots.txt").send().await.is(200);
    let assets = "gate115_requests_total{route=\"asset\",status=\"2xx\"}";
    assert_eq!((scrape(&one).await[assets], scrape(&two).await[assets]), (1.0, 0.0));
    let calls = |now: &BTreeMap<String, f64>| now.keys().filter(|series| series.contains("upstream_calls")).count();
    assert_eq!((calls(&scrape(&one).await), calls(&scrape(&two).await)), (1, 0));
}

#[rstest]
#[case("/metrics")]
#[case("/ledger")]
#[tokio::test]
async fn admins_alone_see_it(#[case] path: &str) {
    let t = stage(Metrics::Token, Some(TOKEN)).start().await;
    let refused = t.get(path).send().await.is(401);
    let told = refused.text();
    assert!(told.contains("auth.token") && told.contains("server.metrics: open") && !told.contains(TOKEN), "{told}");
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    let form = t.get(path).with("accept", "text/html").send().await.is(401).text();
    assert!(form.contains(&format!(r#"name="next" type="hidden" value="{path}""#)), "{form}");
    for wrong in ["Bearer correct-horse-batterz", "", "Basic YWRtaW46Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"] {
        t.get(path).with("authorization", wrong).send().await.is(401);
    }
    t.get(path).with("cookie", &cookie(&t, "ann").await).send().await.is(403);
    t.get(path).with("cookie", &cookie(&t, "admin").await).send().await.is(200);
    t.get(path).with("authorization", &format!("Bearer {TOKEN}")).send().await.is(200);
    t.call(reqwest::Method::POST, &t.url(path)).with("authorization", TOKEN).send().await.is(405);
    let told = t.get(path).with("authorization", TOKEN).send().await.is(200).text();
    assert!(!told.contains(TOKEN));
    assert_eq!(t.api_calls(), 0);
}

#[tokio::test]
async fn the_page_tells_who_asked_what_on_the_day_and_in_the_month() {
    let t = quiet().await;
    let empty = t.get("/ledger").send().await.is(200);
    assert_eq!(empty.header("content-type"), "text/html; charset=utf-8");
    let policy = empty.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(empty.text().contains("Nothing was asked of any account"), "{}", empty.text());

    for _ in 0..1200 {
        t.app.ledger().note("115-cloud:7", &made("files", "ok"));
    }
    t.app.ledger().flush().await.unwrap();
    t.clock.advance(Duration::from_secs(25 * 3600));
    let made = Made { call: "chrome_downurl", class: "link", caller: "player", family: "vlc", ..made("", "waf") };
    t.app.ledger().note("115-cloud:7", &made);
    t.app.ledger().note("<b>&\"", &made);
    let page = t.get("/ledger").send().await.is(200).text();
    for part in [
        "<h2>115-cloud:7</h2>",
        "<strong>1</strong> in 24 hours, <strong>1\u{202f}201</strong> in 30 days, 300 ms each",
        "<th scope=\"row\">files</th><td></td><td>1\u{202f}200</td>",
        "<th scope=\"row\">chrome_downurl</th><td>1</td><td>1</td>",
        "<th scope=\"row\">player</th><td>1</td><td>1</td>",
        "<th scope=\"row\">vlc</th><td>1</td><td>1</td>",
        "<th scope=\"row\">waf</th><td>1</td><td>1</td>",
        "<h2>&lt;b&gt;&amp;&quot;</h2>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(page.find(">files<") < page.find(">chrome_downurl<"), "most calls first");
    assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains("http:"), "{page}");
    t.clock.advance(Duration::from_secs(31 * 24 * 3600));
    assert!(t.get("/ledger").send().await.is(200).text().contains("Nothing was asked"));
}

#[tokio::test]
async fn what_was_counted_last_is_stored_when_the_gateway_stops() {
    let t = open().await;
    for spawned in [true, false] {
        let clock = Clock::default();
        let store: Arc<dyn Store> = Arc::new(Memory::new(clock.clone()));
        let app = App::build(&Config { mounts: Vec::new(), ..t.config.clone() }, t.deps(Arc::clone(&store)));
        if spawned {
            app.spawn();
        }
        app.ledger().note("115-cloud:7", &made("files", "ok"));
        app.stop().await;
        let hours = Ledger::new(store, t.clock.clone()).hours(Duration::from_secs(86_400)).await.unwrap();
        assert_eq!(hours.total("115-cloud:7").calls, 1, "spawned: {spawned}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_online_tells_the_calls_of_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let clock = Clock::default();
    let ledger = Ledger::new(Arc::new(Sqlite::open(&data, clock.clone()).await.unwrap()), clock.clone());
    for _ in 0..15 {
        ledger.note("115-cloud:7", &made("files", "ok"));
    }
    ledger.flush().await.unwrap();
    let config = folder.path().join("config.yaml");
    let (data, root) = (data.display(), folder.path().join("media"));
    std::fs::create_dir(&root).unwrap();
    let text = format!(
        "data_dir: {data}\nauth: {{ guest: read }}\nmounts:\n- {{ path: /local, drive: {{ type: local, root: {} }} }}\n",
        root.display()
    );
    std::fs::write(&config, text).unwrap();
    let check = async |online: &[&'static str]| {
        let mut command = Command::new(GATE115);
        command.arg("check").args(online).arg("-c").arg(&config);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let told = check(&["--online"]).await;
    let want = "\n115-cloud:7: 15 calls in the last 24 hours\n  CLASS   CALLER  CALLS\n  change  scan    15\n  ENDPOINT  CALLS\n  files     15\n";
    assert!(told.contains("ok      listing") && told.ends_with(want), "{told}");
    assert!(!check(&[]).await.contains("115-cloud:7"));
}
