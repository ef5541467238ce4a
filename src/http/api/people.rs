//! Who somebody is: logging in and out, `me`, and the users for an admin.

use axum::body::Body;
use http::request::Parts;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::{Answer, Ask, Call, Failure, Noun, done, part, settings, success};
use crate::{
    http::{Edge, access, layers::Peer},
    identity::{Identity, Permission, Permissions, StaticHash},
};

/// What of the permissions means something as long as nothing is written: clients make buttons of the others.
const READING: [Permission; 3] = [Permission::Hidden, Permission::NoPassword, Permission::Webdav];

/// Calls that need no login.
pub(super) async fn answer(edge: &Edge, request: &Parts, body: &mut Option<Body>, noun: Noun) -> Answer {
    match noun {
        Noun::Login => login(edge, request, body.take(), StaticHash::of).await,
        Noun::LoginHash => login(edge, request, body.take(), StaticHash::sent).await,
        Noun::Logout => {
            edge.guard.logout(access::authorization(&request.headers).unwrap_or_default()).await?;
            done()
        }
        Noun::Settings => settings::public(edge),
        Noun::Refused(why) => Err(Failure::new(403, why)),
        _ => success([(); 0]),
    }
}

#[derive(Serialize)]
struct Token<'a> {
    token: &'a str,
}

async fn login(edge: &Edge, request: &Parts, body: Option<Body>, offered: fn(&str) -> StaticHash) -> Answer {
    let ask = Ask::read(request, body).await?;
    let (name, password) = (ask.text("username")?, ask.text("password")?);
    if name.is_empty() {
        return Err(Failure::new(400, "Say who you are: the fields are username and password."));
    }
    let peer = request.extensions.get::<Peer>().copied();
    let address = edge.site.client(&request.headers, peer);
    let session = edge.guard.login(address, name, offered(password)).await?;
    success(Token { token: session.token.expose_secret() })
}

/// A user, as clients know one.
#[derive(Serialize)]
struct Person<'a> {
    id: usize,
    username: &'a str,
    password: &'static str,
    base_path: &'a str,
    role: u8,
    disabled: bool,
    permission: u16,
    sso_id: &'static str,
    allow_ldap: bool,
    otp: bool,
}

/// Numbers are by the order that users are shown in, and the guest's comes after all of them.
fn person(id: usize, who: &Identity) -> Person<'_> {
    let permissions: Permissions = READING.into_iter().filter(|one| who.may(*one)).collect();
    Person {
        id,
        username: who.name(),
        password: "",
        base_path: who.base_path().as_str(),
        role: who.role().number(),
        disabled: false,
        permission: permissions.bits(),
        sso_id: "",
        allow_ldap: false,
        otp: false,
    }
}

pub(super) fn me(call: &Call<'_>) -> Answer {
    let people = call.edge.guard.people();
    let place = people.iter().position(|one| one.name() == call.who.name() && !call.who.is_guest());
    success(person(place.unwrap_or(people.len()) + 1, &call.who))
}

pub(super) fn users(call: &Call<'_>) -> Answer {
    let people = everybody(call);
    let shown = call.ask.page()?.of(people.len());
    let content: Vec<_> = shown.map(|place| person(place + 1, &people[place])).collect();
    success(part::Part { content, total: people.len() })
}

pub(super) fn user(call: &Call<'_>) -> Answer {
    let (people, id) = (everybody(call), call.ask.number("id")?);
    let place = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
    match place.and_then(|place| Some((place, people.get(place)?))) {
        Some((place, one)) => success(person(place + 1, one)),
        None => Err(Failure::new(404, "There is no user of this number.")),
    }
}

fn everybody(call: &Call<'_>) -> Vec<Identity> {
    let mut people = call.edge.guard.people();
    people.extend(call.edge.guard.guest());
    people
}
