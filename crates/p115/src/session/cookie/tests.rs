//! What people paste as a cookie, and what is made of it.

use proptest::proptest;
use rstest::rstest;

use super::*;

const UID: &str = "12345678_R1_1700000000";
const CID: &str = "0123456789abcdef0123456789abcdef";
const SEID: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0011223344556677889900aa";
const KID: &str = "fedcba9876543210fedcba9876543210";

fn full() -> String {
    format!("UID={UID}; CID={CID}; SEID={SEID}; KID={KID}")
}

#[rstest]
#[case::plain(full())]
#[case::trailing_semicolon(format!("{};", full()))]
#[case::spaces_and_no_spaces(format!("  UID={UID};CID={CID} ;  SEID={SEID};KID={KID} ; "))]
#[case::lines(format!("UID={UID}\nCID={CID}\r\nSEID={SEID}\nKID={KID}\n"))]
#[case::lines_with_semicolons(format!("UID={UID};\nCID={CID};\nSEID={SEID};\nKID={KID};\n"))]
#[case::wrapped_by_a_terminal(format!("UID={UID}; CID={CID}; SEID={}\n{}; KID={KID}", &SEID[..60], &SEID[60..]))]
#[case::header(format!("Cookie: {}", full()))]
#[case::header_in_lower_case(format!("cookie:{}", full()))]
#[case::quoted(format!("\"{}\"", full()))]
#[case::quoted_header(format!("'Cookie: {};'", full()))]
#[case::quoted_values(format!("UID=\"{UID}\"; CID=\"{CID}\"; SEID=\"{SEID}\"; KID=\"{KID}\""))]
#[case::lower_case_names(format!("uid={UID}; cid={CID}; seid={SEID}; kid={KID}"))]
#[case::other_order_and_others(format!("acw_tc=aa; KID={KID}; SEID={SEID}; USERSESSIONID=b=c; CID={CID}; UID={UID}; PHPSESSID=x"))]
#[case::extension_export(format!(
    r#"[{{"domain":".115.com","name":"UID","value":"{UID}","httpOnly":true,"expirationDate":1.7e9}},
        {{"domain":".example.com","name":"CID","value":"no"}},
        {{"domain":".115.com","name":"CID","value":"{CID}"}},
        {{"domain":"115.com","name":"SEID","value":"{SEID}"}},{{"name":"KID","value":"{KID}"}}]"#
))]
#[case::extension_export_in_an_object(format!(
    r#"{{"url":"https://115.com","cookies":[{{"name":"UID","value":"{UID}"}},{{"name":"CID","value":"{CID}"}},
        {{"name":"SEID","value":"{SEID}"}},{{"name":"KID","value":"{KID}"}}]}}"#
))]
#[case::object(format!(r#"{{"UID":"{UID}","CID":"{CID}","SEID":"{SEID}","KID":"{KID}"}}"#))]
#[case::login_reply(format!(
    r#"{{"state":1,"data":{{"cookie":{{"UID":"{UID}","CID":"{CID}","SEID":"{SEID}","KID":"{KID}"}},"user_id":12345678}}}}"#
))]
#[case::json_text(format!("{:?}", full()))]
#[case::curl_bash(format!("curl 'https://webapi.115.com/files?cid=0' \\\n  -H 'accept: */*' \\\n  -H 'Cookie: {}' \\\n  --compressed", full()))]
#[case::curl_bash_b(format!("curl 'https://webapi.115.com/files' -b '{}' -H 'accept: */*'", full()))]
#[case::curl_long(format!("curl --cookie \"{}\" https://webapi.115.com/files", full()))]
#[case::curl_equals(format!("curl --header=\"cookie: {}\" https://115.com", full()))]
#[case::curl_joined(format!("curl -H'Cookie: {}' https://115.com", full()))]
#[case::curl_dollar(format!("curl $'https://115.com/\\u0021' -H $'Cookie: {}; a=\\'b\\''", full()))]
#[case::curl_cmd(format!("curl ^\"https://webapi.115.com/files?a=1^&b=2^\" ^\r\n  -H ^\"accept: */*^\" ^\r\n  -b ^\"{}^\" ^\r\n  -H ^\"x: ^\\^\"y^\\^\"^\"", full()))]
#[case::curl_cmd_plain(format!("curl.exe \"https://115.com\" ^\n -H \"Cookie: {}\"", full()))]
fn takes(#[case] text: String) {
    let cookie = Cookie::parse(&text).unwrap();
    assert_eq!(cookie.header().to_str().unwrap(), full());
    assert_eq!((cookie.user_id(), cookie.device()), (12_345_678, "R1"));
}

