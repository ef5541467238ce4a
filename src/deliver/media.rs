//! What a file is, by its extension: its family (for the icon), its content type, and whether a browser may show it.

use crate::path::split_extension;

/// What people would call a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    Video,
    Audio,
    Picture,
    Text,
    Subtitle,
    Archive,
    /// An image of a disc: iso and its like.
    Disc,
    Document,
    Other,
}

const UNKNOWN: &str = "application/octet-stream";
const PLAIN: &str = "text/plain; charset=utf-8";
/// Longer ones are no extensions but the end of a sentence with a dot in it.
const LONGEST: usize = 12;

/// The content type of a file of this name, ready for the header; `application/octet-stream` where the extension says
/// nothing.
pub fn content_type(name: &str) -> &'static str {
    look_up(name).1
}

/// The family of a file of this name.
pub fn family(name: &str) -> Family {
    look_up(name).0
}

/// Whether it is for a player: a film or a song.
pub fn is_played(name: &str) -> bool {
    matches!(family(name), Family::Video | Family::Audio)
}

/// True where a browser may show the file in place: media, raster pictures, plain text, subtitles. Never what could run a
/// script on our origin (HTML, SVG, XML, JavaScript), and never what is unknown.
pub fn is_inline(name: &str) -> bool {
    let (family, kind) = look_up(name);
    match family {
        Family::Video | Family::Audio | Family::Picture => !kind.contains("xml") && kind != UNKNOWN,
        // A list, not all of text/*: that has HTML and its relatives in it.
        Family::Text | Family::Subtitle => {
            let essence = kind.split(';').next().unwrap_or_default();
            matches!(
                essence,
                "text/plain"
                    | "text/markdown"
                    | "text/csv"
                    | "text/vtt"
                    | "text/x-ssa"
                    | "application/x-subrip"
                    | "application/json"
            )
        }
        Family::Archive | Family::Disc | Family::Document | Family::Other => false,
    }
}

fn look_up(name: &str) -> (Family, &'static str) {
    let (_, extension) = split_extension(name);
    let extension = extension.strip_prefix('.').unwrap_or_default().as_bytes();
    let mut lower = [0; LONGEST];
    let Some(lower) = lower.get_mut(..extension.len()) else { return (Family::Other, UNKNOWN) };
    lower.copy_from_slice(extension);
    lower.make_ascii_lowercase();
    let Ok(extension) = str::from_utf8(lower) else { return (Family::Other, UNKNOWN) };
    known(extension).unwrap_or_else(|| guessed(extension))
}

