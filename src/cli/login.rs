//! `gate115 login`: shows a code, waits until somebody has scanned it, and tries what came of it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    slice,
    time::Duration,
};

use super::{Failure, online};
use crate::{
    app::{App, Deps},
    config::Config,
    drive::{Begun, Device, Login, Progress},
    error::{Error, Kind},
    path::VirtualPath,
    qr::Code,
    telemetry::{self, LogFormat},
};

/// Where the code is drawn besides the terminal.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    pub(super) png: Option<PathBuf>,
    pub(super) svg: Option<PathBuf>,
    /// Whether what is written goes to a terminal.
    pub(super) terminal: bool,
}

/// Pixels to a module of the picture.
const SCALE: usize = 8;
/// The network may fail this often in a row while somebody looks for a phone.
const PATIENCE: u32 = 10;
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn login(
    config: &Path,
    mount: &str,
    app_type: Option<&str>,
    pictures: &Pictures,
    format: LogFormat,
) -> Result<(), Failure> {
    let _log = telemetry::init(format);
    let loaded = Config::load(config).map_err(|error| Failure::Config { path: config.to_owned(), error })?;
    let config = loaded.config;
    let path = mount_of(&config, mount)?;
    let app = App::build(&config, Deps::real(&config.data_dir).await?);
    let login = app.login(&path).ok_or_else(|| failed(format!("{path} is a local folder: nobody logs in to it")))?;
    let done = log_in(&*login, app_type, pictures, &mut io::stdout()).await;
    let done = match done {
        Ok(()) => show(&app, &path, &*login).await,
        failed => failed,
    };
    app.stop().await;
    done
}

/// The mount of this name, which has to be in the configuration.
pub(super) fn mount_of(config: &Config, mount: &str) -> Result<VirtualPath, Failure> {
    let path = VirtualPath::from_plain(mount).map_err(|error| Failure::NoMount(error.to_string()))?;
    if config.mounts.iter().any(|of| of.path == path) {
        return Ok(path);
    }
    let known: Vec<_> = config.mounts.iter().map(|of| of.path.to_string()).collect();
    Err(Failure::NoMount(format!("there is no mount {path}; the configuration has {}", known.join(", "))))
}

async fn log_in(
    login: &dyn Login,
    app_type: Option<&str>,
    pictures: &Pictures,
    out: &mut (impl Write + Send),
) -> Result<(), Failure> {
    let begun = login.begin(app_type).await?;
    draw(&begun, pictures, out)?;
    let mut told = Progress::Waiting;
    let mut failures = 0;
    loop {
        let progress = match login.poll(&begun.ticket).await {
            Ok(progress) => progress,
            Err(error) if failures < PATIENCE && may_pass(&error) => {
                failures += 1;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        failures = 0;
        match &progress {
            Progress::Waiting => {}
            Progress::Scanned if told == progress => {}
            Progress::Scanned => writeln!(out, "Scanned. Now confirm it on the phone.")?,
            Progress::Done { user } => {
                writeln!(
                    out,
                    "Logged in: {user}. A gateway that runs on the same data_dir takes it up within seconds."
                )?;
                return Ok(());
            }
            Progress::Expired => return Err(failed("the code has expired. Run this again for a new one".to_owned())),
            Progress::Cancelled => return Err(failed("the login was declined on the phone".to_owned())),
            Progress::Failed { reason } => return Err(failed(reason.clone())),
        }
        told = progress;
    }
}

fn draw(begun: &Begun, pictures: &Pictures, out: &mut impl Write) -> Result<(), Failure> {
    let drawn = |error: &dyn std::fmt::Display| failed(format!("the code cannot be drawn: {error}"));
    let code = Code::of(&begun.code).map_err(|error| drawn(&error))?;
    if let Some(path) = &pictures.png {
        private(path, &code.png(SCALE).map_err(|error| drawn(&error))?)?;
    }
    if let Some(path) = &pictures.svg {
        private(path, code.svg().as_bytes())?;
    }
    if let Some(warning) = &begun.warning {
        writeln!(out, "Note: {warning}\n")?;
    }
    for line in code.terminal().lines() {
        // White on black whatever the terminal's own colours are: not every scanner reads an inverted code.
        if pictures.terminal { writeln!(out, "\x1b[40;97m{line}\x1b[0m")? } else { writeln!(out, "{line}")? }
    }
    writeln!(out)?;
    writeln!(
        out,
        "Scan this with the 115 app within five minutes, and confirm. Whoever has the code while it is valid can"
    )?;
    writeln!(out, "log in with it: {}\n", begun.code)?;
    Ok(())
}

/// Writes a file that is its user's alone, also where one was before that others may read.
fn private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let written = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).and_then(
        |mut file| {
            if file.metadata()?.is_file() {
                file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
            }
            file.write_all(bytes)
        },
    );
    written.map_err(|error| failed(format!("{} cannot be written: {error}", path.display())))
}

/// What the new login gives, and which others the account has.
async fn show(app: &App, path: &VirtualPath, login: &dyn Login) -> Result<(), Failure> {
    let Some(probe) = app.probe(path).await else { return Ok(()) };
    online::print(slice::from_ref(&probe), &mut io::stdout())?;
    if let Ok(devices) = login.devices().await {
        list(&devices, &mut io::stdout())?;
    }
    if online::all_well(slice::from_ref(&probe)) { Ok(()) } else { Err(Failure::Offline) }
}

