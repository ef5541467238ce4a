//! An endpoint as data: what is asked of which host, so that everything else about a request is written once, in the gate.

use std::borrow::Cow;

use reqwest::header::HeaderValue;

use crate::error::{Kind, Site, judge};
use crate::session::Cookie;

type Pairs<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// The User-Agent of a request. For link calls 115 binds the URL to it (`docs/115.md` §4.4).
#[derive(Debug, Clone)]
pub(crate) enum Agent {
    /// The one 115's own client sends.
    Ours,
    /// Somebody else's, byte for byte.
    Exactly(HeaderValue),
    /// No such header.
    None,
}

/// What a request says about who is asking.
#[derive(Debug, Clone)]
pub(crate) enum Auth<'a> {
    /// The cookie of the gate's account, where it has one.
    Cookie,
    /// The cookie of another gate's account.
    As(&'a Cookie),
    /// `Bearer` and an access token, marked sensitive.
    Bearer(HeaderValue),
    /// Nothing: calls that lead to a login, and the one that renews it.
    None,
}

/// What a call is to the account: each class has its own place in the rate (`docs/115.md` §11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Listings, look-ups, and what else only reads.
    List,
    /// A link to a file's bytes.
    Link,
    /// A change; one at a time.
    Change,
    /// What a login takes.
    Login,
}

impl Class {
    /// Its name, for whoever counts calls.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Link => "link",
            Self::Change => "change",
            Self::Login => "login",
        }
    }
}

/// One request, ready for the gate. Unless it says otherwise a call only reads, so it may be repeated.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) site: Site,
    pub(crate) class: Class,
    pub(crate) path: Cow<'a, str>,
    pub(crate) query: Pairs<'a>,
    /// With a form the call is a POST.
    pub(crate) form: Option<Pairs<'a>>,
    pub(crate) agent: Agent,
    pub(crate) auth: Auth<'a>,
    pub(crate) referer: Option<Cow<'a, str>>,
    /// A failure with this number is an answer the call itself knows what to do with.
    pub(crate) expects: Option<i64>,
    /// `state: false` without number and text is the answer, not a failure.
    pub(crate) probe: bool,
    /// Whether it may be made again when it came to nothing.
    pub(crate) repeat: bool,
    /// What a failure's number and text mean: some mean another thing in a login or in a share.
    pub(crate) judge: fn(Option<i64>, &str) -> Kind,
}

impl<'a> Call<'a> {
    pub(crate) fn get(call: &'static str, host: &'static str, path: impl Into<Cow<'a, str>>) -> Self {
        Self {
            site: Site { call, host },
            class: Class::List,
            path: path.into(),
            query: Vec::new(),
            form: None,
            agent: Agent::Ours,
            auth: Auth::Cookie,
            referer: None,
            expects: None,
            probe: false,
            repeat: true,
            judge,
        }
    }

    pub(crate) fn post(call: &'static str, host: &'static str, path: impl Into<Cow<'a, str>>) -> Self {
        Self { form: Some(Vec::new()), ..Self::get(call, host, path) }
    }

    pub(crate) fn class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn form(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.form.get_or_insert_default().push((name, value.into()));
        self
    }

    pub(crate) fn agent(self, agent: Agent) -> Self {
        Self { agent, ..self }
    }

    pub(crate) fn auth(self, auth: Auth<'a>) -> Self {
        Self { auth, ..self }
    }

    pub(crate) fn referer(self, referer: impl Into<Cow<'a, str>>) -> Self {
        Self { referer: Some(referer.into()), ..self }
    }

    pub(crate) fn expects(self, code: i64) -> Self {
        Self { expects: Some(code), ..self }
    }

    pub(crate) fn probe(self) -> Self {
        Self { probe: true, ..self }
    }

    pub(crate) fn once(self) -> Self {
        Self { repeat: false, ..self }
    }

    pub(crate) fn judged(self, judge: fn(Option<i64>, &str) -> Kind) -> Self {
        Self { judge, ..self }
    }
}
