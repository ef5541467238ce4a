//! What a file holds: given bytes, or a pattern that costs nothing however large it is and can be checked at any offset.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use sha1::{Digest, Sha1};

/// A pattern is a row of blocks of this size; each is a window into [`TILE`], placed by seed and block number.
const BLOCK: usize = 64 * 1024;

/// Twice a block of noise, so that every placement of a block lies inside it and is served without a copy.
const TILE: &[u8; 2 * BLOCK] = &noise();

/// Up to this size a pattern's SHA-1 is the real one; beyond, a stable stand-in, because hashing 50 GB answers no question.
const HASHED: u64 = 4 * 1024 * 1024;

const fn noise() -> [u8; 2 * BLOCK] {
    let mut tile = [0_u8; 2 * BLOCK];
    let mut state = 0x0115_0115_0115_0115_u64;
    let mut i = 0;
    while i < tile.len() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tile[i] = (state >> 56) as u8;
        i += 1;
    }
    tile
}

/// The content of a file. Cheap to clone; the same value always yields the same bytes.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

struct Inner {
    source: Source,
    sha1: OnceLock<String>,
}

enum Source {
    Bytes(Bytes),
    Pattern { seed: u64, size: u64 },
}

impl Content {
    /// Exactly these bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::of(Source::Bytes(bytes.into()))
    }

    /// `size` bytes of a pattern seeded by its size: two patterns of one size are the same content.
    pub fn pattern(size: u64) -> Self {
        Self::seeded(size, size)
    }

    /// `size` bytes of the pattern of `seed`; patterns of different seeds differ in nearly every byte.
    pub fn seeded(seed: u64, size: u64) -> Self {
        Self::of(Source::Pattern { seed, size })
    }

    fn of(source: Source) -> Self {
        Self(Arc::new(Inner { source, sha1: OnceLock::new() }))
    }

    /// Length in bytes.
    pub fn size(&self) -> u64 {
        match &self.0.source {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::Pattern { size, .. } => *size,
        }
    }

    /// The bytes of `range` (end exclusive), cut at the end of the content: what a correct download of it must yield.
    pub fn slice(&self, range: Range<u64>) -> Bytes {
        let end = range.end.min(self.size());
        let mut at = range.start;
        let mut out = BytesMut::new();
        while at < end {
            let piece = self.chunk(at, end);
            at += piece.len() as u64;
            out.extend_from_slice(&piece);
        }
        out.freeze()
    }

    /// The next bytes from `at`, at most up to `end`, without a copy; empty only when nothing is left.
    pub(crate) fn chunk(&self, at: u64, end: u64) -> Bytes {
        let end = end.min(self.size());
        if at >= end {
            return Bytes::new();
        }
        match &self.0.source {
            Source::Bytes(bytes) => {
                let from = at as usize;
                bytes.slice(from..(from + BLOCK).min(end as usize))
            }
            Source::Pattern { seed, .. } => {
                let block = BLOCK as u64;
                let place = (mix(seed.wrapping_add(at / block)) % block) as usize;
                let from = (at % block) as usize;
                let to = (BLOCK as u64).min(end - at + from as u64) as usize;
                Bytes::from_static(TILE).slice(place + from..place + to)
            }
        }
    }

    /// SHA-1 in upper-case hex. A pattern above 4 MiB answers a stable stand-in of the same shape.
    pub fn sha1(&self) -> String {
        self.0.sha1.get_or_init(|| self.hash()).clone()
    }

    fn hash(&self) -> String {
        let mut hasher = Sha1::new();
        match &self.0.source {
            Source::Bytes(bytes) => hasher.update(bytes),
            Source::Pattern { seed, size } if *size > HASHED => hasher.update(format!("pattern {seed} {size}")),
            Source::Pattern { size, .. } => {
                let mut at = 0;
                while at < *size {
                    let piece = self.chunk(at, *size);
                    at += piece.len() as u64;
                    hasher.update(&piece);
                }
            }
        }
        hex_upper(&hasher.finalize())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.size())
    }
}

/// A well-spread function of its argument (the finaliser of splitmix64).
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn hex_upper(bytes: &[u8]) -> String {
    hex(bytes, b"0123456789ABCDEF")
}

fn hex(bytes: &[u8], digits: &[u8; 16]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(digits[usize::from(digit)])).collect()
}

/// Lower-case hex of the SHA-1 over the parts, each closed by a zero byte so that no two lists of parts meet.
pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha1::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0]);
    }
    hex(&hasher.finalize(), b"0123456789abcdef")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_the_same_however_it_is_cut() {
        let content = Content::seeded(7, 300_000);
        let whole = content.slice(0..300_000);
        assert_eq!(whole.len(), 300_000);
        for (from, to) in [(0, 1), (65_535, 65_537), (131_071, 262_145), (299_999, 400_000)] {
            assert_eq!(content.slice(from..to), whole.slice(from as usize..to.min(300_000) as usize), "{from}..{to}");
        }
    }

    #[test]
    fn blocks_and_seeds_differ() {
        let content = Content::seeded(7, 50_000_000_000);
        assert_ne!(content.slice(0..64), content.slice(65_536..65_600));
        assert_ne!(content.slice(0..64), Content::seeded(8, 50_000_000_000).slice(0..64));
        assert_eq!(content.slice(49_999_999_990..60_000_000_000).len(), 10);
    }

    #[test]
    fn sha1_is_real_for_what_can_be_hashed() {
        assert_eq!(Content::bytes("").sha1(), "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
        let small = Content::pattern(100_000);
        assert_eq!(small.sha1(), Content::bytes(small.slice(0..100_000)).sha1());
        let big = Content::pattern(50_000_000_000);
        assert_eq!((big.sha1().len(), big.sha1()), (40, Content::pattern(50_000_000_000).sha1()));
    }
}
