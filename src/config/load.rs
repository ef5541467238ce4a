//! From a file to a configuration: reads it, finds wrong shapes with field path and line, and says failures to people.

use std::{
    fmt::{self, Write as _},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde_path_to_error::Segment;

use super::{Config, check, raw::Raw, secret::Sources};

/// A configuration and what its owner should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub config: Config,
    pub notes: Vec<Note>,
}

/// Something that is allowed, and worth a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Like `mounts[0].drive.rate`.
    pub field: String,
    pub message: String,
}

/// A value that has the right shape and makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Like `mounts[0].drive.root`.
    pub field: String,
    /// What is wrong and what to write; never a secret.
    pub message: String,
}

/// Why there is no configuration. `Display` is for people and may have several lines.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// Not YAML, an unknown key or a wrong type. Only the first one is known: reading stops there.
    #[error("{}", Place { field, line: *line, column: *column, message })]
    Shape {
        /// Like `mounts[0].drive.roott`; empty where the file as a whole is meant.
        field: String,
        /// Counted from 1, as the column is.
        line: Option<usize>,
        column: Option<usize>,
        message: String,
    },
    /// Everything that is wrong with the values; at least one.
    #[error("{}", lines(.0))]
    Violations(Vec<Violation>),
}

/// Larger files are no configuration.
const MAX_FILE: u64 = 1 << 20;
/// Longest key of ours is 27 letters; a longer one, or one with other letters, may be a secret in the wrong place.
const MAX_KEY: usize = 31;

impl Config {
    /// Reads a file. Secrets are fetched too: `{ file: … }` is relative to the folder of the configuration.
    pub fn load(path: &Path) -> Result<Loaded, LoadError> {
        let text = read(path, MAX_FILE).map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")))
    }

    /// As [`Config::load`], from a text; `base_dir` is where `{ file: … }` starts.
    pub fn parse(text: &str, base_dir: &Path) -> Result<Loaded, LoadError> {
        parse(text, &Sources { base_dir, env: &|name| std::env::var_os(name) })
    }
}

/// As [`Config::parse`], with an environment of the caller's choice.
pub(super) fn parse(text: &str, sources: &Sources<'_>) -> Result<Loaded, LoadError> {
    let raw: Option<Raw> =
        serde_path_to_error::deserialize(serde_yaml::Deserializer::from_str(text)).or_else(|error| {
            // A file of comments only, which is as good as an empty map.
            let blank = text.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#')));
            if blank { Ok(None) } else { Err(shape(&error)) }
        })?;
    check::check(raw.unwrap_or_default(), sources).map_err(LoadError::Violations)
}

/// The text of a file of limited size.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes")));
    }
    Ok(text)
}

fn shape(error: &serde_path_to_error::Error<serde_yaml::Error>) -> LoadError {
    let mut field = String::new();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => _ = write!(field, "[{index}]"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                let dot = if field.is_empty() { "" } else { "." };
                _ = write!(field, "{dot}{}", if is_key(key) { key } else { "…" });
            }
            Segment::Unknown => {}
        }
    }
    let place = error.inner().location();
    LoadError::Shape {
        field,
        line: place.as_ref().map(serde_yaml::Location::line),
        column: place.as_ref().map(serde_yaml::Location::column),
        message: reworded(&error.inner().to_string()),
    }
}

fn is_key(text: &str) -> bool {
    text.len() <= MAX_KEY && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// What the parser says, in the words of the file's author and without the values, any of which may be a secret: the
/// parser's own text begins with a path, repeats what it found, and ends with the place.
fn reworded(text: &str) -> String {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    if let Some((_, rest)) = text.split_once("unknown field `") {
        let known =
            rest.rsplit_once("` expected ").or_else(|| rest.rsplit_once("`, expected ")).map_or("", |(_, known)| known);
        let known = known.trim_start_matches("one of ").replace('`', "");
        return format!("no such key; known here: {known}");
    }
    for head in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = text.split_once(head).and_then(|(_, rest)| rest.rsplit_once(", expected ")) {
            let found = [
                ("string", "a text"),
                ("integer", "a number"),
                ("floating point", "a number"),
                ("boolean", "a true or false"),
                ("sequence", "a list"),
                ("map", "a map of keys"),
                ("unit", "nothing"),
            ]
            .into_iter()
            .find_map(|(kind, words)| found.starts_with(kind).then_some(words))
            .unwrap_or("something else");
            let expected = match expected.trim_end_matches(',') {
                "f64" => "a number",
                "i64" => "a small whole number",
                "field identifier" => "a key",
                "a boolean" => "true or false",
                "a string" => "a text",
                "a sequence" => "a list",
                expected => expected,
            };
            return format!("here is {found} where {expected} is expected");
        }
    }
    if let Some((key, _)) = text.split_once("duplicate field `").and_then(|(_, rest)| rest.split_once('`')) {
        return format!("{key} is written twice");
    }
    if let Some(own) = text.find("write a secret") {
        return text[own..].to_owned();
    }
    let text = text.split_once(" at line ").map_or(text, |(text, _)| text);
    format!("this is no YAML that can be read: {text} (indent with spaces; put text with special characters in quotes)")
}

struct Place<'a> {
    field: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "line {line}, column {column}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(self.message)
    }
}

fn lines(violations: &[Violation]) -> String {
    violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}
