//! Finds name-value pairs in what people paste: headers, lists, JSON exports and cURL commands of three shells.

use serde_json::Value;

/// Every cookie found, in order of appearance; which of them matter is not known here.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let text = unquote(text);
    let first_word = text.split_whitespace().next().unwrap_or("");
    if text.starts_with(['[', '{']) {
        let mut out = Vec::new();
        if let Ok(value) = serde_json::from_str(text) {
            from_json(&value, &mut out);
        }
        out
    } else if ["curl", "curl.exe"].iter().any(|name| first_word.eq_ignore_ascii_case(name)) {
        from_curl(text)
    } else {
        from_header(text)
    }
}

/// Arrays of `{name, value}` (browser extensions), plain `{name: value}` objects, and either inside other objects.
/// The depth is bounded by the JSON parser.
fn from_json(value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| from_json(item, out)),
        Value::Object(map) => match (map.get("name"), map.get("value")) {
            (Some(Value::String(name)), Some(Value::String(value))) => {
                let domain = map.get("domain").and_then(Value::as_str);
                if domain.is_none_or(|d| d.trim_start_matches('.').ends_with("115.com")) {
                    out.push((name.clone(), value.trim().to_owned()));
                }
            }
            _ => {
                for (name, value) in map {
                    match value {
                        Value::String(value) => out.push((name.clone(), value.trim().to_owned())),
                        other => from_json(other, out),
                    }
                }
            }
        },
        _ => {}
    }
}

fn from_curl(text: &str) -> Vec<(String, String)> {
    let words = words(&without_carets(text));
    let mut out = Vec::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option @ ("--header" | "--cookie"), value)) => (option, Some(value)),
            _ if word.starts_with("-H") || word.starts_with("-b") => {
                (&word[..2], Some(&word[2..]).filter(|joined| !joined.is_empty()))
            }
            _ => (word, None),
        };
        match option {
            "-H" | "--header" => {
                let header = value.or_else(|| words.next()).unwrap_or("");
                if header.get(..7).is_some_and(|name| name.eq_ignore_ascii_case("cookie:")) {
                    out.extend(from_header(header));
                }
            }
            "-b" | "--cookie" => out.extend(from_header(value.or_else(|| words.next()).unwrap_or(""))),
            _ => {}
        }
    }
    out
}

/// cmd.exe quotes with carets (`^"..^"`) and continues lines with one; what is left reads like any shell's quoting.
fn without_carets(text: &str) -> String {
    let continued = text.lines().any(|line| line.trim_end().ends_with('^'));
    if !continued && !text.contains("^\"") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '^' => match chars.next() {
                Some('\r' | '\n') | None => out.push(' '),
                Some(escaped) => out.push(escaped),
            },
            c => out.push(c),
        }
    }
    out
}

/// Splits a command into words as a POSIX shell does, without expanding anything.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    // `$'..'` takes backslash escapes, plain single quotes take none.
    let mut dollar = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => out.extend(word.take()),
            (None, '$') if chars.peek() == Some(&'\'') => dollar = true,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => {
                quote = None;
                dollar = false;
            }
            (Some('\''), c) if !(dollar && c == '\\') => word.get_or_insert_default().push(c),
            (_, '\\') => match chars.next() {
                Some('\r' | '\n') | None => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}

/// `a=1; b=2`, one pair a line, or any mixture. A line without `=` goes on with the value of the line before: a
/// terminal has wrapped it.
fn from_header(text: &str) -> Vec<(String, String)> {
    let text = unquote(text);
    let text = match text.get(..7) {
        Some(name) if name.eq_ignore_ascii_case("cookie:") => unquote(&text[7..]),
        _ => text,
    };
    let mut out: Vec<(String, String)> = Vec::new();
    for part in text.split(';') {
        let mut open = false;
        for line in part.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match (line.split_once('='), out.last_mut()) {
                (Some((name, value)), _) => {
                    out.push((unquote(name).to_owned(), unquote(value).to_owned()));
                    open = true;
                }
                (None, Some((_, value))) if open => value.push_str(line),
                (None, _) => {}
            }
        }
    }
    out
}

fn unquote(text: &str) -> &str {
    let text = text.trim().trim_start_matches('\u{feff}');
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.trim();
        }
    }
    text
}
