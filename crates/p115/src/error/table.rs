//! 115's error numbers and phrases, here and in the table of authorisation, and nowhere else (`docs/115.md` §7.1, §4.3, §10.5).

use super::{Kind, authorisation};

/// A listing in an order the folder does not offer; the reply names one that it does (§3.3).
pub(crate) const ORDER_UNSUPPORTED: i64 = 20_130_827;

/// What a reply that reports failure means. The text decides only where the number says nothing: it may be 0, -1 or
/// one that nobody has seen before.
pub(crate) fn judge(code: Option<i64>, text: &str) -> Kind {
    match code {
        // With a text the flag is final, without one it has been seen to pass.
        Some(50038) if text.trim().is_empty() => Kind::Transient,
        Some(50038) => Kind::Flagged,
        Some(code) => {
            authorisation::find(code).map(|row| row.kind).or_else(|| by_number(code)).unwrap_or_else(|| by_text(text))
        }
        None => by_text(text),
    }
}

fn by_number(code: i64) -> Option<Kind> {
    Some(match code {
        99 | 990_001 | 40_101_000..=40_101_099 => Kind::Session,
        911 => Kind::Captcha,
        1001 | 20_020 | 20_021 | 200_900 | 990_002 | ORDER_UNSUPPORTED => Kind::Rejected,
        10_014 | 20_009 | 20_013 | 20_018 | 31_001 | 31_003 | 50_001 | 50_003 | 50_015 | 70_005 | 70_008 | 90_008
        | 231_011 | 430_004 | 800_001 => Kind::NotFound,
        31_004 | 70_004 => Kind::NotReady,
        50_028 | 300_104 | 300_105 => Kind::TooBig,
        406 | 429 | 590_075 | 770_004 => Kind::Quota,
        980_006 => Kind::WayClosed,
        51_012 | 990_003 | 990_005 | 990_009 | 990_019 => Kind::Transient,
        2 => Kind::TooMany,
        20_022 => Kind::Refused,
        _ => return None,
    })
}

fn by_text(text: &str) -> Kind {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if too_old(text) {
        Kind::WayClosed
    } else if says(&["重新登录", "登录超时", "请登录"]) {
        Kind::Session
    } else if says(&["频繁", "访问上限"]) {
        Kind::Quota
    } else if says(&["不存在"]) {
        Kind::NotFound
    } else {
        Kind::Refused
    }
}

/// "The version is too low, please upgrade": comes without a number, for a User-Agent 115 does not like (§1.3).
pub(super) fn too_old(text: &str) -> bool {
    text.contains("版本过低")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Kind::Refused, &[20_022, 123_456_789])]
    #[case(Kind::TooMany, &[2])]
    #[case(Kind::Session, &[99, 990_001, 40_101_004, 40_101_017, 40_101_032, 40_101_035, 40_101_037, 40_101_038])]
    #[case(Kind::Captcha, &[911])]
    #[case(Kind::Rejected, &[1001, 990_002, 200_900, 40_100_000, 20_020, 20_021, 20_130_827])]
    #[case(Kind::NotFound, &[
        10_014, 20_009, 20_013, 20_018, 31_001, 31_003, 50_001, 50_003, 50_015, 70_005, 70_008, 90_008, 231_011, 430_004,
        800_001,
    ])]
    #[case(Kind::NotReady, &[31_004, 70_004])]
    #[case(Kind::TooBig, &[50_028, 300_104, 300_105])]
    #[case(Kind::Flagged, &[50_038])]
    #[case(Kind::Quota, &[406, 770_004, 590_075])]
    #[case(Kind::WayClosed, &[980_006])]
    #[case(Kind::Transient, &[990_003, 990_005, 990_009, 990_019, 40_110_000, 51_012])]
    fn every_number_of_the_table(#[case] kind: Kind, #[case] codes: &[i64]) {
        for code in codes {
            assert_eq!(judge(Some(*code), "某某"), kind, "{code}");
        }
    }

    #[rstest]
    #[case(Kind::Rejected, &[40_100_000, 40_140_101, 40_140_104, 40_140_112, 40_140_113, 40_140_127, 40_140_132])]
    #[case(Kind::Session, &[40_101_017, 40_140_114, 40_140_115, 40_140_116, 40_140_119, 40_140_120])]
    #[case(Kind::Transient, &[40_110_000, 40_140_105, 40_140_121])]
    #[case(Kind::App, &[
        40_140_100, 40_140_106, 40_140_107, 40_140_108, 40_140_109, 40_140_110, 40_140_111, 40_140_118, 40_140_122,
        40_140_128, 40_140_131, 40_140_133, 40_140_136,
    ])]
    #[case(Kind::Renewals, &[40_140_117])]
    #[case(Kind::Token, &[40_140_123, 40_140_124, 40_140_125, 40_140_126])]
    fn every_class_of_authorisation(#[case] kind: Kind, #[case] codes: &[i64]) {
        for code in codes {
            assert_eq!(judge(Some(*code), "no auth"), kind, "{code}");
        }
    }

    #[rstest]
    #[case(None, "文件不存在或已删除", Kind::NotFound)]
    #[case(Some(0), "请重新登录", Kind::Session)]
    #[case(None, "登录超时，请重新登录。", Kind::Session)]
    #[case(Some(-1), "已达到当前访问上限，请稍后再试", Kind::Quota)]
    #[case(Some(0), "操作过于频繁", Kind::Quota)]
    #[case(None, "当前版本过低，请升级到最新版本下载。", Kind::WayClosed)]
    #[case(None, "", Kind::Refused)]
    #[case(Some(50038), "", Kind::Transient)]
    #[case(Some(50028), "文件不存在", Kind::TooBig)]
    fn the_text_speaks_where_the_number_does_not(#[case] code: Option<i64>, #[case] text: &str, #[case] kind: Kind) {
        assert_eq!(judge(code, text), kind);
    }
}
