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

/// Logins lie in `data_dir` in plain text: a folder that everybody may look into must not hold it. What the configuration itself
/// holds is its writer's to know.
pub(super) fn apart(mounts: &[Mount], data_dir: &Path, base_dir: &Path, report: &mut Report) {
    let (data_dir, base_dir) = (really(data_dir), really(base_dir));
    for (n, mount) in mounts.iter().enumerate() {
        let Drive::Local(Local { root }) = &mount.drive else { continue };
        let root = really(root);
        if data_dir.starts_with(&root) {
            let what = "and logins with it; choose another for one of them";
            report.wrong("data_dir", format!("lies in the folder that {} shows, {what}", mount.path));
        }
        if base_dir.starts_with(&root) {
            let what = "the configuration lies in this folder, and whoever reads the mount reads what is written there; keep secrets elsewhere ({ env: … }), or move it";
            report.note(format!("mounts[{n}].drive.root"), what);
        }
    }
}

/// Where a path leads: links are followed as far as there is anything.
fn really(path: &Path) -> PathBuf {
    let whole = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = whole.ancestors().find_map(|above| Some((above.canonicalize().ok()?, above)));
    let (real, above) = there.unwrap_or((PathBuf::new(), Path::new("")));
    whole.strip_prefix(above).unwrap_or(&whole).components().fold(real, |at, part| match part {
        path::Component::ParentDir => at.parent().unwrap_or(&at).to_owned(),
        part => at.join(part),
    })
}
