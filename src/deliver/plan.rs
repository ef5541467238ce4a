//! What to do with a request for a file: a pure function of route, policy and entry.

use crate::{
    drive::{Entry, Kind as EntryKind},
    error::{Error, Kind, Result},
    vfs::Delivery,
};

/// Which door the client came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `/d`: the mount's own delivery.
    Delivered,
    /// `/p`: the bytes through this server, or through the download proxy of the mount.
    Through,
    /// `/p` with `d` in its query: the bytes through this server in any case.
    Here,
}

/// The way a file goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way<'a> {
    /// A 302 to a link of the client's own; where only links come that nobody can be sent to, a relay.
    Redirect,
    /// A 302 to the mount's download proxy.
    Hop(&'a str),
    /// The bytes, fetched by us.
    Relay,
    /// The bytes, read from a file on this machine.
    Local,
}

/// Plans; an entry that cannot be opened says why.
pub fn plan<'a>(route: Route, delivery: &'a Delivery, entry: &Entry) -> Result<Way<'a>> {
    match entry.kind {
        EntryKind::Folder => Err(Error::new(Kind::IsFolder, "This is a folder, not a file.")),
        EntryKind::File { complete: false, .. } => Err(Error::new(
            Kind::NotReady,
            "The upload of this file has not ended at 115. Open it once it has; if it never does, upload it again.",
        )),
        EntryKind::File { size, .. } => Ok(match (route, delivery) {
            (_, Delivery::Local) => Way::Local,
            (Route::Delivered | Route::Through, Delivery::Url(proxy)) => Way::Hop(proxy),
            // An empty file needs no link, and a range of it is 416 at the CDN (docs/115.md, quirk 59).
            _ if size == 0 => Way::Relay,
            (Route::Delivered, Delivery::Redirect) => Way::Redirect,
            (Route::Delivered, Delivery::Proxy) | (Route::Through | Route::Here, _) => Way::Relay,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{drive::Handle, path::Name};
    use rstest::rstest;

    #[rstest]
    #[case(Route::Delivered, Delivery::Redirect, file(5, true), Ok(Way::Redirect))]
    #[case(Route::Delivered, Delivery::Proxy, file(5, true), Ok(Way::Relay))]
    #[case(Route::Through, Delivery::Redirect, file(5, true), Ok(Way::Relay))]
    #[case(Route::Through, Delivery::Proxy, file(5, true), Ok(Way::Relay))]
    #[case(Route::Delivered, Delivery::Redirect, file(0, true), Ok(Way::Relay))]
    #[case(Route::Delivered, Delivery::Redirect, file(0, false), Err(Kind::NotReady))]
    #[case(Route::Through, Delivery::Redirect, file(5, false), Err(Kind::NotReady))]
    #[case(Route::Delivered, Delivery::Redirect, EntryKind::Folder, Err(Kind::IsFolder))]
    #[case(Route::Delivered, Delivery::Local, file(5, true), Ok(Way::Local))]
    #[case(Route::Through, Delivery::Local, file(0, true), Ok(Way::Local))]
    #[case(Route::Through, Delivery::Local, EntryKind::Folder, Err(Kind::IsFolder))]
    #[case(Route::Through, Delivery::Proxy, EntryKind::Folder, Err(Kind::IsFolder))]
    #[case(Route::Here, Delivery::Redirect, file(5, true), Ok(Way::Relay))]
    #[case(Route::Here, Delivery::Local, file(5, true), Ok(Way::Local))]
    #[case(Route::Delivered, url(), file(5, true), Ok(Way::Hop("http://worker")))]
    #[case(Route::Delivered, url(), file(0, true), Ok(Way::Hop("http://worker")))]
    #[case(Route::Through, url(), file(5, true), Ok(Way::Hop("http://worker")))]
    #[case(Route::Here, url(), file(5, true), Ok(Way::Relay))]
    #[case(Route::Here, url(), file(0, true), Ok(Way::Relay))]
    #[case(Route::Delivered, url(), file(5, false), Err(Kind::NotReady))]
    #[case(Route::Through, url(), EntryKind::Folder, Err(Kind::IsFolder))]
    fn plans(
        #[case] route: Route,
        #[case] delivery: Delivery,
        #[case] kind: EntryKind,
        #[case] want: Result<Way<'_>, Kind>,
    ) {
        let entry = Entry {
            handle: Handle::new("h"),
            name: Name::shown("n"),
            kind,
            tag: "t".into(),
            modified: 0,
            created: 0,
            thumb: None,
        };
        assert_eq!(plan(route, &delivery, &entry).map_err(|error| error.kind()), want);
    }

    fn url() -> Delivery {
        Delivery::Url("http://worker".into())
    }

    fn file(size: u64, complete: bool) -> EntryKind {
        EntryKind::File { size, sha1: None, complete }
    }
}
