//! Which icon a row shows: a class name, which the stylesheet turns into a picture.

use crate::{
    deliver::media::{self, Family},
    drive::Entry,
};

/// The class of a row that leads to a drive.
pub(super) const DRIVE: &str = "drive";

/// The class of an entry's row.
pub(super) fn of(entry: &Entry) -> &'static str {
    if entry.is_folder() { "folder" } else { of_family(media::family(entry.name.as_str())) }
}

fn of_family(family: Family) -> &'static str {
    match family {
        Family::Video => "video",
        Family::Audio => "audio",
        Family::Picture => "picture",
        Family::Text => "text",
        Family::Subtitle => "subtitle",
        Family::Archive => "archive",
        Family::Disc => "disc",
        Family::Document => "document",
        Family::Other => "file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_picture() {
        let (_, css) = super::super::stylesheet();
        let families = ["a.mkv", "a.mp3", "a.png", "a.txt", "a.srt", "a.zip", "a.iso", "a.pdf", "a"].map(media::family);
        let mut classes: Vec<_> = families.into_iter().map(of_family).chain([DRIVE, "folder"]).collect();
        for class in &classes {
            assert!(
                css.contains(&format!(".{class} > th {{\n  background-image: url(\"data:image/svg+xml")),
                "{class}"
            );
        }
        classes.dedup();
        assert_eq!(classes.len(), 11);
    }
}
