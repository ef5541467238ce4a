//! `gate115 demo`: the built-in 115 simulator with a small library, and the gateway on it, on one port.

mod library;

use std::{collections::BTreeMap, io, io::Write, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
};
use clap::Args;
use http::{HeaderValue, header};
use secrecy::{ExposeSecret as _, SecretString};
use sim115::Sim;
use tower::Layer;

use super::Failure;
use crate::{
    app::{self, App, Deps},
    clock::Clock,
    config::{self, Cache, Cloud, Config, Delivery, Drive, LinkBinding, Login, Metrics, Mount, Server, Wire},
    deliver::{Cdn, Patience},
    error::{Error, Kind, Result},
    http as edge,
    identity::{Auth, Guest},
    path::VirtualPath,
    store::Memory,
    telemetry::{self, LogFormat},
};

const MOUNT: &str = "/115";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Address to listen on
    #[arg(long, env = "GATE115_LISTEN", default_value = "127.0.0.1:5244")]
    listen: SocketAddr,
    /// What stands before every path of the gateway, as server.base_path in a configuration
    #[arg(long, env = "GATE115_BASE_PATH", value_name = "PATH", default_value = "/", value_parser = config::base_path)]
    base_path: String,
    /// An unpacked OpenList frontend in place of the built-in pages, as server.frontend_dir
    #[arg(long, env = "GATE115_FRONTEND_DIR", value_name = "FOLDER", value_parser = config::frontend_dir)]
    frontend_dir: Option<PathBuf>,
}

/// Runs until the process is told to end.
pub(super) async fn demo(options: Options, format: LogFormat) -> Result<(), Failure> {
    let Options { listen, base_path, frontend_dir } = options;
    let _log = telemetry::init(format);
    app::raise_limits();
    let sim = Sim::builder().build();
    library::fill(&sim);
    // The API of the simulator is nobody's business but ours; its files are for every client.
    let running = sim.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let origin = running.base_url();
    let server = Server { listen: vec![listen], base_path, metrics: Metrics::Open, frontend_dir, ..Server::default() };
    let config = configuration(&sim, &origin, server)?;
    let listeners = edge::bind(&config.server.listen).await?;
    let address = app::addresses(&listeners).first().copied().unwrap_or(listen);
    let clock = Clock::default();
    let deps = Deps {
        cdn: Cdn::without_tls(),
        store: Arc::new(Memory::new(clock.clone())),
        clock,
        patience: Patience::default(),
        limits: edge::Limits::default(),
        tls: false,
    };
    let app = App::build(&config, deps);
    let (front, admin) = app.open().await?;
    app.spawn();
    app::settled(&app, Duration::from_secs(5)).await;
    let router = on_one_port(front, &sim, &origin);
    let stop = app::stop_on_signal()?;
    print(address, &config.server.base_path, admin.as_ref(), &mut io::stdout())?;
    app.serve(listeners, router, stop).await;
    running.shutdown().await;
    Ok(())
}

fn configuration(sim: &Sim, base: &str, server: Server) -> Result<Config> {
    let base = base.parse().map_err(|_| Error::new(Kind::Internal, "The simulator's address is no URL."))?;
    let wire = Wire {
        base: Some(base),
        endpoints: BTreeMap::new(),
        rsa_modulus: Some(sim.root_modulus_hex().to_owned()),
        ..Wire::default()
    };
    let cloud = Cloud {
        root: 0,
        login: Login::cookie(sim.cookie()),
        rate: 50.0,
        page_size: 1150,
        link_binding: LinkBinding::Auto,
        wire: Some(wire),
    };
    let mount = Mount {
        path: VirtualPath::from_plain(MOUNT)?,
        drive: Drive::Cloud(cloud),
        delivery: Delivery::Redirect,
        read_only: false,
        cache: Cache::default(),
    };
    Ok(Config {
        server,
        data_dir: "data".into(),
        auth: Auth { guest: Guest::Read, ..Auth::default() },
        mounts: vec![mount],
    })
}

/// The simulator's file server at the gateway's own address: a redirect names the host that the client used, so the demo
/// works from another machine and out of a container.
fn on_one_port(gateway: edge::Front, sim: &Sim, origin: &str) -> Router {
    let origin = format!("{origin}/cdn");
    let here = move |request: Request, next: Next| {
        let host = request.headers().get(header::HOST).cloned();
        let origin = origin.clone();
        async move { readdressed(next.run(request).await, &origin, host.as_ref()) }
    };
    sim.cdn_router().fallback_service(middleware::from_fn(here).layer(gateway))
}

fn readdressed(mut response: Response, origin: &str, host: Option<&HeaderValue>) -> Response {
    let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    let rest = to.and_then(|to| to.strip_prefix(origin));
    if let (Some(rest), Some(host)) = (rest, host.and_then(|host| host.to_str().ok()))
        && let Ok(to) = HeaderValue::try_from(format!("http://{host}/cdn{rest}"))
    {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

fn print(address: SocketAddr, base: &str, admin: Option<&SecretString>, out: &mut impl Write) -> io::Result<()> {
    let at = if address.ip().is_unspecified() { format!("127.0.0.1:{}", address.port()) } else { address.to_string() };
    let at = format!("{at}{base}");
    let film = VirtualPath::root().join("115").join("Films").join("Clip.mp4").to_uri();
    writeln!(
        out,
        "gate115 demo: a made-up 115 drive with a small library, and the gateway on it.\n\n\
         \x20 click     http://{at}/\n\
         \x20 download  curl -LO http://{at}/d{film}\n\
         \x20 play      mpv http://{at}/d{film}\n\
         \x20 relay     ffplay http://{at}/p{film}"
    )?;
    if let Some(password) = admin {
        writeln!(out, "\x20 log in    admin, {} (nobody has to)", password.expose_secret())?;
    }
    writeln!(out, "\nNothing leaves this machine. Ctrl-C ends it.")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::StatusCode;

    fn answer(to: &str) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::FOUND;
        response.headers_mut().insert(header::LOCATION, to.parse().unwrap());
        response
    }

    #[test]
    fn a_redirect_to_the_simulator_names_the_clients_own_host() {
        let host = || Some(HeaderValue::from_static("nas.lan:5244"));
        let to = |to, host: Option<HeaderValue>| {
            readdressed(answer(to), "http://127.0.0.1:9/cdn", host.as_ref()).headers()[header::LOCATION]
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(to("http://127.0.0.1:9/cdn/ab/x?t=1", host()), "http://nas.lan:5244/cdn/ab/x?t=1");
        assert_eq!(to("/115", host()), "/115");
        assert_eq!(to("http://127.0.0.1:9/cdn/ab/x", None), "http://127.0.0.1:9/cdn/ab/x");
    }

    #[test]
    fn the_links_it_prints_are_of_the_library() {
        let sim = Sim::builder().build();
        library::fill(&sim);
        assert!(sim.id_of("/Films/Clip.mp4").is_some());
        let mut out = Vec::new();
        print(SocketAddr::from(([0, 0, 0, 0], 80)), "/gw", Some(&"pw".into()), &mut out).unwrap();
        let said = String::from_utf8(out).unwrap();
        assert!(
            said.contains("http://127.0.0.1:80/gw/d/115/Films/Clip.mp4\n") && said.contains("admin, pw (nobody"),
            "{said}"
        );
    }
}
