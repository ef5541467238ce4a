//! `VirtualPath` and `Name`: parsed once from hostile text, impossible to hold wrong.

use std::{borrow::Cow, fmt, sync::Arc};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Longest decoded path that is looked at, in bytes: what fits into the head of a request once it is encoded, and more than
/// players send. 115 nests 25 folders at most (docs/115.md §3.10).
pub const MAX_PATH: usize = 6 * 1024;
/// Longest name, in bytes: 255 characters of three bytes, and room for a tag that tells namesakes apart.
pub const MAX_NAME: usize = 1024;

/// What stays as it is in a path segment of a URL: RFC 3986 `unreserved`, and the sub-delimiters that no player mistakes.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b'@')
    .remove(b'=');

/// Why a text is no path. Each is the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("the path goes up (\"..\") or stays (\".\"); write it without such parts")]
    Dots,
    #[error("the path has a NUL byte in it")]
    Nul,
    #[error("the path is not UTF-8 once its %XX are decoded")]
    NotUtf8,
    #[error("the path or one of its names is too long")]
    TooLong,
}

/// An absolute, decoded path without `.`, `..`, empty or NUL parts and without a trailing slash; the root is `/`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VirtualPath(Arc<str>);

impl VirtualPath {
    /// The root, `/`.
    pub fn root() -> Self {
        Self(Arc::from("/"))
    }

    /// Parses the raw path of a request URI: split at `/` first, then each part decoded, so an encoded `/` never makes a
    /// new level. Characters no name can have are read as the ones we show for them (see `shown`), so either spelling works.
    pub fn from_uri(raw: &str) -> Result<Self, PathError> {
        if raw.len() > 3 * MAX_PATH {
            return Err(PathError::TooLong);
        }
        Self::collect(raw.split('/').map(|part| percent_decode_str(part).decode_utf8().map_err(|_| PathError::NotUtf8)))
    }

    /// Parses a path written plainly, as in a configuration file.
    pub fn from_plain(text: &str) -> Result<Self, PathError> {
        Self::collect(text.split('/').map(|part| Ok(Cow::Borrowed(part))))
    }

    fn collect<'a>(parts: impl Iterator<Item = Result<Cow<'a, str>, PathError>>) -> Result<Self, PathError> {
        let mut path = String::with_capacity(64);
        for part in parts {
            let part = part?;
            match &*part {
                "" => continue,
                "." | ".." => return Err(PathError::Dots),
                part if part.contains('\0') => return Err(PathError::Nul),
                part if part.len() > MAX_NAME => return Err(PathError::TooLong),
                part => {
                    path.push('/');
                    path.push_str(&shown(part));
                }
            }
            if path.len() > MAX_PATH {
                return Err(PathError::TooLong);
            }
        }
        Ok(if path.is_empty() { Self::root() } else { Self(path.into()) })
    }

    /// The path as text, `/` first.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// The names from the root down; none for the root.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// What is left of this path below `base`, without a leading slash; `None` where it is not below (or is not) `base`.
    pub fn below(&self, base: &Self) -> Option<&str> {
        if base.is_root() {
            return Some(&self.0[1..]);
        }
        match self.0.strip_prefix(&*base.0)? {
            "" => Some(""),
            rest => rest.strip_prefix('/'),
        }
    }

    /// This path seen from the root, where it was written as seen from `base`.
    #[must_use]
    pub fn placed_at(&self, base: &Self) -> Self {
        match (self.is_root(), base.is_root()) {
            (_, true) => self.clone(),
            (true, false) => base.clone(),
            (false, false) => Self(format!("{base}{self}").into()),
        }
    }

    /// This path as it is seen from `base`; `None` where it is not below (or is not) `base`.
    pub fn seen_from(&self, base: &Self) -> Option<Self> {
        if base.is_root() {
            return Some(self.clone());
        }
        Some(match self.below(base)? {
            "" => Self::root(),
            rest => Self(format!("/{rest}").into()),
        })
    }

    /// The path one name deeper.
    pub fn join(&self, name: &str) -> Self {
        Self(if self.is_root() { format!("/{name}") } else { format!("{}/{name}", self.0) }.into())
    }

    /// The path one level up; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let cut = self.0.rfind('/')?;
        (!self.is_root()).then(|| if cut == 0 { Self::root() } else { Self(self.0[..cut].into()) })
    }

    /// The last name; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The path as it stands in a URL, each part percent-encoded, `/` first.
    pub fn to_uri(&self) -> String {
        let mut uri = String::with_capacity(self.0.len() * 2);
        for part in self.parts() {
            uri.push('/');
            uri.extend(utf8_percent_encode(part, SEGMENT));
        }
        if uri.is_empty() {
            uri.push('/');
        }
        uri
    }
}

