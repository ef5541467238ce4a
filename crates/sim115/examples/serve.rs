//! A simulated 115 for `benches/compare`: links without caps that point to another byte server, and a gateway's configuration.
//!
//! `serve DIR GATEWAY CDN SIZE`: writes `DIR/config.yaml` for a gateway that listens on `GATEWAY`; the links of
//! `/Bench/large.bin`, a file of `SIZE` bytes, begin with `CDN`. Prints its own address, then, for each line on stdin, how many
//! calls its APIs have had since the line before; ends when stdin closes.

use std::{
    error::Error,
    fs,
    io::{self, BufRead, Write},
    net::SocketAddr,
    path::Path,
};

use sim115::{Content, Sim};

/// Entries of the long folder.
const MANY: u32 = 10_000;
/// Folders of the library, and files in each.
const FOLDERS: u32 = 500;
const FILES: u32 = 20;
const USAGE: &str = "usage: serve DIR GATEWAY CDN SIZE";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [dir, gateway, cdn, size] = &arguments[..] else { return Err(USAGE.into()) };
    let (gateway, size): (SocketAddr, u64) = (gateway.parse()?, size.parse()?);
    let sim = Sim::builder().c(0).uc(0).build();
    sim.set_cdn_base(cdn);
    sim.file("/Bench/large.bin", Content::pattern(size));
    for n in 1..=MANY {
        // Larger than what the simulator really hashes: that would take it ten seconds.
        sim.file(&format!("/Many/Episode {n} of a series.mkv"), Content::pattern(5_000_000 + u64::from(n)));
    }
    for folder in 0..FOLDERS {
        for file in 0..FILES {
            let size = 2_000_000_000 + u64::from(folder * FILES + file);
            sim.file(&format!("/Library/Series {folder}/Episode {file}.mkv"), Content::pattern(size));
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let running = runtime.block_on(sim.serve(SocketAddr::from(([127, 0, 0, 1], 0))))?;
    let config = config(gateway, &running.base_url(), &sim);
    fs::write(Path::new(dir).join("config.yaml"), config)?;
    let mut out = io::stdout();
    writeln!(out, "{}", running.base_url())?;
    out.flush()?;
    // Whoever started this holds the other end.
    for line in io::stdin().lock().lines() {
        line?;
        writeln!(out, "{}", sim.ledger().api_total())?;
        out.flush()?;
        sim.ledger().reset();
    }
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