/// What people keep on such a drive, as players know it; where `mime_guess` knows it too, this is better.
fn known(extension: &str) -> Option<(Family, &'static str)> {
    use Family::{Archive, Audio, Disc, Document, Other, Picture, Subtitle, Text, Video};
    Some(match extension {
        "3g2" => (Video, "video/3gpp2"),
        "3gp" | "3gpp" => (Video, "video/3gpp"),
        "asf" => (Video, "video/x-ms-asf"),
        "avi" | "divx" => (Video, "video/x-msvideo"),
        "f4v" | "m4v" | "mp4" => (Video, "video/mp4"),
        "flv" => (Video, "video/x-flv"),
        "m2ts" | "m2t" | "mts" | "tp" | "trp" | "ts" => (Video, "video/mp2t"),
        "m3u8" => (Video, "application/vnd.apple.mpegurl"),
        "mk3d" | "mkv" => (Video, "video/x-matroska"),
        "mov" | "qt" => (Video, "video/quicktime"),
        "m1v" | "m2v" | "mpe" | "mpeg" | "mpg" | "vob" => (Video, "video/mpeg"),
        "ogm" | "ogv" => (Video, "video/ogg"),
        "rm" | "rmvb" => (Video, "application/vnd.rn-realmedia-vbr"),
        "webm" => (Video, "video/webm"),
        "wmv" => (Video, "video/x-ms-wmv"),
        "wtv" => (Video, "video/x-ms-wtv"),

        "aac" => (Audio, "audio/aac"),
        "ac3" => (Audio, "audio/ac3"),
        "aif" | "aifc" | "aiff" => (Audio, "audio/aiff"),
        "alac" | "m4a" | "m4b" => (Audio, "audio/mp4"),
        "amr" => (Audio, "audio/amr"),
        "ape" => (Audio, "audio/x-ape"),
        "dff" => (Audio, "audio/x-dff"),
        "dsf" => (Audio, "audio/x-dsf"),
        "dts" | "dtshd" => (Audio, "audio/vnd.dts"),
        "eac3" | "ec3" => (Audio, "audio/eac3"),
        "flac" => (Audio, "audio/flac"),
        "m3u" => (Audio, "audio/x-mpegurl"),
        "mid" | "midi" => (Audio, "audio/midi"),
        "mka" => (Audio, "audio/x-matroska"),
        "mp2" | "mp3" => (Audio, "audio/mpeg"),
        "mpc" => (Audio, "audio/x-musepack"),
        "oga" | "ogg" | "spx" => (Audio, "audio/ogg"),
        "opus" => (Audio, "audio/ogg; codecs=opus"),
        "tak" => (Audio, "audio/x-tak"),
        "thd" | "truehd" => (Audio, "audio/vnd.dolby.mlp"),
        "tta" => (Audio, "audio/x-tta"),
        "wav" => (Audio, "audio/wav"),
        "wma" => (Audio, "audio/x-ms-wma"),
        "wv" => (Audio, "audio/x-wavpack"),

        "apng" => (Picture, "image/apng"),
        "avif" => (Picture, "image/avif"),
        "bmp" => (Picture, "image/bmp"),
        "gif" => (Picture, "image/gif"),
        "heic" => (Picture, "image/heic"),
        "heif" => (Picture, "image/heif"),
        "ico" => (Picture, "image/x-icon"),
        "jfif" | "jpe" | "jpeg" | "jpg" => (Picture, "image/jpeg"),
        "jxl" => (Picture, "image/jxl"),
        "png" => (Picture, "image/png"),
        "svg" | "svgz" => (Picture, "image/svg+xml"),
        "tif" | "tiff" => (Picture, "image/tiff"),
        "webp" => (Picture, "image/webp"),
        // What no browser shows: raw photographs, layered work.
        "arw" | "cr2" | "cr3" | "dng" | "nef" | "orf" | "psb" | "psd" | "raf" | "raw" | "rw2" | "xcf" => {
            (Picture, UNKNOWN)
        }

        "ass" | "ssa" => (Subtitle, "text/x-ssa; charset=utf-8"),
        "idx" | "lrc" | "sbv" | "sub" => (Subtitle, PLAIN),
        "dfxp" | "ttml" => (Subtitle, "application/ttml+xml"),
        "smi" => (Subtitle, "application/x-sami"),
        "srt" => (Subtitle, "application/x-subrip; charset=utf-8"),
        "sup" => (Subtitle, UNKNOWN),
        "vtt" => (Subtitle, "text/vtt; charset=utf-8"),

        "csv" => (Text, "text/csv; charset=utf-8"),
        "json" => (Text, "application/json"),
        "markdown" | "md" => (Text, "text/markdown; charset=utf-8"),
        "cfg" | "conf" | "cue" | "diz" | "ffp" | "ini" | "log" | "md5" | "nfo" | "sfv" | "sha1" | "sha256" | "strm"
        | "text" | "toml" | "txt" | "url" | "yaml" | "yml" => (Text, PLAIN),

        "7z" => (Archive, "application/x-7z-compressed"),
        "apk" => (Archive, "application/vnd.android.package-archive"),
        "bz2" | "tbz2" => (Archive, "application/x-bzip2"),
        "gz" | "tgz" => (Archive, "application/gzip"),
        "lz4" => (Archive, "application/x-lz4"),
        "rar" => (Archive, "application/vnd.rar"),
        "tar" => (Archive, "application/x-tar"),
        "txz" | "xz" => (Archive, "application/x-xz"),
        "cab" | "deb" | "lzh" | "rpm" | "z" => (Archive, UNKNOWN),
        "zip" => (Archive, "application/zip"),
        "zst" => (Archive, "application/zstd"),

        "iso" => (Disc, "application/x-iso9660-image"),
        "dmg" => (Disc, "application/x-apple-diskimage"),
        "bin" | "img" | "mdf" | "mds" | "nrg" | "vhd" | "vhdx" | "vmdk" => (Disc, UNKNOWN),

        "azw" | "azw3" | "mobi" => (Document, "application/x-mobipocket-ebook"),
        "cb7" => (Document, "application/x-cb7"),
        "cbr" => (Document, "application/vnd.comicbook-rar"),
        "cbz" => (Document, "application/vnd.comicbook+zip"),
        "djvu" => (Document, "image/vnd.djvu"),
        "epub" => (Document, "application/epub+zip"),
        "fb2" => (Document, "application/x-fictionbook+xml"),
        "htm" | "html" | "shtml" => (Document, "text/html; charset=utf-8"),
        "mht" | "mhtml" => (Document, "multipart/related"),
        "pdf" => (Document, "application/pdf"),
        "rtf" => (Document, "application/rtf"),
        "xht" | "xhtml" => (Document, "application/xhtml+xml"),
        "doc" | "docx" | "key" | "numbers" | "odp" | "ods" | "odt" | "pages" | "ppt" | "pptx" | "xls" | "xlsx" => {
            (Document, mime_guess::from_ext(extension).first_raw().unwrap_or(UNKNOWN))
        }

        "css" => (Text, "text/css; charset=utf-8"),
        "js" | "mjs" => (Text, "text/javascript; charset=utf-8"),
        "xml" | "xsl" | "xslt" => (Text, "application/xml"),
        // Half-finished downloads, whatever stands before.
        "aria2" | "crdownload" | "part" | "td" => (Other, UNKNOWN),
        // Volumes of a split archive: .001, .r00, .z01
        volume if is_volume(volume) => (Archive, UNKNOWN),
        _ => return None,
    })
}

