//! An entry, as clients know one.

use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use crate::{
    deliver::media::{self, Family},
    drive::{Entry, Kind, Thumb},
    identity::Signer,
    path::{VirtualPath, split_extension},
};

#[derive(Serialize)]
pub(super) struct Object<'a> {
    name: &'a str,
    size: u64,
    is_dir: bool,
    modified: String,
    created: String,
    sign: String,
    thumb: &'a str,
    r#type: u8,
    hashinfo: String,
    hash_info: Option<Hashes<'a>>,
}

#[derive(Serialize)]
struct Hashes<'a> {
    sha1: &'a str,
}

impl<'a> Object<'a> {
    /// What stands in the folder at this full path.
    pub(super) fn of(entry: &'a Entry, folder: &VirtualPath, signer: Option<&Signer>) -> Self {
        let sha1 = match &entry.kind {
            Kind::File { sha1, .. } => sha1.as_deref(),
            Kind::Folder => None,
        };
        let name = entry.name.as_str();
        let sign = signer.filter(|_| !entry.is_folder());
        Self {
            name,
            size: entry.size(),
            is_dir: entry.is_folder(),
            modified: time(entry.modified),
            created: time(if entry.created > 0 { entry.created } else { entry.modified }),
            sign: sign.map_or_else(String::new, |signer| signer.sign(folder.join(name).as_str())),
            thumb: entry.thumb.as_ref().map_or("", Thumb::as_str),
            r#type: if entry.is_folder() { FOLDER } else { type_of(name) },
            hashinfo: sha1.map_or_else(|| "null".to_owned(), |sha1| format!(r#"{{"sha1":"{sha1}"}}"#)),
            hash_info: sha1.map(|sha1| Hashes { sha1 }),
        }
    }

    /// A mount, or a folder on the way to one.
    pub(super) fn mount(name: &'a str) -> Self {
        Self {
            name,
            size: 0,
            is_dir: true,
            modified: time(0),
            created: time(0),
            sign: String::new(),
            thumb: "",
            r#type: FOLDER,
            hashinfo: "null".to_owned(),
            hash_info: None,
        }
    }
}

/// With the digits of a second that some clients insist on.
pub(super) fn time(unix: u64) -> String {
    // As far as four digits of a year reach.
    let unix = unix.min(253_402_300_799);
    humantime::format_rfc3339_micros(UNIX_EPOCH + Duration::from_secs(unix)).to_string()
}

const UNKNOWN: u8 = 0;
pub(super) const FOLDER: u8 = 1;
const VIDEO: u8 = 2;
const AUDIO: u8 = 3;
const TEXT: u8 = 4;
const PICTURE: u8 = 5;

/// What clients show as text, though it is more than that to a browser.
const ALSO_TEXT: [&str; 13] =
    ["htm", "html", "xhtml", "vue", "php", "properties", "java", "sh", "gitignore", "bat", "sql", "go", "tsx"];

/// By the extension.
pub(super) fn type_of(name: &str) -> u8 {
    match media::family(name) {
        Family::Video => VIDEO,
        Family::Audio => AUDIO,
        Family::Picture => PICTURE,
        Family::Text | Family::Subtitle => TEXT,
        Family::Archive | Family::Disc | Family::Document | Family::Other => {
            let (_, extension) = split_extension(name);
            match extension.strip_prefix('.').unwrap_or(name.trim_start_matches('.')) {
                text if ALSO_TEXT.iter().any(|known| text.eq_ignore_ascii_case(known)) => TEXT,
                // Players know what to do with an image of a disc.
                disc if disc.eq_ignore_ascii_case("iso") => VIDEO,
                flash if flash.eq_ignore_ascii_case("swf") => PICTURE,
                _ => UNKNOWN,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_at_least_openlists() {
        for (want, extensions) in [
            (AUDIO, "mp3 flac ogg m4a wav opus wma aac ape dsf"),
            (VIDEO, "mp4 mkv avi mov rmvb webm flv m3u8 ts m2ts iso wmv mpg rm"),
            (PICTURE, "jpg tiff jpeg png gif bmp svg ico swf webp avif heic"),
            (
                TEXT,
                "txt htm html xml java properties sql js md json conf ini vue php py bat gitignore yml go sh c cpp h hpp \
                    tsx vtt srt ass rs lrc strm nfo",
            ),
            (UNKNOWN, "zip 7z exe pdf unheard"),
        ] {
            let other: Vec<_> =
                extensions.split(' ').filter(|extension| type_of(&format!("a.{extension}")) != want).collect();
            assert!(other.is_empty(), "{want}: {other:?}");
        }
        assert_eq!(type_of("README"), UNKNOWN);
    }

    #[test]
    fn times_have_a_zone_and_six_digits() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(time(1_700_000_000), "2023-11-14T22:13:20.000000Z");
        assert_eq!(time(u64::MAX), "9999-12-31T23:59:59.000000Z");
    }
}
