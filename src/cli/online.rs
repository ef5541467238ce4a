//! `gate115 check --online`: tries what the configuration means, step by step, and tells what was asked of 115 lately.

use std::io::{self, Write};

use super::check::columns;
use crate::{
    app::{self, Probe},
    config::Config,
    ledger::{Column, Hours},
};

/// Tries every mount and prints how each step went, and the calls of the last day; true where all steps did well.
pub(super) async fn online(config: &Config) -> bool {
    let found = app::probe(config).await;
    // Nobody reads what was printed; the exit code still tells.
    _ = print(&found.probes, &mut io::stdout());
    _ = match &found.calls {
        Ok(calls) => print_calls(calls, &mut io::stdout()),
        Err(why) => writeln!(io::stdout(), "\nThe calls of the last 24 hours are not known: {why}"),
    };
    all_well(&found.probes)
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

/// For each account the calls by class and caller, and by endpoint.
fn print_calls(calls: &Hours, out: &mut impl Write) -> io::Result<()> {
    for account in calls.accounts() {
        writeln!(out, "\n{account}: {} calls in the last 24 hours", calls.total(account).calls)?;
        let mut rows = vec![["  CLASS", "CALLER", "CALLS"].map(str::to_owned)];
        rows.extend(
            calls
                .by(account, [Column::Class, Column::Caller])
                .into_iter()
                .map(|([class, caller], count)| [format!("  {class}"), caller.to_owned(), count.calls.to_string()]),
        );
        columns(&rows, out)?;
        let mut rows = vec![["  ENDPOINT", "CALLS"].map(str::to_owned)];
        let by_call = calls.by(account, [Column::Call]);
        rows.extend(by_call.into_iter().map(|([call], count)| [format!("  {call}"), count.calls.to_string()]));
        columns(&rows, out)?;
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

    #[tokio::test]
    async fn calls_are_told_by_account_class_caller_and_endpoint() {
        use std::{sync::Arc, time::Duration};

        use crate::{
            clock::Clock,
            ledger::{Ledger, Made},
            store::Memory,
        };

        let clock = Clock::default();
        let ledger = Ledger::new(Arc::new(Memory::new(clock.clone())), clock);
        let note = |account, times, call, class, caller| {
            for _ in 0..times {
                ledger.note(account, &Made { call, class, caller, ..Made::default() });
            }
        };
        note("115-cloud:1", 12, "chrome_downurl", "link", "player");
        note("115-cloud:1", 3, "files", "list", "scan");
        note("115-open:2", 1, "open_files", "list", "person");
        let mut out = Vec::new();
        print_calls(&ledger.hours(Duration::from_secs(86_400)).await.unwrap(), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\n115-cloud:1: 15 calls in the last 24 hours\n\
             \x20 CLASS  CALLER  CALLS\n\
             \x20 link   player  12\n\
             \x20 list   scan    3\n\
             \x20 ENDPOINT        CALLS\n\
             \x20 chrome_downurl  12\n\
             \x20 files           3\n\
             \n115-open:2: 1 calls in the last 24 hours\n\
             \x20 CLASS  CALLER  CALLS\n\
             \x20 list   person  1\n\
             \x20 ENDPOINT    CALLS\n\
             \x20 open_files  1\n"
        );
    }
}
