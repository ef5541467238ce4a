//! The types of app 115 logs in as: which there are, whose place each would take, and how it is asked for (`docs/115.md` §1.5).

use std::fmt;
use std::str::FromStr;

use reqwest::header::HeaderValue;

/// A type of app that 115 logs in, such as `wechatmini`. There is one login for each [class](LoginApp::class) of device
/// and a new one ends the one before, so the best type is one that nobody uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LoginApp(&'static App);

#[derive(Debug, PartialEq, Eq)]
struct App {
    name: &'static str,
    class: &'static str,
    /// What a login by this type would log out.
    ends: Option<&'static str>,
    /// The name in the path and form of the login call, where it is another.
    asked_as: &'static str,
    /// The User-Agent that tells this type from others of the same name.
    agent: Option<&'static str>,
}

const BROWSER: Option<&str> = Some("115.com in your browser");
const PHONE: Option<&str> = Some("the 115 app on your phone");
const TABLET: Option<&str> = Some("the 115 app on your tablet");
const OFFICE: Option<&str> = Some("the 115 office app on your phone");
const TV: Option<&str> = Some("the 115 app on your TV");

const fn app(name: &'static str, class: &'static str, ends: Option<&'static str>) -> App {
    App { name, class, ends, asked_as: name, agent: None }
}

/// Four types share a path and differ by User-Agent.
const fn apple(name: &'static str, class: &'static str, ends: Option<&'static str>, agent: &'static str) -> App {
    App { name, class, ends, asked_as: "ios", agent: Some(agent) }
}

/// The first is the one to recommend.
const APPS: [App; 19] = [
    app("wechatmini", "R1", None),
    app("alipaymini", "R2", None),
    app("tv", "I1", TV),
    app("apple_tv", "I2", TV),
    app("qandroid", "M1", OFFICE),
    apple("qios", "N1", OFFICE, "OfficePhone/1.0.0"),
    apple("qipad", "O1", TABLET, "OfficePad/1.0.0"),
    app("harmony", "S1", PHONE),
    app("android", "F1", PHONE),
    app("bandroid", "F2", PHONE),
    app("115android", "F3", PHONE),
    apple("ios", "D1", PHONE, "UPhone/1.0.0"),
    app("bios", "D2", PHONE),
    app("115ios", "D3", PHONE),
    apple("ipad", "H1", TABLET, "UPad/1.0.0"),
    app("bipad", "H2", TABLET),
    app("115ipad", "H3", TABLET),
    app("web", "A1", BROWSER),
    App { name: "desktop", class: "A1", ends: BROWSER, asked_as: "web", agent: None },
];

/// 115 answers these that they are off the shelves.
const WITHDRAWN: [&str; 6] = ["linux", "mac", "windows", "os_linux", "os_mac", "os_windows"];

/// A text that names no type of app 115 logs in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginAppError {
    /// One that 115 has taken out of service.
    #[error("115 has withdrawn the app type {0:?} and refuses its logins; {advice}", advice = advice())]
    Withdrawn(String),
    /// None at all.
    #[error("{0:?} is no app type of 115; {advice}", advice = advice())]
    Unknown(String),
}

fn advice() -> String {
    let names: Vec<&str> = APPS.iter().map(|app| app.name).collect();
    format!("take {} or, if you use that yourself, one of: {}", names[0], names[1..].join(", "))
}

impl LoginApp {
    /// All of them, the one to recommend first.
    pub fn all() -> impl Iterator<Item = Self> {
        APPS.iter().map(Self)
    }

    /// The name, as in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The class of device its cookies name, such as `R1` ([`Cookie::device`](crate::Cookie::device)).
    #[must_use]
    pub fn class(self) -> &'static str {
        self.0.class
    }

    /// What a person should know before logging in as this type, if there is something.
    #[must_use]
    pub fn warning(self) -> Option<String> {
        self.0.ends.map(|ends| {
            format!(
                "A login as {} logs out {ends}: 115 keeps one login for each kind of device. And the next login there \
                 will log this one out. wechatmini is in nobody's way.",
                self.0.name
            )
        })
    }

    /// What the login call names.
    pub(super) fn asked_as(self) -> &'static str {
        self.0.asked_as
    }

    pub(super) fn agent(self) -> Option<HeaderValue> {
        self.0.agent.map(HeaderValue::from_static)
    }
}

impl Default for LoginApp {
    /// The one to recommend.
    fn default() -> Self {
        Self(&APPS[0])
    }
}

impl FromStr for LoginApp {
    type Err = LoginAppError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim().to_ascii_lowercase();
        if WITHDRAWN.contains(&name.as_str()) {
            return Err(LoginAppError::Withdrawn(name));
        }
        APPS.iter().find(|app| app.name == name).map(Self).ok_or_else(|| LoginAppError::Unknown(text.to_owned()))
    }
}

impl fmt::Display for LoginApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl fmt::Debug for LoginApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoginApp({})", self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_and_has_a_class_of_its_own() {
        for app in LoginApp::all() {
            assert_eq!(app.name().parse::<LoginApp>().unwrap(), app);
        }
        let classes: BTreeSet<_> = LoginApp::all().map(LoginApp::class).collect();
        // A desktop is a browser to 115.
        assert_eq!(classes.len(), APPS.len() - 1);
    }

    #[rstest]
    #[case("linux")]
    #[case("Mac")]
    #[case("windows")]
    #[case("os_windows")]
    fn what_is_withdrawn_is_refused_with_the_reason(#[case] text: &str) {
        let error = text.parse::<LoginApp>().unwrap_err();
        assert_eq!(error, LoginAppError::Withdrawn(text.to_ascii_lowercase()));
        assert!(error.to_string().contains("withdrawn") && error.to_string().contains("take wechatmini"), "{error}");
    }

    #[rstest]
    #[case("")]
    #[case("iphone")]
    #[case("web/../x")]
    fn what_is_unknown_is_refused_with_the_list(#[case] text: &str) {
        let error = text.parse::<LoginApp>().unwrap_err();
        assert_eq!(error, LoginAppError::Unknown(text.to_owned()));
        assert!(error.to_string().contains("qandroid"), "{error}");
    }

    #[rstest]
    #[case("web", Some("browser"))]
    #[case("desktop", Some("browser"))]
    #[case(" Android ", Some("phone"))]
    #[case("ios", Some("phone"))]
    #[case("ipad", Some("tablet"))]
    #[case("tv", Some("TV"))]
    #[case("wechatmini", None)]
    #[case("alipaymini", None)]
    fn warns_of_what_it_would_log_out(#[case] text: &str, #[case] what: Option<&str>) {
        let warning = text.parse::<LoginApp>().unwrap().warning();
        assert_eq!(warning.is_some(), what.is_some());
        assert!(warning.unwrap_or_default().contains(what.unwrap_or_default()));
    }
}
