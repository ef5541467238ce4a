//! Secrets: fetched once, from the text, the environment or a file, and never repeated in a message.

use std::{ffi::OsString, fmt, path::Path};

use secrecy::SecretString;

use super::{load::read, raw::Secret};

/// The world a secret may come from.
pub(super) struct Sources<'a> {
    /// Where a relative `{ file: … }` starts.
    pub(super) base_dir: &'a Path,
    pub(super) env: &'a dyn Fn(&str) -> Option<OsString>,
}

impl fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("base_dir", &self.base_dir).finish_non_exhaustive()
    }
}

/// Larger files hold no secret.
const MAX_FILE: u64 = 64 * 1024;

impl Secret {
    /// The secret without the white space around it, never empty; or what to do to have one.
    pub(super) fn resolve(self, sources: &Sources<'_>) -> Result<SecretString, String> {
        let (text, whence) = match self {
            Self::Plain(secret) => return Ok(secret),
            Self::Env(name) => {
                // Anything else cannot be a variable, and may be a secret that was put into the wrong place.
                let is_name = name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if !is_name || name.is_empty() {
                    return Err("the name of an environment variable has letters, digits and _ only; write { env: NAME } and put the secret into the variable".into());
                }
                let whence = format!("the environment variable {name}");
                match (sources.env)(&name).map(OsString::into_string) {
                    Some(Ok(text)) => (text, whence),
                    Some(Err(_)) => return Err(format!("{whence} is not UTF-8")),
                    None => return Err(format!("{whence} is not set")),
                }
            }
            Self::File(path) => {
                let text = read(&sources.base_dir.join(&path), MAX_FILE);
                let whence = if path.contains(['=', ';']) || path.len() > 255 {
                    "the file named here".into()
                } else {
                    format!("the file {path}")
                };
                (text.map_err(|error| format!("{whence} cannot be read: {error}"))?, whence)
            }
        };
        match text.trim() {
            "" => Err(format!("{whence} is empty")),
            text => Ok(text.into()),
        }
    }
}