/// The account's logins: who could end whose.
pub(super) fn list(devices: &[Device], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\nLogins of the account at 115; a new one of the same kind ends the one before:")?;
    for device in devices {
        let place = [device.ip.as_deref(), device.city.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let kind = device.class.as_deref().unwrap_or("?");
        let mark = if device.current { "*" } else { " " };
        let alarm = if device.unusual { "  115 finds this one unusual" } else { "" };
        writeln!(out, "{mark} {kind:4} {}  {place}{alarm}", device.name)?;
    }
    writeln!(out, "* this gateway's")
}

fn may_pass(error: &Error) -> bool {
    matches!(error.kind(), Kind::Upstream | Kind::Timeout | Kind::Busy)
}

fn failed(why: String) -> Failure {
    Failure::NotLoggedIn(why)
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::error::Result;

    /// Answers from a list.
    #[derive(Debug)]
    struct Script(Mutex<Vec<Result<Progress>>>);

    #[async_trait]
    impl Login for Script {
        async fn begin(&self, _: Option<&str>) -> Result<Begun> {
            let (ticket, code) = ("secret ticket".to_owned(), "https://115.com/scan/dg-0123".to_owned());
            Ok(Begun { ticket, code, warning: Some("It logs out the TV.".to_owned()) })
        }

        async fn poll(&self, ticket: &str) -> Result<Progress> {
            assert_eq!(ticket, "secret ticket");
            self.0.lock().remove(0)
        }

        async fn devices(&self) -> Result<Vec<Device>> {
            Ok(Vec::new())
        }
    }

    async fn run(answers: Vec<Result<Progress>>) -> (String, Result<(), String>) {
        let mut out = Vec::new();
        let script = Script(Mutex::new(answers));
        let done = log_in(&script, None, &Pictures::default(), &mut out).await.map_err(|error| error.to_string());
        assert!(script.0.lock().is_empty());
        (String::from_utf8(out).unwrap(), done)
    }

    fn offline() -> Result<Progress> {
        Err(Error::new(Kind::Upstream, "115 cannot be reached."))
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_is_followed_to_its_end() {
        let user = "某人".to_owned();
        let answers = vec![
            Ok(Progress::Waiting),
            offline(),
            Ok(Progress::Scanned),
            Ok(Progress::Scanned),
            Ok(Progress::Done { user }),
        ];
        let (told, done) = run(answers).await;
        assert_eq!(done, Ok(()));
        for part in ["It logs out the TV.", "█", "https://115.com/scan/dg-0123", "Logged in: 某人"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert_eq!(told.matches("Scanned.").count(), 1);
        assert!(!told.contains("secret ticket"));
    }

    #[tokio::test(start_paused = true)]
    async fn every_other_end_says_why() {
        for (progress, want) in [
            (Progress::Expired, "expired"),
            (Progress::Cancelled, "declined"),
            (Progress::Failed { reason: "115 mistrusts you.".to_owned() }, "115 mistrusts you."),
        ] {
            let (_, done) = run(vec![Ok(progress)]).await;
            assert!(done.unwrap_err().contains(want), "{want}");
        }
        let (_, done) = run((0..=PATIENCE).map(|_| offline()).collect()).await;
        assert!(done.unwrap_err().contains("cannot be reached"));
        let dead = Err(Error::new(Kind::Session, "115 asks for another login."));
        assert!(run(vec![dead]).await.1.unwrap_err().contains("another login"));
    }

    #[test]
    fn pictures_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (png, svg) = (Some(dir.path().join("a.png")), Some(dir.path().join("a.svg")));
        let pictures = Pictures { png, svg, terminal: false };
        let begun = Begun { ticket: "t".to_owned(), code: "x".to_owned(), warning: None };
        std::fs::write(dir.path().join("a.png"), "of another day").unwrap();
        draw(&begun, &pictures, &mut Vec::new()).unwrap();
        for (name, head) in [("a.png", &b"\x89PNG"[..]), ("a.svg", b"<svg")] {
            let path = dir.path().join(name);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            assert!(std::fs::read(path).unwrap().starts_with(head));
        }
    }

    #[test]
    fn a_terminal_is_told_the_colours_and_a_file_is_not() {
        let begun = Begun { ticket: "t".to_owned(), code: "x".to_owned(), warning: None };
        let drawn = |terminal| {
            let mut out = Vec::new();
            draw(&begun, &Pictures { terminal, ..Pictures::default() }, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let (plain, coloured) = (drawn(false), drawn(true));
        assert!(!plain.contains('\x1b'));
        let blocks = coloured.lines().filter(|line| line.contains('█'));
        assert!(blocks.clone().count() > 10);
        blocks.for_each(|line| assert!(line.starts_with("\x1b[40;97m") && line.ends_with("\x1b[0m"), "{line:?}"));
        assert_eq!(coloured.replace("\x1b[40;97m", "").replace("\x1b[0m", ""), plain);
    }

    #[test]
    fn the_list_marks_what_is_ours() {
        let device = |name: &str, current, unusual| Device {
            name: name.to_owned(),
            class: Some("R1".to_owned()),
            ip: Some("192.0.2.1".to_owned()),
            city: None,
            seen: None,
            current,
            unusual,
        };
        let mut out = Vec::new();
        list(&[device("mini", true, false), device("tv", false, true)], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("* R1   mini  192.0.2.1\n") && text.contains("  R1   tv  192.0.2.1  115 finds"),
            "{text}"
        );
    }
}
