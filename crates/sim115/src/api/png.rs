//! PNGs of grey pixels: a text as a QR code, the way 115 draws the code of a login, and a plain square.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::ZlibEncoder};
use qrcode::{Color, EcLevel, QrCode};

/// Pixels of a module's edge, and modules of the white margin that the standard asks for.
const MODULE: usize = 6;
const MARGIN: usize = 4;

/// `None` where the text is too long for any code.
pub(super) fn picture(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let edge = (code.width() + 2 * MARGIN) * MODULE;
    let dark = |x: usize, y: usize| {
        let module = |at: usize| (at / MODULE).checked_sub(MARGIN).filter(|at| *at < code.width());
        module(x).zip(module(y)).is_some_and(|at| code[at] == Color::Dark)
    };
    let mut rows = Vec::with_capacity(edge * (edge + 1));
    for y in 0..edge {
        // Each row says first how it is filtered: not at all.
        rows.push(0);
        rows.extend((0..edge).map(|x| if dark(x, y) { 0 } else { 255 }));
    }
    png(u32::try_from(edge).ok()?, &rows).ok()
}

/// Something to be seen where a picture is due.
pub(crate) fn square() -> Vec<u8> {
    const EDGE: u8 = 48;
    // A slope of grey, each row with its filter first.
    let row = |y: u8| std::iter::once(0).chain((0..EDGE).map(move |x| 64 + x + y));
    let rows: Vec<u8> = (0..EDGE).flat_map(row).collect();
    png(u32::from(EDGE), &rows).unwrap_or_default()
}

fn png(edge: u32, rows: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(rows)?;
    // Eight bits of grey, one method each of packing and filtering, not interlaced.
    let head = [&edge.to_be_bytes()[..], &edge.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &head)?;
    chunk(&mut out, b"IDAT", &packed.finish()?)?;
    chunk(&mut out, b"IEND", &[])?;
    Ok(out)
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> io::Result<()> {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(data);
    out.write_all(&u32::try_from(data.len()).map_err(io::Error::other)?.to_be_bytes())?;
    out.write_all(name)?;
    out.write_all(data)?;
    out.write_all(&crc.sum().to_be_bytes())
}
