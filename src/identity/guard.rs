//! `Guard`: lets people in by their passwords, and knows them again by what they were given.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use parking_lot::RwLock;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{
    Auth, Guest, Hash, Identity, Password, Permissions, Role, SignFault, Signer, Signing, StaticHash, User,
    hashing::Hashing,
    is_stable,
    password::made_up,
    remembered::{Remembered, remember},
    sign::Signs,
    throttle::Throttle,
    token::{Claims, LIFE, Refusal, Tokens, random_hex},
    unreadable,
};
use crate::{
    clock::Clock,
    error::{Error, Kind, Result},
    path::VirtualPath,
    store::{Store, Table, Watch, secrets::Secrets, sessions::Sessions},
};

/// The names of what is made up once and kept.
const SESSION_KEY: &str = "session-key";
const TOKEN: &str = "token";
const ADMIN: &str = "admin-password";

/// Whoever made it: nothing longer can be the token.
const LONGEST_TOKEN: usize = 512;

/// Who may come in, and who has.
#[derive(Debug)]
pub struct Guard {
    store: Arc<dyn Store>,
    clock: Clock,
    tokens: Tokens,
    throttle: Throttle,
    pub(super) hashing: Hashing,
    /// Logins that were ended early, with when they would have ended by themselves.
    ended: RwLock<HashMap<Box<str>, u64>>,
    settings: ArcSwap<Settings>,
}

/// What the configuration makes of it; exchanged as a whole.
#[derive(Debug)]
struct Settings {
    users: HashMap<String, Account>,
    /// Looked at where there is no such user, so that this takes as long.
    decoy: Hash,
    guest: Option<Identity>,
    /// Whoever shows the token.
    admin: Identity,
    token: SecretString,
    token_sum: [u8; 32],
    signs: Arc<Signs>,
    /// Whether `/d` and `/p` are open to everybody.
    open: bool,
}

#[derive(Debug, Clone)]
struct Account {
    identity: Identity,
    /// As it was written.
    password: Password,
    remembered: Remembered,
}

/// A login.
#[derive(Debug)]
pub struct Session {
    pub token: SecretString,
    /// Unix seconds.
    pub ends: u64,
    /// Seconds until then.
    pub life: u64,
    pub identity: Identity,
}

impl Guard {
    /// As the configuration says, with what the store has kept; what is missing there is made up. Also gives the
    /// password of the admin who was made up just now, to be shown once.
    pub async fn open(auth: &Auth, store: Arc<dyn Store>, clock: Clock) -> Result<(Self, Option<SecretString>)> {
        let secrets = Secrets::new(Arc::clone(&store));
        let (key, _) = secrets.keep(SESSION_KEY, &rand::random::<[u8; 32]>()).await?;
        let hashing = Hashing::default();
        let (settings, made_up) = settings(auth, None, &secrets, &hashing).await?;
        let guard = Self {
            tokens: Tokens::new(&key)?,
            throttle: Throttle::new(clock.clone()),
            ended: RwLock::new(Sessions::new(Arc::clone(&store)).ended().await?),
            settings: ArcSwap::from_pointee(settings),
            store,
            clock,
            hashing,
        };
        Ok((guard, made_up))
    }

    /// Takes up a changed configuration: logins of users whose passwords stayed the same go on.
    pub async fn configure(&self, auth: &Auth) -> Result<Option<SecretString>> {
        let (old, secrets) = (self.settings.load_full(), Secrets::new(Arc::clone(&self.store)));
        let (settings, made_up) = settings(auth, Some(&old), &secrets, &self.hashing).await?;
        self.settings.store(Arc::new(settings));
        Ok(made_up)
    }

    /// Hears of logins that other processes have ended. Never returns.
    pub async fn heed(&self) {
        let sessions = Sessions::new(Arc::clone(&self.store));
        let mut watch = Watch::new(Arc::clone(&self.store), Table::Sessions).await.ok();
        loop {
            match sessions.ended().await {
                Ok(more) => {
                    let now = self.clock.unix();
                    let mut ended = self.ended.write();
                    ended.extend(more);
                    ended.retain(|_, until| *until > now);
                }
                Err(error) => tracing::warn!(?error, "it cannot be read which logins have ended"),
            }
            match &mut watch {
                Some(watch) => watch.changed().await,
                None => {
                    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
                    watch = Watch::new(Arc::clone(&self.store), Table::Sessions).await.ok();
                }
            }
        }
    }

