//! What the file says of the login of a 115 account by cookie.

use p115::{LoginApp, QrToken};
use secrecy::{ExposeSecret, SecretString};

/// A login of a 115 account by cookie, as far as it is written down.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// `None` where somebody logs in with `gate115 login`.
    pub given: Option<Given>,
    /// As what type of app the account logs in by QR code, where that is said.
    pub app: Option<LoginApp>,
}

/// What stands in the file to log in with.
#[derive(Debug, Clone)]
pub enum Given {
    /// As it was written; `p115::Cookie` can read it.
    Cookie(SecretString),
    /// A QR code that was confirmed, to be exchanged for a cookie once.
    QrToken(QrToken),
}

impl Login {
    /// With this cookie.
    pub fn cookie(cookie: impl Into<SecretString>) -> Self {
        Self { given: Some(Given::Cookie(cookie.into())), app: None }
    }

    /// What tells this from another thing to log in with, in a fixed order; empty where nothing is written. The type of
    /// app belongs to a QR code alone.
    pub fn parts(&self) -> Vec<SecretString> {
        match &self.given {
            None => Vec::new(),
            Some(Given::Cookie(cookie)) => vec![cookie.clone()],
            Some(Given::QrToken(token)) => vec![String::from(token.clone()).into(), self.app().name().into()],
        }
    }

    /// The type of app to log in as.
    pub fn app(&self) -> LoginApp {
        self.app.unwrap_or_default()
    }
}

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        let parts = |of: &Self| of.parts().iter().map(|part| part.expose_secret().to_owned()).collect::<Vec<_>>();
        self.app == other.app && parts(self) == parts(other)
    }
}
