//! What it costs to know whoever asks: a sign checked, a sign made, a login known again.

use std::{hint::black_box, net::IpAddr, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use gate115::{
    clock::Clock,
    identity::{Auth, Guard, Password, Permissions, Role, StaticHash, User},
    path::VirtualPath,
    store::Memory,
};
use secrecy::ExposeSecret;

const PATH: &str = "/115/电视剧/A series/Season 1/A series S01E01 2160p.mkv";

fn identity(criterion: &mut Criterion) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let Ok(password) = Password::read("a password") else { return };
    let user = User {
        name: "ann".to_owned(),
        password,
        role: Role::User,
        base_path: VirtualPath::root(),
        permissions: Permissions::default(),
    };
    let auth = Auth { users: vec![user], old_tokens: vec!["an older token".into()], ..Auth::default() };
    let clock = Clock::default();
    let opened = runtime.block_on(Guard::open(&auth, Arc::new(Memory::new(clock.clone())), clock));
    let Ok((guard, _)) = opened else { return };
    let Some(signer) = guard.signer() else { return };
    let sign = signer.sign(PATH);
    criterion.bench_function("a sign is checked", |bencher| {
        bencher.iter(|| guard.check_sign(black_box(PATH), black_box(&sign)));
    });
    let mut page = String::new();
    criterion.bench_function("a sign is made", |bencher| {
        bencher.iter(|| {
            page.clear();
            signer.write(&mut page, black_box(PATH));
        });
    });
    let here = IpAddr::from([127, 0, 0, 1]);
    let Ok(session) = runtime.block_on(guard.login(here, "ann", StaticHash::of("a password"))) else { return };
    criterion.bench_function("a login is known", |bencher| {
        bencher.iter(|| guard.identify(black_box(session.token.expose_secret())));
    });
}

criterion_group!(benches, identity);
criterion_main!(benches);