fn is_volume(extension: &str) -> bool {
    let digits = extension.strip_prefix(['r', 'z']).unwrap_or(extension);
    (2..=3).contains(&digits.len()) && extension.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

fn guessed(extension: &str) -> (Family, &'static str) {
    let kind = mime_guess::from_ext(extension).first_raw().unwrap_or(UNKNOWN);
    match kind.split_once('/').map(|(top, _)| top) {
        Some("video") => (Family::Video, kind),
        Some("audio") => (Family::Audio, kind),
        Some("image") => (Family::Picture, kind),
        // Source code, under a hundred names: to read it as text is what one wants, and nothing of it runs.
        Some("text") if kind == "text/plain" || is_source(kind) => (Family::Text, PLAIN),
        Some("text") => (Family::Document, kind),
        _ => (Family::Other, kind),
    }
}

fn is_source(kind: &str) -> bool {
    kind.starts_with("text/x-")
        && !["vcard", "component", "html", "xml", "script"].iter().any(|no_source| kind.contains(no_source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use rstest::rstest;

    #[rstest]
    #[case("film.mkv", Family::Video, "video/x-matroska")]
    #[case("FILM.MKV", Family::Video, "video/x-matroska")]
    #[case("a.ts", Family::Video, "video/mp2t")]
    #[case("00001.m2ts", Family::Video, "video/mp2t")]
    #[case("a.m3u8", Family::Video, "application/vnd.apple.mpegurl")]
    #[case("a.iso", Family::Disc, "application/x-iso9660-image")]
    #[case("a.flac", Family::Audio, "audio/flac")]
    #[case("a.dsf", Family::Audio, "audio/x-dsf")]
    #[case("a.zh.ass", Family::Subtitle, "text/x-ssa; charset=utf-8")]
    #[case("a.srt", Family::Subtitle, "application/x-subrip; charset=utf-8")]
    #[case("a.strm", Family::Text, "text/plain; charset=utf-8")]
    #[case("a.nfo", Family::Text, "text/plain; charset=utf-8")]
    #[case("a.rs", Family::Text, "text/plain; charset=utf-8")]
    #[case("a.heic", Family::Picture, "image/heic")]
    #[case("a.epub", Family::Document, "application/epub+zip")]
    #[case("a.docx", Family::Document, "application/vnd.openxmlformats-officedocument.wordprocessingml.document")]
    #[case("a.tar.gz", Family::Archive, "application/gzip")]
    #[case("a.7z.001", Family::Archive, "application/octet-stream")]
    #[case("a.r07", Family::Archive, "application/octet-stream")]
    #[case("Vol.12", Family::Other, "application/octet-stream")]
    #[case("README", Family::Other, "application/octet-stream")]
    #[case(".mkv", Family::Other, "application/octet-stream")]
    #[case("mkv", Family::Other, "application/octet-stream")]
    #[case("a.", Family::Other, "application/octet-stream")]
    #[case("a.mkv.crdownload", Family::Other, "application/octet-stream")]
    #[case("Once upon a time. And then nothing happened", Family::Other, "application/octet-stream")]
    #[case("片.影片", Family::Other, "application/octet-stream")]
    fn a_name_says_what_it_is(#[case] name: &str, #[case] family: Family, #[case] kind: &str) {
        assert_eq!(look_up(name), (family, kind), "{name}");
    }

    #[rstest]
    #[case::shown(&["a.mkv", "a.mp4", "a.rmvb", "a.flac", "a.m3u8", "a.jpg", "a.heic", "a.txt", "a.nfo", "a.strm", "a.srt", "a.ass", "a.vtt", "a.json", "a.rs"], true)]
    #[case::saved(&["a.html", "a.HTM", "a.xhtml", "a.shtml", "a.svg", "a.svgz", "a.xml", "a.xsl", "a.js", "a.mjs", "a.css", "a.mht", "a.ttml", "a.smi"], false)]
    #[case::saved_too(&["a.pdf", "a.zip", "a.iso", "a.exe", "a.psd", "a.sup", "a", "a.unheard", "a.rss", "a.xspf", "a.mpd", "a.htc", "a.swf"], false)]
    fn only_what_is_harmless_is_shown_in_place(#[case] names: &[&str], #[case] want: bool) {
        let wrong: Vec<_> = names.iter().filter(|name| is_inline(name) != want).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_runs_is_shown_and_every_type_is_a_header(name in ".{0,6}\\.[a-zA-Z0-9]{1,5}") {
            let kind = content_type(&name);
            proptest::prop_assert!(HeaderValue::from_str(kind).is_ok());
            if is_inline(&name) {
                proptest::prop_assert!(!["html", "xml", "script", "octet-stream", "flash"].iter().any(|bad| kind.contains(bad)), "{kind}");
            }
        }
    }
}
