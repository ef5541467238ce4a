//! What an account by cookie is logged in to with: a cookie, the token of a QR code, or nothing yet.

use p115::{LoginApp, QrToken};
use secrecy::ExposeSecret;

use super::{
    super::{
        Given, Login,
        raw::{self, Secret},
        secret::Sources,
    },
    Report,
};

/// Takes the keys of the drive that speak of it; `without` is what to know where none does.
pub(super) fn login(
    raw: &mut raw::Drive,
    at: &str,
    without: &str,
    sources: &Sources<'_>,
    report: &mut Report,
) -> Option<Login> {
    let (cookie, qr_token) = (raw.cookie.take(), raw.qr_token.take());
    let written = raw.app.take();
    let app = match &written {
        Some(text) => Some(report.take(&format!("{at}.app"), text.parse().map_err(|why| said(&why)))?),
        None => None,
    };
    let given = match (cookie, qr_token) {
        (Some(_), Some(_)) => {
            report.wrong(format!("{at}.qr_token"), "there is a cookie as well; write one of the two");
            return None;
        }
        (Some(raw), None) => Some(Given::Cookie(cookie_of(raw, &format!("{at}.cookie"), sources, report)?)),
        (None, Some(raw)) => {
            let token = token_of(raw, &format!("{at}.qr_token"), sources, report)?;
            if let Some(warning) = app.and_then(LoginApp::warning) {
                report.note(format!("{at}.app"), warning);
            }
            Some(Given::QrToken(token))
        }
        (None, None) => {
            report.note(format!("{at}.cookie"), without);
            None
        }
    };
    Some(Login { given, app })
}

fn cookie_of(raw: Secret, field: &str, sources: &Sources<'_>, report: &mut Report) -> Option<secrecy::SecretString> {
    let secret = report.take(field, raw.resolve(sources))?;
    report.take(field, p115::Cookie::parse(secret.expose_secret()).map_err(|error| error.to_string()))?;
    Some(secret)
}

fn token_of(raw: Secret, field: &str, sources: &Sources<'_>, report: &mut Report) -> Option<QrToken> {
    let secret = report.take(field, raw.resolve(sources))?;
    report.take(field, secret.expose_secret().parse().map_err(|error: p115::QrTokenError| error.to_string()))
}

fn said(why: &p115::LoginAppError) -> String {
    why.to_string()
}
