//! The configuration as it stands in the file: every known key, nothing yet believed.

use std::fmt;

use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// The whole file. Every key is optional, a section left empty counts as left out, and what the values mean is judged
/// by `check`, so that one run finds all that is wrong with them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of keys")]
pub(super) struct Raw {
    pub(super) server: Option<Server>,
    pub(super) data_dir: Option<String>,
    pub(super) auth: Option<Auth>,
    pub(super) mounts: Option<Vec<Mount>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of keys")]
pub(super) struct Server {
    pub(super) listen: Option<Listen>,
    pub(super) base_path: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) trusted_proxies: Option<Vec<String>>,
    pub(super) metrics: Option<String>,
    pub(super) frontend_dir: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of keys")]
pub(super) struct Auth {
    pub(super) guest: Option<String>,
    pub(super) users: Option<Vec<User>>,
    pub(super) token: Option<Secret>,
    pub(super) old_tokens: Option<Vec<Secret>>,
    pub(super) sign: Option<String>,
    pub(super) link_expiration: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of keys")]
pub(super) struct User {
    pub(super) name: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) role: Option<String>,
    pub(super) base_path: Option<String>,
    pub(super) permissions: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of keys")]
pub(super) struct Mount {
    pub(super) path: Option<String>,
    pub(super) drive: Option<Drive>,
    pub(super) delivery: Option<String>,
    pub(super) proxy_url: Option<String>,
    pub(super) read_only: Option<bool>,
    pub(super) cache: Option<Cache>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of keys")]
pub(super) struct Cache {
    pub(super) listing: Option<String>,
    pub(super) grace: Option<String>,
    pub(super) link: Option<String>,
    pub(super) min_life: Option<String>,
}

/// The keys of all types of drive at once: an enum tagged by `type` would be read from a copy that knows no lines.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of keys")]
pub(super) struct Drive {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) root: Option<String>,
    pub(super) cookie: Option<Secret>,
    pub(super) qr_token: Option<Secret>,
    pub(super) app: Option<String>,
    pub(super) rate: Option<f64>,
    pub(super) page_size: Option<i64>,
    pub(super) link_binding: Option<String>,
    pub(super) wire: Option<Wire>,
    pub(super) access_token: Option<Secret>,
    pub(super) refresh_token: Option<Secret>,
    pub(super) app_id: Option<String>,
    pub(super) share_code: Option<Secret>,
    pub(super) receive_code: Option<Secret>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map of keys")]
pub(super) struct Wire {
    pub(super) base: Option<String>,
    pub(super) endpoints: Option<Hosts>,
    pub(super) rsa_modulus: Option<String>,
    pub(super) danger_accept_invalid_certs: Option<bool>,
    pub(super) oss: Later,
    pub(super) ec_public_key: Later,
}

/// A key whose work comes later: only whether it was written, for its value may hold anything.
#[derive(Default)]
pub(super) struct Later(pub(super) bool);

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// One address or a list of them.
pub(super) enum Listen {
    One(String),
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;

        impl<'de> Visitor<'de> for Seen {
            type Value = Listen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address like 0.0.0.0:5244, or a list of addresses,")
            }

            fn visit_str<E>(self, text: &str) -> Result<Listen, E> {
                Ok(Listen::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Listen, A::Error> {
                let mut addresses = Vec::new();
                while let Some(address) = list.next_element()? {
                    addresses.push(address);
                }
                Ok(Listen::Many(addresses))
            }
        }

        deserializer.deserialize_any(Seen)
    }
}

/// Host names and URLs in the order they were written: a name written twice is for `check` to see.
pub(super) struct Hosts(pub(super) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;

        impl<'de> Visitor<'de> for Seen {
            type Value = Hosts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of host names to URLs")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Hosts, A::Error> {
                let mut hosts = Vec::new();
                while let Some(host) = map.next_entry()? {
                    hosts.push(host);
                }
                Ok(Hosts(hosts))
            }
        }

        deserializer.deserialize_map(Seen)
    }
}

/// Where a secret is found. Has no `Debug`, and its errors never repeat what was written.
pub(super) enum Secret {
    Plain(SecretString),
    Env(String),
    File(String),
}

/// How a secret is written; the first word is how `load` knows an error of ours.
const SECRET: &str = "write a secret as text in quotes, as { env: NAME } or as { file: PATH }";

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;

        impl<'de> Visitor<'de> for Seen {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes, { env: NAME } or { file: PATH }")
            }

            fn visit_str<E>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::Plain(text.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
                let secret = match map.next_entry::<String, String>()? {
                    Some((key, name)) if key == "env" => Secret::Env(name),
                    Some((key, path)) if key == "file" => Secret::File(path),
                    _ => return Err(A::Error::custom(SECRET)),
                };
                match map.next_key::<IgnoredAny>()? {
                    None => Ok(secret),
                    Some(_) => Err(A::Error::custom(SECRET)),
                }
            }
        }

        deserializer.deserialize_any(Seen)
    }
}
