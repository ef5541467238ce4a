//! Single values: lengths of time, URLs of servers, and what of a wrong value may be repeated to its author.

use std::time::Duration;

use url::Url;

/// Longer is a mistake, and would overflow when added up.
const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 3600);

/// `30m`, `24h`, `0h`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let length = humantime::parse_duration(text).map_err(|error| {
        let reason = match error {
            humantime::DurationError::NumberExpected(_) if text.starts_with('-') => "it is less than nothing",
            humantime::DurationError::UnknownUnit { unit, .. } if unit.is_empty() => "it has no unit",
            humantime::DurationError::UnknownUnit { .. } => "its unit is unknown",
            humantime::DurationError::NumberOverflow => "it is too large",
            _ => "it is not numbers with units",
        };
        format!("{} is no length of time: {reason}. Write for example 90s, 30m, 24h or 1h30m", shown(text))
    })?;
    if length > MAX_DURATION {
        return Err(format!("{} is longer than a year; write less", shown(text)));
    }
    Ok(length)
}

/// The shortest time for which an answer of 115 is kept: anything less would ask for the same thing again and again.
const LEAST: Duration = Duration::from_secs(10);

/// A length of time for which an answer is kept.
pub(super) fn some_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        length if length < LEAST => Err(format!("{} is too short for the account; write 10s at least", shown(text))),
        length => Ok(length),
    }
}

/// Where a server is found. The text is not repeated: a URL may hold a secret.
pub(super) fn base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim())
        .map_err(|error| format!("this is no URL: {error}. Write one like http://127.0.0.1:9115"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only http:// and https:// URLs can be used".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("write the URL without user and password".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("write the URL without a query (?…) and a fragment (#…)".into());
    }
    Ok(url)
}

/// The value in quotes, for its author; only where it is too short and too plain to be a secret in the wrong place.
pub(super) fn shown(text: &str) -> String {
    let plain = text.chars().count() <= 31 && !text.chars().any(|c| c.is_control() || matches!(c, '=' | ';'));
    if plain { format!("\"{text}\"") } else { "the text written here".into() }
}
