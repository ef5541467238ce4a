//! What one link call costs in arithmetic: sealing the request and opening the reply.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use p115::cipher::m115::{ClientKey, PublicKey, decode_reply, encode_request};

/// The reply of `docs/115.md` §5.10 T5, two blocks.
const N: &str = "cee772c1500dc22081f279e15dd8b45383e008caedeacc47cb344c6e2eb00520fe0b1eda373e90fac4ab73320b95edabe3a5c1a4636d896eda9fdec6c924547eebff3fa752de407316cebd7419ff163bb5ef229ea98e79b2714b771db70148cc4a8fc1af8159484943fde6d305746d8fa2965991407fe34b5443f54c5f38fb81";
const REPLY: &str = "ghBI9VC0qIu+7ovAsh5mbuKW3vaUHG3XjUkEA6ztbO9x1Z0BWOUfhqbisg9OJ0+iHZu87TWcw8MHeVVPH7ZX7LLtKwNIX03C9G1n8yZATY3sHLwHA2w+n2TDLKIqsqQG+1U1KsSA2wexm99BjR0COo7UTh9skDHNklPRaytb2EgOONSuguDUnRj3Qry0Mi/r32A2+S/O8f+KiGVv79zmH7xc5duDWi9EA+7u5Mo2UEnWXReb1TuJcJKM317bt0jInTEXxDTgmDewIe1JXVLBX7tNpGwgBN8mBWtoKs/w6/0SegnHoxflQRr/bbQNdFoiukWJTsEJp2EubqVRs4NdoQ==";

fn cipher(c: &mut Criterion) {
    let key = PublicKey::from_hex(N).unwrap();
    let ck = ClientKey::from(std::array::from_fn(|i| i as u8));
    c.bench_function("encode_request", |b| {
        b.iter(|| encode_request(&key, &ck, black_box(br#"{"pickcode":"dtctprlmfkl4exiok"}"#)));
    });
    c.bench_function("decode_reply", |b| b.iter(|| decode_reply(&key, &ck, black_box(REPLY)).unwrap()));
}

criterion_group!(benches, cipher);
criterion_main!(benches);
