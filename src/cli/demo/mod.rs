//! `gate115 demo`: the built-in 115 simulator with a small library, and the gateway on it, on one port.

mod library;
mod one_port;

use std::{collections::BTreeMap, io, io::Write, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};
use sim115::Sim;

use super::Failure;
use crate::{
    app::{self, App, Deps},
    clock::Clock,
    config::{self, Cache, Cloud, Config, Delivery, Drive, LinkBinding, Login, Metrics, Mount, Server, Wire},
    deliver::{Cdn, Patience},
    error::{Error, Kind, Result},
    http as edge,
    identity::{Auth, Guest, Signer},
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
    /// Whether everybody may read without a login, as auth.guest; off: links are signed
    #[arg(long, env = "GATE115_GUEST", value_name = "GUEST", default_value = "read")]
    guest: Guests,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Guests {
    Off,
    Read,
}

impl From<Guests> for Guest {
    fn from(guests: Guests) -> Self {
        match guests {
            Guests::Off => Self::Off,
            Guests::Read => Self::Read,
        }
    }
}

/// Runs until the process is told to end.
pub(super) async fn demo(options: Options, format: LogFormat) -> Result<(), Failure> {
    let Options { listen, base_path, frontend_dir, guest } = options;
    let guest = Guest::from(guest);
    let _log = telemetry::init(format);
    app::raise_limits();
    let sim = Sim::builder().build();
    library::fill(&sim);
    // The API of the simulator is nobody's business but ours; its files are for every client.
    let running = sim.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let origin = running.base_url();
    let server = Server { listen: vec![listen], base_path, metrics: Metrics::Open, frontend_dir, ..Server::default() };
    let config = configuration(&sim, &origin, server, guest)?;
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
    let router = one_port::join(front, &sim, origin);
    let stop = app::stop_on_signal()?;
    let signer = app.guard().and_then(|guard| guard.signer());
    print(address, &config.server.base_path, signer.as_ref(), admin.as_ref(), &mut io::stdout())?;
    app.serve(listeners, router, stop).await;
    running.shutdown().await;
    Ok(())
}

fn configuration(sim: &Sim, base: &str, server: Server, guest: Guest) -> Result<Config> {
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
    Ok(Config { server, data_dir: "data".into(), auth: Auth { guest, ..Auth::default() }, mounts: vec![mount] })
}

/// Where links need a sign, `signer` makes it.
fn print(
    address: SocketAddr,
    base: &str,
    signer: Option<&Signer>,
    admin: Option<&SecretString>,
    out: &mut impl Write,
) -> io::Result<()> {
    let at = if address.ip().is_unspecified() { format!("127.0.0.1:{}", address.port()) } else { address.to_string() };
    let at = format!("http://{at}{base}");
    let film = VirtualPath::root().join("115").join("Films").join("Clip.mp4");
    let link = |route: &str| match signer {
        // Shells look for files by what has a question mark in it.
        Some(signer) => format!("'{at}/{route}{}?sign={}'", film.to_uri(), signer.sign(film.as_str())),
        None => format!("{at}/{route}{}", film.to_uri()),
    };
    let save = if signer.is_some() { "-Lo Clip.mp4" } else { "-LO" };
    writeln!(
        out,
        "gate115 demo: a made-up 115 drive with a small library, and the gateway on it.\n\n\
         \x20 click     {at}/\n\
         \x20 download  curl {save} {}\n\
         \x20 play      mpv {}\n\
         \x20 relay     ffplay {}",
        link("d"),
        link("d"),
        link("p"),
    )?;
    if let Some(password) = admin {
        let why = if signer.is_some() { "" } else { " (nobody has to)" };
        writeln!(out, "\x20 log in    admin, {}{why}", password.expose_secret())?;
    }
    writeln!(out, "\nNothing leaves this machine. Ctrl-C ends it.")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_links_it_prints_are_of_the_library() {
        let sim = Sim::builder().build();
        library::fill(&sim);
        assert!(sim.id_of("/Films/Clip.mp4").is_some());
        let signer = crate::identity::testing::signer("openlist-testtoken");
        let open = ["-LO http://127.0.0.1:80/gw/d/115/Films/Clip.mp4\n".to_owned(), "admin, pw (nobody".to_owned()];
        let sign = signer.sign("/115/Films/Clip.mp4");
        let signed =
            ["d", "p"].map(|route| format!(" 'http://127.0.0.1:80/gw/{route}/115/Films/Clip.mp4?sign={sign}'\n"));
        for (signer, wanted) in [(None, open), (Some(&signer), signed)] {
            let mut out = Vec::new();
            print(SocketAddr::from(([0, 0, 0, 0], 80)), "/gw", signer, Some(&"pw".into()), &mut out).unwrap();
            let said = String::from_utf8(out).unwrap();
            for part in wanted {
                assert!(said.contains(&part), "{said}");
            }
        }
    }
}
