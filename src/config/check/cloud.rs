//! What a 115 account by cookie needs.

use secrecy::{ExposeSecret, SecretString};

use super::{
    super::{
        Cloud, LinkBinding,
        raw::{self, Later, Secret},
        secret::Sources,
    },
    Report,
    drive::{page_size, rate, root},
    value::shown,
    wire::wire,
};

const DEFAULT_RATE: f64 = 2.0;
const COOKIE_ADVICE: &str = "log in at 115.com with a browser, open the developer tools (F12), choose Network, reload, \
                             and copy the whole Cookie header of a request to webapi.115.com into cookie";

pub(super) fn cloud(raw: raw::Drive, at: &str, sources: &Sources<'_>, report: &mut Report) -> Option<Cloud> {
    report.later(at, "app", &raw.app, "It belongs to the login by QR code");
    let root = report.take(&format!("{at}.root"), root(raw.root.as_deref()));
    let cookie = cookie(raw.cookie, &raw.qr_token, at, sources, report);
    let rate = rate(raw.rate, DEFAULT_RATE, raw.wire.is_some(), &format!("{at}.rate"), report);
    let page_size = report.take(&format!("{at}.page_size"), page_size(raw.page_size));
    let link_binding = report.take(&format!("{at}.link_binding"), link_binding(raw.link_binding.as_deref()));
    let wire = raw.wire.map(|raw| wire(raw, &format!("{at}.wire"), report));
    Some(Cloud { root: root?, cookie: cookie?, rate: rate?, page_size: page_size?, link_binding: link_binding?, wire })
}

fn cookie(
    raw: Option<Secret>,
    qr_token: &Later,
    at: &str,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Option<SecretString> {
    if qr_token.0 {
        report.wrong(format!("{at}.qr_token"), format!("qr_token is not in this version yet; leave it out. Login by QR code comes later; until then {COOKIE_ADVICE}."));
    }
    let field = format!("{at}.cookie");
    let Some(raw) = raw else {
        if !qr_token.0 {
            report.wrong(field, format!("is missing. Login by QR code comes later; until then {COOKIE_ADVICE}"));
        }
        return None;
    };
    let secret = report.take(&field, raw.resolve(sources))?;
    match p115::Cookie::parse(secret.expose_secret()) {
        Ok(_) => Some(secret),
        Err(error) => {
            report.wrong(field, error.to_string());
            None
        }
    }
}

fn link_binding(text: Option<&str>) -> Result<LinkBinding, String> {
    match text {
        None | Some("auto") => Ok(LinkBinding::Auto),
        Some("per_client") => Ok(LinkBinding::PerClient),
        Some(other) => Err(format!("{} is not auto or per_client; write one of these", shown(other))),
    }
}
