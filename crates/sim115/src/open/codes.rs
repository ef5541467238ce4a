//! The authorisation codes and what each says (docs/115.md, §10.3). Only the text of 40140116 is 115's own.

/// Every code of the table. Texts other than that of 40140116 are ours: a client must go by the number.
pub const OPEN_CODES: [(i64, &str); 40] = [
    (40_100_000, "参数缺失"),
    (40_101_017, "用户验证失败"),
    (40_110_000, "请求异常，请重试"),
    (40_140_100, "client_id 错误"),
    (40_140_101, "code_challenge 必填"),
    (40_140_102, "code_challenge_method 必须是 sha256、sha1、md5 之一"),
    (40_140_103, "sign 必填"),
    (40_140_104, "sign 签名失败"),
    (40_140_105, "生成二维码失败"),
    (40_140_106, "APP ID 无效"),
    (40_140_107, "应用不存在"),
    (40_140_108, "应用未审核通过"),
    (40_140_109, "应用已被停用"),
    (40_140_110, "应用已过期"),
    (40_140_111, "APP Secret 错误"),
    (40_140_112, "code_verifier 长度要求 43~128 位"),
    (40_140_113, "code_verifier 验证失败"),
    (40_140_114, "refresh_token 格式错误"),
    (40_140_115, "refresh_token 签名校验失败"),
    (40_140_116, "no auth"),
    (40_140_117, "access_token 刷新太频繁"),
    (40_140_118, "开发者认证已过期"),
    (40_140_119, "refresh_token 已过期"),
    (40_140_120, "refresh_token 检验失败"),
    (40_140_121, "access_token 刷新失败"),
    (40_140_122, "超出授权应用个数上限"),
    (40_140_123, "access_token 格式错误"),
    (40_140_124, "access_token 签名校验失败"),
    (40_140_125, "access_token 无效"),
    (40_140_126, "access_token 校验失败"),
    (40_140_127, "response_type 错误"),
    (40_140_128, "redirect_uri 缺少协议"),
    (40_140_129, "redirect_uri 缺少域名"),
    (40_140_130, "没有配置重定向域名"),
    (40_140_131, "redirect_uri 非法域名"),
    (40_140_132, "grant_type 错误"),
    (40_140_133, "client_secret 验证失败"),
    (40_140_134, "授权码 code 验证失败"),
    (40_140_135, "client_id 验证失败"),
    (40_140_136, "redirect_uri 验证失败"),
];

/// The text of a code; of a number that is no authorisation code, nothing.
pub(crate) fn text(code: i64) -> Option<&'static str> {
    OPEN_CODES.iter().find(|(number, _)| *number == code).map(|(_, text)| *text)
}
