//! What a folder of this machine needs, and what must not lie in it.

use std::path::{self, Path, PathBuf};

use super::{
    super::{Drive, Local, Mount},
    Report,
    value::shown,
};

pub(super) fn local(root: Option<&str>, field: &str, report: &mut Report) -> Option<Local> {
    let root = report.take(field, folder(root))?;
    Some(Local { root })
}

/// An absolute path; whether it leads to a folder is found out at the start.
fn folder(text: Option<&str>) -> Result<PathBuf, String> {
    const EXAMPLE: &str = "write the absolute path of the folder that is shown, for example /srv/media";
    let text = text.map(str::trim).ok_or_else(|| format!("is missing; {EXAMPLE}"))?;
    if !text.starts_with('/') {
        let text = if text.is_empty() { "an empty text".into() } else { shown(text) };
        return Err(format!("{text} does not start with /; {EXAMPLE}"));
    }
    if text.contains('\0') {
        return Err(format!("no path has a NUL in it; {EXAMPLE}"));
    }
    Ok(text.into())
}

/// Logins lie in `data_dir` in plain text: a folder that everybody may look into must not hold it.
pub(super) fn apart(mounts: &[Mount], data_dir: &Path, report: &mut Report) {
    let Ok(data_dir) = path::absolute(data_dir) else { return };
    for mount in mounts {
        if let Drive::Local(Local { root }) = &mount.drive
            && data_dir.starts_with(root)
        {
            report.wrong(
                "data_dir",
                format!(
                    "lies in the folder that {} shows, and logins with it; choose another for one of them",
                    mount.path
                ),
            );
        }
    }
}
