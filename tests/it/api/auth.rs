//! Logging in and out, and who somebody is.

use gate115::identity::Guest;
use rstest::rstest;
use serde_json::{Value, json};

use super::{TOKEN, call, closed, data, envelope, failure, films, login};
use crate::support::{users::PASSWORD, world};

/// SHA-256 of the password of all users, with OpenList's salt.
pub fn hashed(password: &str) -> String {
    use sha2::Digest as _;
    let sum = sha2::Sha256::digest(format!("{password}-https://github.com/alist-org/alist"));
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_login_is_a_token_until_it_is_ended() {
    let t = closed().start().await;
    let token = login(&t, "ann").await;
    let want = json!({
        "id": 2, "username": "ann", "password": "", "base_path": "/", "role": 0, "disabled": false, "permission": 256,
        "sso_id": "", "allow_ldap": false, "otp": false,
    });
    assert_eq!(data(&t, &token, "/me", &Value::Null).await, want);
    assert_eq!(data(&t, &format!("Bearer {token}"), "/me", &json!({})).await, want);
    let out = envelope(t.get("/api/auth/logout").with("authorization", &token).send().await);
    assert_eq!(out, json!({ "code": 200, "message": "success", "data": null }));
    let (code, message) = failure(&t, &token, "/me", &json!({})).await;
    assert!(code == 401 && message.starts_with("token is invalidated"), "{message}");
}

#[tokio::test]
async fn a_hashed_password_and_a_form_do_as_well() {
    let t = closed().start().await;
    let hash = json!({ "username": "admin", "password": hashed(PASSWORD), "otp_code": null });
    let token = data(&t, "", "/auth/login/hash", &hash).await["token"].as_str().unwrap().to_owned();
    let me = data(&t, &token, "/me", &json!({})).await;
    assert_eq!((&me["id"], &me["role"], &me["permission"]), (&json!(1), &json!(2), &json!(259)));
    for (route, password) in [("/auth/login", hashed(PASSWORD)), ("/auth/login/hash", PASSWORD.to_owned())] {
        let (code, _) = failure(&t, "", route, &json!({ "username": "admin", "password": password })).await;
        assert_eq!(code, 401, "{route}");
    }
    let form = format!("Username=ann&Password={PASSWORD}");
    assert_eq!(envelope(t.post("/api/auth/login").form(&form).send().await)["code"], 200);
    assert_eq!(failure(&t, "", "/auth/login", &json!({})).await.0, 400);
}

#[tokio::test]
async fn who_is_wrong_too_often_has_to_wait() {
    let t = closed().start().await;
    let wrong = json!({ "username": "ann", "password": "wrong" });
    let mut codes = Vec::new();
    for _ in 0..7 {
        codes.push(failure(&t, "", "/auth/login", &wrong).await.0);
    }
    assert_eq!(codes.first(), Some(&401));
    assert_eq!(codes.last(), Some(&429), "{codes:?}");
    let right = json!({ "username": "ann", "password": PASSWORD });
    assert_eq!(failure(&t, "", "/auth/login", &right).await.0, 429);
}

#[rstest]
#[case::nothing("", "Guest user is disabled, login please")]
#[case::nonsense("nonsense", "token is invalidated")]
#[case::no_algorithm("eyJhbGciOiJub25lIn0.e30.", "token is invalidated")]
#[case::basic("Basic eDp5", "token is invalidated")]
#[tokio::test]
async fn whoever_shows_nothing_good_hears_so(#[case] shown: &str, #[case] want: &str) {
    let t = closed().start().await;
    for route in ["/me", "/fs/list", "/fs/get", "/fs/dirs", "/fs/search", "/fs/link", "/fs/mkdir", "/admin/user/list"] {
        assert_eq!(failure(&t, shown, route, &json!({ "path": "/115" })).await, (401, want.to_owned()), "{route}");
    }
    assert_eq!(t.api_calls(), 0, "nobody asks 115 for a stranger");
    for route in ["/public/settings", "/public/offline_download_tools", "/public/archive_extensions"] {
        assert_eq!(call(&t, shown, route, &json!({})).await["code"], 200, "{route}");
    }
}

#[tokio::test]
async fn a_login_holds_for_two_days_and_the_cookie_is_for_pages_alone() {
    let t = closed().start().await;
    let token = login(&t, "ann").await;
    let cookie = format!("gate115={token}");
    assert_eq!(envelope(t.get("/api/me").with("cookie", &cookie).send().await)["code"], 401);
    t.advance(std::time::Duration::from_secs(48 * 3600 + 1));
    assert_eq!(failure(&t, &token, "/me", &json!({})).await, (401, "token is expired".to_owned()));
}

#[tokio::test]
async fn a_guest_is_somebody_where_guests_read() {
    let t = world(films).access(|auth, _| auth.token = Some(TOKEN.into())).start().await;
    let me = data(&t, "", "/me", &json!({})).await;
    assert_eq!((&me["username"], &me["role"], &me["id"]), (&json!("guest"), &json!(1), &json!(4)));
    assert_eq!(failure(&t, "wrong", "/me", &json!({})).await.0, 401, "a wrong token makes no guest");
    assert_eq!(data(&t, TOKEN, "/me", &json!({})).await["username"], "admin");
}

/// Who may call what: a stranger with guests off, a guest, a user and an admin.
#[rstest]
#[case("/me", [401, 200, 200, 200])]
#[case("/public/settings", [200, 200, 200, 200])]
#[case("/fs/list", [401, 200, 200, 200])]
#[case("/fs/get", [401, 200, 200, 200])]
#[case("/fs/dirs", [401, 200, 200, 200])]
#[case("/fs/link", [401, 403, 403, 500])]
#[case("/fs/mkdir", [401, 403, 403, 403])]
#[case("/task/copy/undone", [401, 403, 200, 200])]
#[case("/task/copy/info", [401, 403, 404, 404])]
#[case("/admin/task/copy/done", [401, 403, 200, 200])]
#[case("/share/list", [401, 403, 200, 200])]
#[case("/admin/storage/list", [401, 403, 403, 200])]
#[case("/admin/storage/create", [401, 403, 403, 403])]
#[case("/admin/driver/names", [401, 403, 403, 200])]
#[case("/admin/setting/list", [401, 403, 403, 200])]
#[case("/admin/user/list", [401, 403, 403, 200])]
#[case("/admin/meta/list", [401, 403, 403, 200])]
#[case("/admin/index/progress", [401, 403, 403, 200])]
#[tokio::test]
async fn everybody_may_what_is_his(#[case] route: &str, #[case] want: [u64; 4]) {
    let code = async |t: &_, shown: &str| call(t, shown, route, &json!({})).await["code"].as_u64().unwrap();
    let t = closed().start().await;
    let (ann, admin) = (login(&t, "ann").await, login(&t, "admin").await);
    let guests = world(films).access(|auth, _| auth.guest = Guest::Read).start().await;
    let got = [code(&t, "").await, code(&guests, "").await, code(&t, &ann).await, code(&t, &admin).await];
    assert_eq!(got, want);
}
