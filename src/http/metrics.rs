//! `/metrics`: what this process does, in numbers, for Prometheus.
//!
//! What a request costs is one increment of a counter made beforehand. What is known elsewhere is asked for at each scrape.

use std::{collections::BTreeMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderValue, Method, StatusCode, header};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, prometheus_text},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        info::Info,
    },
    registry::Registry,
};
use tokio::runtime::Handle;

use super::{Edge, files, operator};
use crate::{
    ledger::{BUCKETS, Ledger},
    vfs::{Namespace, State as MountState},
};

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Delivered,
    Through,
    Page,
    Ops,
    Asset,
    Api,
}

impl Door {
    const ALL: [Self; 6] = [Self::Delivered, Self::Through, Self::Page, Self::Ops, Self::Asset, Self::Api];

    fn label(self) -> &'static str {
        match self {
            Self::Delivered => "d",
            Self::Through => "p",
            Self::Page => "page",
            Self::Ops => "ops",
            Self::Asset => "asset",
            Self::Api => "api",
        }
    }

    pub(super) fn of(path: &str) -> Self {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        match first {
            "d" => Self::Delivered,
            "p" => Self::Through,
            "healthz" | "readyz" | "metrics" | "ledger" => Self::Ops,
            "api" | "ping" => Self::Api,
            "-" | "robots.txt" | "favicon.ico" | "manifest.json" | "assets" | "images" | "streamer" | "static" => {
                Self::Asset
            }
            _ => Self::Page,
        }
    }
}

/// Statuses by their first digit, from 2 on.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// Numbers of this process, in a registry of its own.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: [[Counter; CLASSES.len()]; Door::ALL.len()],
    /// Bytes sent on from the CDN.
    pub(super) relayed: Counter,
    /// Bytes of local files.
    pub(super) local: Counter,
}

type Pair = (&'static str, &'static str);

