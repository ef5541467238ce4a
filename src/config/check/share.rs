//! What a share needs: its code, what opens it, and for its files a login.

use p115::{ReceiveCode, ShareRef, ShareRefError};
use secrecy::ExposeSecret;

use super::{
    super::{
        Share,
        raw::{self, Secret},
        secret::Sources,
    },
    Report,
    cloud::link_binding,
    drive::{page_size_within, rate, root},
    login::login,
    wire::wire,
};

/// docs/115.md, "rates, risk control, advice".
const DEFAULT_RATE: f64 = 1.0;
/// docs/115.md §9.2.
const MAX_PAGE: u32 = 1000;
/// What to know where no login is written.
const WITHOUT: &str =
    "there is none: folders are shown, and files are opened once somebody has run `gate115 login` for the mount";

pub(super) fn share(mut raw: raw::Drive, at: &str, sources: &Sources<'_>, report: &mut Report) -> Option<Share> {
    let login = login(&mut raw, at, WITHOUT, sources, report);
    let share = code(raw.share_code, raw.receive_code, at, sources, report);
    // An empty one is how other programs write all that is shared.
    let written = raw.root.as_deref().filter(|root| !root.trim().is_empty());
    let root = report.take(&format!("{at}.root"), root(written));
    let rate = rate(raw.rate, DEFAULT_RATE, raw.wire.is_some(), &format!("{at}.rate"), report);
    let page_size = report.take(&format!("{at}.page_size"), page_size_within(MAX_PAGE, raw.page_size));
    let link_binding = report.take(&format!("{at}.link_binding"), link_binding(raw.link_binding.as_deref()));
    let wire = raw.wire.map(|raw| wire(raw, &format!("{at}.wire"), report));
    Some(Share {
        share: share?,
        root: root?,
        login: login?,
        rate: rate?,
        page_size: page_size?,
        link_binding: link_binding?,
        wire,
    })
}

/// The share, opened by the code that is given apart from it, if there is one. Neither is ever repeated.
fn code(
    share: Option<Secret>,
    receive: Option<Secret>,
    at: &str,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Option<ShareRef> {
    let field = format!("{at}.share_code");
    let receive = match receive {
        // An empty one is how other programs write none.
        Some(Secret::Plain(text)) if text.expose_secret().trim().is_empty() => Ok(None),
        Some(raw) => {
            let field = format!("{at}.receive_code");
            let secret = report.take(&field, raw.resolve(sources))?;
            let code = secret.expose_secret().parse().map_err(|error: ShareRefError| error.to_string());
            report.take::<ReceiveCode>(&field, code).map(Some).ok_or(())
        }
        None => Ok(None),
    };
    let Some(share) = share else {
        report.wrong(field, "is missing; write the share link, or what follows /s/ in it");
        return None;
    };
    let secret = report.take(&field, share.resolve(sources))?;
    let share: ShareRef =
        report.take(&field, secret.expose_secret().parse().map_err(|error: ShareRefError| error.to_string()))?;
    Some(share.opened_by(receive.ok()?))
}
