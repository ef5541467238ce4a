//! The `Range` header as an object store reads it: one range, exact, or the whole.

/// What part of an object a request is for; ends are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Range(u64, u64),
    OutOfReach,
}

/// A header that is not understood, or names several ranges, is as good as none.
pub(super) fn parse(header: Option<&str>, size: u64) -> Part {
    let Some((from, to)) = header.and_then(|header| header.strip_prefix("bytes=")).and_then(|set| set.split_once('-'))
    else {
        return Part::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (number(from), number(to)) {
        (Some(from), _) if from >= size && (to.is_empty() || number(to).is_some_and(|to| to >= from)) => {
            Part::OutOfReach
        }
        (Some(from), None) if to.is_empty() => Part::Range(from, size),
        (Some(from), Some(to)) if to >= from => Part::Range(from, to.saturating_add(1).min(size)),
        (None, Some(last)) if from.is_empty() && (last == 0 || size == 0) => Part::OutOfReach,
        (None, Some(last)) if from.is_empty() => Part::Range(size.saturating_sub(last), size),
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, 10, Part::Whole)]
    #[case(Some("bytes=0-0"), 10, Part::Range(0, 1))]
    #[case(Some("bytes=3-"), 10, Part::Range(3, 10))]
    #[case(Some("bytes=3-99"), 10, Part::Range(3, 10))]
    #[case(Some("bytes=-4"), 10, Part::Range(6, 10))]
    #[case(Some("bytes=-40"), 10, Part::Range(0, 10))]
    #[case(Some("bytes=10-"), 10, Part::OutOfReach)]
    #[case(Some("bytes=10-20"), 10, Part::OutOfReach)]
    #[case(Some("bytes=-0"), 10, Part::OutOfReach)]
    #[case(Some("bytes=0-"), 0, Part::OutOfReach)]
    #[case(Some("bytes=5-3"), 10, Part::Whole)]
    #[case(Some("bytes=0-1,3-4"), 10, Part::Whole)]
    #[case(Some("items=0-1"), 10, Part::Whole)]
    fn ranges(#[case] header: Option<&str>, #[case] size: u64, #[case] part: Part) {
        assert_eq!(parse(header, size), part);
    }
}
