//! Shares: one way to list them all, since 115 counts those calls by address, and a login for each that has one.

use super::{Deps, accounts::Accounts};
use crate::{
    backend::share::{self, Options},
    config::{LinkBinding, Mount as MountConfig, Share},
    error::Result,
};

/// A mount's share, and whether the configuration has just given it another login. Without a login it can be listed.
pub(super) async fn share(
    config: &Share,
    mount: &MountConfig,
    deps: &Deps,
    accounts: &Accounts,
) -> Result<(share::Share, bool)> {
    let login = accounts.cookie(&config.login, config.wire.as_ref(), &mount.path, deps).await?;
    let (client, changed) = login.map_or((None, false), |(client, changed)| (Some(client), changed));
    let egress = accounts.share_egress(config.wire.as_ref(), deps)?;
    let options = Options {
        root: config.root,
        page_size: config.page_size,
        unbound_links: config.link_binding == LinkBinding::Auto,
    };
    let drive = share::Share::new(egress, config.share.clone(), client, accounts.clock.clone(), options);
    Ok((drive, changed))
}
