//! Sizes, times and ages as people read them, written straight into a page.

use std::{
    fmt::{self, Display, Formatter, Write as _},
    time::Duration,
};

/// Bytes in binary units with one decimal: `1.4 GiB`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) u64);

impl Display for Size {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        for (unit, power) in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].into_iter().zip(1..) {
            let one = 1u128 << (10 * power);
            let tenths = (u128::from(self.0) * 10 + one / 2) / one;
            // Rounded first: 1023.96 KiB is 1.0 MiB, not 1024.0 KiB.
            if tenths < 10 * 1024 || unit == "EiB" {
                return write!(f, "{}.{} {unit}", tenths / 10, tenths % 10);
            }
        }
        Ok(())
    }
}

/// Unix seconds in UTC to the minute, with `T` between day and time, or a space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minute {
    pub(super) unix: u64,
    pub(super) between: char,
}

impl Display for Minute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.unix / 86_400);
        let minutes = self.unix % 86_400 / 60;
        write!(f, "{year:04}-{month:02}-{day:02}{}{:02}:{:02}", self.between, minutes / 60, minutes % 60)
    }
}

/// Days since 1970-01-01 as year, month and day. Years are counted from March, so that the leap day is the last of its
/// year; 400 of them have 146,097 days.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let (month, next_year) = if march_month < 10 { (march_month + 3, 0) } else { (march_month - 9, 1) };
    (era * 400 + year_of_era + next_year, month, day)
}

/// How long ago: `just now`, `5 min ago`, `3 h ago`, `2 days ago`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ago(pub(super) Duration);

impl Display for Ago {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let minutes = self.0.as_secs() / 60;
        match (minutes, minutes / 60) {
            (0, _) => f.write_str("just now"),
            (1..120, _) => write!(f, "{minutes} min ago"),
            (_, hours @ 0..48) => write!(f, "{hours} h ago"),
            (_, hours) => write!(f, "{} days ago", hours / 24),
        }
    }
}

/// A number of things: `1 folder`, `2 folders`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(pub(super) usize, pub(super) &'static str);

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// A number with its thousands apart: `12 345`, by a space that is narrow and never breaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grouped(pub(super) u64);

impl Display for Grouped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_char('\u{202f}')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::time::UNIX_EPOCH;

    #[rstest]
    #[case(0, "0 B")]
    #[case(1023, "1023 B")]
    #[case(1024, "1.0 KiB")]
    #[case(1536, "1.5 KiB")]
    #[case(1_048_575, "1.0 MiB")]
    #[case(1_048_524, "1023.9 KiB")]
    #[case(5_000_000_000, "4.7 GiB")]
    #[case(u64::MAX, "16.0 EiB")]
    fn sizes_round_to_a_unit_that_fits(#[case] bytes: u64, #[case] want: &str) {
        assert_eq!(Size(bytes).to_string(), want);
    }

    #[rstest]
    #[case(0, "1970-01-01 00:00")]
    #[case(951_782_399, "2000-02-28 23:59")]
    #[case(951_782_400, "2000-02-29 00:00")]
    #[case(1_735_689_599, "2024-12-31 23:59")]
    fn minutes_are_utc(#[case] unix: u64, #[case] want: &str) {
        assert_eq!(Minute { unix, between: ' ' }.to_string(), want);
    }

    #[rstest]
    #[case(59, "just now")]
    #[case(60, "1 min ago")]
    #[case(7199, "119 min ago")]
    #[case(7200, "2 h ago")]
    #[case(172_800, "2 days ago")]
    fn ages_are_coarse(#[case] seconds: u64, #[case] want: &str) {
        assert_eq!(Ago(Duration::from_secs(seconds)).to_string(), want);
    }

    #[rstest]
    #[case(0, "0")]
    #[case(999, "999")]
    #[case(1000, "1\u{202f}000")]
    #[case(1_234_567, "1\u{202f}234\u{202f}567")]
    fn thousands_stand_apart(#[case] number: u64, #[case] want: &str) {
        assert_eq!(Grouped(number).to_string(), want);
    }

    proptest::proptest! {
        #[test]
        fn a_day_is_the_day_that_http_says(unix in 0u64..253_402_300_800) {
            let http = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix));
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let month = months.iter().position(|month| *month == &http[8..11]).unwrap() + 1;
            let want = format!("{}-{month:02}-{}T{}", &http[12..16], &http[5..7], &http[17..22]);
            proptest::prop_assert_eq!(Minute { unix, between: 'T' }.to_string(), want);
        }

        #[test]
        fn no_time_is_too_far(unix in proptest::num::u64::ANY) {
            let text = Minute { unix, between: ' ' }.to_string();
            proptest::prop_assert!(text.len() >= 16, "{}", text);
        }
    }
}
