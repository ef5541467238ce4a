//! What a folder of this machine needs.

use std::path::PathBuf;

use super::{
    super::{Local, raw},
    Report,
    value::shown,
};

pub(super) fn local(raw: &raw::Drive, at: &str, report: &mut Report) -> Option<Local> {
    report.take(&format!("{at}.root"), root(raw.root.as_deref())).map(|root| Local { root })
}

fn root(text: Option<&str>) -> Result<PathBuf, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Err("is missing; write the folder to show, for example /srv/media".into());
    };
    let path = PathBuf::from(text);
    if !path.is_absolute() {
        return Err(format!("{} does not start with /; write the whole path of the folder", shown(text)));
    }
    Ok(path)
}
