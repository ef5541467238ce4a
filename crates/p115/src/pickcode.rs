//! From a pick code to what it stands for, without asking anybody (`docs/115.md` §5.9).

use crate::types::{FileId, PickCode};

/// What stands for the digits from 0 to z, by the letter that the code of a file begins with.
const ROWS: [(u8, &[u8; 36]); 5] = [
    (b'a', b"h4t9jfsmdigqnew0clr8p2b3z7kya61vxo5u"),
    (b'b', b"843lwsp2x67hej9cmovn1ba5zdif0quyktrg"),
    (b'c', b"dbm4zx9pruhl2k8ae56ciwvngqsto7fj1y03"),
    (b'd', b"xy2li5q7fdznpwbvktuja4sc6h109ge38rom"),
    (b'e', b"zhwfslqbo3n67i48j9x1c02uyk5vrdmeagpt"),
];
/// Digits at the end that are the account's.
const POINT: usize = 4;

impl PickCode {
    /// Whether it is a folder's.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.as_str().starts_with('f')
    }

    /// The id of its file; `None` for a folder's, and for a code of a form that is not known.
    #[must_use]
    pub fn file_id(&self) -> Option<FileId> {
        let (letter, digits) = self.as_str().as_bytes().split_first()?;
        let (_, row) = ROWS.iter().find(|(known, _)| known == letter)?;
        let digit = |byte: &u8| row.iter().position(|known| known == byte).and_then(|digit| u64::try_from(digit).ok());
        let (id, point) = digits.split_at_checked(digits.len().checked_sub(POINT)?)?;
        let begins_with_zero = |digits: &[u8]| digits.first().and_then(digit) == Some(0);
        if id.is_empty() || begins_with_zero(id) || !begins_with_zero(point) {
            return None;
        }
        let id = id.iter().try_fold(0_u64, |id, byte| id.checked_mul(36)?.checked_add(digit(byte)?))?;
        Some(FileId::new(id))
    }
}

#[cfg(test)]
mod tests {
    use proptest::proptest;
    use rstest::rstest;

    use super::*;

    /// T12, of files.
    #[rstest]
    #[case("cq8zap7l323bbddre", Some(3_342_177_983_093_201_749))]
    #[case("cq8zap7l323bbdbbx", Some(3_342_177_983_093_201_749))]
    #[case("al3lnot2gls76hgqn", Some(2_323_423_573_680_609_857))]
    #[case("dtctprlmfkl4exiok", Some(2_323_423_576_700_508_738))]
    #[case("ehzzzz", Some(1))]
    #[case::a_folders("falblnotpgls764gqn", None)]
    #[case::another_folders("fd9bxvlgnmpmqq5qqy", None)]
    #[case::the_accounts_part_alone("ezzzz", None)]
    #[case::too_short("ezz", None)]
    #[case::a_zero_before_the_id("ezhzzzz", None)]
    #[case::no_account_begins_so("cq8zap7l323bbcddr", None)]
    #[case::another_letter("gq8zap7l323bbddre", None)]
    #[case::upper_case("CQ8ZAP7L323BBDDRE", None)]
    #[case::too_large("ettttttttttttttttttttttzzzz", None)]
    fn codes_of_files_tell_their_ids(#[case] code: &str, #[case] id: Option<u64>) {
        assert_eq!(code.parse::<PickCode>().unwrap().file_id(), id.map(FileId::new));
    }

    #[rstest]
    #[case("fd9bxvlgnmpmqq5qqy", true)]
    #[case("dtctprlmfkl4exiok", false)]
    fn codes_of_folders_begin_with_an_f(#[case] code: &str, #[case] folder: bool) {
        assert_eq!(code.parse::<PickCode>().unwrap().is_folder(), folder);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(code in "[a-z0-9A-Z]{1,64}") {
            let _ = code.parse::<PickCode>().unwrap().file_id();
        }
    }
}
