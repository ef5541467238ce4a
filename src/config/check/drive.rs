//! A drive: its type, which keys belong to it, and what several types have in common.

use super::{
    super::{Drive, raw, secret::Sources},
    Report,
    cloud::cloud,
    local::local,
    open::open,
    share::share,
    value::shown,
};

const MIN_RATE: f64 = 0.05;
const MAX_RATE: f64 = 1000.0;
/// Above this, accounts have been limited (docs/115.md, "rates, risk control, advice").
const RISKY_RATE: f64 = 5.0;
/// 115 silently cuts what is larger (docs/115.md, "list endpoints").
const MAX_PAGE: u32 = 1150;

/// The types there are.
pub(super) const TYPES: &str = "115-cloud, 115-open, 115-share or local";

pub(super) fn drive(raw: raw::Drive, at: &str, sources: &Sources<'_>, report: &mut Report) -> Option<Drive> {
    let field = format!("{at}.type");
    match raw.kind.as_deref() {
        Some("115-cloud") => {
            foreign(
                &raw,
                at,
                "115-cloud",
                &["cookie", "qr_token", "app", "rate", "page_size", "link_binding", "wire"],
                report,
            );
            cloud(raw, at, sources, report).map(Drive::Cloud)
        }
        Some("115-open") => {
            foreign(
                &raw,
                at,
                "115-open",
                &["access_token", "refresh_token", "app_id", "rate", "page_size", "wire"],
                report,
            );
            open(raw, at, sources, report).map(Drive::Open)
        }
        Some("local") => {
            foreign(&raw, at, "local", &[], report);
            local(raw.root.as_deref(), &format!("{at}.root"), report).map(Drive::Local)
        }
        Some("115-share") => {
            let own = [
                "share_code",
                "receive_code",
                "cookie",
                "qr_token",
                "app",
                "rate",
                "page_size",
                "link_binding",
                "wire",
            ];
            foreign(&raw, at, "115-share", &own, report);
            share(raw, at, sources, report).map(Drive::Share)
        }
        Some(other) => {
            report.wrong(field, format!("{} is no type of drive; write {TYPES}", shown(other)));
            None
        }
        None => {
            report.wrong(field, format!("is missing; write {TYPES}"));
            None
        }
    }
}

/// Keys that another type of drive has: most likely the type is the wrong one. `root` is everybody's.
fn foreign(raw: &raw::Drive, at: &str, kind: &str, own: &[&str], report: &mut Report) {
    let written = [
        ("cookie", raw.cookie.is_some()),
        ("qr_token", raw.qr_token.is_some()),
        ("app", raw.app.is_some()),
        ("rate", raw.rate.is_some()),
        ("page_size", raw.page_size.is_some()),
        ("link_binding", raw.link_binding.is_some()),
        ("wire", raw.wire.is_some()),
        ("access_token", raw.access_token.is_some()),
        ("refresh_token", raw.refresh_token.is_some()),
        ("app_id", raw.app_id.is_some()),
        ("share_code", raw.share_code.is_some()),
        ("receive_code", raw.receive_code.is_some()),
    ];
    for (key, _) in written.into_iter().filter(|(key, written)| *written && !own.contains(key)) {
        report.wrong(
            format!("{at}.{key}"),
            format!("{key} is not a key of a drive of type {kind}; leave it out, or change the type"),
        );
    }
}

/// A cid, 0 where none is written.
pub(super) fn root(text: Option<&str>) -> Result<u64, String> {
    let Some(text) = text.map(str::trim) else { return Ok(0) };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        let text = if text.is_empty() { "an empty text".into() } else { shown(text) };
        return Err(format!(
            "{text} is no cid; write the number that stands after cid= in the address of the folder at 115.com, or 0 for everything"
        ));
    }
    text.parse().map_err(|_| "this number is too large for a cid; a cid has 19 digits at most".into())
}

pub(super) fn rate(rate: Option<f64>, usual: f64, elsewhere: bool, field: &str, report: &mut Report) -> Option<f64> {
    let rate = rate.unwrap_or(usual);
    // What is no number is in no range.
    if !(MIN_RATE..=MAX_RATE).contains(&rate) {
        report.wrong(field, format!("{rate} is no number of calls a second; write {MIN_RATE} at least and {MAX_RATE} at most, for example {usual}"));
        return None;
    }
    if rate > RISKY_RATE && !elsewhere {
        report.note(
            field,
            format!(
                "115 limits or blocks accounts that make more than about {RISKY_RATE} calls a second; {usual} is safe"
            ),
        );
    }
    Some(rate)
}

/// At most what 115 lists of an account at once.
pub(super) fn page_size(size: Option<i64>) -> Result<u32, String> {
    page_size_within(MAX_PAGE, size)
}

/// At most what is listed at once there.
pub(super) fn page_size_within(most: u32, size: Option<i64>) -> Result<u32, String> {
    let size = size.unwrap_or(most.into());
    u32::try_from(size)
        .ok()
        .filter(|size| (1..=most).contains(size))
        .ok_or_else(|| format!("{size} is not between 1 and {most}, the most that 115 lists at once"))
}
