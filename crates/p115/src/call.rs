//! An endpoint as data: what is asked of which host, so that everything else about a request is written once, in the gate.

use std::borrow::Cow;

use reqwest::header::HeaderValue;

use crate::error::Site;

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
pub(crate) enum Auth {
    /// The account's cookie.
    Cookie,
    /// `Bearer` and an access token, marked sensitive.
    Bearer(HeaderValue),
    /// Nothing: calls that lead to a login, and the one that renews it.
    None,
}

/// One request, ready for the gate. What goes through [`Gate::send`](crate::gate::Gate::send) only reads, so it may be
/// repeated; what must go out once at most has [`Gate::once`](crate::gate::Gate::once).
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) site: Site,
    pub(crate) path: &'static str,
    pub(crate) query: Pairs<'a>,
    /// With a form the call is a POST.
    pub(crate) form: Option<Pairs<'a>>,
    pub(crate) agent: Agent,
    pub(crate) auth: Auth,
    pub(crate) referer: Option<&'static str>,
    /// A failure with this number is an answer the call itself knows what to do with.
    pub(crate) expects: Option<i64>,
    /// `state: false` without number and text is the answer, not a failure.
    pub(crate) probe: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn get(call: &'static str, host: &'static str, path: &'static str) -> Self {
        Self {
            site: Site { call, host },
            path,
            query: Vec::new(),
            form: None,
            agent: Agent::Ours,
            auth: Auth::Cookie,
            referer: None,
            expects: None,
            probe: false,
        }
    }

    pub(crate) fn post(call: &'static str, host: &'static str, path: &'static str) -> Self {
        Self { form: Some(Vec::new()), ..Self::get(call, host, path) }
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

    pub(crate) fn auth(self, auth: Auth) -> Self {
        Self { auth, ..self }
    }

    pub(crate) fn referer(self, referer: &'static str) -> Self {
        Self { referer: Some(referer), ..self }
    }

    pub(crate) fn expects(self, code: i64) -> Self {
        Self { expects: Some(code), ..self }
    }

    pub(crate) fn probe(self) -> Self {
        Self { probe: true, ..self }
    }
}
