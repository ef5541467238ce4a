//! What a 115 account by cookie needs.

use super::{
    super::{Cloud, LinkBinding, raw, secret::Sources},
    Report,
    drive::{page_size, rate, root},
    login::login,
    value::shown,
    wire::wire,
};

/// What to know where no login is written.
const WITHOUT: &str = "there is none: the mount starts once somebody has run `gate115 login` for it";
const DEFAULT_RATE: f64 = 2.0;
pub(super) fn cloud(mut raw: raw::Drive, at: &str, sources: &Sources<'_>, report: &mut Report) -> Option<Cloud> {
    let root = report.take(&format!("{at}.root"), root(raw.root.as_deref()));
    let login = login(&mut raw, at, WITHOUT, sources, report);
    let rate = rate(raw.rate, DEFAULT_RATE, raw.wire.is_some(), &format!("{at}.rate"), report);
    let page_size = report.take(&format!("{at}.page_size"), page_size(raw.page_size));
    let link_binding = report.take(&format!("{at}.link_binding"), link_binding(raw.link_binding.as_deref()));
    let wire = raw.wire.map(|raw| wire(raw, &format!("{at}.wire"), report));
    Some(Cloud { root: root?, login: login?, rate: rate?, page_size: page_size?, link_binding: link_binding?, wire })
}

pub(super) fn link_binding(text: Option<&str>) -> Result<LinkBinding, String> {
    match text {
        None | Some("auto") => Ok(LinkBinding::Auto),
        Some("per_client") => Ok(LinkBinding::PerClient),
        Some(other) => Err(format!("{} is not auto or per_client; write one of these", shown(other))),
    }
}