impl fmt::Display for VirtualPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for VirtualPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A name as a URL part.
pub fn encode_name(name: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(name, SEGMENT)
}

/// A name as people see it and as it stands in a path: never empty, without `/` and control characters, never `.` or `..`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    /// The name shown for what a drive says, whatever that is.
    pub fn shown(raw: &str) -> Self {
        Self(match raw {
            "" => Arc::from("\u{2423}"),
            "." => Arc::from("\u{ff0e}"),
            ".." => Arc::from("\u{ff0e}\u{ff0e}"),
            raw => shown(raw).into(),
        })
    }

    /// The same name with a tag before the extension (at the end for a folder), which tells namesakes apart.
    pub fn tagged(&self, tag: &str, folder: bool) -> Self {
        let (stem, extension) = if folder { (&*self.0, "") } else { split_extension(&self.0) };
        Self(format!("{stem} ({tag}){extension}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The tag in `stem (tag).ext` or `stem (tag)`: of ASCII letters and digits only.
pub fn tag_of(name: &str) -> Option<&str> {
    let close = name.rfind(')')?;
    if close + 1 != name.len() && !name[close + 1..].starts_with('.') {
        return None;
    }
    let open = name[..close].rfind(" (")?;
    let tag = &name[open + 2..close];
    (!tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(tag)
}

/// The shortest tag that a drive gives: long enough that `Film (2020)` is nobody's spelling but its owner's.
pub const MIN_TAG: usize = 12;

/// True where the shown spelling may differ from what the drive calls it, so the drive cannot be asked for it by name.
pub fn is_own_spelling(name: &str) -> bool {
    name.chars().any(|c| matches!(c, '\u{ff0f}' | '\u{2400}'..='\u{2426}' | '\u{ff0e}'))
        || tag_of(name).is_some_and(|tag| tag.len() >= MIN_TAG)
}

/// `("film", ".mkv")`; a leading dot is no extension.
pub fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// `/` as `／`, control characters as their Unicode pictures (those of C1, which have none, as U+2426).
fn shown(raw: &str) -> Cow<'_, str> {
    if !raw.chars().any(|c| c == '/' || c.is_control()) {
        return Cow::Borrowed(raw);
    }
    let picture = |c: char| match c {
        '/' => '\u{ff0f}',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{2426}'),
        '\u{7f}' => '\u{2421}',
        c if c.is_control() => '\u{2426}',
        c => c,
    };
    Cow::Owned(raw.chars().map(picture).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("/a/b", Ok("/a/b"))]
    #[case("", Ok("/"))]
    #[case("//a///b/", Ok("/a/b"))]
    #[case("/%E4%B8%AD/x%20y", Ok("/中/x y"))]
    #[case("/a%2Fb", Ok("/a／b"))]
    #[case("/a%01b", Ok("/a\u{2401}b"))]
    #[case("/100%/x", Ok("/100%/x"))]
    #[case("/a/../b", Err(PathError::Dots))]
    #[case("/a/%2e%2E/b", Err(PathError::Dots))]
    #[case("/a/.%2e", Err(PathError::Dots))]
    #[case("/a%00b", Err(PathError::Nul))]
    #[case("/a%ffb", Err(PathError::NotUtf8))]
    fn parses_what_is_a_path_and_refuses_the_rest(#[case] raw: &str, #[case] want: Result<&str, PathError>) {
        assert_eq!(VirtualPath::from_uri(raw).as_ref().map(VirtualPath::as_str).map_err(|e| *e), want);
    }

    #[test]
    fn refuses_what_is_too_long() {
        assert_eq!(VirtualPath::from_uri(&format!("/{}", "a".repeat(MAX_NAME + 1))), Err(PathError::TooLong));
        assert_eq!(VirtualPath::from_uri(&"/abcdefgh".repeat(MAX_PATH / 8)), Err(PathError::TooLong));
        assert!(VirtualPath::from_uri(&format!("/{}", "a".repeat(MAX_NAME))).is_ok());
    }

    #[rstest]
    #[case("/115/a", "/115", Some("a"))]
    #[case("/115", "/115", Some(""))]
    #[case("/1150/a", "/115", None)]
    #[case("/x", "/", Some("x"))]
    #[case("/", "/", Some(""))]
    fn knows_what_is_below(#[case] path: &str, #[case] base: &str, #[case] want: Option<&str>) {
        let (path, base) = (VirtualPath::from_plain(path).unwrap(), VirtualPath::from_plain(base).unwrap());
        assert_eq!(path.below(&base), want);
    }

    #[rstest]
    #[case("/", "/", "/")]
    #[case("/x/y", "/", "/x/y")]
    #[case("/", "/a/b", "/a/b")]
    #[case("/x/y", "/a/b", "/a/b/x/y")]
    fn a_path_is_placed_below_a_base_and_seen_from_it(#[case] own: &str, #[case] base: &str, #[case] full: &str) {
        let [own, base, full] = [own, base, full].map(|path| VirtualPath::from_plain(path).unwrap());
        assert_eq!(own.placed_at(&base), full);
        assert_eq!(full.seen_from(&base), Some(own));
    }

    #[test]
    fn what_is_beside_a_base_is_not_seen_from_it() {
        let base = VirtualPath::from_plain("/a/b").unwrap();
        for other in ["/", "/a", "/a/bc", "/a/c", "/b"] {
            assert_eq!(VirtualPath::from_plain(other).unwrap().seen_from(&base), None, "{other}");
        }
    }

    #[rstest]
    #[case("film.mkv", false, "film (abc1).mkv")]
    #[case("film", false, "film (abc1)")]
    #[case(".nfo", false, ".nfo (abc1)")]
    #[case("Season.1", true, "Season.1 (abc1)")]
    fn tags_stand_before_the_extension(#[case] name: &str, #[case] folder: bool, #[case] want: &str) {
        let tagged = Name::shown(name).tagged("abc1", folder);
        assert_eq!(tagged.as_str(), want);
        assert_eq!(tag_of(tagged.as_str()), Some("abc1"));
    }

    #[rstest]
    #[case("film (cq8zap7l323bbddre).mkv", true)]
    #[case("a／b", true)]
    #[case("a\u{2401}", true)]
    #[case("film (2020).mkv", false)]
    #[case("Dune (2021)", false)]
    fn knows_its_own_spellings(#[case] name: &str, #[case] own: bool) {
        assert_eq!(is_own_spelling(name), own);
    }

    #[test]
    fn names_that_are_no_names_are_shown_all_the_same() {
        assert_eq!(Name::shown("..").as_str(), "．．");
        assert_eq!(Name::shown("").as_str(), "␣");
        assert_eq!(Name::shown("a/b\u{1}\u{7f}\u{85}").as_str(), "a／b␁␡␦");
    }

    proptest! {
        #[test]
        fn any_text_is_a_path_that_keeps_its_promise_or_an_error(raw in ".{0,80}") {
            if let Ok(path) = VirtualPath::from_uri(&raw) {
                prop_assert!(path.as_str().starts_with('/'));
                for part in path.parts() {
                    prop_assert!(part != "." && part != ".." && !part.is_empty() && !part.contains('\0'));
                }
                prop_assert_eq!(VirtualPath::from_uri(&path.to_uri()), Ok(path.clone()));
                prop_assert!(path.to_uri().is_ascii());
            }
        }

        #[test]
        fn no_path_leads_out_of_its_base(raw in "[a/.%2eEfF5cC\\\\]{0,40}", base in "(/[ab.]{1,3}){0,3}") {
            if let (Ok(path), Ok(base)) = (VirtualPath::from_uri(&raw), VirtualPath::from_plain(&base)) {
                let full = path.placed_at(&base);
                prop_assert!(full.below(&base).is_some());
                prop_assert_eq!(VirtualPath::from_plain(full.as_str()), Ok(full.clone()));
                prop_assert_eq!(full.seen_from(&base), Some(path));
            }
        }

        #[test]
        fn any_name_of_a_drive_can_be_reached_by_its_url(raw in any::<String>()) {
            let name = Name::shown(&raw);
            prop_assume!(name.as_str().len() <= MAX_NAME);
            let path = VirtualPath::root().join(name.as_str());
            prop_assert_eq!(VirtualPath::from_uri(&path.to_uri()), Ok(path.clone()));
            prop_assert_eq!(path.name(), name.as_str());
        }
    }
}
