//! The guard as a whole: who gets in, who is known again, and for how long.

use std::{net::IpAddr, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::{
    clock::Clock,
    error::Kind,
    path::VirtualPath,
    store::{Memory, Store, Table},
};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const TOKEN: &str = "openlist-testtoken";

fn user(name: &str, password: &str, role: Role, base_path: &str) -> User {
    let permissions = if role == Role::Admin { Permissions::all() } else { Permissions::default() };
    let base_path = VirtualPath::from_plain(base_path).unwrap();
    User { name: name.to_owned(), password: Password::read(password).unwrap(), role, base_path, permissions }
}

fn auth() -> Auth {
    let users = vec![user("admin", "s3cret-one", Role::Admin, "/"), user("tv", "s3cret-two", Role::User, "/115")];
    Auth { users, token: Some(TOKEN.into()), ..Auth::default() }
}

struct Stage {
    clock: Clock,
    store: Arc<dyn Store>,
}

impl Stage {
    fn new() -> Self {
        let clock = Clock::default();
        Self { store: Arc::new(Memory::new(clock.clone())), clock }
    }

    /// A process of the gateway.
    async fn start(&self, auth: &Auth) -> (Guard, Option<SecretString>) {
        Guard::open(auth, Arc::clone(&self.store), self.clock.clone()).await.unwrap()
    }
}

async fn login(guard: &Guard, name: &str, password: &str) -> crate::error::Result<Session> {
    guard.login(HERE, name, StaticHash::of(password)).await
}

#[tokio::test]
async fn a_login_is_known_again_until_it_ends() {
    let stage = Stage::new();
    let (guard, made_up) = stage.start(&auth()).await;
    assert!(made_up.is_none());
    let session = login(&guard, "tv", "s3cret-two").await.unwrap();
    assert_eq!((session.identity.name(), session.identity.base_path().as_str()), ("tv", "/115"));
    let token = session.token.expose_secret();
    assert_eq!(guard.identify(token), Ok(session.identity.clone()));
    // Another start.
    let (again, _) = stage.start(&auth()).await;
    assert_eq!(again.identify(token), Ok(session.identity.clone()));
    let left = session.ends - stage.clock.unix();
    assert!((48 * 3600 - 60..=48 * 3600).contains(&left), "{left}");
    stage.clock.advance(Duration::from_secs(48 * 3600));
    assert_eq!(guard.identify(token), Err(Refusal::Expired));
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_are_told_alike_and_counted() {
    let (guard, _) = Stage::new().start(&auth()).await;
    let wrong = login(&guard, "admin", "s3cret-two").await.unwrap_err();
    let nobody = login(&guard, "nobody", "s3cret-two").await.unwrap_err();
    assert_eq!((wrong.kind(), nobody.kind()), (Kind::Stranger, Kind::Stranger));
    assert_eq!(wrong.message(), nobody.message());
    for _ in 0..4 {
        login(&guard, "admin", "s3cret-two").await.unwrap_err();
    }
    let throttled = login(&guard, "admin", "s3cret-one").await.unwrap_err();
    assert_eq!(throttled.kind(), Kind::TooOften, "the right password has to wait as well");
    assert!(throttled.wait().unwrap() > Duration::from_secs(200));
    assert!(login(&guard, "tv", "s3cret-two").await.is_ok());
}

#[tokio::test]
async fn a_logout_ends_one_login_everywhere() {
    let stage = Stage::new();
    let (ours, theirs) = (stage.start(&auth()).await.0, stage.start(&auth()).await.0);
    let [one, other] =
        [login(&ours, "tv", "s3cret-two").await.unwrap(), login(&ours, "tv", "s3cret-two").await.unwrap()];
    ours.logout(one.token.expose_secret()).await.unwrap();
    assert_eq!(ours.identify(one.token.expose_secret()), Err(Refusal::LoggedOut));
    assert!(ours.identify(other.token.expose_secret()).is_ok());
    let (third, _) = stage.start(&auth()).await;
    assert_eq!(third.identify(one.token.expose_secret()), Err(Refusal::LoggedOut), "after a restart, too");
    let heard = async {
        while theirs.identify(one.token.expose_secret()).is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = theirs.heed() => {} () = heard => {} }
    ours.logout("nonsense").await.unwrap();
    ours.logout(TOKEN).await.unwrap();
    assert!(ours.identify(TOKEN).is_ok(), "the token of the configuration is no login");
}

#[tokio::test]
async fn another_password_ends_the_logins_of_its_user_alone() {
    let (guard, _) = Stage::new().start(&auth()).await;
    let [admin, tv] =
        [login(&guard, "admin", "s3cret-one").await.unwrap(), login(&guard, "tv", "s3cret-two").await.unwrap()];
    let mut changed = auth();
    changed.users[0].password = Password::read("s3cret-new").unwrap();
    changed.users[1].base_path = VirtualPath::from_plain("/115/Movies").unwrap();
    guard.configure(&changed).await.unwrap();
    assert_eq!(guard.identify(admin.token.expose_secret()), Err(Refusal::PasswordChanged));
    assert_eq!(guard.identify(tv.token.expose_secret()).unwrap().base_path().as_str(), "/115/Movies");
    assert!(login(&guard, "admin", "s3cret-one").await.is_err());
    assert!(login(&guard, "admin", "s3cret-new").await.is_ok());
    changed.users.pop();
    guard.configure(&changed).await.unwrap();
    assert_eq!(guard.identify(tv.token.expose_secret()), Err(Refusal::NoSuchUser));
}

/// With another password of `tv`.
fn auth_with(password: &str) -> Auth {
    let mut auth = auth();
    auth.users[1].password = Password::read(password).unwrap();
    auth
}

#[tokio::test]
async fn a_password_that_is_set_back_revives_no_login() {
    let (stage, hash) = (Stage::new(), StaticHash::of("s3cret-two").hash());
    for first in ["s3cret-two", hash.as_phc()] {
        let (first, other) = (auth_with(first), auth_with("s3cret-new"));
        let (guard, _) = stage.start(&first).await;
        let one = login(&guard, "tv", "s3cret-two").await.unwrap();
        guard.configure(&other).await.unwrap();
        let two = login(&guard, "tv", "s3cret-new").await.unwrap();
        guard.configure(&first).await.unwrap();
        let three = login(&guard, "tv", "s3cret-two").await.unwrap();
        // The same over restarts.
        let (changed, _) = stage.start(&other).await;
        assert!(changed.identify(three.token.expose_secret()).is_err());
        let (back, _) = stage.start(&first).await;
        for ended in [one, two, three] {
            assert_eq!(back.identify(ended.token.expose_secret()), Err(Refusal::PasswordChanged));
        }
        for ended in [&guard, &changed] {
            ended.configure(&first).await.unwrap();
            let now = login(ended, "tv", "s3cret-two").await.unwrap();
            assert!(back.identify(now.token.expose_secret()).is_ok(), "whoever has read it again knows what holds");
        }
    }
}

#[tokio::test]
async fn a_password_is_the_same_as_long_as_what_was_kept_fits() {
    let stage = Stage::new();
    let [hash, other] = [(), ()].map(|()| StaticHash::of("s3cret-two").hash());
    let (guard, _) = stage.start(&auth_with(hash.as_phc())).await;
    let token = login(&guard, "tv", "s3cret-two").await.unwrap().token;
    for same in [hash.as_phc(), "s3cret-two", hash.as_phc()] {
        let (again, _) = stage.start(&auth_with(same)).await;
        assert!(again.identify(token.expose_secret()).is_ok(), "{same}");
        assert!(login(&again, "tv", "s3cret-two").await.is_ok() && login(&again, "tv", "s3cret-new").await.is_err());
    }
    let (again, _) = stage.start(&auth_with(other.as_phc())).await;
    assert_eq!(again.identify(token.expose_secret()), Err(Refusal::PasswordChanged), "another hash of it");
}

#[tokio::test]
async fn a_user_who_was_taken_out_comes_back_without_his_logins() {
    let stage = Stage::new();
    let (guard, _) = stage.start(&auth()).await;
    let [admin, tv] =
        [login(&guard, "admin", "s3cret-one").await.unwrap(), login(&guard, "tv", "s3cret-two").await.unwrap()];
    let mut without = auth();
    without.users.pop();
    guard.configure(&without).await.unwrap();
    guard.configure(&auth()).await.unwrap();
    assert_eq!(guard.identify(tv.token.expose_secret()), Err(Refusal::PasswordChanged));
    assert!(guard.identify(admin.token.expose_secret()).is_ok());
}

#[tokio::test]
async fn processes_that_start_at_once_know_each_others_logins() {
    let stage = Stage::new();
    let auth = auth();
    let ((ours, _), (theirs, _)) = tokio::join!(stage.start(&auth), stage.start(&auth));
    for (at, other) in [(&ours, &theirs), (&theirs, &ours)] {
        let session = login(at, "tv", "s3cret-two").await.unwrap();
        assert_eq!(other.identify(session.token.expose_secret()), Ok(session.identity));
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_looked_at_again() {
    let (guard, _) = Stage::new().start(&auth()).await;
    let session = login(&guard, "tv", "s3cret-two").await.unwrap();
    let stopped = guard.hashing.stop();
    guard.configure(&auth()).await.unwrap();
    assert!(guard.identify(session.token.expose_secret()).is_ok());
    drop(stopped);
    assert!(login(&guard, "tv", "s3cret-two").await.is_ok());
}

#[tokio::test]
async fn whoever_floods_the_logins_keeps_no_other_password_from_holding() {
    let (guard, _) = Stage::new().start(&auth()).await;
    let session = login(&guard, "tv", "s3cret-two").await.unwrap();
    let flood = guard.hashing.jam();
    guard.configure(&auth_with("s3cret-new")).await.unwrap();
    assert_eq!(guard.identify(session.token.expose_secret()), Err(Refusal::PasswordChanged));
    assert_eq!(login(&guard, "tv", "s3cret-new").await.unwrap_err().kind(), Kind::Busy);
    drop(flood);
    assert!(login(&guard, "tv", "s3cret-new").await.is_ok());
}

#[tokio::test]
async fn the_store_has_slow_hashes_of_passwords_alone() {
    let stage = Stage::new();
    stage.start(&auth()).await;
    let kept = stage.store.scan(Table::Secrets, "", None, 100).await.unwrap().entries;
    let names: Vec<_> = kept.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["passwords", "session-key"], "the key is random");
    let record = String::from_utf8(kept[0].1.value.bytes.clone()).unwrap();
    let mut users: std::collections::BTreeMap<String, [String; 2]> = serde_json::from_str(&record).unwrap();
    let mut ids = Vec::new();
    for (name, password) in [("admin", "s3cret-one"), ("tv", "s3cret-two")] {
        let [hash, id] = users.remove(name).unwrap();
        assert!(hash.starts_with("$argon2id$") && Hash::read(&hash).unwrap().fits(&StaticHash::of(password)), "{hash}");
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        ids.push(id);
    }
    assert!(users.is_empty(), "{users:?}");
    // An id that came of the password would be the same wherever the password is.
    stage.store.remove(Table::Secrets, "passwords").await.unwrap();
    stage.start(&auth()).await;
    let again = stage.store.get(Table::Secrets, "passwords").await.unwrap().unwrap().value.bytes;
    let again = String::from_utf8(again).unwrap();
    assert!(ids.iter().all(|id| !again.contains(&**id)), "{again}");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_no_empty_one() {
    let stage = Stage::new();
    stage.store.put(Table::Secrets, "passwords", crate::store::Value::new(b"{\"tv\":[\"x\",\"y\"]}")).await.unwrap();
    let failed = Guard::open(&auth(), Arc::clone(&stage.store), stage.clock.clone()).await.unwrap_err();
    assert_eq!(failed.kind(), Kind::Storage);
}

#[tokio::test]
async fn without_users_an_admin_is_made_up_once() {
    let stage = Stage::new();
    let (guard, made_up) = stage.start(&Auth::default()).await;
    let password = made_up.unwrap();
    let session = login(&guard, "admin", password.expose_secret()).await.unwrap();
    assert!(session.identity.is_admin());
    let (again, none) = stage.start(&Auth::default()).await;
    assert!(none.is_none(), "it is shown once");
    assert!(again.identify(session.token.expose_secret()).is_ok());
    assert!(login(&again, "admin", password.expose_secret()).await.is_ok());
    again.configure(&auth()).await.unwrap();
    assert!(
        login(&again, "admin", password.expose_secret()).await.is_err(),
        "users of the configuration take his place"
    );
}

#[tokio::test]
async fn the_token_makes_an_admin_and_nothing_like_it_does() {
    let stage = Stage::new();
    let (guard, _) = stage.start(&auth()).await;
    let admin = guard.identify(TOKEN).unwrap();
    assert!(admin.is_admin() && admin.name() == "admin");
    for other in ["", "openlist-testtoke", "openlist-testtokenx", "OPENLIST-TESTTOKEN", &"x".repeat(10_000)] {
        assert_eq!(guard.identify(other), Err(Refusal::Invalid), "{other}");
    }
    // Without one of the configuration it is made up, and the same at every start.
    let without = Auth { token: None, ..auth() };
    let sign = |guard: &Guard| guard.signer().unwrap().sign("/a");
    let (one, other) = (stage.start(&without).await.0, stage.start(&without).await.0);
    assert!(sign(&one) == sign(&other) && sign(&one) != sign(&guard));
    assert!(one.identify(TOKEN).is_err());
}

#[tokio::test]
async fn signs_are_needed_unless_everybody_may_read() {
    let stage = Stage::new();
    let (guard, _) = stage.start(&auth()).await;
    let stable = stable_path("m", "abc");
    assert!(!guard.is_open("/a") && guard.signer().is_some() && guard.guest().is_none());
    for open in [Auth { guest: Guest::Read, ..auth() }, Auth { sign: Signing::None, ..auth() }] {
        guard.configure(&open).await.unwrap();
        assert!(guard.is_open("/a") && !guard.is_open(&stable) && guard.signer().is_none());
        assert_eq!(guard.guest().is_some(), open.guest == Guest::Read);
        assert_eq!(guard.check_sign(&format!("{stable}/x"), &guard.strict_signer().sign(&stable)), Ok(()));
    }
    let expiring = Auth { link_expiration: Duration::from_secs(60), old_tokens: vec!["old".into()], ..auth() };
    guard.configure(&expiring).await.unwrap();
    let sign = guard.signer().unwrap().sign("/a");
    assert_eq!(guard.check_sign("/a", &sign), Ok(()));
    stage.clock.advance(Duration::from_secs(61));
    assert_eq!(guard.check_sign("/a", &sign), Err(SignFault::Expired));
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let stage = Stage::new();
    let (guard, _) = stage.start(&auth()).await;
    let session = login(&guard, "tv", "s3cret-two").await.unwrap();
    let shown = format!("{guard:?}{session:?}{:?}", auth());
    for secret in ["s3cret", TOKEN, session.token.expose_secret(), "argon2id"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
