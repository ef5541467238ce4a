//! The `Range` header: one range of bytes, or the whole (RFC 9110 section 14).

/// What of the file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranged {
    /// No range, several, or one that makes no sense: the whole file, as the RFC allows.
    Whole,
    /// First and last byte, both within the file.
    Part { first: u64, last: u64 },
    /// Nothing of it lies within the file: 416.
    Outside,
}

/// Reads a `Range` header for a file of `size` bytes.
pub fn parse(header: &str, size: u64) -> Ranged {
    let Some((unit, range)) = split(header, b'=') else { return Ranged::Whole };
    let Some((from, to)) = split(range.trim(), b'-') else { return Ranged::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Ranged::Whole;
    }
    match (number(from.trim()), number(to.trim())) {
        (Number::Is(first), to @ (Number::Is(_) | Number::Empty)) => {
            let last = match to {
                Number::Is(last) if last < first => return Ranged::Whole,
                Number::Is(last) => last.min(size.saturating_sub(1)),
                _ => size.saturating_sub(1),
            };
            if first < size { Ranged::Part { first, last } } else { Ranged::Outside }
        }
        (Number::Empty, Number::Is(0)) => Ranged::Outside,
        (Number::Empty, Number::Is(_)) if size == 0 => Ranged::Outside,
        (Number::Empty, Number::Is(count)) => Ranged::Part { first: size.saturating_sub(count), last: size - 1 },
        _ => Ranged::Whole,
    }
}

/// `split_once`, which is made for long texts.
fn split(text: &str, at: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == at)?;
    Some((&text[..at], &text[at + 1..]))
}

enum Number {
    /// One past what fits is as good as the largest: no file is that long.
    Is(u64),
    Empty,
    Nonsense,
}

fn number(digits: &str) -> Number {
    if digits.is_empty() {
        return Number::Empty;
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Number::Nonsense;
    }
    Number::Is(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("bytes=0-", 10, Ranged::Part { first: 0, last: 9 })]
    #[case("bytes=0-0", 10, Ranged::Part { first: 0, last: 0 })]
    #[case("bytes=2-5", 10, Ranged::Part { first: 2, last: 5 })]
    #[case("Bytes = 2 - 99", 10, Ranged::Part { first: 2, last: 9 })]
    #[case("bytes=-3", 10, Ranged::Part { first: 7, last: 9 })]
    #[case("bytes=-99", 10, Ranged::Part { first: 0, last: 9 })]
    #[case("bytes=9-99999999999999999999999999", 10, Ranged::Part { first: 9, last: 9 })]
    #[case("bytes=10-", 10, Ranged::Outside)]
    #[case("bytes=99999999999999999999999999-", 10, Ranged::Outside)]
    #[case("bytes=-0", 10, Ranged::Outside)]
    #[case("bytes=0-", 0, Ranged::Outside)]
    #[case("bytes=-1", 0, Ranged::Outside)]
    #[case("bytes=5-2", 10, Ranged::Whole)]
    #[case("bytes=0-1,4-5", 10, Ranged::Whole)]
    #[case("bytes=+1-5", 10, Ranged::Whole)]
    #[case("bytes=a-", 10, Ranged::Whole)]
    #[case("bytes=-", 10, Ranged::Whole)]
    #[case("bytes", 10, Ranged::Whole)]
    #[case("items=0-1", 10, Ranged::Whole)]
    fn reads_ranges(#[case] header: &str, #[case] size: u64, #[case] want: Ranged) {
        assert_eq!(parse(header, size), want);
    }

    proptest! {
        #[test]
        fn a_part_is_always_within_the_file(header in "(bytes=)?[-0-9, a]{0,30}", size in 0u64..100) {
            if let Ranged::Part { first, last } = parse(&header, size) {
                prop_assert!(first <= last && last < size);
            }
        }

        #[test]
        fn a_plain_range_is_taken_as_it_stands(first in 0u64..1000, more in 0u64..1000, after in 1u64..1000) {
            let last = first + more;
            prop_assert_eq!(parse(&format!("bytes={first}-{last}"), last + after), Ranged::Part { first, last });
        }
    }
}
