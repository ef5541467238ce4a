//! Logs: to stderr, as text or JSON, and never in the way of the work.

use std::io::IsTerminal as _;

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    EnvFilter, Layer as _, fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people; in colour on a terminal.
    Text,
    /// One object a line.
    Json,
}

/// Lines that may wait for a slow stderr; what comes on top is dropped and counted.
const MAX_WAITING: usize = 8192;

/// Writes what is still waiting when it is dropped; keep it until the end of the process.
#[must_use = "lines are lost when this is dropped before the last of them is written"]
#[derive(Debug)]
pub struct Guard {
    lost: ErrorCounter,
    _worker: WorkerGuard,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.lost.dropped_lines() > 0 {
            eprintln!("{} lines of the log were lost: stderr was too slow", self.lost.dropped_lines());
        }
    }
}

/// Sets up the log for the process; `RUST_LOG` says what is logged, `info` and above without it. Where a log has been
/// set up before, as in tests, that one stays.
pub fn init(format: LogFormat) -> Guard {
    let (writer, worker) =
        NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MAX_WAITING).finish(std::io::stderr());
    let lost = writer.error_counter();
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    _ = subscriber(format, std::io::stderr().is_terminal(), filter, writer).try_init();
    Guard { lost, _worker: worker }
}

fn subscriber<W>(format: LogFormat, colour: bool, filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(colour).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines)
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = subscriber(format, false, EnvFilter::new("info"), move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(mount = "/115", "slow");
            tracing::debug!("not seen");
        });
        String::from_utf8(page.0.lock().clone()).unwrap()
    }

    #[test]
    fn json_is_one_object_a_line() {
        let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Json)).unwrap();
        assert_eq!(
            (&line["level"], &line["message"], &line["mount"]),
            (&"WARN".into(), &"slow".into(), &"/115".into())
        );
    }

    #[test]
    fn text_is_one_plain_line() {
        let text = logged(LogFormat::Text);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.ends_with("slow mount=\"/115\"\n"), "{text}");
    }

    #[test]
    fn a_second_log_of_a_process_changes_nothing() {
        let first = init(LogFormat::Text);
        let second = init(LogFormat::Json);
        assert_eq!((first.lost.dropped_lines(), second.lost.dropped_lines()), (0, 0));
    }
}
