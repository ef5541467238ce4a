//! Entries as bytes: compact, quick to read back, and whatever else the bytes are, they are no record.

use std::sync::Arc;

use crate::{
    drive::{Entry, Handle, Kind, Thumb},
    path::Name,
};

/// What a record begins with; another form gets another one, and then nothing of the old is there any more.
const FORM: &[u8; 4] = b"g1L\x01";
/// Form, doubt, time, count.
const HEAD: usize = 4 + 1 + 8 + 4;
/// The sum of all before it, at the end.
const SUM: usize = 4;
/// No entry takes less: its marks, and the lengths of handle, tag and name, and its times.
const LEAST: usize = 6;

// What an entry is, in its first byte. Any other bit makes a record foreign.
const FILE: u8 = 1;
const INCOMPLETE: u8 = 1 << 1;
/// The sum of the file's content follows, as 20 bytes.
const SHA1: u8 = 1 << 2;
/// What 115 gives for a sum follows, as a text.
const ODD_SHA1: u8 = 1 << 3;
/// The tag is the handle without its first two bytes, and is left out.
const TAG_IN_HANDLE: u8 = 1 << 4;
/// The URL of a thumbnail follows, at the end. A version that does not know of it finds no record.
const THUMB: u8 = 1 << 5;

/// Entries in the order of a listing, under the names that they are shown by.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Unix seconds.
    pub read_at: u64,
    /// No longer trusted when it was written.
    pub doubted: bool,
    pub entries: Vec<Entry>,
}

pub fn write<'a>(read_at: u64, doubted: bool, entries: impl ExactSizeIterator<Item = &'a Entry>) -> Vec<u8> {
    write_with(read_at, doubted, entries, true)
}

/// As [`write()`], without thumbnails: it takes less room.
pub(super) fn write_bare<'a>(read_at: u64, entries: impl ExactSizeIterator<Item = &'a Entry>) -> Vec<u8> {
    write_with(read_at, false, entries, false)
}

fn write_with<'a>(
    read_at: u64,
    doubted: bool,
    entries: impl ExactSizeIterator<Item = &'a Entry>,
    thumbs: bool,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + SUM + 112 * entries.len());
    bytes.extend_from_slice(FORM);
    bytes.push(u8::from(doubted));
    bytes.extend_from_slice(&read_at.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(entries.len()).unwrap_or(u32::MAX).to_le_bytes());
    for entry in entries {
        write_entry(&mut bytes, entry, entry.thumb.as_ref().filter(|_| thumbs));
    }
    finish(bytes)
}

fn write_entry(bytes: &mut Vec<u8>, entry: &Entry, thumb: Option<&Thumb>) {
    let handle = entry.handle.as_str();
    let tag_in_handle = handle.get(2..) == Some(&*entry.tag);
    let mut marks = if tag_in_handle { TAG_IN_HANDLE } else { 0 };
    let mut sum = [0; 20];
    if let Kind::File { sha1, complete, .. } = &entry.kind {
        marks |= FILE | if *complete { 0 } else { INCOMPLETE };
        marks |= match sha1 {
            None => 0,
            Some(sha1) if to_sum(sha1, &mut sum) => SHA1,
            Some(_) => ODD_SHA1,
        };
    }
    if thumb.is_some() {
        marks |= THUMB;
    }
    bytes.push(marks);
    write_text(bytes, handle);
    if !tag_in_handle {
        write_text(bytes, &entry.tag);
    }
    write_text(bytes, entry.name.as_str());
    write_number(bytes, entry.modified);
    write_number(bytes, entry.created);
    if let Kind::File { size, sha1, .. } = &entry.kind {
        write_number(bytes, *size);
        if marks & SHA1 != 0 {
            bytes.extend_from_slice(&sum);
        } else if let Some(sha1) = sha1 {
            write_text(bytes, sha1);
        }
    }
    if let Some(thumb) = thumb {
        write_text(bytes, thumb.as_str());
    }
}

/// The record without its trust, as bytes again; `None` where it is none.
pub fn doubted(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    check(&bytes)?;
    *bytes.get_mut(FORM.len())? = 1;
    bytes.truncate(bytes.len() - SUM);
    Some(finish(bytes))
}

/// `None` where it is damaged, or of another form.
pub fn read(bytes: &[u8]) -> Option<Record> {
    let mut rest = Rest(check(bytes)?);
    let doubted = match rest.byte()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let read_at = u64::from_le_bytes(rest.fixed()?);
    let count = usize::try_from(u32::from_le_bytes(rest.fixed()?)).ok()?;
    // A count that the bytes cannot hold reserves nothing.
    let mut entries = Vec::with_capacity(count.min(rest.0.len() / LEAST));
    for _ in 0..count {
        entries.push(rest.entry()?);
    }
    rest.0.is_empty().then_some(Record { read_at, doubted, entries })
}