    /// Lets somebody in who comes from this address. Wrong names and wrong passwords are told in the same words after the
    /// same time.
    pub async fn login(&self, address: IpAddr, name: &str, offered: StaticHash) -> Result<Session> {
        let attempt = self.throttle.begin(address, name).map_err(|wait| {
            let minutes = wait.as_secs().div_ceil(60);
            Error::new(
                Kind::TooOften,
                format!("Too many wrong logins from this address. Wait {minutes} min, then try again."),
            )
            .retry_after(Some(wait))
        })?;
        let settings = self.settings.load_full();
        let account = settings.users.get(name);
        let hash = account.map_or(&settings.decoy, |account| &account.remembered.hash);
        let fits = match self.hashing.fits(hash.clone(), offered).await {
            Ok(fits) => fits,
            Err(error) => {
                self.throttle.withdraw(&attempt);
                return Err(error);
            }
        };
        let Some(account) = account.filter(|_| fits) else {
            return Err(Error::new(Kind::Stranger, "The name or the password is wrong."));
        };
        self.throttle.succeeded(&attempt);
        let now = self.clock.unix();
        let claims = Claims {
            username: name.to_owned(),
            pwd: account.remembered.id.clone(),
            jti: random_hex::<16>(),
            iat: now,
            nbf: now,
            exp: now + LIFE,
        };
        let token = self.tokens.make(&claims)?.into();
        Ok(Session { token, ends: claims.exp, life: LIFE, identity: account.identity.clone() })
    }

    /// Who shows this: the token of a login, or the token of the configuration.
    pub fn identify(&self, shown: &str) -> Result<Identity, Refusal> {
        let settings = self.settings.load();
        if settings.is_token(shown) {
            return Ok(settings.admin.clone());
        }
        let claims = self.tokens.read(shown, self.clock.unix())?;
        let account = settings.users.get(&claims.username).ok_or(Refusal::NoSuchUser)?;
        if !bool::from(account.remembered.id.as_bytes().ct_eq(claims.pwd.as_bytes())) {
            return Err(Refusal::PasswordChanged);
        }
        if self.ended.read().contains_key(claims.jti.as_str()) {
            return Err(Refusal::LoggedOut);
        }
        Ok(account.identity.clone())
    }

    /// Ends the login with this token, for every process of ours. What is no login has none to end.
    pub async fn logout(&self, shown: &str) -> Result<()> {
        let now = self.clock.unix();
        let Ok(claims) = self.tokens.read(shown, now) else { return Ok(()) };
        Sessions::new(Arc::clone(&self.store)).end(&claims.jti, claims.exp).await?;
        let mut ended = self.ended.write();
        ended.retain(|_, until| *until > now);
        ended.insert(claims.jti.into(), claims.exp);
        Ok(())
    }

    /// Who somebody is that shows nothing; `None` where guests have no business here.
    pub fn guest(&self) -> Option<Identity> {
        self.settings.load().guest.clone()
    }

    /// What makes an admin of whoever shows it, and signs links: for an admin alone.
    pub fn token(&self) -> SecretString {
        self.settings.load().token.clone()
    }

    /// Everybody with a password, admins first, then by name.
    pub fn people(&self) -> Vec<Identity> {
        let settings = self.settings.load();
        let mut people: Vec<_> = settings.users.values().map(|account| account.identity.clone()).collect();
        people.sort_by(|a, b| b.is_admin().cmp(&a.is_admin()).then_with(|| a.name().cmp(b.name())));
        people
    }

    /// Whether whoever asks for this file, by its full path, needs a sign or a login. The path is only looked at where it
    /// may matter.
    pub fn is_open(&self, path: &str) -> bool {
        self.settings.load().open && !is_stable(path)
    }

