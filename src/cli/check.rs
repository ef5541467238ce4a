//! `gate115 check`: what is wrong with the configuration, or what it means.

use std::{
    io::{self, Write},
    path::Path,
};

use super::Failure;
use crate::{
    config::{Config, Drive, Loaded},
    identity::{Auth, Guest, Signing},
};

/// Prints what the file means and gives it back; prints what is wrong with it and fails.
pub(super) fn check(path: &Path, out: &mut impl Write) -> Result<Loaded, Failure> {
    match Config::load(path) {
        Ok(loaded) => {
            print(path, &loaded, out)?;
            Ok(loaded)
        }
        Err(error) => {
            writeln!(out, "{error}")?;
            Err(Failure::Rejected(path.to_owned()))
        }
    }
}

fn print(path: &Path, loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    let Loaded { config, notes } = loaded;
    writeln!(out, "{}: ok\n", path.display())?;
    let listen: Vec<String> = config.server.listen.iter().map(ToString::to_string).collect();
    writeln!(out, "listen   {}", listen.join(", "))?;
    if let Some(url) = &config.server.public_url {
        writeln!(out, "public   {}", url.as_str().trim_end_matches('/'))?;
    }
    if let Some(dir) = &config.server.frontend_dir {
        writeln!(out, "pages    {}", dir.display())?;
    }
    who(&config.auth, out)?;
    let mut rows = vec![["MOUNT", "DRIVE", "ROOT", "DELIVERY", "RATE", "SERVER"].map(str::to_owned)];
    for mount in &config.mounts {
        let server = match mount.drive.wire() {
            None if matches!(mount.drive, Drive::Local(_)) => "this machine".to_owned(),
            None => "115.com".to_owned(),
            Some(wire) => {
                wire.base.as_ref().map_or("by endpoint".to_owned(), |base| base.origin().ascii_serialization())
            }
        };
        let row = [
            mount.path.to_string(),
            mount.drive.kind().into(),
            mount.drive.root(),
            mount.given_out().to_string(),
            mount.drive.rate().map_or_else(|| "-".to_owned(), |rate| format!("{rate}/s")),
            server,
        ];
        rows.push(row);
    }
    columns(&rows, out)?;
    if !notes.is_empty() {
        writeln!(out)?;
    }
    notes.iter().try_for_each(|note| writeln!(out, "note: {note}"))
}

/// Who may come in.
fn who(auth: &Auth, out: &mut impl Write) -> io::Result<()> {
    let names: Vec<&str> = auth.users.iter().map(|user| user.name.as_str()).collect();
    let users = if names.is_empty() { "admin, with a made-up password".to_owned() } else { names.join(", ") };
    writeln!(out, "users    {users}")?;
    let (guests, links) = match (auth.guest, auth.sign) {
        (Guest::Read, _) => ("read everything", "open to everybody"),
        (Guest::Off, Signing::None) => ("none", "open to everybody who knows a path"),
        (Guest::Off, Signing::All) => ("none", "signed"),
    };
    writeln!(out, "guests   {guests}\nlinks    {links}\n")
}

/// Each column as wide as its widest cell.
pub(super) fn columns<const N: usize>(rows: &[[String; N]], out: &mut impl Write) -> io::Result<()> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let line: String = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> (String, Result<Loaded, Failure>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.yaml"), text).unwrap();
        let mut out = Vec::new();
        let result = check(&dir.path().join("config.yaml"), &mut out);
        let out = String::from_utf8(out).unwrap();
        (out.replace(&*dir.path().to_string_lossy(), "DIR"), result)
    }

    #[test]
    fn a_good_file_becomes_a_table() {
        let cookie = "UID=1_A1_2; CID=00000000000000000000000000000000; SEID=00000000000000000000000000000000";
        let (out, result) = checked(&format!(
            "server: {{ listen: ['127.0.0.1:80', '0.0.0.0:81'] }}\nmounts:\n\
             - {{ path: /电影, drive: {{ type: 115-cloud, root: 2345678901234567890, cookie: '{cookie}' }} }}\n\
             - {{ path: /b/c, delivery: proxy, drive: {{ type: 115-cloud, rate: 0.5, wire: {{ base: 'http://127.0.0.1:9115/x' }}, cookie: '{cookie}' }} }}\n\
             - {{ path: /c, drive: {{ type: local, root: /srv/media }} }}\n"
        ));
        assert!(result.is_ok());
        assert_eq!(
            out,
            "DIR/config.yaml: ok\n\n\
             listen   127.0.0.1:80, 0.0.0.0:81\n\
             users    admin, with a made-up password\n\
             guests   none\n\
             links    signed\n\n\
             MOUNT  DRIVE      ROOT                 DELIVERY  RATE   SERVER\n\
             /电影    115-cloud  2345678901234567890  redirect  2/s    115.com\n\
             /b/c   115-cloud  0                    proxy     0.5/s  http://127.0.0.1:9115\n\
             /c     local      /srv/media           proxy     -      this machine\n"
        );
    }

    #[test]
    fn all_that_is_wrong_with_a_bad_file_is_printed() {
        let (out, result) = checked("mounts: [{ path: /d, drive: { type: 115-share } }]");
        let [first, second] = out.lines().collect::<Vec<_>>()[..] else { panic!("two lines, not {out}") };
        assert!(first.starts_with("mounts[0].path: ") && second.starts_with("mounts[0].drive.share_code: "), "{out}");
        assert_eq!(result.unwrap_err().code(), 78);
    }
}
