//! Addresses of files that are more than a path: stable links, and those of a download proxy.

use http::HeaderValue;

use crate::{
    drive::Entry,
    error::{Error, Kind, Result},
    identity::{Guard, Signer, stable_parts, stable_path},
    path::{VirtualPath, encode_name},
    vfs::{Codes, File, View},
};

/// The file that the path of a stable link leads to; `raw` is how it was written.
pub(super) async fn stable_file(view: &View, raw: &str, path: &VirtualPath) -> Result<File> {
    match stable_parts(path.as_str()) {
        Some((mount, pickcode)) => view.stable(raw, path, mount, pickcode).await,
        None => Err(Error::not_found("stable link of this form")),
    }
}

/// The stable link of a file, from `/d` on; `None` where it has none.
pub(super) fn stable_link(codes: Codes<'_>, signer: &Signer, file: &Entry) -> Option<String> {
    let path = stable_path(codes.mount, codes.pickcode(file)?);
    let sign = signer.sign(&path);
    Some(format!("/d{path}/{}?sign={sign}", encode_name(file.name.as_str())))
}

/// Where the download proxy has a file. It looks at the sign itself, so there is one whatever is configured, and it knows nothing
/// of stable links, so that is of all of the path.
pub(super) fn at_proxy(guard: &Guard, proxy: &str, path: &VirtualPath) -> String {
    format!("{proxy}{}?sign={}", path.to_uri(), guard.strict_signer().sign_whole(path.as_str()))
}

/// The same for a header.
pub(super) fn hop(guard: &Guard, proxy: &str, path: &VirtualPath) -> Result<HeaderValue> {
    let url = HeaderValue::try_from(at_proxy(guard, proxy, path));
    url.map_err(|_| Error::new(Kind::Internal, "`proxy_url` makes no address."))
}