    /// Whether a sign lets its holder fetch the file at this full path.
    pub fn check_sign(&self, path: &str, sign: &str) -> Result<(), SignFault> {
        self.settings.load().signs.check(path, sign, self.clock.unix())
    }

    /// What signs links to files, where these need it.
    pub fn signer(&self) -> Option<Signer> {
        let settings = self.settings.load();
        (!settings.open).then(|| settings.signs.signer(self.clock.unix()))
    }

    /// What signs what always needs it: stable links, and what a download proxy is sent.
    pub fn strict_signer(&self) -> Signer {
        self.settings.load().signs.signer(self.clock.unix())
    }
}

impl Settings {
    /// In a time that says nothing of the token.
    fn is_token(&self, shown: &str) -> bool {
        shown.len() <= LONGEST_TOKEN && bool::from(Sha256::digest(shown).as_slice().ct_eq(&self.token_sum))
    }
}

async fn settings(
    auth: &Auth,
    old: Option<&Settings>,
    secrets: &Secrets,
    hashing: &Hashing,
) -> Result<(Settings, Option<SecretString>)> {
    let token = match &auth.token {
        Some(token) => token.clone(),
        None => {
            let made = format!("gate115-{}", random_hex::<32>());
            text(secrets.keep(TOKEN, made.as_bytes()).await?.0)?
        }
    };
    let (users, made_up) = match &auth.users[..] {
        [] => {
            let (admin, made_up) = made_up_admin(secrets, hashing).await?;
            (vec![admin], made_up)
        }
        users => (users.to_vec(), None),
    };
    let known = |user: &User| {
        let known = old?.users.get(&user.name).filter(|known| known.password == user.password);
        known.map(|known| &known.remembered.hash)
    };
    let remembered = remember(&users, known, secrets, hashing).await?;
    let accounts =
        users.into_iter().zip(remembered).map(|(User { name, password, role, base_path, permissions }, remembered)| {
            let identity = Identity::new(&name, role, base_path, permissions);
            (name, Account { identity, password, remembered })
        });
    let accounts: HashMap<_, _> = accounts.collect();
    let decoy = accounts.values().map(|account| &account.remembered.hash).max_by_key(|hash| hash.cost()).cloned();
    let decoy = decoy.ok_or_else(|| Error::new(Kind::Internal, "There is no user at all."))?;
    let admin = accounts.values().map(|account| &account.identity).filter(|identity| identity.is_admin());
    let admin = admin.min_by_key(|identity| identity.name()).cloned().unwrap_or_else(|| Identity::admin("admin"));
    let settings = Settings {
        decoy,
        guest: (auth.guest == Guest::Read).then(Identity::guest),
        admin,
        token_sum: Sha256::digest(token.expose_secret()).into(),
        signs: Arc::new(Signs::new(&token, &auth.old_tokens, auth.link_expiration)),
        token,
        open: auth.guest == Guest::Read || auth.sign == Signing::None,
        users: accounts,
    };
    Ok((settings, made_up))
}

/// The admin where the configuration names nobody; his password, if it was made up just now.
async fn made_up_admin(secrets: &Secrets, hashing: &Hashing) -> Result<(User, Option<SecretString>)> {
    let (kept, made) = match secrets.find(ADMIN).await? {
        Some(kept) => (kept, None),
        None => {
            let password = made_up();
            let offered = StaticHash::of(password.expose_secret());
            let hash = hashing.surely(move || offered.hash()).await?;
            let (kept, new) = secrets.keep(ADMIN, hash.as_phc().as_bytes()).await?;
            (kept, new.then_some(password))
        }
    };
    let password = Password::read(text(kept)?.expose_secret()).map_err(|_| unreadable())?;
    let (role, permissions) = (Role::Admin, Permissions::all());
    Ok((User { name: "admin".to_owned(), password, role, base_path: VirtualPath::root(), permissions }, made))
}

fn text(kept: Vec<u8>) -> Result<SecretString> {
    String::from_utf8(kept).map(SecretString::from).map_err(|_| unreadable())
}
