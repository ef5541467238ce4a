//! Every number of 115's authorisation: what it is taken for, what people are told, and which calls it costs.

use p115::{Error, Kind};
use rstest::rstest;

use crate::fake::{Fake, issued, json, refusal, tokens};

const REFRESH: &str = "passportapi.115.com/open/refreshToken";

/// How often the account was asked for, and how often new tokens were.
fn costs(fake: &Fake) -> (usize, usize) {
    let places = fake.places();
    let renewals = places.iter().filter(|place| *place == REFRESH).count();
    (places.len() - renewals, renewals)
}

fn told(error: &Error) -> String {
    format!("{}; {}", error.meaning().unwrap_or_default(), error.advice().unwrap_or_default())
}

const BUG: &str = "; this is a mistake of this program: please report it with the number";

/// The number as the answer to a call. The second number of the costs is that of renewals: only what is said of the
/// access token leads to one, and only what asks for it is repeated.
#[rstest]
#[case(40_100_000, Kind::Rejected, &["parameter", BUG], (1, 0))]
#[case(40_101_017, Kind::Session, &["could not verify the user", "log in"], (1, 0))]
#[case(40_110_000, Kind::Transient, &["made again", "try again in a moment"], (3, 0))]
#[case(40_140_100, Kind::App, &["client_id is wrong", "check the AppID"], (1, 0))]
#[case(40_140_101, Kind::Rejected, &["code_challenge is missing", BUG], (1, 0))]
#[case(40_140_102, Kind::Rejected, &["method of the code_challenge", BUG], (1, 0))]
#[case(40_140_103, Kind::Rejected, &["sign of the QR code is missing", BUG], (1, 0))]
#[case(40_140_104, Kind::Rejected, &["sign of the QR code is wrong", BUG], (1, 0))]
#[case(40_140_105, Kind::Transient, &["could not make a QR code", "try again in a moment"], (3, 0))]
#[case(40_140_106, Kind::App, &["AppID is not valid", "check the AppID"], (1, 0))]
#[case(40_140_107, Kind::App, &["no app with this AppID", "check the AppID"], (1, 0))]
#[case(40_140_108, Kind::App, &["not approved", "wait until 115 has"], (1, 0))]
#[case(40_140_109, Kind::App, &["115 has stopped the app", "use another one and log in again"], (1, 0))]
#[case(40_140_110, Kind::App, &["the app has expired", "use another one and log in again"], (1, 0))]
#[case(40_140_111, Kind::App, &["AppSecret is wrong", "check the AppSecret"], (1, 0))]
#[case(40_140_112, Kind::Rejected, &["43 to 128", BUG], (1, 0))]
#[case(40_140_113, Kind::Rejected, &["does not belong to this QR code", BUG], (1, 0))]
#[case(40_140_114, Kind::Session, &["refresh token is malformed", "put the whole pair"], (1, 0))]
#[case(40_140_115, Kind::Session, &["signature of the refresh token", "put the whole pair"], (1, 0))]
#[case(40_140_116, Kind::Session, &["taken back in the 115 app", "log in to 115 again"], (1, 0))]
#[case(40_140_117, Kind::Renewals, &["too often", "wait ten minutes and do not log in again"], (1, 0))]
#[case(40_140_118, Kind::App, &["certification", "ask whoever runs the app"], (1, 0))]
#[case(40_140_119, Kind::Session, &["refresh token has expired", "log in to 115 again"], (1, 0))]
#[case(40_140_120, Kind::Session, &["already exchanged", "a login of its own"], (1, 0))]
#[case(40_140_121, Kind::Transient, &["failed to renew", "try again in a moment"], (3, 0))]
#[case(40_140_122, Kind::App, &["too many apps", "https://115.com/?mode=device_manage"], (1, 0))]
#[case(40_140_123, Kind::Session, &["", "log in to 115 again"], (2, 1))]
#[case(40_140_124, Kind::Session, &["", "log in to 115 again"], (2, 1))]
#[case(40_140_125, Kind::Session, &["", "log in to 115 again"], (2, 1))]
#[case(40_140_126, Kind::Session, &["", "log in to 115 again"], (2, 1))]
#[case(40_140_127, Kind::Rejected, &["response_type", BUG], (1, 0))]
#[case(40_140_128, Kind::App, &["no scheme", "set the redirect address"], (1, 0))]
#[case(40_140_129, Kind::App, &["no domain", "set the redirect address"], (1, 0))]
#[case(40_140_130, Kind::App, &["no redirect address", "set the redirect address"], (1, 0))]
#[case(40_140_131, Kind::App, &["another domain", "set the redirect address"], (1, 0))]
#[case(40_140_132, Kind::Rejected, &["grant_type", BUG], (1, 0))]
#[case(40_140_133, Kind::App, &["client_secret", "use another one"], (1, 0))]
#[case(40_140_134, Kind::App, &["authorisation code", "log in again"], (1, 0))]
#[case(40_140_135, Kind::App, &["could not verify the client_id", "check the AppID"], (1, 0))]
#[case(40_140_136, Kind::App, &["could not verify the redirect address", "set the redirect address"], (1, 0))]
#[case::not_logged_in(99, Kind::Session, &["", "log in to 115 again"], (2, 1))]
#[tokio::test]
async fn as_the_answer_to_a_call(
    #[case] code: i64,
    #[case] kind: Kind,
    #[case] words: &[&str],
    #[case] calls: (usize, usize),
) {
    let fake = Fake::start(move |request, _| if request.place == REFRESH { issued(2) } else { refusal(code) }).await;
    let client = fake.open_client();
    let error = client.user().await.unwrap_err();
    assert_eq!((error.kind, error.code, costs(&fake)), (kind, Some(code), calls), "{error}");
    for word in words {
        assert!(told(&error).contains(word), "{}", told(&error));
    }
    // What no repetition can help is not tried again, and the pause says why in the same words.
    let pauses = matches!(kind, Kind::Session | Kind::App | Kind::Renewals);
    assert_eq!(client.pause().map(|pause| pause.code), pauses.then_some(Some(code)));
    if pauses {
        let paused = client.user().await.unwrap_err();
        assert!(matches!(paused.kind, Kind::Paused { .. }), "{paused}");
        assert_eq!((paused.meaning(), paused.advice()), (error.meaning(), error.advice()));
        assert_eq!(costs(&fake), calls);
    }
}

