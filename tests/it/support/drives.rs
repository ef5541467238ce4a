//! The services that a scenario can be played on: the same files behind each, and the same gateway before them.

use std::collections::BTreeMap;

use gate115::config::{Cloud, Drive, LinkBinding, Login, Mount, Open, Share, Wire};
use sim115::Sim;

/// Where the files of a scenario are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Cloud,
    Open,
    Share,
}

const CODE: &str = "sw3scenario";
const RECEIVE: &str = "ab12";

impl Service {
    pub(super) fn drive(self, sim: &Sim, base: &str) -> Drive {
        match self {
            Self::Cloud => Drive::Cloud(cloud(sim, base)),
            Self::Open => Drive::Open(open(sim, base)),
            Self::Share => {
                sim.share_all(CODE, RECEIVE);
                Drive::Share(share(sim, base, &format!("{CODE}-{RECEIVE}")))
            }
        }
    }

    /// What the simulator's ledger calls a question for a link, the usual one first.
    pub const fn link_calls(self) -> &'static [&'static str] {
        match self {
            Self::Cloud => &["chrome_downurl", "android_download", "files_download"],
            Self::Open => &["open_downurl"],
            Self::Share => &["share_downurl", "share_downurl_plain", "share_downurl_site", "share_downurl_web"],
        }
    }

    /// Every link of its is bound to a User-Agent.
    pub const fn binds_every_link(self) -> bool {
        matches!(self, Self::Open)
    }
}

/// A drive of the simulator's account.
fn cloud(sim: &Sim, base: &str) -> Cloud {
    Cloud {
        root: 0,
        login: Login::cookie(sim.cookie()),
        rate: 1000.0,
        page_size: 1150,
        link_binding: LinkBinding::Auto,
        wire: Some(wire(sim, base)),
    }
}

/// The hosts and keys of 115, all of them the simulator's.
fn wire(sim: &Sim, base: &str) -> Wire {
    Wire {
        base: Some(base.parse().unwrap()),
        endpoints: BTreeMap::new(),
        rsa_modulus: Some(sim.root_modulus_hex().to_owned()),
        danger_accept_invalid_certs: false,
    }
}

/// A drive of the Open Platform with the tokens that are good now.
fn open(sim: &Sim, base: &str) -> Open {
    let tokens = sim.open_tokens();
    Open {
        root: 0,
        access_token: Some(tokens.access.into()),
        refresh_token: Some(tokens.refresh.into()),
        app_id: None,
        rate: 1000.0,
        page_size: 1150,
        wire: Some(wire(sim, base)),
    }
}

/// A drive of the share of this code, opened in the name of the simulator's account.
fn share(sim: &Sim, base: &str, code: &str) -> Share {
    let cloud = cloud(sim, base);
    Share {
        share: code.parse().unwrap(),
        root: 0,
        login: cloud.login,
        rate: 1000.0,
        page_size: 1000,
        link_binding: LinkBinding::Auto,
        wire: cloud.wire,
    }
}

/// Every client gets a link of its own.
pub fn bind_per_client(mount: &mut Mount, _: &Sim) {
    match &mut mount.drive {
        Drive::Cloud(cloud) => cloud.link_binding = LinkBinding::PerClient,
        Drive::Share(share) => share.link_binding = LinkBinding::PerClient,
        Drive::Open(_) => {}
        Drive::Local(_) => panic!("a local drive has no links"),
    }
}

/// The 115 Cloud part of a mount's configuration.
pub fn cloud_of(mount: &mut Mount) -> &mut Cloud {
    let Drive::Cloud(cloud) = &mut mount.drive else { panic!("another type") };
    cloud
}

/// The 115 Open part of a mount's configuration.
pub fn open_of(mount: &mut Mount) -> &mut Open {
    let Drive::Open(open) = &mut mount.drive else { panic!("another type") };
    open
}

/// The 115 Share part of a mount's configuration.
pub fn share_of(mount: &mut Mount) -> &mut Share {
    let Drive::Share(share) = &mut mount.drive else { panic!("another type") };
    share
}
