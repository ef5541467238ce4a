//! Families of client programs, told by their User-Agents: a small fixed list, whatever clients call themselves.

/// A family of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    Aria2,
    /// Of Apple's own players.
    Apple,
    Browser,
    Curl,
    Emby,
    /// FFmpeg, and what plays by it without a name of its own.
    Ffmpeg,
    /// Ourselves.
    Gate115,
    Infuse,
    Jellyfin,
    Kodi,
    Mpv,
    /// No User-Agent.
    None,
    /// AList, OpenList, and what is made on them.
    OpenList,
    Other,
    Plex,
    Python,
    Rclone,
    Vlc,
    WebDav,
    Wget,
}

/// What is in a User-Agent, in lower case; the first that is there decides.
const MARKS: [(&[u8], Family); 28] = [
    (b"jellyfin", Family::Jellyfin),
    (b"emby", Family::Emby),
    (b"plex", Family::Plex),
    (b"infuse", Family::Infuse),
    (b"kodi", Family::Kodi),
    (b"xbmc", Family::Kodi),
    (b"vlc", Family::Vlc),
    (b"libmpv", Family::Mpv),
    (b"mpv", Family::Mpv),
    (b"lavf", Family::Ffmpeg),
    (b"ffmpeg", Family::Ffmpeg),
    (b"exoplayer", Family::Other),
    (b"applecoremedia", Family::Apple),
    (b"cfnetwork", Family::Apple),
    (b"aria2", Family::Aria2),
    (b"rclone", Family::Rclone),
    (b"openlist", Family::OpenList),
    (b"alist", Family::OpenList),
    (b"moviepilot", Family::OpenList),
    (b"davfs2", Family::WebDav),
    (b"gvfs", Family::WebDav),
    (b"microsoft-webdav", Family::WebDav),
    (b"webdavfs", Family::WebDav),
    (b"curl/", Family::Curl),
    (b"wget", Family::Wget),
    (b"python", Family::Python),
    (b"aiohttp", Family::Python),
    (b"mozilla/", Family::Browser),
];

/// As far as a User-Agent is looked at.
const LOOKED_AT: usize = 256;

impl Family {
    /// Costs no allocation, and no more for a long text.
    pub fn of(user_agent: Option<&[u8]>) -> Self {
        let Some(text) = user_agent.filter(|text| !text.is_empty()) else { return Self::None };
        let text = &text[..text.len().min(LOOKED_AT)];
        let has = |mark: &[u8]| text.windows(mark.len()).any(|part| part.eq_ignore_ascii_case(mark));
        MARKS.iter().find(|(mark, _)| has(mark)).map_or(Self::Other, |(_, family)| *family)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Aria2 => "aria2",
            Self::Apple => "apple",
            Self::Browser => "browser",
            Self::Curl => "curl",
            Self::Emby => "emby",
            Self::Ffmpeg => "ffmpeg",
            Self::Gate115 => "gate115",
            Self::Infuse => "infuse",
            Self::Jellyfin => "jellyfin",
            Self::Kodi => "kodi",
            Self::Mpv => "mpv",
            Self::None => "none",
            Self::OpenList => "openlist",
            Self::Other => "other",
            Self::Plex => "plex",
            Self::Python => "python",
            Self::Rclone => "rclone",
            Self::Vlc => "vlc",
            Self::WebDav => "webdav",
            Self::Wget => "wget",
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("VLC/3.0.20 LibVLC/3.0.20", Family::Vlc)]
    #[case("Lavf/60.16.100", Family::Ffmpeg)]
    #[case("mpv 0.35.1", Family::Mpv)]
    #[case("Kodi/20.2 (Linux; Android 11) App_Bitness/64", Family::Kodi)]
    #[case("Infuse-Direct/8.1", Family::Infuse)]
    #[case("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36", Family::Browser)]
    #[case("Mozilla/5.0 (Windows NT) Emby/4.8", Family::Emby)]
    #[case("Jellyfin-Server/10.9", Family::Jellyfin)]
    #[case("AppleCoreMedia/1.0.0.21E219 (iPhone)", Family::Apple)]
    #[case("rclone/v1.60.1", Family::Rclone)]
    #[case("aria2/1.36.0", Family::Aria2)]
    #[case("curl/7.88.1", Family::Curl)]
    #[case("Wget/1.21", Family::Wget)]
    #[case("python-requests/2.31", Family::Python)]
    #[case("davfs2/1.6.1 neon/0.32.5", Family::WebDav)]
    #[case("", Family::None)]
    #[case("x", Family::Other)]
    fn knows_programs_by_their_names(#[case] user_agent: &str, #[case] family: Family) {
        assert_eq!(Family::of(Some(user_agent.as_bytes())), family);
    }

    #[test]
    fn the_end_of_a_long_text_says_nothing() {
        let long = [vec![b'x'; LOOKED_AT], b"vlc".to_vec()].concat();
        assert_eq!((Family::of(Some(&long)), Family::of(None)), (Family::Other, Family::None));
    }
}