/// The number as the answer to the exchange of tokens that have ended: how often it was asked for, and whether the
/// account waits for a person (or, by 40140117, for ten minutes).
#[rstest]
#[case(40_100_000, Kind::Rejected, 1, false)]
#[case(40_101_017, Kind::Session, 1, true)]
#[case(40_110_000, Kind::Transient, 2, false)]
#[case(40_140_100, Kind::App, 1, true)]
#[case(40_140_106, Kind::App, 1, true)]
#[case(40_140_109, Kind::App, 1, true)]
#[case(40_140_114, Kind::Session, 1, true)]
#[case(40_140_115, Kind::Session, 1, true)]
#[case(40_140_116, Kind::Session, 1, true)]
#[case(40_140_117, Kind::Renewals, 1, true)]
#[case(40_140_118, Kind::App, 1, true)]
#[case(40_140_119, Kind::Session, 1, true)]
#[case(40_140_120, Kind::Session, 1, true)]
#[case(40_140_121, Kind::Transient, 2, false)]
#[case(40_140_122, Kind::App, 1, true)]
#[case(40_140_125, Kind::Session, 1, true)]
#[case::not_logged_in(99, Kind::Session, 1, true)]
#[tokio::test]
async fn as_the_answer_to_a_renewal(
    #[case] code: i64,
    #[case] kind: Kind,
    #[case] renewals: usize,
    #[case] pauses: bool,
    #[values("[]", "{}")] data: &'static str,
) {
    let reply = format!(r#"{{"state":0,"code":{code},"message":"x","data":{data},"error":"x","errno":{code}}}"#);
    let fake = Fake::start(move |_, _| json(&reply)).await;
    let client = fake.open(fake.keeper(tokens(1, Some(0))));
    for _ in 0..2 {
        let error = client.user().await.unwrap_err();
        assert!(error.kind == kind || matches!(error.kind, Kind::Paused { .. }), "{error}");
        assert_eq!((error.code, costs(&fake)), (Some(code), (0, renewals)));
    }
    assert_eq!(client.pause().map(|pause| pause.code), pauses.then_some(Some(code)));
}