impl Metrics {
    /// `started`: Unix seconds.
    pub fn new(namespace: &Arc<ArcSwap<Namespace>>, ledger: &Arc<Ledger>, started: u64) -> Self {
        let answers = Family::<[Pair; 2], Counter>::default();
        let sent = Family::<[Pair; 1], Counter>::default();
        let mut registry = Registry::default();
        let commit = option_env!("GATE115_COMMIT").filter(|commit| !commit.is_empty()).unwrap_or("unknown");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("commit", commit)]);
        registry.register("gate115_build", "Version and commit", build);
        let started = ConstGauge::new(i64::try_from(started).unwrap_or(i64::MAX));
        registry.register("process_start_time_seconds", "When the gateway started, in Unix seconds", started);
        registry.register("gate115_requests", "Requests answered, by what was asked for", answers.clone());
        registry.register("gate115_sent_bytes", "Bytes of files sent to clients", sent.clone());
        registry.register_collector(Box::new(Upstream(Arc::clone(ledger))));
        registry.register_collector(Box::new(Mounts(Arc::clone(namespace))));
        registry.register_collector(Box::new(Tasks(Handle::current())));
        Self {
            registry,
            answers: Door::ALL.map(|door| {
                CLASSES.map(|class| answers.get_or_create_owned(&[("route", door.label()), ("status", class)]))
            }),
            relayed: sent.get_or_create_owned(&[("way", "relay")]),
            local: sent.get_or_create_owned(&[("way", "local")]),
        }
    }

    pub(super) fn answered(&self, door: Door, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(2).min(CLASSES.len() - 1);
        self.answers[door as usize][class].inc();
    }

    fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(16 * 1024);
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// All numbers, to whoever may see them.
pub(super) async fn show(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return files::method_not_allowed();
    }
    let (request, _) = request.into_parts();
    if let Some(refusal) = operator::refusal(&edge, &request) {
        return refusal;
    }
    let Ok(text) = edge.metrics.text() else {
        let mut response = Response::new(Body::from("The numbers cannot be written down.\n"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    };
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(prometheus_text::CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The calls upstream, as the ledger has counted them.
#[derive(Debug)]
struct Upstream(Arc<Ledger>);

impl Collector for Upstream {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let running = self.0.running();
        let mut lines: Vec<_> = running.calls().collect();
        lines.sort_unstable();
        let help = "Calls made upstream, by how they ended";
        let mut calls = encoder.encode_descriptor("gate115_upstream_calls", help, None, MetricType::Counter)?;
        for (account, [call, class, caller, family, outcome], count) in lines {
            let labels = [
                ("account", account),
                ("call", call),
                ("class", class),
                ("caller", caller),
                ("family", family),
                ("outcome", outcome),
            ];
            ConstCounter::new(count).encode(calls.encode_family(&labels)?)?;
        }
        let help = "How long calls upstream took";
        let mut took = encoder.encode_descriptor("gate115_upstream_seconds", help, None, MetricType::Histogram)?;
        for durations in running.durations() {
            let ends = BUCKETS.into_iter().chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> = ends.zip(durations.counts).collect();
            let count = durations.counts.iter().sum();
            let labels = [("class", durations.class)];
            let mut class = took.encode_family(&labels)?;
            class.encode_histogram::<NoLabelSet>(durations.sum.as_secs_f64(), count, &buckets, None)?;
        }
        Ok(())
    }
}

/// What is under way on the main loop: questions to 115, what keeps mounts up.
#[derive(Debug)]
struct Tasks(Handle);

impl Collector for Tasks {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let alive = i64::try_from(self.0.metrics().num_alive_tasks()).unwrap_or(i64::MAX);
        let mut tasks = gauge(&mut encoder, "gate115_tasks", "Tasks alive on the main loop")?;
        ConstGauge::new(alive).encode(tasks.encode_family::<[Pair; 0]>(&[])?)
    }
}

/// The mounts: whether they work, what is kept of them, and whose account rests.
#[derive(Debug)]
struct Mounts(Arc<ArcSwap<Namespace>>);

impl Collector for Mounts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let namespace = self.0.load();
        let mounts: Vec<_> = namespace.mounts().iter().map(|mount| (mount.path().as_str(), mount.state())).collect();

        let mut states = gauge(&mut encoder, "gate115_mount_state", "1 for the state that a mount is in")?;
        for (path, state) in &mounts {
            let now = match state {
                MountState::Starting => "starting",
                MountState::Working(_) => "working",
                MountState::Failed(_) => "failed",
            };
            for state in ["starting", "working", "failed"] {
                let labels = [("mount", *path), ("state", state)];
                ConstGauge::new(i64::from(state == now)).encode(states.encode_family(&labels)?)?;
            }
        }

        let working: Vec<_> = mounts
            .iter()
            .filter_map(|(path, state)| match state {
                MountState::Working(mounted) => Some((*path, mounted)),
                _ => None,
            })
            .collect();
        let mut paused = gauge(&mut encoder, "gate115_account_paused", "1 while no calls are made for an account")?;
        let accounts: BTreeMap<_, _> = working
            .iter()
            .map(|(_, mounted)| mounted.drive())
            .filter(|drive| drive.local().is_none())
            .map(|drive| (drive.account(), drive.pause()))
            .collect();
        for (account, pause) in accounts {
            let labels = [("account", account), ("cause", pause.as_ref().map_or("", |pause| pause.cause))];
            ConstGauge::new(i64::from(pause.is_some())).encode(paused.encode_family(&labels)?)?;
        }

        for (name, help, number) in [
            ("gate115_kept_folders", "Folders that somebody has come by", 0),
            ("gate115_kept_entries", "Entries in the listings that are kept; one with a thumbnail counts twice", 1),
            ("gate115_kept_link_pools", "Files, and clients of files, for which links are kept", 2),
        ] {
            let mut kept = gauge(&mut encoder, name, help)?;
            for (path, mounted) in &working {
                let held = mounted.held();
                let value = [held.folders, held.entries, held.links][number];
                let labels = [("mount", *path)];
                ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(kept.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

fn gauge<'e>(
    encoder: &'e mut DescriptorEncoder<'_>,
    name: &'e str,
    help: &str,
) -> Result<MetricEncoder<'e>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_door_has_its_place() {
        for (place, door) in Door::ALL.into_iter().enumerate() {
            assert_eq!(door as usize, place);
        }
        for (path, door) in [
            ("/d/115/a.mkv", Door::Delivered),
            ("/d", Door::Delivered),
            ("/p/115/a.mkv", Door::Through),
            ("/", Door::Page),
            ("/dd/x", Door::Page),
            ("/115/healthz", Door::Page),
            ("/healthz", Door::Ops),
            ("/ledger", Door::Ops),
            ("/-/page.css", Door::Asset),
            ("/api/fs/list", Door::Api),
            ("/ping", Door::Api),
        ] {
            assert_eq!(Door::of(path), door, "{path}");
        }
    }
}
