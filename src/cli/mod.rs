//! The command line: its commands, where the configuration is found, and what the process ends with.

mod check;
#[cfg(feature = "demo")]
mod demo;
mod healthcheck;
mod login;
mod online;
#[cfg(test)]
mod packaging;
mod passwd;
mod serve;
#[cfg(test)]
mod tests;
mod unblock;
mod version;

use std::{
    future::Future,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, builder::FalseyValueParser};

use crate::{config::LoadError, error::Error, telemetry::LogFormat};

#[derive(Debug, Parser)]
#[command(name = "gate115", version, about, arg_required_else_help = true)]
struct Cli {
    /// How the log on stderr is written
    #[arg(long, global = true, env = "GATE115_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway
    Serve(Where),
    /// Run the gateway on a built-in simulator of 115: no account, no configuration, no network
    #[cfg(feature = "demo")]
    Demo(demo::Options),
    /// Check the configuration and show what it means
    Check {
        #[command(flatten)]
        file: Where,
        /// Also try each mount (session, listing, link), and tell what was asked of 115 in the last 24 hours
        #[arg(long, env = "GATE115_ONLINE", value_parser = FalseyValueParser::new())]
        online: bool,
    },
    /// Log in to the account of a mount by a code that the 115 app scans
    Login {
        /// The path of the mount, as in the configuration
        mount: String,
        #[command(flatten)]
        file: Where,
        /// As what type of app: 115 keeps one login for each kind of device. Without it what the mount's `app` says, else
        /// wechatmini
        #[arg(long, env = "GATE115_APP", value_name = "NAME")]
        app: Option<String>,
        /// Also write the code as a picture
        #[arg(long, env = "GATE115_PNG", value_name = "FILE")]
        png: Option<PathBuf>,
        /// Also write the code as a drawing
        #[arg(long, env = "GATE115_SVG", value_name = "FILE")]
        svg: Option<PathBuf>,
    },
    /// End a pause that only a person can end: the captcha is solved, say. Beside a running gateway, too
    Unblock {
        /// The path of the mount, as in the configuration
        mount: String,
        #[command(flatten)]
        file: Where,
    },
    /// Read a password and print the hash of it that the configuration may hold
    Passwd,
    /// Ask a running gateway whether it lives
    Healthcheck {
        /// Where it answers
        #[arg(long, env = "GATE115_URL", default_value = "http://127.0.0.1:5244/healthz")]
        url: url::Url,
    },
    /// Show version, commit and features
    Version,
}

#[derive(Debug, Args)]
struct Where {
    /// The configuration; without it ./config.yaml, then /etc/gate115/config.yaml
    #[arg(short, long, env = "GATE115_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Where the configuration may be when nobody says where.
const PLACES: [&str; 2] = ["./config.yaml", "/etc/gate115/config.yaml"];
/// `EX_CONFIG` of sysexits.h: a supervisor need not start this again until the file has changed.
const BAD_CONFIG: u8 = 78;
/// How long work on blocking threads may hold up the end of the process.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Why a command did not do what it is for.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("there is no configuration: neither {} exists. Copy config.example.yaml to config.yaml and fill it in, or name a \
             file with -c FILE or GATE115_CONFIG. To look around without an account: gate115 demo", PLACES.join(" nor "))]
    NoConfig,
    #[error("{} cannot be used:\n{error}", path.display())]
    Config { path: PathBuf, error: LoadError },
    #[error("{} cannot be used; see above", .0.display())]
    Rejected(PathBuf),
    #[error("the gateway is not well: {0}")]
    Sick(String),
    #[error("not everything works; see above")]
    Offline,
    #[error("{0}")]
    NotLoggedIn(String),
    #[error("{0}")]
    NoMount(String),
    #[error("{0}")]
    Password(String),
    #[error("{}", .0.message())]
    App(#[from] Error),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::NoConfig | Self::Config { .. } | Self::Rejected(_) => BAD_CONFIG,
            Self::Sick(_)
            | Self::Offline
            | Self::NotLoggedIn(_)
            | Self::NoMount(_)
            | Self::Password(_)
            | Self::App(_)
            | Self::Io(_) => 1,
        }
    }
}

/// Reads the arguments, does what they say, and tells how it went: 0 ok, 78 bad configuration, 1 anything else.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            _ = error.print();
            // clap's own code for a mistake is 2.
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            _ = writeln!(io::stderr(), "gate115: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    let format = cli.log_format;
    match cli.command {
        Command::Serve(file) => block_on(serve::serve(find(file.config)?, format)),
        #[cfg(feature = "demo")]
        Command::Demo(options) => block_on(demo::demo(options, format)),
        Command::Check { file, online } => {
            let loaded = check::check(&find(file.config)?, &mut io::stdout())?;
            if online && !block_on(async { Ok(online::online(&loaded.config).await) })? {
                return Err(Failure::Offline);
            }
            Ok(())
        }
        Command::Login { mount, file, app, png, svg } => {
            let pictures = login::Pictures { png, svg, terminal: io::stdout().is_terminal() };
            block_on(login::login(&find(file.config)?, &mount, app.as_deref(), &pictures, format))
        }
        Command::Unblock { mount, file } => block_on(unblock::unblock(&find(file.config)?, &mount, format)),
        Command::Passwd => passwd::passwd(),
        Command::Healthcheck { url } => block_on(healthcheck::healthcheck(&url)),
        Command::Version => Ok(writeln!(io::stdout(), "{}", version::version())?),
    }
}

fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(command);
    runtime.shutdown_timeout(LAST_WAIT);
    result
}

fn find(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    given.map_or_else(|| first_of(&PLACES.map(Path::new)), Ok)
}

fn first_of(places: &[&Path]) -> Result<PathBuf, Failure> {
    places.iter().find(|path| path.exists()).map(|path| path.to_path_buf()).ok_or(Failure::NoConfig)
}
