//! A text as a QR code: for a terminal, for a page and as a picture.

use std::fmt::Write as _;

use qrcode::{Color, QrCode, types::QrError};

/// Light modules around the code, which scanners need (ISO/IEC 18004, 4 of them).
const QUIET: usize = 4;

/// A code and its quiet zone.
#[derive(Debug)]
pub struct Code {
    modules: Vec<bool>,
    width: usize,
}

/// More than a QR code can hold.
#[derive(Debug, thiserror::Error)]
#[error("the text is too long for a QR code: {0}")]
pub struct TooLong(#[from] QrError);

impl Code {
    pub fn of(text: &str) -> Result<Self, TooLong> {
        let code = QrCode::new(text)?;
        let inner = code.width();
        let width = inner + 2 * QUIET;
        let mut modules = vec![false; width * width];
        for (number, color) in code.into_colors().into_iter().enumerate() {
            modules[(number / inner + QUIET) * width + number % inner + QUIET] = color == Color::Dark;
        }
        Ok(Self { modules, width })
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        self.modules.get(y * self.width + x).copied().unwrap_or(false)
    }

    /// Lines of half blocks, two rows of modules to a line. What is light is drawn, as for a terminal that is dark.
    pub fn terminal(&self) -> String {
        let mut text = String::with_capacity(self.width * self.width * 2);
        for y in (0..self.width).step_by(2) {
            for x in 0..self.width {
                let below_is_light = y + 1 < self.width && !self.is_dark(x, y + 1);
                text.push(match (!self.is_dark(x, y), below_is_light) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push('\n');
        }
        text
    }

    /// A whole SVG document, one unit to a module.
    pub fn svg(&self) -> String {
        let width = self.width;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{width}v{width}H0z\"/><path d=\""
        );
        for y in 0..width {
            for x in (0..width).filter(|&x| self.is_dark(x, y)) {
                let _ = write!(svg, "M{x} {y}h1v1h-1z");
            }
        }
        svg.push_str("\"/></svg>\n");
        svg
    }

    /// A PNG file in shades of grey, `scale` pixels to a module.
    pub fn png(&self, scale: usize) -> Result<Vec<u8>, png::EncodingError> {
        let side = self.width * scale;
        let pixels: Vec<u8> = (0..side * side)
            .map(|number| if self.is_dark(number % side / scale, number / side / scale) { 0 } else { 255 })
            .collect();
        let mut file = Vec::new();
        let size = u32::try_from(side).map_err(|_| png::EncodingError::LimitsExceeded)?;
        let mut encoder = png::Encoder::new(&mut file, size, size);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "https://115.com/scan/dg-0123456789abcdef0123456789abcdef01234567";

    /// What a scanner reads in a picture; `dark` says where it is dark, module by module.
    fn scanned(width: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        const SCALE: usize = 4;
        let mut image =
            rqrr::PreparedImage::prepare_from_bitmap(width * SCALE, width * SCALE, |x, y| dark(x / SCALE, y / SCALE));
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code");
        grids[0].decode().unwrap().1
    }

    #[test]
    fn the_terminal_shows_what_scanners_read() {
        let text = Code::of(TEXT).unwrap().terminal();
        let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        let dark = |x: usize, y: usize| {
            let light = if y.is_multiple_of(2) { ['█', '▀'] } else { ['█', '▄'] };
            lines.get(y / 2).and_then(|line| line.get(x)).is_some_and(|block| !light.contains(block))
        };
        // The last line has an upper half only where the number of rows is odd.
        let width = lines[0].len();
        assert_eq!(scanned(width, |x, y| y < width && dark(x, y)), TEXT);
    }

    #[test]
    fn the_picture_shows_what_scanners_read() {
        let code = Code::of(TEXT).unwrap();
        let file = code.png(3).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let side = usize::try_from(info.width).unwrap();
        assert_eq!(side, code.width * 3);
        assert_eq!(scanned(code.width, |x, y| pixels[(y * 3 + 1) * side + x * 3 + 1] < 128), TEXT);
    }

    #[test]
    fn the_drawing_shows_what_scanners_read() {
        let code = Code::of(TEXT).unwrap();
        let svg = code.svg();
        let path = svg.rsplit_once("d=\"").unwrap().1;
        let dark: std::collections::HashSet<(usize, usize)> = path
            .split('M')
            .filter_map(|part| part.split_once("h1v1h-1z")?.0.split_once(' '))
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect();
        assert_eq!(scanned(code.width, |x, y| dark.contains(&(x, y))), TEXT);
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        assert!(Code::of(&"x".repeat(3000)).is_err());
    }
}
