//! Known-answer vectors T2-T6 of `docs/115.md` §5.10 and the properties they cannot cover.

use proptest::prelude::{any, prop, proptest};
use rstest::rstest;

use super::server::blind_reply;
use super::*;

const TWO: NonZeroU8 = NonZeroU8::new(2).unwrap();
const ZERO_CK: ClientKey = ClientKey([0; 16]);
const COUNTING_CK: ClientKey = ClientKey([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

const ASK: &str = r#"{"pickcode":"dtctprlmfkl4exiok"}"#;
const N: &str = "cee772c1500dc22081f279e15dd8b45383e008caedeacc47cb344c6e2eb00520fe0b1eda373e90fac4ab73320b95edabe3a5\
     c1a4636d896eda9fdec6c924547eebff3fa752de407316cebd7419ff163bb5ef229ea98e79b2714b771db70148cc4a8fc1af\
     8159484943fde6d305746d8fa2965991407fe34b5443f54c5f38fb81";
const D: &str = "0e4277cf7869b65520b79a2c4cd83c575c29a2d97f8bb4e006d2782908d933454a94f01fa87a8ca9e7c78c352904c0805dfc\
     64cbe4595e853016a01731b22a0b84947e7e51430d358a6fa817bb4b88377ebbd1140d97571d154819f745bb6ba33c256ae5\
     29aa1acf1cebaa8665bc04a15f3d93cc0db192b4aaa42fa2673ad6d1";
const REPLY: &str = r#"{"2323423573680609857":{"file_name":"a.txt","file_size":"5","pick_code":"dtctprlmfkl4exiok","url":{"url":"http://127.0.0.1:1150/x","client":8,"desc":null,"oss_id":"o"}}}"#;

fn simulator() -> PrivateKey {
    PrivateKey::from_hex(N, D).unwrap()
}

fn request(key: &PublicKey, ck: &ClientKey, plain: &str) -> String {
    encode_request_filled(key, ck, plain.as_bytes(), TWO)
}

#[test]
fn t2_request_of_one_block() {
    assert_eq!(
        hex::encode(blind_request(&ZERO_CK, ASK.as_bytes())),
        "00000000000000000000000000000000888163aed75b9da1adcffca699d178b5dd579cb7fb86ffaf9ac063a2d753daee"
    );
    assert_eq!(
        request(&PublicKey::production(), &ZERO_CK, ASK),
        "NPXCekJDg4dX5wa8t8QxXkxrGU7mbdNKXvVsRqiJrO8AlGkiky8XXUsoQt/IPQFcQW+qZBSdzLdkE/zNEkd00LOy8rfOadBHR7LK\
     texckrPuzJr1ApnA/vUnDUykgaMKI8AgPNGS9S6hZODtSy10AFQea8Vo5+lnpvAXIz/DXz0="
    );
}

#[test]
fn t3_request_whose_length_is_no_multiple_of_four() {
    let ask = r#"{"pick_code":"dtctprlmfkl4exiok"}"#;
    assert_eq!(
        hex::encode(blind_request(&COUNTING_CK, ask.as_bytes())),
        "000102030405060708090a0b0c0d0e0f75f9b74f55e839e40484bddf5aa9ac545fe438f252cdbed659b8834b5ff92cf2ee"
    );
    assert_eq!(
        request(&PublicKey::production(), &COUNTING_CK, ask),
        "XUON/FugWCIxHKF0h/Tfek/C4D2NJ2oOQk+FVupxfMc6nEi5qfUW/jhPrQO6JzgQH9nItkewOEZeruozdPq7ghlxG3cfrF5XjD7p\
     Q+MXVnH9aYRTLMOgp+ntU+iDwzg9CzmCI5OW7zNBYD+IEFjxzhloosmNhvugEzk6lFWzg3k="
    );
}

#[test]
fn t4_request_of_two_blocks() {
    let codes: Vec<String> = (0..8).map(|i| format!("dtctprlmfkl4exio{i}")).collect();
    let ask = format!(r#"{{"pickcode":"{}"}}"#, codes.join(","));
    assert_eq!(ask.len(), 158);
    assert_eq!(
        request(&PublicKey::production(), &ZERO_CK, &ask),
        "CzsExEn1l6Qj5EPEX3yiqWKNBL9rkT+yT94W7A5+gPOQLdFU6ozrKlrzqStjYdDPVSKTPb7Iize79tNp+jxBWmsjRKD664fOUUkK\
     vAy641UFjFyhn3SIQS3PecZZVx6JRlaGDG8V41jZwSbXFyuOouNLihl7mPYpFzoTs+x+8kQZRIz5Ki0mwo27WEB+x2ndfirCP3vh\
     B9bWoTcm6+YJOMpmGhpJYoI60mk81332w6itpFG4M+rq9kzM1CZZjHZBorXL0mk+O5UvtwVX0LvccxlGfRa2/pZ+XroUlid7JNsP\
     ISyhJV4dN6dJG4r7OiXZjKCXItE6KA/Jxg1adTuoqg=="
    );
}

#[test]
fn t5_exchange_under_the_simulator_key() {
    let key = simulator();
    let text = request(&key.public(), &COUNTING_CK, ASK);
    assert_eq!(
        text,
        "Nr/RPWNF+5d+us3Q8f3iFbvyk61ovUk4J5GVwmsRDSdOOCWQ1GeT89hqhHg4+UhC/PoYf7jVl4FolfKVmrZy/WBYX9eix7byaTnB\
     oCNrBOZdTZRbvT2yIzt3CNTWOz4IHTmLq9Jo6jROM1vtA4aAPMUFea4E9eTo1JV/9IOKCRU="
    );
    assert_eq!(decode_request(&key, &text).unwrap(), (ASK.as_bytes().to_vec(), COUNTING_CK));

    let sk = std::array::from_fn(|i| 0xf0 + i as u8);
    assert_eq!(
        hex::encode(blind_reply(&COUNTING_CK, sk, REPLY.as_bytes())),
        "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeffb16236983474b3eddcc6ad7aa4706996373afca1828d917ab27b6996636cabbbd6ca\
     9b65b43d67982379b9fa899ec838f92f658a7561bbfe9780c879a36b23986174e5bdcd8d8933f57339cf797aaba4d7c68a6c\
     e37320dc363afbbfcccc866df52569df3f39ea90d3cc9b79f533698f796cabaac2c68156b27322dc797aabbbc0dbdc68f525\
     69df3637e790ddc39b6ff56471986c63b1f68899c231e12c7c8f6864bdfc8a9cc02b51"
    );
    let one = "ghBI9VC0qIu+7ovAsh5mbuKW3vaUHG3XjUkEA6ztbO9x1Z0BWOUfhqbisg9OJ0+iHZu87TWcw8MHeVVPH7ZX7LLtKwNIX03C9G1n\
     8yZATY3sHLwHA2w+n2TDLKIqsqQG+1U1KsSA2wexm99BjR0COo7UTh9skDHNklPRaytb2EgOONSuguDUnRj3Qry0Mi/r32A2+S/O\
     8f+KiGVv79zmH7xc5duDWi9EA+7u5Mo2UEnWXReb1TuJcJKM317bt0jInTEXxDTgmDewIe1JXVLBX7tNpGwgBN8mBWtoKs/w6/0S\
     egnHoxflQRr/bbQNdFoiukWJTsEJp2EubqVRs4NdoQ==";
    let two = "H5C4C6LlSkkC/cgJzujc/GyPFlctidMzi1IotWOibczRRUlbDBTeXLY7pL2/wzrVJzxIzXfqdj67LMl8nDeMH/eRR8FMYL9GyiSi\
     8fIm+UKbnrGg2bAhwZhFApkbO2g7LEiCrVjjCyW0NzPr/9JpUjnJDy/mgdu7/dit6Q4ZHUI6rfPa8IahW1+wNM21B0Oxs3Hx36Gu\
     rAzIL7enzITtv7ScMAPxAjZxQ/Hs1bnG04TdKVGn1mgf1xGy/uG2mtICo83zjMfClxXNkXdbEihxHrOWVdtcmcbXTyb8rkSdVv7p\
     usWdsLIK2kA8vOK1rodKqIhH90hDuDKicHtTFzevUA==";
    for (padding, wire) in [(Padding::One, one), (Padding::Two, two)] {
        assert_eq!(encode_reply(&key, &COUNTING_CK, sk, REPLY.as_bytes(), padding), wire);
        let plain = decode_reply(&key.public(), &COUNTING_CK, wire).unwrap();
        assert_eq!(String::from_utf8(plain).unwrap(), REPLY);
    }
}

#[test]
fn t6_reply_decoder_under_the_production_key() {
    let key = PublicKey::production();
    let text = "dj4Eif7YhPFq5LTohTIBBk/US6sdZdsYs7qfKPUvktoW2C5ltKW9G0r7Fm1uJcQHL+LdEme30gbwkJVFpnUwGZnYaCQnuR/P8n+C\
     dybWLhVagjG1qO+9sK7iRadXyJX9VOgk9f9ItgnC2ayrLDagjWf2WJqH2GFbVdU5GLSNips=";
    assert_eq!(
        hex::encode(open_blocks(text, |block| key.power(block)).unwrap()),
        "57096333099074c37db15dcc00b344f91baf75c60eaecf7c680c16b62d660c5da7bf6decaf612c694e6b2dcb9076618e6235\
     755028a4ee77e30f33"
    );
    assert_eq!(
        hex::encode(decode_reply(&key, &ZERO_CK, text).unwrap()),
        "d5ee3fe193205554545427dbaf97645d50ef336d0d00eab9a35e53cb71e250b2376d2d29014ffa5094738d"
    );
    assert_eq!(
        hex::encode(decode_reply(&key, &COUNTING_CK, text).unwrap()),
        "d59139e1ec26a8542b52dadbd091995d2fe9ce6d720617b9dc58aecb0ee4adb2486bd0297e490750eb7570"
    );
}

#[rstest]
#[case("", CipherError::Length)]
#[case("AAAA", CipherError::Length)]
#[case("not base64 at all", CipherError::Base64)]
fn rejects_what_is_no_reply(#[case] text: &str, #[case] why: CipherError) {
    assert_eq!(decode_reply(&PublicKey::production(), &ZERO_CK, text), Err(why));
}

#[test]
fn rejects_a_reply_that_is_far_too_long() {
    let text = "A".repeat(MAX_TEXT + 4);
    assert_eq!(decode_reply(&PublicKey::production(), &ZERO_CK, &text), Err(CipherError::Length));
}

#[rstest]
#[case::short("cee7")]
#[case::not_hexadecimal("xyz")]
#[case::even(&format!("{}0", &N[..255]))]
#[case::long(&format!("{N}01"))]
fn takes_only_a_modulus_of_1024_bits(#[case] text: &str) {
    assert_eq!(PublicKey::from_hex(text), Err(CipherError::Key));
}

#[test]
fn debug_shows_neither_the_private_exponent_nor_a_client_key() {
    let shown = format!("{:?} {:?}", simulator(), COUNTING_CK);
    assert!(!shown.contains(&D[..16]) && !shown.contains("1, 2, 3"), "{shown}");
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(48))]

    #[test]
    fn every_request_comes_back(plain in prop::collection::vec(any::<u8>(), 1..600), ck: [u8; 16]) {
        let (key, ck) = (simulator(), ClientKey(ck));
        let read = decode_request(&key, &encode_request(&key.public(), &ck, &plain)).unwrap();
        assert_eq!(read, (plain, ck));
    }

    #[test]
    fn every_reply_comes_back(plain in prop::collection::vec(any::<u8>(), 1..600), ck: [u8; 16], sk: [u8; 16], one: bool) {
        let (key, ck) = (simulator(), ClientKey(ck));
        let text = encode_reply(&key, &ck, sk, &plain, if one { Padding::One } else { Padding::Two });
        assert_eq!(decode_reply(&key.public(), &ck, &text).unwrap(), plain);
    }

    #[test]
    fn blocks_of_garbage_are_refused_or_read_as_noise(blocks in prop::collection::vec(any::<[u8; BLOCK]>(), 1..4)) {
        let blocks = blocks.concat();
        if let Ok(plain) = decode_reply(&PublicKey::production(), &ZERO_CK, &BASE64.encode(&blocks)) {
            assert!(plain.len() < blocks.len());
        }
    }

    #[test]
    fn any_text_is_survived(text in ".{0,300}") {
        assert!(decode_reply(&PublicKey::production(), &ZERO_CK, &text).is_err());
    }
}