fn finish(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// What stands between the form and the sum, where both are right.
fn check(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_last_chunk::<SUM>()?;
    let rest = body.strip_prefix(FORM)?;
    (crc32fast::hash(body) == u32::from_le_bytes(*sum)).then_some(rest)
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// False where it is not 40 lower-case hex digits.
fn to_sum(sha1: &str, sum: &mut [u8; 20]) -> bool {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = sha1.as_bytes().as_chunks::<2>() else { return false };
    pairs.len() == sum.len()
        && pairs.iter().zip(sum).all(|([high, low], byte)| match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => {
                *byte = high << 4 | low;
                true
            }
            _ => false,
        })
}

fn hex(sum: [u8; 20]) -> Arc<str> {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(2 * sum.len());
    for byte in sum {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text.into()
}

/// What is left to read. No length in it is believed.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return None;
            }
            number |= shifted;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn entry(&mut self) -> Option<Entry> {
        let marks = self.byte()?;
        let has = |mark: u8| marks & mark != 0;
        let every = TAG_IN_HANDLE | THUMB;
        let known = if has(FILE) { FILE | INCOMPLETE | SHA1 | ODD_SHA1 | every } else { every };
        if marks & !known != 0 || (has(SHA1) && has(ODD_SHA1)) {
            return None;
        }
        let handle = self.text()?;
        let tag = if has(TAG_IN_HANDLE) { handle.get(2..)? } else { self.text()? };
        let name = Name::shown(self.text()?);
        let (modified, created) = (self.number()?, self.number()?);
        let kind = if has(FILE) {
            let size = self.number()?;
            let sha1 = if has(SHA1) {
                Some(hex(self.fixed()?))
            } else if has(ODD_SHA1) {
                Some(self.text()?.into())
            } else {
                None
            };
            Kind::File { size, sha1, complete: !has(INCOMPLETE) }
        } else {
            Kind::Folder
        };
        let thumb = if has(THUMB) { Some(Thumb::parse(self.text()?)?) } else { None };
        Some(Entry { handle: Handle::new(handle), name, kind, tag: tag.into(), modified, created, thumb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, option, prelude::*};

    prop_compose! {
        fn any_entry()(
            handle in "([df]:)?[a-z0-9]{0,20}|\\PC{0,8}",
            own_tag in option::of("[a-z0-9]{0,18}"),
            name in "\\PC{0,30}|[ab/\u{1}]{0,3}",
            file in option::of((any::<u64>(), any::<bool>(), option::of("[0-9a-f]{40}|[0-9a-fA-F]{38,42}|x?"))),
            modified in any::<u64>(),
            created in 0u64..2_000_000_000,
            thumb in option::of("https?://[a-z]{1,9}\\.com/[a-z0-9?=&]{0,40}"),
        ) -> Entry {
            let tag = own_tag.unwrap_or_else(|| handle.get(2..).unwrap_or_default().to_owned());
            let kind = file.map_or(Kind::Folder, |(size, complete, sha1)| {
                Kind::File { size, sha1: sha1.map(Arc::from), complete }
            });
            let thumb = thumb.as_deref().and_then(Thumb::parse);
            Entry { handle: Handle::new(&handle), name: Name::shown(&name), kind, tag: tag.into(), modified, created, thumb }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(entries in vec(any_entry(), 0..20), read_at in any::<u64>(), doubt in any::<bool>()) {
            let bytes = write(read_at, doubt, entries.iter());
            let record = Record { read_at, doubted: doubt, entries };
            prop_assert_eq!(&read(&bytes).unwrap(), &record);
            let doubtful = read(&doubted(bytes).unwrap()).unwrap();
            let bare = read(&write_bare(read_at, record.entries.iter())).unwrap();
            prop_assert!(bare.entries.iter().all(|entry| entry.thumb.is_none()) && !bare.doubted);
            let names = |record: &Record| record.entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>();
            prop_assert_eq!(names(&bare), names(&record));
            prop_assert_eq!(doubtful, Record { doubted: true, ..record });
        }

        #[test]
        fn a_damaged_record_is_none(entries in vec(any_entry(), 1..5), at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<prop::sample::Index>()) {
            let bytes = write(7, false, entries.iter());
            let mut flipped = bytes.clone();
            flipped[at.index(bytes.len())] ^= 1 << bit;
            prop_assert_eq!(read(&flipped), None);
            prop_assert_eq!(doubted(flipped), None);
            prop_assert_eq!(read(&bytes[..cut.index(bytes.len())]), None);
        }

        /// Also behind a sum that is right: of another program, or of another time.
        #[test]
        fn no_bytes_at_all_make_it_panic_or_take_much(body in vec(any::<u8>(), 0..200), count in any::<u32>()) {
            let mut bytes = FORM.to_vec();
            bytes.push(0);
            bytes.extend_from_slice(&7u64.to_le_bytes());
            bytes.extend_from_slice(&count.to_le_bytes());
            bytes.extend_from_slice(&body);
            if let Some(record) = read(&finish(bytes)) {
                prop_assert_eq!(record.entries.len(), count as usize);
                prop_assert!(record.entries.capacity() <= body.len());
            }
            prop_assert_eq!(read(&body), None);
        }
    }

    /// As the versions before thumbnails wrote it.
    #[test]
    fn a_record_of_before_is_still_read() {
        let old = b"g1L\x01\x00\x07\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x11\x03f:a\x05a.mkv\x05\x06\x09";
        let record = read(&finish(old.to_vec())).unwrap();
        let entry = &record.entries[0];
        assert_eq!((entry.handle.as_str(), &*entry.tag, entry.name.as_str()), ("f:a", "a", "a.mkv"));
        assert_eq!((entry.modified, entry.created, entry.size(), &entry.thumb), (5, 6, 9, &None));
    }

    #[test]
    fn an_entry_of_a_large_folder_takes_some_ninety_bytes() {
        let entry = |n: u64| Entry {
            handle: Handle::new(&format!("f:c{n:016}x")),
            name: Name::shown(&format!("A series of some name S01E{n:04} 1080p.mkv")),
            kind: Kind::File { size: 5_000_000_000 + n, sha1: Some(format!("{n:040x}").into()), complete: true },
            tag: format!("c{n:016}x").into(),
            modified: 1_700_000_000,
            created: 1_700_000_000 + n,
            thumb: None,
        };
        let entries: Vec<_> = (0..10_000).map(entry).collect();
        let bytes = write(7, false, entries.iter());
        assert!(bytes.len() < 1_000_000, "{}", bytes.len());
        assert_eq!(read(&bytes).unwrap().entries, entries);
    }
}
