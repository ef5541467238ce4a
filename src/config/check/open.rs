//! What a 115 account by tokens of the Open Platform needs.

use secrecy::SecretString;

use super::{
    super::{
        Open,
        raw::{self, Secret},
        secret::Sources,
    },
    Report,
    drive::{page_size, rate, root},
    value::shown,
    wire::wire,
};

/// docs/115.md, "rates, risk control, advice".
const DEFAULT_RATE: f64 = 1.0;

pub(super) fn open(raw: raw::Drive, at: &str, sources: &Sources<'_>, report: &mut Report) -> Option<Open> {
    let root = report.take(&format!("{at}.root"), root(raw.root.as_deref()));
    let access = (raw.access_token.is_some(), token(raw.access_token, &format!("{at}.access_token"), sources, report));
    let refresh =
        (raw.refresh_token.is_some(), token(raw.refresh_token, &format!("{at}.refresh_token"), sources, report));
    if access.0 && !refresh.0 {
        report.wrong(
            format!("{at}.refresh_token"),
            "is missing beside access_token, which 115 lets live for hours only; write both",
        );
    }
    if !access.0 && !refresh.0 {
        report.note(
            format!("{at}.refresh_token"),
            "there is none: the mount starts once somebody has run `gate115 login` for it, which takes an app_id",
        );
    }
    let app_id = raw.app_id.and_then(|text| report.take(&format!("{at}.app_id"), app_id(&text)));
    let rate = rate(raw.rate, DEFAULT_RATE, raw.wire.is_some(), &format!("{at}.rate"), report);
    let page_size = report.take(&format!("{at}.page_size"), page_size(raw.page_size));
    let wire = raw.wire.map(|raw| wire(raw, &format!("{at}.wire"), report));
    let (access_token, refresh_token) = (access.1, refresh.1);
    Some(Open { root: root?, access_token, refresh_token, app_id, rate: rate?, page_size: page_size?, wire })
}

fn token(raw: Option<Secret>, field: &str, sources: &Sources<'_>, report: &mut Report) -> Option<SecretString> {
    use secrecy::ExposeSecret;
    let secret = report.take(field, raw?.resolve(sources))?;
    let text = secret.expose_secret().trim();
    // It is sent in a header, and is of these letters wherever one was seen.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        report.wrong(field, "this is no token; write it as 115 gave it, without spaces and line breaks");
        return None;
    }
    Some(text.into())
}

fn app_id(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{} is no app id; write the number that open.115.com gave your app", shown(text)));
    }
    Ok(text.to_owned())
}
