//! `gate115 unblock`: ends a pause that only a person can end, once the person has done what 115 wants.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{Failure, login::mount_of};
use crate::{
    app::{App, Deps, Unblocked},
    config::Config,
    telemetry::{self, LogFormat},
};

pub(super) async fn unblock(config: &Path, mount: &str, format: LogFormat) -> Result<(), Failure> {
    let _log = telemetry::init(format);
    let config = Config::load(config).map_err(|error| Failure::Config { path: config.to_owned(), error })?.config;
    let path = mount_of(&config, mount)?;
    let app = App::build(&config, Deps::real(&config.data_dir).await?);
    let unblocked = app.unblock(&path).await;
    app.stop().await;
    let out = &mut io::stdout();
    match unblocked {
        None => writeln!(out, "{path} is not a mount any more.")?,
        Some(unblocked) => tell(&unblocked?, mount, out)?,
    }
    Ok(())
}

fn tell(unblocked: &Unblocked, mount: &str, out: &mut impl Write) -> io::Result<()> {
    match unblocked {
        Unblocked::Ended(pause) => writeln!(
            out,
            "{mount}: the pause is over. A gateway that runs on the same data_dir goes on at once.\nIt was: {}",
            pause.reason
        ),
        Unblocked::GoesOn(pause) => {
            let left = pause.left.unwrap_or_default().as_secs();
            writeln!(
                out,
                "{mount}: this pause ends by itself in {left} s; going on before would make it longer.\nIt is: {}",
                pause.reason
            )
        }
        Unblocked::Nothing => writeln!(out, "{mount}: there is no pause to end."),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::drive::Pause;

    #[test]
    fn says_what_became_of_it() {
        let pause = |left: Option<u64>| Pause {
            cause: "captcha",
            reason: "115 said no.".into(),
            left: left.map(Duration::from_secs),
        };
        let told = |unblocked: &Unblocked| {
            let mut out = Vec::new();
            tell(unblocked, "/115", &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(told(&Unblocked::Ended(pause(None))).contains("/115: the pause is over"));
        assert!(told(&Unblocked::GoesOn(pause(Some(90)))).contains("by itself in 90 s"));
        assert!(told(&Unblocked::Nothing).contains("no pause"));
    }
}