#[rstest]
#[case::absent(format!("UID={UID}; CID={CID}; SEID={SEID}"))]
#[case::empty(format!("UID={UID}; CID={CID}; SEID={SEID}; KID="))]
#[case::cut_off(format!("UID={UID}; CID={CID}; SEID={SEID}; KID=fedc"))]
fn does_without_kid(#[case] text: String) {
    let cookie = Cookie::parse(&text).unwrap();
    assert_eq!(cookie.header().to_str().unwrap(), format!("UID={UID}; CID={CID}; SEID={SEID}"));
}

#[rstest]
#[case::nothing("", &["UID", "CID", "SEID"], &[])]
#[case::prose("I have no idea", &["UID", "CID", "SEID"], &[])]
#[case::broken_json("[{\"name\":", &["UID", "CID", "SEID"], &[])]
#[case::deep_json(&"[".repeat(5000), &["UID", "CID", "SEID"], &[])]
#[case::curl_without(&format!("curl https://115.com -H 'accept: {}'", full()), &["UID", "CID", "SEID"], &[])]
#[case::only_uid(&format!("UID={UID}"), &["CID", "SEID"], &[])]
#[case::bare_number(&format!("UID=12345678; CID={CID}; SEID={SEID}"), &[], &["UID"])]
#[case::signed_number(&format!("UID=+5_R1_1; CID={CID}; SEID={SEID}"), &[], &["UID"])]
#[case::folder_id(&format!("UID={UID}; CID=2323423573680609857; SEID={SEID}"), &[], &["CID"])]
#[case::cut_seid(&format!("UID={UID}; CID={CID}; SEID=0011..."), &[], &["SEID"])]
#[case::both(&format!("UID=a_b; SEID={SEID}"), &["CID"], &["UID"])]
fn names_what_is_wrong(#[case] text: &str, #[case] missing: &[&str], #[case] malformed: &[&str]) {
    let error = Cookie::parse(text).unwrap_err();
    assert_eq!((error.missing.as_slice(), error.malformed.as_slice()), (missing, malformed));
}

#[test]
fn the_error_says_how_to_get_a_cookie() {
    let error = Cookie::parse(&format!("UID=1; SEID={SEID}")).unwrap_err().to_string();
    assert!(error.contains("CID is missing; UID is malformed") && error.contains("F12"), "{error}");
}

#[test]
fn the_same_login_is_equal_however_it_was_pasted() {
    let one = Cookie::parse(&full()).unwrap();
    assert_eq!(one, Cookie::parse(&format!("cookie: x=1; {};", full())).unwrap());
    assert_ne!(one, Cookie::parse(&full().replace("R1", "D1")).unwrap());
}

#[test]
fn debug_shows_no_secret() {
    let cookie = Cookie::parse(&full()).unwrap();
    let shown = format!("{cookie:?} {:?}", cookie.header());
    for secret in [UID, CID, SEID, KID] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "(?s)(curl |\\[|\\{|Cookie:|)(.|UID=|\\^|\"|'|\\\\){0,60}") {
        let error = Cookie::parse(&text).unwrap_err();
        assert_eq!(error.missing.len() + error.malformed.len(), 3);
    }
}
