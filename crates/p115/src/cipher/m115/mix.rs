//! The byte mixer of m115: keys derived from a seed by a fixed table, and the xor that restarts its key (`docs/115.md` §5.1, §5.2).

use crate::cipher::unhex;

const G: [u8; 144] = unhex(
    "f0e569aebfdcbf8a1a45e8be7da673b8de8fe7c445da86c49b648b146ab4f1aa\
     3801359e26692c86006b4fa5363462a62a966818f24afdbd6b978f4d8f8913b7\
     6c8e93ed0e0d483ed72f88d8fefe7e8650954fd1eb832634db667b9c7e9d7a81\
     32eab633de3aa95934663baaba816048b9d5819cf86c8477ff5478265fbee81e\
     369f34805c452c9b76d51b8fccc3b8f5",
);

/// The fixed key of the second mix of a request.
pub(super) const L: [u8; 12] = unhex("7806ad4c33865d184c013f46");

/// A key of 4 or 12 bytes; other lengths would leave the table.
pub(super) fn derive<const N: usize>(seed: &[u8; 16]) -> [u8; N] {
    const { assert!(N == 4 || N == 12) };
    std::array::from_fn(|i| seed[i].wrapping_add(G[N * i]) ^ G[N * (N - 1 - i)])
}

/// Its own inverse. The key starts anew after the first `len mod 4` bytes; running it through instead is the usual
/// porting mistake, and it shows only for lengths that are no multiple of four.
pub(super) fn mix<const N: usize>(data: &mut [u8], key: &[u8; N]) {
    let (head, rest) = data.split_at_mut(data.len() % 4);
    for part in [head, rest] {
        for (byte, k) in part.iter_mut().zip(key.iter().cycle()) {
            *byte ^= k;
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("00000000000000000000000000000000", "8da5a58d", "ac822114c15858c1142182ac")]
    #[case("000102030405060708090a0b0c0d0e0f", "8ddaa370", "ac81271bc54352d81c587497")]
    #[case("00112233445566778899aabbccddeeff", "8dca8340", "ac71076b8533b2489cc8d4e7")]
    fn t1_derive(#[case] seed: &str, #[case] four: &str, #[case] twelve: &str) {
        let seed: [u8; 16] = hex::decode(seed).unwrap().try_into().unwrap();
        assert_eq!(hex::encode(derive::<4>(&seed)), four);
        assert_eq!(hex::encode(derive::<12>(&seed)), twelve);
    }

    #[rstest]
    #[case("a", "19")]
    #[case("abcdefg", "1964ce1c63cb2b")]
    #[case("0123456789abcdef", "48379f7f07b36b2f74385e241b62c82a")]
    #[case("hello, 115 world! 0123456789", "1063c1205caa7d297d341f311774c12812a66d297e320b734e319575")]
    fn t1_mix(#[case] plain: &str, #[case] mixed: &str) {
        let mut data = plain.as_bytes().to_vec();
        mix(&mut data, &L);
        assert_eq!(hex::encode(&data), mixed);
        mix(&mut data, &L);
        assert_eq!(data, plain.as_bytes());
    }

    #[test]
    fn t1_mix_with_a_short_key() {
        let mut data = *b"abcdefg";
        mix(&mut data, &[0x8d, 0xa5, 0xa5, 0x8d]);
        assert_eq!(hex::encode(data), "ecc7c6e9c0c3ea");
    }
}
