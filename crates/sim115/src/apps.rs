//! App types: what a login calls itself, the letters its `UID` bears, and which are off the shelf (docs/115.md, §1.5).

/// A kind of client one can log in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct App {
    /// As the login path says it.
    pub(crate) name: &'static str,
    /// `ssoent`: one login for each.
    pub(crate) letters: &'static str,
}

const APPS: [(&str, &str); 25] = [
    ("web", "A1"),
    ("desktop", "A1"),
    ("ios", "D1"),
    ("bios", "D2"),
    ("115ios", "D3"),
    ("android", "F1"),
    ("bandroid", "F2"),
    ("115android", "F3"),
    ("ipad", "H1"),
    ("bipad", "H2"),
    ("115ipad", "H3"),
    ("tv", "I1"),
    ("apple_tv", "I2"),
    ("qandroid", "M1"),
    ("qios", "N1"),
    ("qipad", "O1"),
    ("windows", "P1"),
    ("os_windows", "P1"),
    ("mac", "P2"),
    ("os_mac", "P2"),
    ("linux", "P3"),
    ("os_linux", "P3"),
    ("wechatmini", "R1"),
    ("alipaymini", "R2"),
    ("harmony", "S1"),
];

/// The devices of the `ios` login path, told by User-Agent (one source).
const BY_USER_AGENT: [(&str, &str); 4] =
    [("UPhone/", "ios"), ("OfficePhone/", "qios"), ("UPad/", "ipad"), ("OfficePad/", "qipad")];

/// What may stand before the path of an app call (§1.2); browsers have none.
const PREFIXES: [&str; 9] =
    ["android", "115android", "ios", "115ios", "115ipad", "harmony", "os_windows", "os_mac", "os_linux"];

impl App {
    pub(crate) fn named(name: &str) -> Option<Self> {
        APPS.into_iter().find(|(known, _)| *known == name).map(|(name, letters)| Self { name, letters })
    }

    /// The app of a `UID=…_R1_…`; a mini program where the letters are nobody's.
    pub(crate) fn of_cookie(cookie: &str) -> Self {
        let letters = cookie.split(';').filter_map(|pair| pair.trim().strip_prefix("UID=")).next();
        let letters = letters.and_then(|uid| uid.split('_').nth(1)).unwrap_or("");
        let known = APPS.into_iter().find(|(_, known)| *known == letters);
        let (name, letters) = known.unwrap_or(("wechatmini", "R1"));
        Self { name, letters }
    }

    /// Which device a login at this path is for: that of the path, save that `ios` stands for four.
    pub(crate) fn logging_in(self, user_agent: &str) -> Self {
        let device = BY_USER_AGENT.into_iter().find(|(prefix, _)| user_agent.starts_with(prefix));
        device.filter(|_| self.name == "ios").and_then(|(_, name)| Self::named(name)).unwrap_or(self)
    }

    /// Quirk 37: the desktop programs are gone, and their logins with them.
    pub(crate) fn is_withdrawn(self) -> bool {
        self.letters.starts_with('P')
    }

    /// A browser's login, which the app ways to a link may not know.
    pub(crate) fn is_browser(self) -> bool {
        self.letters.starts_with('A')
    }
}

pub(crate) fn is_prefix(name: &str) -> bool {
    PREFIXES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_tells_its_app() {
        let name = |cookie| App::of_cookie(cookie).name;
        assert_eq!(name("CID=1; UID=12_R2_1700000000"), "alipaymini");
        assert_eq!(name("UID=12_A1_1700000000; CID=1"), "web");
        assert_eq!(name("UID=12"), "wechatmini");
    }

    #[test]
    fn one_login_path_is_for_four_devices() {
        let device = |path, user_agent| App::named(path).unwrap().logging_in(user_agent).letters;
        assert_eq!(device("ios", "Mozilla/5.0"), "D1");
        assert_eq!(device("ios", "OfficePad/1.0.0"), "O1");
        assert_eq!(device("android", "OfficePad/1.0.0"), "F1");
        assert!(App::named("atari").is_none());
    }
}
