//! What each number of 115's authorisation means, in plain words, and what helps (`docs/115.md` §10.3).

use super::Kind;

/// One number of the table.
#[derive(Debug)]
pub(super) struct Row {
    code: i64,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
    pub(super) advice: &'static str,
}

const BUG: &str = "this is a mistake of this program: please report it with the number";
const SOON: &str = "try again in a moment";
const NOTHING: &str = "nothing to do: new tokens are asked for by themselves";
const APP_ID: &str = "check the AppID (`app_id`) in the configuration";
const ANOTHER_APP: &str = "ask whoever runs the app, or use another one and log in again";
const REDIRECT: &str =
    "set the redirect address of the app on 115's open platform, or log in by the QR code, which needs none";
const COPIED: &str = "put the whole pair of tokens into the configuration again, or log in to 115 again";
const LOG_IN: &str = "log in to 115 again";

const fn row(code: i64, kind: Kind, meaning: &'static str, advice: &'static str) -> Row {
    Row { code, kind, meaning, advice }
}

/// In the order of 115's own table.
const ROWS: &[Row] = &[
    row(40_100_000, Kind::Rejected, "a parameter of the call is missing or wrong", BUG),
    row(40_101_017, Kind::Session, "115 could not verify the user", LOG_IN),
    row(40_110_000, Kind::Transient, "115 found the call odd and wants it made again", SOON),
    row(40_140_100, Kind::App, "the client_id is wrong: 115 knows no such AppID", APP_ID),
    row(40_140_101, Kind::Rejected, "the code_challenge is missing", BUG),
    row(40_140_102, Kind::Rejected, "the method of the code_challenge is none of sha256, sha1 and md5", BUG),
    row(40_140_103, Kind::Rejected, "the sign of the QR code is missing", BUG),
    row(40_140_104, Kind::Rejected, "the sign of the QR code is wrong", BUG),
    row(40_140_105, Kind::Transient, "115 could not make a QR code", SOON),
    row(40_140_106, Kind::App, "the AppID is not valid", APP_ID),
    row(40_140_107, Kind::App, "there is no app with this AppID", APP_ID),
    row(
        40_140_108,
        Kind::App,
        "115 has not approved the app yet",
        "wait until 115 has, or use another app and log in again",
    ),
    row(40_140_109, Kind::App, "115 has stopped the app", ANOTHER_APP),
    row(40_140_110, Kind::App, "the app has expired", ANOTHER_APP),
    row(40_140_111, Kind::App, "the AppSecret is wrong", "check the AppSecret of whoever gives out the tokens"),
    row(40_140_112, Kind::Rejected, "the code_verifier is not 43 to 128 characters long", BUG),
    row(40_140_113, Kind::Rejected, "the code_verifier does not belong to this QR code", BUG),
    row(40_140_114, Kind::Session, "the refresh token is malformed, as if only a part of it had been copied", COPIED),
    row(
        40_140_115,
        Kind::Session,
        "the signature of the refresh token is wrong, as if it had been copied badly",
        COPIED,
    ),
    row(
        40_140_116,
        Kind::Session,
        "the authorisation is no longer valid: it was taken back in the 115 app, or two later logins of the same app have displaced it",
        LOG_IN,
    ),
    row(
        40_140_117,
        Kind::Renewals,
        "115 has been asked for new tokens too often",
        "wait ten minutes and do not log in again; if it comes back, see which other program renews the same tokens",
    ),
    row(40_140_118, Kind::App, "the certification of the app's developer has expired", ANOTHER_APP),
    row(40_140_119, Kind::Session, "the refresh token has expired, as it does about a year after the login", LOG_IN),
    row(
        40_140_120,
        Kind::Session,
        "115 has already exchanged this refresh token for a newer one that is not here",
        "if another program uses the same tokens, give it a login of its own; then log in to 115 again",
    ),
    row(40_140_121, Kind::Transient, "115 failed to renew the tokens", SOON),
    row(
        40_140_122,
        Kind::App,
        "the account has authorised too many apps",
        "remove one in the 115 app or at https://115.com/?mode=device_manage, then log in again",
    ),
    row(40_140_123, Kind::Token, "the access token is malformed", NOTHING),
    row(40_140_124, Kind::Token, "the signature of the access token is wrong", NOTHING),
    row(40_140_125, Kind::Token, "the access token has expired or was taken back", NOTHING),
    row(40_140_126, Kind::Token, "115 could not verify the access token", NOTHING),
    row(40_140_127, Kind::Rejected, "the response_type is wrong", BUG),
    row(40_140_128, Kind::App, "the redirect address of the app has no scheme", REDIRECT),
    row(40_140_129, Kind::App, "the redirect address of the app has no domain", REDIRECT),
    row(40_140_130, Kind::App, "the app has no redirect address", REDIRECT),
    row(40_140_131, Kind::App, "the redirect address belongs to another domain than the app's", REDIRECT),
    row(40_140_132, Kind::Rejected, "the grant_type is wrong", BUG),
    row(40_140_133, Kind::App, "115 could not verify the client_secret", ANOTHER_APP),
    row(
        40_140_134,
        Kind::App,
        "115 could not verify the authorisation code",
        "log in again: such a code is good once and soon expires",
    ),
    row(40_140_135, Kind::App, "115 could not verify the client_id", APP_ID),
    row(40_140_136, Kind::App, "115 could not verify the redirect address", REDIRECT),
];

pub(super) fn find(code: i64) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.code == code)
}

/// Whether this number says of the refresh token itself that it will never be taken again.
pub(super) fn buries_refresh_token(code: i64) -> bool {
    matches!(code, 40_140_114..=40_140_116 | 40_140_119 | 40_140_120)
}

/// Whether this number is what 115 says of a refresh token that it has already exchanged.
pub(super) fn says_exchanged(code: i64) -> bool {
    matches!(code, 40_140_116 | 40_140_120)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_stands_once_and_has_words_of_its_own() {
        for (i, row) in ROWS.iter().enumerate() {
            for other in &ROWS[..i] {
                assert!(other.code < row.code && other.meaning != row.meaning, "{row:?} {other:?}");
            }
            assert!(row.meaning.len() > 15 && row.advice.len() > 15, "{row:?}");
        }
        let authorisation = ROWS.iter().map(|row| row.code).filter(|code| *code >= 40_140_000);
        assert!(authorisation.eq(40_140_100..=40_140_136), "a number of the table is missing");
    }
}
