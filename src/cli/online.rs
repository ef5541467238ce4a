//! `gate115 check --online`: tries what the configuration means, step by step.

use std::io::{self, Write};

use crate::{
    app::{self, Probe},
    config::Config,
};

/// Tries every mount and prints how each step went; true where all of them did well.
pub(super) async fn online(config: &Config) -> bool {
    let probes = app::probe(config).await;
    // Nobody reads what was printed; the exit code still tells.
    _ = print(&probes, &mut io::stdout());
    all_well(&probes)
}

pub(super) fn all_well(probes: &[Probe]) -> bool {
    probes.iter().flat_map(|probe| &probe.steps).all(|(_, result)| result.is_ok())
}

pub(super) fn print(probes: &[Probe], out: &mut impl Write) -> io::Result<()> {
    for probe in probes {
        writeln!(out, "\n{}", probe.mount)?;
        for (step, result) in &probe.steps {
            match result {
                Ok(found) => writeln!(out, "  ok      {step}: {found}")?,
                Err(why) => writeln!(out, "  FAILED  {step}: {why}")?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_step_is_named_and_fails_it_all() {
        let good = Probe { mount: "/a".into(), steps: vec![("session".into(), Ok("user 1".into()))] };
        let steps = vec![("session".into(), Ok("user 2".into())), ("listing".into(), Err("no such folder".into()))];
        let bad = Probe { mount: "/b".into(), steps };
        assert!(all_well(std::slice::from_ref(&good)));
        let probes = [good, bad];
        assert!(!all_well(&probes));
        let mut out = Vec::new();
        print(&probes, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\n/a\n  ok      session: user 1\n\n/b\n  ok      session: user 2\n  FAILED  listing: no such folder\n"
        );
    }
}
