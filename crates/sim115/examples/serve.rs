//! A simulated 115 for `benches/compare`: links without caps that point to another byte server, and a gateway's configuration.
//!
//! `serve DIR GATEWAY CDN SIZE`: writes `DIR/config.yaml` for a gateway that listens on `GATEWAY`; the links of
//! `/Bench/large.bin`, a file of `SIZE` bytes, begin with `CDN`. Prints its own address, and ends when stdin closes.

use std::{
    error::Error,
    fs,
    io::{self, Read, Write},
    net::SocketAddr,
    path::Path,
};

use sim115::{Content, Sim};

/// Entries of the long folder.
const MANY: u32 = 10_000;
const USAGE: &str = "usage: serve DIR GATEWAY CDN SIZE";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [dir, gateway, cdn, size] = &arguments[..] else { return Err(USAGE.into()) };
    let (gateway, size): (SocketAddr, u64) = (gateway.parse()?, size.parse()?);
    let sim = Sim::builder().c(0).uc(0).build();
    sim.set_cdn_base(cdn);
    sim.file("/Bench/large.bin", Content::pattern(size));
    for n in 1..=MANY {
        sim.file(&format!("/Many/Episode {n} of a series.mkv"), Content::pattern(1_000_000 + u64::from(n)));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let running = runtime.block_on(sim.serve(SocketAddr::from(([127, 0, 0, 1], 0))))?;
    let config = config(gateway, &running.base_url(), &sim);
    fs::write(Path::new(dir).join("config.yaml"), config)?;
    let mut out = io::stdout();
    writeln!(out, "{}", running.base_url())?;
    out.flush()?;
    // Whoever started this holds the other end; nothing is ever written to it.
    io::stdin().read_to_end(&mut Vec::new())?;
    runtime.block_on(running.shutdown());
    Ok(())
}

fn config(gateway: SocketAddr, base: &str, sim: &Sim) -> String {
    let (cookie, modulus) = (sim.cookie(), sim.root_modulus_hex());
    format!(
        "server: {{ listen: \"{gateway}\" }}\n\
         auth: {{ guest: read }}\n\
         mounts:\n\
         \x20 - path: /115\n\
         \x20   drive:\n\
         \x20     type: 115-cloud\n\
         \x20     cookie: \"{cookie}\"\n\
         \x20     rate: 1000\n\
         \x20     wire: {{ base: \"{base}\", rsa_modulus: \"{modulus}\" }}\n"
    )
}
